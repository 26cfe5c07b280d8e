//! `cargo perfgate comment` as CI runs it.

use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_perfgate::model::Report;
use cargo_perfgate::report::json;
use serde_json::Value;
use tempfile::TempDir;

use super::fake::{Fake, Hub};
use super::{BOT, TOKEN, workflow_run};
use crate::fixture::{Ran, clean};
use crate::report::samples;

fn saved(folder: &Path, name: &str, report: &Report) -> String {
    let path = folder.join(name);
    fs::write(&path, json::render(report)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")));
    let done = command.arg("comment").args(arguments).current_dir(folder).envs(variables.iter().copied()).output();
    let ran = Ran::new(arguments, &done.unwrap());
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
    ran
}

/// What GitHub sets for a run with this event.
fn github(folder: &TempDir, name: &str, event: &Value, address: &str) -> Vec<(&'static str, String)> {
    let path = folder.path().join("event.json");
    fs::write(&path, event.to_string()).unwrap();
    vec![
        ("GITHUB_ACTIONS", "true".into()),
        ("GITHUB_EVENT_NAME", name.into()),
        ("GITHUB_EVENT_PATH", path.to_str().unwrap().into()),
        ("GITHUB_API_URL", address.into()),
        ("GITHUB_REPOSITORY", "o/r".into()),
        ("GITHUB_TOKEN", TOKEN.into()),
    ]
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn a_strangers_result_is_told_on_the_pull_request_of_the_event() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::default();
    let kept = hub.clone();
    let pulls = serde_json::json!([
        { "number": 9, "head": { "sha": "a".repeat(40), "repo": { "full_name": "stranger/fork" } } }
    ]);
    let fake = Fake::new(move |asked| match asked.path.contains("/pulls?") {
        true => super::Reply::Json(200, pulls.clone()),
        false => kept.answer(asked, BOT),
    });
    let variables = github(&folder, "workflow_run", &workflow_run("pull_request"), &fake.address);
    let hostile = saved(folder.path(), "hostile.json", &samples::hostile());
    let ran = run(folder.path(), &[&hostile], &borrowed(&variables));
    // A comment was written; that the gate failed was told by the job that measured.
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains("Created the comment `check` on #9"), "{}", ran.stderr);
    let [(_, body)] = &hub.of(BOT)[..] else { panic!("one comment") };
    let text = cargo_perfgate::report::markdown::render(&samples::hostile());
    assert_eq!(body, &format!("<!-- perfgate:check -->\n{text}"));
    assert!(body.len() <= 65_536);
    // GitLab would obey a line that begins so.
    assert!(body.lines().all(|line| !line.starts_with('/')));

    // Another id is another comment; several results share one.
    let failed = saved(folder.path(), "failed.json", &samples::failed());
    let passed = saved(folder.path(), "passed.json", &samples::passed());
    assert_eq!(run(folder.path(), &["--id", "linux", &failed, &passed], &borrowed(&variables)).code, 0);
    let comments = hub.of(BOT);
    assert_eq!(comments.len(), 2);
    assert_eq!(comments[1].1.matches("\n### ").count(), 2, "{}", comments[1].1);
}

/// What GitLab and GitHub say of a check without a result; who asks may be anybody, so only what is an address is a link.
#[test]
fn no_result_takes_the_place_of_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let old = || (BOT, "<!-- perfgate:check -->\n### passed: 3 benchmarks".to_owned());
    let said = |variables: &[(&str, &str)], by: &dyn Fn(&str) -> Vec<(&'static str, String)>| {
        let hub = Hub::with([old()]);
        let kept = hub.clone();
        let fake = Fake::new(move |asked| match asked.path.as_str() {
            "/user" => super::Reply::Json(200, serde_json::json!({ "username": BOT, "login": BOT })),
            _ => kept.answer(asked, BOT),
        });
        let of_ci = by(&fake.address);
        let ran = run(folder.path(), &["--no-result"], &[&borrowed(&of_ci), variables].concat());
        assert!(ran.code == 0 && ran.stderr.contains("Updated the comment `check` on #7"), "{}", ran.stderr);
        let [(_, body)] = &hub.of(BOT)[..] else { panic!("one comment") };
        body.clone()
    };
    let start = "<!-- perfgate:check -->\n### no result\n\nThe check";
    let known = "ended without one, and nothing is known of the change.";
    let event = serde_json::json!({ "pull_request": { "number": 7, "head": { "sha": "b".repeat(40) } } });
    let on_github = |address: &str| github(&folder, "pull_request", &event, address);
    let page = [("GITHUB_SERVER_URL", "https://github.com"), ("GITHUB_RUN_ID", "5")];
    let log = "[Its log](https://github.com/o/r/actions/runs/5)";
    let of = "of <code>bbbbbbbbbb</code>";
    assert_eq!(said(&page, &on_github), format!("{start} {of} {known} {log} says why.\n"));
    let odd = [("GITHUB_SERVER_URL", "https://x)![x](y"), ("GITHUB_RUN_ID", "5")];
    assert_eq!(said(&odd, &on_github), format!("{start} {of} {known} Its log says why.\n"));
    let on_gitlab = |address: &str| {
        vec![
            ("GITLAB_CI", "true".to_owned()),
            ("CI_API_V4_URL", address.to_owned()),
            ("CI_PROJECT_ID", "1".to_owned()),
            ("CI_MERGE_REQUEST_IID", "7".to_owned()),
            ("PERFGATE_GITLAB_TOKEN", TOKEN.to_owned()),
        ]
    };
    let pipeline = [("CI_PIPELINE_URL", "http://gitlab.local:8080/a/-/pipelines/1")];
    let log = "[Its log](http://gitlab.local:8080/a/-/pipelines/1)";
    assert_eq!(said(&pipeline, &on_gitlab), format!("{start} {known} {log} says why.\n"));
}

#[test]
fn what_cannot_be_told_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::new(|_| panic!("asked"));
    let at = folder.path();
    let good = saved(at, "good.json", &samples::failed());
    let run_of = workflow_run("pull_request");
    let all = github(&folder, "workflow_run", &run_of, &fake.address);
    let refused = |arguments: &[&str], variables: &[(&'static str, String)], says: &str| {
        let ran = run(at, arguments, &borrowed(variables));
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(says) && ran.stderr.contains("\nhelp: "), "{}", ran.stderr);
    };
    fs::write(at.join("bad.json"), "{\"format_version\": 1, \"outcome\": \"![x](https://example.org)\"}").unwrap();
    refused(&["bad.json"], &all, "could not read a result from bad.json");
    refused(&["--id", "x-->", &good], &all, "`x-->` cannot name a comment");
    for arguments in [&[][..], &["--no-result", &good]] {
        let ran = run(at, arguments, &borrowed(&all));
        assert!(ran.code == 2 && ran.stderr.contains("Usage: "), "{}", ran.stderr);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/proc/self/environ", at.join("link.json")).unwrap();
        refused(&["link.json"], &all, "link.json is no plain file");
    }
    for name in ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH"] {
        let others: Vec<_> = all.iter().filter(|(own, _)| *own != name).cloned().collect();
        refused(&[&good], &others, &format!("{name} is not set"));
    }
    let gitlab =
        [("GITLAB_CI", "true".to_owned()), ("CI_API_V4_URL", fake.address.clone()), ("CI_PROJECT_ID", "1".into())];
    refused(&[&good], &gitlab, "PERFGATE_GITLAB_TOKEN is not set");
    // What is about no pull request is no failure.
    for (name, event) in [("push", run_of.clone()), ("workflow_run", workflow_run("push"))] {
        let variables = github(&folder, name, &event, &fake.address);
        let ran = run(at, &[&good], &borrowed(&variables));
        assert_eq!(ran.code, 0);
        assert!(ran.stderr.contains("Skipped the comment: "), "{}", ran.stderr);
    }
    assert_eq!(fake.asked().len(), 0);
}
