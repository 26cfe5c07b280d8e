//! Judging by stored numbers alone: two stored runs, or head measured now and base's baseline. For times this confirms
//! nothing, and every row says so.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::assemble::{self, Frame};
use super::check::{CheckRequest, frame, store, tell_how_to_reproduce};
use super::head_counts::HeadCounts;
use super::policy::{Adopted, without_effect};
use super::project::Setting;
use super::renamed::Renamed;
use super::run::measure_head;
use super::source_lines::locate;
use super::stored_counts::{StoredBase, counted_rows};
use super::sync::pull_lacking;
use super::{FlowError, Progress};
use crate::gate::{Limits, Policy, judge_stored};
use crate::model::{
    BenchmarkId, Controls, CountedRun, Evidence, Measurement, Metric, Report, Row, Run, Skipped, Verdict, short,
};
use crate::stats::sorted;
use crate::store::{Loaded, Store};
use crate::vcs::Base;

/// `check --method stored`.
pub(super) fn check_stored(
    setting: &mut Setting,
    base: &Base,
    request: &CheckRequest,
    adopted: &Adopted,
    progress: &mut dyn Progress,
) -> Result<(Report, Option<FlowError>), FlowError> {
    let alone = measure_head(setting, Some(base), true, progress)?;
    let (setting, policy, counts) = (&*setting, &setting.config.policy, &alone.counts);
    let baselines = Store::open(setting.repository.root())?;
    let mut loaded = baselines.load(&base.commit)?;
    let lacks_counts = counts.conditions.is_some() && counts.like(&loaded.counted()).is_none();
    if loaded.together(&alone.environment.key).is_none() || lacks_counts {
        pull_lacking(setting, &baselines, std::slice::from_ref(&base.commit), progress);
        loaded = baselines.load(&base.commit)?;
    }
    let (name, runs, counted) = (short(&base.commit), loaded.by_environment(), loaded.counted());
    let stored_base = StoredBase { name, runs: &runs, counted: &counted };
    let warnings = adopted.differences.clone();
    let mut frame = frame(setting, Some(base), Some(alone.environment.clone()), &alone.suites, warnings);
    frame.warnings.extend(loaded.skipped.iter().map(described));
    frame.warnings.extend(to_come(name, &loaded));
    if let Some(share) = alone.share {
        frame.compared_elsewhere = share.compared_elsewhere;
        frame.shard = Some(share.measured(&alone.suites, &alone.results));
    }
    let baseline = loaded.together(&alone.environment.key);
    let whole = alone.results.are_all(setting, &alone.suites);
    let comparisons = alone.suites.comparisons;
    let mut rows: Vec<Row> = alone.suites.settled.iter().map(|s| assemble::settled_row(s, policy)).collect();
    let mut measurements = Vec::new();
    for (id, open, measured) in alone.results.each(&alone.suites) {
        match assemble::paired_rows(id.clone(), open, measured, setting.limits(open, &id), policy, frame.controls) {
            Err(skipped) => frame.skipped.push(skipped),
            Ok(own) if measured.ended_by.is_some() => rows.extend(own),
            Ok(_) => measurements.extend(assemble::measurement(id, open, measured)),
        }
    }
    let ids = |run: &Run| run.measurements.iter().map(|m| m.benchmark.clone()).collect::<Vec<_>>();
    let renamed = match baseline {
        Some(mut base) => {
            let renamed = setting.renamed_among((&ids(&base), &alone.ids), base.whole && whole)?;
            // By head's names: what was renamed is in the share that measured it.
            if let Some(partition) = setting.request.partition {
                base.measurements.retain(|m| partition.takes(renamed.in_head(&m.benchmark)));
            }
            let base = (&base.measurements[..], base.whole);
            rows.extend(stored_rows(base, (&measurements, whole), comparisons, &renamed, policy));
            renamed
        }
        None => {
            let elsewhere = loaded.runs.len();
            frame.no_baseline = counts.like(&counted).is_none();
            let place =
                if elsewhere > 0 { format!(", only {elsewhere} from other environments") } else { String::new() };
            let alone_counted = if counts.like(&counted).is_some() { ", and counts alone are compared" } else { "" };
            frame.warnings.push(format!(
                "no baseline of {name} was stored in this environment{place}{alone_counted}: check it out and `cargo perfgate run`, or leave out --method stored"
            ));
            let renamed = setting.renamed_among((&runs.iter().flat_map(ids).collect::<Vec<_>>(), &alone.ids), false)?;
            rows.extend(stored_rows((&[], false), (&measurements, whole), comparisons, &renamed, policy));
            renamed
        }
    };
    let lost = stored_base.lost(counts, &alone.ids, &renamed).into_iter().filter(|_| whole);
    let told: BTreeSet<BenchmarkId> = rows.iter().map(|row| row.benchmark.clone()).collect();
    let own = |id: &BenchmarkId| setting.request.partition.is_none_or(|share| share.takes(renamed.in_head(id)));
    let lost = lost.filter(|(id, _)| own(id) && !told.contains(*id));
    rows.extend(lost.map(|(id, harness)| removed_row(id, harness, policy)));
    let head_counts = (counts, alone.environment.key.as_str());
    let (counted, unlike) = counted_rows(&stored_base, head_counts, &renamed, policy);
    rows.extend(counted);
    frame.warnings.extend(unlike);
    tell_how_to_reproduce(&mut rows, setting, (base, &alone.head), &renamed, request.policy);
    locate(&alone.head, &mut rows);
    frame.warnings.extend(without_effect(adopted, policy, &rows));
    let stored = if request.store {
        let run = assemble::run(setting, &alone.environment, alone.started, whole, measurements, Controls::default());
        store(setting, &Run { counted: counts.to_store(), ..run }, progress).err()
    } else {
        None
    };
    Ok((assemble::report(frame, rows, policy), stored))
}

/// The rows of two sides' measurements, each with whether these are all that the side has. What one side alone has is
/// `added` or `removed` only where the other has all; else nothing is known of it there. `comparisons`: how many rows share
/// the chance of a false red, where that is more than both sides have here.
pub(super) fn stored_rows(
    (base, base_whole): (&[Measurement], bool),
    (head, head_whole): (&[Measurement], bool),
    comparisons: Option<usize>,
    renamed: &Renamed,
    policy: &Policy,
) -> Vec<Row> {
    let mut bases: HashMap<Key<'_>, &Measurement> = HashMap::with_capacity(base.len());
    for base in base {
        bases.entry(key(base)).or_insert(base);
    }
    let of_base = |head: &Measurement| bases.get(&(renamed.in_base(&head.benchmark), head.metric)).copied();
    // A file may name a benchmark twice: the first counts, on both sides.
    let mut seen: HashSet<Key<'_>> = HashSet::with_capacity(head.len());
    let heads = head.iter().filter(|m| seen.insert(key(m)));
    let all: Vec<(&Measurement, Option<&Measurement>)> = heads.map(|head| (head, of_base(head))).collect();
    let common = all.iter().filter(|(_, base)| base.is_some()).count();
    let comparisons = comparisons.unwrap_or(common);
    let row = |(head, base): &(&Measurement, Option<&Measurement>)| {
        let old = renamed.in_base(&head.benchmark);
        let mut row = stored_row(*base, base_whole, head, comparisons, policy.limits(old), policy);
        if *old != head.benchmark {
            row.reason = format!("base's `{}`: {}", old.name, row.reason);
        }
        row
    };
    let mut rows: Vec<Row> = in_shares(&all, |share| share.iter().map(row).collect());
    let lost = base.iter().filter(|m| head_whole && !renamed.is_old(&m.benchmark) && seen.insert(key(m)));
    let removed =
        |base: &Measurement| Row { base: Some(base.median), ..removed_row(&base.benchmark, &base.harness, policy) };
    rows.extend(lost.map(removed));
    rows
}

/// The row of what base alone has.
fn removed_row(id: &BenchmarkId, harness: &str, policy: &Policy) -> Row {
    let mut row = assemble::empty_row(id.clone(), harness, policy.limits(id));
    row.verdict = Verdict::Removed;
    row.reason = "head has no measurement of it".into();
    row
}

type Key<'m> = (&'m BenchmarkId, Metric);

fn key(measurement: &Measurement) -> Key<'_> {
    (&measurement.benchmark, measurement.metric)
}

/// What `work` makes of all, each thread with a share of it, in order. A few rows are not worth a thread.
fn in_shares<T: Sync, R: Send>(all: &[T], work: impl Fn(&[T]) -> Vec<R> + Sync) -> Vec<R> {
    const WORTH_A_THREAD: usize = 500;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(all.len() / WORTH_A_THREAD).max(1);
    let share = all.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let started: Vec<_> = all.chunks(share).map(|some| scope.spawn(|| work(some))).collect();
        let done = started.into_iter().flat_map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.collect()
    })
}

/// The row of what head has, against what base has of it. `rows` is the number of rows that share the chance of a false
/// red.
fn stored_row(
    base: Option<&Measurement>,
    base_whole: bool,
    head: &Measurement,
    rows: usize,
    limits: Limits,
    policy: &Policy,
) -> Row {
    let mut row = assemble::empty_row(head.benchmark.clone(), &head.harness, limits);
    row.head = Some(head.median);
    let Some(base) = base else {
        row.verdict = if base_whole { Verdict::Added } else { Verdict::Inconclusive };
        row.reason = "no measurement of it is stored of base".into();
        return row;
    };
    // Whoever needs them in order finds them so.
    let [bases, heads] = [base, head].map(|m| sorted(m.estimates.iter().copied()));
    row.base = Some(base.median);
    row.pairs = base.estimates.len().min(head.estimates.len());
    if base.executable == head.executable {
        row.verdict = Verdict::Unchanged;
        row.evidence = Some(Evidence::SameExecutable);
        row.reason = "base and head have the same code and data".into();
    } else {
        let alone = base.estimates.len() == 1 && head.estimates.len() == 1;
        let between = head.estimates[0] / base.estimates[0] - 1.0;
        let logarithms = |values: &[f64]| values.iter().map(|v| v.ln()).collect::<Vec<_>>();
        let judgement = judge_stored(&logarithms(&bases), &logarithms(&heads), limits, rows);
        assemble::put(&mut row, judgement, Evidence::StoredBaseline);
        if alone {
            row.change = Some(between).filter(|change| change.is_finite());
            row.reason = "one process on each side: two processes of one program may differ by as much".into();
        }
    }
    policy.accept(&mut row);
    assemble::budget(&mut row, &heads);
    assemble::show_samples(&mut row, &bases, &heads);
    row
}

/// What of the policy is not judged where no counts of head are stored.
fn not_counted(policy: &Policy) -> Option<String> {
    let metrics: Vec<String> = policy.counted().into_iter().map(|metric| format!("`{metric}`")).collect();
    let metrics = (!metrics.is_empty()).then(|| metrics.join(", "))?;
    Some(format!(
        "no counts of head are stored, and the limits of {metrics} are not judged: `cargo perfgate run` stores them with the times"
    ))
}

/// What is stored of one side, where both are.
pub(super) struct StoredSide {
    /// Its runs, one for each environment, the newest first: at least one.
    pub runs: Vec<Run>,
    /// What was counted of it under different conditions, the newest first.
    pub counted: Vec<CountedRun>,
}

impl StoredSide {
    /// What of `head` was counted under conditions under which this side was, too: the newest.
    pub fn like<'h>(&self, head: &'h Self) -> Option<&'h CountedRun> {
        head.counted.iter().find(|head| self.counted.iter().any(|own| own.conditions == head.conditions))
    }
}

impl From<Run> for StoredSide {
    fn from(run: Run) -> Self {
        Self { counted: run.counted.clone().into_iter().collect(), runs: vec![run] }
    }
}

/// The report of two sides: of the times of these two runs, where they are comparable, and of counts.
pub(super) fn stored_report(
    (base, head): (&Run, &Run),
    (bases, heads): (&StoredSide, &StoredSide),
    name: &str,
    mut frame: Frame,
    renamed: &Renamed,
    policy: &Policy,
) -> Report {
    let stored_base = StoredBase { name, runs: &bases.runs, counted: &bases.counted };
    let counts = match bases.like(heads).or(heads.counted.first()) {
        Some(counted) => HeadCounts::stored(counted, &head.measurements, &policy.counted()),
        None => {
            frame.warnings.extend(not_counted(policy));
            HeadCounts::default()
        }
    };
    let mut rows = if base.environment.key == head.environment.key {
        stored_rows((&base.measurements, base.whole), (&head.measurements, head.whole), None, renamed, policy)
    } else {
        let ids: Vec<BenchmarkId> = head.measurements.iter().map(|m| m.benchmark.clone()).collect();
        let lost = stored_base.lost(&counts, &ids, renamed).into_iter().filter(|_| head.whole);
        lost.map(|(id, harness)| removed_row(id, harness, policy)).collect()
    };
    let (counted, unlike) = counted_rows(&stored_base, (&counts, &head.environment.key), renamed, policy);
    rows.extend(counted);
    frame.warnings.extend(unlike);
    assemble::report(frame, rows, policy)
}

/// What is said where the newest run began later than now: by when they began, the newer run is told from the older.
pub(super) fn to_come(name: &str, loaded: &Loaded) -> Option<String> {
    // Clocks of two machines differ by less.
    let soon = Timestamp::now().checked_add(SignedDuration::from_hours(1)).ok()?;
    let newest = loaded.newest()?.id.started();
    (newest > soon).then(|| {
        format!(
            "the newest baseline of {name} says that it was measured at {newest}, which is yet to come: a clock was wrong, and what is measured before then does not replace it; `cargo perfgate baseline delete {name}` removes it"
        )
    })
}

/// One line for a record or target that was left out.
pub(super) fn described(skipped: &Skipped) -> String {
    format!("{}: {}", skipped.what, skipped.reason)
}
