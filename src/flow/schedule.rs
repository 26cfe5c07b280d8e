//! Which benchmark is measured when. Pure over the [`Bench`] that measures and the clock that is passed in.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Progress;
use super::measured::{Estimate, Measured, Verdictless};
use crate::gate::{Limits, Pair, Stage, SuiteRow, Trial, suite_needs_more, suite_suspected};
use crate::harness::{Bench, HarnessError, Request, Sides, Slice, SliceResult};
use crate::model::{BenchmarkId, Controls, Verdict};
use crate::stats::Rng;

/// Processes for a benchmark of head alone: what is stored of it describes, and decides nothing.
const PROCESSES: usize = 20;
/// Fewest pairs that a trial may end with for the time that it takes: below that no slowdown can be proved in a large
/// suite.
const FEWEST_PAIRS: usize = 30;
/// Measuring time that a benchmark may take before its number of pairs is cut.
const LONG: Duration = Duration::from_secs(60);
/// Rounds in a row in which a benchmark may go unmeasured because of others' crashes.
const PATIENCE: usize = 30;
/// Share of the measuring time for comparing base with itself.
const CONTROL_SHARE: f64 = 0.05;
/// Rounds after which a comparison of base with itself is given up.
const MOST_CONTROL_ROUNDS: usize = 200;
/// Pairs that most benchmarks of unchanged code need: what a budget is shared out by.
pub const USUAL_PAIRS: u32 = 11;

/// Where there are more benchmarks than that and a budget, so many of them, drawn by chance, tell how many fit into it.
const PROBED: usize = 32;

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
    /// What the suite as a whole is judged by; `None` where this is a part of it.
    pub suite: Option<Limits>,
    /// How many benchmarks are known to be unchanged, and so count for the suite's mean without being measured.
    pub unchanged: usize,
    /// Decides what is drawn by lot.
    pub seed: u64,
}

/// What measuring gave.
#[derive(Clone, Debug, Default)]
pub struct Scheduled {
    /// By executable and benchmark, in the order of the plan.
    pub measured: Vec<Vec<Measured>>,
    /// The suite's mean in each round of its confirmation, if it was suspected.
    pub suite_again: Vec<f64>,
    /// What comparing base with itself showed.
    pub controls: Controls,
}

/// A benchmark to measure.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Which.
    pub id: BenchmarkId,
    /// What it is judged by.
    pub limits: Limits,
    /// The largest change that is accepted, where one is: a plain ratio.
    pub accepted: Option<f64>,
    /// Whether it is known to be unchanged, and measured to see whether that holds: it is no part of the suite's mean.
    pub proved: bool,
}

/// Measures everything in rounds, each benchmark until its verdict stands: first all that are open, then, later and in
/// new layouts, what came under suspicion of a regression, then the suite if that is suspected as a whole, and at last,
/// now and then, base against itself.
///
/// `now` is the time since any fixed moment.
pub fn schedule(
    plan: &Schedule,
    bench: &mut dyn Bench,
    now: &mut dyn FnMut() -> Duration,
    progress: &mut dyn Progress,
) -> Result<Scheduled, HarnessError> {
    let measured = |planned: &Planned| {
        let trial = (plan.sides == Sides::Both).then(|| Trial::new(planned.limits, plan.rows));
        Measured::new(trial, plan.pairs.unwrap_or(PROCESSES)).of(planned)
    };
    let all = plan.benchmarks.iter().map(|list| list.iter().map(measured).collect()).collect();
    let start = now();
    let lots = Rng::new(plan.seed);
    let mut rounds = Rounds { plan, all, start, now, progress, round: 0, lots, slices: Duration::ZERO };
    rounds.probe(bench)?;
    rounds.run(bench, Phase::First)?;
    rounds.run(bench, Phase::Confirmation)?;
    rounds.all.iter_mut().flatten().for_each(Measured::close);
    let suite_again = rounds.suite(bench)?;
    let controls = rounds.controls(bench)?;
    let measured = rounds.all;
    progress.measured();
    Ok(Scheduled { measured, suite_again, controls })
}

/// The first samples of all rows that have one, for the suite's judgement. A slowdown that is accepted is no part of it: it
/// would be red there.
pub fn suite_rows(all: &[Vec<Measured>]) -> Vec<SuiteRow<'_>> {
    let rows = all.iter().enumerate().flat_map(|(executable, list)| {
        list.iter().filter(|measured| measured.is_of_suite()).filter_map(move |measured| {
            let pairs = measured.trial.as_ref()?.first_sample();
            (!pairs.is_empty()).then_some(SuiteRow { executable, pairs })
        })
    });
    rows.collect()
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
    lots: Rng,
    /// The time that harnesses spent on benchmarks, links and starts apart.
    slices: Duration,
}

impl Rounds<'_> {
    /// Measures some benchmarks once where a budget may have no room for a round of all, and leaves out what it has no room
    /// for: a verdict for some is worth more than a beginning of all.
    fn probe(&mut self, bench: &mut dyn Bench) -> Result<(), HarnessError> {
        let Some(budget) = self.plan.budget else { return Ok(()) };
        let mut order: Vec<(usize, usize)> = Vec::new();
        for (executable, list) in self.all.iter().enumerate() {
            order.extend((0..list.len()).map(|i| (executable, i)));
        }
        if order.len() <= PROBED {
            return Ok(());
        }
        self.lots.shuffle(&mut order);
        let mut probed: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (executable, i) in &order[..PROBED] {
            probed.entry(*executable).or_default().push(*i);
        }
        for (executable, mut some) in probed {
            some.sort_unstable();
            if !self.over() {
                self.measure(bench, executable, some)?;
            }
        }
        self.round += 1;
        let seen = self.all.iter().flatten().filter(|measured| !measured.head.is_empty()).count() as u32;
        if seen == 0 {
            return Ok(());
        }
        let took = (self.now)().saturating_sub(self.start);
        let own = self.slices.min(took);
        // Links and starts cost a round the same, however many it measures.
        let room = budget.saturating_sub((took - own) * USUAL_PAIRS);
        let fits = room.div_duration_f64((own / seen * USUAL_PAIRS).max(Duration::from_nanos(1))) as usize;
        for (executable, i) in order.split_off(fits.clamp(PROBED, order.len())) {
            self.all[executable][i].ended_by = Some(Verdictless::NoRoom);
        }
        Ok(())
    }

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
                    self.leave_out_unseen();
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
        let now = (self.now)();
        self.left(now).is_some_and(|left| left.is_zero())
    }

    /// What is left of the budget.
    fn left(&self, now: Duration) -> Option<Duration> {
        self.plan.budget.map(|budget| budget.saturating_sub(now.saturating_sub(self.start)))
    }

    fn measure(&mut self, bench: &mut dyn Bench, executable: usize, open: Vec<usize>) -> Result<(), HarnessError> {
        let planned = &self.plan.benchmarks[executable];
        let names: Vec<String> = open.iter().map(|i| planned[*i].id.name.clone()).collect();
        let before = (self.now)();
        let left = self.left(before);
        let request = Request { executable, names: &names, sides: self.plan.sides, round: self.round, left };
        let slices = bench.measure(&request)?;
        // Links and starts are shared by all that was asked for at once.
        let own: Duration = slices.iter().map(Slice::cost).sum();
        self.slices += own;
        let shared = (self.now)().saturating_sub(before).saturating_sub(own) / open.len().max(1) as u32;
        let mut slices = slices.into_iter();
        for i in open {
            let (measured, id) = (&mut self.all[executable][i], &planned[i].id);
            let had = measured.head.len();
            let slice = slices.next();
            measured.cost += shared + slice.as_ref().map_or(Duration::ZERO, Slice::cost);
            match slice.map_or(SliceResult::NotReached, |slice| slice.result) {
                SliceResult::Measured { base, head } => measured.take(base, head),
                SliceResult::Failed(failure) => measured.ended_by = Some(Verdictless::Failed(failure)),
                SliceResult::NotReached => measured.missed(PATIENCE),
            }
            if measured.head.len() > had
                && let (Some(base), Some(head)) = (measured.base.last(), measured.head.last())
            {
                self.progress.pair(id, base.typical, head.typical);
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
        let rest: Duration = all().map(|measured| measured.left(USUAL_PAIRS as usize)).sum();
        let took = (self.now)().saturating_sub(self.start);
        let left = self.plan.budget.map_or(rest, |budget| rest.min(budget.saturating_sub(took)));
        self.progress.measuring(decided, count, left);
    }

    /// Leaves out what the budget ended before.
    fn leave_out_unseen(&mut self) {
        if self.plan.budget.is_none() {
            return;
        }
        let unseen = |measured: &&mut Measured| measured.head.is_empty() && measured.ended_by.is_none();
        for measured in self.all.iter_mut().flatten().filter(unseen) {
            measured.ended_by = Some(Verdictless::NoRoom);
        }
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
        self.lots.shuffle(&mut order);
        order.sort_by_key(|at| cost(&self.all, *at).max(long));
        for at in order {
            let cost = cost(&self.all, at);
            match room.checked_sub(cost) {
                Some(rest) => room = rest,
                None => self.all[at.0][at.1].ended_by = Some(Verdictless::NoRoom),
            }
        }
    }

    /// Measures all rows again where their mean looks slower: its mean in each round.
    fn suite(&mut self, bench: &mut dyn Bench) -> Result<Vec<f64>, HarnessError> {
        let mut means = Vec::new();
        let Some(limits) = self.plan.suite.filter(|_| self.plan.sides == Sides::Both) else { return Ok(means) };
        let mut rounds = suite_suspected(&suite_rows(&self.all), self.plan.unchanged, limits).unwrap_or(0);
        let mut looks = 0;
        while rounds > 0 {
            for _ in 0..rounds {
                match self.mean(bench)? {
                    Some(mean) => means.push(mean),
                    // A look before its time is none.
                    None => return Ok(Vec::new()),
                }
            }
            looks += 1;
            rounds = suite_needs_more(&means, looks, limits);
        }
        Ok(means)
    }

    /// The mean of all rows in one more round; `None` where the time is over.
    fn mean(&mut self, bench: &mut dyn Bench) -> Result<Option<f64>, HarnessError> {
        let (mut sum, mut count) = (0.0, 0_usize);
        for executable in 0..self.all.len() {
            if self.over() {
                return Ok(None);
            }
            let list = &self.all[executable];
            let whole: Vec<usize> = (0..list.len()).filter(|i| list[*i].is_of_suite()).collect();
            for ratio in self.again(bench, executable, &whole, Sides::Both)?.into_iter().flatten() {
                sum += ratio.typical;
                count += 1;
            }
        }
        self.round += 1;
        // A round that the end of the budget cut short is another mean, and one of nothing is none.
        if self.over() || count == 0 {
            return Ok(None);
        }
        Ok(Some(sum / (count + self.plan.unchanged) as f64))
    }

    /// One more pair of some benchmarks, apart from their trials; `None` where a benchmark was not measured.
    fn again(
        &mut self,
        bench: &mut dyn Bench,
        executable: usize,
        some: &[usize],
        sides: Sides,
    ) -> Result<Vec<Option<Pair>>, HarnessError> {
        if some.is_empty() {
            return Ok(Vec::new());
        }
        let planned = &self.plan.benchmarks[executable];
        let names: Vec<String> = some.iter().map(|i| planned[*i].id.name.clone()).collect();
        let now = (self.now)();
        let request = Request { executable, names: &names, sides, round: self.round, left: self.left(now) };
        let slices = bench.measure(&request)?;
        let pair = |slice: Slice| match slice.result {
            SliceResult::Measured { base: Some(base), head } => {
                Some(Estimate::of(&head.times)?.against(Estimate::of(&base.times)?))
            }
            _ => None,
        };
        Ok(slices.into_iter().map(pair).collect())
    }

    /// Compares base with itself, as head is compared with base, for a twentieth of the time that measuring took: what the
    /// machine at hand makes of equal code. A comparison that would take longer is made as often as that leaves room.
    fn controls(&mut self, bench: &mut dyn Bench) -> Result<Controls, HarnessError> {
        let mut controls = Controls::default();
        let pairs: usize = self.all.iter().flatten().map(|measured| measured.head.len()).sum();
        if self.plan.sides != Sides::Both || self.plan.pairs.is_some() || pairs == 0 || self.over() {
            return Ok(controls);
        }
        let took = (self.now)().saturating_sub(self.start);
        let one = took.div_f64(pairs as f64) * USUAL_PAIRS;
        let wanted = took.mul_f64(CONTROL_SHARE).div_duration_f64(one.max(Duration::from_nanos(1)));
        let wanted = wanted.floor() as usize + usize::from(self.lots.unit() < wanted.fract());
        let executable = self.lots.below(self.all.len() as u64) as usize;
        let list = &self.all[executable];
        let mut drawn: Vec<usize> =
            (0..list.len()).filter(|i| list[*i].ended_by.is_none() && !list[*i].head.is_empty()).collect();
        self.lots.shuffle(&mut drawn);
        drawn.truncate(wanted);
        drawn.sort_unstable();
        let planned = &self.plan.benchmarks[executable];
        let mut trials: Vec<(usize, Trial)> =
            drawn.into_iter().map(|i| (i, Trial::new(planned[i].limits, self.plan.rows))).collect();
        for _ in 0..MOST_CONTROL_ROUNDS {
            let open = |trial: &Trial| trial.stage() != Stage::Decided;
            let some: Vec<usize> = trials.iter().filter(|(_, trial)| open(trial)).map(|(i, _)| *i).collect();
            if some.is_empty() || self.over() {
                break;
            }
            let pairs = self.again(bench, executable, &some, Sides::BaseTwice)?;
            self.round += 1;
            let waiting = trials.iter_mut().filter(|(_, trial)| open(trial));
            for ((_, trial), pair) in waiting.zip(pairs) {
                pair.into_iter().for_each(|pair| trial.push(pair));
            }
        }
        for (_, trial) in trials.iter().filter(|(_, trial)| trial.stage() == Stage::Decided) {
            controls.comparisons += 1;
            controls.regressed += u64::from(trial.verdict() == Verdict::Regressed);
            controls.improved += u64::from(trial.verdict() == Verdict::Improved);
        }
        Ok(controls)
    }
}
