//! Judging by numbers that were gathered at different times. For times that confirms nothing, and every reason says so.

use super::confirmation::{FALSE_GREEN, FALSE_IMPROVED};
use super::judgement::{Judgement, interval, percent, unseen};
use super::policy::Limits;
use crate::model::Verdict;
use crate::stats::trimmed_mean;

/// False reds per suite: this chance is shared among all rows (Bonferroni). t quantiles of a trimmed mean are too small so
/// far out, in simulation by a factor of 1.4 to 2.2: what is promised is 0.001.
const FALSE_RED: f64 = 0.0004;

/// Judges one row of time by both sides' stored estimates, natural logarithms. `rows` is the number of rows that share
/// the chance of a false red.
///
/// With m the difference of the 20 % trimmed means and SE its standard error (Yuen, Welch), t quantiles give the intervals:
/// - `regressed`: m − t(1 − α/M)·SE above ln(1 + tolerate), and m at or above the middle
///   (ln(1 + tolerate) + ln(1 + max-regression)) / 2;
/// - `improved`: its mirror with a chance of its own;
/// - `unchanged`: both ends of the interval at 95 % a side lie within ± ln(1 + max-regression), |m| is below the
///   middle, and zero is not excluded;
/// - `within-limit`: the upper end lies below the limit and m is below the middle, nothing more is claimed;
/// - `inconclusive`: everything else.
pub fn judge_stored(base: &[f64], head: &[f64], limits: Limits, rows: usize) -> Judgement {
    let estimate = trimmed_mean(head).zip(trimmed_mean(base)).map(|(head, base)| head.minus(base));
    let Some(estimate) = estimate else {
        let finite = |values: &[f64]| values.iter().filter(|value| value.is_finite()).count();
        return Judgement::too_few(finite(base).min(finite(head)));
    };
    let rows = rows.max(1) as f64;
    let (tolerate, limit) = (limits.tolerate.ln_1p(), limits.max_regression.ln_1p());
    let middle = limits.middle();
    let m = estimate.mean;
    let red_margin = estimate.margin(FALSE_RED / rows);
    let improved_margin = estimate.margin(FALSE_IMPROVED / rows);
    let green_margin = estimate.margin(FALSE_GREEN);
    let margin_95 = estimate.margin(0.025);

    let below_limit = m + green_margin < limit;
    let visible = Some((tolerate + red_margin).max(middle).exp_m1()).filter(|visible| visible.is_finite());
    let (verdict, reason) = if m - red_margin > tolerate && m >= middle {
        (Verdict::Regressed, format!("slower than the tolerated {}", percent(limits.tolerate)))
    } else if m + improved_margin < -tolerate && m <= -middle {
        (Verdict::Improved, "faster".to_owned())
    } else if below_limit && m - green_margin > -limit && m.abs() < middle && m.abs() <= margin_95 {
        (Verdict::Unchanged, format!("any change is smaller than {}", percent(limits.max_regression)))
    } else if below_limit && m < middle {
        (Verdict::WithinLimit, format!("no slowdown of {} or more", percent(limits.max_regression)))
    } else {
        (Verdict::Inconclusive, unseen(visible))
    };
    Judgement {
        verdict,
        change: Some(m.exp_m1()),
        interval: Some(interval(&estimate)),
        smallest_visible_change: visible,
        reason: format!("{reason}; not confirmed: measured at different times"),
        again: None,
        distribution: Vec::new(),
    }
}
