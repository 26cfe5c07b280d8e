//! Which benchmark is measured when. Pure over the [`Bench`] that measures and the clock that is passed in.

use std::time::Duration;

use super::Progress;
use crate::harness::{Bench, Failure, FailureKind, HarnessError, Request, Sample, Sides, SliceResult};
use crate::model::Side;
use crate::stats::{quantile, sorted};

/// Process pairs for a benchmark whose slices are short.
pub const PAIRS: usize = 30;
/// Process pairs for a benchmark that takes its time, whatever it is asked for. With 12, benchmarks that are slow in half
/// of their processes gave 2 to 10 times the promised number of false reds in simulation.
pub const FEW_PAIRS: usize = 16;
/// A slice longer than this, on either side, is a long one.
const LONG_SLICE: Duration = Duration::from_millis(500);
/// Rounds a benchmark may take part in, as a multiple of its pairs: others' crashes cost it some.
const PATIENCE: usize = 2;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Benchmarks by executable.
    pub names: Vec<Vec<String>>,
    /// Base and head, or head alone.
    pub sides: Sides,
}

/// What measuring one benchmark gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// `ln(head / base)` of the lower quartiles, one a process pair.
    pub ratios: Vec<f64>,
    /// Base's lower quartiles in nanoseconds, one a process.
    pub base: Vec<f64>,
    /// Head's.
    pub head: Vec<f64>,
    /// Why there is no more than that.
    pub ended_by: Option<Verdictless>,
    /// Whether its code fixes the time to measure.
    pub fixes_time: bool,
    rounds: usize,
    wanted: usize,
}

/// Why a benchmark gets no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdictless {
    /// It failed on a side.
    Failed(Failure),
    /// It measures something else than time, in this unit.
    OtherUnit(String),
}

impl Measured {
    fn open(&self) -> bool {
        self.ended_by.is_none() && self.head.len() < self.wanted && self.rounds < PATIENCE * self.wanted
    }

    fn take(&mut self, base: Option<Sample>, head: Sample) {
        if let Some(unit) = head.other_unit.or_else(|| base.as_ref().and_then(|base| base.other_unit.clone())) {
            self.ended_by = Some(Verdictless::OtherUnit(unit));
            return;
        }
        let cost = base.as_ref().map_or(head.cost, |base| base.cost.max(head.cost));
        if self.head.is_empty() && cost > LONG_SLICE {
            self.wanted = FEW_PAIRS;
        }
        self.fixes_time |= head.fixes_time;
        let head = lower_quartile(&head.times);
        let base = base.map(|base| lower_quartile(&base.times));
        let zero = |side| Failure { side, kind: FailureKind::Crashed, detail: "its harness measured no time".into() };
        match (base, head) {
            (_, None) => self.ended_by = Some(Verdictless::Failed(zero(Side::Head))),
            (Some(None), _) => self.ended_by = Some(Verdictless::Failed(zero(Side::Base))),
            (None, Some(head)) => self.head.push(head),
            (Some(Some(base)), Some(head)) => {
                self.base.push(base);
                self.head.push(head);
                self.ratios.push((head / base).ln());
            }
        }
    }
}

/// The lower quartile of one process's samples: pre-emption and interrupts only ever add time. `None` unless it is a
/// time above zero.
fn lower_quartile(times: &[f64]) -> Option<f64> {
    quantile(&sorted(times.iter().copied()), 0.25).filter(|time| *time > 0.0)
}

/// Measures everything in rounds, each benchmark until it has its fixed number of pairs. The number is fixed after the
/// first round, by what the benchmark cost and by nothing else.
///
/// `now` is the time since any fixed moment.
pub fn schedule(
    plan: &Schedule,
    bench: &mut dyn Bench,
    now: &mut dyn FnMut() -> Duration,
    progress: &mut dyn Progress,
) -> Result<Vec<Vec<Measured>>, HarnessError> {
    let fresh = Measured { wanted: PAIRS, ..Measured::default() };
    let mut all: Vec<Vec<Measured>> = plan.names.iter().map(|names| vec![fresh.clone(); names.len()]).collect();
    let start = now();
    let mut made = 0;
    for round in 0..PATIENCE * PAIRS {
        let mut nothing_left = true;
        for (executable, names) in plan.names.iter().enumerate() {
            let open: Vec<usize> = (0..names.len()).filter(|i| all[executable][*i].open()).collect();
            if open.is_empty() {
                continue;
            }
            nothing_left = false;
            let asked: Vec<String> = open.iter().map(|i| names[*i].clone()).collect();
            let request = Request { executable, names: &asked, sides: plan.sides, round };
            let slices = bench.measure(&request)?;
            for (i, slice) in open.into_iter().zip(slices) {
                let measured = &mut all[executable][i];
                measured.rounds += 1;
                match slice.result {
                    SliceResult::Measured { base, head } => measured.take(base, head),
                    SliceResult::Failed(failure) => measured.ended_by = Some(Verdictless::Failed(failure)),
                    SliceResult::NotReached => {}
                }
                made += 1;
            }
            let rest: usize = all.iter().flatten().filter(|m| m.open()).map(|m| m.wanted - m.head.len()).sum();
            let remaining = (now().saturating_sub(start) / made.max(1) as u32) * rest as u32;
            progress.measuring(made, made + rest, remaining);
        }
        if nothing_left {
            break;
        }
    }
    progress.measured();
    Ok(all)
}
