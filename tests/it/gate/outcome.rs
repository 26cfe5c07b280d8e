//! The worst cause decides the outcome, in the order that the exit codes promise.

use cargo_perfgate::gate::{Policy, Reaction, conclude, summarise};
use cargo_perfgate::model::{Evidence, ExitCode, Metric, Outcome, Row, Unit, Verdict};

const REACTIONS: [Reaction; 3] = [Reaction::Pass, Reaction::Warn, Reaction::Fail];

/// A row as the flows make it: judged ones have their evidence, a benchmark that failed on base has none.
pub fn row(verdict: Verdict) -> Row {
    let evidence = match verdict {
        Verdict::Crashed | Verdict::TimedOut | Verdict::Removed | Verdict::BenchChanged | Verdict::Added => None,
        Verdict::OverBudget => Some(Evidence::AbsoluteBudget),
        _ => Some(Evidence::PairedMeasurement),
    };
    Row {
        benchmark: super::id("p::t/name"),
        harness: "criterion 0.5.1".into(),
        metric: Metric::WallTime,
        unit: Unit::Nanoseconds,
        base: None,
        head: None,
        change: None,
        interval: None,
        smallest_visible_change: None,
        limit: 0.05,
        tolerate: 0.02,
        budget: None,
        accepted: None,
        verdict,
        evidence,
        reason: String::new(),
        pairs: 0,
        distribution: Vec::new(),
        counted: None,
        reproduce: None,
        samples: None,
        source: None,
    }
}

fn rows(verdicts: &[Verdict]) -> Vec<Row> {
    verdicts.iter().map(|verdict| row(*verdict)).collect()
}

/// All of it fails that can be made to fail.
fn strict() -> Policy {
    Policy {
        on_inconclusive: Reaction::Fail,
        on_missing_baseline: Reaction::Fail,
        on_removed: Reaction::Fail,
        on_failed: Reaction::Fail,
        ..Policy::default()
    }
}

/// Every set of verdicts, under every combination of reactions, against the table of precedence written down again:
/// 100, then 101 for a failed benchmark, then 3, then 4, then 0.
#[test]
fn the_worst_cause_decides_whatever_else_there_is() {
    for set in 0..1_u32 << Verdict::ALL.len() {
        let verdicts: Vec<Verdict> =
            Verdict::ALL.into_iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, v)| v).collect();
        let rows = rows(&verdicts);
        let has = |any: &[Verdict]| verdicts.iter().any(|verdict| any.contains(verdict));
        for (on_inconclusive, on_removed, on_failed, on_missing_baseline) in REACTIONS
            .iter()
            .flat_map(|a| REACTIONS.iter().flat_map(move |b| REACTIONS.iter().map(move |c| (*a, *b, *c))))
            .flat_map(|(a, b, c)| REACTIONS.iter().map(move |d| (a, b, c, *d)))
        {
            let policy = Policy { on_inconclusive, on_removed, on_failed, on_missing_baseline, ..Policy::default() };
            let undecided = has(&[Verdict::Inconclusive]);
            let held_against = [
                Verdict::TailRegressed,
                Verdict::Accepted,
                Verdict::Improved,
                Verdict::WithinLimit,
                Verdict::Unchanged,
                Verdict::Inconclusive,
            ];
            let expected = if has(&[Verdict::Regressed, Verdict::TailRegressed, Verdict::OverBudget])
                || on_removed == Reaction::Fail && has(&[Verdict::Removed])
            {
                (Outcome::Failed, 100)
            } else if on_failed == Reaction::Fail && has(&[Verdict::Crashed, Verdict::TimedOut]) {
                (Outcome::CouldNotComplete, 101)
            } else if on_inconclusive == Reaction::Fail && undecided {
                (Outcome::Inconclusive, 3)
            } else if verdicts.is_empty() || !has(&held_against) && on_missing_baseline != Reaction::Pass {
                (Outcome::NothingCompared, 4)
            } else if undecided {
                (Outcome::PassedWithUndecided, 0)
            } else {
                (Outcome::Passed, 0)
            };
            let outcome = conclude(&rows, &policy);
            assert_eq!((outcome, outcome.exit_code().code()), expected, "{verdicts:?} under {policy:?}");
        }
    }
}

#[test]
fn the_order_of_rows_means_nothing() {
    let mut verdicts = Verdict::ALL;
    for _ in 0..verdicts.len() {
        verdicts.rotate_left(1);
        assert_eq!(conclude(&rows(&verdicts), &strict()), Outcome::Failed);
        let without: Vec<Verdict> =
            verdicts.into_iter().filter(|v| !Policy { on_failed: Reaction::Pass, ..strict() }.fails(*v)).collect();
        assert_eq!(conclude(&rows(&without), &strict()), Outcome::CouldNotComplete);
    }
}

#[test]
fn a_regression_fails_under_the_mildest_policy() {
    let mild = Policy {
        on_inconclusive: Reaction::Pass,
        on_missing_baseline: Reaction::Pass,
        on_removed: Reaction::Pass,
        on_failed: Reaction::Pass,
        max_inconclusive: 1.0,
        ..Policy::default()
    };
    for verdict in Verdict::ALL {
        let fails = matches!(verdict, Verdict::Regressed | Verdict::TailRegressed | Verdict::OverBudget);
        assert_eq!(mild.fails(verdict), fails);
        let outcome = conclude(&rows(&[verdict, Verdict::Unchanged]), &mild);
        assert_eq!(outcome == Outcome::Failed, fails, "{verdict}: {outcome}");
        assert_eq!(outcome.exit_code() == ExitCode::Passed, !fails, "{verdict}: {outcome}");
    }
}

#[test]
fn what_fails_by_default() {
    let failing: Vec<Verdict> = Verdict::ALL.into_iter().filter(|v| Policy::default().fails(*v)).collect();
    let expected = [
        Verdict::Regressed,
        Verdict::TailRegressed,
        Verdict::OverBudget,
        Verdict::Crashed,
        Verdict::TimedOut,
        Verdict::Removed,
    ];
    assert_eq!(failing, expected);
    assert_eq!(conclude(&[], &Policy::default()), Outcome::NothingCompared);
    assert_eq!(conclude(&rows(&[Verdict::Inconclusive]), &Policy::default()), Outcome::PassedWithUndecided);
}

/// `undecided` of `all` rows, under a share of `percent`. As the configuration reads it: the number over a hundred.
fn undecided(undecided: usize, all: usize, percent: f64, evidence: Option<Evidence>) -> Outcome {
    let policy = Policy { max_inconclusive: percent / 100.0, ..strict() };
    let mut rows = rows(&vec![Verdict::Unchanged; all - undecided]);
    rows.extend(std::iter::repeat_n(Row { evidence, ..row(Verdict::Inconclusive) }, undecided));
    conclude(&rows, &policy)
}

#[test]
fn a_share_of_undecided_rows_may_be_allowed() {
    let paired = Some(Evidence::PairedMeasurement);
    assert_eq!(undecided(1, 1000, 0.0, paired), Outcome::Inconclusive);
    assert_eq!(undecided(1, 10, 10.0, paired), Outcome::PassedWithUndecided, "exactly the share is allowed");
    assert_eq!(undecided(2, 10, 10.0, paired), Outcome::Inconclusive);
    assert_eq!(undecided(1, 9, 10.0, paired), Outcome::Inconclusive);
    assert_eq!(undecided(5, 5, 99.0, paired), Outcome::Inconclusive);
    assert_eq!(undecided(5, 5, 100.0, paired), Outcome::PassedWithUndecided);
    assert_eq!(undecided(0, 5, 0.0, paired), Outcome::Passed);
}

/// As products some of these come out a hair below the whole number: 0.29 · 100 is 28.999999999999996.
#[test]
fn exactly_the_share_is_allowed_whatever_the_share() {
    for percent in 0..=100_usize {
        let outcome = undecided(percent, 100, percent as f64, Some(Evidence::PairedMeasurement));
        assert_ne!(outcome, Outcome::Inconclusive, "{percent} of 100");
        if percent < 100 {
            let outcome = undecided(percent + 1, 100, percent as f64, Some(Evidence::PairedMeasurement));
            assert_eq!(outcome, Outcome::Inconclusive, "{percent} % of 100");
        }
    }
}

/// A benchmark that failed on base alone is undecided and has no evidence; it is one of the rows all the same.
#[test]
fn the_share_counts_rows_that_have_no_evidence_too() {
    assert_eq!(undecided(1, 10, 10.0, None), Outcome::PassedWithUndecided);
    assert_eq!(undecided(2, 10, 10.0, None), Outcome::Inconclusive);
}

/// What was not held against anything does not dilute the share.
#[test]
fn the_share_is_one_of_judged_rows() {
    let policy = Policy { max_inconclusive: 0.1, ..strict() };
    let mut all = rows(&[Verdict::Added; 90]);
    all.extend(rows(&[Verdict::Unchanged; 9]));
    all.push(row(Verdict::Inconclusive));
    assert_eq!(conclude(&all, &policy), Outcome::PassedWithUndecided);
    all.push(row(Verdict::Inconclusive));
    assert_eq!(conclude(&all, &policy), Outcome::Inconclusive);
}

#[test]
fn a_summary_counts_each_verdict_and_leaves_the_absent_ones_out() {
    let summary = summarise(&rows(&[Verdict::Unchanged, Verdict::Regressed, Verdict::Unchanged]));
    assert_eq!(summary.into_iter().collect::<Vec<_>>(), [(Verdict::Regressed, 1), (Verdict::Unchanged, 2)]);
    assert!(summarise(&[]).is_empty());
}
