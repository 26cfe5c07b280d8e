//! The suite as a whole: the geometric mean of all rows' changes. What is tolerated of one benchmark may not be tolerated
//! of all of them at once.

use super::confirmation::{FALSE_CHANGE, FALSE_GREEN, FALSE_IMPROVED, confirms, goes_on, size};
use super::judgement::{Again, Judgement, distribution, interval, percent, unseen};
use super::policy::Limits;
use crate::model::Verdict;
use crate::stats::{TrimmedMean, mean_of_trimmed_means, trimmed_mean};

/// Fewest rows whose mean is a row of its own; a smaller suite is judged by its rows.
pub const FEWEST_ROWS: usize = 5;
/// Rounds of the confirmation, in which all rows are measured again: at its first look, and at most.
const FEWEST_ROUNDS: usize = 8;
const MOST_ROUNDS: usize = 36;
/// Chance that a suite of tolerated code comes under suspicion.
const FALSE_SUSPICION: f64 = 0.001;

/// One row's first sample, with the executable that it belongs to: rows of one executable are measured by the same pairs of
/// processes, and their noise is one.
#[derive(Clone, Copy, Debug)]
pub struct SuiteRow<'a> {
    /// Which executable.
    pub executable: usize,
    /// `ln(head / base)`, one a pair.
    pub pairs: &'a [f64],
}

/// How many rounds the suite has to be measured again to confirm a regression; `None` where it is not suspected of one.
///
/// So many rows besides are known to be `unchanged`.
pub fn suite_suspected(rows: &[SuiteRow<'_>], unchanged: usize, limits: Limits) -> Option<usize> {
    let estimate = first(rows, unchanged)?;
    let tolerate = limits.tolerate.ln_1p();
    let proved = estimate.mean - estimate.margin(FALSE_SUSPICION) > tolerate;
    if !proved || estimate.mean < limits.middle() {
        return None;
    }
    let spread = estimate.standard_error * (estimate.degrees + 1.0).sqrt();
    Some(size(&estimate, spread, limits).clamp(FEWEST_ROUNDS, MOST_ROUNDS))
}

/// How many rounds more are needed after a look that had these means and was the `looks`-th: as many again as long as they
/// neither confirm the regression nor exclude it.
pub fn suite_needs_more(again: &[f64], looks: usize, limits: Limits) -> usize {
    let goes_on = trimmed_mean(again).is_some_and(|estimate| goes_on(&estimate, looks, limits));
    if goes_on { again.len().min(MOST_ROUNDS.saturating_sub(again.len())) } else { 0 }
}

/// Judges the suite: `None` for fewer than five rows that were measured. So many besides are known to be `unchanged`. `again`
/// holds the suite's mean, of these too, in each round of the confirmation, if there was one.
pub fn judge_suite(rows: &[SuiteRow<'_>], unchanged: usize, again: &[f64], limits: Limits) -> Option<Judgement> {
    let before = first(rows, unchanged)?;
    let all = rows.len() + unchanged;
    let second = trimmed_mean(again);
    let (tolerate, limit, middle) = (limits.tolerate.ln_1p(), limits.max_regression.ln_1p(), limits.middle());
    let estimate = second.unwrap_or(before);
    let (m, green) = (estimate.mean, estimate.margin(FALSE_GREEN));
    let visible = (tolerate + before.margin(FALSE_SUSPICION)).max(middle).exp_m1();
    let below = m + green < limit && m < middle;
    let (verdict, reason) = if second.is_some_and(|second| confirms(&second, limits)) {
        (
            Verdict::Regressed,
            format!("the mean of {all} benchmarks is slower than the tolerated {}", percent(limits.tolerate)),
        )
    } else if second.is_some() && !below {
        (Verdict::Inconclusive, "looked slower, and did not when it was measured again".to_owned())
    } else if m + estimate.margin(FALSE_IMPROVED) < -tolerate && m <= -middle {
        (Verdict::Improved, format!("the mean of {all} benchmarks is faster"))
    } else if below && m - green > -limit && m > -middle && m.abs() <= estimate.margin(FALSE_CHANGE) {
        (Verdict::Unchanged, format!("any change of the mean is smaller than {}", percent(limits.max_regression)))
    } else if below {
        (Verdict::WithinLimit, format!("no slowdown of the mean of {} or more", percent(limits.max_regression)))
    } else {
        (Verdict::Inconclusive, unseen(Some(visible)))
    };
    Some(Judgement {
        verdict,
        change: Some(m.exp_m1()),
        interval: Some(interval(&estimate)),
        smallest_visible_change: Some(visible),
        reason,
        again: (verdict == Verdict::Regressed).then(|| Again::of(again)),
        distribution: distribution(again),
    })
}

fn first(rows: &[SuiteRow<'_>], unchanged: usize) -> Option<TrimmedMean> {
    if rows.len() < FEWEST_ROWS {
        return None;
    }
    let samples: Vec<(usize, &[f64])> = rows.iter().map(|row| (row.executable, row.pairs)).collect();
    let measured = mean_of_trimmed_means(&samples)?;
    let share = rows.len() as f64 / (rows.len() + unchanged) as f64;
    let (mean, standard_error) = (measured.mean * share, measured.standard_error * share);
    Some(TrimmedMean { mean, standard_error, ..measured })
}
