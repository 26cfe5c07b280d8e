//! First sentences, and numbers in words, where the golden files do not go.

use cargo_perfgate::model::{BenchmarkId, Outcome, Report, Row, Verdict};
use cargo_perfgate::report::markdown;

use super::plain;
use super::samples::{failing, paired, report, row, same};

fn sentence(outcome: Outcome, rows: Vec<Row>) -> String {
    plain(&report(outcome, rows), 200).lines().next().unwrap().to_owned()
}

fn unchanged(name: &str) -> Row {
    paired(name, Verdict::Unchanged, 1000.0, (0.1, 1.0), 12, "")
}

fn undecided(name: &str, half: f64) -> Row {
    paired(name, Verdict::Inconclusive, 1000.0, (3.0, half), 12, "out of time")
}

#[test]
fn first_sentences() {
    use Outcome::{CouldNotComplete, Failed, Inconclusive, NothingCompared, Passed, PassedWithUndecided};
    use Verdict::{Added, BenchChanged, Crashed, OverBudget, Regressed, Removed, TailRegressed, TimedOut};
    let cases = [
        (Passed, vec![unchanged("a")], "passed: 1 benchmark, not slower than its limit"),
        (Passed, vec![unchanged("a"), row("b", Added, "")], "passed: 1 benchmark, not slower than its limit"),
        (Passed, vec![unchanged("a"), row("b", Removed, "")], "passed, 1 removed"),
        (Passed, vec![unchanged("a"), row("b", BenchChanged, "")], "passed, 1 bench-changed"),
        (Passed, vec![same("a"), row("b", Crashed, "")], "passed, 1 crashed"),
        (Passed, vec![row("a", Added, "")], "passed, nothing compared"),
        (PassedWithUndecided, vec![unchanged("a"), undecided("b", 5.0)], "passed, 1 of 2 undecided"),
        (
            PassedWithUndecided,
            vec![undecided("a", 5.0), row("b", Removed, "")],
            "inconclusive, 1 of 1 undecided, 1 removed",
        ),
        (
            Inconclusive,
            vec![undecided("a", 5.0), undecided("b", 9.0), unchanged("c")],
            "inconclusive: 2 of 3 undecided; in `b` a slowdown below 20 % would not have been seen",
        ),
        (
            Failed,
            vec![failing(paired("a", Regressed, 100.0, (4.1, 1.0), 12, ""))],
            "failed: `a` is 4.1 % slower (tolerated 2 %, limit 5 %)",
        ),
        (
            Failed,
            vec![Row { accepted: Some(0.12), ..failing(paired("a", Regressed, 100.0, (31.0, 1.0), 12, "")) }],
            "failed: `a` is 31 % slower (accepted up to 12 %)",
        ),
        (
            Failed,
            vec![failing(paired("a", TailRegressed, 100.0, (31.0, 1.0), 12, ""))],
            "failed: `a` is 31 % slower in its slowest tenth (limit 5 %)",
        ),
        (
            Failed,
            vec![Row { benchmark: BenchmarkId::suite(), ..paired("", Regressed, 100.0, (6.0, 1.0), 12, "") }],
            "failed: `geometric mean` is 6 % slower (limit 5 %)",
        ),
        (
            Passed,
            vec![unchanged("a"), Row { benchmark: BenchmarkId::suite(), ..unchanged("") }],
            "passed: 1 benchmark, not slower than its limit",
        ),
        (
            Failed,
            vec![Row { budget: Some(1500.0), ..paired("a", OverBudget, 1600.0, (10.0, 1.0), 12, "") }],
            "failed: `a` takes 1.760 µs (budget 1.5 µs)",
        ),
        (
            Failed,
            vec![unchanged("a"), row("b", Removed, ""), row("c", Removed, "")],
            "failed: `b` was removed, and 1 more",
        ),
        (
            CouldNotComplete,
            vec![row("a", Crashed, ""), row("b", Crashed, "")],
            "could not complete: 2 benchmarks crashed",
        ),
        (CouldNotComplete, vec![row("a", TimedOut, "")], "could not complete: 1 benchmark timed out"),
        (NothingCompared, vec![], "nothing compared: no benchmark was selected"),
        (NothingCompared, vec![row("a", Added, "")], "nothing compared: the only benchmark is new"),
        (NothingCompared, vec![row("a", Added, ""), row("b", Added, "")], "nothing compared: all 2 benchmarks are new"),
        (
            NothingCompared,
            vec![row("a", Added, ""), row("b", Removed, "")],
            "nothing compared: 2 benchmarks, none with both a base and a head",
        ),
    ];
    for (outcome, rows, expected) in cases {
        assert_eq!(sentence(outcome, rows), expected);
    }
}

#[test]
fn identity_is_told_even_where_the_gate_fails() {
    let report = report(Outcome::Failed, vec![same("a"), failing(row("b", Verdict::Removed, ""))]);
    let expected = "nothing to measure: base and head build to the same executables";
    assert!(plain(&report, 200).contains(expected));
    assert!(markdown::render(&report).contains(expected));
}

#[test]
fn an_undecided_row_says_what_it_could_see_once() {
    let mut own = undecided("a", 9.0);
    own.reason = "a slowdown below 20.0 % would not have been seen".to_owned();
    let text = plain(&report(Outcome::PassedWithUndecided, vec![own, undecided("b", 9.0)]), 200);
    assert_eq!(text.matches("would not have been seen").count(), 2);
}

/// The row of one benchmark with these numbers, by its columns.
fn cells(base: f64, head: f64, change: f64, limit: f64) -> Vec<String> {
    let numbers =
        Row { base: Some(base), head: Some(head), change: Some(change), limit, ..row("a", Verdict::Improved, "") };
    let text = plain(&report(Outcome::Passed, vec![numbers]), 200);
    let line = text.lines().find(|line| line.starts_with("a ")).unwrap();
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
}

#[test]
fn times_share_a_unit_and_can_be_told_apart() {
    let times = |base: f64, head: f64| {
        let cells = cells(base, head, 0.0, 0.05);
        [cells[1].clone(), cells[2].clone()]
    };
    assert_eq!(times(0.25, 0.3), ["0.2500 ns", "0.3000 ns"]);
    assert_eq!(times(900.0, 1100.0), ["0.900 µs", "1.100 µs"]);
    assert_eq!(times(999.94, 999.9), ["999.94 ns", "999.90 ns"].map(str::to_owned));
    assert_eq!(times(1234.0, 1234.4), ["1.2340 µs", "1.2344 µs"]);
    assert_eq!(times(5.0, 2e6), ["0.000005 ms", "2.000000 ms"]);
    assert_eq!(times(61e9, 75e9), ["61.00 s", "75.00 s"]);
    assert_eq!(times(0.0, 12.0), ["0.00 ns", "12.00 ns"]);
    assert_eq!(times(1e300, 2.0)[0], "1.000e291 s");
}

#[test]
fn changes_and_limits() {
    let change = |change: f64, limit: f64| {
        let cells = cells(100.0, 100.0, change, limit);
        [cells[3].clone(), cells[4].clone()]
    };
    assert_eq!(change(0.2041, 0.05), ["+20.4 %", "5 %"]);
    assert_eq!(change(-0.0001, 0.05), ["0.0 %", "5 %"]);
    assert_eq!(change(0.0012, 0.0005), ["+0.12 %", "0.05 %"]);
    assert_eq!(change(0.07, 0.125), ["+7.0 %", "12.5 %"]);
    assert_eq!(change(12.345, 1.0), ["+1234 %", "100 %"]);
    assert_eq!(change(f64::NAN, 0.05)[0], "-");
}

#[test]
fn short_ids_where_they_are_unique() {
    let mut rows =
        vec![row("same", Verdict::Added, ""), row("same", Verdict::Added, ""), row("own", Verdict::Added, "")];
    rows[1].benchmark.target = "other".to_owned();
    let text = plain(&Report { base: None, ..report(Outcome::NothingCompared, rows) }, 200);
    for id in ["\nmy-parser::throughput/same ", "\nmy-parser::other/same ", "\nown "] {
        assert!(text.contains(id), "{id} in\n{text}");
    }
}
