//! Benchmarks that execute the same code on both sides: which these are, and how that is kept from check to check.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use cargo_perfgate::flow::screening::{Executed, Known, Shared, decode, encode, fall_back};
use cargo_perfgate::model::{Evidence, Metric, Outcome, Report, Row, Verdict};
use cargo_perfgate::report::json;

use crate::fixture::Fixture;
use crate::gate::outcome::row;

fn executed(timed: &[&str], before: &[&str]) -> Executed {
    executed_of(&mut Shared::default(), timed, before)
}

fn executed_of(shared: &mut Shared, timed: &[&str], before: &[&str]) -> Executed {
    let [timed, beside, before] = [timed, &["sets up"], before].map(|names| shared.set(names));
    Executed { timed, beside, before, beyond: None }
}

#[test]
fn what_is_kept_comes_back() {
    let known: Known = [
        ("first", Ok(executed(&["a", "b"], &["main", "x"]))),
        ("second", Ok(executed(&["a"], &["main", "x", "y"]))),
        ("of another process", Ok(executed(&["c"], &["main", "z", "q", "r", "s"]))),
        (
            "after it",
            Ok(Executed { beyond: Some("libx.so".into()), ..executed(&[], &["main", "z", "q", "r", "s", "t"]) }),
        ),
        ("panics", Err("it panics".to_owned())),
    ]
    .map(|(name, executed)| (name.to_owned(), executed))
    .into();
    assert_eq!(decode(&encode(&known)), Some(known));
}

/// What is proved and could not be timed stays proved; what timing showed stands.
#[test]
fn a_proof_holds_where_timing_does_not_decide() {
    let id = row(Verdict::Inconclusive).benchmark;
    for (drawn, metric, verdict, expected) in [
        (true, Metric::WallTime, Verdict::Inconclusive, Verdict::Unchanged),
        (false, Metric::WallTime, Verdict::Inconclusive, Verdict::Inconclusive),
        (true, Metric::Instructions, Verdict::Inconclusive, Verdict::Inconclusive),
        (true, Metric::WallTime, Verdict::Regressed, Verdict::Regressed),
        (true, Metric::WallTime, Verdict::Crashed, Verdict::Crashed),
    ] {
        let mut rows = [Row { metric, ..row(verdict) }];
        fall_back(&BTreeSet::from_iter(drawn.then(|| id.clone())), &mut rows);
        assert_eq!(rows[0].verdict, expected, "{drawn} {metric} {verdict}");
        let proved = rows[0].evidence == Some(Evidence::SameCodeExecuted);
        assert_eq!(proved, verdict != expected);
    }
}

#[test]
fn what_is_executed_before_many_benchmarks_is_kept_once() {
    let before: Vec<String> = (0..2_000).map(|i| format!("a_function_with_a_long_name_{i}")).collect();
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let known = |benchmarks: usize| -> Known {
        (0..benchmarks).map(|i| (format!("benchmark {i}"), Ok(executed(&["a"], &before[..1_000 + i])))).collect()
    };
    assert!(encode(&known(1_000)).len() < 10 * encode(&known(1)).len());
}

/// What sets of symbols take in memory, roughly: each name and each set counts once for each place where it lies.
fn bytes(known: &Known) -> usize {
    let (mut names, mut sets) = (BTreeMap::new(), BTreeMap::new());
    for executed in known.values().filter_map(|executed| executed.as_ref().ok()) {
        for set in [&executed.timed, &executed.beside, &executed.before] {
            // A pointer and a length each, and half as much again for the tree.
            sets.insert(Arc::as_ptr(set), set.len() * 24);
            names.extend(set.iter().map(|name| (Arc::as_ptr(name).cast::<u8>(), name.len() + 16)));
        }
    }
    sets.values().sum::<usize>() + names.values().sum::<usize>()
}

/// Ten thousand that were set up by the same functions: each on its own would take half a gigabyte.
#[test]
fn what_ten_thousand_benchmarks_execute_fits_into_memory() {
    let before: Vec<String> = (0..100).map(|i| format!("{i}_{}", "a_function_with_a_long_name_".repeat(18))).collect();
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let mut shared = Shared::default();
    let known: Known = (0..10_000)
        .map(|i| (format!("benchmark {i}"), Ok(executed_of(&mut shared, &before[i % 70..i % 70 + 30], &before))))
        .collect();
    let alone: usize = known.values().flatten().map(|of| of.before.iter().map(|name| name.len()).sum::<usize>()).sum();
    assert!(alone > 400 << 20, "{alone}");
    assert!(bytes(&known) < 1 << 20, "{}", bytes(&known));
    let read = decode(&encode(&known)).unwrap();
    assert_eq!(read, known);
    assert!(bytes(&read) < 1 << 20, "{}", bytes(&read));
    // One for each that differs.
    let sets: BTreeSet<_> = read.values().flatten().map(|of| Arc::as_ptr(&of.timed)).collect();
    assert_eq!(sets.len(), 70);
}

#[test]
fn what_refers_to_nothing_is_refused() {
    for benchmark in [
        r#"["a",{"Ok":{"timed":[0],"beside":[],"after":null,"before":[],"beyond":null}}]"#,
        r#"["a",{"Ok":{"timed":[],"beside":[],"after":0,"before":[],"beyond":null}}]"#,
    ] {
        assert_eq!(decode(format!(r#"{{"symbols":[],"benchmarks":[{benchmark}]}}"#).as_bytes()), None, "{benchmark}");
    }
    assert_eq!(decode(b""), None);
}

/// Checks against the commit before, and gives the rows' evidence by name; of what was drawn to be timed all the same that of
/// the proof.
fn evidence(fixture: &Fixture, code: i32) -> (BTreeMap<String, Option<Evidence>>, Report) {
    let ran = fixture.perfgate(&["check", "-v", "--base", "HEAD~1"]);
    assert_eq!(ran.code, code, "{}{}", ran.stderr, ran.stdout);
    let report = json::parse(&fs::read(fixture.root.join("target/perfgate/last.json")).unwrap()).unwrap();
    let drawn: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("drawn to be timed all the same")).collect();
    let rows = report.rows.iter().filter(|row| row.benchmark.package != "*" && row.metric == Metric::WallTime);
    let mut evidence: BTreeMap<String, Option<Evidence>> =
        rows.map(|row| (row.benchmark.name.clone(), row.evidence)).collect();
    // One line names one, and counts the others.
    for line in drawn {
        assert!(report.controls.proved > 0, "{line}");
        for (name, evidence) in &mut evidence {
            if *evidence == Some(Evidence::PairedMeasurement)
                && (line.contains(name.as_str()) || line.contains(" more"))
            {
                *evidence = Some(Evidence::SameCodeExecuted);
            }
        }
    }
    (evidence, report)
}

#[test]
fn what_no_benchmark_executes_is_not_timed_and_what_one_executes_is() {
    let fixture = Fixture::built("example", "screening");
    let counted = "[metrics.instructions]\n[metrics.allocations]\n[metrics.leaked-bytes]\nmax = \"0 B\"\n";
    fixture.write(".config/perfgate.toml", counted);
    fixture.commit("counts are wanted");
    let tokens = fixture.read("src/tokenize.rs");
    // Above all else, so that every line moves.
    let addition = "#[inline(never)]\npub fn added(x: u64) -> u64 {\n    x.rotate_left(7) ^ 99\n}\n#[used]\nstatic KEPT: fn(u64) -> u64 = added;\n\n";
    let (documentation, code): (Vec<&str>, Vec<&str>) = tokens.lines().partition(|line| line.starts_with("//!"));
    fixture.write("src/tokenize.rs", &format!("{}\n{addition}{}\n", documentation.join("\n"), code.join("\n")));
    fixture.commit("what nobody calls");
    let (rows, report) = evidence(&fixture, 0);
    assert_eq!(rows.len(), 6);
    for (name, evidence) in rows {
        let all = [Some(Evidence::SameCodeExecuted), Some(Evidence::SameExecutable)];
        assert!(all.contains(&evidence), "{name}: {evidence:?}");
    }
    assert_eq!(report.outcome, Outcome::Passed);
    assert!(report.rows.iter().all(|row| row.verdict == Verdict::Unchanged));

    // Of two benchmarks of one executable, one executes what was changed.
    fixture.replace(
        "src/checksum.rs",
        "hash = (hash ^ u64::from(byte))",
        "hash = (hash.rotate_left(3) ^ std::hint::black_box(u64::from(byte)))",
    );
    fixture.replace("src/checksum.rs", "let mut hash", "leaks();\n    let mut hash");
    let leaks = "#[inline(never)]\nfn leaks() {\n    std::mem::forget(std::hint::black_box(vec![1_u8]));\n}\n";
    fixture.write("src/checksum.rs", &format!("{}\n{leaks}", fixture.read("src/checksum.rs")));
    fixture.commit("another hash, and a leak of one byte");
    // Who asked for it is told beside what executes more.
    let ran = fixture.perfgate(&["explain", "fnv1a", "--base", "HEAD~1", "--format", "json"]);
    assert_eq!(ran.code, 0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let fnv = &document["benchmarks"][0];
    assert_eq!((&fnv["base"]["allocations"], &fnv["head"]["allocations"]), (&0.into(), &1.into()), "{fnv}");
    let sites = serde_json::json!([{ "function": "textkit::checksum::leaks", "base_allocations": null,
        "head_allocations": 1, "base_bytes": null, "head_bytes": 1 }]);
    assert_eq!(fnv["sites"], sites);
    // And what is timed is counted, as the configuration wants it.
    let (rows, report) = evidence(&fixture, 100);
    let instructions: Vec<_> = report.rows.iter().filter(|row| row.metric == Metric::Instructions).collect();
    let fnv = instructions.iter().find(|row| row.benchmark.name == "checksum/fnv1a/4096").unwrap();
    assert_eq!((fnv.verdict, fnv.evidence), (Verdict::Regressed, Some(Evidence::Counted)), "{fnv:?}");
    assert!(fnv.change.unwrap() > 0.3 && fnv.counted.is_some() && fnv.reproduce.is_some(), "{fnv:?}");
    for other in instructions.iter().filter(|row| row.benchmark.name != "checksum/fnv1a/4096") {
        assert_eq!((other.verdict, other.change), (Verdict::Unchanged, Some(0.0)), "{other:?}");
    }
    for (metric, verdict) in [(Metric::Allocations, Verdict::Regressed), (Metric::LeakedBytes, Verdict::Regressed)] {
        let of_metric: Vec<_> = report.rows.iter().filter(|row| row.metric == metric).collect();
        let fnv = of_metric.iter().find(|row| row.benchmark.name == "checksum/fnv1a/4096").unwrap();
        assert_eq!((fnv.verdict, fnv.base, fnv.head), (verdict, Some(0.0), Some(1.0)), "{fnv:?}");
        let culprit = &fnv.counted.as_ref().unwrap().culprits[0];
        assert_eq!((culprit.function.as_str(), culprit.change), ("textkit::checksum::leaks", 1));
        assert!(of_metric.iter().all(|row| row.benchmark == fnv.benchmark || row.verdict == Verdict::Unchanged));
    }
    assert_eq!(rows["checksum/fnv1a/4096"], Some(Evidence::PairedMeasurement));
    assert_eq!(rows["checksum/adler32/4096"], Some(Evidence::SameCodeExecuted));
    crate::stored_counts::judged_by_what_is_stored(&fixture);

    // What the allocator alone executes more has no limit, and is told.
    let hundred = "(0..100).for_each(|_| drop(std::hint::black_box(Vec::<u8>::with_capacity(16))))";
    fixture.replace("src/checksum.rs", "std::mem::forget(std::hint::black_box(vec![1_u8]))", hundred);
    fixture.commit("a hundred small blocks");
    fixture.replace("src/checksum.rs", "with_capacity(16)", "with_capacity(200_000)");
    fixture.commit("a hundred large ones");
    fixture.perfgate(&["check", "--base", "HEAD~1", "fnv1a"]);
    let report = json::parse(&fs::read(fixture.root.join("target/perfgate/last.json")).unwrap()).unwrap();
    let fnv = report.rows.iter().find(|row| row.metric == Metric::Instructions).unwrap();
    let counted = fnv.counted.as_ref().unwrap_or_else(|| panic!("{fnv:?}"));
    assert_eq!(
        (fnv.verdict, counted.base, &counted.culprits[..]),
        (Verdict::Unchanged, counted.head, &[][..]),
        "{fnv:?}"
    );
    assert!(counted.head_allocator > counted.base_allocator, "{counted:?}");

    // Whoever wants all of them timed gets that.
    fixture.write(".config/perfgate.toml", "[gate]\nscreen = false\nbudget = \"2s\"\n");
    fixture.commit("a configuration");
    fixture.write("src/tokenize.rs", &tokens);
    fixture.commit("without what nobody calls");
    let (rows, _) = evidence(&fixture, 0);
    assert!(!rows.values().any(|evidence| *evidence == Some(Evidence::SameCodeExecuted)), "{rows:?}");
}
