//! What the workflows may do: read as YAML, held to the published schemas and to what makes them safe.

use std::path::Path;

use serde_json::{Value, json};

use super::{WORKFLOWS, initialised, read, yaml};
use crate::fixture::{Ran, clean};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The workflows for GitHub, as they are written.
fn github() -> Vec<(&'static str, String)> {
    let (git, _) = initialised(&["--ci", "github"]);
    WORKFLOWS.iter().map(|path| (*path, read(&git, path))).collect()
}

/// This project's own.
fn own() -> Vec<(&'static str, String)> {
    let paths = [".github/workflows/ci.yml", ".github/workflows/perfgate.yml", "action.yml"];
    paths.iter().map(|path| (*path, std::fs::read_to_string(root().join(path)).unwrap())).collect()
}

fn valid(schema: &str, text: &str) {
    let path = root().join("tests/it/init/schemas").join(schema);
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", schema).unwrap();
    let schema = compiler.compile("schema.json", &mut schemas).unwrap();
    if let Err(e) = schemas.validate(&yaml(text), schema) {
        panic!("{e:#}\n{text}");
    }
}

fn steps(of: &Value) -> impl Iterator<Item = &Value> {
    let jobs = of.get("jobs").and_then(Value::as_object).into_iter().flat_map(|jobs| jobs.values());
    jobs.chain(of.get("runs")).flat_map(|job| job["steps"].as_array().unwrap())
}

#[test]
fn the_published_schemas_hold() {
    for (path, text) in github().iter().chain(&own()) {
        valid(if *path == "action.yml" { "github-actions.json" } else { "github-workflows.json" }, text);
    }
    let (git, _) = initialised(&["--ci", "gitlab"]);
    for path in [".gitlab-ci.yml", ".gitlab/perfgate.yml"] {
        valid("gitlab-ci.json", &read(&git, path));
    }
}

#[test]
#[should_panic = "runs-on"]
fn the_schema_finds_what_is_wrong() {
    valid("github-workflows.json", "on: push\njobs:\n  a:\n    runs_on: x\n    steps: []\n");
}

/// What is borrowed is borrowed as it was when it was looked at, and nothing that a stranger writes becomes a script.
#[test]
fn actions_are_pinned_and_scripts_hold_no_expressions() {
    let pinned = regex::Regex::new(r"uses: [\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$").unwrap();
    for (path, text) in github().iter().chain(&own()) {
        for line in text.lines().filter(|line| line.contains("uses: ") && !line.ends_with("uses: ./")) {
            assert!(pinned.is_match(line), "{path}: {line}");
        }
        assert!(!text.contains("pull_request_target"), "{path}");
        let of = yaml(text);
        for run in steps(&of).filter_map(|step| step["run"].as_str()) {
            assert!(!run.contains("${{"), "{path}: {run}");
        }
    }
}

#[test]
fn jobs_may_do_what_they_are_for_and_no_more() {
    let expected = [
        ("check", json!({ "contents": "read" })),
        ("comment", json!({ "actions": "read", "pull-requests": "write" })),
        ("push", json!({ "contents": "write" })),
        ("record", json!({ "contents": "read" })),
    ];
    let mut found = Vec::new();
    for (path, text) in github() {
        let of = yaml(&text);
        assert_eq!(of["permissions"], json!({}), "{path}");
        for (name, job) in of["jobs"].as_object().unwrap() {
            found.push((name.clone(), job["permissions"].clone()));
            let writes = job["permissions"]["contents"] == "write";
            let uses = |step: &&Value, what: &str| step["uses"].as_str().is_some_and(|uses| uses.starts_with(what));
            let steps = job["steps"].as_array().unwrap();
            for checkout in steps.iter().filter(|step| uses(step, "actions/checkout@")) {
                assert_eq!(checkout["with"]["persist-credentials"], json!(writes), "{path}: {name}");
                assert_eq!(checkout["with"].get("ref"), None, "what is checked out is what the event is about");
            }
            // Who may write runs nothing of the repository: neither cargo in it, nor what was built of it.
            if job["permissions"].as_object().unwrap().values().any(|level| level == "write") {
                let checked_out = steps.iter().position(|step| uses(&step, "actions/checkout@"));
                for step in &steps[checked_out.unwrap_or(steps.len())..] {
                    let run = step["run"].as_str().unwrap_or_default();
                    assert!(run.is_empty() || run.starts_with("cargo-perfgate baseline "), "{path}: {run}");
                }
                assert!(name != "comment" || checked_out.is_none());
            }
            // The token is where it is used.
            assert!(!serde_json::to_string(&job["env"]).unwrap().contains("token"), "{path}");
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found, expected.map(|(name, permissions)| (name.to_owned(), permissions)));
}

#[test]
fn the_workflows_fit_together() {
    let [check, comment, baseline] = &github().iter().map(|(_, text)| yaml(text)).collect::<Vec<_>>()[..] else {
        panic!()
    };
    assert_eq!(comment["on"]["workflow_run"]["workflows"], json!([check["name"]]));
    let artifacts = |of: &Value, action: &str| -> Vec<Value> {
        let with = |step: &&Value| step["uses"].as_str().is_some_and(|uses| uses.contains(action));
        steps(of).filter(with).map(|step| step["with"]["name"].clone()).collect()
    };
    assert_eq!(artifacts(check, "upload-artifact"), ["perfgate"]);
    assert_eq!(artifacts(comment, "download-artifact"), ["perfgate"]);
    assert_eq!(artifacts(baseline, "upload-artifact"), artifacts(baseline, "download-artifact"));
    // A recording has a group of its own and is never cancelled, nor a comment half written.
    assert_eq!(baseline["concurrency"]["cancel-in-progress"], json!(false));
    assert!(baseline["concurrency"]["group"].as_str().unwrap().ends_with("${{ github.sha }}"));
    assert_eq!(comment["concurrency"]["cancel-in-progress"], json!(false));
    assert_eq!(check["on"].as_object().unwrap().keys().collect::<Vec<_>>(), ["merge_group", "pull_request"]);
    // The action installs what this is.
    let action = yaml(&own()[2].1);
    assert_eq!(action["inputs"]["version"]["default"], json!(env!("CARGO_PKG_VERSION")));
}

/// Every command line is one that the program understands.
#[test]
fn command_lines_are_understood() {
    let command = regex::Regex::new(r#"(?m)cargo[ -]perfgate ([a-z][^|&\n]*)"#).unwrap();
    let (git, _) = initialised(&["--ci", "gitlab", "--hook"]);
    let texts = [github(), own()].concat().into_iter().map(|(_, text)| text);
    let hooks = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let texts = texts.chain([read(&git, ".gitlab/perfgate.yml"), read(&git, ".git/hooks/pre-push"), hooks]);
    let mut seen = std::collections::BTreeSet::new();
    for text in texts {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.contains('`'));
        for line in lines {
            for found in command.captures_iter(line).filter(|_| !line.contains("name: ")) {
                let words: Vec<&str> = found[1].split_whitespace().filter(|word| *word != "$ARGS").collect();
                let mut given = words.clone();
                // What comes before is understood, or it is an error.
                given.push("--help");
                let done =
                    clean(std::process::Command::new(env!("CARGO_BIN_EXE_cargo-perfgate"))).args(&given).output();
                let ran = Ran::new(&given, &done.unwrap());
                assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
                assert!(!ran.stdout.starts_with("Judges a change"), "{line} is taken for a filter");
                seen.insert(words[..words.len().min(2)].join(" "));
            }
        }
    }
    for expected in ["baseline import", "baseline push", "pre-push", "run --no-store"] {
        assert!(seen.contains(expected), "{expected} in {seen:?}");
    }
}

#[test]
fn gitlabs_jobs_that_run_the_projects_code_see_no_token() {
    let (git, _) = initialised(&["--ci", "gitlab"]);
    let of = yaml(&read(&git, ".gitlab/perfgate.yml"));
    for (name, job) in of.as_object().unwrap() {
        let text = job.to_string();
        let token = text.contains("PERFGATE_GITLAB_TOKEN");
        assert_eq!(token, job.get("environment").is_some(), "{name}");
        // `cargo perfgate` would ask the project's own settings what that is.
        let runs_code = text.contains("cargo perfgate ") || text.contains("cargo test");
        assert!(!(token && runs_code), "{name}");
        let writes_cache = job["cache"]["policy"] == "pull-push";
        assert_eq!(writes_cache, name == "perfgate-install", "{name}");
        assert!(!writes_cache || job["variables"]["GIT_STRATEGY"] == "none");
    }
    for name in ["perfgate-record", "perfgate-push"] {
        assert_eq!(of[name]["interruptible"], json!(false));
    }
    let reports = &of["perfgate"]["artifacts"]["reports"];
    let script = of["perfgate"]["script"].to_string();
    for (kind, format) in [("junit", "junit"), ("codequality", "gitlab")] {
        assert!(script.contains(&format!("--format {format}={}", reports[kind].as_str().unwrap())), "{kind}");
    }
}
