//! Rows of instructions, for benchmarks whose limits name them.

use super::assemble::{empty_row, put};
use super::counts::{can_count, caveat, count_side, of};
use super::culprits::counted_change;
use super::project::Setting;
use super::suites::{Open, Suites};
use super::{FlowError, Progress};
use crate::gate::{CountLimits, Limits, judge_counts};
use crate::harness::HarnessError;
use crate::harness::criterion::{Counts, Patience};
use crate::instrument::Copies;
use crate::model::{BenchmarkId, Evidence, Metric, Row, Side, Verdict};
use crate::report::counted;

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
    let patience = Patience { silence: setting.config.policy.time_out, given_up: usize::MAX };
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
            true => count_side(open, side, &names, &folder, patience),
            false => Ok(names.iter().map(|name| (name.clone(), Err("valgrind is not installed".to_owned()))).collect()),
        };
        // Base twice: by how much it differs from itself is what no limit can be below.
        let counted = count(Side::Base).and_then(|first| Ok((first, count(Side::Base)?, count(Side::Head)?)));
        let (mut base, mut again, mut head) = match counted {
            Err(HarnessError::Stopped) => return Err(HarnessError::Stopped.into()),
            counted => counted?,
        };
        for (name, limits) in wanted {
            let id = open.id(&name);
            let counts = of(&mut base, &name, Side::Base)
                .and_then(|first| Ok(([first, of(&mut again, &name, Side::Base)?], of(&mut head, &name, Side::Head)?)));
            if let Ok(([base, _], head)) = &counts {
                let slow = rows.iter_mut().filter(|row| row.benchmark == id && row.verdict == Verdict::Regressed);
                slow.for_each(|row| row.counted = Some(counted_change(&base.warm, &head.warm)));
            }
            rows.push(row(id, &open.harness, limits, counts));
        }
    }
    Ok(())
}

fn row(id: BenchmarkId, harness: &str, limits: CountLimits, counts: Result<([Counts; 2], Counts), String>) -> Row {
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
    let judgement = judge_counts(base.each_ref().map(|counts| counts.warm.total), head.warm.total, limits);
    let evidence = if judgement.verdict == Verdict::OverBudget { Evidence::AbsoluteBudget } else { Evidence::Counted };
    put(&mut row, judgement, evidence);
    (row.base, row.head) = (Some(base[0].warm.total as f64), Some(head.warm.total as f64));
    if row.verdict == Verdict::Regressed {
        row.counted = Some(counted_change(&base[0].warm, &head.warm));
    }
    row
}
