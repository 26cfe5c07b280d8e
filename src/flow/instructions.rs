//! Rows of instructions, for benchmarks whose limits name them.

use std::time::Duration;

use super::assemble::{empty_row, put};
use super::counts::{can_count, caveat, count_side, of};
use super::culprits::counted_change;
use super::project::Setting;
use super::suites::{Open, Suites};
use super::{FlowError, Progress};
use crate::gate::{CountLimits, Limits, judge_counts};
use crate::harness::HarnessError;
use crate::harness::criterion::{Counting, Counts, Patience};
use crate::instrument::{Copies, Detail};
use crate::model::{BenchmarkId, Evidence, Metric, Row, Side, Verdict};
use crate::report::counted;

/// A limit is to be held: it may take longer than naming culprits may, but not for ever.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(20), given_up: 3, in_all: Duration::from_secs(300) };

/// Counts what is asked for, and adds the rows; those of wall-time get what was counted of them. Benchmarks that need no
/// timing need no counting either.
pub fn add_instructions(
    setting: &Setting,
    suites: &Suites,
    rows: &mut Vec<Row>,
    warnings: &mut Vec<String>,
    progress: &mut dyn Progress,
) -> Result<(), FlowError> {
    let wanted = |open: &Open| -> Vec<(String, CountLimits)> {
        let limits = |name: &String| setting.config.policy.instruction_limits(&open.id(name));
        open.names.iter().filter_map(|name| Some((name.clone(), limits(name)?))).collect()
    };
    let count: usize = suites.open.iter().map(|open| wanted(open).len()).sum();
    if count == 0 {
        return Ok(());
    }
    progress.phase("counted");
    progress.status("Counting", &format!("instructions of {}", counted(count, "benchmark")));
    let able = can_count(setting);
    let copies = Copies::new()?;
    for open in &suites.open {
        let wanted = wanted(open);
        let names: Vec<String> = wanted.iter().map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            continue;
        }
        warnings.extend(caveat(open).filter(|_| able));
        let folder = copies.folder().join("counts");
        let count = |side| match able {
            true => count_side(open, side, &names, &folder, Detail::Functions, PATIENCE),
            false => Ok(names.iter().map(|name| (name.clone(), Err("valgrind is not installed".to_owned()))).collect()),
        };
        // Each twice: by how much one differs from itself is what no limit can be below.
        let base = count(Side::Base).and_then(|first| Ok([first, count(Side::Base)?]));
        let counted = base.and_then(|base| Ok((base, [count(Side::Head)?, count(Side::Head)?])));
        let (mut base, mut head) = match counted {
            Err(HarnessError::Stopped) => return Err(HarnessError::Stopped.into()),
            counted => counted?,
        };
        for (name, limits) in wanted {
            let id = open.id(&name);
            let twice = |[first, second]: &mut [Counting; 2], side| -> Result<[Counts; 2], String> {
                Ok([of(first, &name, side)?, of(second, &name, side)?])
            };
            let counts = twice(&mut base, Side::Base).and_then(|base| Ok((base, twice(&mut head, Side::Head)?)));
            if let Ok(([base, _], [head, _])) = &counts {
                let slow = rows.iter_mut().filter(|row| row.benchmark == id && row.verdict == Verdict::Regressed);
                slow.for_each(|row| row.counted = Some(counted_change(&base.warm, &head.warm)));
            }
            rows.push(row(id, &open.harness, limits, counts));
        }
    }
    Ok(())
}

fn row(id: BenchmarkId, harness: &str, limits: CountLimits, counts: Result<([Counts; 2], [Counts; 2]), String>) -> Row {
    let mut row =
        empty_row(id, harness, Limits { tolerate: limits.max_regression, ..Limits::new(limits.max_regression) });
    (row.metric, row.unit) = (Metric::Instructions, Metric::Instructions.unit());
    row.budget = limits.max.map(|max| max as f64);
    let (base, head) = match counts {
        Ok(counts) => counts,
        Err(reason) => {
            row.reason = reason;
            return row;
        }
    };
    let totals = |counts: &[Counts; 2]| counts.each_ref().map(|counts| counts.warm.total);
    let judgement = judge_counts(totals(&base), totals(&head), limits);
    let evidence = if judgement.verdict == Verdict::OverBudget { Evidence::AbsoluteBudget } else { Evidence::Counted };
    put(&mut row, judgement, evidence);
    (row.base, row.head) = (Some(base[0].warm.total as f64), Some(head[0].warm.total as f64));
    if row.verdict == Verdict::Regressed {
        row.counted = Some(counted_change(&base[0].warm, &head[0].warm));
    }
    row
}
