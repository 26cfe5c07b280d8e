//! Instructions of the timed section of real criterion executables, counted by the real valgrind: nothing of the set-up, of
//! drops that are not timed, or of the harness.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use cargo_perfgate::gate::{CountLimits, judge_counts};
use cargo_perfgate::harness::Program;
use cargo_perfgate::harness::criterion::{Counting, Counts, Enumeration, Patience, count, enumerate};
use cargo_perfgate::instrument::{Copies, Detail, has_valgrind};
use cargo_perfgate::model::Verdict;
use cargo_perfgate::profile::{Cost, Profile, stacks};

use crate::criterion::executables;

const PATIENCE: Duration = Duration::from_secs(60);
const ALL: Patience<'_> = Patience { silence: PATIENCE, given_up: usize::MAX, in_all: Duration::MAX, answered: None };

fn counted(program: &Program) -> (Enumeration, Counting) {
    counted_in(program, Detail::Functions)
}

fn counted_in(program: &Program, detail: Detail) -> (Enumeration, Counting) {
    assert!(has_valgrind(Path::new("/")), "these tests need valgrind: `apt-get install valgrind`");
    let copies = Copies::new().unwrap();
    let home = copies.folder().join("home");
    let found = enumerate(program, &home, PATIENCE).unwrap().unwrap();
    let version = found.version.unwrap();
    let folder = copies.folder().join("counts");
    let answered = AtomicUsize::new(0);
    let patience = Patience { answered: Some(&answered), ..ALL };
    let counting = count(program, version, &found.names, &folder, &home, detail, patience).unwrap();
    // Whatever the answer is, somebody may wait for it.
    assert_eq!(answered.into_inner(), found.names.len());
    (found, counting)
}

fn of(profile: &Profile, function: &str) -> Cost {
    profile.functions.iter().filter(|(f, _)| f.name == function).map(|(_, cost)| *cost).next().unwrap_or_default()
}

#[test]
fn every_way_of_timing_counts_the_routine_alone() {
    let program = &executables("counted")["counted::ways"];
    let (found, counting) = counted(program);
    assert_eq!(found.names.len(), counting.len());
    let counts: BTreeMap<&str, &Counts> =
        counting.iter().filter_map(|(name, counts)| Some((name.as_str(), counts.as_ref().ok()?))).collect();
    let plain = of(&counts["iter"].warm, "counted::work");
    // A hundred rounds of more than one instruction each.
    assert!((200..1000).contains(&plain.own), "{plain:?}");
    assert_eq!((plain.calls, plain.own), (1, plain.inclusive));
    let ways = counts.keys().filter(|name| name.contains("iter")).count();
    assert_eq!(ways, 22, "{:?}", counting.keys());
    for (name, counts) in counts {
        for (profile, state) in [(&counts.warm, "warm"), (&counts.cold, "cold")] {
            assert_eq!(of(profile, "counted::work"), plain, "{name}, {state}");
            for untimed in ["counted::set_up", "counted::work_of_set_up", "counted::work_of_drop"] {
                let of_its_own = name == "iter_custom/no reading";
                assert!(of(profile, untimed).own == 0 || of_its_own, "{untimed} in {name}, {state}");
            }
            // What is left of the harness: a loop, and in batches the lists of what goes in and comes out.
            let harness = profile.total - plain.own;
            assert!(harness < 250, "{harness} in {name}, {state}: {profile:#?}");
        }
    }
}

#[test]
fn lines_and_stacks_hold_all_that_was_counted() {
    let program = &executables("counted")["counted::ways"];
    let (_, plain) = counted(program);
    let (_, close) = counted_in(program, Detail::Lines);
    let source = include_str!("../../fixtures/counted/src/lib.rs");
    let line_of_work = source.lines().position(|line| line.contains("(0..rounds).fold")).unwrap() + 1;
    for (name, counts) in plain.iter().filter_map(|(name, counts)| Some((name, counts.as_ref().ok()?))) {
        let profile = &close[name].as_ref().unwrap().warm;
        assert_eq!((profile.total, &profile.functions), (counts.warm.total, &counts.warm.functions), "{name}");
        let work = profile.functions.keys().find(|function| function.name == "counted::work").unwrap();
        let (own, lines) = (profile.functions[work].own, &profile.lines[work]);
        // The compiler gives some instructions no line.
        let told = lines.own.values().sum::<u64>();
        assert!(told <= own && told > own * 9 / 10, "{name}: {told} of {own}");
        let hottest = lines.hottest().unwrap();
        assert!(hottest.file.ends_with("src/lib.rs"), "{name}: {lines:?}");
        assert_eq!(hottest.line as usize, line_of_work, "{name}: {lines:?}");
        let stacks = stacks([profile]);
        assert_eq!(stacks.values().map(|[own]| own).sum::<u64>(), profile.total, "{name}: {stacks:#?}");
        let working: Vec<_> = stacks.iter().filter(|(stack, _)| stack.last().unwrap() == "counted::work").collect();
        assert_eq!(working.len(), 1, "{name}: {stacks:#?}");
        assert_eq!(working[0].1, &[own], "{name}");
        // What waits for the timed section is not seen.
        assert!(working[0].0.iter().all(|frame| frame != "main"), "{name}: {stacks:#?}");
    }
}

#[test]
fn what_cannot_be_counted_says_why_and_costs_the_others_nothing() {
    let program = &executables("counted")["counted::ways"];
    let (_, counting) = counted(program);
    let why = |name: &str| counting[name].as_ref().unwrap_err().as_str();
    assert_eq!(why("fixed/time"), "its code fixes how it is measured");
    assert_eq!(why("reads the clock"), "it reads the clock itself, 45 times in 11 calls");
    assert!(why("panics").contains("on purpose"), "{}", why("panics"));
    for name in ["fixed/samples", "after it"] {
        assert_eq!(counting[name].as_ref().unwrap().warm, counting["iter"].as_ref().unwrap().warm, "{name}");
    }
}

/// A program that does nothing, as fast as it can.
struct Load(Child);

impl Load {
    fn new() -> Self {
        Self(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Every way of timing among them, twenty times: in environments and directories of other sizes, two at once, the second half
/// beside other programs.
#[test]
fn counts_are_the_same_to_the_last_digit_wherever_it_runs() {
    let program = executables("counted")["counted::ways"].clone();
    let (version, names) = {
        let copies = Copies::new().unwrap();
        let found = enumerate(&program, &copies.folder().join("home"), PATIENCE).unwrap().unwrap();
        // Without those that cannot be counted: one process does all.
        let countable = |name: &String| !["fixed/time", "reads the clock", "panics"].contains(&name.as_str());
        (found.version.unwrap(), found.names.into_iter().filter(countable).collect::<Vec<_>>())
    };
    assert!(names.len() >= 24 && names.iter().filter(|name| name.contains("iter")).count() == 22, "{names:?}");
    let folder = tempfile::tempdir().unwrap();
    let again = |number: usize| {
        let copies = Copies::new().unwrap();
        let mut program = program.clone();
        program.environment.push(("LENGTHENS_THE_STACK".into(), "x".repeat(number * 229).into()));
        program.directory = folder.path().join("d".repeat(1 + number * 7));
        std::fs::create_dir_all(&program.directory).unwrap();
        let (folder, home) = (copies.folder().join("counts"), copies.folder().join("home"));
        let counting = count(&program, version, &names, &folder, &home, Detail::Functions, ALL).unwrap();
        let total = |counts: Counts| [counts.warm.total, counts.cold.total];
        let totals = counting.into_iter().map(|(name, counts)| (name, counts.map(total).unwrap()));
        totals.collect::<BTreeMap<String, [u64; 2]>>()
    };
    let first = again(0);
    assert_eq!(first.len(), names.len());
    let repeat = |numbers: RangeInclusive<usize>| {
        std::thread::scope(|scope| {
            let half = |odd| numbers.clone().filter(|number| number % 2 == odd).map(&again).collect::<Vec<_>>();
            let other = scope.spawn(move || half(0));
            [half(1), other.join().unwrap()].concat()
        })
    };
    let mut all = repeat(1..=15);
    let _load = [Load::new(), Load::new()];
    all.extend(repeat(16..=19));
    assert_eq!(all.len(), 19);
    for totals in all {
        assert_eq!(totals, first);
    }
}

/// What the heap went through before changes how many instructions a request takes, and nothing of what is judged.
#[test]
fn what_the_allocator_does_is_counted_apart() {
    let count = |holes: bool| {
        let mut program = executables("counted")["counted::heap"].clone();
        program.environment.extend(holes.then(|| ("HOLES".into(), "1".into())));
        let counts = counted(&program).1.remove("one request").unwrap().unwrap();
        (counts.warm.own_code(), counts.warm.allocator)
    };
    let ((plain, in_plain), (with_holes, in_holes)) = (count(false), count(true));
    assert_ne!(in_plain, in_holes, "the allocator did the same, which shows nothing");
    assert_eq!(plain, with_holes);
    assert!((10..200).contains(&plain) && in_plain > 50, "{plain} {in_plain}");
}

/// Two hundred benchmarks that do 101 units of work instead of 100, and twenty that do what they did. Less than 1 % more is
/// counted of most, as the loop of the harness stays as it is, so it takes a limit below 1 %.
#[test]
fn one_percent_more_work_is_red_in_each_of_two_hundred_benchmarks() {
    let limits = CountLimits { max_regression: 0.005, max: None };
    let program = executables("counted")["counted::percent"].clone();
    let copies = Copies::new().unwrap();
    let home = copies.folder().join("home");
    let found = enumerate(&program, &home, PATIENCE).unwrap().unwrap();
    let version = found.version.unwrap();
    let count = |units: &str, half: usize| {
        let mut program = program.clone();
        program.environment.push(("UNITS".into(), units.into()));
        let names: Vec<String> = found.names.iter().skip(half).step_by(2).cloned().collect();
        let folder = copies.folder().join(units).join(half.to_string());
        count(&program, version, &names, &folder, &folder.join("home"), Detail::Functions, ALL).unwrap()
    };
    let side = |units: &str| -> BTreeMap<String, u64> {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| count(units, 1));
            let counting = count(units, 0).into_iter().chain(other.join().unwrap());
            counting.map(|(name, counts)| (name, counts.unwrap().warm.own_code())).collect()
        })
    };
    let (base, head) = (side("100"), side("101"));
    // That each side is the same when it is counted again is shown above.
    let judged = base.iter().map(|(name, base)| (name, judge_counts([*base; 2], [head[name]; 2], limits)));
    let (same, more): (Vec<_>, Vec<_>) = judged.partition(|(name, _)| name.starts_with("same/"));
    for (name, judgement) in &more {
        println!("{name}: {:+.4} % of {}", judgement.change.unwrap() * 100.0, base[*name]);
    }
    let missed: Vec<_> = more.iter().filter(|(_, judgement)| judgement.verdict != Verdict::Regressed).collect();
    let is_settled = |verdict| matches!(verdict, Verdict::Unchanged | Verdict::WithinLimit);
    let red: Vec<_> = same.iter().filter(|(_, judgement)| !is_settled(judgement.verdict)).collect();
    assert_eq!((more.len(), same.len()), (200, 20));
    assert!(missed.is_empty() && red.is_empty(), "missed {missed:?}, red {red:?}");
}

#[test]
fn every_version_is_counted() {
    let executables = executables("versions");
    for (key, program) in executables {
        let (found, counting) = counted(&program);
        assert_eq!(found.names.len(), counting.len(), "{key}");
        let mut warm = BTreeMap::new();
        for (name, counts) in counting {
            let counts = counts.unwrap_or_else(|why| panic!("{key}: {name}: {why}"));
            assert!(counts.warm.total > 0 && counts.cold.total >= counts.warm.total, "{key}: {name}");
            warm.insert(name, counts.warm.total);
        }
        // One iteration each, where criterion wants to warm up for a second.
        if key == "v03::sums" {
            let [short, long] = ["sum/wrapping/16", "sum/wrapping/1024"].map(|name| warm[name]);
            assert!(short < 200 && (500..8_000).contains(&(long - short)), "{short} {long}");
        }
    }
}
