//! Counts against their limits.

use cargo_perfgate::gate::{CountLimits, judge_counts};
use cargo_perfgate::model::Verdict;
use cargo_perfgate::stats::Rng;

fn verdict(base: [u64; 2], head: [u64; 2], max: Option<u64>) -> Verdict {
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
        assert_eq!(verdict(exact, [head; 2], None), expected, "{head}");
    }
}

#[test]
fn what_a_program_differs_from_itself_by_says_nothing() {
    for (base, head, expected) in [
        // A hundredth of a per cent: the ends count.
        ([10_000, 10_001], [10_050, 10_051], Verdict::WithinLimit),
        ([10_000, 10_001], [10_100, 10_102], Verdict::Inconclusive),
        ([10_000, 10_001], [10_102, 10_103], Verdict::Regressed),
        ([10_000, 10_001], [9_898, 9_899], Verdict::Improved),
        // Half a per cent: only what is plain.
        ([10_000, 10_050], [10_020, 10_020], Verdict::WithinLimit),
        ([10_000, 10_050], [10_500, 10_500], Verdict::Inconclusive),
        ([10_000, 10_000], [10_500, 10_550], Verdict::Inconclusive),
        ([10_000, 10_050], [12_000, 12_000], Verdict::Regressed),
        ([10_000, 10_050], [9_500, 9_500], Verdict::WithinLimit),
        ([10_000, 10_050], [8_000, 8_000], Verdict::Improved),
    ] {
        assert_eq!(verdict(base, head, None), expected, "{base:?} {head:?}");
    }
    let limits = CountLimits { max_regression: 0.01, max: None };
    let judgement = judge_counts([10_000, 10_400], [10_200; 2], limits);
    assert_eq!(judgement.reason, "the same program differs from itself by 4.00 %: a random seed, threads or addresses");
    assert!((judgement.change.unwrap() - 0.02).abs() < 1e-12);
    let interval = judgement.interval.unwrap();
    assert!(interval.low < -0.019 && interval.high > 0.0199, "{interval:?}");
}

/// Four counts of one program that draws at random are never red, whatever it draws from; two in a thousand are, at most.
#[test]
fn a_program_that_draws_at_random_is_hardly_ever_red() {
    let mut rng = Rng::new(7);
    for spread in [0.001, 0.003, 0.01, 0.05, 0.3] {
        let mut red = 0;
        for _ in 0..20_000 {
            let mut draw = || (1e6 * (1.0 + spread * rng.normal()).max(0.01)) as u64;
            red += usize::from(verdict([draw(), draw()], [draw(), draw()], None) == Verdict::Regressed);
        }
        assert!(red <= 40, "{red} of 20,000 at {spread}");
    }
}

#[test]
fn a_budget_holds_whatever_base_does() {
    assert_eq!(verdict([10_000; 2], [10_000; 2], Some(9_999)), Verdict::OverBudget);
    assert_eq!(verdict([10_000; 2], [10_000; 2], Some(10_000)), Verdict::Unchanged);
    assert_eq!(verdict([20_000; 2], [10_000; 2], Some(9_999)), Verdict::OverBudget);
    assert_eq!(verdict([10_000; 2], [20_000; 2], Some(9_999)), Verdict::Regressed);
    assert_eq!(verdict([0; 2], [5; 2], None), Verdict::Regressed);
    // A first allocation, and a first byte that leaks.
    assert_eq!(verdict([0; 2], [1; 2], None), Verdict::Regressed);
    assert_eq!(verdict([1; 2], [0; 2], None), Verdict::Improved);
    assert_eq!(verdict([0; 2], [0; 2], Some(0)), Verdict::Unchanged);
}
