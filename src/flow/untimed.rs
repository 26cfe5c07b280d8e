//! Benchmarks of harnesses that this version does not time: they are counted where the configuration asks for that, and else
//! left out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::FlowError;
use super::assemble::fail;
use super::counter::is_allocation;
use super::project::Setting;
use super::suites::{Open, Suites};
use crate::harness::{Failed, Failure};
use crate::model::{BenchmarkId, Metric, Row, Side, Skipped};
use crate::report::counted;

impl Setting {
    /// Whether instructions of any benchmark are asked for.
    pub(super) fn counts_instructions(&self) -> bool {
        self.counted().into_iter().any(|metric| !is_allocation(metric))
    }

    /// Leaves out of `suites` what is neither timed nor counted, and says what would have it counted.
    pub(super) fn leave_uncounted(&self, suites: &mut Suites) {
        let (memory, instructions): (Vec<Metric>, Vec<Metric>) =
            self.counted().into_iter().partition(|m| is_allocation(*m));
        let limited = |metrics: &[Metric], open: &Open, name: &str| {
            metrics.iter().any(|metric| self.count_limits(open, name, *metric).is_some())
        };
        leave_out(suites, |open, name| limited(&instructions, open, name), |id| self.may_count(id, &instructions));
        let of_memory = |open: &&Open| open.names.iter().any(|name| limited(&memory, open, name));
        suites.skipped.extend(suites.untimed.iter().filter(of_memory).map(|open| Skipped {
            what: format!("{}::{}, its allocations", open.package, open.target),
            reason: format!("this version counts only instructions of {}", open.able.name()),
        }));
    }
}

/// Makes a row that has no count `crashed` where base's benchmark works and head's does not: of a harness that is timed,
/// timing tells that.
pub(super) fn tell_crash(row: &mut Row, open: &Open, time_out: Duration) -> Result<(), FlowError> {
    let name = &row.benchmark.name;
    let of_base = open.renamed.get(name).map_or(name, |id| &id.name);
    if let Some(base) = &open.suite.base
        && open.able.try_one(base, of_base, time_out)?.is_err()
    {
        return Ok(());
    }
    if let Err(Failed { kind, detail }) = open.able.try_one(&open.suite.head, name, time_out)? {
        fail(row, &Failure { side: Side::Head, kind, detail });
    }
    Ok(())
}

impl Suites {
    /// Leaves out what is not timed.
    pub(super) fn leave_untimed(&mut self) {
        leave_out(self, |_, _| false, |_| false);
    }
}

/// Leaves out what is not timed, but for what is counted; `may_be_counted` says it of what is settled. What was proved
/// without either stays.
fn leave_out(
    suites: &mut Suites,
    is_counted: impl Fn(&Open, &str) -> bool,
    may_be_counted: impl Fn(&BenchmarkId) -> bool,
) {
    let mut left: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut leave = |id: &BenchmarkId, harness: &str| {
        *left.entry((format!("{}::{}", id.package, id.target), harness.to_owned())).or_default() += 1;
    };
    for open in &mut suites.untimed {
        let (names, others) = std::mem::take(&mut open.names).into_iter().partition(|name| is_counted(open, name));
        open.names = names;
        let others: Vec<String> = others;
        others.iter().for_each(|name| leave(&open.id(name), &open.harness));
    }
    suites.untimed.retain(|open| !open.names.is_empty());
    suites.settled.retain(|settled| {
        let stays = settled.timed || settled.evidence.is_some() || may_be_counted(&settled.id);
        if !stays {
            leave(&settled.id, &settled.harness);
        }
        stays
    });
    for ((what, harness), number) in left {
        let reason = format!(
            "{} of {harness}, which this version does not time; where `[metrics.instructions]` is configured, a check counts them",
            counted(number, "benchmark")
        );
        suites.skipped.push(Skipped { what, reason });
    }
}
