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

    /// Turns a regression into an accepted one where its estimate is at most what is accepted; else its reason says by how
    /// much it was. Budgets are not the acceptance's matter: they are held after it.
    ///
    /// The estimate decides, and no end of its interval. If the upper end did, what was measured and accepted would be red
    /// on the next, noisier machine; if the lower end did, any change could hide behind enough noise. Noise moves the
    /// estimate up as often as down, and not far: it is that of the second sample, which is made so large that its standard
    /// error is a quarter of what lies between `tolerate` and `max-regression`, or a sixth of the change where that is more.
    pub fn accept(&self, row: &mut Row) {
        if !matches!(row.verdict, Verdict::Regressed | Verdict::TailRegressed) {
            return;
        }
        let Some(acceptance) = self.acceptance(&row.benchmark, row.metric) else { return };
        let (size, why) = (percent(acceptance.max_regression), &acceptance.reason);
        if row.change.is_some_and(|change| change <= acceptance.max_regression) {
            row.verdict = Verdict::Accepted;
            row.reason = format!("{}; accepted up to {size}: \"{why}\"", row.reason);
        } else {
            row.reason = format!("{}; more than the {size} that is accepted: \"{why}\"", row.reason);
        }
    }
}

/// The size to accept of a change that was measured: with so much room above the estimate that the next measurement, which
/// is as noisy, exceeds it once in 500 times, with a tenth of it at least, since another machine sees another ratio, and
/// rounded up to what people write.
pub fn size_to_accept(change: f64, interval: Option<Interval>) -> f64 {
    // The upper end lies two standard errors above the estimate, and two estimates differ by the square root of two of
    // them: four errors are 2.9 of these.
    let noise = interval.map_or(0.0, |interval| 2.0 * (interval.high - change));
    let room = noise.max(change / 10.0);
    let (size, parts) = (change + room, if change < 0.05 { 1e3 } else { 1e2 });
    (size * parts - 1e-6).ceil() / parts
}

/// A ratio as a configuration spells it, in percent with two decimals at most.
fn percent(ratio: f64) -> String {
    format!("{} %", (ratio * 1e4).round() / 1e2)
}
