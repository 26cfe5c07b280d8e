//! Rows of counted metrics, for benchmarks whose limits name them: both sides counted now, or one of them earlier.

use std::time::Instant;

use super::assemble::{empty_row, exceed, put};
use super::counter::{Asked, Counter, is_allocation, numbers_of, profile};
use super::counts::caveat;
use super::culprits::{counted_change, site_change};
use super::head_counts::HeadCount;
use super::project::{BuiltSide, Setting};
use super::suites::Suites;
use super::untimed::tell_crash;
use super::{FlowError, Progress};
use crate::gate::{CountLimits, Limits, Policy, judge_counts};
use crate::model::{BenchmarkId, Evidence, Metric, Row, Side, Verdict};

/// Rows of allocations whose culprits are looked for, each in processes of its own.
const MOST_TRACED: usize = 5;

/// Counts what is asked for, and adds the rows; those of wall-time get what was counted of them. Benchmarks that need no
/// timing need no counting either. No program is counted any more after `until`. Gives what was counted of head.
pub fn add_counted(
    setting: &Setting,
    suites: &Suites,
    head: &BuiltSide,
    until: Option<Instant>,
    rows: &mut Vec<Row>,
    warnings: &mut Vec<String>,
    progress: &mut dyn Progress,
) -> Result<Vec<HeadCount>, FlowError> {
    let asked = Asked::all(suites, setting);
    let mut of_head = Vec::new();
    let Some(counter) = Counter::begin(setting, &asked, 2, until, progress)? else { return Ok(of_head) };
    let (policy, sources) = (&setting.config.policy, head.own_sources());
    for asked in &asked {
        let Asked { open, wanted } = asked;
        let (executing, allocating) = (asked.names(|metric| !is_allocation(metric)), asked.names(is_allocation));
        warnings.extend(caveat(open).filter(|_| counter.is_able() && !executing.is_empty()));
        let base_executes = counter.instructions(open, Side::Base, &executing, progress)?;
        let head_executes = counter.instructions(open, Side::Head, &executing, progress)?;
        let base_allocates = counter.allocations(open, Side::Base, &allocating, progress)?;
        let head_allocates = counter.allocations(open, Side::Head, &allocating, progress)?;
        let mut traced = 0;
        for (name, metric, limits) in wanted {
            let (id, metric) = (open.id(name), *metric);
            let base = numbers_of(&base_executes, &base_allocates, name, metric);
            let head = numbers_of(&head_executes, &head_allocates, name, metric);
            let mut row = row(id.clone(), &open.harness, metric, *limits);
            match base.and_then(|base| Ok([base, head.clone()?])) {
                Ok(both) => judge(&mut row, *limits, both, policy),
                Err(reason) => {
                    row.reason = reason;
                    if counter.is_able() && !is_allocation(metric) {
                        tell_crash(&mut row, open, policy.time_out)?;
                    }
                }
            }
            if is_allocation(metric) {
                if is_worse(&row) && traced < MOST_TRACED {
                    traced += 1;
                    row.counted = site_change(open, name, &row, &counter.folder(), counter.patience())?;
                }
            } else if let (Ok([base, _]), Ok([head, _])) = (&base_executes[name], &head_executes[name]) {
                let [base, head] = [base, head].map(|counts| profile(counts, metric));
                let change = || counted_change(base, head);
                // What the allocator executes has no limit, and is told all the same.
                let grew = head.total as f64 >= base.total as f64 * (1.0 + limits.max_regression);
                row.counted = (grew || is_worse(&row)).then(change);
                let slow = |row: &&mut Row| row.benchmark == id && row.metric == Metric::WallTime && is_worse(row);
                let warm = metric == Metric::Instructions;
                rows.iter_mut().filter(slow).filter(|_| warm).for_each(|row| row.counted = Some(change()));
            }
            rows.push(row);
            if open.is_heads_own() {
                of_head.push(HeadCount::new(open, id, &sources, metric, head));
            }
        }
    }
    Ok(of_head)
}

/// The row of a benchmark of which nothing is known yet.
pub(super) fn row(id: BenchmarkId, harness: &str, metric: Metric, limits: CountLimits) -> Row {
    let all = Limits { tolerate: limits.max_regression, ..Limits::new(limits.max_regression) };
    let mut row = empty_row(id, harness, all);
    (row.metric, row.unit) = (metric, metric.unit());
    row.budget = limits.max.map(|max| max as f64);
    row
}

fn is_worse(row: &Row) -> bool {
    matches!(row.verdict, Verdict::Regressed | Verdict::OverBudget | Verdict::Accepted)
}

/// Judges what was counted of both sides, base first.
pub(super) fn judge(row: &mut Row, limits: CountLimits, [base, head]: [[u64; 2]; 2], policy: &Policy) {
    let judgement = judge_counts(base, head, limits);
    let evidence = if judgement.verdict == Verdict::OverBudget { Evidence::AbsoluteBudget } else { Evidence::Counted };
    put(row, judgement, evidence);
    policy.accept(row);
    if matches!(row.verdict, Verdict::Regressed | Verdict::Accepted) {
        hold_to_budget(row, limits, head);
    }
    (row.base, row.head) = (Some(base[0] as f64), Some(head[0] as f64));
}

/// Tells of `row` where head's counts are over its budget.
pub(super) fn hold_to_budget(row: &mut Row, limits: CountLimits, head: [u64; 2]) {
    if limits.max.is_some_and(|max| head[0].min(head[1]) > max) {
        exceed(row, "more than its budget allows");
    }
}
