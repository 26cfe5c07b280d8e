//! What is said of one row, with the numbers behind it.

use crate::model::{Interval, Verdict};
use crate::stats::{TrimmedMean, quantile, sorted};

/// What the numbers say.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The estimated change, a plain ratio; `None` with too few numbers.
    pub change: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// The smallest slowdown that these data would have proved; `None` where none could have been.
    pub smallest_visible_change: Option<f64>,
    /// One sentence.
    pub reason: String,
    /// The second sample that confirmed it, where there was one.
    pub again: Option<Again>,
    /// See [`Row::distribution`](crate::model::Row::distribution).
    pub distribution: Vec<f64>,
}

/// What the second sample of a regression shows by mere counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// Pairs in which head was slower.
    pub slower: usize,
    /// All its pairs.
    pub pairs: usize,
}

impl Again {
    pub(super) fn of(ratios: &[f64]) -> Self {
        Self { slower: ratios.iter().filter(|ratio| **ratio > 0.0).count(), pairs: ratios.len() }
    }
}

impl Judgement {
    pub(super) fn too_few(measurements: usize) -> Self {
        Self {
            verdict: Verdict::Inconclusive,
            change: None,
            interval: None,
            smallest_visible_change: None,
            reason: format!("{measurements} measurements are too few to judge by"),
            again: None,
            distribution: Vec::new(),
        }
    }
}

/// Numbers that a distribution has at most: enough for a picture.
const DISTRIBUTION: usize = 40;

/// The distribution of some pairs, `ln(head / base)` each.
pub(super) fn distribution(pairs: &[f64]) -> Vec<f64> {
    let sorted = sorted(pairs.iter().copied());
    let at = |i: usize| quantile(&sorted, i as f64 / (DISTRIBUTION - 1) as f64);
    let values = if sorted.len() > DISTRIBUTION { (0..DISTRIBUTION).filter_map(at).collect() } else { sorted };
    // A hundred thousandth is finer than any pair is.
    values.into_iter().map(|value| (value.exp_m1() * 1e5).round() / 1e5).collect()
}

/// Chance on each side that a 95 % interval leaves.
pub(super) const TAIL: f64 = 0.025;

/// The 95 % interval of an estimated logarithm, as plain ratios.
pub(super) fn interval(estimate: &TrimmedMean) -> Interval {
    interval_with(estimate, TAIL)
}

/// The interval that leaves this chance on each side.
pub(super) fn interval_with(estimate: &TrimmedMean, tail: f64) -> Interval {
    let (m, margin) = (estimate.mean, estimate.margin(tail));
    Interval { low: (m - margin).exp_m1(), high: (m + margin).exp_m1() }
}

/// Why an undecided row is undecided. A change that no number of such data could show has no number.
pub(super) fn unseen(visible: Option<f64>) -> String {
    match visible {
        Some(visible) => format!("a slowdown below {} would not have been seen", percent(visible)),
        None => "no slowdown would have been seen, however large".to_owned(),
    }
}

pub(super) fn percent(ratio: f64) -> String {
    let text = format!("{:.1}", ratio * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}
