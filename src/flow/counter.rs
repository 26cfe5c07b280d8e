//! Benchmarks of one side counted twice each, in the metrics that their limits name, within a time. What is said of the
//! counts is not known here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::counts::{allocations_of, can_count, count_side, of};
use super::measured::NO_ROOM;
use super::project::Setting;
use super::suites::{Open, Suites};
use super::tally::Tally;
use super::{FlowError, Progress};
use crate::gate::CountLimits;
use crate::harness::criterion::Allocations;
use crate::harness::{Counts, HarnessError, Patience, Watched};
use crate::instrument::{Copies, Detail};
use crate::model::{Metric, Side};
use crate::profile::Profile;
use crate::report::counted;

/// A limit is to be held: it may take longer than naming culprits may, but not for ever.
const LONGEST: Duration = Duration::from_secs(300);

/// How often a side is counted.
const TWICE: usize = 2;

/// A side counted twice: by how much it differs from itself is what no limit can be below.
pub(super) type Twice<T> = [T; TWICE];
/// What is known of benchmarks by name, or why nothing is.
pub(super) type Known<T> = BTreeMap<String, Result<T, String>>;

/// Whether a metric comes from the trace of allocations; the others are instructions.
pub(super) fn is_allocation(metric: Metric) -> bool {
    !matches!(metric, Metric::Instructions | Metric::ColdInstructions)
}

/// What one executable is asked for.
pub(super) struct Asked<'a> {
    pub open: &'a Open,
    pub wanted: Vec<(String, Metric, CountLimits)>,
}

impl<'a> Asked<'a> {
    fn of(open: &'a Open, setting: &Setting) -> Self {
        // Rules are held against each name once for each of these: most projects name none.
        let mut metrics = setting.counted();
        metrics.retain(|metric| open.able.is_timed() || !is_allocation(*metric));
        let limits = |name: &String, metric| Some((name.clone(), metric, setting.count_limits(open, name, metric)?));
        let wanted = open.names.iter().flat_map(|name| metrics.iter().filter_map(move |metric| limits(name, *metric)));
        Self { open, wanted: wanted.collect() }
    }

    /// What all executables are asked for.
    pub fn all(suites: &'a Suites, setting: &Setting) -> Vec<Self> {
        suites.all().map(|open| Self::of(open, setting)).collect()
    }

    /// The benchmarks that need a tool.
    pub fn names(&self, needs: impl Fn(Metric) -> bool) -> Vec<String> {
        let mut names: Vec<String> =
            self.wanted.iter().filter(|(_, metric, _)| needs(*metric)).map(|(name, ..)| name.clone()).collect();
        names.dedup();
        names
    }
}

/// When the time that is left ends, if it does. Where anything is to be counted, measuring leaves a part of it: what is
/// counted decides without noise.
pub(super) fn leave_room(setting: &mut Setting, suites: &Suites) -> Option<Instant> {
    let until = setting.budget().map(|budget| Instant::now() + budget);
    if Asked::all(suites, setting).iter().any(|asked| !asked.wanted.is_empty()) {
        setting.request.effort.budget = setting.budget().map(|budget| budget * 3 / 4);
    }
    until
}

/// Counts programs, one executable and side after the other.
pub(super) struct Counter {
    able: bool,
    copies: Copies,
    until: Option<Instant>,
    tally: Tally,
}

impl Counter {
    /// Tells what is about to be counted on so many sides; `None` where that is nothing. No program is counted any more after
    /// `until`.
    pub fn begin(
        setting: &Setting,
        asked: &[Asked<'_>],
        sides: usize,
        until: Option<Instant>,
        progress: &mut dyn Progress,
    ) -> Result<Option<Self>, FlowError> {
        let sum = |needs: fn(Metric) -> bool| asked.iter().map(|asked| asked.names(needs).len()).sum::<usize>();
        let (executing, allocating) = (sum(|metric| !is_allocation(metric)), sum(is_allocation));
        if executing + allocating == 0 {
            return Ok(None);
        }
        progress.phase("counted");
        for (what, number) in [("instructions", executing), ("allocations", allocating)] {
            if number > 0 {
                progress.status("Counting", &format!("{what} of {}", counted(number, "benchmark")));
            }
        }
        let benchmarks = asked.iter().map(|asked| asked.names(|_| true).len()).sum();
        let tally = Tally::new(benchmarks, (executing + allocating) * sides * TWICE);
        Ok(Some(Self { able: can_count(setting), copies: Copies::new()?, until, tally }))
    }

    /// Whether programs can be counted here at all.
    pub fn is_able(&self) -> bool {
        self.able
    }

    /// A folder that nobody else uses.
    pub fn folder(&self) -> PathBuf {
        self.copies.folder().join("counts")
    }

    /// How long a program may take.
    pub fn patience(&self) -> Patience<'_> {
        let left = self.left();
        Patience { silence: Duration::from_secs(20).min(left), given_up: 3, in_all: left, answered: None }
    }

    /// The instructions of these benchmarks.
    pub fn instructions(
        &self,
        open: &Open,
        side: Side,
        names: &[String],
        progress: &mut dyn Progress,
    ) -> Result<Known<Twice<Counts>>, FlowError> {
        self.twice(side, names, progress, |names, folder, patience| {
            count_side(open, side, names, folder, Detail::Functions, patience)
        })
    }

    /// What these benchmarks allocate.
    pub fn allocations(
        &self,
        open: &Open,
        side: Side,
        names: &[String],
        progress: &mut dyn Progress,
    ) -> Result<Known<Twice<Allocations>>, FlowError> {
        self.twice(side, names, progress, |names, folder, patience| allocations_of(open, side, names, folder, patience))
    }

    fn left(&self) -> Duration {
        self.until.map_or(LONGEST, |until| until.saturating_duration_since(Instant::now()).min(LONGEST))
    }

    /// Counts do not suffer from company, but a path that is compiled in leads to one side at a time.
    fn twice<T: Send>(
        &self,
        side: Side,
        names: &[String],
        progress: &mut dyn Progress,
        count: impl Fn(&[String], &Path, Patience<'_>) -> Result<Watched<T>, HarnessError> + Sync,
    ) -> Result<Known<Twice<T>>, FlowError> {
        let none = |why: &str| Ok(names.iter().map(|name| (name.clone(), Err(why.to_owned()))).collect());
        if names.is_empty() {
            return Ok(Known::new());
        }
        if !self.able {
            return none("valgrind is not installed");
        }
        if self.left() == Duration::ZERO {
            return none(NO_ROOM);
        }
        let folder = self.folder();
        let patience = self.tally.hearing(self.patience());
        let both = || {
            std::thread::scope(|scope| {
                let again = scope.spawn(|| count(names, &folder.join("again"), patience));
                let first = count(names, &folder.join("first"), patience);
                let again = again.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                Ok::<_, HarnessError>((first?, again?))
            })
        };
        let (mut first, mut again) = self.tally.tell(progress, both)?;
        let known = |name: &String| {
            let twice = of(&mut first, name, side).and_then(|first| Ok([first, of(&mut again, name, side)?]));
            (name.clone(), twice)
        };
        Ok(names.iter().map(known).collect())
    }
}

/// What the first iteration of a process executes, or one after others.
pub(super) fn profile(counts: &Counts, metric: Metric) -> &Profile {
    if metric == Metric::ColdInstructions { &counts.cold } else { &counts.warm }
}

/// The number that a metric of instructions stands for.
fn executed(counts: &Counts, metric: Metric) -> Result<u64, String> {
    Ok(profile(counts, metric).own_code())
}

/// The number that a metric of allocations stands for.
fn allocated(allocations: &Allocations, metric: Metric) -> Result<u64, String> {
    match metric {
        Metric::Allocations => Ok(allocations.allocated.allocations),
        Metric::PeakBytes => Ok(allocations.allocated.peak),
        Metric::LeakedBytes => {
            let why = "its process did not come to free what it holds: it did not end by itself";
            allocations.leaked.ok_or_else(|| why.to_owned())
        }
        _ => Ok(allocations.allocated.bytes),
    }
}

/// The numbers of a benchmark of one side, by what is known of its instructions and of what it allocates.
pub(super) fn numbers_of(
    executes: &Known<Twice<Counts>>,
    allocates: &Known<Twice<Allocations>>,
    name: &str,
    metric: Metric,
) -> Result<[u64; 2], String> {
    if is_allocation(metric) {
        numbers(&allocates[name], metric, allocated)
    } else {
        numbers(&executes[name], metric, executed)
    }
}

/// The numbers of a benchmark that was counted twice.
fn numbers<T>(
    counts: &Result<Twice<T>, String>,
    metric: Metric,
    number: impl Fn(&T, Metric) -> Result<u64, String>,
) -> Result<[u64; 2], String> {
    let [first, second] = counts.as_ref().map_err(String::clone)?;
    Ok([number(first, metric)?, number(second, metric)?])
}
