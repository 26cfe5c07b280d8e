//! What trials of one row and of the suite share: the chances that are spent, how large a second sample has to be, and
//! whether it confirms a suspicion.

use super::policy::Limits;
use crate::stats::TrimmedMean;

/// Chance that a suspicion of tolerated code is confirmed, on pairs of its own.
const FALSE_CONFIRMATION: f64 = 0.01;
/// Chance per suite of a false `improved`; no build depends on it.
pub(super) const FALSE_IMPROVED: f64 = 0.05;
/// Chance on either side that what is green changed beyond the limit in truth.
pub(super) const FALSE_GREEN: f64 = 0.05;
/// Chance on either side that zero is excluded although nothing changed.
pub(super) const FALSE_CHANGE: f64 = 0.0025;

/// How often a second sample may be looked at, which is doubled in between; the looks share the chance.
const MOST_LOOKS: usize = 3;
/// Standard errors that lie between the tolerated and the limit at the first look: 2.71 for the proof at a third of 0.01,
/// 1.28 for finding 90 of 100 at once. With one look of the same mean size a slowdown of the limit was missed three times
/// as often.
const ERRORS: f64 = 2.71 + 1.28;

/// How many values the first look needs, from the `spread` seen so far. A slowdown that looks large needs less proof; it
/// may have looked larger than it is.
pub(super) fn size(estimate: &TrimmedMean, spread: f64, limits: Limits) -> usize {
    let gap = limits.max_regression.ln_1p().max(estimate.mean * 2.0 / 3.0) - limits.tolerate.ln_1p();
    (ERRORS * spread / gap).powi(2).ceil() as usize
}

/// Whether a second sample proves more than is tolerated, by an amount nearer to the limit.
pub(super) fn confirms(estimate: &TrimmedMean, limits: Limits) -> bool {
    let proved = estimate.mean - estimate.margin(FALSE_CONFIRMATION / MOST_LOOKS as f64) > limits.tolerate.ln_1p();
    proved && estimate.mean >= limits.middle()
}

/// Whether as many values again are drawn after the `looks`-th look at a second sample: it does not confirm the suspicion,
/// and does not exclude the limit itself.
pub(super) fn goes_on(estimate: &TrimmedMean, looks: usize, limits: Limits) -> bool {
    let excluded = estimate.mean + estimate.margin(FALSE_GREEN) < limits.max_regression.ln_1p();
    looks < MOST_LOOKS && !confirms(estimate, limits) && !excluded
}
