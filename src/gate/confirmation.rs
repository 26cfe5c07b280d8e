//! What trials of one row and of the suite share: the chances that are spent, how large a second sample has to be, and
//! whether it confirms a suspicion.

use super::policy::Limits;
use crate::stats::TrimmedMean;

/// Chance that a suspicion of tolerated code is confirmed, on pairs of its own.
pub(super) const FALSE_CONFIRMATION: f64 = 0.01;
/// Chance per suite of a false `improved`; no build depends on it.
pub(super) const FALSE_IMPROVED: f64 = 0.05;
/// Chance on either side that what is green changed beyond the limit in truth.
pub(super) const FALSE_GREEN: f64 = 0.05;
/// Chance on either side that zero is excluded although nothing changed.
pub(super) const FALSE_CHANGE: f64 = 0.0025;

/// As many values as prove a slowdown of the limit in 98 of 100 at the `spread` seen so far: 2.33 standard errors for the
/// proof at 0.01, 2.05 for 98 of 100. A slowdown that looks large needs less proof; it may have looked larger than it is.
pub(super) fn size(estimate: &TrimmedMean, spread: f64, limits: Limits) -> usize {
    let gap = limits.max_regression.ln_1p().max(estimate.mean * 2.0 / 3.0) - limits.tolerate.ln_1p();
    ((2.33 + 2.05) * spread / gap).powi(2).ceil() as usize
}

/// Whether a second sample proves more than is tolerated, by an amount nearer to the limit.
pub(super) fn confirms(estimate: &TrimmedMean, limits: Limits) -> bool {
    let proved = estimate.mean - estimate.margin(FALSE_CONFIRMATION) > limits.tolerate.ln_1p();
    proved && estimate.mean >= limits.middle()
}
