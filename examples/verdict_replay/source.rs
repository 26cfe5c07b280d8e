//! Where replayed pairs come from: recorded comparisons of unchanged code, distributions fitted to them, and made-up ones.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use cargo_perfgate::stats::{Rng, quantile, sorted, trimmed_mean};
use serde::Deserialize;

use super::Failed;
use super::fitted::{Fit, correlation};

/// Shorter recordings tell too little of a benchmark's distribution.
const FEWEST_PAIRS: usize = 12;
/// Neighbouring pairs that are drawn together where their order is kept.
const BLOCK: usize = 8;
/// The correlation of neighbouring pairs where a made-up source has one.
const CORRELATION: f64 = 0.3;

/// One line of the traces, as far as it is needed here.
#[derive(Debug, Deserialize)]
struct Comparison {
    benchmark: String,
    load: usize,
    true_change: f64,
    pairs: Vec<[f64; 2]>,
}

/// Recorded logarithms of ratios of comparisons without a true change, each around zero.
#[derive(Debug, Default)]
pub struct Traces {
    comparisons: usize,
    by_load: BTreeMap<usize, BTreeMap<String, Vec<Vec<f64>>>>,
}

impl Traces {
    /// Reads files of comparisons; keeps those without a true change.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Failed> {
        let mut traces = Self::default();
        for path in paths {
            for line in std::fs::read_to_string(path)?.lines() {
                let comparison: Comparison = serde_json::from_str(line)?;
                let ratios: Vec<f64> = comparison.pairs.iter().map(|[base, head]| (head / base).ln()).collect();
                if comparison.true_change != 0.0 || ratios.len() < FEWEST_PAIRS {
                    continue;
                }
                let Some(centre) = trimmed_mean(&ratios) else { continue };
                let centred = ratios.iter().map(|ratio| ratio - centre.mean).collect();
                traces.comparisons += 1;
                let of_load = traces.by_load.entry(comparison.load).or_default();
                of_load.entry(comparison.benchmark).or_default().push(centred);
            }
        }
        if traces.comparisons == 0 {
            return Err("the files hold no comparison of unchanged code".into());
        }
        Ok(traces)
    }

    pub fn comparisons(&self) -> usize {
        self.comparisons
    }

    pub fn pairs(&self) -> usize {
        self.by_load.values().flat_map(BTreeMap::values).flatten().map(Vec::len).sum()
    }

    /// What is known of each benchmark: spread, tail (degrees of freedom of Student's t), and how much a pair tells of the next one.
    pub fn describe(&self) -> String {
        let mut text = String::from("| load | benchmark | pairs | IQR / 1.35 | sd | freedom | correlation |\n");
        text.push_str("| --: | --- | --: | --: | --: | --: | --: |\n");
        for (load, benchmarks) in &self.by_load {
            for (benchmark, recorded) in benchmarks {
                let all = sorted(recorded.iter().flatten().copied());
                let at = |p| quantile(&all, p).unwrap_or_default();
                let variance = all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64;
                let (pairs, robust) = (all.len(), (at(0.75) - at(0.25)) / 1.349);
                let freedom =
                    Fit::of(recorded).and_then(|fit| fit.freedom).map_or("normal".to_owned(), |f| f.to_string());
                let _ = writeln!(
                    text,
                    "| {load} | {benchmark} | {pairs} | {:.2} % | {:.2} % | {freedom} | {:+.2} |",
                    robust * 100.0,
                    variance.sqrt() * 100.0,
                    correlation(recorded)
                );
            }
        }
        text
    }

    /// For each load: pairs drawn singly, each with a random sign; neighbours in their order with one sign a block; and
    /// what is fitted to each benchmark. Whole recordings would have the mean on which they were centred, and no error
    /// at all.
    pub fn sources(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        for (load, benchmarks) in &self.by_load {
            let rows: Vec<Vec<Vec<f64>>> = benchmarks.values().cloned().collect();
            let kind = |blocks| Kind::Recorded { rows: rows.clone(), blocks };
            sources.push(Source { name: format!("recorded, load {load}"), spread: None, kind: kind(false) });
            sources.push(Source {
                name: format!("recorded, blocks of {BLOCK}, load {load}"),
                spread: None,
                kind: kind(true),
            });
            let fits: Vec<Fit> = rows.iter().filter_map(|recorded| Fit::of(recorded)).collect();
            if !fits.is_empty() {
                sources.push(Source { name: format!("fitted, load {load}"), spread: None, kind: Kind::Fitted(fits) });
            }
        }
        sources
    }
}

/// The shape of a made-up distribution.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Normal,
    /// Student's t with three degrees of freedom: heavy tails.
    Heavy,
    /// Processes that are slow or fast by chance, on either side.
    Bimodal,
    /// Normal, and like its predecessor.
    Correlated,
}

impl Shape {
    pub const ALL: [Self; 4] = [Self::Normal, Self::Heavy, Self::Bimodal, Self::Correlated];
}

#[derive(Debug)]
enum Kind {
    Recorded {
        rows: Vec<Vec<Vec<f64>>>,
        blocks: bool,
    },
    /// One for each benchmark.
    Fitted(Vec<Fit>),
    Simulated(Shape),
}

/// Something that pairs without a true change are drawn from.
#[derive(Debug)]
pub struct Source {
    pub name: String,
    /// The standard deviation of a pair, where it was chosen.
    pub spread: Option<f64>,
    kind: Kind,
}

impl Source {
    pub fn simulated(shape: Shape, spread: f64) -> Self {
        let name = match shape {
            Shape::Normal => "normal",
            Shape::Heavy => "Student t3",
            Shape::Bimodal => "bimodal",
            Shape::Correlated => "correlated 0.3",
        };
        Self { name: name.to_owned(), spread: Some(spread), kind: Kind::Simulated(shape) }
    }

    /// A stream of pairs of one benchmark, the `row`th of a suite.
    pub fn stream<'a>(&'a self, row: u64, rng: &'a mut Rng) -> Box<dyn FnMut() -> f64 + 'a> {
        match &self.kind {
            Kind::Recorded { rows, blocks } => {
                let recorded = &rows[row as usize % rows.len()];
                let sign = |rng: &mut Rng| if rng.coin() { 1.0 } else { -1.0 };
                if !blocks {
                    return Box::new(move || {
                        let one = &recorded[rng.below(recorded.len() as u64) as usize];
                        sign(rng) * one[rng.below(one.len() as u64) as usize]
                    });
                }
                let (mut one, mut at, mut left, mut turned): (&[f64], usize, usize, f64) = (&[], 0, 0, 1.0);
                Box::new(move || {
                    if left == 0 {
                        one = &recorded[rng.below(recorded.len() as u64) as usize];
                        (at, left, turned) = (rng.below(one.len() as u64) as usize, BLOCK, sign(rng));
                    }
                    (at, left) = ((at + 1) % one.len(), left - 1);
                    turned * one[at]
                })
            }
            Kind::Fitted(fits) => fits[row as usize % fits.len()].stream(rng),
            Kind::Simulated(shape) => simulated(*shape, self.spread.unwrap_or_default(), rng),
        }
    }
}

fn simulated(shape: Shape, spread: f64, rng: &mut Rng) -> Box<dyn FnMut() -> f64 + '_> {
    match shape {
        Shape::Normal => Box::new(move || spread * rng.normal()),
        // Its variance is three.
        Shape::Heavy => Box::new(move || {
            let squares: f64 = (0..3).map(|_| rng.normal().powi(2)).sum();
            spread * rng.normal() / squares.sqrt()
        }),
        // A quarter of the processes is slow: the two sides differ in three of eight pairs, by `gap`, so that the
        // variance is 3/8·gap² and a fiftieth of it around each.
        Shape::Bimodal => Box::new(move || {
            let gap = spread * (0.98 / 0.375_f64).sqrt();
            let slow = |rng: &mut Rng| f64::from(u8::from(rng.below(4) == 0));
            gap * (slow(rng) - slow(rng)) + spread * 0.02_f64.sqrt() * rng.normal()
        }),
        Shape::Correlated => {
            let mut last = rng.normal();
            Box::new(move || {
                last = CORRELATION * last + (1.0 - CORRELATION * CORRELATION).sqrt() * rng.normal();
                spread * last
            })
        }
    }
}
