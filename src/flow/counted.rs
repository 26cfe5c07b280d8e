//! Rows of counted metrics, for benchmarks whose limits name them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::assemble::{empty_row, exceed, put};
use super::counts::{allocations_of, can_count, caveat, count_side, of};
use super::culprits::{counted_change, site_change};
use super::project::Setting;
use super::suites::{Open, Suites};
use super::untimed::tell_crash;
use super::{FlowError, Progress};
use crate::gate::{CountLimits, Limits, Policy, judge_counts};
use crate::harness::HarnessError;
use crate::harness::criterion::{Allocations, Counts, Patience, Watched};
use crate::instrument::{Copies, Detail};
use crate::model::{BenchmarkId, Evidence, Metric, Row, Side, Verdict};
use crate::profile::Profile;
use crate::report::counted;

/// A limit is to be held: it may take longer than naming culprits may, but not for ever.
const LONGEST: Duration = Duration::from_secs(300);
/// Rows of allocations whose culprits are looked for, each in processes of its own.
const MOST_TRACED: usize = 5;

/// Why something was not counted.
const NO_ROOM: &str = "the budget has no room for it";

/// Each side counted twice, base first: by how much one differs from itself is what no limit can be below.
type Twice<T> = [[T; 2]; 2];
/// What is known of benchmarks by name, or why nothing is.
type Known<T> = BTreeMap<String, Result<Twice<T>, String>>;

/// Whether a metric comes from the trace of allocations; the others are instructions.
pub(super) fn is_allocation(metric: Metric) -> bool {
    !matches!(metric, Metric::Instructions | Metric::ColdInstructions)
}

/// What one executable is asked for.
struct Asked<'a> {
    open: &'a Open,
    wanted: Vec<(String, Metric, CountLimits)>,
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

    /// The benchmarks that need a tool.
    fn names(&self, needs: impl Fn(Metric) -> bool) -> Vec<String> {
        let mut names: Vec<String> =
            self.wanted.iter().filter(|(_, metric, _)| needs(*metric)).map(|(name, ..)| name.clone()).collect();
        names.dedup();
        names
    }
}

/// Whether anything is asked for.
pub fn is_asked(setting: &Setting, suites: &Suites) -> bool {
    suites.all().any(|open| !Asked::of(open, setting).wanted.is_empty())
}

/// Counts what is asked for, and adds the rows; those of wall-time get what was counted of them. Benchmarks that need no
/// timing need no counting either. No program is counted any more after `until`.
pub fn add_counted(
    setting: &Setting,
    suites: &Suites,
    until: Option<Instant>,
    rows: &mut Vec<Row>,
    warnings: &mut Vec<String>,
    progress: &mut dyn Progress,
) -> Result<(), FlowError> {
    let asked: Vec<Asked<'_>> = suites.all().map(|open| Asked::of(open, setting)).collect();
    let sum = |needs: fn(Metric) -> bool| asked.iter().map(|asked| asked.names(needs).len()).sum::<usize>();
    let (executing, allocating) = (sum(|metric| !is_allocation(metric)), sum(is_allocation));
    if executing + allocating == 0 {
        return Ok(());
    }
    progress.phase("counted");
    for (what, number) in [("instructions", executing), ("allocations", allocating)] {
        if number > 0 {
            progress.status("Counting", &format!("{what} of {}", counted(number, "benchmark")));
        }
    }
    let (able, policy) = (can_count(setting), &setting.config.policy);
    let copies = Copies::new()?;
    let folder = copies.folder().join("counts");
    let left = || until.map_or(LONGEST, |until| until.saturating_duration_since(Instant::now()).min(LONGEST));
    let patience = || Patience { silence: Duration::from_secs(20).min(left()), given_up: 3, in_all: left() };
    for asked in &asked {
        let Asked { open, wanted } = asked;
        let (executing, allocating) = (asked.names(|metric| !is_allocation(metric)), asked.names(is_allocation));
        warnings.extend(caveat(open).filter(|_| able && !executing.is_empty()));
        let count = |side, names: &[String], folder: &Path| {
            count_side(open, side, names, folder, Detail::Functions, patience())
        };
        let instructions = twice(able, &left, executing, &folder, count)?;
        let trace = |side, names: &[String], folder: &Path| allocations_of(open, side, names, folder, patience());
        let allocations = twice(able, &left, allocating, &folder, trace)?;
        let mut traced = 0;
        for (name, metric, limits) in wanted {
            let id = open.id(name);
            let mut row = row(id.clone(), &open.harness, *metric, *limits);
            if is_allocation(*metric) {
                fill(&mut row, *limits, &allocations[name], policy, |allocations| number_of(allocations, *metric));
                if is_worse(&row) && traced < MOST_TRACED {
                    traced += 1;
                    row.counted = site_change(open, name, &row, &folder, patience())?;
                }
            } else {
                let cold = *metric == Metric::ColdInstructions;
                fill(&mut row, *limits, &instructions[name], policy, |counts| Ok(profile(counts, cold).total));
                if able && instructions[name].is_err() {
                    tell_crash(&mut row, open, policy.time_out)?;
                }
                if let Ok([[base, _], [head, _]]) = &instructions[name] {
                    let change = || counted_change(profile(base, cold), profile(head, cold));
                    row.counted = is_worse(&row).then(change);
                    let slow = |row: &&mut Row| row.benchmark == id && row.metric == Metric::WallTime && is_worse(row);
                    rows.iter_mut().filter(slow).filter(|_| !cold).for_each(|row| row.counted = Some(change()));
                }
            }
            rows.push(row);
        }
    }
    Ok(())
}

/// Counts both sides twice each. Counts do not suffer from company, but a path that is compiled in leads to one side at a
/// time.
fn twice<T: Send>(
    able: bool,
    left: &impl Fn() -> Duration,
    names: Vec<String>,
    folder: &Path,
    count: impl Fn(Side, &[String], &Path) -> Result<Watched<T>, HarnessError> + Sync,
) -> Result<Known<T>, FlowError> {
    if names.is_empty() {
        return Ok(Known::new());
    }
    if !able {
        return Ok(names.into_iter().map(|name| (name, Err("valgrind is not installed".to_owned()))).collect());
    }
    let side = |side| {
        if left() == Duration::ZERO {
            let none = || names.iter().map(|name| (name.clone(), Err(NO_ROOM.to_owned()))).collect();
            return Ok([none(), none()]);
        }
        std::thread::scope(|scope| {
            let again = scope.spawn(|| count(side, &names, &folder.join("again")));
            let first = count(side, &names, &folder.join("first"));
            let again = again.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, HarnessError>([first?, again?])
        })
    };
    let (mut base, mut head) = (side(Side::Base)?, side(Side::Head)?);
    let known = |name: String| {
        let twice =
            |[first, second]: &mut [Watched<T>; 2], side| Ok([of(first, &name, side)?, of(second, &name, side)?]);
        let known = twice(&mut base, Side::Base).and_then(|base| Ok([base, twice(&mut head, Side::Head)?]));
        (name, known)
    };
    Ok(names.clone().into_iter().map(known).collect())
}

/// What the first iteration of a process executes, or one after others.
fn profile(counts: &Counts, cold: bool) -> &Profile {
    if cold { &counts.cold } else { &counts.warm }
}

/// The number that a metric of allocations stands for.
fn number_of(allocations: &Allocations, metric: Metric) -> Result<u64, String> {
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

fn row(id: BenchmarkId, harness: &str, metric: Metric, limits: CountLimits) -> Row {
    let all = Limits { tolerate: limits.max_regression, ..Limits::new(limits.max_regression) };
    let mut row = empty_row(id, harness, all);
    (row.metric, row.unit) = (metric, metric.unit());
    row.budget = limits.max.map(|max| max as f64);
    row
}

fn is_worse(row: &Row) -> bool {
    matches!(row.verdict, Verdict::Regressed | Verdict::OverBudget | Verdict::Accepted)
}

/// Judges what was counted.
fn fill<T>(
    row: &mut Row,
    limits: CountLimits,
    counts: &Result<Twice<T>, String>,
    policy: &Policy,
    number: impl Fn(&T) -> Result<u64, String>,
) {
    let numbers = |[first, second]: &[T; 2]| Ok::<_, String>([number(first)?, number(second)?]);
    let both = |[base, head]: &Twice<T>| Ok([numbers(base)?, numbers(head)?]);
    let [base, head] = match counts.as_ref().map_err(String::clone).and_then(both) {
        Ok(both) => both,
        Err(reason) => {
            row.reason = reason;
            return;
        }
    };
    let judgement = judge_counts(base, head, limits);
    let evidence = if judgement.verdict == Verdict::OverBudget { Evidence::AbsoluteBudget } else { Evidence::Counted };
    put(row, judgement, evidence);
    policy.accept(row);
    let worse = matches!(row.verdict, Verdict::Regressed | Verdict::Accepted);
    if worse && limits.max.is_some_and(|max| head[0].min(head[1]) > max) {
        exceed(row, "more than its budget allows");
    }
    (row.base, row.head) = (Some(base[0] as f64), Some(head[0] as f64));
}
