//! Rows of counted metrics where base's counts are stored: judged as if both sides had been counted now, where what counts
//! depend on agrees, and not at all where it does not.

use std::collections::BTreeSet;

use super::counted::{hold_to_budget, judge, row};
use super::head_counts::{HeadCount, HeadCounts};
use super::renamed::Renamed;
use crate::gate::{CountLimits, Policy};
use crate::model::{BenchmarkId, CountedBenchmark, CountedRun, Row, Run, Verdict};

/// What is stored of base.
pub(super) struct StoredBase<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// Its runs, one for each environment.
    pub runs: &'a [Run],
    /// What was counted of it under different conditions, the newest first.
    pub counted: &'a [CountedRun],
}

impl StoredBase<'_> {
    /// The benchmarks of runs that hold all, where head was measured or as head was counted: what these lack, base has not.
    fn all_of_whole_runs(&self, environment: &str, head: &HeadCounts) -> Vec<BTreeSet<&BenchmarkId>> {
        let is_like = |run: &&Run| {
            let conditions = run.counted.as_ref().map(|counted| &counted.conditions);
            run.whole
                && (run.environment.key == environment
                    || conditions.is_some() && conditions == head.conditions.as_ref())
        };
        let runs = self.runs.iter().filter(is_like);
        runs.map(|run| run.measurements.iter().map(|measurement| &measurement.benchmark).collect()).collect()
    }

    /// Why head's counts cannot be compared with any.
    fn unlike(&self, head: &HeadCounts) -> Option<String> {
        let own = head.conditions.as_ref()?;
        let name = self.name;
        Some(match self.counted.first() {
            None => format!(
                "no counts of {name} are stored: `cargo perfgate run` stores them with the times, where the configuration names the metrics"
            ),
            Some(newest) => format!(
                "the counts that are stored of {name} are not compared with head's: they were counted with {}",
                newest.conditions.differences(own).join(", ")
            ),
        })
    }

    /// The benchmarks that were counted as head was, and that head, which has all these `ids`, has not.
    pub fn lost(&self, head: &HeadCounts, ids: &[BenchmarkId], renamed: &Renamed) -> Vec<(&BenchmarkId, &str)> {
        let there: BTreeSet<&BenchmarkId> = ids.iter().map(|id| renamed.in_base(id)).collect();
        let counted = head.like(self.counted).into_iter().flat_map(|counted| &counted.benchmarks);
        counted.filter(|(id, _)| !there.contains(id)).map(|(id, known)| (id, known.harness.as_str())).collect()
    }
}

/// The rows of what is counted of head in `environment`, and what the reader should know besides.
pub(super) fn counted_rows(
    base: &StoredBase<'_>,
    (head, environment): (&HeadCounts, &str),
    renamed: &Renamed,
    policy: &Policy,
) -> (Vec<Row>, Option<String>) {
    let like = head.like(base.counted);
    let all = base.all_of_whole_runs(environment, head);
    let (mut rows, mut asked) = (Vec::new(), false);
    for count in &head.each {
        let old = renamed.in_base(&count.benchmark);
        let Some(limits) = policy.count_limits(old, count.metric) else { continue };
        asked = true;
        let stored = like.and_then(|run| run.benchmarks.get(old));
        let missing = match like {
            _ if count.timed && all.iter().any(|all| !all.contains(old)) => None,
            Some(_) => Some("what is stored of base has no count of it"),
            None if base.counted.is_empty() => Some("no counts are stored of base"),
            None => Some("what is stored of base was counted under other conditions"),
        };
        let Some(mut row) = counted_row(count, stored, missing, limits, policy) else { continue };
        if *old != count.benchmark {
            row.reason = format!("base's `{}`: {}", old.name, row.reason);
        }
        rows.push(row);
    }
    let unlike = if asked && like.is_none() { base.unlike(head) } else { None };
    (rows, unlike)
}

/// The row of one count, held against what is stored. Where nothing is, `missing` says why; it is `None` where base has no
/// such benchmark: then there is a row only where head's count alone says something.
fn counted_row(
    count: &HeadCount,
    stored: Option<&CountedBenchmark>,
    missing: Option<&str>,
    limits: CountLimits,
    policy: &Policy,
) -> Option<Row> {
    let mut row = row(count.benchmark.clone(), &count.harness, count.metric, limits);
    let head = match &count.numbers {
        Ok(numbers) => *numbers,
        Err(reason) => {
            row.reason.clone_from(reason);
            return Some(row);
        }
    };
    row.head = Some(head[0] as f64);
    match stored.and_then(|stored| Some((stored, *stored.counts.get(&count.metric)?))) {
        Some((stored, base)) if stored.source == count.source => judge(&mut row, limits, [base, head], policy),
        Some((_, base)) => {
            row.base = Some(base[0] as f64);
            row.verdict = Verdict::BenchChanged;
            row.reason =
                "the benchmark itself differs: a check that builds base counts head's on base's code".to_owned();
            hold_to_budget(&mut row, limits, head);
        }
        None => {
            row.reason = missing.unwrap_or("base has no such benchmark").to_owned();
            hold_to_budget(&mut row, limits, head);
            if missing.is_none() && row.verdict != Verdict::OverBudget {
                return None;
            }
        }
    }
    Some(row)
}
