//! Counted metrics: their limits, and what is said of a row. A count has no noise but that of the program itself.

use std::collections::BTreeMap;

use super::judgement::Judgement;
use crate::model::{Interval, Metric, Verdict};

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

/// What one level sets, by metric.
pub type CountOverrides = BTreeMap<Metric, CountOverride>;

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

/// Where a program differs from itself by more than this share of the limit, counts decide nothing that is not plain.
const STEADY: f64 = 0.2;
/// And plain is what exceeds the limit by so many times that difference.
const PLAIN: f64 = 20.0;

/// What both sides, counted twice each, say. By how much a program differs from itself is the floor of this benchmark: what
/// is within it says nothing.
pub fn judge_counts(base: [u64; 2], head: [u64; 2], limits: CountLimits) -> Judgement {
    let ends = |counts: [u64; 2]| (counts[0].min(counts[1]), counts[0].max(counts[1]));
    // Where there was nothing, each unit is as much again.
    let ratio = |head: u64, base: u64| if base == 0 { head as f64 } else { head as f64 / base as f64 - 1.0 };
    let ((base_low, base_high), (head_low, head_high)) = (ends(base), ends(head));
    let (low, high) = (ratio(head_low, base_high), ratio(head_high, base_low));
    let floor = ratio(base_high, base_low).max(ratio(head_high, head_low));
    let limit = limits.max_regression;
    let needed = if floor <= STEADY * limit { limit } else { limit + PLAIN * floor };
    let verdict = match limits.max {
        _ if low >= needed => Verdict::Regressed,
        Some(max) if head_low > max => Verdict::OverBudget,
        _ if high <= -needed => Verdict::Improved,
        _ if low == 0.0 && high == 0.0 => Verdict::Unchanged,
        _ if high < limit => Verdict::WithinLimit,
        _ => Verdict::Inconclusive,
    };
    let reason = match verdict {
        Verdict::Regressed => "more than the limit allows".to_owned(),
        Verdict::OverBudget => "more than its budget allows".to_owned(),
        Verdict::Improved => "less, by more than the limit".to_owned(),
        Verdict::Unchanged => "the same to the last digit".to_owned(),
        Verdict::WithinLimit => "below the limit".to_owned(),
        _ => format!(
            "the same program differs from itself by {:.2} %: a random seed, threads or addresses",
            floor * 100.0
        ),
    };
    Judgement {
        verdict,
        change: Some(ratio(head[0], base[0])),
        interval: (floor > 0.0).then_some(Interval { low, high }),
        smallest_visible_change: (floor > 0.0).then_some(needed + floor),
        reason,
        again: None,
        distribution: Vec::new(),
    }
}
