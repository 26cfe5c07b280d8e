//! Benchmarks that one of valgrind's tools watches. The program runs on the control channel, and is told to call each benchmark
//! once to warm up and then ten times, each with one iteration. Where the harness reads the clock tells which part of a
//! call is timed:
//!
//! ```text
//! Bencher::iter         now  now  [ routine ]  now  now
//! Bencher::iter_batched now  set-up  now  [ routine ]  now  drop  now
//! Bencher::iter_custom  now  [ what the benchmark does, with its own readings ]  now
//! ```
//!
//! Before 0.4 criterion warms up for a second at least, which is many calls. There the first call is held after its first
//! reading of the clock until that second is over: criterion believes that one iteration takes as long, and times single
//! ones.

use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::channel::Complete;
use super::enumerate::spawn;
use super::options::{Slicing, Version, filters};
use super::session::{Ending, EndingKind, NoSession, Session, Starting, Step};
use crate::harness::asked::point;
use crate::harness::{HarnessError, Patience, Program, Watched};
use crate::instrument::{Spawn, SpawnError};

/// A tool that watches a process, and tells its readings of the clock apart.
pub(super) trait Tool: Sized + Sync {
    /// What it sees of a benchmark.
    type Seen;

    /// How often the clock was read so far, of a process that stands still.
    fn readings(&self) -> io::Result<usize>;

    /// Prepares to hold the program at a later reading of the clock. It stands still, or runs on behind a benchmark that was
    /// skipped, for which this was asked as well.
    fn prepare(&self, reading: usize) -> io::Result<()>;

    /// Lets the program that was to be held at this reading go on, once so much time has passed since the one before. Gives up
    /// where `too_late` says so.
    fn hold(&self, reading: usize, time: Duration, too_late: &(dyn Fn() -> bool + Sync)) -> io::Result<()>;

    /// What was seen of a benchmark that has just been called.
    fn seen(&mut self, calls: &Calls<'_>) -> Result<Self::Seen, String>;

    /// Completes what was seen, when the process has ended: by itself, or too early.
    fn ended(self, _seen: &mut Watched<Self::Seen>, _by_itself: bool) {}
}

/// The calls of one benchmark, by the readings of the clock.
#[derive(Debug)]
pub(super) struct Calls<'a> {
    complete: &'a Complete,
    /// The number of the last reading before them.
    pub first: usize,
    /// The number of their last reading.
    pub last: usize,
}

impl Calls<'_> {
    /// The benchmark's name.
    pub fn name(&self) -> &str {
        &self.complete.name
    }

    /// How many calls there were: the one that warms up, too.
    pub fn count(&self) -> usize {
        self.complete.iterations.len() + 1
    }

    /// How often the clock is read in each.
    pub fn readings_each(&self) -> usize {
        (self.last - self.first) / self.count()
    }

    /// Which parts of a call are timed, by the reading of the clock that ends each, from 1; the first is what lies between two
    /// calls.
    pub fn timed(&self) -> Result<RangeInclusive<usize>, String> {
        let (readings, calls) = (self.last - self.first, self.count());
        if self.complete.iterations.iter().any(|iterations| *iterations != 1.0) {
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

    /// The timed parts of one call, from 0, by the readings of the whole process.
    pub fn timed_in(&self, call: usize) -> Result<RangeInclusive<usize>, String> {
        let (parts, before) = (self.timed()?, self.first + call * self.readings_each());
        Ok(before + parts.start()..=before + parts.end())
    }

    /// The calls in which memory has settled: what it looks like settles in the first of them.
    pub fn settled(&self) -> std::ops::Range<usize> {
        self.count() / 2..self.count()
    }
}

/// So short that one call suffices to warm up, and that each sample is one iteration.
const SHORTEST: Duration = Duration::from_micros(1);
/// The shortest that criterion warms up and measures for before 0.4.
const ONE_SECOND: Duration = Duration::from_secs(1);
/// How often it is looked whether a program has come to where it is held.
pub(super) const LOOK: Duration = Duration::from_millis(1);
/// How long a call is held then. Its second begins a little after it is seen to have come to its first reading: on a busy
/// machine a tenth of a second later.
const HELD: Duration = Duration::from_millis(1500);
/// The fewest samples that criterion takes.
const SAMPLES: u32 = 10;

/// Watches the benchmarks of `program`. `under` puts a process under the tool, which writes into the folder that it is given;
/// `folder` takes those, `home` what the program may write.
///
/// # Errors
/// Where the program cannot be started under valgrind at all. A benchmark of which nothing can be seen is an answer.
pub(super) fn watch<T: Tool>(
    program: &Program,
    version: Version,
    names: &[String],
    folder: &Path,
    home: &Path,
    patience: Patience<'_>,
    under: impl Fn(&Spawn, &Path) -> Result<(Spawn, T), SpawnError>,
) -> Result<Watched<T::Seen>, HarnessError> {
    let mut watched = Watched::new();
    let holds = !version.takes_fractions();
    let mut left = names.to_vec();
    let mut given_up_so_far = 0;
    for attempt in 0.. {
        let Some((part, filter)) = filters(&left).into_iter().next() else { break };
        if given_up_so_far >= patience.given_up {
            let why = format!("{given_up_so_far} others of its executable could not be counted");
            patience.add_answered(left.len());
            watched.extend(left.into_iter().map(|name| (name, Err(why.clone()))));
            break;
        }
        let folder = folder.join(attempt.to_string());
        let (seen, end) = Run { program, folder: &folder, home, patience, holds }.watch(&filter, &under)?;
        let missing: Vec<&String> = part.iter().filter(|name| !seen.contains_key(*name)).collect();
        let (given_up, why) = match &end {
            // The others get a process without the one that ended this.
            End::Early(ending) => {
                let during = missing.iter().find(|name| ending.during.as_ref() == Some(**name));
                (Vec::from_iter(during.or(missing.first()).copied()), ending.detail.clone())
            }
            End::ByItself if seen.is_empty() => (missing, "it ended without having measured it".to_owned()),
            End::ByItself | End::Enough => (Vec::new(), String::new()),
        };
        given_up_so_far += given_up.len();
        patience.add_answered(given_up.len());
        watched.extend(given_up.into_iter().map(|name| (name.clone(), Err(why.clone()))));
        watched.extend(seen);
        left.retain(|name| !watched.contains_key(name));
        if matches!(end, End::Enough) {
            let why = || Err("its executable takes longer to count than to time".to_owned());
            patience.add_answered(left.len());
            watched.extend(left.drain(..).map(|name| (name, why())));
        }
    }
    Ok(watched)
}

/// How a process ended.
enum End {
    ByItself,
    /// Killed, as the rest is not worth its time.
    Enough,
    Early(Ending),
}

struct Run<'a> {
    program: &'a Program,
    folder: &'a Path,
    home: &'a Path,
    patience: Patience<'a>,
    /// Whether each first call is held for as long as criterion warms up.
    holds: bool,
}

impl Run<'_> {
    /// Lets the process run up to its next stop. `first` is the number of readings of the clock so far.
    fn advance<T: Tool>(&self, session: &mut Session, tool: &T, first: usize) -> io::Result<Step> {
        if !self.holds {
            return Ok(session.next());
        }
        let stopped = AtomicBool::new(false);
        tool.prepare(first + 2)?;
        std::thread::scope(|scope| {
            let held = scope.spawn(|| tool.hold(first + 2, HELD, &|| stopped.load(Ordering::Relaxed)));
            let step = session.next();
            stopped.store(true, Ordering::Relaxed);
            // Who was never there to be held ended, or is told by what it did instead.
            let _ = held.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok(step)
        })
    }

    /// What is seen of the benchmarks of one process, and how that ended.
    fn watch<T: Tool>(
        &self,
        filter: &str,
        under: impl Fn(&Spawn, &Path) -> Result<(Spawn, T), SpawnError>,
    ) -> Result<(Watched<T::Seen>, End), HarnessError> {
        let start_error =
            |cause: String| HarnessError::Start { program: self.program.path.display().to_string(), cause };
        point(self.program)?;
        let time = if self.holds { ONE_SECOND } else { SHORTEST };
        let slicing = Slicing { warm_up: time, measurement: time, samples: SAMPLES };
        let spawn = spawn(self.program, &self.program.path, self.home).args(slicing.arguments()).args([filter]);
        let (spawn, mut tool) = under(&spawn, self.folder).map_err(|e| start_error(e.to_string()))?;
        let starting = Starting::start(spawn, self.patience.silence, false).map_err(|e| start_error(e.to_string()))?;
        let mut session = match starting.connect() {
            Ok(session) => session,
            Err(NoSession::NeverConnected(ending) | NoSession::Failed(ending)) => {
                let detail = format!("did not run under valgrind: {}", ending.detail);
                return match ending.kind {
                    EndingKind::Stopped => Err(HarnessError::Stopped),
                    _ => Ok((Watched::new(), End::Early(Ending { detail, ..ending }))),
                };
            }
        };
        let (mut watched, mut first) = (Watched::new(), 0);
        let (mut failed, begun) = (0, Instant::now());
        let end = loop {
            let step = self.advance(&mut session, &tool, first).unwrap_or_else(|e| {
                let detail = format!("could not be held under valgrind: {e}");
                Step::Ended(Ending { kind: EndingKind::Crashed, during: None, detail })
            });
            match step {
                Step::Skipped(_) => {}
                Step::Measured(complete, _) => {
                    let last = tool.readings().map_err(|e| start_error(e.to_string()))?;
                    let seen = tool.seen(&Calls { complete: &complete, first, last });
                    failed += usize::from(seen.is_err());
                    watched.insert(complete.name, seen);
                    self.patience.add_answered(1);
                    first = last;
                    if failed >= self.patience.given_up || begun.elapsed() > self.patience.in_all {
                        break End::Enough;
                    }
                }
                Step::Ended(ending) => match ending.kind {
                    EndingKind::Finished => break End::ByItself,
                    EndingKind::Stopped => return Err(HarnessError::Stopped),
                    _ => break End::Early(ending),
                },
            }
        };
        drop(session);
        tool.ended(&mut watched, matches!(end, End::ByItself));
        Ok((watched, end))
    }
}
