//! Counts as part of baselines: what they are comparable by, what is said of them, and that a stored count judges as one
//! that was counted now, on whatever machine it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_perfgate::flow::compare::report_of;
use cargo_perfgate::gate::{CountOverride, Policy};
use cargo_perfgate::instrument::{Valgrind, name_of_libc};
use cargo_perfgate::model::{
    BenchmarkId, Conditions, CountedBenchmark, CountedRun, Evidence, Metric, Report, Row, Run, Verdict,
};
use cargo_perfgate::report::{json, run::render};
use cargo_perfgate::workspace::settings_around;
use serde_json::Value;

use crate::commands::run_of;
use crate::fixture::Fixture;

const COMMIT: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

pub fn conditions() -> Conditions {
    Conditions {
        rustc: "rustc 1.95.0 (59807616e 2026-04-14)".into(),
        cc: "cc (Debian 12.2.0-14) 12.2.0".into(),
        target: "x86_64-unknown-linux-gnu".into(),
        profile: "bench".into(),
        features: "--all-features".into(),
        settings: "0011223344556677".into(),
        valgrind: "3.19.0-8d3c8034b8-20220411".into(),
        cpu: "AMD64, LittleEndian, amd64-cx16-avx2".into(),
        libc: "Debian GLIBC 2.36-9+deb12u14".into(),
        cores: 2,
    }
}

/// A run with one benchmark that was counted so.
pub fn counted_run(key: &str, counts: &[(Metric, [u64; 2])]) -> Run {
    let known = CountedBenchmark {
        harness: "criterion 0.5.1".into(),
        source: "5050".into(),
        counts: counts.iter().copied().collect(),
    };
    let benchmarks = [(BenchmarkId::new("parser", "speed", "parse/large"), known)].into();
    Run { counted: Some(CountedRun { conditions: conditions(), benchmarks }), ..run_of(COMMIT, key, 100.0) }
}

fn policy(metrics: &[(Metric, Option<u64>)]) -> Policy {
    let counts = metrics.iter().map(|(metric, max)| (*metric, CountOverride { max_regression: None, max: *max }));
    Policy { counts: counts.collect(), ..Policy::default() }
}

/// What is said of the instructions, with a limit of 1 % and a budget of 20,000, and the warnings.
fn judged(base: &Run, head: &Run) -> (Option<Row>, Vec<String>) {
    let report = report_of(base, head, "base", Vec::new(), &policy(&[(Metric::Instructions, Some(20_000))]));
    assert!(report.rows.iter().filter(|row| row.metric != Metric::WallTime).count() <= 1);
    let row = report.rows.into_iter().find(|row| row.metric == Metric::Instructions);
    (row, report.warnings)
}

fn executing(key: &str, counts: [u64; 2]) -> Run {
    counted_run(key, &[(Metric::Instructions, counts)])
}

#[test]
fn stored_counts_are_judged_as_counts_whatever_the_machine() {
    for key in ["aa", "bb"] {
        for (base, head, verdict, evidence) in [
            ([10_000; 2], [10_000; 2], Verdict::Unchanged, Evidence::Counted),
            ([10_000; 2], [10_099; 2], Verdict::WithinLimit, Evidence::Counted),
            ([10_000; 2], [10_100; 2], Verdict::Regressed, Evidence::Counted),
            ([10_000; 2], [9_900; 2], Verdict::Improved, Evidence::Counted),
            // The floor of either side counts.
            ([10_000, 10_400], [10_100; 2], Verdict::Inconclusive, Evidence::Counted),
            ([10_000; 2], [10_100, 10_500], Verdict::Inconclusive, Evidence::Counted),
            ([20_000; 2], [20_001; 2], Verdict::OverBudget, Evidence::AbsoluteBudget),
        ] {
            let (row, warnings) = judged(&executing("aa", base), &executing(key, head));
            let row = row.unwrap();
            assert_eq!((row.verdict, row.evidence), (verdict, Some(evidence)), "{base:?} {head:?}: {row:?}");
            assert_eq!((row.base, row.head), (Some(base[0] as f64), Some(head[0] as f64)));
            assert_eq!(warnings, Vec::<String>::new());
        }
    }
}

/// Every fact is held against the other's, those to come as well.
#[test]
fn any_condition_that_differs_keeps_counts_apart_and_is_named() {
    let own = serde_json::to_value(conditions()).unwrap();
    assert_eq!(conditions().differences(&conditions()), Vec::<String>::new());
    for key in own.as_object().unwrap().keys() {
        let mut other = own.clone();
        other[key] = if other[key].is_number() { 64.into() } else { "another one".into() };
        let other: Conditions = serde_json::from_value(other).unwrap();
        let differences = other.differences(&conditions());
        assert_eq!(differences.len(), 1, "{key}: {differences:?}");
        let named = ["another one and not ", "64 cores and not 2 cores", "other compiler flags or settings"];
        assert!(named.iter().any(|words| differences[0].contains(words)), "{key}: {differences:?}");

        let (mut base, head) = (executing("aa", [10_000; 2]), executing("aa", [20_000; 2]));
        base.counted.as_mut().unwrap().conditions = other;
        let (row, warnings) = judged(&base, &head);
        let row = row.unwrap();
        assert_eq!((row.verdict, row.evidence, row.base), (Verdict::Inconclusive, None, None), "{key}: {row:?}");
        assert_eq!(row.reason, "what is stored of base was counted under other conditions");
        let sentence = format!(
            "the counts that are stored of base are not compared with head's: they were counted with {}",
            differences[0]
        );
        assert_eq!(warnings, [sentence], "{key}");
        // A budget asks for no base.
        let (row, _) = judged(&base, &executing("aa", [20_001; 2]));
        let row = row.unwrap();
        assert_eq!((row.verdict, row.evidence), (Verdict::OverBudget, Some(Evidence::AbsoluteBudget)), "{key}");
    }
    let without = Conditions { features: String::new(), ..conditions() };
    assert_eq!(conditions().differences(&without), ["the features --all-features and not none"]);
}

#[test]
fn what_is_not_counted_on_both_sides_is_never_judged() {
    let counted = |counts| executing("aa", counts);
    let plain = run_of(COMMIT, "aa", 100.0);
    // Records of older versions.
    let (row, warnings) = judged(&plain, &counted([10_000; 2]));
    assert_eq!((row.as_ref().unwrap().verdict, row.as_ref().unwrap().evidence), (Verdict::Inconclusive, None));
    assert_eq!(row.unwrap().reason, "no counts are stored of base");
    assert!(warnings[0].starts_with("no counts of base are stored: `cargo perfgate run`"), "{warnings:?}");
    let (row, warnings) = judged(&counted([10_000; 2]), &plain);
    assert_eq!(row, None);
    assert!(warnings[0].starts_with("no counts of head are stored, and the limits of `instructions`"), "{warnings:?}");
    // Another metric was counted.
    let allocating = counted_run("aa", &[(Metric::Allocations, [1, 1])]);
    for (base, head, reason) in [
        (&allocating, &counted([10_000; 2]), "what is stored of base has no count of it"),
        (&counted([10_000; 2]), &allocating, "what is stored of head has no count of it"),
    ] {
        let row = judged(base, head).0.unwrap();
        assert_eq!((row.verdict, row.evidence, row.reason.as_str()), (Verdict::Inconclusive, None, reason));
    }
    // Nobody asks: nothing is said.
    let report = report_of(&plain, &counted([10_000; 2]), "base", Vec::new(), &Policy::default());
    assert_eq!((report.rows.len(), report.warnings), (1, Vec::new()));
}

#[test]
fn a_benchmark_that_differs_itself_is_no_regression() {
    let mut head = executing("aa", [20_000; 2]);
    let known = head.counted.as_mut().unwrap().benchmarks.values_mut().next().unwrap();
    known.source = "6060".into();
    let row = judged(&executing("aa", [10_000; 2]), &head).0.unwrap();
    assert_eq!((row.verdict, row.evidence), (Verdict::BenchChanged, None), "{row:?}");
    head.counted.as_mut().unwrap().benchmarks.values_mut().next().unwrap().counts =
        [(Metric::Instructions, [20_001; 2])].into();
    assert_eq!(judged(&executing("aa", [10_000; 2]), &head).0.unwrap().verdict, Verdict::OverBudget);
}

#[test]
fn what_one_side_lacks_is_new_or_lost_where_the_other_has_all() {
    let other = BenchmarkId::new("parser", "speed", "parse/small");
    let renamed = |mut run: Run| {
        run.measurements[0].benchmark = other.clone();
        let counted = run.counted.as_mut().unwrap();
        let known = counted.benchmarks.pop_first().unwrap().1;
        counted.benchmarks.insert(other.clone(), known);
        run
    };
    for key in ["aa", "bb"] {
        let (base, head) = (executing("aa", [10_000; 2]), renamed(executing(key, [10_000; 2])));
        let rows = |base: &Run, head: &Run| -> BTreeMap<(String, Metric), Verdict> {
            let report = report_of(base, head, "base", Vec::new(), &policy(&[(Metric::Instructions, Some(20_000))]));
            report.rows.into_iter().map(|row| ((row.benchmark.name, row.metric), row.verdict)).collect()
        };
        let lost = (("parse/large".to_owned(), Metric::WallTime), Verdict::Removed);
        let new = (("parse/small".to_owned(), Metric::WallTime), Verdict::Added);
        let both = if key == "aa" { BTreeMap::from([lost.clone(), new]) } else { [lost.clone()].into() };
        assert_eq!(rows(&base, &head), both, "{key}: a new benchmark's count is held to nothing but its budget");
        let over = renamed(executing(key, [20_001; 2]));
        assert_eq!(rows(&base, &over)[&("parse/small".to_owned(), Metric::Instructions)], Verdict::OverBudget);
        // Some of head's were left out: nothing is lost. Some of base's: nothing is new.
        let part = |run: &Run| Run { whole: false, ..run.clone() };
        assert!(!rows(&base, &part(&head)).contains_key(&lost.0), "{key}");
        let open = rows(&part(&base), &head)[&("parse/small".to_owned(), Metric::Instructions)];
        assert_eq!(open, Verdict::Inconclusive, "{key}");
    }
}

#[test]
fn older_runs_add_what_was_counted_as_the_newer_was() {
    let counted = |counts: &[(Metric, [u64; 2])]| counted_run("aa", counts).counted.unwrap();
    let mut newer = counted(&[(Metric::Instructions, [7, 7])]);
    let older = counted(&[(Metric::Instructions, [9, 9]), (Metric::Allocations, [1, 1])]);
    let mut elsewhere = older.clone();
    elsewhere.conditions.cores = 3;
    newer.add_older(&elsewhere);
    assert_eq!(newer, counted(&[(Metric::Instructions, [7, 7])]));
    newer.add_older(&older);
    assert_eq!(newer, counted(&[(Metric::Instructions, [7, 7]), (Metric::Allocations, [1, 1])]));
}

#[test]
fn what_valgrind_says_of_itself_is_read() {
    let log = "==7== Nulgrind, the minimal Valgrind tool\n==7== Using Valgrind-3.19.0-8d3c8034b8-20220411 and LibVEX; rerun with -h for copyright info\n--7-- Arch and hwcaps: AMD64, LittleEndian, amd64-cx16-avx2\n--7-- Reading syms from /usr/bin/true\n--7-- Reading syms from /usr/lib/ld-linux-x86-64.so.2\n--7-- Reading syms from /usr/lib/x86_64-linux-gnu/libc.so.6\n";
    let read = Valgrind::parse(log).unwrap();
    assert_eq!(read.version, conditions().valgrind);
    assert_eq!(read.cpu, conditions().cpu);
    assert_eq!(read.libc, Some("/usr/lib/x86_64-linux-gnu/libc.so.6".into()));
    // What lacks either says nothing that counts could be compared by.
    for words in ["Using Valgrind-", "Arch and hwcaps: "] {
        assert_eq!(Valgrind::parse(&log.replace(words, "")), None, "{words}");
    }
    let alone = Valgrind::parse(log.split("--7-- Reading").next().unwrap()).unwrap();
    assert_eq!((alone.libc.clone(), alone.libc_name()), (None, String::new()));

    let banner = b"\0\x7fGNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\n\0";
    assert_eq!(name_of_libc(banner), conditions().libc);
    // Others are told by what they are.
    let [first, second] = [&b"musl"[..], b"GNU C Library (without an end"].map(name_of_libc);
    assert!(first != second && first.len() == 16 && second.len() == 16, "{first} {second}");
}

#[test]
fn settings_around_a_project_count_where_they_have_a_say_in_code() {
    let folder = tempfile::tempdir().unwrap();
    let said = |place: &str, configuration: &str| {
        let above = folder.path().join(place);
        fs::create_dir_all(above.join(".cargo")).unwrap();
        fs::create_dir_all(above.join("repository")).unwrap();
        fs::write(above.join(".cargo/config.toml"), configuration).unwrap();
        settings_around(&above.join("repository"))
    };
    let none = settings_around(&folder.path().join("repository"));
    assert_eq!(said("a", "[net]\noffline = true\n[build]\njobs = 1\n[target.x86]\nrunner = \"x\"\n"), none);
    let telling = [
        "[build]\nrustflags = [\"-Ctarget-cpu=native\"]\n",
        "[target.x86]\nrustflags = [\"-Ctarget-cpu=native\"]\n",
        "[profile.bench]\nopt-level = 1\n",
        "[profile.bench]\nopt-level = 2\n",
        "[env]\nCFLAGS = \"-O1\"\n",
    ];
    let hashes: BTreeSet<String> = telling.iter().map(|text| said("a", text)).chain([none]).collect();
    assert_eq!(hashes.len(), telling.len() + 1, "{hashes:?}");
    assert_eq!(said("b", telling[0]), said("a", telling[0]), "wherever that is");
}

#[test]
fn a_run_shows_what_it_counted() {
    let counts = [(Metric::Instructions, [1_234_567, 1_234_568]), (Metric::LeakedBytes, [0, 0])];
    let shown = render(&counted_run("aa", &counts));
    let lines: Vec<&str> = shown.lines().skip(2).collect();
    let expected = [
        "benchmark                   median  lower quartile  spread  processes",
        "parser::speed/parse/large   100 ns          100 ns   0.0 %         20",
        "counted by valgrind 3.19.0-8d3c8034b8-20220411 on AMD64, LittleEndian, amd64-cx16-avx2, with rustc 1.95.0 (59807616e 2026-04-14) and the C library Debian GLIBC 2.36-9+deb12u14",
        "benchmark                  metric            count      again",
        "parser::speed/parse/large  instructions  1,234,567  1,234,568",
        "parser::speed/parse/large  leaked-bytes        0 B        0 B",
    ];
    let words = |line: &&str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines.iter().map(words).collect::<Vec<_>>(), expected.iter().map(words).collect::<Vec<_>>());
}

/// Of a fixture whose HEAD makes `checksum/fnv1a/4096` execute and leak more than HEAD~1, and no other benchmark, and whose
/// configuration asks for instructions, allocations and leaked bytes: the same with base counted before, elsewhere.
pub fn judged_by_what_is_stored(fixture: &Fixture) {
    let fnv = |report: &Report, metric| {
        let named = |row: &&Row| row.metric == metric && row.benchmark.name == "checksum/fnv1a/4096";
        report.rows.iter().find(named).unwrap().clone()
    };
    let head = fixture.git(&["rev-parse", "HEAD"]);
    let base = fixture.git(&["rev-parse", "HEAD~1"]);
    let shown = fixture.perfgate(&["baseline", "show", &head]).stdout;
    assert!(shown.contains("counted by valgrind "), "what a check counts is stored: {shown}");
    fixture.git(&["checkout", "-q", &base]);
    let ran = fixture.perfgate(&["run", "checksum"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("Counting instructions of 2 benchmarks"), "{}", ran.stderr);
    assert!(ran.stdout.contains("counted by valgrind "), "{}", ran.stdout);
    let file = fixture.root.join("target/base.json");
    let path = file.to_str().unwrap();
    assert_eq!(fixture.perfgate(&["baseline", "export", "HEAD", path]).code, 0);
    fixture.git(&["checkout", "-q", &head]);

    // As if another machine had run it: of its times nothing is known here.
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(record["counted"]["benchmarks"].as_object().unwrap().len(), 2, "{record}");
    let here = record["environment"].clone();
    record["environment"]["machine"] = "ff".into();
    record["environment"]["cpu"] = "another one".into();
    record["environment"]["key"] = "abcd".into();
    fs::write(&file, record.to_string()).unwrap();
    assert_eq!(fixture.perfgate(&["baseline", "delete", &base]).code, 0);
    assert_eq!(fixture.perfgate(&["baseline", "import", path]).code, 0);
    let ran = fixture.perfgate(&["check", "--method", "stored", "--base", &base, "checksum"]);
    assert_eq!(ran.code, 100);
    let report = json::parse(&fs::read(fixture.root.join("target/perfgate/last.json")).unwrap()).unwrap();
    for (metric, counts) in
        [(Metric::Allocations, Some((0.0, 1.0))), (Metric::LeakedBytes, Some((0.0, 1.0))), (Metric::Instructions, None)]
    {
        let row = fnv(&report, metric);
        assert_eq!((row.verdict, row.evidence), (Verdict::Regressed, Some(Evidence::Counted)), "{row:?}");
        assert!(row.reproduce.as_ref().unwrap().ends_with("'^checksum/fnv1a/4096$'"), "{row:?}");
        assert!(counts.is_none_or(|(base, head)| (row.base, row.head) == (Some(base), Some(head))), "{row:?}");
        let others = report.rows.iter().filter(|other| other.metric == metric && other.benchmark != row.benchmark);
        let others: Vec<&Row> = others.collect();
        assert_eq!(others.len(), 1);
        assert_eq!((others[0].verdict, others[0].change), (Verdict::Unchanged, Some(0.0)), "{others:?}");
    }
    let times: Vec<&Row> = report.rows.iter().filter(|row| row.metric == Metric::WallTime).collect();
    assert!(times.len() == 2 && times.iter().all(|row| row.verdict == Verdict::Inconclusive), "{times:?}");
    assert!(report.warnings.iter().any(|warning| warning.contains("and counts alone are compared")));

    // That check has stored head's counts: both are compared without any measuring, and times are not.
    let compared = fixture.perfgate(&["compare", path, &head, "--format", "json"]);
    assert_eq!(compared.code, 100);
    let compared = json::parse(compared.stdout.as_bytes()).unwrap();
    assert!(compared.rows.iter().all(|row| row.metric != Metric::WallTime), "{compared:?}");
    assert!(compared.warnings.iter().any(|warning| warning.starts_with("times are not compared: ")));
    for metric in [Metric::Instructions, Metric::LeakedBytes] {
        let [now, then] = [fnv(&compared, metric), fnv(&report, metric)];
        assert_eq!((now.verdict, now.base, now.head), (then.verdict, then.base, then.head));
    }

    // A benchmark that differs itself does something else.
    let bench = fixture.read("benches/checksum.rs");
    fixture.write("benches/checksum.rs", &format!("{bench}\n// Another one.\n"));
    let differs = fixture.root.join("target/differs.json");
    let differs = differs.to_str().unwrap();
    assert_eq!(fixture.perfgate(&["run", "fnv1a", "--no-store", "--save-result", differs]).code, 0);
    fixture.write("benches/checksum.rs", &bench);
    let compared = fixture.perfgate(&["compare", path, differs, "--format", "json"]);
    let compared = json::parse(compared.stdout.as_bytes()).unwrap();
    assert_eq!(fnv(&compared, Metric::Instructions).verdict, Verdict::BenchChanged, "{compared:?}");

    // Where nothing at all is stored of base, the configuration says what becomes of that.
    assert_eq!(fixture.perfgate(&["baseline", "delete", &base]).code, 0);
    let config = fixture.read(".config/perfgate.toml");
    for (reaction, code) in [("warn", 0), ("fail", 4)] {
        fixture.write(".config/perfgate.toml", &format!("[gate]\non-missing-baseline = \"{reaction}\"\n{config}"));
        let ran = fixture.perfgate(&[
            "check",
            "--method",
            "stored",
            "--base",
            &base,
            "--policy",
            "head",
            "--no-store",
            "adler32",
        ]);
        assert_eq!(ran.code, code, "{reaction}");
    }
    fixture.write(".config/perfgate.toml", &config);

    // Another compiler counts something else.
    record["counted"]["conditions"]["rustc"] = "rustc 1.2.3".into();
    fs::write(&file, record.to_string()).unwrap();
    let compared = fixture.perfgate(&["compare", path, &head]);
    assert_eq!(compared.code, 2);
    let said = "; nor do counts of base, which was counted with rustc 1.2.3 and not rustc ";
    assert!(compared.stderr.contains(said), "{}", compared.stderr);
    record["environment"] = here;
    fs::write(&file, record.to_string()).unwrap();
    let compared = fixture.perfgate(&["compare", path, &head, "--format", "json"]);
    assert_eq!(compared.code, 100);
    let compared = json::parse(compared.stdout.as_bytes()).unwrap();
    let leaked = fnv(&compared, Metric::LeakedBytes);
    assert_eq!((leaked.verdict, leaked.base, leaked.budget), (Verdict::OverBudget, None, Some(0.0)));
    for row in compared.rows.iter().filter(|row| **row != leaked) {
        // Of head one more may be stored: what needed no timing, and was drawn to be timed all the same.
        assert_eq!(row.metric == Metric::WallTime && row.base.is_some(), row.evidence.is_some(), "{row:?}");
    }
    let said = "they were counted with rustc 1.2.3 and not rustc ";
    assert!(compared.warnings.iter().any(|warning| warning.contains(said)), "{:?}", compared.warnings);
}
