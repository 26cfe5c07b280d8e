//! What the timed section of each benchmark allocates: DHAT writes down each allocation between one reading of the clock and
//! the next, and what was never freed is known when the process has ended.

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::options::Version;
use super::watched::{Calls, LOOK, Tool, watch};
use crate::harness::{HarnessError, Patience, Program, Watched};
use crate::instrument::Traced;
use crate::profile::{Allocated, Sites};

/// What one iteration of a benchmark allocates, after others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// The timed section's; each number is the middle one of some calls.
    pub allocated: Allocated,
    /// How many bytes that were asked for in the timed section are never freed: the mean of some calls, rounded up. `None`
    /// where the process did not end by itself: it may not have come to free them.
    pub leaked: Option<u64>,
    /// Who asked for how much in the whole process; empty where it did not end by itself.
    pub sites: Arc<Sites>,
}

/// Benchmarks by name, each with what it allocates or the reason why that is not known.
pub type Allocating = Watched<Allocations>;

/// Criterion asks for memory more often than that before it calls a benchmark. Of a program that does so less often
/// valgrind sees only what libraries of C ask for.
const FEWEST: u64 = 100;

/// Traces the allocations of the benchmarks of `program`. `folder` takes the files of DHAT, `home` what the program may write.
///
/// # Errors
/// Where the program cannot be started under valgrind at all. A benchmark that cannot be traced is an answer.
pub fn allocations(
    program: &Program,
    version: Version,
    names: &[String],
    folder: &Path,
    home: &Path,
    patience: Patience<'_>,
) -> Result<Allocating, HarnessError> {
    watch(program, version, names, folder, home, patience, |spawn, folder| {
        let (spawn, traced) = Traced::new(spawn, folder)?;
        Ok((spawn, Dhat { traced, settled: BTreeMap::new() }))
    })
}

struct Dhat {
    traced: Traced,
    /// The timed parts of the calls in which memory has settled, by benchmark.
    settled: BTreeMap<String, Vec<RangeInclusive<usize>>>,
}

impl Tool for Dhat {
    type Seen = Allocations;

    fn readings(&self) -> io::Result<usize> {
        Ok(self.traced.trace(|trace| trace.readings()))
    }

    fn prepare(&self, reading: usize) -> io::Result<()> {
        self.traced.wait_after(reading - 1)
    }

    fn hold(&self, _reading: usize, time: Duration, too_late: &(dyn Fn() -> bool + Sync)) -> io::Result<()> {
        while !self.traced.waits() && !too_late() {
            std::thread::sleep(LOOK);
        }
        // Of one that was skipped what is asked for stands, as it runs on to the next.
        if !self.traced.waits() {
            return Ok(());
        }
        std::thread::sleep(time);
        self.traced.go_on()
    }

    fn seen(&mut self, calls: &Calls<'_>) -> Result<Allocations, String> {
        let up_to_now = self.traced.trace(|trace| trace.parts(1..=calls.last))?;
        if up_to_now.allocations < FEWEST {
            return Err("its program has an allocator of its own, which valgrind does not see into".to_owned());
        }
        let settled: Vec<_> = calls.settled().map(|call| calls.timed_in(call)).collect::<Result<_, _>>()?;
        let each = |parts: &RangeInclusive<usize>| self.traced.trace(|trace| trace.parts(parts.clone()));
        let all: Vec<Allocated> = settled.iter().map(each).collect::<Result<_, _>>()?;
        self.settled.insert(calls.name().to_owned(), settled);
        let middle = |of: fn(&Allocated) -> u64| {
            let mut numbers: Vec<u64> = all.iter().map(of).collect();
            numbers.sort_unstable();
            numbers[(numbers.len() - 1) / 2]
        };
        let allocated = Allocated {
            allocations: middle(|all| all.allocations),
            bytes: middle(|all| all.bytes),
            peak: middle(|all| all.peak),
        };
        Ok(Allocations { allocated, ..Allocations::default() })
    }

    fn ended(self, seen: &mut Watched<Allocations>, by_itself: bool) {
        if !by_itself {
            return;
        }
        let sites = Arc::new(self.traced.sites().unwrap_or_default());
        let alive = self.traced.trace(|trace| trace.alive());
        for (name, allocations) in seen.iter_mut() {
            let (Ok(allocations), Some(calls)) = (allocations, self.settled.get(name)) else { continue };
            let of_call = |parts: &RangeInclusive<usize>| alive.range(parts.clone()).map(|(_, bytes)| *bytes);
            let leaked = calls.iter().flat_map(of_call).fold(0, u64::saturating_add);
            allocations.leaked = Some(leaked.div_ceil(calls.len() as u64));
            allocations.sites = sites.clone();
        }
    }
}
