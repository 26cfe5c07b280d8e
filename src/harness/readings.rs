//! Benchmarks that are counted one by one, each in a process of its own, by its readings of the clock: for harnesses that
//! cannot be held in step. What their readings mean is in the harness's own file.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::asked::{point, said, start_error};
use super::counts::{Counting, Counts, Patience};
use super::{HarnessError, Program};
use crate::instrument::{Counted, Detail, Output, Process, Spawn, interrupted};
use crate::profile::{NotCallgrind, Profile, Symbol, read_callgrind, read_closely, read_symbols};

/// How often it is looked how far a process has come.
const LOOK: Duration = Duration::from_millis(5);

/// Why nothing is told of an executable without symbols.
pub(super) const NO_NAMES: &str = "its functions have no names: `strip = false` in its profile keeps them";
/// Why there was no time for a benchmark.
const TOO_LONG: &str = "its executable takes longer to count than there is time";
/// How often a process is seen waiting before it is believed that it has come to where it has to.
const LOOKS: usize = 3;

/// How benchmarks are counted one by one.
pub(super) struct OneByOne<'a> {
    pub program: &'a Program,
    /// A folder that nobody else uses.
    pub folder: &'a Path,
    pub detail: Detail,
    pub patience: Patience<'a>,
    /// When counting began.
    pub begun: Instant,
}

/// What a process executed between its readings of the clock.
pub(super) struct Readings {
    counted: Counted,
    detail: Detail,
    /// How often it read the clock: what was executed before each of these readings is known.
    pub count: usize,
    /// How it ended, if it did so before it had read the clock often enough: in one line, empty for a good end.
    pub ended: Option<String>,
}

impl OneByOne<'_> {
    /// Counts the benchmarks with these names, `one` by one, each in a folder of its own.
    ///
    /// # Errors
    /// Where a process cannot be started under valgrind at all. A benchmark that cannot be counted is an answer.
    pub fn count(
        &self,
        names: &[String],
        one: impl Fn(&str, &Path) -> Result<Result<Counts, String>, HarnessError>,
    ) -> Result<Counting, HarnessError> {
        let (mut failed, mut counting) = (0, Counting::new());
        for (number, name) in names.iter().enumerate() {
            let counted = if failed >= self.patience.given_up {
                Err(format!("{failed} others of its executable could not be counted"))
            } else if self.begun.elapsed() > self.patience.in_all {
                Err(TOO_LONG.to_owned())
            } else {
                let folder = self.folder.join(number.to_string());
                let counted = one(name, &folder)?;
                let _ = std::fs::remove_dir_all(folder);
                failed += usize::from(counted.is_err());
                counted
            };
            counting.insert(name.clone(), counted);
            self.patience.add_answered(1);
        }
        Ok(counting)
    }

    /// Runs one process until it has read the clock often `enough`, by what is known of it and how long that took, or has
    /// ended: what counts as a reading is a call of a `function`. It waits for a while at one of its readings, so that for its own clock what it executes before that takes
    /// two looks at least.
    pub fn readings(
        &self,
        spawn: &Spawn,
        folder: &Path,
        function: &str,
        waits_at: Option<usize>,
        enough: impl Fn(&Readings, Duration) -> bool,
    ) -> Result<Result<Readings, String>, HarnessError> {
        point(self.program)?;
        let failed = |e: io::Error| start_error(self.program, e);
        let spawn = Spawn { stdout: Output::Keep, ..spawn.clone() };
        let (spawn, counted) =
            Counted::new(&spawn, folder, self.detail, function).map_err(|e| start_error(self.program, e))?;
        waits_at.map_or(Ok(()), |reading| counted.wait_at(reading)).map_err(failed)?;
        let mut process = spawn.start().map_err(|e| start_error(self.program, e))?;
        let started = Instant::now();
        let mut readings = Readings { counted, detail: self.detail, count: 0, ended: None };
        let (mut seen, mut last, mut waited) = (0, started, 0);
        loop {
            // Who takes long is not looked at all the time.
            let ended = process.wait(LOOK.max(started.elapsed() / 100)).is_some();
            if interrupted().is_some() {
                return Err(HarnessError::Stopped);
            }
            let count = readings.counted.parts().map_err(failed)?;
            if count > seen {
                (seen, last) = (count, Instant::now());
            }
            let mut went_on = Ok(());
            if let Some(reading) = waits_at.filter(|reading| count + 1 == *reading && process.waits()) {
                waited += 1;
                if waited == LOOKS {
                    let begun = Instant::now();
                    went_on = readings.counted.go_on(reading, || begun.elapsed() > self.patience.silence);
                }
            }
            let silent =
                || format!("it did not read the clock for {} s under valgrind", self.patience.silence.as_secs_f64());
            match went_on {
                Err(e) if e.kind() == io::ErrorKind::TimedOut => return Ok(Err(silent())),
                went_on => went_on.map_err(failed)?,
            }
            // The last part may still be written.
            readings.count = if ended { count } else { count.saturating_sub(1) };
            if ended {
                readings.ended = Some(detail_of(&mut process));
            }
            if ended || enough(&readings, started.elapsed()) {
                process.kill();
                return Ok(Ok(readings));
            }
            if self.begun.elapsed() > self.patience.in_all {
                return Ok(Err(TOO_LONG.to_owned()));
            }
            if last.elapsed() > self.patience.silence {
                return Ok(Err(silent()));
            }
        }
    }
}

/// How a process that has ended did so, in one line; empty for a good end.
fn detail_of(process: &mut Process) -> String {
    let Some(status) = process.ended().filter(|status| !status.success()) else { return String::new() };
    // A harness may keep what a panic said, and print it at its end. What begins so is valgrind's.
    let (output, errors) = (process.output(), process.error_tail());
    let errors = errors.lines().filter(|line| !line.starts_with("=="));
    let lines: Vec<&str> = str::from_utf8(&output).unwrap_or_default().lines().chain(errors).collect();
    let said = said(&lines.join("\n"));
    if said.is_empty() { status.to_string() } else { format!("{status}: {said}") }
}

impl Readings {
    /// The functions that were executed before a reading and after the one before it, from 1.
    pub fn symbols(&self, number: usize) -> Result<BTreeSet<Symbol>, String> {
        read_symbols(&self.part(number)?).map_err(cannot_be_read)
    }

    /// What was executed before a reading and after the one before it, from 1.
    pub fn profile(&self, number: usize) -> Result<Profile, String> {
        let read = match self.detail {
            Detail::Functions => read_callgrind,
            Detail::Lines => read_closely,
        };
        read(&self.part(number)?).map_err(cannot_be_read)
    }

    /// Whether functions have their names, of which some begin so.
    pub fn has_names(&self, begin: &str) -> Result<bool, String> {
        for reading in 1..=self.count {
            let symbols = self.symbols(reading)?;
            if symbols.iter().any(|symbol| format!("{:#}", rustc_demangle::demangle(&symbol.name)).contains(begin)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn part(&self, number: usize) -> Result<String, String> {
        self.counted.part(number).map_err(|e| format!("what callgrind wrote cannot be read: {e}"))
    }
}

fn cannot_be_read(e: NotCallgrind) -> String {
    format!("callgrind's file cannot be read: {e}")
}
