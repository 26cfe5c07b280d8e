//! Harnesses beside criterion: which one an executable was built with, what it lists, and instructions of its benchmarks,
//! counted by the real valgrind in real executables.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use cargo_perfgate::harness::libtest::{Iterations, listed};
use cargo_perfgate::harness::{Counting, Found, Harness, Patience, Program, find};
use cargo_perfgate::instrument::{Copies, Detail, has_valgrind};
use cargo_perfgate::model::{Evidence, Metric, Report, Skipped, Verdict};
use cargo_perfgate::profile::{Cost, Profile};
use cargo_perfgate::report::json;

use crate::criterion::executables;
use crate::fixture::Fixture;

const PATIENCE: Duration = Duration::from_secs(60);
const ALL: Patience<'_> = Patience { silence: PATIENCE, given_up: usize::MAX, in_all: Duration::MAX, answered: None };

#[test]
fn benchmarks_are_told_from_tests() {
    assert_eq!(
        listed("changes: benchmark\ninner::has_a_path: benchmark\nis_a_test: test\n\n4 tests, 2 benchmarks\n"),
        ["changes", "inner::has_a_path"]
    );
    // What criterion, and a program that is no harness, say to the same question.
    assert_eq!(listed("parse/large: bench\nrunning 0 tests\n: benchmark of nothing\n"), [""; 0]);
    assert_eq!(listed(""), [""; 0]);
}

#[test]
fn one_iteration_is_told_by_where_the_statistics_are() {
    // Where nothing else reads the clock: the program's start, one iteration, the samples.
    let found = Iterations::before(105).unwrap();
    assert_eq!((found.first, found.last), (3, 104));
    assert_eq!(found.settled().collect::<Vec<_>>(), (56..=104).step_by(2).collect::<Vec<_>>());
    // Set-up reads it twice.
    assert_eq!(Iterations::before(107).unwrap().first, 5);
    // As many as an iteration that reads it once.
    assert_eq!(Iterations::before(156).unwrap_err(), "it reads the clock itself");
    assert_eq!(Iterations::before(3).unwrap_err(), "it never calls `iter`");
}

#[test]
fn of_what_is_slow_a_few_iterations_are_enough() {
    let start = [700_000, 40_000, 5_000_000, 150, 40];
    let totals = |samples: &[[u64; 2]]| [&start[..], &samples.concat()].concat();
    let found = Iterations::of_slow(&totals(&[[4_000_000, 100]; 10])).unwrap();
    assert_eq!((found.first, found.last), (3, 24));
    assert_eq!(found.settled().collect::<Vec<_>>(), [16, 18, 20, 22, 24]);
    // Too few; not slow; each iteration reads the clock once, or twice at its ends; set-up does.
    assert_eq!(Iterations::of_slow(&totals(&[[4_000_000, 100]; 9])[..23]), None);
    assert_eq!(Iterations::of_slow(&totals(&[[40_000, 100]; 10])), None);
    assert_eq!(Iterations::of_slow(&totals(&[[100, 4_000_000], [100, 100], [4_000_000, 100]].repeat(4))), None);
    assert_eq!(Iterations::of_slow(&totals(&[[100, 4_000_000], [100, 100]].repeat(5))), None);
    let mut later = totals(&[[4_000_000, 100]; 10]);
    later.insert(1, 2_000_000);
    assert_eq!(Iterations::of_slow(&later), None);
}

fn counted(program: &Program) -> (Found, Counting) {
    assert!(has_valgrind(Path::new("/")), "these tests need valgrind: `apt-get install valgrind`");
    let copies = Copies::new().unwrap();
    let found = find(program, &copies.folder().join("home"), PATIENCE).unwrap().unwrap();
    let folder = copies.folder().join("counts");
    let answered = AtomicUsize::new(0);
    let patience = Patience { answered: Some(&answered), ..ALL };
    let counting = found.harness.count(program, &found.names, &folder, Detail::Functions, patience).unwrap();
    assert_eq!(answered.into_inner(), found.names.len());
    (found, counting)
}

fn of(profile: &Profile, function: &str) -> Cost {
    profile.functions.iter().filter(|(f, _)| f.name == function).map(|(_, cost)| *cost).next().unwrap_or_default()
}

#[test]
fn one_iteration_of_libtest_is_counted_warm_and_cold() {
    let program = &executables("harnesses")["harnesses::ways"];
    let (found, counting) = counted(program);
    assert_eq!(found.harness, Harness::Libtest);
    // Neither the test nor what is ignored.
    assert_eq!(found.names, ["changes", "inner::has_a_path", "sets_up_by_the_clock", "settles", "stays"]);
    let counts: BTreeMap<&str, _> =
        counting.iter().map(|(name, counts)| (name.as_str(), counts.as_ref().unwrap())).collect();
    let plain = of(&counts["stays"].warm, "harnesses::work");
    // A hundred rounds of more than one instruction each.
    assert!((200..1000).contains(&plain.own), "{plain:?}");
    for (name, counts) in &counts {
        for (profile, state) in [(&counts.warm, "warm"), (&counts.cold, "cold")] {
            assert_eq!(of(profile, "harnesses::work"), Cost { calls: 1, ..plain }, "{name}, {state}");
            assert_eq!(of(profile, "harnesses::set_up").own, 0, "{name}, {state}");
            let settled = of(profile, "harnesses::work_of_set_up").own;
            assert_eq!(settled > 5000, (*name, state) == ("settles", "cold"), "{name}, {state}: {settled}");
            // What is left of the harness: a loop.
            let harness = profile.total - plain.own - settled;
            assert!(harness < 250, "{harness} in {name}, {state}: {profile:#?}");
        }
    }
    let (_, again) = counted(program);
    for (name, counts) in counts {
        let again = again[name].as_ref().unwrap();
        assert_eq!((again.warm.total, again.cold.total), (counts.warm.total, counts.cold.total), "{name}");
    }
}

#[test]
fn what_libtest_cannot_be_counted_for_says_why() {
    let (_, counting) = counted(&executables("harnesses")["harnesses::trouble"]);
    let why = |name: &str| counting[name].as_ref().unwrap_err().as_str();
    assert_eq!(why("never_iterates"), "it never calls `iter`");
    assert_eq!(why("reads_the_clock"), "it reads the clock itself");
    assert!(why("panics").contains("on purpose"), "{}", why("panics"));
    assert!(counting["still_counts"].as_ref().unwrap().warm.total > 200);
}

#[test]
fn one_iteration_of_divan_is_counted_warm_and_cold() {
    let program = &executables("divan")["divan-benches::samples"];
    let (found, counting) = counted(program);
    assert_eq!(found.harness.to_string(), "divan 0.1.21");
    let mut names: Vec<&str> = found.names.iter().map(|name| name.strip_prefix("samples::").unwrap()).collect();
    names.sort_unstable();
    let expected = [
        "changes::100",
        "changes::50",
        "has a name",
        "has_threads",
        "has_types::u32",
        "has_types::u64",
        "panics",
        "says_how_often",
        "settles",
        "stays",
        "takes_references",
        "takes_values",
    ];
    assert_eq!(names, expected);
    let of_name = |name: &str| counting[&format!("samples::{name}")].as_ref();
    let plain = of(&of_name("stays").unwrap().warm, "harnesses::work");
    assert!((200..1000).contains(&plain.own), "{plain:?}");
    assert!(of_name("panics").unwrap_err().contains("on purpose"), "{:?}", of_name("panics"));
    for name in names.into_iter().filter(|name| !["panics", "changes::50"].contains(name)) {
        let counts = of_name(name).unwrap();
        for (profile, state) in [(&counts.warm, "warm"), (&counts.cold, "cold")] {
            assert_eq!(of(profile, "harnesses::work"), Cost { calls: 1, ..plain }, "{name}, {state}");
            assert_eq!(of(profile, "harnesses::set_up").own, 0, "{name}, {state}");
            let settled = of(profile, "harnesses::work_of_set_up").own;
            assert_eq!(settled > 5000, (name, state) == ("settles", "cold"), "{name}, {state}: {settled}");
            let harness = profile.total - plain.own - settled;
            assert!(harness < 250, "{harness} in {name}, {state}: {profile:#?}");
        }
    }
}

#[test]
fn a_change_is_found_in_what_is_not_timed() {
    let fixture = Fixture::new("harnesses", "harnesses");
    let check = || fixture.perfgate(&["check", "--bench", "ways", "--base", "HEAD"]);
    let last =
        || -> Report { json::parse(&fs::read(fixture.root.join("target/perfgate/last.json")).unwrap()).unwrap() };
    fixture.replace("src/lib.rs", "    work(rounds)\n", "    work(2 * rounds)\n");
    // Nothing asks for counts yet.
    let ran = check();
    assert_eq!(ran.code, 4);
    let reason = "5 benchmarks of libtest, which this version does not time; where `[metrics.instructions]` is configured, a check counts them";
    assert_eq!(last().skipped, [Skipped { what: "harnesses::ways".to_owned(), reason: reason.to_owned() }]);
    assert_eq!(fixture.perfgate(&["list", "--bench", "ways"]).stdout, "");

    fixture.git(&["stash", "-q"]);
    fixture.write(".config/perfgate.toml", "[metrics.instructions]\n\n[metrics.allocations]\n");
    fixture.commit("instructions and allocations are limited");
    fixture.git(&["stash", "pop", "-q"]);
    assert_eq!(check().code, 100);
    let report = last();
    let rows: Vec<_> = report.rows.iter().map(|row| (row.benchmark.name.as_str(), row.verdict)).collect();
    let unchanged =
        ["inner::has_a_path", "sets_up_by_the_clock", "settles", "stays"].map(|name| (name, Verdict::Unchanged));
    assert_eq!(rows, [&[("changes", Verdict::Regressed)], &unchanged[..]].concat());
    for row in &report.rows {
        assert_eq!((row.metric, row.evidence), (Metric::Instructions, Some(Evidence::Counted)));
        assert_eq!(row.harness, "libtest");
    }
    // A hundred rounds more; what doubles their number is one instruction or two.
    let counted = report.rows[0].counted.as_ref().unwrap();
    assert_eq!(counted.culprits[0].function, "harnesses::work");
    let (of_work, all) = (counted.culprits[0].change, counted.head - counted.base);
    assert!(of_work >= 200 && of_work % 100 == 0 && (0..=2).contains(&(all as i64 - of_work)), "{counted:?}");
    let reason = "this version counts only instructions of libtest".to_owned();
    assert_eq!(report.skipped, [Skipped { what: "harnesses::ways, its allocations".to_owned(), reason }]);

    // What does not work any more is lost.
    fixture.git(&["checkout", "-q", "src/lib.rs"]);
    fixture.replace("src/lib.rs", "    work(rounds)\n", "    panic!(\"lost {rounds}\")\n");
    let ran = fixture.perfgate(&["check", "--bench", "ways", "--base", "HEAD", "^changes$"]);
    assert_eq!(ran.code, 101);
    let [row] = &last().rows[..] else { panic!("{}", ran.stdout) };
    assert_eq!(row.verdict, Verdict::Crashed);
    assert!(row.reason.ends_with("lost 100"), "{}", row.reason);

    // What both sides have alike needs no counting.
    fixture.git(&["checkout", "-q", "src/lib.rs"]);
    assert_eq!(check().code, 0);
    assert!(last().rows.iter().all(|row| row.evidence == Some(Evidence::SameExecutable)), "{:?}", last().rows);
    let ran = fixture.perfgate(&["list", "--bench", "ways", "stays"]);
    assert_eq!(ran.stdout, "harnesses::ways/stays\tcounted, not timed\n");
}
