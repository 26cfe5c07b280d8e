//! One row's verdict from its numbers, by the two-number rule: never red at or below `tolerate`, red at or beyond
//! `max-regression`, the middle of the two deciding in between. Which numbers to gather is the scheduler's business.

use super::policy::Limits;
use crate::model::{Evidence, Interval, Verdict};
use crate::stats::{TrimmedMean, trimmed_mean};

/// False reds per suite: this chance is shared among all rows that can reach a timing verdict (Bonferroni). The promise
/// is 0.001; t quantiles of a trimmed mean are too small so far out, in simulation by a factor of 1.4 to 2.2.
const FALSE_RED: f64 = 0.0004;
/// False `improved` per suite; no build depends on it.
const FALSE_IMPROVED: f64 = 0.05;
/// Chance on either side that a green row's true change lies beyond the limit.
const FALSE_GREEN: f64 = 0.05;

/// The numbers of one row, natural logarithms of ratios throughout.
#[derive(Clone, Copy, Debug)]
pub enum Samples<'a> {
    /// One `ln(head / base)` per process pair.
    Paired(&'a [f64]),
    /// `ln` of each side's estimates, gathered at different times.
    Stored {
        /// Base's.
        base: &'a [f64],
        /// Head's.
        head: &'a [f64],
    },
}

/// What the numbers say.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The estimated change, a plain ratio; `None` with too few numbers.
    pub change: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// The smallest change that these data would have proved to be above `tolerate`, and not below the middle.
    pub smallest_visible_change: Option<f64>,
    /// One sentence.
    pub reason: String,
}

impl Samples<'_> {
    fn estimate(self) -> Option<TrimmedMean> {
        match self {
            Self::Paired(ratios) => trimmed_mean(ratios),
            Self::Stored { base, head } => Some(trimmed_mean(head)?.minus(trimmed_mean(base)?)),
        }
    }

    fn evidence(self) -> Evidence {
        match self {
            Self::Paired(_) => Evidence::PairedMeasurement,
            Self::Stored { .. } => Evidence::StoredBaseline,
        }
    }

    fn len(self) -> usize {
        let finite = |values: &[f64]| values.iter().filter(|value| value.is_finite()).count();
        match self {
            Self::Paired(ratios) => finite(ratios),
            Self::Stored { base, head } => finite(base).min(finite(head)),
        }
    }
}

/// Judges one row of time. `rows` is the number of rows that share the chance of a false red, fixed before measuring.
///
/// With m the 20 % trimmed mean of the logarithms and SE its standard error (Yuen), t quantiles give the intervals:
/// - `regressed`: m − t(1 − α/M)·SE above ln(1 + tolerate), and m at or above the middle
///   (ln(1 + tolerate) + ln(1 + max-regression)) / 2;
/// - `improved`: its mirror with a chance of its own;
/// - `unchanged`: both ends of the interval at 95 % a side lie within ± ln(1 + max-regression), |m| is below the
///   middle, and zero is not excluded;
/// - `within-limit`: the upper end lies below the limit and m is below the middle, nothing more is claimed;
/// - `inconclusive`: everything else.
pub fn judge(samples: Samples<'_>, limits: Limits, rows: usize) -> Judgement {
    let Some(estimate) = samples.estimate() else {
        return Judgement {
            verdict: Verdict::Inconclusive,
            change: None,
            interval: None,
            smallest_visible_change: None,
            reason: format!("{} measurements are too few to judge by", samples.len()),
        };
    };
    let rows = rows.max(1) as f64;
    let tolerate = limits.tolerate.ln_1p();
    let limit = limits.max_regression.ln_1p();
    let middle = 0.5 * (tolerate + limit);
    let m = estimate.mean;
    let red_margin = estimate.margin(FALSE_RED / rows);
    let improved_margin = estimate.margin(FALSE_IMPROVED / rows);
    let green_margin = estimate.margin(FALSE_GREEN);
    let margin_95 = estimate.margin(0.025);

    let below_limit = m + green_margin < limit;
    let visible = (tolerate + red_margin).max(middle).exp_m1();
    let (verdict, reason) = if m - red_margin > tolerate && m >= middle {
        (Verdict::Regressed, format!("slower than the tolerated {}", percent(limits.tolerate)))
    } else if m + improved_margin < -tolerate && m <= -middle {
        (Verdict::Improved, "faster".to_owned())
    } else if below_limit && m - green_margin > -limit && m.abs() < middle && m.abs() <= margin_95 {
        (Verdict::Unchanged, format!("any change is smaller than {}", percent(limits.max_regression)))
    } else if below_limit && m < middle {
        (Verdict::WithinLimit, format!("no slowdown of {} or more", percent(limits.max_regression)))
    } else {
        (Verdict::Inconclusive, format!("a slowdown below {} would not have been seen", percent(visible)))
    };
    let reason = match samples.evidence() {
        Evidence::StoredBaseline => format!("{reason}; not confirmed: measured at different times"),
        _ => reason,
    };
    Judgement {
        verdict,
        change: Some(m.exp_m1()),
        interval: Some(Interval { low: (m - margin_95).exp_m1(), high: (m + margin_95).exp_m1() }),
        smallest_visible_change: Some(visible),
        reason,
    }
}

/// Whether head exceeds an absolute budget: the lower end of the 95 % interval of its value lies above `max`.
/// `estimates` are head's, in the metric's unit, all above zero.
pub fn over_budget(estimates: &[f64], max: f64) -> bool {
    let logarithms: Vec<f64> = estimates.iter().map(|value| value.ln()).collect();
    trimmed_mean(&logarithms).is_some_and(|value| value.mean - value.margin(0.05) > max.ln())
}

fn percent(ratio: f64) -> String {
    let text = format!("{:.1}", ratio * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}
