//! Which functions made a row slower: told under each row that regressed, where counting is possible.

use std::time::Duration;

use super::counts::{can_count, caveat, count_both};
use super::project::Setting;
use super::suites::Suites;
use super::{FlowError, Progress};
use crate::harness::HarnessError;
use crate::harness::criterion::Patience;
use crate::instrument::{Copies, Detail};
use crate::model::{BenchmarkId, CountedChange, Culprit, Metric, Row, Verdict};
use crate::profile::{Profile, changes};
use crate::report::counted;

/// Rows that are counted at most: a change that slows down more than these has one cause, and some of them show it.
const MOST_ROWS: usize = 20;
/// What counting may take, estimated.
const ROOM: Duration = Duration::from_secs(30);
/// Programs are so many times slower where they are counted, and each side is called so often.
const SLOWDOWN: f64 = 60.0;
const CALLS: f64 = 2.0 * 11.0;
/// A program that is silent for longer is given up: no verdict waits for it.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(20), given_up: 3, in_all: Duration::from_secs(60) };
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
    let copies = Copies::new()?;
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
            continue;
        }
        let counts = match count_both(open, &names, &copies.folder().join("counts"), Detail::Functions, PATIENCE) {
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
    let culprits = changes(base, head).into_iter().filter(|change| change.own() != 0);
    let culprits =
        culprits.take(MOST_CULPRITS).map(|change| Culprit { change: change.own(), function: change.function.name });
    CountedChange { base: base.total, head: head.total, culprits: culprits.collect() }
}
