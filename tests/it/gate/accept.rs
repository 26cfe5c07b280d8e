//! What an acceptance turns green, and what it never does.

use cargo_perfgate::gate::{Acceptance, Policy, conclude, size_to_accept};
use cargo_perfgate::model::{BenchmarkId, Interval, Metric, Outcome, Row, Verdict};
use cargo_perfgate::stats::Rng;

use super::outcome::row;

fn acceptance(benchmark: &str, metric: Metric, max_regression: f64) -> Acceptance {
    Acceptance { benchmark: benchmark.to_owned(), metric, max_regression, reason: "checks UTF-8 now".to_owned() }
}

fn policy(acceptances: Vec<Acceptance>) -> Policy {
    Policy { acceptances, ..Policy::default() }
}

fn judged(verdict: Verdict, metric: Metric, change: Option<f64>) -> Row {
    Row { metric, change, reason: "slower".to_owned(), ..row(verdict) }
}

#[test]
fn a_change_is_held_against_what_is_accepted_and_the_reason_is_told() {
    let policy = policy(vec![acceptance("name", Metric::WallTime, 0.12)]);
    let accepted = "slower; accepted up to 12 %: \"checks UTF-8 now\"";
    let exceeded = "slower; more than the 12 % that is accepted: \"checks UTF-8 now\"";
    let unsettled = "slower; it is not settled whether by more than the 12 % that is accepted: \"checks UTF-8 now\"";
    let wide = Some(Interval { low: 0.0, high: 9.0 });
    let at = |low, high| Some(Interval { low, high });
    for (change, interval, verdict, reason) in [
        (Some(0.05), wide, Verdict::Accepted, accepted),
        (Some(0.05), None, Verdict::Accepted, accepted),
        (Some(0.12), at(0.11, 0.13), Verdict::Accepted, accepted),
        // Noise hides nothing, and turns nothing red.
        (Some(0.120001), wide, Verdict::Inconclusive, unsettled),
        (Some(0.13), at(0.12, 0.14), Verdict::Inconclusive, unsettled),
        (Some(3.0), wide, Verdict::Inconclusive, unsettled),
        (Some(0.13), at(0.120001, 0.14), Verdict::Regressed, exceeded),
        // What is counted has no noise.
        (Some(0.120001), None, Verdict::Regressed, exceeded),
        (Some(f64::NAN), wide, Verdict::Regressed, exceeded),
        (Some(0.13), at(f64::NAN, f64::NAN), Verdict::Regressed, exceeded),
        (None, wide, Verdict::Regressed, exceeded),
    ] {
        let mut row = judged(Verdict::Regressed, Metric::WallTime, change);
        row.interval = interval;
        policy.accept(&mut row);
        assert_eq!((row.verdict, row.reason.as_str()), (verdict, reason), "{change:?}");
        assert_eq!(row.accepted, Some(0.12));
        let outcome = match verdict {
            Verdict::Accepted => Outcome::Passed,
            Verdict::Inconclusive => Outcome::PassedWithUndecided,
            _ => Outcome::Failed,
        };
        assert_eq!(conclude(&[row], &policy), outcome);
    }
}

#[test]
fn only_regressions_of_this_benchmark_and_metric_are_accepted() {
    let accepts = |name: &str, metric, row: &Row| {
        let mut row = row.clone();
        policy(vec![acceptance(name, metric, 10.0)]).accept(&mut row);
        row.verdict == Verdict::Accepted
    };
    for verdict in Verdict::ALL {
        let row = judged(verdict, Metric::WallTime, Some(0.1));
        let regression = matches!(verdict, Verdict::Regressed | Verdict::TailRegressed);
        assert_eq!(accepts("name", Metric::WallTime, &row), regression || verdict == Verdict::Accepted, "{verdict}");
    }
    for metric in Metric::ALL {
        let row = judged(Verdict::Regressed, metric, Some(0.1));
        for other in Metric::ALL {
            assert_eq!(accepts("name", other, &row), metric == other, "{metric} {other}");
        }
        for (name, expected) in
            [("name", true), ("p::t/name", true), ("p::t/", false), ("t/name", false), ("", false), ("*", false)]
        {
            assert_eq!(accepts(name, metric, &row), expected, "{name}");
        }
    }
    // The suite as a whole has a name, too.
    let mut suite = judged(Verdict::Regressed, Metric::WallTime, Some(0.03));
    suite.benchmark = BenchmarkId::suite();
    assert!(accepts("geometric mean", Metric::WallTime, &suite));
    // Of two that name it the larger holds.
    let both = policy(vec![acceptance("name", Metric::WallTime, 0.2), acceptance("p::t/name", Metric::WallTime, 0.1)]);
    assert_eq!(both.accepted(&super::id("p::t/name"), Metric::WallTime), Some(0.2));
}

#[test]
fn the_size_to_accept_is_what_people_write() {
    let interval = |high: f64| Some(Interval { low: 0.0, high });
    for (change, interval, expected) in [
        // A tenth at least of what is counted.
        (0.10, None, 0.11),
        (0.101, None, 0.12),
        (0.0123, None, 0.014),
        // Of a time half the limit, a quarter of it, or what noise asks for.
        (0.03, interval(0.035), 0.055),
        (0.103, interval(0.113), 0.13),
        (0.126, interval(0.13), 0.16),
        (0.1, interval(0.12), 0.14),
        (2.5, interval(2.6), 3.13),
        (0.1, interval(0.05), 0.13),
    ] {
        let size = size_to_accept(change, interval, 0.05);
        assert!((size - expected).abs() < 1e-12, "{change} {interval:?}: {size}");
    }
}

/// What one measurement found and `accept` wrote holds for the next one, which is as noisy, but for one time in 200.
#[test]
fn what_is_accepted_once_stays_so() {
    let (mut rng, mut red, mut wide) = (Rng::new(3), 0, 0.0);
    let (truth, error) = (0.10, 0.0075);
    for _ in 0..20_000 {
        let mut measured = || truth + error * rng.normal();
        let first = measured();
        let size = size_to_accept(first, Some(Interval { low: first - 2.05 * error, high: first + 2.05 * error }), 0.0);
        red += usize::from(measured() > size);
        wide = f64::max(wide, size);
    }
    assert!(red <= 100, "{red} of 20,000");
    // And it hides nothing that is far from what was accepted.
    assert!(wide < 0.10 + 10.0 * error, "{wide}");
}
