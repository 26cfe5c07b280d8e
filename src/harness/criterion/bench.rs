//! Rounds of measurements with criterion executables: both sides fresh, on one core, in lock step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Way;
use super::channel::Complete;
use super::enumerate::spawn;
use super::files;
use super::fresh::Fresh;
use super::options::{Slicing, Version, filter, filters};
use super::session::{Ending, EndingKind, NoSession, Session, Starting, Step};
use crate::harness::asked::point;
use crate::harness::{Bench, Failure, FailureKind, HarnessError, Program, Request, Sample, Sides, Slice, SliceResult};
use crate::instrument::{Copies, Layouts, SideLink, Spawn, cores};
use crate::model::Side;
use crate::stats::Rng;

/// An executable of both sides, or of head alone.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Base's, where there is one.
    pub base: Option<Program>,
    /// Head's.
    pub head: Program,
    /// The older of both sides' versions of criterion: what it understands, both do.
    pub version: Version,
    /// How it is measured.
    pub way: Way,
    /// All ids that both sides hold alike; a request for all of them needs no filter.
    pub all: Option<Vec<String>>,
    /// What base calls its benchmarks, by head's names, where they were renamed: all of them or none.
    pub renamed: BTreeMap<String, String>,
}

impl Suite {
    /// Whether every process can have a layout of its own, of functions and not of whole objects alone.
    pub fn has_many_layouts(&self) -> bool {
        let fine = |program: &Program| {
            let layouts = program.layouter.as_ref().map(|layouter| layouter.layouts());
            matches!(layouts, Ok(Layouts::EveryFunction | Layouts::EveryFunctionApart))
        };
        fine(&self.head) && self.base.as_ref().is_none_or(fine)
    }

    /// Head's `names` by what `program` calls them.
    fn names_in<'n>(&'n self, program: &Program, names: &'n [String]) -> BTreeMap<&'n str, &'n str> {
        let is_base = self.base.as_ref().is_some_and(|base| base.path == program.path);
        let own = |name: &'n String| self.renamed.get(name).filter(|_| is_base).unwrap_or(name).as_str();
        names.iter().map(|name| (own(name), name.as_str())).collect()
    }

    /// What takes part, by the side that it stands for.
    fn programs(&self, sides: Sides) -> Vec<(Side, &Program)> {
        match (sides, &self.base) {
            (Sides::Both, Some(base)) => vec![(Side::Head, &self.head), (Side::Base, base)],
            (Sides::BaseTwice, Some(base)) => vec![(Side::Head, base), (Side::Base, base)],
            _ => vec![(Side::Head, &self.head)],
        }
    }
}

/// The criterion harness.
#[derive(Debug)]
pub struct Criterion {
    suites: Vec<Suite>,
    fresh: Fresh,
    cores: Vec<usize>,
    time_out: Duration,
    rng: Rng,
    seed: u64,
    /// Benchmarks that were seen with more than one thread: held to one core they would be another program.
    threaded: BTreeSet<(usize, String)>,
    /// What was measured last.
    last: Option<(usize, Sides)>,
    leaving: Leaving,
}

/// Processes that were measured and go on to their ends, which nobody has to wait for until others are measured.
#[derive(Debug, Default)]
struct Leaving(Vec<JoinHandle<()>>);

impl Leaving {
    fn add(&mut self, mut session: Session) {
        self.0.push(std::thread::spawn(move || while !matches!(session.next(), Step::Ended(_)) {}));
    }

    fn wait(&mut self) {
        for thread in self.0.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.wait();
    }
}

/// Some names of a request, measured by one process a side.
struct Part<'a> {
    names: &'a [String],
    filter: Option<String>,
    core: Option<usize>,
    /// When no other benchmark is begun any more.
    end: Option<Instant>,
}

impl Part<'_> {
    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}

/// One side of a round.
struct Running<'a> {
    side: Side,
    /// What was asked for: by the program's own names head's.
    names: BTreeMap<&'a str, &'a str>,
    link: Option<SideLink>,
    session: Option<Session>,
    ending: Option<Ending>,
    samples: BTreeMap<String, Sample>,
}

impl Criterion {
    /// A harness for `suites`. Copies of the executables are made in `copies`; `seed` decides what is drawn.
    pub fn new(suites: Vec<Suite>, copies: Copies, time_out: Duration, seed: u64) -> Self {
        Self {
            suites,
            fresh: Fresh::new(copies),
            cores: cores(),
            time_out,
            rng: Rng::new(seed),
            seed,
            threaded: BTreeSet::new(),
            last: None,
            leaving: Leaving::default(),
        }
    }

    /// Fresh files of what takes part in a round. Head alone is measured twice in each layout, so that what a layout adds
    /// can be told from the rest.
    fn files(&mut self, request: &Request<'_>, programs: &[(Side, &Program)]) -> Result<Vec<PathBuf>, HarnessError> {
        let cast = (request.executable, request.sides);
        if request.sides == Sides::HeadOnly {
            let mut rng = Rng::new(self.seed ^ (request.round as u64 / 2));
            return self.fresh.files(cast, programs, &mut rng);
        }
        let files = self.fresh.files(cast, programs, &mut self.rng)?;
        // Where the same are measured again and again, the next files are made while these programs start.
        if self.last.replace(cast) == Some(cast) {
            self.fresh.prepare(cast, programs, &mut self.rng);
        }
        Ok(files)
    }

    fn spawn(&mut self, program: &Program, copy: &Path, core: Option<usize>) -> Spawn {
        // The size of the environment moves the stack, and with it the speed of some code.
        let padding = "x".repeat(self.rng.below(4096) as usize);
        let mut spawn = spawn(program, copy, &self.fresh.folder().join("home")).env("PERFGATE_PADDING", padding);
        spawn.core = core;
        spawn
    }

    fn channel_round<'a>(
        &mut self,
        suite: &'a Suite,
        part: &Part<'a>,
        request: &Request<'_>,
    ) -> Result<Vec<Running<'a>>, HarnessError> {
        // The first round is there to learn from, too: units and threads.
        let first = request.round == 0;
        let mut programs = suite.programs(request.sides);
        if self.rng.coin() {
            programs.reverse();
        }
        let files = self.files(request, &programs)?;
        let mut sides = Vec::new();
        for ((side, program), file) in programs.into_iter().zip(files) {
            let mut spawn = self.spawn(program, &file, part.core).args(Slicing::of(suite.version).arguments());
            let names = suite.names_in(program, part.names);
            let own = || filter(names.keys().copied());
            let filter = part.filter.as_ref().map(|all| if suite.renamed.is_empty() { all.clone() } else { own() });
            spawn.arguments.extend(filter.map(Into::into));
            point(program)?;
            let started = Starting::start(spawn, self.time_out, first);
            let cause = |e: crate::instrument::SpawnError| HarnessError::Start {
                program: program.path.display().to_string(),
                cause: e.to_string(),
            };
            // One after the other: up to its greeting each runs its own code.
            let (session, ending) = match started.map_err(cause)?.connect() {
                Ok(session) => (Some(session), None),
                Err(NoSession::NeverConnected(ending) | NoSession::Failed(ending)) => (None, Some(ending)),
            };
            let link = program.link.clone();
            sides.push(Running { side, names, link, session, ending, samples: BTreeMap::new() });
        }
        self.leaving.wait();
        // Which side goes first is drawn for each benchmark, and turned round in the next round.
        let mut order = Rng::new((request.round as u64 / 2).wrapping_mul(0x9e37_79b9) ^ request.executable as u64);
        for measured in 0..=part.names.len() {
            let all = |running: &Running| running.samples.len() == part.names.len();
            if measured == part.names.len() && sides.iter().all(all) {
                sides.iter_mut().filter_map(|running| running.session.take()).for_each(|s| self.leaving.add(s));
                break;
            }
            if part.is_over() {
                break;
            }
            let head_first = order.coin() ^ (request.round % 2 == 1);
            sides.sort_by_key(|running| (running.side == Side::Head) != head_first);
            for running in &mut sides {
                running.step(first);
            }
            // What one side has lost need not be measured on the other.
            if sides.iter().any(|running| running.ending.is_some()) {
                break;
            }
        }
        Ok(sides)
    }

    fn file_round<'a>(
        &mut self,
        suite: &'a Suite,
        names: &'a [String],
        request: &Request<'_>,
    ) -> Result<Vec<Running<'a>>, HarnessError> {
        let mut programs = suite.programs(request.sides);
        if request.round % 2 == 1 {
            programs.reverse();
        }
        let mut sides = Vec::new();
        let files = self.files(request, &programs)?;
        for ((side, program), copy) in programs.into_iter().zip(files) {
            let home = self.fresh.folder().join("home");
            let slicing = Slicing::of(suite.version);
            point(program)?;
            let names = suite.names_in(program, names);
            let own: Vec<String> = names.keys().map(|name| (*name).to_owned()).collect();
            let (samples, ending) = match files::measure(program, &copy, &home, self.time_out, &own, slicing)? {
                Ok(samples) => (samples, Ending { kind: EndingKind::Finished, during: None, detail: String::new() }),
                Err(ending) => (Vec::new(), ending),
            };
            let known = |(name, sample): (String, Sample)| Some(((*names.get(name.as_str())?).to_owned(), sample));
            let samples = samples.into_iter().filter_map(known).collect();
            sides.push(Running { side, names, link: None, session: None, ending: Some(ending), samples });
        }
        Ok(sides)
    }
}

impl Bench for Criterion {
    fn measure(&mut self, request: &Request<'_>) -> Result<Vec<Slice>, HarnessError> {
        let suite = self.suites[request.executable].clone();
        let free = |name: &&String| self.threaded.contains(&(request.executable, (*name).clone()));
        let (free, held): (Vec<&String>, Vec<&String>) = request.names.iter().partition(free);
        let core = (!self.cores.is_empty() && request.round > 0).then(|| self.cores[request.round % self.cores.len()]);
        let end = request.left.and_then(|left| Instant::now().checked_add(left));
        let mut answers: BTreeMap<String, SliceResult> = BTreeMap::new();
        for (names, core) in [(held, core), (free, None)] {
            let names: Vec<String> = names.into_iter().cloned().collect();
            let filters = match &suite.all {
                Some(all) if *all == names => vec![(&names[..], None)],
                _ => filters(&names).into_iter().map(|(names, filter)| (names, Some(filter))).collect(),
            };
            for (names, filter) in filters {
                let part = Part { names, filter, core, end };
                if part.is_over() {
                    break;
                }
                let sides = match suite.way {
                    Way::Channel => self.channel_round(&suite, &part, request)?,
                    Way::Files => self.file_round(&suite, names, request)?,
                };
                if sides.iter().any(|s| s.ending.as_ref().is_some_and(|e| e.kind == EndingKind::Stopped)) {
                    return Err(HarnessError::Stopped);
                }
                for (name, sample) in sides.iter().flat_map(|side| &side.samples) {
                    if sample.threads {
                        self.threaded.insert((request.executable, name.clone()));
                    }
                }
                answers.extend(conclude(names, &sides).into_iter().map(|slice| (slice.name, slice.result)));
            }
        }
        let answer = |name: &String| Slice {
            name: name.clone(),
            result: answers.remove(name).unwrap_or(SliceResult::NotReached),
        };
        Ok(request.names.iter().map(answer).collect())
    }

    fn layouts(&self, executable: usize) -> Option<Layouts> {
        self.fresh.layouts(executable)
    }
}

impl Running<'_> {
    /// Lets this side measure its next benchmark.
    fn step(&mut self, ask_unit: bool) {
        let Some(session) = &mut self.session else { return };
        // Pointing it worked when the process was started; a failure now would be seen as the benchmark's.
        let _ = self.link.as_ref().map(SideLink::point);
        loop {
            match session.next() {
                Step::Skipped(_) => {}
                Step::Measured(complete, cost) => {
                    // It goes on to its end, which tells what it has not measured.
                    let Some(name) = self.names.get(complete.name.as_str()) else { continue };
                    let unit = if ask_unit { session.unit() } else { Ok("ns".to_owned()) };
                    match unit {
                        Ok(unit) => {
                            let threads = session.threads;
                            self.samples.insert((*name).to_owned(), sample(&complete, cost, unit, threads));
                            session.park();
                        }
                        Err(ending) => self.end(ending),
                    }
                    return;
                }
                Step::Ended(ending) => return self.end(ending),
            }
        }
    }

    fn end(&mut self, mut ending: Ending) {
        let known = |own: String| self.names.get(own.as_str()).map_or(own.clone(), |name| (*name).to_owned());
        ending.during = ending.during.map(known);
        self.ending = Some(ending);
        self.session = None;
    }
}

fn sample(complete: &Complete, cost: Duration, unit: String, threads: bool) -> Sample {
    let times = complete.values.iter().zip(&complete.iterations).map(|(value, count)| value / count).collect();
    // The longest measuring time that we ask for is one second.
    let fixes_time = complete.measurement_time.is_some_and(|nanoseconds| nanoseconds > 1.5e9);
    Sample { times, cost, fixes_time, threads, other_unit: (unit != "ns").then_some(unit) }
}

/// Head first.
fn by_side<'s, 'a>(sides: &'s [Running<'a>]) -> impl Iterator<Item = &'s Running<'a>> {
    let of = |side| sides.iter().filter(move |running| running.side == side);
    of(Side::Head).chain(of(Side::Base))
}

/// The answer for each name, from what both sides came to.
fn conclude(names: &[String], sides: &[Running<'_>]) -> Vec<Slice> {
    let mut failures: BTreeMap<&str, Failure> = BTreeMap::new();
    // Head's failure counts, whatever base did: which of them went first is chance.
    for running in by_side(sides) {
        let Some(ending) = &running.ending else { continue };
        let missing: Vec<&String> = names.iter().filter(|name| !running.samples.contains_key(*name)).collect();
        let kind = if ending.kind == EndingKind::TimedOut { FailureKind::TimedOut } else { FailureKind::Crashed };
        let good_end = ending.kind == EndingKind::Finished;
        let detail =
            if good_end { "its process ended before it was measured".to_owned() } else { ending.detail.clone() };
        let blamed: Vec<&String> = match &ending.during {
            Some(name) => missing.into_iter().filter(|missing| *missing == name).collect(),
            // It died before its first benchmark: that may be the fault of any.
            None if good_end || running.samples.is_empty() => missing,
            None => missing.into_iter().take(1).collect(),
        };
        for name in blamed {
            let failure = Failure { side: running.side, kind, detail: detail.clone() };
            failures.entry(name).or_insert(failure);
        }
    }
    let answer = |name: &String| {
        if let Some(failure) = failures.get(name.as_str()) {
            return SliceResult::Failed(failure.clone());
        }
        let of = |side| sides.iter().find(|running| running.side == side);
        let head = of(Side::Head).and_then(|running| running.samples.get(name)).cloned();
        let base = of(Side::Base).map(|running| running.samples.get(name).cloned());
        match (base, head) {
            (None, Some(head)) => SliceResult::Measured { base: None, head },
            (Some(Some(base)), Some(head)) => SliceResult::Measured { base: Some(base), head },
            _ => SliceResult::NotReached,
        }
    };
    names.iter().map(|name| Slice { name: name.clone(), result: answer(name) }).collect()
}
