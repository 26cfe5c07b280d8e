//! The rules that are replayed: the gate's own, and simple ones to hold it against.

use cargo_perfgate::gate::{Limits, Pair, Stage, Trial};
use cargo_perfgate::model::Verdict;
use cargo_perfgate::stats::{quantile, sorted};

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
pub fn all(rows: usize, limit: f64) -> Vec<Box<dyn Rule>> {
    vec![
        Box::new(Gate { rows, limits: Limits::new(limit) }),
        Box::new(Naive { pairs: 1 }),
        Box::new(Naive { pairs: 30 }),
    ]
}

/// The gate's own.
struct Gate {
    rows: usize,
    limits: Limits,
}

impl Rule for Gate {
    fn name(&self) -> &'static str {
        "cargo perfgate"
    }

    fn run(&self, pairs: &mut dyn FnMut() -> f64) -> Outcome {
        let mut trial = Trial::new(self.limits, self.rows);
        while trial.stage() != Stage::Decided {
            let ratio = pairs();
            trial.push(Pair { typical: ratio, tail: ratio });
        }
        let judgement = (trial.verdict() == Verdict::Inconclusive).then(|| trial.judgement());
        Outcome {
            verdict: trial.verdict(),
            pairs: trial.pairs(),
            change: trial.change(),
            interval: trial.interval().map(|interval| [interval.low, interval.high]),
            smallest_visible_change: judgement.and_then(|judgement| judgement.smallest_visible_change),
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
