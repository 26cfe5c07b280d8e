//! Reports as a gate run would leave them, for the golden files.

use cargo_perfgate::gate::{Policy, summarise};
use cargo_perfgate::model::{
    BaseSide, BenchmarkId, Controls, Environment, Evidence, FirstSample, HeadSide, Interval, Metric, Outcome,
    PolicyNote, REPORT_FORMAT_VERSION, Report, Row, Shard, Skipped, Unit, Verdict,
};

/// A report over `rows` whose other parts are those of an everyday pull request.
pub fn report(outcome: Outcome, rows: Vec<Row>) -> Report {
    Report {
        format_version: REPORT_FORMAT_VERSION,
        tool: "cargo-perfgate 0.1.0".to_owned(),
        outcome,
        exit_code: outcome.exit_code().code(),
        base: Some(BaseSide {
            commit: Some("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".to_owned()),
            reason: "merge base of HEAD and origin/main".to_owned(),
        }),
        head: HeadSide {
            commit: Some("9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c".to_owned()),
            dirty: true,
            changes: None,
            name: None,
        },
        environment: Some(Environment {
            cpu: "AMD EPYC 7B13".to_owned(),
            cores: 2,
            os: "linux".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            profile: "bench".to_owned(),
            rustc: "rustc 1.95.0 (59807616e 2026-04-14)".to_owned(),
            machine: "6b86b273ff34".to_owned(),
            key: "d4735e3a265e".to_owned(),
        }),
        policy: PolicyNote {
            file: Some(".config/perfgate.toml".to_owned()),
            environment: None,
            variables: Vec::new(),
            max_regression: 0.05,
            tolerate: 0.02,
        },
        summary: summarise(&rows),
        rows,
        skipped: Vec::new(),
        warnings: Vec::new(),
        controls: Controls::default(),
        shard: None,
    }
}

/// A row of `my-parser::throughput` without numbers.
pub fn row(name: &str, verdict: Verdict, reason: &str) -> Row {
    Row {
        benchmark: BenchmarkId::new("my-parser", "throughput", name),
        harness: "criterion 0.5.1".to_owned(),
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
        evidence: None,
        reason: reason.to_owned(),
        pairs: 0,
        distribution: Vec::new(),
        counted: None,
        reproduce: None,
        samples: None,
        source: None,
    }
}

/// A row judged by `pairs` pairs; `change` in percent with the half of its interval.
pub fn paired(name: &str, verdict: Verdict, base: f64, change: (f64, f64), pairs: usize, reason: &str) -> Row {
    let (change, half) = (change.0 / 100.0, change.1 / 100.0);
    Row {
        base: Some(base),
        head: Some(base * (1.0 + change)),
        change: Some(change),
        interval: Some(Interval { low: change - half, high: change + half }),
        smallest_visible_change: Some(0.02 + 2.0 * half),
        evidence: Some(Evidence::PairedMeasurement),
        pairs,
        // As even as pairs can be.
        distribution: (0..pairs).map(|i| change + 3.0 * half * ((i as f64 + 0.5) / pairs as f64 * 2.0 - 1.0)).collect(),
        ..row(name, verdict, reason)
    }
}

/// A row whose executables are identical.
pub fn same(name: &str) -> Row {
    Row { evidence: Some(Evidence::SameExecutable), ..row(name, Verdict::Unchanged, "base and head run the same code") }
}

/// `row` as one that the gate fails by.
pub fn failing(row: Row) -> Row {
    let command = format!("cargo perfgate check --base 1a2b3c4d5e {}", row.benchmark.name);
    Row { reproduce: Some(command), ..row }
}

fn unchanged(count: usize) -> impl Iterator<Item = Row> {
    (0..count).map(|i| {
        let change = (i as f64 * 0.37) % 1.4 - 0.7;
        let base = 1.7_f64.powi(i as i32 % 30) * 12.3;
        paired(
            &format!("lex/tokens/{i}"),
            Verdict::Unchanged,
            base,
            (change, 1.1),
            12,
            "any change is smaller than 5 %",
        )
    })
}

/// Every verdict, the gate failed.
pub fn failed() -> Report {
    let mut rows = vec![
        failing(paired("emit/small", Verdict::Regressed, 812.3, (4.1, 1.2), 24, "slower than the tolerated 2 %")),
        failing(paired(
            "parse/large",
            Verdict::Regressed,
            1_234_000.0,
            (20.4, 1.3),
            12,
            "slower than the tolerated 2 %",
        )),
        failing(Row {
            budget: Some(2e6),
            evidence: Some(Evidence::AbsoluteBudget),
            ..paired("parse/config", Verdict::OverBudget, 1.93e6, (25.1, 2.0), 12, "above its budget of 2 ms")
        }),
        failing(row("emit/unicode", Verdict::Crashed, "panicked at benches/throughput.rs:41:9: index out of bounds")),
        failing(row("emit/legacy", Verdict::Removed, "the base has this benchmark, head has not")),
        paired(
            "io/fsync",
            Verdict::Inconclusive,
            48_211_000.0,
            (6.1, 9.2),
            40,
            "a slowdown below 20.4 % would not have been seen",
        ),
        Row {
            evidence: Some(Evidence::StoredBaseline),
            ..paired(
                "parse/small",
                Verdict::Improved,
                951.2,
                (-18.3, 1.0),
                8,
                "faster; not confirmed: measured at different times",
            )
        },
        row("emit/pretty", Verdict::Added, "the base has no such benchmark"),
        paired("lex/keywords", Verdict::WithinLimit, 88.41, (1.4, 0.9), 12, "no slowdown of 5 % or more"),
    ];
    rows.extend(unchanged(57));
    Report {
        skipped: vec![
            Skipped {
                what: "my-parser::alloc".to_owned(),
                reason: "its criterion `Measurement` is not time".to_owned(),
            },
            Skipped {
                what: "my-cli::startup".to_owned(),
                reason: "no harness that is known; set `harness` for it in the config".to_owned(),
            },
        ],
        warnings: vec!["base was built by rustc 1.94.0, head by rustc 1.95.0: rust-toolchain.toml differs".to_owned()],
        ..report(Outcome::Failed, rows)
    }
}

/// A shard of a larger suite.
pub fn sharded() -> Report {
    let report = passed();
    let pairs = vec![0.01, -0.0125, 0.0];
    let samples = report.rows.iter().map(|row| FirstSample { benchmark: row.benchmark.clone(), pairs: pairs.clone() });
    let shard = Shard {
        index: 2,
        of: 4,
        suite: "0123456789abcdef".to_owned(),
        benchmarks: 1_234,
        comparisons: 56,
        unaffected: true,
        policy: Policy::default().of_shard(),
        samples: samples.collect(),
    };
    Report { shard: Some(shard), ..report }
}

/// Nothing to tell.
pub fn passed() -> Report {
    let mut report = report(Outcome::Passed, unchanged(60).collect());
    report.head.dirty = false;
    report.policy.file = None;
    report
}

/// Passed with undecided rows, in which the one that a slowdown hides in best is not the first.
pub fn undecided() -> Report {
    let mut rows: Vec<Row> = unchanged(57).collect();
    rows.push(paired("io/fsync", Verdict::Inconclusive, 48_211_000.0, (6.1, 9.2), 40, "out of time"));
    rows.push(paired("io/read", Verdict::Inconclusive, 5_100.0, (-3.0, 15.0), 40, "out of time"));
    rows.push(row("io/slow", Verdict::Inconclusive, "not measured: one iteration takes 31 s, the budget was 90 s"));
    report(Outcome::PassedWithUndecided, rows)
}

/// No base.
pub fn nothing_compared() -> Report {
    let rows = ["parse/large", "parse/small"].map(|name| row(name, Verdict::Added, "there is no base")).to_vec();
    Report { base: None, ..report(Outcome::NothingCompared, rows) }
}

/// One crashed and nothing worse was found.
pub fn crashed() -> Report {
    let mut rows: Vec<Row> = unchanged(3).collect();
    rows.push(failing(row("emit/unicode", Verdict::Crashed, "killed by signal 11 (SIGSEGV)")));
    rows.push(failing(row("io/fsync", Verdict::TimedOut, "no result after 120 s")));
    report(Outcome::CouldNotComplete, rows)
}

/// No code that is measured was touched.
pub fn same_executables() -> Report {
    report(Outcome::Passed, (0..60).map(|i| same(&format!("lex/tokens/{i}"))).collect())
}

/// Names and sentences that try to be more than text.
pub fn hostile() -> Report {
    let names = [
        "a|b|c",
        "`tick` **bold** _under_ ~~gone~~",
        "<script>alert(1)</script>",
        "</code></td></table><img src=x onerror=alert(1)>",
        "@everyone see #1 and org/repo#2, GH-3",
        "[link](https://evil.example) ![pixel](http://evil.example/p.png) www.evil.example",
        "new\nline\r\ttab",
        "\u{1b}[31mred\u{1b}[0m \u{9b}2J \u{7}",
        "right \u{202e}tfel ot\u{202c}, nothing\u{200b}\u{feff} here",
        "解析/大きい ファイル",
        "👩‍👩‍👧 e\u{301} \u{1f1e9}\u{1f1ea}",
        "$x^2$ :smile: &lt; \\ me@evil.example",
        "   ",
        "-->",
    ];
    let mut rows: Vec<Row> = names
        .iter()
        .map(|name| failing(paired(name, Verdict::Regressed, 1000.0, (20.4, 1.3), 12, &format!("slower: {name}"))))
        .collect();
    rows.push(failing(paired(&"long/".repeat(200), Verdict::Regressed, 1000.0, (20.4, 1.3), 12, "slower")));
    Report {
        base: Some(BaseSide {
            commit: Some("<b>\u{1b}[1m@x".to_owned()),
            reason: "@you, because\n# of <i>".to_owned(),
        }),
        skipped: names.iter().map(|name| Skipped { what: name.to_string(), reason: name.to_string() }).collect(),
        warnings: names.iter().map(|name| name.to_string()).collect(),
        ..report(Outcome::Failed, rows)
    }
}

/// Ids that differ in their middle only, or in their package.
pub fn alike() -> Report {
    let long =
        |middle: &str| format!("serialize/with_a_rather_long_group_name/{middle}/and_a_long_parameter_as_well/4096");
    let mut rows = vec![
        failing(paired(&long("left"), Verdict::Regressed, 1000.0, (21.0, 1.3), 12, "slower than the tolerated 2 %")),
        failing(paired(&long("right"), Verdict::Regressed, 1000.0, (20.4, 1.3), 12, "slower than the tolerated 2 %")),
        paired("short", Verdict::Improved, 1000.0, (-20.4, 1.3), 12, "faster"),
        paired("short", Verdict::Improved, 1000.0, (-10.4, 1.3), 12, "faster"),
    ];
    rows[3].benchmark.package = "other".to_owned();
    report(Outcome::Failed, rows)
}
