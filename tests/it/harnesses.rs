//! Harnesses beside criterion: which one an executable was built with, what it lists, and instructions of its benchmarks,
//! counted by the real valgrind in real executables.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cargo_perfgate::harness::libtest::{Iterations, listed};
use cargo_perfgate::harness::{Counting, Found, Harness, Patience, Program, find};
use cargo_perfgate::instrument::{Copies, Detail, has_valgrind};
use cargo_perfgate::profile::{Cost, Profile};

use crate::criterion::executables;

const PATIENCE: Duration = Duration::from_secs(60);
const ALL: Patience = Patience { silence: PATIENCE, given_up: usize::MAX, in_all: Duration::MAX };

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
    assert_eq!(found, Iterations { first: 3, last: 104 });
    assert_eq!(found.settled().collect::<Vec<_>>(), (56..=104).step_by(2).collect::<Vec<_>>());
    // Set-up reads it twice.
    assert_eq!(Iterations::before(107).unwrap().first, 5);
    // As many as an iteration that reads it once.
    assert_eq!(Iterations::before(156).unwrap_err(), "it reads the clock itself");
    assert_eq!(Iterations::before(3).unwrap_err(), "it never calls `iter`");
}

fn counted(program: &Program) -> (Found, Counting) {
    assert!(has_valgrind(Path::new("/")), "these tests need valgrind: `apt-get install valgrind`");
    let copies = Copies::new().unwrap();
    let found = find(program, &copies.folder().join("home"), PATIENCE).unwrap().unwrap();
    let folder = copies.folder().join("counts");
    let counting = found.harness.count(program, &found.names, &folder, Detail::Functions, ALL).unwrap();
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
