//! From rows to the outcome of the run.

use super::policy::Policy;
use crate::model::{Outcome, Reaction, Row, Summary, Verdict};

/// Counts rows by verdict.
pub fn summarise(rows: &[Row]) -> Summary {
    let mut summary = Summary::new();
    for row in rows {
        *summary.entry(row.verdict).or_default() += 1;
    }
    summary
}

/// The outcome of all rows under `policy`, worst cause first: a failing row; a crash or hang where it fails; too many
/// undecided rows where that fails; nothing compared; passed.
pub fn conclude(rows: &[Row], policy: &Policy) -> Outcome {
    let count = |verdict: Verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let failing = |lost: bool| {
        let lost_verdict = |row: &&Row| matches!(row.verdict, Verdict::Crashed | Verdict::TimedOut) == lost;
        rows.iter().filter(lost_verdict).any(|row| policy.fails(row.verdict))
    };
    let judged = rows.iter().filter(|row| row.verdict.is_judged());
    let share = |part: usize| part as f64 / judged.clone().count().max(1) as f64;
    let compared = judged.clone().filter(|row| row.evidence.is_some()).count();
    let undecided = count(Verdict::Inconclusive);

    if failing(false) {
        return Outcome::Failed;
    }
    if failing(true) {
        return Outcome::CouldNotComplete;
    }
    // A quotient, as the share itself was read: 0.29 times 100 is less than 29.
    if share(undecided) > policy.max_inconclusive && policy.on_inconclusive == Reaction::Fail {
        return Outcome::Inconclusive;
    }
    if compared == 0 && undecided == 0 {
        return match policy.on_missing_baseline {
            Reaction::Pass if !rows.is_empty() => Outcome::Passed,
            _ => Outcome::NothingCompared,
        };
    }
    if undecided > 0 { Outcome::PassedWithUndecided } else { Outcome::Passed }
}
