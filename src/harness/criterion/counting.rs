//! Instructions of the timed section of each benchmark. The program runs under callgrind on the control channel, and is told
//! to call each benchmark once to warm up and then ten times, each with one iteration. Callgrind writes what was executed
//! between one reading of the clock and the next; where the harness reads the clock tells which of it was timed:
//!
//! ```text
//! Bencher::iter         now  now  [ routine ]  now  now
//! Bencher::iter_batched now  set-up  now  [ routine ]  now  drop  now
//! Bencher::iter_custom  now  [ what the benchmark does, with its own readings ]  now
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_demangle::demangle;

use super::channel::Complete;
use super::enumerate::{point, spawn};
use super::options::{Slicing, Version, filters};
use super::session::{Ending, EndingKind, NoSession, Starting, Step};
use crate::harness::{HarnessError, Program};
use crate::instrument::{Counted, Detail};
use crate::profile::{NotCallgrind, Profile, Symbol, read_callgrind, read_closely, read_symbols};

/// What the timed section of a benchmark executes.
#[derive(Clone, Debug)]
pub struct Counts {
    /// The functions that had a part in it.
    pub executed: Executed,
    /// The first iteration of the process.
    pub cold: Profile,
    /// An iteration after others.
    pub warm: Profile,
}

/// The functions that a process executed.
#[derive(Clone, Debug)]
pub struct Executed {
    /// In the timed section of the benchmark.
    pub timed: BTreeSet<Symbol>,
    /// In the calls of the benchmark beside it, from the first reading of the clock to the last.
    pub beside: BTreeSet<Symbol>,
    /// From the process's start on, between the calls of benchmarks, but for the harness's own: what benchmarks are given
    /// comes from there. What other benchmarks do in their calls is their own.
    pub before: Arc<BTreeSet<Symbol>>,
}

/// How much time counting is worth.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A process that is silent for longer is given up, and with it the benchmark that it is at.
    pub silence: Duration,
    /// Where so many were given up, or could not be counted, the rest is not tried.
    pub given_up: usize,
    /// What one process may take for all that it is asked for.
    pub in_all: Duration,
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

/// Whether a symbol is one of criterion's functions: outside of the calls of a benchmark these do nothing for it.
fn is_harness(symbol: &str) -> bool {
    // Criterion calls benchmarks through `alloca`.
    const CRATES: [&str; 2] = ["criterion::", "alloca::"];
    if !symbol.contains("criterion") && !symbol.contains("alloca") {
        return false;
    }
    let path = format!("{:#}", demangle(symbol));
    let path = path.strip_prefix("core::ptr::drop_in_place").unwrap_or(&path);
    let path = path.trim_start_matches(['<', '&']);
    CRATES.iter().any(|own| path.starts_with(own) || path.contains(&format!(" as {own}")))
}

/// Counts the benchmarks of `program`, with who called whom where lines are asked for. `folder` takes the files of callgrind,
/// `home` what the program may write.
///
/// # Errors
/// Where the program cannot be started under valgrind at all. A benchmark that cannot be counted is an answer.
pub fn count(
    program: &Program,
    version: Version,
    names: &[String],
    folder: &Path,
    home: &Path,
    detail: Detail,
    patience: Patience,
) -> Result<Counting, HarnessError> {
    let mut counting = Counting::new();
    if !version.takes_fractions() {
        let why = format!("criterion {version} takes whole seconds only, and would run for minutes under valgrind");
        return Ok(names.iter().map(|name| (name.clone(), Err(why.clone()))).collect());
    }
    let mut left = names.to_vec();
    let mut given_up_so_far = 0;
    for attempt in 0.. {
        let Some((part, filter)) = filters(&left).into_iter().next() else { break };
        if given_up_so_far >= patience.given_up {
            let why = format!("{given_up_so_far} others of its executable could not be counted");
            counting.extend(left.into_iter().map(|name| (name, Err(why.clone()))));
            break;
        }
        let folder = folder.join(attempt.to_string());
        let (counted, ended, enough) = Run { program, folder: &folder, home, detail, patience }.count(&filter)?;
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
        given_up_so_far += given_up.len();
        counting.extend(given_up.into_iter().map(|name| (name.clone(), Err(why.clone()))));
        counting.extend(counted);
        if enough {
            let why = "its executable takes longer to count than to time";
            counting.extend(
                left.drain(..)
                    .filter(|name| !counting.contains_key(name))
                    .map(|name| (name, Err(why.to_owned())))
                    .collect::<Counting>(),
            );
        }
        left.retain(|name| !counting.contains_key(name));
    }
    Ok(counting)
}

struct Run<'a> {
    program: &'a Program,
    folder: &'a Path,
    home: &'a Path,
    detail: Detail,
    patience: Patience,
}

impl Run<'_> {
    /// What one process counts, how it ended where that was too early, and whether it was enough of it.
    fn count(&self, filter: &str) -> Result<(Counting, Option<Ending>, bool), HarnessError> {
        let start_error =
            |cause: String| HarnessError::Start { program: self.program.path.display().to_string(), cause };
        point(self.program)?;
        let slicing = Slicing { warm_up: SHORTEST, measurement: SHORTEST, samples: SAMPLES };
        let spawn = spawn(self.program, &self.program.path, self.home).args(slicing.arguments()).args([filter]);
        let (spawn, counted) =
            Counted::new(&spawn, self.folder, self.detail).map_err(|e| start_error(e.to_string()))?;
        let starting = Starting::start(spawn, self.patience.silence, false).map_err(|e| start_error(e.to_string()))?;
        let mut session = match starting.connect() {
            Ok(session) => session,
            Err(NoSession::NeverConnected(ending) | NoSession::Failed(ending)) => {
                let detail = format!("did not run under valgrind: {}", ending.detail);
                return match ending.kind {
                    EndingKind::Stopped => Err(HarnessError::Stopped),
                    _ => Ok((Counting::new(), Some(Ending { detail, ..ending }), false)),
                };
            }
        };
        let (mut counting, mut read) = (Counting::new(), 0);
        let (mut before, mut failed, begun) = (Arc::default(), 0, Instant::now());
        loop {
            match session.next() {
                Step::Skipped(_) => {}
                Step::Measured(complete, _) => {
                    let clock = counted.parts().map_err(|e| start_error(e.to_string()))?;
                    let counts = section(&counted, self.detail, &complete, read..clock, &mut before);
                    failed += usize::from(counts.is_err());
                    counting.insert(complete.name.clone(), counts);
                    counted.forget(read + 1, clock);
                    read = clock;
                    if failed >= self.patience.given_up || begun.elapsed() > self.patience.in_all {
                        return Ok((counting, None, true));
                    }
                }
                Step::Ended(ending) => match ending.kind {
                    EndingKind::Finished => return Ok((counting, None, false)),
                    EndingKind::Stopped => return Err(HarnessError::Stopped),
                    _ => return Ok((counting, Some(ending), false)),
                },
            }
        }
    }
}

/// The counts of a benchmark, in which the clock was read from the reading after the first number to the last. Adds to
/// `before` what was executed before the first of them.
fn section(
    counted: &Counted,
    detail: Detail,
    complete: &Complete,
    Range { start: first, end: last }: Range<usize>,
    before: &mut Arc<BTreeSet<Symbol>>,
) -> Result<Counts, String> {
    let text = |reading: usize| counted.part(reading).map_err(|e: io::Error| e.to_string());
    let cannot_be_read = |e: NotCallgrind| format!("callgrind's file cannot be read: {e}");
    let calls = complete.iterations.len() + 1;
    let readings = last - first;
    let known = timed_parts(complete, readings, calls);
    let (mut timed, mut beside) = (BTreeSet::new(), BTreeSet::new());
    // What the first call alone executes may set up what others use.
    let (mut in_first, mut later) = (BTreeSet::new(), BTreeSet::new());
    for reading in first + 1..=last {
        let symbols = read_symbols(&text(reading)?).map_err(cannot_be_read)?;
        // Where it is not known what its readings of the clock mean, all that it does may matter to others.
        if let Some(parts) = known.as_ref().ok().filter(|_| reading > first + 1) {
            let each = readings / calls;
            let part = (reading - first - 1) % each + 1;
            if reading - first <= each { &mut in_first } else { &mut later }.extend(symbols.iter().cloned());
            if parts.contains(&part) {
                timed.extend(symbols)
            } else {
                beside.extend(symbols)
            }
            continue;
        }
        let mut new =
            symbols.into_iter().filter(|symbol| !before.contains(symbol) && !is_harness(&symbol.name)).peekable();
        if new.peek().is_some() {
            let new: Vec<Symbol> = new.collect();
            Arc::make_mut(before).extend(new);
        }
    }
    let own = before.clone();
    let set_up = in_first.difference(&later).filter(|symbol| !before.contains(*symbol) && !is_harness(&symbol.name));
    let set_up: Vec<Symbol> = set_up.cloned().collect();
    if !set_up.is_empty() {
        Arc::make_mut(before).extend(set_up);
    }
    let parts = known?;
    let each = readings / calls;
    let read = match detail {
        Detail::Functions => read_callgrind,
        Detail::Lines => read_closely,
    };
    let call = |index: usize| {
        let mut whole = Profile::default();
        for part in parts.clone() {
            whole.add(&read(&text(first + index * each + part)?).map_err(cannot_be_read)?);
        }
        whole.without(is_clock);
        if whole.total == 0 { Err("no instruction was counted".to_owned()) } else { Ok(whole) }
    };
    // What memory looks like settles in the first of them.
    let mut settled: Vec<Profile> = (calls / 2..calls).map(call).collect::<Result<_, String>>()?;
    settled.sort_by_key(|profile| profile.total);
    let middle = (settled.len() - 1) / 2;
    let executed = Executed { timed, beside, before: own };
    Ok(Counts { executed, cold: call(0)?, warm: settled.swap_remove(middle) })
}

/// Which parts of a call are timed, by the reading of the clock that ends each; the first is what lies between two calls.
fn timed_parts(complete: &Complete, readings: usize, calls: usize) -> Result<RangeInclusive<usize>, String> {
    if complete.iterations.iter().any(|iterations| *iterations != 1.0) {
        return Err("its code fixes how it is measured".to_owned());
    }
    if readings == 0 || !readings.is_multiple_of(calls) {
        return Err(format!("it reads the clock itself, {readings} times in {calls} calls"));
    }
    match readings / calls {
        2 => Ok(2..=2),
        each @ 3.. => Ok(3..=each - 1),
        _ => Err("criterion reads the clock in a way that is not known".to_owned()),
    }
}
