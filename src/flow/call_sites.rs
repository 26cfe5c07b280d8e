//! What benchmarks allocate on base and on head, and the functions that ask for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Progress;
use super::counts::{BothAllocations, allocations_of_both};
use super::culprits::CALLS_WATCHED;
use super::suites::Open;
use crate::harness::HarnessError;
use crate::harness::criterion::{Allocations, Counts, Patience};
use crate::model::{Functions, SideMemory, SiteCost};
use crate::profile::{Function, SiteChange, Sites, of_one_call, site_changes};
use crate::report::counted;

/// Benchmarks whose call sites are asked for at most: each takes a process of its own on both sides.
const MOST: usize = 20;

/// The benchmarks of one executable, by name.
pub type Traced = BTreeMap<String, BothAllocations>;

/// Asks what benchmarks allocate, and by whom.
pub struct CallSites {
    folder: PathBuf,
    /// For one benchmark.
    patience: Patience<'static>,
    asked: usize,
    /// Those that allocate differently, beyond [`MOST`].
    left_out: usize,
    /// Why nothing is known of some, and of how many.
    unknown: BTreeMap<String, usize>,
}

impl CallSites {
    /// `folder` is one that nobody else uses.
    pub fn new(folder: PathBuf, patience: Patience<'static>) -> Self {
        Self { folder, patience, asked: 0, left_out: 0, unknown: BTreeMap::new() }
    }

    /// What all benchmarks of an executable allocate.
    pub fn trace(&self, open: &Open, patience: Patience<'_>) -> Result<Traced, HarnessError> {
        Ok(allocations_of_both(open, &open.names, &self.folder, patience)?.into_iter().collect())
    }

    /// Adds what one of them allocates; and by whom, where the sides differ.
    pub fn tell(
        &mut self,
        open: &Open,
        name: &String,
        traced: &mut Traced,
        [base, head]: [&Counts; 2],
        functions: &mut Functions,
        progress: &mut dyn Progress,
    ) -> Result<(), HarnessError> {
        let (of_base, of_head) = match traced.remove(name) {
            Some(Ok(both)) => both,
            Some(Err(reason)) => {
                *self.unknown.entry(reason).or_default() += 1;
                return Ok(());
            }
            None => return Ok(()),
        };
        (functions.base.memory, functions.head.memory) = (Some(memory(&of_base)), Some(memory(&of_head)));
        if of_base.allocated == of_head.allocated {
            return Ok(());
        }
        if self.asked == MOST {
            self.left_out += 1;
            return Ok(());
        }
        self.asked += 1;
        progress.status("Tracing", &format!("{name}: it allocates differently"));
        // Of a process that calls nothing else.
        let alone = allocations_of_both(open, std::slice::from_ref(name), &self.folder, self.patience)?;
        for (_, both) in alone {
            match both {
                Ok((of_base, of_head)) => {
                    let changes = site_changes(&timed(&of_base, base), &timed(&of_head, head));
                    functions.sites = changes.into_iter().map(cost).collect();
                }
                Err(reason) => *self.unknown.entry(reason).or_default() += 1,
            }
        }
        Ok(())
    }

    /// What the reader misses.
    pub fn warnings(self) -> Vec<String> {
        let unknown = self.unknown.into_iter();
        let mut warnings: Vec<String> =
            unknown.map(|(reason, count)| format!("what {} is not known: {reason}", allocate(count))).collect();
        if self.left_out > 0 {
            warnings.push(format!(
                "which functions ask for what {} differently is not known: {MOST} others were asked; select fewer",
                allocate(self.left_out)
            ));
        }
        warnings
    }
}

fn allocate(count: usize) -> String {
    format!("{} {}", counted(count, "benchmark"), if count == 1 { "allocates" } else { "allocate" })
}

fn memory(of: &Allocations) -> SideMemory {
    let of = of.allocated;
    SideMemory { allocations: of.allocations, allocated_bytes: of.bytes, peak_bytes: of.peak }
}

/// The sites of one call, but for functions that have no part in the timed section: those set up, or are the harness's.
fn timed(allocations: &Allocations, counts: &Counts) -> Sites {
    let timed = &counts.executed.timed;
    let timed: BTreeSet<String> = timed.iter().map(|symbol| Function::of(&symbol.object, &symbol.name).name).collect();
    let mut sites = of_one_call(&allocations.sites, CALLS_WATCHED.unsigned_abs());
    sites.retain(|function, _| timed.contains(function));
    sites
}

fn cost(change: SiteChange) -> SiteCost {
    let SiteChange { function, base, head } = change;
    SiteCost {
        function,
        base_allocations: base.map(|site| site.blocks),
        head_allocations: head.map(|site| site.blocks),
        base_bytes: base.map(|site| site.bytes),
        head_bytes: head.map(|site| site.bytes),
    }
}
