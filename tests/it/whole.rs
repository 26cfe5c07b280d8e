//! The program as users run it, on git repositories with real criterion benches: what it answers, what it leaves behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use cargo_perfgate::instrument::{Layouter, Layouts, Places, Relink};
use cargo_perfgate::model::{Evidence, Outcome, Report, Row, Source, Verdict};
use cargo_perfgate::report::json;
use cargo_perfgate::stats::Rng;
use cargo_perfgate::store::Store;

use crate::fixture::{Fixture, clean, scratch};

/// What must not change in a repository that was only looked at.
fn state(fixture: &Fixture) -> Vec<String> {
    let mut state: Vec<String> = [
        &["status", "--porcelain=v2", "--branch"][..],
        &["for-each-ref", "--exclude=refs/perfgate/**"],
        &["stash", "list"],
        &["worktree", "list", "--porcelain"],
        &["ls-files", "--stage"],
        &["config", "--list", "--local"],
    ]
    .iter()
    .map(|arguments| fixture.git(arguments))
    .collect();
    state.push(format!("{:?}", fs::read(fixture.root.join(".git/index")).unwrap()));
    state
}

fn last(fixture: &Fixture) -> Report {
    json::parse(&fs::read(fixture.root.join("target/perfgate/last.json")).unwrap()).unwrap()
}

fn verdicts(report: &Report) -> BTreeMap<String, Verdict> {
    report.rows.iter().map(|row| (row.benchmark.name.clone(), row.verdict)).collect()
}

/// Threefold work: no machine is so noisy that this is in doubt.
fn slow_down_adler(fixture: &Fixture) {
    let path = "src/checksum.rs";
    let source = fixture.read(path);
    let slow = source.replace("pub fn adler32(", "pub fn adler32(bytes: &[u8]) -> u32 {\n    once(std::hint::black_box(bytes)) & once(std::hint::black_box(bytes)) & once(bytes)\n}\n\n#[inline(never)]\nfn once(");
    assert_ne!(source, slow);
    fixture.write(path, &slow);
}

#[test]
fn a_slowdown_fails_and_its_revert_passes() {
    let fixture = Fixture::built("example", "whole");
    fixture.git(&["config", "core.hooksPath", "hooks"]);
    fixture.write("hooks/post-checkout", "#!/bin/sh\ntouch \"$(git rev-parse --show-toplevel)/hook-ran\"\n");
    fixture.commit("a hook that tells when it runs");
    fixture.git(&["checkout", "-q", "-b", "topic"]);

    // A change that no executable sees.
    fixture.write("notes.md", "words\n");
    fixture.commit("notes");
    let before = state(&fixture);
    let ran = fixture.perfgate(&["check"]);
    assert_eq!(ran.code, 0);
    let report = last(&fixture);
    assert_eq!(report.outcome, Outcome::Passed);
    assert_eq!(report.rows.len(), 6);
    assert!(report.rows.iter().all(|row| row.evidence == Some(Evidence::SameExecutable)));
    assert!(report.base.unwrap().reason.contains("merge base of HEAD and main"));
    assert_eq!(state(&fixture), before);

    // A slowdown, first uncommitted: judged, never stored.
    slow_down_adler(&fixture);
    let before = state(&fixture);
    let ran = fixture.perfgate(&["check", "--format", "markdown"]);
    assert_eq!(ran.code, 100);
    let report = last(&fixture);
    assert!(report.head.dirty);
    let found = verdicts(&report);
    assert_eq!(found["checksum/adler32/4096"], Verdict::Regressed);
    // And what did it is named, where it was moved to.
    let row = report.rows.iter().find(|row| row.benchmark.name == "checksum/adler32/4096").unwrap();
    assert_eq!(row.source, Some(Source { file: "benches/checksum.rs".into(), line: Some(10) }));
    let samples = row.samples.as_ref().unwrap();
    let median = |side: &[f64]| side[side.len() / 2];
    assert!(samples.base.len() > 1 && median(&samples.head) > 1.5 * median(&samples.base), "{samples:?}");
    let counted = row.counted.as_ref().unwrap();
    assert!(counted.head > 2 * counted.base, "{counted:?}");
    assert_eq!(counted.culprits[0].function, "textkit::checksum::once");
    let picture = scratch().join("difference.svg");
    let explained = fixture.perfgate(&["explain", "checksum", "--flamegraph", picture.to_str().unwrap()]);
    assert_eq!(explained.code, 0);
    let picture = fs::read_to_string(picture).unwrap();
    let once = picture.split("<title>textkit::checksum::once (").nth(1).unwrap().split(')').next().unwrap();
    assert!(once.contains("; +"), "what was slowed down grew: {once}");
    crate::hot::shows_what_is_hot(&fixture);
    crate::hot::tells_how_far_it_is(&fixture);
    let order: Vec<Option<usize>> =
        ["adler32/4096", "checksum::once", "1 benchmark executes"].map(|words| explained.stdout.find(words)).into();
    assert!(order.is_sorted() && order[0].is_some(), "{}", explained.stdout);
    // Every process had a layout of its own.
    assert_eq!(report.warnings, Vec::<String>::new());
    layouts_differ_by_seed(&fixture);
    // The other target's executable does not hold the function.
    for name in ["count/words/small", "count/words/large", "count/lines/large", "tokenize/program"] {
        assert_eq!(found[name], Verdict::Unchanged, "{name}");
    }
    assert!(ran.stdout.contains("checksum/adler32/4096"));
    assert_eq!(state(&fixture), before);
    assert_eq!(fixture.perfgate(&["baseline", "list"]).stdout, "");

    // Committed: the same verdict, nothing is built for the base again, and what was measured is stored.
    let slow = fixture.commit("slower");
    let ran = fixture.perfgate(&["check", "checksum"]);
    assert_eq!(ran.code, 100);
    assert_eq!(last(&fixture).rows.len(), 2);
    assert!(!ran.stderr.contains("Compiling"), "head is the tree that was built before, base as well");
    let listed = fixture.perfgate(&["baseline", "list"]);
    assert!(listed.stdout.contains(&slow), "{}", listed.stdout);
    crate::hot::shows_what_is_slow(&fixture);

    // The command that the report prints does what it says.
    let reproduce = last(&fixture).rows.iter().find_map(|row| row.reproduce.clone()).unwrap();
    assert!(reproduce.contains("--package textkit --bench checksum '^checksum/adler32/4096$'"), "{reproduce}");

    // The revert, against the slow commit: faster, and that passes.
    fixture.git(&["-c", "user.name=a", "-c", "user.email=a@example.org", "revert", "--no-edit", "HEAD"]);
    let ran = fixture.perfgate(&["check", "--base", "HEAD^", "adler32"]);
    assert_eq!(ran.code, 0);
    assert_eq!(verdicts(&last(&fixture))["checksum/adler32/4096"], Verdict::Improved);

    // Both commits have baselines now; they judge without measuring, and say what that is worth.
    let ran = fixture.perfgate(&["compare", "HEAD", &slow]);
    assert_eq!(ran.code, 100);
    assert!(ran.stdout.contains("not confirmed"), "{}", ran.stdout);
    let file = scratch().join("exported.json");
    let exported = file.to_str().unwrap();
    assert_eq!(fixture.perfgate(&["baseline", "export", &slow, exported]).code, 0);
    assert_eq!(fixture.perfgate(&["compare", exported, "HEAD"]).code, 0, "what a filter left out is not lost");
    let shown = fixture.perfgate(&["baseline", "show", &slow]);
    assert!(shown.stdout.contains("checksum/adler32/4096"), "{}", shown.stdout);
    assert_eq!(fixture.perfgate(&["compare", "main", "HEAD"]).code, 4, "main has no baseline");

    assert!(!fixture.root.join("hook-ran").exists());

    // Stopped or killed whatever it does: no process and no copy stays, at the latest after the next start.
    let before = state(&fixture);
    for moment in [Moment::Building, Moment::Linking, Moment::Measuring] {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let copies = stop(&fixture, moment, signal, code);
            assert!(copies.as_ref().is_none_or(|copies| !copies.exists()), "{moment:?}, {signal} leaves {copies:?}");
        }
        let copies = stop(&fixture, moment, "KILL", -1);
        assert_eq!(fixture.perfgate(&["list"]).code, 0);
        let gone = copies.as_ref().is_none_or(|copies| !copies.exists());
        assert!(gone, "{moment:?}: the next start leaves {copies:?}");
    }
    assert_eq!(state(&fixture), before);
}

#[test]
fn a_change_cannot_loosen_the_gate_that_it_has_to_pass() {
    let fixture = Fixture::built("example", "loosened");
    fixture.write(".config/perfgate.toml", "[gate]\nmax-regression = \"10%\"\n");
    fixture.commit("a limit");
    fixture.git(&["checkout", "-q", "-b", "topic"]);
    slow_down_adler(&fixture);
    fixture.write(".config/perfgate.toml", "[gate]\nmax-regression = \"900%\"\nsuite-max-regression = \"900%\"\n");
    fixture.commit("slower, and it may be");
    let check = |more: &[&str]| fixture.perfgate(&[&["check", "--offline", "adler32"], more].concat());
    assert_eq!(check(&[]).code, 100);
    let report = last(&fixture);
    assert_eq!(report.policy.max_regression, 0.1);
    let sentence = "the configuration differs, and base's holds until head is merged: max-regression is 10 % (head: 900 %), suite-max-regression is 2 % (head: 900 %), tolerate is 4 % (head: 360 %); `--policy head` tries head's";
    assert!(report.warnings.iter().any(|warning| warning == sentence), "{:?}", report.warnings);
    assert_eq!(check(&["--policy", "head"]).code, 0);
    assert_eq!(last(&fixture).policy.max_regression, 9.0);
    // The user's own word: a file that is named.
    fixture.write("mine.toml", &fixture.read(".config/perfgate.toml"));
    assert_eq!(check(&["--config", "mine.toml"]).code, 0);
    fs::remove_file(fixture.root.join("mine.toml")).unwrap();
    crate::accept::until_it_is_merged(&fixture);
    // A base whose configuration is broken cannot keep head from mending it.
    fixture.git(&["checkout", "-q", "main"]);
    fixture.write(".config/perfgate.toml", "[gate\n");
    fixture.commit("broken");
    fixture.write(".config/perfgate.toml", "[gate]\n");
    assert_eq!(check(&[]).code, 0);
    assert!(
        last(&fixture).warnings[0].starts_with("base's configuration cannot be read"),
        "{:?}",
        last(&fixture).warnings
    );
}

#[test]
fn limits_follow_from_noise_and_doctor_tells_what_can_be_seen() {
    let fixture = Fixture::built("example", "noise");
    fixture.write(".config/perfgate.toml", "[gate]\nmax-regression = \"auto\"\non-inconclusive = \"pass\"\n");
    fixture.commit("limits that follow");
    // Nothing is known yet, and that is said. (Base's configuration would hold, and base has none.)
    let first = fixture.perfgate(&["check", "--method", "paired", "--base", "HEAD^", "--policy", "head"]);
    assert_eq!(first.code, 0, "{}", first.stdout);
    assert!(
        first.stderr.contains("6 benchmarks with `max-regression = \"auto\"` were never measured here: 5.0 % holds")
    );
    let rows = |report: Report| report.rows.into_iter().filter(|row| row.benchmark.package == "textkit");
    assert!(rows(last(&fixture)).all(|row| row.limit == 0.05 && row.tolerate == 0.02));
    // What that check stored is known to the next one, and where one was so noisy that no limit would do, there is an end.
    let store = Store::open(&fixture.root).unwrap();
    let stored = store.load(&fixture.git(&["rev-parse", "HEAD"])).unwrap();
    let mut noisy = stored.newest().unwrap().run.clone();
    noisy.measurements.retain(|measurement| measurement.benchmark.name == "checksum/fnv1a/4096");
    noisy.measurements[0].layout_spread = Some(0.1);
    noisy.started = jiff::Timestamp::now().to_string();
    store.add(&noisy).unwrap();
    fixture.write("notes.md", "words\n");
    fixture.commit("notes");
    let second = fixture.perfgate(&["check", "--method", "paired", "--base", "HEAD^"]);
    assert_eq!(second.code, 0, "{}", second.stdout);
    assert!(!second.stderr.contains("never measured"), "{}", second.stderr);
    for row in rows(last(&fixture)) {
        assert!(row.limit >= 0.02 && row.limit <= 0.2, "{row:?}");
        assert!((row.limit * 1e3 - (row.limit * 1e3).round()).abs() < 1e-6, "{row:?}");
        assert!((row.tolerate - row.limit * 0.4).abs() < 1e-9, "{row:?}");
    }
    assert!(rows(last(&fixture)).any(|row| row.limit != 0.05));
    let noisy = |row: Row| row.benchmark.name == "checksum/fnv1a/4096" && row.limit == 0.2;
    assert!(rows(last(&fixture)).any(noisy));
    let says = "`max-regression = \"auto\"` is 20 % at most, and what this machine showed so far asks for more: checksum/fnv1a/4096 (40.0 %); set";
    assert!(second.stderr.contains(says), "{}", second.stderr);

    let told = fixture.perfgate(&["doctor"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    for words in ["smallest visible", "textkit::checksum/checksum/adler32/4096", "controls", "machine"] {
        assert!(told.stdout.contains(words), "{words}: {}", told.stdout);
    }
    let told = fixture.perfgate(&["doctor", "--format", "json", "adler32"]);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let benchmark = &told["benchmarks"][0];
    assert!(benchmark["layout_spread"].as_f64().is_some_and(|spread| (0.0..1.0).contains(&spread)), "{benchmark}");
    assert!(benchmark["spread"].as_f64().is_some_and(|spread| (0.0..1.0).contains(&spread)), "{benchmark}");
    assert!(benchmark["smallest_visible_change"].as_f64().is_some_and(|change| change > 0.0), "{benchmark}");
}

/// Links the measured executable of the last check again: another order is another file, the same order the same.
fn layouts_differ_by_seed(fixture: &Fixture) {
    let name = fixture.root.file_name().unwrap().to_str().unwrap();
    let folders = fs::read_dir(scratch().join("builds")).unwrap().map(|entry| entry.unwrap().path());
    let about = |folder: &PathBuf| fs::read_to_string(folder.join("README")).unwrap_or_default();
    let own = |folder: &PathBuf| about(folder).contains(&format!("{} by", fixture.root.display()));
    let project = { folders }.find(own).unwrap_or_else(|| panic!("no builds of {name}"));
    let records = fs::read_dir(project.join("head/target/perfgate-links")).unwrap().map(|entry| entry.unwrap().path());
    let checksum = |record: &PathBuf| record.file_name().unwrap().to_string_lossy().starts_with("checksum-");
    let record = records.filter(checksum).max_by_key(|record| record.metadata().unwrap().modified().unwrap()).unwrap();
    let executable = project.join("head/target/release/deps").join(record.file_name().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let layouter = Layouter::try_ways(&Relink::open(record).unwrap(), &executable, folder.path()).unwrap();
    assert_eq!(layouter.layouts(), Layouts::EveryFunction);
    let linked = |file: &str, seed| {
        let path = folder.path().join(file);
        let order = Places::of(&[layouter.units()]);
        layouter.lay_out(&path, &order.draw(&mut Rng::new(seed))[0], 0).unwrap();
        fs::read(path).unwrap()
    };
    let first = linked("first", 1);
    assert_eq!(linked("again", 1), first);
    assert_ne!(linked("other", 2), first);
}

/// What the program is at when it is stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    Building,
    Linking,
    Measuring,
}

/// Sends a signal to the program at this moment, and waits until none of its processes is left. Gives the folder in
/// which it kept its copies of executables, if it had one by then.
fn stop(fixture: &Fixture, moment: Moment, signal: &str, code: i32) -> Option<PathBuf> {
    let mark = format!("{}-{moment:?}-{signal}", std::process::id());
    let mut program = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")));
    if moment == Moment::Building {
        // Other flags for the compiler: all of it is built, elsewhere.
        program.env("RUSTFLAGS", format!("--cfg never_{signal}"));
    }
    let mut child = program
        .args(["run", "--no-store"])
        .current_dir(&fixture.root)
        .env("PERFGATE_TARGET_DIR", scratch().join("builds"))
        .env("MARK_OF_TEST", &mark)
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let copy = |command: &Vec<String>| command.iter().find_map(|word| folder_of_copies(word));
    let copies = loop {
        let commands = marked(&mark);
        let program = |command: &&Vec<String>| command[0].rsplit('/').next().unwrap_or_default().to_owned();
        let found = match moment {
            Moment::Building => commands.iter().find(|command| program(command) == "rustc"),
            Moment::Linking => {
                commands.iter().find(|command| program(command).contains("ld") && copy(command).is_some())
            }
            Moment::Measuring => commands.iter().find(|command| folder_of_copies(&command[0]).is_some()),
        };
        if let Some(command) = found {
            break copy(command);
        }
        assert!(child.try_wait().unwrap().is_none(), "{moment:?} was not seen");
    };
    let killed = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code().unwrap_or(-1), code, "{moment:?}, {signal}");
    for _ in 0..600 {
        if marked(&mark).is_empty() {
            return copies;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{moment:?}, {signal}: still running: {:?}", marked(&mark));
}

/// The folder of copies that a path lies in.
fn folder_of_copies(path: &str) -> Option<PathBuf> {
    let start = path.find('/')?;
    let ancestors = Path::new(&path[start..]).ancestors().skip(1);
    let named = |folder: &&Path| folder.file_name().is_some_and(|n| n.to_string_lossy().starts_with("cargo-perfgate-"));
    { ancestors }.find(named).map(Path::to_owned)
}

/// The programs of all processes that carry this mark in their environment, each with its arguments.
fn marked(mark: &str) -> Vec<Vec<String>> {
    let wanted = format!("MARK_OF_TEST={mark}");
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let carries = |process: &PathBuf| {
        let variables = fs::read(process.join("environ")).unwrap_or_default();
        variables.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    let command = |process: PathBuf| {
        let mut words = vec![fs::read_link(process.join("exe")).ok()?.to_string_lossy().into_owned()];
        let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
        words.extend(arguments.split(|byte| *byte == 0).skip(1).map(|word| String::from_utf8_lossy(word).into_owned()));
        Some(words)
    };
    processes.filter(carries).filter_map(command).collect()
}

#[test]
fn the_first_commit_has_no_base() {
    let fixture = Fixture::new("example", "first");
    let ran = fixture.perfgate(&["check"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stdout.contains("first commit"), "{}", ran.stdout);
    assert_eq!(last(&fixture).outcome, Outcome::NothingCompared);
}

#[test]
fn every_shape_is_listed_or_skipped_with_its_reason() {
    let fixture = Fixture::built("shapes", "shapes");
    fixture.write(
        "apart/Cargo.toml",
        "[package]\nname = \"apart\"\n\n[workspace]\n\n[[bench]]\nname = \"own\"\nharness = false\n",
    );
    fixture.write("plain/Cargo.toml", "[package]\nname = \"plain\"\n\n[workspace]\n");
    named_as_a_dependency(&fixture);
    fixture.commit("packages beside the workspace, and one that is named as a dependency");
    let ran = fixture.perfgate(&["list"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stdout,
        "broken::sound/sound/sum\nfiles::input/files/sum\nitoa::own/own\nmixed::criterion/mixed/sum\n"
    );
    for (what, reason) in [
        ("broken::mismatch", "does not compile: mismatched types"),
        ("nightly::libtest", "does not compile: `#![feature]` may not be used on the stable release channel"),
        ("gated::required", "needs the features slow; add --features slow"),
        ("gated::cfg", "names no benchmark"),
        ("mixed::bencher_like", "holds no benchmark of criterion, libtest or divan"),
        ("mixed::program", "holds no benchmark of criterion, libtest or divan"),
        ("apart", "is no member of this workspace; --manifest-path apart/Cargo.toml has its benchmarks"),
    ] {
        let line = ran.stderr.lines().find(|line| line.contains(&format!("Skipped {what}: ")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{what}: {line:?}");
    }
    assert!(!ran.stderr.contains("plain"), "{}", ran.stderr);
    let ran = fixture.perfgate(&["list", "--features", "slow", "-p", "gated"]);
    assert_eq!(ran.stdout, "gated::required/required/sum\n");
    let ran = fixture.perfgate_in("files", &["list"]);
    assert_eq!(ran.stdout, "files::input/files/sum\n", "inside a member, that member");
    let ran = fixture.perfgate(&["list", "--bench", "nothing-of-this-name"]);
    assert_eq!(ran.code, 2);
    let ran = fixture.perfgate(&["list", "--package", "nothing-of-this-name"]);
    assert_eq!(ran.code, 2);
}

/// A member with the name and the version of a package that criterion depends on: as the crate itself has it in its own
/// repository.
fn named_as_a_dependency(fixture: &Fixture) {
    let lock = fixture.read("Cargo.lock");
    let version = lock.split("name = \"itoa\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let manifest = fixture.read("mixed/Cargo.toml");
    let criterion = manifest.lines().find(|line| line.starts_with("criterion = ")).unwrap();
    fixture.write(
        "itoa/Cargo.toml",
        &format!("[package]\nname = \"itoa\"\nversion = \"{version}\"\nedition = \"2024\"\n\n[[bench]]\nname = \"own\"\nharness = false\n\n[dev-dependencies]\n{criterion}\n"),
    );
    fixture.write("itoa/src/lib.rs", "");
    fixture.write("itoa/benches/own.rs", "fn benches(c: &mut criterion::Criterion) {\n    c.bench_function(\"own\", |b| b.iter(|| 1));\n}\n\ncriterion::criterion_group!(all, benches);\ncriterion::criterion_main!(all);\n");
    fixture.replace("Cargo.toml", "\"files\"]", "\"files\", \"itoa\"]");
}

#[test]
fn what_head_loses_and_gains_are_rows() {
    let fixture = Fixture::built("shapes", "lost");
    // What executes the same code would not be run together with what crashes.
    fixture.write(".config/perfgate.toml", "[gate]\nscreen = false\n");
    fixture.commit("all are timed");
    fixture.git(&["checkout", "-q", "-b", "topic"]);
    fixture.replace("files/benches/input.rs", "\"files/sum\"", "\"files/total\"");
    fixture.replace(
        "mixed/benches/criterion.rs",
        "c.bench_function(\"mixed/sum\", |b|",
        "c.bench_function(\"mixed/sum\", |_| panic!(\"lost\"));\n    c.bench_function(\"mixed/more\", |b|",
    );
    fixture.commit("renamed, broken and added");
    let ran = fixture.perfgate(&["check", "--package", "files", "--package", "mixed"]);
    assert_eq!(ran.code, 100, "a benchmark is gone");
    let found = verdicts(&last(&fixture));
    let expected = [
        ("files/sum", Verdict::Removed),
        ("files/total", Verdict::Unchanged),
        // The process dies before it has begun any benchmark: that may be the fault of each.
        ("mixed/more", Verdict::Crashed),
        ("mixed/sum", Verdict::Crashed),
    ];
    assert_eq!(found, expected.map(|(name, verdict)| (name.to_owned(), verdict)).into());
    fixture.write(".config/perfgate.toml", "[gate]\non-removed = \"pass\"\n");
    let ran = fixture.perfgate(&["check", "--policy", "head", "--package", "files", "--package", "mixed"]);
    assert_eq!(ran.code, 101, "a benchmark crashed");
    fixture.write(".config/perfgate.toml", "[gate]\non-removed = \"pass\"\non-failed = \"warn\"\n");
    let ran = fixture.perfgate(&["check", "--policy", "head", "--package", "files", "--package", "mixed"]);
    assert_eq!(ran.code, 0, "head's benchmarks run on base's code as they do on head's");

    // The executable is the same, what it reads is not: that is measured.
    fixture.git(&["checkout", "-q", "--", "files/benches/input.rs"]);
    fixture.git(&["checkout", "-q", "main", "--", "files"]);
    fixture.commit("files as they were");
    let numbers = fixture.read("files/data/numbers.txt");
    fixture.write("files/data/numbers.txt", &numbers.repeat(50));
    let ran = fixture.perfgate(&["check", "--package", "files"]);
    assert_eq!(ran.code, 100);
    assert_eq!(last(&fixture).rows[0].evidence, Some(Evidence::PairedMeasurement));
    fixture.write("files/data/numbers.txt", &numbers);

    // Head that does not compile what base compiled is broken, not slower.
    fixture.replace("files/benches/input.rs", "fn benches", "fn fn benches");
    let ran = fixture.perfgate(&["check", "--package", "files"]);
    assert_eq!(ran.code, 101);
    assert!(ran.stderr.contains("head does not build"), "{}", ran.stderr);
}

#[test]
fn usage_errors_measure_nothing() {
    let fixture = Fixture::new("example", "usage");
    for (arguments, says) in [
        (&["check", "--no-such-option"][..], "--no-such-option"),
        (&["check", "--budget", "90"], "it needs a unit"),
        (&["check", "--partition", "hash:5/4"], "there is no shard 5 of 4"),
        (&["history"], "`history` is not supported by this version"),
        (&["chekc"], "did you mean `cargo perfgate check`? If a filter is meant: cargo perfgate check chekc"),
        (&["--base", "HEAD", "explain"], "put it first: cargo perfgate explain ..."),
        (&["check", "("], "no regular expression"),
        (&["check", "--manifest-path", "nowhere/Cargo.toml"], "nowhere/Cargo.toml"),
        (&["check", "--format", "htm"], "expected human, markdown, html, json, junit"),
        (&["check", "--format", "github=x"], "from standard output alone"),
        (&["check", "--config", "nowhere.toml"], "nowhere.toml"),
    ] {
        let ran = fixture.perfgate(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.stderr.contains(says), "{arguments:?}");
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
    fixture.write(".config/perfgate.toml", "[gate]\nmax-regresion = \"5%\"\n");
    let ran = fixture.perfgate(&["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(".config/perfgate.toml:2:1"), "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `max-regression`?"), "{}", ran.stderr);
}
