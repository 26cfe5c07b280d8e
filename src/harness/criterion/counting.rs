//! Instructions of the timed section of each benchmark. The program runs under callgrind on the control channel, and is told
//! to call each benchmark once to warm up and then ten times, each with one iteration. Callgrind writes what was executed
//! between one reading of the clock and the next; where the harness reads the clock tells which of it was timed:
//!
//! ```text
//! Bencher::iter         now  now  [ routine ]  now  now
//! Bencher::iter_batched now  set-up  now  [ routine ]  now  drop  now
//! Bencher::iter_custom  now  [ what the benchmark does, with its own readings ]  now
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::channel::Complete;
use super::enumerate::{point, spawn};
use super::options::{Slicing, Version, filters};
use super::session::{Ending, EndingKind, NoSession, Starting, Step};
use crate::harness::{HarnessError, Program};
use crate::instrument::Counted;
use crate::profile::{Profile, read_callgrind};

/// What the timed section of a benchmark executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// The first iteration of the process.
    pub cold: Profile,
    /// An iteration after others.
    pub warm: Profile,
}

/// Benchmarks by name, each with its counts or the reason why there are none.
pub type Counting = BTreeMap<String, Result<Counts, String>>;

/// So short that one call suffices to warm up, and that each sample is one iteration.
const SHORTEST: Duration = Duration::from_micros(1);
/// The fewest samples that criterion takes.
const SAMPLES: u32 = 10;

/// What reading the clock executes, on both ends of the timed section: a constant that is the harness's.
fn is_clock(function: &str) -> bool {
    const OWN: [&str; 4] = ["std::time::Instant", "clock_gettime", "__vdso_clock_gettime", "__clock_gettime"];
    let path = function.trim_start_matches('<');
    OWN.iter().any(|own| path.starts_with(own))
        || (path.starts_with("std::sys::") && path.contains("::time::"))
        || path.contains("criterion::measurement::WallTime as criterion::measurement::Measurement>::")
}

/// Counts the benchmarks of `program`. `folder` takes the files of callgrind, `home` what the program may write.
///
/// # Errors
/// Where the program cannot be started under valgrind at all. A benchmark that cannot be counted is an answer.
pub fn count(
    program: &Program,
    version: Version,
    names: &[String],
    folder: &Path,
    home: &Path,
    time_out: Duration,
) -> Result<Counting, HarnessError> {
    let mut counting = Counting::new();
    if !version.takes_fractions() {
        let why = format!("criterion {version} takes whole seconds only, and would run for minutes under valgrind");
        return Ok(names.iter().map(|name| (name.clone(), Err(why.clone()))).collect());
    }
    let mut left = names.to_vec();
    for attempt in 0.. {
        let Some((part, filter)) = filters(&left).into_iter().next() else { break };
        let folder = folder.join(attempt.to_string());
        let (counted, ended) = Run { program, folder: &folder, home, time_out }.count(&filter)?;
        let missing: Vec<&String> = part.iter().filter(|name| !counted.contains_key(*name)).collect();
        let (given_up, why) = match ended {
            // The others get a process without the one that ended this.
            Some(ending) => {
                let during = missing.iter().find(|name| ending.during.as_ref() == Some(**name));
                (Vec::from_iter(during.or(missing.first()).copied()), ending.detail)
            }
            None if counted.is_empty() => (missing, "it ended without having measured it".to_owned()),
            None => (Vec::new(), String::new()),
        };
        counting.extend(given_up.into_iter().map(|name| (name.clone(), Err(why.clone()))));
        counting.extend(counted);
        left.retain(|name| !counting.contains_key(name));
    }
    Ok(counting)
}

struct Run<'a> {
    program: &'a Program,
    folder: &'a Path,
    home: &'a Path,
    time_out: Duration,
}

impl Run<'_> {
    /// What one process counts, and how it ended where that was too early.
    fn count(&self, filter: &str) -> Result<(Counting, Option<Ending>), HarnessError> {
        let start_error =
            |cause: String| HarnessError::Start { program: self.program.path.display().to_string(), cause };
        point(self.program)?;
        let slicing = Slicing { warm_up: SHORTEST, measurement: SHORTEST, samples: SAMPLES };
        let spawn = spawn(self.program, &self.program.path, self.home).args(slicing.arguments()).args([filter]);
        let (spawn, counted) = Counted::new(spawn, self.folder).map_err(|e| start_error(e.to_string()))?;
        let starting = Starting::start(spawn, self.time_out, false).map_err(|e| start_error(e.to_string()))?;
        let mut session = match starting.connect() {
            Ok(session) => session,
            Err(NoSession::NeverConnected(ending) | NoSession::Failed(ending)) => {
                let detail = format!("did not run under valgrind: {}", ending.detail);
                return match ending.kind {
                    EndingKind::Stopped => Err(HarnessError::Stopped),
                    _ => Ok((Counting::new(), Some(Ending { detail, ..ending }))),
                };
            }
        };
        let (mut counting, mut read) = (Counting::new(), 0);
        loop {
            match session.next() {
                Step::Skipped(_) => {}
                Step::Measured(complete, _) => {
                    let clock = counted.parts().map_err(|e| start_error(e.to_string()))?;
                    counting.insert(complete.name.clone(), section(&counted, &complete, read, clock));
                    counted.forget(read + 1, clock);
                    read = clock;
                }
                Step::Ended(ending) => match ending.kind {
                    EndingKind::Finished => return Ok((counting, None)),
                    EndingKind::Stopped => return Err(HarnessError::Stopped),
                    _ => return Ok((counting, Some(ending))),
                },
            }
        }
    }
}

/// The counts of a benchmark, in which the clock was read from the reading after number `before` to number `last`.
fn section(counted: &Counted, complete: &Complete, before: usize, last: usize) -> Result<Counts, String> {
    if complete.iterations.iter().any(|iterations| *iterations != 1.0) {
        return Err("its code fixes how it is measured".to_owned());
    }
    let calls = complete.iterations.len() + 1;
    let readings = last - before;
    if readings == 0 || !readings.is_multiple_of(calls) {
        return Err(format!("it reads the clock itself, {readings} times in {calls} calls"));
    }
    let each = readings / calls;
    // Parts of a call, by the reading that ends each; the first is what lies between two calls.
    let timed = match each {
        2 => 2..=2,
        3.. => 3..=each - 1,
        _ => return Err("criterion reads the clock in a way that is not known".to_owned()),
    };
    let call = |index: usize| {
        let parts = timed.clone().map(|part| {
            let text = counted.part(before + index * each + part).map_err(|e: io::Error| e.to_string())?;
            read_callgrind(&text).map_err(|e| format!("callgrind's file cannot be read: {e}"))
        });
        let mut whole = Profile::default();
        for part in parts {
            whole.add(&part?);
        }
        whole.without(is_clock);
        if whole.total == 0 { Err("no instruction was counted".to_owned()) } else { Ok(whole) }
    };
    // What memory looks like settles in the first of them.
    let mut settled: Vec<Profile> = (calls / 2..calls).map(call).collect::<Result<_, String>>()?;
    settled.sort_by_key(|profile| profile.total);
    let middle = (settled.len() - 1) / 2;
    Ok(Counts { cold: call(0)?, warm: settled.swap_remove(middle) })
}
