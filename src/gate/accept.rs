//! What a change says of itself: regressions that are meant, and benchmarks that have a new name. Which of them count is
//! settled where both sides' configurations are known.

use super::policy::Policy;
use crate::model::{BenchmarkId, Interval, Metric, Row, Verdict};

/// A regression that is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Acceptance {
    /// The benchmark, by its full id or its short form.
    pub benchmark: String,
    /// What of it may become worse.
    pub metric: Metric,
    /// The largest change that is accepted, the whole of it: a plain ratio.
    pub max_regression: f64,
    /// Why, in the author's words: foreign text.
    pub reason: String,
}

/// A benchmark that is called otherwise in base. Both by the full id or the short form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// What base calls it.
    pub from: String,
    /// What head calls it.
    pub to: String,
}

impl Acceptance {
    /// Whether it is about this benchmark and metric.
    pub fn is_of(&self, id: &BenchmarkId, metric: Metric) -> bool {
        self.metric == metric && id.is_called(&self.benchmark)
    }
}

impl Policy {
    /// What is accepted of a benchmark.
    fn acceptance(&self, id: &BenchmarkId, metric: Metric) -> Option<&Acceptance> {
        let all = self.acceptances.iter().filter(|acceptance| acceptance.is_of(id, metric));
        all.max_by(|a, b| a.max_regression.total_cmp(&b.max_regression))
    }

    /// The largest change that is accepted of a benchmark, where one is: a plain ratio.
    pub fn accepted(&self, id: &BenchmarkId, metric: Metric) -> Option<f64> {
        self.acceptance(id, metric).map(|acceptance| acceptance.max_regression)
    }

    /// Turns a regression into an accepted one where its estimate is at most what is accepted. Where it is more, but its
    /// interval is not, nothing is said of it: neither is a red that may be false, nor does anything hide behind noise.
    /// Else it stays red, and its reason says by how much it was exceeded. Budgets are not the acceptance's matter: they are
    /// held after it.
    pub fn accept(&self, row: &mut Row) {
        if !row.verdict.is_regression() {
            return;
        }
        let Some(acceptance) = self.acceptance(&row.benchmark, row.metric) else { return };
        row.accepted = Some(acceptance.max_regression);
        let (size, why) = (percent(acceptance.max_regression), &acceptance.reason);
        let remark = match held_against(acceptance.max_regression, row.change, row.interval) {
            Held::Within => {
                row.verdict = Verdict::Accepted;
                format!("accepted up to {size}")
            }
            Held::Unsettled => {
                row.verdict = Verdict::Inconclusive;
                format!("it is not settled whether by more than the {size} that is accepted")
            }
            Held::Exceeded => format!("more than the {size} that is accepted"),
        };
        row.reason = format!("{}; {remark}: \"{why}\"", row.reason);
    }
}

/// How a change lies to what is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is at most that.
    Within,
    /// It looks larger, and that is not proved.
    Unsettled,
    /// It is larger.
    Exceeded,
}

/// Holds a regression, with its interval where it is an estimate, against the largest that is accepted; plain ratios.
pub fn held_against(accepted: f64, change: Option<f64>, interval: Option<Interval>) -> Held {
    match (change, interval) {
        (Some(change), _) if change <= accepted => Held::Within,
        (Some(change), Some(interval)) if change.is_finite() && interval.low <= accepted => Held::Unsettled,
        _ => Held::Exceeded,
    }
}

/// The size to accept of a change that was measured: with so much room above the estimate that the next measurement, which
/// is as noisy, exceeds it once in 500 times, and rounded up to what people write. At least a tenth of it, since another
/// machine sees another ratio; of a time a quarter, and half of `limit`: measured again an hour later, on a shared machine,
/// times that were slower by 12.6 % were slower by 13.2 to 19.3 %.
pub fn size_to_accept(change: f64, interval: Option<Interval>, limit: f64) -> f64 {
    // The upper end lies two standard errors above the estimate, and two estimates differ by the square root of two of
    // them: four errors are 2.9 of these.
    let room = match interval {
        Some(interval) => (2.0 * (interval.high - change)).max(change / 4.0).max(limit / 2.0),
        None => change / 10.0,
    };
    let (size, parts) = (change + room, if change < 0.05 { 1e3 } else { 1e2 });
    (size * parts - 1e-6).ceil() / parts
}

/// A ratio as a configuration spells it, in percent with two decimals at most.
fn percent(ratio: f64) -> String {
    format!("{} %", (ratio * 1e4).round() / 1e2)
}
