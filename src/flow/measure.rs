//! Measuring the open benchmarks of a project, and walking through what came of it.

use std::time::{Duration, Instant};

use super::layouts::lay_out;
use super::measured::Measured;
use super::project::Setting;
use super::schedule::{Planned, Schedule, Scheduled, USUAL_PAIRS, schedule, suite_rows};
use super::suites::{Open, Suites};
use super::{FlowError, Progress};
use crate::gate::{Judgement, Limits, judge_suite};
use crate::harness::criterion::Criterion;
use crate::harness::{Bench, Sides};
use crate::instrument::{Copies, Layouts};
use crate::model::{BenchmarkId, Controls, FirstSample, Metric};
use crate::report::{self, counted};

/// Seconds that a slice of a usual benchmark takes, on one side.
const SLICE: f64 = 0.03;
/// The same where nothing shorter than whole seconds is understood.
const LONG_SLICE: f64 = 2.2;

/// How much measuring may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Measuring stops after this time.
    pub budget: Option<Duration>,
    /// Measure exactly so many pairs, whatever they show: for traces to learn from.
    pub pairs: Option<usize>,
}

/// What measuring gave: lists in the order of the open executables.
#[derive(Debug, Default)]
pub struct Results(Scheduled);

impl Results {
    /// Every benchmark that was measured, with its executable.
    pub fn each<'a>(&'a self, suites: &'a Suites) -> impl Iterator<Item = (BenchmarkId, &'a Open, &'a Measured)> {
        let lists = suites.open.iter().zip(&self.0.measured);
        lists.flat_map(|(open, all)| open.names.iter().zip(all).map(move |(name, m)| (open.id(name), open, m)))
    }

    /// What is said of the suite as a whole; `None` where it is too small for that.
    pub fn suite(&self, suites: &Suites, limits: Limits) -> Option<(usize, Judgement)> {
        let rows = suite_rows(&self.0.measured);
        let pairs = rows.iter().map(|row| row.pairs.len()).min().unwrap_or(0) + self.0.suite_again.len();
        Some((pairs, judge_suite(&rows, suites.unchanged(), &self.0.suite_again, limits)?))
    }

    /// The first samples that the suite as a whole is judged by, of this shard's benchmarks.
    pub fn first_samples(&self, suites: &Suites) -> Vec<FirstSample> {
        let sample = |(benchmark, _, measured): (BenchmarkId, _, &Measured)| {
            let pairs = measured.trial.as_ref().filter(|_| measured.is_of_suite())?.first_sample();
            (!pairs.is_empty()).then(|| FirstSample { benchmark, pairs: pairs.to_vec() })
        };
        self.each(suites).filter_map(sample).collect()
    }

    /// How many regressions are accepted.
    pub fn accepted(&self) -> usize {
        self.0.measured.iter().flatten().filter(|measured| measured.is_accepted()).count()
    }

    /// What comparing base with itself showed.
    pub fn controls(&self) -> Controls {
        self.0.controls
    }

    /// Whether every benchmark of the workspace was measured, or every one of its share.
    pub fn are_all(&self, setting: &Setting, suites: &Suites) -> bool {
        setting.is_whole()
            && suites.skipped.is_empty()
            && suites.settled.is_empty()
            && self.0.measured.iter().flatten().all(|measured| measured.ended_by.is_none())
    }
}

/// Measures all that is open. Adds to `warnings` what the reader should know of how it was done.
pub fn measure(
    suites: &mut Suites,
    sides: Sides,
    copies: Copies,
    setting: &Setting,
    warnings: &mut Vec<String>,
    progress: &mut dyn Progress,
) -> Result<Results, FlowError> {
    if suites.open.is_empty() {
        return Ok(Results::default());
    }
    progress.phase("layouts prepared");
    lay_out(suites, &copies.folder().join("layouts"))?;
    let suites = &*suites;
    let policy = &setting.config.policy;
    let planned = |open: &Open| -> Vec<Planned> {
        let fits = |limits: Limits| if open.suite.has_many_layouts() { limits } else { limits.in_one_layout() };
        let plan = |id: BenchmarkId| {
            let accepted = policy.accepted(&id, Metric::WallTime);
            Planned { limits: fits(setting.limits(open, &id)), accepted, proved: suites.drawn.contains(&id), id }
        };
        open.names.iter().map(|name| plan(open.id(name))).collect()
    };
    let benchmarks: Vec<Vec<Planned>> = suites.open.iter().map(planned).collect();
    let rows = suites.comparisons.unwrap_or_else(|| benchmarks.iter().map(Vec::len).sum());
    let suite = suites.comparisons.is_none().then_some(policy.suite);
    let effort = setting.request.effort;
    // The seed decides only what is drawn for balance; the moment is as good as any.
    let seed = jiff::Timestamp::now().as_nanosecond() as u64;
    let plan = Schedule {
        benchmarks,
        sides,
        rows,
        budget: setting.budget(),
        pairs: effort.pairs,
        suite,
        unchanged: suites.unchanged(),
        seed,
    };
    progress.phase("measured");
    announce(suites, &plan, progress);
    let all = suites.open.iter().map(|open| open.suite.clone()).collect();
    let mut bench = Criterion::new(all, copies, policy.time_out, seed);
    let clock = Instant::now();
    let measured = schedule(&plan, &mut bench, &mut || clock.elapsed(), progress)?;
    for (i, open) in suites.open.iter().enumerate() {
        let how = match bench.layouts(i) {
            None | Some(Layouts::EveryFunction | Layouts::EveryFunctionApart) => continue,
            Some(Layouts::EveryObject) => {
                "was measured with the objects of its own crate in random order, the linker does not order functions: \
                 where these lie can make a benchmark slower or faster, and the limits are wider"
                    .to_owned()
            }
            Some(Layouts::One(reason)) => format!(
                "was measured in one layout of its code, which alone can make a benchmark slower or faster, and has wider limits: {reason}"
            ),
        };
        warnings.push(format!("{}::{} {how}", open.package, open.target));
    }
    let results = Results(measured);
    warnings.extend(fixed_times(suites, &results));
    Ok(results)
}

/// Tells what is about to be measured, and what it will cost.
fn announce(suites: &Suites, plan: &Schedule, progress: &mut dyn Progress) {
    let whole_seconds: usize =
        suites.open.iter().filter(|open| !open.suite.version.takes_fractions()).map(|open| open.names.len()).sum();
    let sides = if plan.sides == Sides::Both { 2.0 } else { 1.0 };
    let all: usize = plan.benchmarks.iter().map(Vec::len).sum();
    let slices = (all - whole_seconds) as f64 * SLICE + whole_seconds as f64 * LONG_SLICE;
    let mut seconds = sides * slices * f64::from(USUAL_PAIRS);
    let mut limit = String::new();
    if let Some(budget) = plan.budget.map(|budget| budget.as_secs_f64()) {
        limit = format!(", at most {}", report::seconds(budget));
        seconds = seconds.min(budget);
    }
    let (count, executables) = (counted(all, "benchmark"), counted(plan.benchmarks.len(), "executable"));
    progress.status("Measuring", &format!("{count} of {executables}, about {}{limit}", report::seconds(seconds)));
    if whole_seconds > 0 {
        let note = format!("{whole_seconds} of them with criterion 0.3, which measures for whole seconds");
        progress.status("", &note);
    }
}

fn fixed_times(suites: &Suites, results: &Results) -> Option<String> {
    let fixed: Vec<String> =
        results.each(suites).filter(|(.., measured)| measured.fixes_time).map(|(id, ..)| id.name).collect();
    let first = fixed.first()?;
    let more = if fixed.len() > 1 { format!(" and {} more", fixed.len() - 1) } else { String::new() };
    let count = fixed.len();
    Some(format!("{first}{more}: {count} benchmarks fix their time in code, which makes measuring long"))
}
