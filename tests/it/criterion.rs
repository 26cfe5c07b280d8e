//! Real criterion executables of every supported version: by which way they are reached, which ids they tell, how they
//! are measured, and what is said of those that misbehave.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cargo_perfgate::harness::criterion::{Criterion, Enumeration, NotCriterion, Suite, Version, Way, enumerate};
use cargo_perfgate::harness::{Bench, FailureKind, Program, Request, Sides, Slice, SliceResult};
use cargo_perfgate::instrument::Copies;
use cargo_perfgate::model::Side;
use cargo_perfgate::workspace::{BenchExecutable, CargoOptions, build, targets};

use crate::fixture::scratch;

const PATIENCE: Duration = Duration::from_secs(5);

/// The bench executables of a fixture, by target.
pub fn executables(fixture: &str) -> BTreeMap<String, Program> {
    // Built where it stands: nothing is written there, and cargo keeps the tests that share it apart.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture).join("Cargo.toml");
    let options = CargoOptions { quiet: true, locked: true, ..CargoOptions::default() };
    let found = targets(&manifest, "head", &options).unwrap();
    let target = scratch().join("criterion");
    let built = build(&found, &target, Path::new("/nowhere"), Path::new("/nowhere"), &options).unwrap();
    assert_eq!(built.failed, []);
    let program = |executable: BenchExecutable| {
        let key = format!("{}::{}", executable.package, executable.target);
        let BenchExecutable { path, directory, environment, .. } = executable;
        let program = Program { path, link: None, layouter: Err("not recorded".into()), directory, environment };
        (key, program)
    };
    built.executables.into_iter().map(program).collect()
}

fn ask(program: &Program) -> Result<Enumeration, NotCriterion> {
    let copies = Copies::new().unwrap();
    enumerate(program, &copies.folder().join("home"), PATIENCE).unwrap()
}

/// Measures `names` of a program against itself, in one round.
fn measure(program: &Program, found: &Enumeration, names: &[&str]) -> Vec<Slice> {
    let suite = Suite {
        base: Some(program.clone()),
        head: program.clone(),
        version: found.version.unwrap_or(Version(0, 8, 0)),
        way: found.way,
        all: Some(found.names.clone()),
        renamed: BTreeMap::new(),
    };
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut bench = Criterion::new(vec![suite], Copies::new().unwrap(), PATIENCE, 1);
    bench.measure(&Request { executable: 0, names: &names, sides: Sides::Both, round: 0, left: None }).unwrap()
}

fn results(slices: Vec<Slice>) -> Vec<(String, SliceResult)> {
    slices.into_iter().map(|slice| (slice.name, slice.result)).collect()
}

fn assert_measured(slices: Vec<Slice>, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(slices.iter().map(|slice| slice.name.clone()).collect::<Vec<_>>(), names);
    for slice in slices {
        let SliceResult::Measured { base: Some(base), head } = &slice.result else { panic!("{slice:?}") };
        for sample in [base, head] {
            assert!(sample.times.len() >= 10, "{slice:?}");
            assert!(sample.times.iter().all(|time| *time > 0.0), "{slice:?}");
            assert_eq!(sample.other_unit, None);
        }
    }
}

fn failure(result: &SliceResult) -> (Side, FailureKind, &str) {
    match result {
        SliceResult::Failed(failure) => (failure.side, failure.kind, &failure.detail),
        other => panic!("expected a failure: {other:?}"),
    }
}

#[test]
fn every_version_takes_the_channel() {
    let long = "a benchmark with a long name/that says in full what it measures, which numbers it takes and why \
                anybody should care about the sum of them";
    let expected: [(&str, u8, Vec<&str>); 5] = [
        ("v03", 3, vec!["plain", "sum/wrapping/16", "sum/wrapping/1024"]),
        ("v04", 4, vec!["sorted copy [u64; 64]", "sum of elements/(256)"]),
        ("v05", 5, vec!["tiny::sum", "deep/er/path/sum", "^s.*(u|m)+[a-z]?{1}$ \\d"]),
        ("v07", 7, vec!["größe/λ→μ 数", "64 bit", long]),
        ("v08", 8, vec!["sum?/wrapping", "sum*/wrapping", "bytes/sum/256"]),
    ];
    let mut programs = executables("versions");
    programs.retain(|key, _| !key.ends_with("::memory"));
    assert_eq!(programs.len(), expected.len(), "{:?}", programs.keys());
    for (package, minor, names) in expected {
        let (_, program) = programs.iter().find(|(key, _)| key.starts_with(&format!("{package}::"))).unwrap();
        let found = ask(program).unwrap();
        assert_eq!(found.way, Way::Channel, "{package}");
        let version = found.version.unwrap();
        assert_eq!((version.0, version.1), (0, minor), "{package}");
        assert_eq!(found.names, names, "{package}");
        assert_measured(measure(program, &found, &names), &names);
        // Through a filter, which must take every character of a name literally.
        let last = &names[names.len() - 1..];
        assert_measured(measure(program, &found, last), last);
    }
}

#[test]
fn without_the_channel_files_tell() {
    let programs = executables("trouble");
    let program = &programs["trouble::no_port"];
    let found = ask(program).unwrap();
    assert_eq!((found.way, found.names.clone()), (Way::Files, vec!["files/long".to_owned(), "files/short".to_owned()]));
    let names = ["files/long", "files/short"];
    assert_measured(measure(program, &found, &names), &names);
    assert_measured(measure(program, &found, &names[1..]), &names[1..]);
}

#[test]
fn trouble_is_named_and_does_not_spread() {
    let programs = executables("trouble");
    let three = ["first", "second", "third"];
    let died = |target: &str| {
        let program = &programs[&format!("trouble::{target}")];
        let found = ask(program).unwrap();
        assert_eq!(found.names, three, "{target}");
        let all = results(measure(program, &found, &three));
        assert!(matches!(all[0].1, SliceResult::Measured { .. }), "{target}: {all:?}");
        assert_eq!(all[2].1, SliceResult::NotReached, "{target}");
        // Without the one that failed the others are measured.
        assert_measured(measure(program, &found, &["first", "third"]), &["first", "third"]);
        let (_, kind, detail) = failure(&all[1].1);
        (kind, detail.to_owned())
    };
    let (kind, detail) = died("panics");
    assert_eq!(kind, FailureKind::Crashed);
    assert!(detail.contains("the second benchmark panics"), "{detail}");
    let (kind, detail) = died("aborts");
    assert_eq!(kind, FailureKind::Crashed);
    assert!(detail.contains("SIGABRT"), "{detail}");
    let (kind, detail) = died("exits");
    assert_eq!(kind, FailureKind::Crashed);
    assert_eq!(detail, "its process ended before it was measured");
    let (kind, _) = died("hangs");
    assert_eq!(kind, FailureKind::TimedOut);
}

#[test]
fn no_child_of_a_benchmark_survives() {
    let programs = executables("trouble");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let mut program = programs["trouble::orphans"].clone();
    program.environment.push(("TROUBLE_PID_FILE".into(), file.clone().into()));
    let found = ask(&program).unwrap();
    let all = results(measure(&program, &found, &["well", "orphan"]));
    assert_eq!(failure(&all[1].1).1, FailureKind::TimedOut);
    let pid = std::fs::read_to_string(&file).unwrap();
    // It was killed with its parent; going takes it a moment, and init another one to reap it.
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
        !matches!(state, None | Some('Z' | 'X'))
    };
    for _ in 0..600 {
        if !alive() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("child {pid} is still there");
}

#[test]
fn oddities_are_seen() {
    let programs = executables("trouble");
    let get = |target: &str| &programs[&format!("trouble::{target}")];
    assert_eq!(ask(get("endless")), Err(NotCriterion::OtherHarness));
    assert_eq!(ask(get("same_id")).unwrap().names, ["twice", "twice", "once"]);
    let noisy = ask(get("noisy")).unwrap();
    assert_measured(measure(get("noisy"), &noisy, &["noisy/work"]), &["noisy/work"]);
    let threads = ask(get("threads")).unwrap();
    let slices = measure(get("threads"), &threads, &["threads/two"]);
    assert_measured(slices.clone(), &["threads/two"]);
    let SliceResult::Measured { head, .. } = &slices[0].result else { panic!("{slices:?}") };
    assert!(head.threads, "held to one core it would be another program");

    let ticks = ask(get("ticks")).unwrap();
    let names: Vec<&str> = ticks.names.iter().map(String::as_str).collect();
    for slice in measure(get("ticks"), &ticks, &names) {
        let SliceResult::Measured { head, .. } = &slice.result else { panic!("{slice:?}") };
        assert_eq!(head.other_unit.as_deref(), Some("ticks"), "never called nanoseconds");
    }
    let fixed = ask(get("fixed_time")).unwrap();
    for slice in measure(get("fixed_time"), &fixed, &["fixed/work", "free"]) {
        let SliceResult::Measured { head, .. } = &slice.result else { panic!("{slice:?}") };
        assert_eq!(head.fixes_time, slice.name == "fixed/work", "{}", slice.name);
    }
}

#[test]
fn where_no_time_is_left_no_other_benchmark_is_begun() {
    let executables = executables("trouble");
    let program = &executables["trouble::fixed_time"];
    let found = ask(program).unwrap();
    let suite = Suite {
        base: Some(program.clone()),
        head: program.clone(),
        version: found.version.unwrap(),
        way: found.way,
        all: Some(found.names.clone()),
        renamed: BTreeMap::new(),
    };
    let mut bench = Criterion::new(vec![suite], Copies::new().unwrap(), PATIENCE, 1);
    let mut measure = |left| {
        let request = Request { executable: 0, names: &found.names, sides: Sides::Both, round: 0, left: Some(left) };
        results(bench.measure(&request).unwrap())
    };
    // The first alone takes two seconds a side.
    let some = measure(Duration::from_secs(1));
    assert!(matches!(some[0].1, SliceResult::Measured { .. }), "{some:?}");
    assert_eq!(some[1].1, SliceResult::NotReached);
    assert!(measure(Duration::ZERO).iter().all(|(_, result)| *result == SliceResult::NotReached));
    assert!(matches!(measure(Duration::from_secs(3600))[1].1, SliceResult::Measured { .. }));
}
