//! Which benchmark is measured when. Pure over the [`Bench`] that measures and the clock that is passed in.

use std::time::Duration;

use super::Progress;
use super::measured::{Measured, Verdictless};
use crate::gate::{Limits, Trial};
use crate::harness::{Bench, HarnessError, Request, Sides, SliceResult};
use crate::model::BenchmarkId;

/// Processes for a benchmark of head alone: what is stored of it describes, and decides nothing.
const PROCESSES: usize = 20;
/// Fewest pairs that a trial may end with for the time that it takes: below that no slowdown can be proved in a large
/// suite.
const FEWEST_PAIRS: usize = 30;
/// Measuring time that a benchmark may take before its number of pairs is cut.
const LONG: Duration = Duration::from_secs(60);
/// Rounds in a row in which a benchmark may go unmeasured because of others' crashes.
const PATIENCE: usize = 30;
/// Pairs that most benchmarks of unchanged code need: what a budget is shared out by.
pub const USUAL_PAIRS: u32 = 11;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Benchmarks by executable.
    pub benchmarks: Vec<Vec<Planned>>,
    /// Base and head, or head alone.
    pub sides: Sides,
    /// The number of rows that share the chances of a suite.
    pub rows: usize,
    /// Measuring stops after this time.
    pub budget: Option<Duration>,
    /// Measure exactly so many pairs, whatever they show.
    pub pairs: Option<usize>,
}

/// A benchmark to measure.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Which.
    pub id: BenchmarkId,
    /// What it is judged by.
    pub limits: Limits,
}

/// Measures everything in rounds, each benchmark until its verdict stands: first all that are open, then, later and in
/// new layouts, what came under suspicion of a regression.
///
/// `now` is the time since any fixed moment.
pub fn schedule(
    plan: &Schedule,
    bench: &mut dyn Bench,
    now: &mut dyn FnMut() -> Duration,
    progress: &mut dyn Progress,
) -> Result<Vec<Vec<Measured>>, HarnessError> {
    let measured = |planned: &Planned| {
        let trial = (plan.sides == Sides::Both).then(|| Trial::new(planned.limits, plan.rows));
        Measured::new(trial, plan.pairs.unwrap_or(PROCESSES))
    };
    let all = plan.benchmarks.iter().map(|list| list.iter().map(measured).collect()).collect();
    let start = now();
    let mut rounds = Rounds { plan, all, start, now, progress, round: 0 };
    rounds.run(bench, Phase::First)?;
    rounds.run(bench, Phase::Confirmation)?;
    let mut all = rounds.all;
    all.iter_mut().flatten().for_each(Measured::close);
    progress.measured();
    Ok(all)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    First,
    Confirmation,
}

struct Rounds<'a> {
    plan: &'a Schedule,
    all: Vec<Vec<Measured>>,
    start: Duration,
    now: &'a mut dyn FnMut() -> Duration,
    progress: &'a mut dyn Progress,
    round: usize,
}

impl Rounds<'_> {
    fn run(&mut self, bench: &mut dyn Bench, phase: Phase) -> Result<(), HarnessError> {
        let mut fits = self.plan.budget.is_none() || phase == Phase::Confirmation;
        loop {
            let mut nothing_left = true;
            for executable in 0..self.all.len() {
                let wants = |measured: &Measured| match (self.plan.pairs, phase) {
                    (Some(pairs), Phase::First) => measured.wants_pairs(pairs),
                    (_, Phase::First) => measured.open(),
                    (_, Phase::Confirmation) => measured.suspected(),
                };
                let open: Vec<usize> =
                    (0..self.all[executable].len()).filter(|i| wants(&self.all[executable][*i])).collect();
                if open.is_empty() {
                    continue;
                }
                if self.over() {
                    return Ok(());
                }
                nothing_left = false;
                self.measure(bench, executable, open)?;
            }
            if nothing_left {
                return Ok(());
            }
            self.round += 1;
            if !fits {
                self.leave_out();
                fits = true;
            }
        }
    }

    fn over(&mut self) -> bool {
        self.plan.budget.is_some_and(|budget| (self.now)().saturating_sub(self.start) >= budget)
    }

    fn measure(&mut self, bench: &mut dyn Bench, executable: usize, open: Vec<usize>) -> Result<(), HarnessError> {
        let planned = &self.plan.benchmarks[executable];
        let names: Vec<String> = open.iter().map(|i| planned[*i].id.name.clone()).collect();
        let request = Request { executable, names: &names, sides: self.plan.sides, round: self.round };
        let slices = bench.measure(&request)?;
        for (i, slice) in open.into_iter().zip(slices) {
            let (measured, id) = (&mut self.all[executable][i], &planned[i].id);
            let had = measured.head.len();
            match slice.result {
                SliceResult::Measured { base, head } => measured.take(base, head),
                SliceResult::Failed(failure) => measured.ended_by = Some(Verdictless::Failed(failure)),
                SliceResult::NotReached => measured.missed(PATIENCE),
            }
            if measured.head.len() > had
                && let (Some(base), Some(head)) = (measured.base.last(), measured.head.last())
            {
                self.progress.pair(id, *base, *head);
                if had == 0 {
                    let pairs = LONG.div_duration_f64(measured.cost.max(Duration::from_nanos(1))) as usize;
                    measured.cap(pairs.max(FEWEST_PAIRS));
                }
            }
            if measured.is_decided() && had > 0 {
                self.progress.decided(id, measured.cost);
            }
        }
        self.tell();
        Ok(())
    }

    fn tell(&mut self) {
        let all = || self.all.iter().flatten();
        let (count, decided) = (all().count(), all().filter(|measured| measured.is_decided()).count());
        let rest: Duration = all().map(|measured| measured.rest(USUAL_PAIRS)).sum();
        self.progress.measuring(decided, count, rest);
    }

    /// Leaves out, in a new order each time, what the budget has no room for: one long benchmark must not cost all
    /// others their verdicts.
    fn leave_out(&mut self) {
        let Some(budget) = self.plan.budget else { return };
        let mut room = budget.saturating_sub((self.now)().saturating_sub(self.start));
        let mut order: Vec<(usize, usize)> = Vec::new();
        for (executable, list) in self.all.iter().enumerate() {
            order.extend((0..list.len()).filter(|i| list[*i].open()).map(|i| (executable, i)));
        }
        let long = budget / 20;
        let cost = |all: &[Vec<Measured>], (executable, i): (usize, usize)| all[executable][i].rest(USUAL_PAIRS);
        // The clock's last digits are as good a lot as any, and a test can fix them.
        let mut lots = crate::stats::Rng::new((self.now)().as_nanos() as u64);
        lots.shuffle(&mut order);
        order.sort_by_key(|at| cost(&self.all, *at).max(long));
        for at in order {
            let cost = cost(&self.all, at);
            match room.checked_sub(cost) {
                Some(rest) => room = rest,
                None => self.all[at.0][at.1].ended_by = Some(Verdictless::NoRoom(budget)),
            }
        }
    }
}
