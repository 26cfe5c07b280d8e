//! What reading and writing costs, a thousand benchmarks at a time.

use std::hint::black_box;

use cargo_perfgate::config::{Overrides, TEMPLATE, parse};
use cargo_perfgate::gate::summarise;
use cargo_perfgate::model::{
    BenchmarkId, Controls, Environment, Evidence, HeadSide, Interval, Measurement, Metric, Outcome, PolicyNote,
    REPORT_FORMAT_VERSION, RUN_FORMAT_VERSION, Report, Revision, Row, Run, Unit, Verdict,
};
use cargo_perfgate::report::{Style, html, json, junit, markdown, terminal};
use cargo_perfgate::store::{decode, encode};
use criterion::{Criterion, criterion_group, criterion_main};

const COUNT: usize = 1_000;

fn id(i: usize) -> BenchmarkId {
    BenchmarkId::new(format!("package-{}", i % 5), "speed", format!("group {}/case/{i}", i % 50))
}

fn report() -> Report {
    let row = |i: usize| Row {
        benchmark: id(i),
        harness: "criterion 0.8.2".to_owned(),
        metric: Metric::WallTime,
        unit: Unit::Nanoseconds,
        base: Some(1e3 + i as f64),
        head: Some(1.1e3 + i as f64),
        change: Some(0.1),
        interval: Some(Interval { low: 0.08, high: 0.12 }),
        smallest_visible_change: Some(0.034),
        limit: 0.05,
        tolerate: 0.02,
        budget: None,
        accepted: None,
        verdict: [Verdict::Regressed, Verdict::Unchanged, Verdict::Inconclusive][i % 3],
        evidence: Some(Evidence::PairedMeasurement),
        reason: "slower than the tolerated 2 %".to_owned(),
        pairs: 37,
        distribution: (0..37).map(|i| f64::from(i - 18) / 1000.0).collect(),
        counted: None,
        reproduce: None,
        samples: None,
        source: None,
    };
    let rows: Vec<Row> = (0..COUNT).map(row).collect();
    Report {
        format_version: REPORT_FORMAT_VERSION,
        tool: "cargo-perfgate".to_owned(),
        outcome: Outcome::Failed,
        exit_code: 100,
        base: None,
        head: HeadSide { commit: None, dirty: true, changes: None, name: None },
        environment: None,
        policy: PolicyNote {
            file: None,
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

fn run() -> Run {
    let measurement = |i: usize| Measurement {
        benchmark: id(i),
        harness: "criterion 0.8.2".to_owned(),
        metric: Metric::WallTime,
        unit: Unit::Nanoseconds,
        q25: 1e3,
        median: 1.01e3,
        spread: 0.02,
        estimates: (0..20).map(|k| 1e3 + (i * 20 + k) as f64 / 7.0).collect(),
        executable: "0011223344556677".to_owned(),
        layout_spread: Some(0.01),
        pair_spread: None,
        cost: Some(4e8),
    };
    Run {
        format_version: RUN_FORMAT_VERSION,
        revision: Revision { commit: "0".repeat(40), dirty: false },
        environment: Environment { key: "aa".to_owned(), ..Environment::default() },
        started: "2026-08-05T09:41:07Z".to_owned(),
        whole: true,
        measurements: (0..COUNT).map(measurement).collect(),
        controls: Controls::default(),
        counted: None,
    }
}

fn records(c: &mut Criterion) {
    let run = run();
    let bytes = encode(&run).expect("a run that can be stored");
    c.bench_function("record/encode", |b| b.iter(|| encode(black_box(&run))));
    c.bench_function("record/decode", |b| b.iter(|| decode(black_box(&bytes))));
}

fn reports(c: &mut Criterion) {
    let report = report();
    let text = json::render(&report);
    let style = Style { color: true, width: 120, verbose: true };
    c.bench_function("report/json", |b| b.iter(|| json::render(black_box(&report))));
    c.bench_function("report/read", |b| b.iter(|| json::parse(black_box(text.as_bytes()))));
    c.bench_function("report/markdown", |b| b.iter(|| markdown::render(black_box(&report))));
    c.bench_function("report/html", |b| b.iter(|| html::render(black_box(&report))));
    c.bench_function("report/junit", |b| b.iter(|| junit::render(black_box(&report))));
    c.bench_function("report/terminal", |b| b.iter(|| terminal::render(black_box(&report), style)));
}

fn configuration(c: &mut Criterion) {
    c.bench_function("configuration", |b| {
        b.iter(|| parse(black_box(TEMPLATE), "perfgate.toml", &Overrides::default()).is_ok());
    });
}

criterion_group!(benches, records, reports, configuration);
criterion_main!(benches);
