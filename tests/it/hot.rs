//! `profile`, as users run it: on a project that another test has built, and on programs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use cargo_perfgate::workspace::profile_setting;
use serde_json::Value;

use crate::fixture::{Fixture, Ran, clean, scratch};

/// What a picture says of its whole.
fn whole(picture: &Path) -> u64 {
    let picture = fs::read_to_string(picture).unwrap();
    let all = picture.split("<title>all (").nth(1).unwrap().split(' ').next().unwrap();
    all.replace(',', "").parse().unwrap()
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

fn sum(functions: &Value, key: &str) -> u64 {
    functions.as_array().unwrap().iter().map(|function| function[key].as_u64().unwrap()).sum()
}

/// Of a project in which `textkit::checksum::once` does nearly all that one of two benchmarks does.
pub fn shows_what_is_hot(fixture: &Fixture) {
    let picture = scratch().join("hot.svg");
    let _ = fs::remove_file(&picture);
    let file = picture.to_str().unwrap();
    let ran = fixture.perfgate(&["profile", "adler32", "--format", "json", "--flamegraph", file]);
    assert_eq!(ran.code, 0);
    let document = document(&ran);
    let hot = &document["profiles"][0];
    let total = hot["instructions"].as_u64().unwrap() + hot["allocator_instructions"].as_u64().unwrap();
    let first = &hot["functions"][0];
    assert_eq!(hot["benchmark"], "textkit::checksum/checksum/adler32/4096");
    assert_eq!(first["function"], "textkit::checksum::once");
    assert_eq!((&first["crate"], &first["module"]), (&"textkit".into(), &"textkit::checksum".into()));
    let (own, share) = (first["own"].as_u64().unwrap(), first["share"].as_f64().unwrap());
    assert!(share > 0.9 && (share - own as f64 / total as f64).abs() < 1e-9, "{first}");
    assert_eq!(first["calls"], 3);
    assert_eq!(sum(&hot["functions"], "own"), total);
    assert_eq!(whole(&picture), total);
    assert!(fs::read_to_string(&picture).unwrap().contains("<title>textkit::checksum::once ("));
    // It was built without lines, and the mend is named.
    let warnings = document["warnings"].to_string();
    assert!(warnings.contains("CARGO_PROFILE_BENCH_DEBUG=line-tables-only"), "{warnings}");
    assert!(first["place"].is_null());
    // What was never measured cannot be known to be slow.
    let ran = fixture.perfgate(&["profile", "adler32", "--over", "1ns"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("adler32/4096: was never measured here"), "{}", ran.stderr);
}

/// The same project, on a terminal.
pub fn tells_how_far_it_is(fixture: &Fixture) {
    let line = format!("'{}' profile --limit 1", env!("CARGO_BIN_EXE_cargo-perfgate"));
    let done = clean(Command::new("script"))
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(&fixture.root)
        .env("PERFGATE_TARGET_DIR", scratch().join("builds"))
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .output()
        .expect("`script` of util-linux gives it a terminal");
    let ran = Ran::new(&["profile", "--limit", "1"], &done);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("[                           ] 0 of 6 counted"), "{}", ran.stdout);
}

/// The same project, of which that benchmark was measured and stored.
pub fn shows_what_is_slow(fixture: &Fixture) {
    let ran = fixture.perfgate(&["profile", "adler32", "--over", "60min", "--rev", "HEAD"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("1 benchmark out: no slower than asked for"), "{}", ran.stderr);
    let ran = fixture.perfgate(&["profile", "adler32", "--over", "1ns", "--limit", "1"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stdout.matches("textkit::checksum::once").count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("(-v shows all)") && ran.stdout.contains("by crate: textkit "), "{}", ran.stdout);
}

fn perfgate(arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")));
    Ran::new(arguments, &command.args(arguments).current_dir(folder.path()).output().unwrap())
}

#[test]
fn a_program_is_profiled_from_start_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("new/echo.svg");
    let file = picture.to_str().unwrap();
    let ran = perfgate(&["profile", "--format", "json", "--flamegraph", file, "--", "/bin/echo", "some words"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("some words\n"), "what it prints is no result: {}", ran.stderr);
    let document = document(&ran);
    let hot = &document["profiles"][0];
    assert_eq!(hot["command"], serde_json::json!(["/bin/echo", "some words"]));
    let total = hot["instructions"].as_u64().unwrap() + hot["allocator_instructions"].as_u64().unwrap();
    assert_eq!((sum(&hot["functions"], "own"), whole(&picture)), (total, total));
    // What starts others says that these are not counted.
    let ran = perfgate(&["profile", "--limit", "3", "--", "/bin/sh", "-c", "/bin/true; :"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("it starts other programs, which are not counted"), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("/bin/sh -c '/bin/true; :'\ninstructions "), "{}", ran.stdout);
}

#[test]
fn a_program_that_fails_is_no_profile() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("x.svg");
    let ran = perfgate(&["profile", "--flamegraph", picture.to_str().unwrap(), "--", "/bin/sh", "-c", "exit 3"]);
    assert_eq!(ran.code, 101);
    let error = "error: could not profile `/bin/sh -c 'exit 3'`: it ended with exit status: 3 under valgrind\nhelp: ";
    assert!(ran.stderr.contains(error), "{}", ran.stderr);
    assert!(ran.stdout.is_empty() && !picture.exists());
    assert_eq!(perfgate(&["profile", "--", "/nowhere/program"]).code, 101);
    // What says which benchmarks says nothing of a program.
    for option in [&["--over", "1s"][..], &["--rev", "HEAD"], &["--package", "x"], &["filter"]] {
        assert_eq!(perfgate(&[&["profile"], option, &["--", "/bin/true"]].concat()).code, 2, "{option:?}");
    }
}

#[test]
fn what_a_build_profile_says_is_found_where_it_inherits() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[profile.release]\nlto = \"thin\"\nstrip = true\n[profile.bench]\ndebug = 1\n\
                    [profile.ci-bench]\ninherits = \"bench\"\nlto = false\n[profile.loop]\ninherits = \"loop\"\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    let says = |profile, key| profile_setting(folder.path(), profile, key);
    assert_eq!(says("bench", "lto").as_deref(), Some("thin"));
    assert_eq!(says("ci-bench", "lto").as_deref(), Some("false"));
    assert_eq!(says("ci-bench", "strip").as_deref(), Some("true"));
    assert_eq!(says("bench", "debug").as_deref(), Some("1"));
    for (profile, key) in [("bench", "panic"), ("dev", "lto"), ("loop", "lto"), ("unknown", "lto")] {
        assert_eq!(says(profile, key), None, "{profile}: {key}");
    }
    assert_eq!(profile_setting(&folder.path().join("nowhere"), "bench", "lto"), None);
}
