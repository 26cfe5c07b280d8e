//! Counted metrics: their limits, and what is said of a row. A count has no noise but that of the program itself.

use super::judgement::Judgement;
use crate::model::{Interval, Verdict};

/// `max-regression` of counts where nothing says otherwise.
const DEFAULT_LIMIT: f64 = 0.01;

/// Limits of a counted metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountLimits {
    /// At or beyond this growth a row is red; a plain ratio.
    pub max_regression: f64,
    /// Absolute budget: head's count may not exceed it.
    pub max: Option<u64>,
}

/// The keys that one level sets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CountOverride {
    /// See [`CountLimits::max_regression`].
    pub max_regression: Option<f64>,
    /// See [`CountLimits::max`].
    pub max: Option<u64>,
}

impl CountLimits {
    /// What holds after all levels that name the metric; `None` where none does: then it is not asked for.
    pub fn of(levels: impl IntoIterator<Item = CountOverride>) -> Option<Self> {
        let set = levels.into_iter().reduce(|before, level| {
            let CountOverride { max_regression, max } = level;
            CountOverride { max_regression: max_regression.or(before.max_regression), max: max.or(before.max) }
        })?;
        Some(Self { max_regression: set.max_regression.unwrap_or(DEFAULT_LIMIT), max: set.max })
    }
}

/// What base counted twice and head once say. By how much base differs from itself is the floor of this benchmark: what is
/// within it says nothing.
pub fn judge_counts(base: [u64; 2], head: u64, limits: CountLimits) -> Judgement {
    let ratio = |count: u64| head as f64 / count.max(1) as f64 - 1.0;
    let [low, high] = [base[0].max(base[1]), base[0].min(base[1])].map(ratio);
    let (limit, change) = (limits.max_regression, ratio(base[0]));
    let floor = high - low;
    let verdict = match limits.max {
        _ if low >= limit => Verdict::Regressed,
        Some(max) if head > max => Verdict::OverBudget,
        _ if high <= -limit => Verdict::Improved,
        _ if low == 0.0 && high == 0.0 => Verdict::Unchanged,
        _ if high < limit => Verdict::WithinLimit,
        _ => Verdict::Inconclusive,
    };
    let reason = match verdict {
        Verdict::Regressed => "executes more than the limit allows".to_owned(),
        Verdict::OverBudget => "executes more than its budget allows".to_owned(),
        Verdict::Improved => "executes less, by more than the limit".to_owned(),
        Verdict::Unchanged => "the same to the last digit".to_owned(),
        Verdict::WithinLimit => "below the limit".to_owned(),
        _ => format!("base differs from itself by {:.2} %: a random seed, threads or addresses", floor * 100.0),
    };
    Judgement {
        verdict,
        change: Some(change),
        interval: (floor > 0.0).then_some(Interval { low, high }),
        smallest_visible_change: (floor > 0.0).then_some(limit + floor),
        reason,
        again: None,
        distribution: Vec::new(),
    }
}
