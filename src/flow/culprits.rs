//! Which functions made a row slower: told under each row that regressed, where counting is possible.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::counts::{allocations_of, can_count, caveat, count_both, of};
use super::project::Setting;
use super::suites::{Open, Suites};
use super::tally::Tally;
use super::{FlowError, Progress};
use crate::harness::HarnessError;
use crate::harness::criterion::{Allocations, Patience};
use crate::instrument::{Copies, Detail};
use crate::model::{BenchmarkId, CountedChange, Culprit, Metric, Row, Side, Verdict};
use crate::profile::{Function, FunctionChange, Profile, Sites, changes};
use crate::report::counted;

/// Rows that are counted at most: a change that slows down more than these has one cause, and some of them show it.
const MOST_ROWS: usize = 20;
/// What counting may take, estimated.
const ROOM: Duration = Duration::from_secs(30);
/// Programs are so many times slower where they are counted, and each side is called so often.
const SLOWDOWN: f64 = 60.0;
const CALLS: f64 = 2.0 * CALLS_WATCHED as f64;
/// How often a benchmark is called where it is watched.
pub(super) const CALLS_WATCHED: i64 = 11;
/// A program that is silent for longer is given up: no verdict waits for it.
const PATIENCE: Patience<'_> =
    Patience { silence: Duration::from_secs(20), given_up: 3, in_all: Duration::from_secs(60), answered: None };
/// Functions that are named.
const MOST_CULPRITS: usize = 3;

/// Counts what regressed. That it cannot be counted changes no verdict, and fails nothing.
pub fn name_culprits(
    setting: &Setting,
    suites: &Suites,
    rows: &mut [Row],
    progress: &mut dyn Progress,
) -> Result<(), FlowError> {
    let is_slow = |row: &&mut Row| {
        row.verdict == Verdict::Regressed
            && row.metric == Metric::WallTime
            && row.counted.is_none()
            && row.benchmark != BenchmarkId::suite()
    };
    let mut slow: Vec<&mut Row> = rows.iter_mut().filter(is_slow).collect();
    slow.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    let mut room = ROOM.as_secs_f64();
    slow.retain(|row| {
        room -= cost(row);
        room >= 0.0
    });
    slow.truncate(MOST_ROWS);
    if slow.is_empty() || !can_count(setting) {
        return Ok(());
    }
    progress.phase("counted");
    progress.status("Counting", &format!("{}: which functions did it", counted(slow.len(), "slower benchmark")));
    let (copies, tally) = (Copies::new()?, Tally::new(slow.len(), slow.len() * 2));
    let patience = tally.hearing(PATIENCE);
    for open in &suites.open {
        let is_slow = |name: &&String| {
            let id = open.id(name);
            slow.iter().any(|row| row.benchmark == id)
        };
        let names: Vec<String> = open.names.iter().filter(is_slow).cloned().collect();
        if names.is_empty() {
            continue;
        }
        if let Some(caveat) = caveat(open) {
            progress.detail("Not counting", &caveat);
            patience.add_answered(names.len() * 2);
            continue;
        }
        let counts = || count_both(open, &names, &copies.folder().join("counts"), Detail::Functions, patience);
        let counts = match tally.tell(progress, counts) {
            Err(HarnessError::Stopped) => return Err(HarnessError::Stopped.into()),
            Err(e) => {
                progress.detail("Not counting", &e.to_string());
                continue;
            }
            Ok(counts) => counts,
        };
        for (name, counts) in counts {
            match counts {
                Ok((base, head)) => {
                    let id = open.id(&name);
                    for row in slow.iter_mut().filter(|row| row.benchmark == id) {
                        row.counted = Some(counted_change(&base.warm, &head.warm));
                    }
                }
                Err(reason) => progress.detail("Not counting", &format!("{name}: {reason}")),
            }
        }
    }
    Ok(())
}

/// What counting a row takes in seconds, roughly.
fn cost(row: &Row) -> f64 {
    row.head.unwrap_or(f64::INFINITY) / 1e9 * SLOWDOWN * CALLS
}

/// What two profiles show, and the functions that account for most of it.
pub fn counted_change(base: &Profile, head: &Profile) -> CountedChange {
    let is_inside =
        |function: &Function| base.inside_allocator.contains(function) || head.inside_allocator.contains(function);
    let is_told = |change: &FunctionChange| change.own() != 0 && !is_inside(&change.function);
    let culprits = changes(base, head).into_iter().filter(is_told);
    let culprits =
        culprits.take(MOST_CULPRITS).map(|change| Culprit { change: change.own(), function: change.function.name });
    CountedChange {
        base: base.own_code(),
        head: head.own_code(),
        base_allocator: base.allocator,
        head_allocator: head.allocator,
        culprits: culprits.collect(),
    }
}

/// What both sides allocate, and the functions that account for most of the difference, where that can be told: of processes
/// that call this benchmark alone.
pub fn site_change(
    open: &Open,
    name: &str,
    row: &Row,
    folder: &Path,
    patience: Patience<'_>,
) -> Result<Option<CountedChange>, HarnessError> {
    let alone = [name.to_owned()];
    let of_side = |side| -> Result<Option<Allocations>, HarnessError> {
        Ok(of(&mut allocations_of(open, side, &alone, folder, patience)?, name, side).ok())
    };
    let (Some(base), Some(head)) = (of_side(Side::Base)?, of_side(Side::Head)?) else { return Ok(None) };
    let number = |sites: &Sites, function: &String| {
        let site = sites.get(function).copied().unwrap_or_default();
        let number = match row.metric {
            Metric::Allocations => site.blocks,
            Metric::LeakedBytes => site.alive,
            _ => site.bytes,
        };
        i64::try_from(number).unwrap_or(i64::MAX)
    };
    // Where both sides are over a budget, head's own count.
    let same = row.base == row.head;
    let functions: BTreeSet<&String> = base.sites.keys().chain(head.sites.keys()).collect();
    let change = |function: &&String| {
        let before = if same { 0 } else { number(&base.sites, function) };
        // What happens once a process is not what an iteration does.
        (number(&head.sites, function) - before) / CALLS_WATCHED
    };
    let mut culprits: Vec<Culprit> =
        functions.iter().map(|function| Culprit { change: change(function), function: (*function).clone() }).collect();
    culprits.retain(|culprit| culprit.change != 0);
    culprits.sort_by_key(|culprit| std::cmp::Reverse(culprit.change.unsigned_abs()));
    culprits.truncate(MOST_CULPRITS);
    let counts = |value: Option<f64>| value.unwrap_or(0.0) as u64;
    let (base, head) = (counts(row.base), counts(row.head));
    Ok(Some(CountedChange { base, head, base_allocator: 0, head_allocator: 0, culprits }))
}
