//! Counts against their limits.

use cargo_perfgate::gate::{CountLimits, judge_counts};
use cargo_perfgate::model::Verdict;

fn verdict(base: [u64; 2], head: u64, max: Option<u64>) -> Verdict {
    judge_counts(base, head, CountLimits { max_regression: 0.01, max }).verdict
}

#[test]
fn the_limit_is_the_limit() {
    let exact = [10_000; 2];
    for (head, expected) in [
        (10_000, Verdict::Unchanged),
        (10_001, Verdict::WithinLimit),
        (10_099, Verdict::WithinLimit),
        (10_100, Verdict::Regressed),
        (20_000, Verdict::Regressed),
        (9_999, Verdict::WithinLimit),
        (9_901, Verdict::WithinLimit),
        (9_900, Verdict::Improved),
        (1, Verdict::Improved),
    ] {
        assert_eq!(verdict(exact, head, None), expected, "{head}");
    }
}

#[test]
fn what_base_differs_from_itself_by_says_nothing() {
    // By 0.5 % and, in the end, by 4 %.
    for (base, head, expected) in [
        ([10_000, 10_050], 10_020, Verdict::WithinLimit),
        ([10_050, 10_000], 10_120, Verdict::Inconclusive),
        ([10_000, 10_050], 10_152, Verdict::Regressed),
        ([10_000, 10_050], 9_900, Verdict::Improved),
        ([10_000, 10_050], 9_920, Verdict::WithinLimit),
        ([10_000, 10_400], 10_200, Verdict::Inconclusive),
        ([10_000, 10_400], 10_600, Verdict::Regressed),
    ] {
        assert_eq!(verdict(base, head, None), expected, "{base:?} {head}");
    }
    let judgement = judge_counts([10_000, 10_400], 10_200, CountLimits { max_regression: 0.01, max: None });
    assert_eq!(judgement.reason, "base differs from itself by 3.92 %: a random seed, threads or addresses");
    assert!((judgement.change.unwrap() - 0.02).abs() < 1e-12);
    let interval = judgement.interval.unwrap();
    assert!(interval.low < -0.019 && interval.high > 0.0199, "{interval:?}");
}

#[test]
fn a_budget_holds_whatever_base_does() {
    assert_eq!(verdict([10_000; 2], 10_000, Some(9_999)), Verdict::OverBudget);
    assert_eq!(verdict([10_000; 2], 10_000, Some(10_000)), Verdict::Unchanged);
    assert_eq!(verdict([20_000; 2], 10_000, Some(9_999)), Verdict::OverBudget);
    assert_eq!(verdict([10_000; 2], 20_000, Some(9_999)), Verdict::Regressed);
    assert_eq!(verdict([0; 2], 5, None), Verdict::Regressed);
}
