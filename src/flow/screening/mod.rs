//! Benchmarks that execute the same machine code on both sides. To know which functions a benchmark executes it runs once
//! on base, under callgrind. Where each of them is the same in head, head does the same: its time need not be measured.

mod executed;
mod kept;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use super::counts::{can_count, caveat};
use super::project::Setting;
use super::suites::{Open, Origin, Settled, Suites};
use super::{FlowError, Progress};
use crate::code::{Code, Comparison};
use crate::model::{BenchmarkId, Controls, Evidence, Metric, Row, Verdict};
use crate::report::counted;
use crate::stats::Rng;
use executed::executed;

pub use executed::{Executed, Known};
pub use kept::{Kept, decode, encode};
pub use shared::{Shared, Symbols};

/// What is known of a benchmark that needs no timing.
const PROVED: &str = "all functions that base executed under valgrind have the same machine code in head";
/// One in so many of those that need no timing is timed all the same, to see whether the proof holds.
const TIMED_ALL_THE_SAME: u64 = 20;

/// Takes out of the open benchmarks those that need no timing. Those that are timed all the same are `drawn`.
pub fn screen(
    suites: &mut Suites,
    setting: &Setting,
    kept: &Kept,
    folder: &Path,
    seed: u64,
    until: Option<Instant>,
    progress: &mut dyn Progress,
) -> Result<(), FlowError> {
    let rows: usize = suites.open.iter().map(|open| open.names.len()).sum();
    if rows == 0 || !setting.config.policy.screen {
        return Ok(());
    }
    if !can_count(setting) {
        progress.detail("Timing", "all that differs: whether the same code is executed, valgrind would tell");
        return Ok(());
    }
    progress.phase("screened");
    progress.status("Screening", &format!("{}: which execute the same code", counted(rows, "benchmark")));
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let obstacles: Vec<Option<String>> = suites.open.iter().map(obstacle).collect();
    let known = executed(&suites.open, &obstacles, kept, folder, until, progress)?;
    let mut same: Vec<BTreeSet<String>> = Vec::new();
    for ((open, obstacle), known) in suites.open.iter().zip(obstacles).zip(known) {
        let differences = obstacle.map_or_else(|| differences(open, known), Err);
        let mut of_it = BTreeSet::new();
        for name in &open.names {
            let difference = match &differences {
                Ok(known) => known.get(name).cloned().unwrap_or_else(|| Some("not counted".to_owned())),
                Err(reason) => Some(reason.clone()),
            };
            match difference {
                Some(reason) => reasons.entry(reason).or_default().push(name.clone()),
                None => drop(of_it.insert(name.clone())),
            }
        }
        same.push(of_it);
    }
    let count: usize = same.iter().map(BTreeSet::len).sum();
    let mut rng = Rng::new(seed);
    let mut is_drawn = || rng.below(TIMED_ALL_THE_SAME) == 0;
    // Who waits for nothing else does not wait for these, but for one time in so many.
    let draws = count < rows || is_drawn();
    for (open, same) in suites.open.iter_mut().zip(same) {
        let (proved, left) = std::mem::take(&mut open.names)
            .into_iter()
            .partition::<Vec<String>, _>(|name| same.contains(name) && !(draws && is_drawn()));
        for name in left.iter().filter(|name| same.contains(*name)) {
            suites.drawn.insert(open.id(name));
            let reason = "executes the same code, and was drawn to be timed all the same";
            reasons.entry(reason.to_owned()).or_default().push(name.clone());
        }
        suites.settled.extend(proved.iter().map(|name| settled(open, name)));
        open.names = left;
    }
    suites.open.retain(|open| !open.names.is_empty());
    for (reason, names) in reasons {
        let others = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
        progress.detail("Timing", &format!("{}{others}: {reason}", names[0]));
    }
    progress.status("Screened", &format!("{count} of {rows} execute the same code"));
    Ok(())
}

/// What timing made of those that were timed all the same.
pub fn outcome(timed: &BTreeSet<BenchmarkId>, rows: &[Row]) -> Controls {
    let ids = |wanted: fn(Verdict) -> bool| {
        let rows = rows.iter().filter(|row| timed.contains(&row.benchmark) && wanted(row.verdict));
        rows.map(|row| &row.benchmark).collect::<BTreeSet<_>>().len() as u64
    };
    Controls {
        proved: ids(|verdict| verdict.is_judged() && verdict != Verdict::Inconclusive),
        contradicted: ids(|verdict| verdict.is_too_slow() || matches!(verdict, Verdict::Improved | Verdict::Accepted)),
        ..Controls::default()
    }
}

/// Where timing did not decide a benchmark that was timed all the same, what is known of it does.
pub fn fall_back(timed: &BTreeSet<BenchmarkId>, rows: &mut [Row]) {
    let undecided = |row: &&mut Row| {
        row.verdict == Verdict::Inconclusive && row.metric == Metric::WallTime && timed.contains(&row.benchmark)
    };
    for row in rows.iter_mut().filter(undecided) {
        row.verdict = Verdict::Unchanged;
        row.evidence = Some(Evidence::SameCodeExecuted);
        row.reason = format!("{PROVED}; it was timed all the same, which did not decide");
    }
}

fn settled(open: &Open, name: &str) -> Settled {
    let on_base = open.tried.as_ref().map(|across| format!("{}: ", across.as_str()));
    Settled {
        id: open.id(name),
        harness: open.harness.clone(),
        timed: true,
        verdict: Verdict::Unchanged,
        evidence: Some(Evidence::SameCodeExecuted),
        reason: on_base.unwrap_or_default() + PROVED,
    }
}

/// Why nothing can be proved of an executable, if that is so.
fn obstacle(open: &Open) -> Option<String> {
    if !open.suite.renamed.is_empty() {
        return Some("it was renamed".to_owned());
    }
    let recorded = |origin: Option<&Origin>| origin.is_some_and(|origin| origin.relink.is_some());
    if !recorded(open.base_origin.as_ref()) || !recorded(Some(&open.head_origin)) {
        return Some("what its executable was linked from is not known".to_owned());
    }
    let options = |origin: &Origin| origin.relink.as_ref().and_then(|relink| relink.options().ok());
    if open.base_origin.as_ref().and_then(options) != options(&open.head_origin) {
        return Some("base and head are linked with other options".to_owned());
    }
    caveat(open)
}

/// For the benchmarks of which it is known what they execute: why that is not the same code on both sides; nothing where
/// it is.
fn differences(open: &Open, known: Known) -> Result<BTreeMap<String, Option<String>>, String> {
    let origin = open.base_origin.as_ref().ok_or("there is no base")?;
    let (base_files, head_files) = (files(origin)?, files(&open.head_origin)?);
    let (base_code, head_code) = (code(&base_files)?, code(&head_files)?);
    let mut comparison = Comparison::new(&base_code, &head_code);
    if !comparison.same_constructors() {
        return Err("what runs before `main` differs".to_owned());
    }
    let mut difference = |executed: &Executed| {
        if executed.timed.is_empty() {
            return Some("no function of its executable is known by name".to_owned());
        }
        if executed.beyond.is_some() {
            return executed.beyond.clone();
        }
        comparison.difference(&*executed.timed, executed.beside.iter().chain(&*executed.before))
    };
    let each = known.into_iter().map(|(name, executed)| match executed {
        Ok(executed) => (name, difference(&executed)),
        Err(reason) => (name, Some(format!("not counted: {reason}"))),
    });
    Ok(each.collect())
}

fn code(files: &[Vec<u8>]) -> Result<Code<'_>, String> {
    Code::read(files.iter().map(Vec::as_slice)).map_err(|e| e.to_string())
}

fn files(origin: &Origin) -> Result<Vec<Vec<u8>>, String> {
    let relink = origin.relink.as_ref().ok_or("its link was not recorded")?;
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|e| format!("{} of its link cannot be read: {e}", path.display()))
    };
    relink.inputs()?.iter().map(read).collect()
}
