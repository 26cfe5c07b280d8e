//! Absolute budgets.

use crate::stats::trimmed_mean;

/// Chance that a value at its budget is said to be above it.
const FALSE_ALARM: f64 = 0.05;

/// Whether head exceeds an absolute budget: the lower end of an interval of its value lies above `max`.
/// `estimates` are head's, in the metric's unit, all above zero.
pub fn over_budget(estimates: &[f64], max: f64) -> bool {
    let logarithms: Vec<f64> = estimates.iter().map(|value| value.ln()).collect();
    trimmed_mean(&logarithms).is_some_and(|value| value.mean - value.margin(FALSE_ALARM) > max.ln())
}
