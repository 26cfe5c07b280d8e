//! Instructions of the timed section of each benchmark: callgrind writes what was executed between one reading of the clock
//! and the next.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustc_demangle::demangle;

use super::options::Version;
use super::watched::{Calls, LOOK, Tool, watch};
use crate::harness::counts::{self, of_iterations};
use crate::harness::{Counting, Counts, Executed, HarnessError, Patience, Program};
use crate::instrument::{Counted, Detail, READS_CLOCK};
use crate::profile::{NotCallgrind, Profile, Symbol, read_callgrind, read_closely, read_symbols};

/// What reading the clock executes, criterion's part in it too.
fn is_clock(function: &str) -> bool {
    let own = "criterion::measurement::WallTime as criterion::measurement::Measurement>::";
    counts::is_clock(function) || function.contains(own)
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
    patience: Patience<'_>,
) -> Result<Counting, HarnessError> {
    watch(program, version, names, folder, home, patience, |spawn, folder| {
        let (spawn, counted) = Counted::new(spawn, folder, detail, READS_CLOCK)?;
        Ok((spawn, Callgrind { counted, detail, before: Arc::default() }))
    })
}

struct Callgrind {
    counted: Counted,
    detail: Detail,
    /// See [`Executed::before`].
    before: Arc<BTreeSet<Symbol>>,
}

impl Tool for Callgrind {
    type Seen = Counts;

    fn prepare(&self, reading: usize) -> io::Result<()> {
        match self.counted.wait_at(reading) {
            // Benchmarks that are skipped leave it as it is.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            prepared => prepared,
        }
    }

    fn hold(&self, reading: usize, time: Duration, too_late: &(dyn Fn() -> bool + Sync)) -> io::Result<()> {
        // The part that ends with a reading is written before it, and the next one cannot be there yet.
        while !self.counted.is_written(reading - 1) {
            if too_late() {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        std::thread::sleep(time);
        self.counted.go_on(reading, too_late)
    }

    fn readings(&self) -> io::Result<usize> {
        self.counted.parts()
    }

    fn seen(&mut self, calls: &Calls<'_>) -> Result<Counts, String> {
        let counts = self.section(calls);
        self.counted.forget(calls.first + 1, calls.last);
        counts
    }
}

impl Callgrind {
    /// The counts of a benchmark. Adds to `before` what was executed before its first call.
    fn section(&mut self, calls: &Calls<'_>) -> Result<Counts, String> {
        let cannot_be_read = |e: NotCallgrind| format!("callgrind's file cannot be read: {e}");
        let read = match self.detail {
            Detail::Functions => read_callgrind,
            Detail::Lines => read_closely,
        };
        let (known, each) = (calls.timed(), calls.readings_each());
        let (mut timed, mut beside) = (BTreeSet::new(), BTreeSet::new());
        // What the first call alone executes may set up what others use.
        let (mut in_first, mut later) = (BTreeSet::new(), BTreeSet::new());
        let mut profiles = vec![Profile::default(); calls.count()];
        for reading in calls.first + 1..=calls.last {
            let text = self.counted.part(reading).map_err(|e| e.to_string())?;
            let symbols = read_symbols(&text).map_err(cannot_be_read)?;
            let parts = known.as_ref().ok();
            let (call, part) = match parts {
                Some(_) => ((reading - calls.first - 1) / each, (reading - calls.first - 1) % each + 1),
                None => (0, 0),
            };
            let is_timed = parts.is_some_and(|parts| parts.contains(&part));
            if is_timed && (call == 0 || calls.settled().contains(&call)) {
                profiles[call].add(&read(&text).map_err(cannot_be_read)?);
            }
            // Where it is not known what its readings of the clock mean, all that it does may matter to others.
            if parts.is_some() && reading > calls.first + 1 {
                if call == 0 { &mut in_first } else { &mut later }.extend(symbols.iter().cloned());
                if is_timed { &mut timed } else { &mut beside }.extend(symbols);
                continue;
            }
            let new = symbols.into_iter().filter(|symbol| !self.before.contains(symbol) && !is_harness(&symbol.name));
            let new: Vec<Symbol> = new.collect();
            self.add(new);
        }
        let own = self.before.clone();
        let set_up = in_first.difference(&later).filter(|symbol| !own.contains(*symbol) && !is_harness(&symbol.name));
        self.add(set_up.cloned().collect());
        known?;
        let cold = profiles[0].clone();
        let settled = profiles.split_off(calls.settled().start);
        of_iterations(cold, settled, Executed { timed, beside, before: own }, is_clock)
    }

    fn add(&mut self, symbols: Vec<Symbol>) {
        // What others hold is copied only where it grows.
        if !symbols.is_empty() {
            Arc::make_mut(&mut self.before).extend(symbols);
        }
    }
}
