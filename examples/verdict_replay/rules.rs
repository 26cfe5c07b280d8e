//! The rules that are replayed: the gate's own, and simple ones to hold it against.

use cargo_perfgate::gate::{Limits, Samples, judge};
use cargo_perfgate::model::Verdict;
use cargo_perfgate::stats::{quantile, sorted};

/// Pairs that the gate takes where a benchmark is quick.
const PAIRS: usize = 30;

/// What a rule made of one comparison.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    /// Pairs that it asked for.
    pub pairs: usize,
    /// The estimated change, a plain ratio.
    pub change: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    pub smallest_visible_change: Option<f64>,
}

/// A rule asks for as many pairs as it needs, `ln(head / base)` each, and gives a verdict.
pub trait Rule: Sync {
    fn name(&self) -> &'static str;
    fn run(&self, pairs: &mut dyn FnMut() -> f64) -> Outcome;
}

/// All rules; `rows` share the chance of a false red.
pub fn all(rows: usize) -> Vec<Box<dyn Rule>> {
    vec![
        Box::new(Fixed { rows, limits: Limits::new(0.05) }),
        Box::new(Naive { pairs: 1 }),
        Box::new(Naive { pairs: PAIRS }),
    ]
}

/// A number of pairs that is fixed beforehand, and the gate's judgement of them.
struct Fixed {
    rows: usize,
    limits: Limits,
}

impl Rule for Fixed {
    fn name(&self) -> &'static str {
        "30 pairs"
    }

    fn run(&self, pairs: &mut dyn FnMut() -> f64) -> Outcome {
        let ratios: Vec<f64> = (0..PAIRS).map(|_| pairs()).collect();
        let judgement = judge(Samples::Paired(&ratios), self.limits, self.rows);
        Outcome {
            verdict: judgement.verdict,
            pairs: PAIRS,
            change: judgement.change,
            interval: judgement.interval.map(|interval| [interval.low, interval.high]),
            smallest_visible_change: judgement.smallest_visible_change,
        }
    }
}

/// The median of some pairs worse than 5 %: red; nothing is proved.
struct Naive {
    pairs: usize,
}

impl Rule for Naive {
    fn name(&self) -> &'static str {
        if self.pairs == 1 { "naive, 1 pair" } else { "naive, median" }
    }

    fn run(&self, pairs: &mut dyn FnMut() -> f64) -> Outcome {
        let ratios = sorted((0..self.pairs).map(|_| pairs()));
        let change = quantile(&ratios, 0.5).map(f64::exp_m1);
        let verdict = match change {
            Some(change) if change > 0.05 => Verdict::Regressed,
            Some(change) if change < -0.05 => Verdict::Improved,
            _ => Verdict::Unchanged,
        };
        Outcome { verdict, pairs: self.pairs, change, interval: None, smallest_visible_change: None }
    }
}
