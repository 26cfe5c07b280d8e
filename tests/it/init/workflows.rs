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

/// What stands in a YAML file to be run, line by line.
fn scripts(of: &Value) -> Vec<String> {
    const KEYS: [&str; 4] = ["run", "script", "before_script", "entry"];
    let below: Vec<(bool, &Value)> = match of {
        Value::Object(fields) => fields.iter().map(|(key, value)| (KEYS.contains(&key.as_str()), value)).collect(),
        Value::Array(items) => items.iter().map(|item| (false, item)).collect(),
        _ => return Vec::new(),
    };
    let lines = |text: &Value| text.as_str().unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    below
        .into_iter()
        .flat_map(|(run, value)| match value {
            Value::String(_) if run => lines(value),
            Value::Array(all) if run => all.iter().flat_map(lines).collect(),
            _ => scripts(value),
        })
        .collect()
}

/// Every command line is one that the program understands, and calls the program itself: of cargo, the repository's own
/// settings may make an alias of that name.
#[test]
fn command_lines_are_understood() {
    let command = regex::Regex::new(r"cargo-perfgate ([a-z][^|&]*)").unwrap();
    let (git, _) = initialised(&["--ci", "gitlab", "--hook"]);
    let hooks = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let texts = [github(), own()].concat().into_iter().map(|(_, text)| text);
    let texts = texts.chain([read(&git, ".gitlab/perfgate.yml"), hooks]);
    let mut lines: Vec<String> = texts.flat_map(|text| scripts(&yaml(&text))).collect();
    let hook = read(&git, ".git/hooks/pre-push");
    lines.extend(hook.lines().filter(|line| !line.starts_with('#')).map(str::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    for line in &lines {
        assert!(!line.contains("cargo perfgate"), "{line}");
        // Only looked for, installed, or spoken of.
        let called = !["command -v", "cargo install", "echo "].iter().any(|other| line.contains(other));
        for found in command.captures_iter(line).filter(|_| called) {
            let words: Vec<&str> = found[1].split_whitespace().filter(|word| *word != "$ARGS").collect();
            let mut given = words.clone();
            // What comes before is understood, or it is an error.
            given.push("--help");
            let done = clean(std::process::Command::new(env!("CARGO_BIN_EXE_cargo-perfgate"))).args(&given).output();
            let ran = Ran::new(&given, &done.unwrap());
            assert_eq!(ran.code, 0, "{line}: {}", ran.stderr);
            assert!(!ran.stdout.starts_with("Judges a change"), "{line} is taken for a filter");
            seen.insert(words[..words.len().min(2)].join(" "));
        }
    }
    let expected = [
        "baseline import",
        "baseline push",
        "check --format",
        "comment \"$RUNNER_TEMP/perfgate/perfgate.json\"",
        "comment --id",
        "comment --no-result",
        "comment perfgate.json",
        "pre-push",
        "run --no-store",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn gitlabs_jobs_that_run_the_projects_code_see_no_token() {
    let (git, _) = initialised(&["--ci", "gitlab"]);
    let of = yaml(&read(&git, ".gitlab/perfgate.yml"));
    for (name, job) in of.as_object().unwrap() {
        let text = job.to_string();
        let token = text.contains("PERFGATE_GITLAB_TOKEN");
        assert_eq!(token, job.get("environment").is_some(), "{name}");
        let runs_code =
            ["cargo-perfgate check", "cargo-perfgate run", "cargo test"].iter().any(|run| text.contains(run));
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
