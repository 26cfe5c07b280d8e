//! Commands that measure nothing: what they write, what they print, how they end.

use std::fs;
use std::path::PathBuf;

use cargo_perfgate::model::{
    BenchmarkId, Controls, Environment, Measurement, Metric, Outcome, Report, Revision, Run, Unit, Verdict,
};
use cargo_perfgate::report::json;
use cargo_perfgate::store::export;
use snapbox::{assert_data_eq, str};

use crate::fixture::{Fixture, scratch};

/// A run with one measurement.
pub fn run_of(commit: &str, key: &str, nanoseconds: f64) -> Run {
    Run {
        format_version: 1,
        revision: Revision { commit: commit.into(), dirty: false },
        environment: Environment {
            cpu: "cpu".into(),
            cores: 2,
            os: "linux".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "bench".into(),
            rustc: "rustc 1.95.0".into(),
            machine: "00".into(),
            key: key.into(),
        },
        started: "2026-08-05T09:41:07Z".into(),
        whole: true,
        measurements: vec![Measurement {
            benchmark: BenchmarkId::new("parser", "speed", "parse/large"),
            harness: "criterion 0.5.1".into(),
            metric: Metric::WallTime,
            unit: Unit::Nanoseconds,
            q25: nanoseconds,
            median: nanoseconds,
            spread: 0.0,
            estimates: vec![nanoseconds; 20],
            executable: "ee".into(),
            layout_spread: None,
            pair_spread: None,
            cost: None,
        }],
        controls: Controls::default(),
        counted: None,
    }
}

/// A file in the fixture's folder that holds a run.
fn exported(fixture: &Fixture, name: &str, run: &Run) -> String {
    export(run, &fixture.root.join(name)).unwrap();
    name.to_owned()
}

#[test]
fn init_writes_a_configuration_and_never_over_one() {
    let fixture = Fixture::new("example", "init");
    let path = ".config/perfgate.toml";
    let _ = fs::remove_dir_all(fixture.root.join(".config"));
    let ran = fixture.perfgate_in("benches", &["init"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains(path), "{}", ran.stderr);
    assert_eq!(fixture.read(path), cargo_perfgate::config::TEMPLATE);
    fixture.write(path, "[gate]\nmax-regression = \"9%\"\n");
    let ran = fixture.perfgate(&["init"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("is there already, and nothing was changed\nhelp: "), "{}", ran.stderr);
    assert_eq!(fixture.read(path), "[gate]\nmax-regression = \"9%\"\n");
    let left: Vec<_> = fs::read_dir(fixture.root.join(".config")).unwrap().collect();
    assert_eq!(left.len(), 1, "no file half written stays");
}

#[test]
fn baselines_go_through_files_and_can_be_deleted() {
    let fixture = Fixture::new("example", "baselines");
    let here = fixture.git(&["rev-parse", "HEAD"]);
    let gone = "0123456789abcdef0123456789abcdef01234567";
    let first = exported(&fixture, "a.json", &run_of(&here, "aa", 100.0));
    let second = exported(&fixture, "b.json", &run_of(&here, "bb", 120.0));
    let third = Run { started: "2026-08-05T09:41:08Z".to_owned(), ..run_of(gone, "aa", 90.0) };
    let third = exported(&fixture, "c.json", &third);

    let ran = fixture.perfgate(&["baseline", "import", &first, &second, &third]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains(&format!("this clone has no commit {gone}")), "{}", ran.stderr);
    // Twice is once.
    assert_eq!(fixture.perfgate(&["baseline", "import", &first]).code, 0);
    let ran = fixture.perfgate(&["baseline", "verify"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("3 records of 2 commits can be read"), "{}", ran.stderr);
    // A commit that is not here is shown by its full id.
    assert_eq!(fixture.perfgate(&["baseline", "show", gone]).code, 0);
    let ran = fixture.perfgate(&["compare", gone, "HEAD"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains(&format!("base     0123456789 ({gone})")), "{}", ran.stdout);

    // The one that was measured last stands first.
    let line = |commit: &str, measured: &str, environment: &str, numbers: &str| {
        format!("{commit}  measured {measured}  environment {environment}  {numbers}\n")
    };
    let expected = [
        line(&here, "2026-08-06T00:00:00.5Z", "bb", "runs 2  benchmarks 2"),
        line(gone, "2026-08-05T09:41:08Z", "aa", "runs 1  benchmarks 1"),
        line(&here, "2026-08-05T09:41:07Z", "aa", "runs 1  benchmarks 1"),
    ];
    let mut later = run_of(&here, "bb", 130.0);
    later.started = "2026-08-06T00:00:00.5Z".to_owned();
    later.measurements[0].benchmark.name = "parse/small".to_owned();
    let later = exported(&fixture, "d.json", &later);
    assert_eq!(fixture.perfgate(&["baseline", "import", &later]).code, 0);
    assert_eq!(fixture.perfgate(&["baseline", "list"]).stdout, expected.concat());
    let listed = fixture.perfgate(&["baseline", "list", "--format", "json"]).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["skipped"], serde_json::json!([]));
    assert_eq!(
        listed["baselines"][0],
        serde_json::json!({
            "commit": here, "measured": "2026-08-06T00:00:00.5Z", "environment": "bb", "runs": 2, "benchmarks": 2,
        })
    );

    assert_eq!(fixture.perfgate(&["baseline", "delete", "HEAD", "--environment", "cc"]).code, 2);
    let ran = fixture.perfgate(&["baseline", "delete", "HEAD", "--environment", "bb"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains(&format!("2 runs of {here}")), "{}", ran.stderr);
    assert_eq!(fixture.perfgate(&["baseline", "list"]).stdout.lines().count(), 2);
    for commit in [gone, "HEAD"] {
        assert_eq!(fixture.perfgate(&["baseline", "delete", commit]).code, 0);
    }
    assert_eq!(fixture.perfgate(&["baseline", "list"]).stdout, "");
    let ran = fixture.perfgate(&["baseline", "delete", "HEAD"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("none was deleted\nhelp: "), "{}", ran.stderr);
    // What was deleted can be stored again.
    assert_eq!(fixture.perfgate(&["baseline", "import", &first]).code, 0);
    assert_eq!(fixture.perfgate(&["baseline", "show", "HEAD"]).code, 0);
}

#[test]
fn verify_names_what_is_broken() {
    let fixture = Fixture::new("example", "verify");
    let here = fixture.git(&["rev-parse", "HEAD"]);
    let file = exported(&fixture, "a.json", &run_of(&here, "aa", 100.0));
    assert_eq!(fixture.perfgate(&["baseline", "import", &file]).code, 0);
    // As a push of somebody else's could leave it.
    let tree = fixture.git(&["rev-parse", &format!("refs/perfgate/commits/{here}^{{tree}}")]);
    let listed = fixture.git(&["ls-tree", &tree]);
    fixture.write(
        "tree",
        format!("{listed}\n100644 blob {}\tREADME\n", fixture.git(&["hash-object", "-w", "a.json"])).as_str(),
    );
    let tree = {
        let done = std::process::Command::new("git")
            .arg("mktree")
            .current_dir(&fixture.root)
            .stdin(fs::File::open(fixture.root.join("tree")).unwrap())
            .output()
            .unwrap();
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let commit = fixture.git(&["commit-tree", &tree, "-m", "x"]);
    fixture.git(&["update-ref", &format!("refs/perfgate/commits/{here}"), &commit]);
    let ran = fixture.perfgate(&["baseline", "verify"]);
    assert_eq!(ran.code, 101);
    assert!(ran.stderr.contains("README: no name that belongs here"), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 record of 1 commit can be read"), "{}", ran.stderr);
}

/// A saved result of two stored runs.
fn saved(fixture: &Fixture, name: &str, head: f64) -> PathBuf {
    let here = fixture.git(&["rev-parse", "HEAD"]);
    let base = exported(fixture, "base.json", &run_of(&here, "aa", 100.0));
    let head = exported(fixture, "head.json", &run_of(&here, "aa", head));
    let ran = fixture.perfgate(&["compare", &base, &head, "--save-result", name]);
    assert!([0, 100].contains(&ran.code), "{}", ran.code);
    fixture.root.join(name)
}

#[test]
fn report_shows_and_ends_as_the_check_did() {
    let fixture = Fixture::new("example", "report");
    let _ = fs::remove_dir_all(fixture.root.join(".config"));
    let alike = saved(&fixture, "alike.json", 100.0);
    let mut slow: Report = json::parse(&fs::read(&alike).unwrap()).unwrap();
    slow.rows[0].verdict = Verdict::Regressed;
    slow.outcome = Outcome::Failed;
    slow.exit_code = 100;
    slow.summary = [(Verdict::Regressed, 1)].into();
    fixture.write("slow.json", &json::render(&slow));

    let markdown = fixture.perfgate(&["report", "slow.json", "--format", "markdown"]);
    assert_eq!(markdown.code, 100);
    assert!(markdown.stdout.contains("parse/large"), "{}", markdown.stdout);
    assert_eq!(fixture.perfgate(&["report", "alike.json"]).code, 0);
    // Of several, the worst counts.
    let both = fixture.perfgate(&["report", "alike.json", "slow.json"]);
    assert_eq!(both.code, 100);
    assert_eq!(fixture.perfgate(&["report", "alike.json", "slow.json", "--format", "json=x.json"]).code, 2);

    // A result that shows a failing row and calls itself passed does not pass.
    slow.outcome = Outcome::Passed;
    slow.exit_code = 0;
    fixture.write("lie.json", &json::render(&slow));
    fixture.write("empty.json", "");
    fixture.write("deep.json", &"[".repeat(100_000));
    fixture.write("other.json", "{\"format_version\": 1}");
    for (file, says) in [
        ("lie.json", "it contradicts itself: a row fails, the outcome does not"),
        ("empty.json", "EOF while parsing"),
        ("deep.json", "could not read a result from deep.json"),
        ("other.json", "missing field"),
        ("nowhere.json", "could not read nowhere.json"),
    ] {
        let ran = fixture.perfgate(&["report", file]);
        assert!([2, 101].contains(&ran.code), "{file}: {}", ran.code);
        assert!(ran.stderr.contains(says), "{file}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{file}");
    }
}

/// Writes what criterion keeps of a benchmark.
fn criterion_kept(fixture: &Fixture, folder: &str, id: &str, median: f64) {
    let id = serde_json::json!({ "group_id": id, "full_id": id });
    let estimate = serde_json::json!({ "point_estimate": median, "standard_error": 0.1 });
    fixture.write(&format!("{folder}/benchmark.json"), &id.to_string());
    let estimates = serde_json::json!({ "mean": estimate, "median": estimate, "slope": null });
    fixture.write(&format!("{folder}/estimates.json"), &estimates.to_string());
}

#[test]
fn of_a_benchmark_that_a_file_names_twice_the_first_counts_on_both_sides() {
    let fixture = Fixture::new("example", "named-twice");
    let here = fixture.git(&["rev-parse", "HEAD"]);
    let of = |name: &str, nanoseconds: f64, executable: &'static str| {
        let all = run_of(&here, "aa", nanoseconds).measurements;
        let benchmark = BenchmarkId::new("parser", "speed", name);
        all.into_iter().map(move |m| Measurement { benchmark: benchmark.clone(), executable: executable.into(), ..m })
    };
    let twice = |executable: &'static str| of("twice", 100.0, executable).chain(of("twice", 1000.0, executable));
    let base = twice("ee").chain(of("gone/b", 5.0, "ee")).chain(of("gone/a", 5.0, "ee"));
    let run = |measurements: Vec<Measurement>| Run { measurements, ..run_of(&here, "aa", 1.0) };
    let base = exported(&fixture, "base.json", &run(base.collect()));
    let head = exported(&fixture, "head.json", &run(twice("ff").collect()));
    let ran = fixture.perfgate(&["compare", &base, &head, "--format", "json"]);
    let rows = json::parse(ran.stdout.as_bytes()).unwrap().rows;
    let found: Vec<_> = rows.iter().map(|row| (row.benchmark.name.as_str(), row.verdict, row.change)).collect();
    let gone = |name| (name, Verdict::Removed, None);
    assert_eq!(found, [gone("gone/a"), gone("gone/b"), ("twice", Verdict::Unchanged, Some(0.0))]);
}

#[test]
fn what_criterion_saved_is_compared_and_nothing_is_claimed() {
    let fixture = Fixture::new("example", "saved-by-criterion");
    // The paths say nothing: criterion shortens them, and a benchmark may be called as a baseline is.
    for (folder, id, median) in [
        ("kept/one/base", "one", 100.0),
        ("kept/one/new", "one", 150.0),
        ("kept/group/base/base", "group/base", 10.0),
        ("kept/group/base/new", "group/base", 10.0),
        ("kept/group/gone/base", "group/gone", 10.0),
        ("kept/added_2/new", "added?", 10.0),
        ("kept/one/other", "one", 1.0),
    ] {
        criterion_kept(&fixture, folder, id, median);
    }
    fixture.write("kept/report/index.html", "x");
    let ran = fixture.perfgate(&["compare", "kept@base", "kept@new", "--format", "json"]);
    let report = json::parse(ran.stdout.as_bytes()).unwrap();
    let rows: Vec<_> = report.rows.iter().map(|row| (row.benchmark.name.as_str(), row.verdict, row.change)).collect();
    let expected = [
        ("added?", Verdict::Added, None),
        ("group/base", Verdict::Inconclusive, Some(0.0)),
        ("group/gone", Verdict::Removed, None),
        ("one", Verdict::Inconclusive, Some(0.5)),
    ];
    assert_eq!(rows, expected);
    // A benchmark is gone: that needs no measurement.
    assert_eq!(ran.code, 100);
    let ran = fixture.perfgate(&["compare", "kept@base", "kept@new"]);
    assert!(ran.stdout.contains("\nbase     kept@base\nhead     kept@new\n"), "{}", ran.stdout);
    let ran = fixture.perfgate(&["compare", "kept@base", "kept@nowhere"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("criterion saved no baseline `nowhere` in"), "{}", ran.stderr);
    fixture.write("kept/one/new/estimates.json", "{");
    let ran = fixture.perfgate(&["compare", "kept@base", "kept@new"]);
    assert_eq!(ran.code, 101);
    assert!(ran.stderr.contains("kept/one/new/estimates.json: EOF"), "{}", ran.stderr);
}

#[test]
fn what_is_slower_and_over_its_budget_says_both() {
    let fixture = Fixture::new("example", "slower-and-over");
    fixture.write(".config/perfgate.toml", "[metrics.wall-time]\nmax = \"1.5 µs\"\n");
    let here = fixture.git(&["rev-parse", "HEAD"]);
    let mut slow = run_of(&here, "aa", 2000.0);
    slow.measurements[0].executable = "ff".to_owned();
    exported(&fixture, "slow.json", &slow);
    let reasons = [(1000.0, Verdict::Regressed), (1990.0, Verdict::OverBudget)].map(|(base, verdict)| {
        exported(&fixture, "base.json", &run_of(&here, "aa", base));
        let ran = fixture.perfgate(&["compare", "base.json", "slow.json", "--format", "json"]);
        let report = json::parse(ran.stdout.as_bytes()).unwrap();
        assert_eq!((ran.code, report.rows[0].verdict), (100, verdict));
        report.rows[0].reason.clone()
    });
    let slower = "slower than the tolerated 2 %; not confirmed: measured at different times";
    let expected = [format!("{slower}; above its budget of 1.5 µs, too"), "slower than its budget allows".to_owned()];
    assert_eq!(reasons, expected);
    let ran = fixture.perfgate(&["compare", "base.json", "slow.json"]);
    let (base, head) =
        (format!("base     {} (base.json)", &here[..10]), format!("head     {} (slow.json)", &here[..10]));
    assert!(ran.stdout.contains(&format!("\n{base}\n{head}\n")), "{}", ran.stdout);
}

#[test]
fn what_files_say_of_themselves_is_shown_and_not_obeyed() {
    let fixture = Fixture::new("example", "hostile-files");
    let here = fixture.git(&["rev-parse", "HEAD"]);
    let mut elsewhere = run_of(&here, "aa", 100.0);
    elsewhere.environment.cpu = "\u{1b}]0;title\u{7}\u{202e}cpu".to_owned();
    exported(&fixture, "a.json", &elsewhere);
    exported(&fixture, "b.json", &run_of(&here, "bb", 100.0));
    let ran = fixture.perfgate(&["compare", "a.json", "b.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(r"environments, aa (\u{1b}]0;title\u{7}\u{202e}cpu) and bb ("), "{}", ran.stderr);

    fixture.write("r.json", r#"{"format_version": 1, "tool": "x", "outcome": "\u001b[31mred"}"#);
    let ran = fixture.perfgate(&["report", "r.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(r"unknown variant `\u{1b}[31mred`"), "{}", ran.stderr);

    // Names of files may hold anything, too.
    let ran = fixture.perfgate(&["report", "\u{1b}[31mred"]);
    assert_eq!(ran.code, 101);
    assert!(ran.stderr.starts_with(r"error: could not read \u{1b}[31mred: "), "{}", ran.stderr);
}

#[test]
fn clean_removes_builds_of_this_project_and_nothing_else() {
    let fixture = Fixture::new("example", "clean");
    let builds = scratch().join("clean-builds");
    let _ = fs::remove_dir_all(&builds);
    let hash = |name: &str| builds.join(name);
    let clean = |more: &[&str]| {
        let folder = builds.to_str().unwrap();
        fixture.perfgate(&[&["clean", "--target-dir", folder], more].concat())
    };
    assert!(clean(&[]).stderr.contains("no builds to remove"));

    // As `check` makes it, without the time that building takes.
    let slots = cargo_perfgate::workspace::Slots::open(&builds, &fixture.root.canonicalize().unwrap(), |_| ()).unwrap();
    let own = fs::read_dir(&builds).unwrap().next().unwrap().unwrap().path();
    fs::create_dir_all(own.join("head/target")).unwrap();
    fs::write(own.join("head/target/x"), [0; 2048]).unwrap();
    fs::create_dir_all(hash("users-own")).unwrap();
    fs::write(hash("users-own/file"), "mine").unwrap();

    let ran = clean(&[]);
    assert!(ran.stderr.contains("is in use by another process, and stays"), "{}", ran.stderr);
    assert!(own.join("head/target/x").exists());
    drop(slots);
    let ran = clean(&["--dry-run"]);
    assert!(ran.stderr.contains("Would remove") && ran.stderr.contains("2.1 KiB)"), "{}", ran.stderr);
    assert!(own.join("head/target/x").exists());
    assert_eq!(clean(&["--all"]).code, 0);
    assert!(!own.exists());
    assert_eq!(fs::read_to_string(hash("users-own/file")).unwrap(), "mine");
    // And the next one may begin anew.
    drop(cargo_perfgate::workspace::Slots::open(&builds, &fixture.root.canonicalize().unwrap(), |_| ()).unwrap());
    assert!(own.exists());
}

#[test]
fn completions_are_scripts_for_their_shells() {
    let fixture = Fixture::new("example", "completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = fixture.perfgate(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        assert!(ran.stdout.contains("cargo-perfgate") && ran.stdout.contains("baseline"), "{shell}");
    }
    assert_eq!(fixture.perfgate(&["completions", "cobol"]).code, 2);
}

/// What bash offers for a line, after `before` and the script; the last word is the one to complete.
#[cfg(unix)]
fn offered(script: &str, before: &str, line: &str) -> String {
    let asks = format!(
        r#"{before}
source /dev/stdin
complete=$(complete -p cargo); complete=${{complete##* -F }}; complete=${{complete%% *}}
COMP_WORDS=({line}); [[ "{line}" != *" " ]] || COMP_WORDS+=("")
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
"$complete" cargo "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
echo "${{COMPREPLY[@]}}""#
    );
    let mut command = std::process::Command::new("bash");
    command.args(["--norc", "-c", &asks]).stdin(std::process::Stdio::piped());
    let mut bash = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut bash.stdin.take().unwrap(), script.as_bytes()).unwrap();
    let done = bash.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{line}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

#[cfg(unix)]
#[test]
fn bash_completes_cargo_perfgate_beside_cargos_own() {
    let script = Fixture::new("example", "bash").perfgate(&["completions", "bash"]).stdout;
    let cargos = r#"_cargo() { COMPREPLY=("cargo's ${COMP_WORDS[COMP_CWORD]}"); }; "#;
    let loaded = format!("{cargos} complete -o nospace -F _cargo cargo");
    let later = format!("{cargos} _completion_loader() {{ complete -F _cargo $1; return 124; }}");
    for before in [&loaded, &later] {
        let offered = |line: &str| offered(&script, before, line);
        assert_eq!(offered("cargo perfgate acc"), "accept");
        assert_eq!(offered("cargo +nightly perfgate baseline pu"), "push pull");
        assert_eq!(offered("cargo perfgate check --no-st"), "--no-store");
        assert!(offered("cargo perfgate completions ").contains("bash elvish fish"));
        assert!(offered("cargo perfgate ").split(' ').any(|word| word == "doctor"), "{}", offered("cargo perfgate "));
        for line in ["cargo acc", "cargo bench acc", "cargo perfgate", "cargo bench --bench perfgate acc"] {
            assert_eq!(offered(line), format!("cargo's {}", line.rsplit(' ').next().unwrap()));
        }
    }
    // Where nothing else completes cargo, and where the script is read again.
    assert_eq!(offered(&script, "", "cargo perfgate acc"), "accept");
    assert_eq!(offered(&script, "", "cargo acc"), "");
    assert_eq!(offered(&[&*script, &script].concat(), &loaded, "cargo b"), "cargo's b");
}

#[test]
fn the_environment_of_the_process_is_part_of_the_configuration() {
    let fixture = Fixture::new("example", "surroundings");
    let here = fixture.git(&["rev-parse", "HEAD"]);
    fixture.write(".config/perfgate.toml", "[environment.ci]\nmax-regression = \"7%\"\n");
    exported(&fixture, "a.json", &run_of(&here, "aa", 100.0));
    let says = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = crate::fixture::clean(std::process::Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")));
        command.args(["compare", "a.json", "a.json"]).args(arguments).current_dir(&fixture.root);
        let done = command.envs(variables.iter().copied()).output().unwrap();
        let out = String::from_utf8(done.stdout).unwrap();
        let line = out.lines().find(|line| line.starts_with("policy")).unwrap_or_default();
        (done.status.code(), line.to_owned(), String::from_utf8(done.stderr).unwrap())
    };
    let line = |arguments: &[&str], variables: &[(&str, &str)]| says(arguments, variables).1;
    assert_data_eq!(line(&[], &[]), str!["policy   .config/perfgate.toml: max-regression 5 %, tolerate 2 %"]);
    let ci = str!["policy   .config/perfgate.toml, environment ci: max-regression 7 %, tolerate 2.8 %"];
    assert_data_eq!(line(&[], &[("CI", "true")]), ci.clone());
    assert_data_eq!(line(&["--environment", "ci"], &[]), ci.clone());
    assert_data_eq!(line(&[], &[("PERFGATE_ENVIRONMENT", "ci")]), ci);
    assert_data_eq!(
        line(&[], &[("CI", "1"), ("PERFGATE_MAX_REGRESSION", "9%")]),
        str![
            "policy   .config/perfgate.toml, environment ci, PERFGATE_MAX_REGRESSION: max-regression 9 %, tolerate 3.6 %"
        ]
    );
    let (code, _, error) = says(&[], &[("PERFGATE_BUGDET", "1s")]);
    assert_eq!(code, Some(2));
    assert!(error.contains("the variable `PERFGATE_BUGDET` sets no key"), "{error}");
}

#[test]
fn options_of_every_command_may_stand_before_it() {
    let fixture = Fixture::new("example", "options");
    let help = |arguments: &[&str]| fixture.perfgate(arguments).stdout;
    let expected = help(&["compare", "--help"]);
    assert!(expected.starts_with("Compare two stored commits"), "{expected}");
    for options in [&["-v"][..], &["-qv"], &["--quiet", "--color", "never"], &["--verbose", "--color=never"]] {
        assert_eq!(help(&[options, &["compare", "--help"]].concat()), expected, "{options:?}");
    }
    // What is no command is a filter, and what comes before it stays there.
    assert!(help(&["-v", "--help", "compare"]).starts_with("Judges a change"));
}
