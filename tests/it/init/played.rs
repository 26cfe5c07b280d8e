//! The workflows for GitHub, played step by step on this machine: a fork's pull request, the comment on it, a recording.
//! Scripts run as the runner runs them, borrowed actions are stood in for, and the interface is a server of the test's.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_perfgate::store::export;
use serde_json::{Value, json};

use super::{WORKFLOWS, initialised, read, yaml};
use crate::commands::run_of;
use crate::comment::fake::{Fake, Hub, Reply};
use crate::fixture::clean;
use crate::support::{Git, git_in};

const BOT: &str = "github-actions[bot]";

/// What is the same for all runs: the repository on the server, artifacts, and a machine with the program installed.
struct Hosted {
    git: Git,
    origin: PathBuf,
    artifacts: PathBuf,
    programs: PathBuf,
}

/// What is told to one run.
struct Run<'a> {
    event: (&'a str, Value),
    /// What `actions/checkout` takes.
    commit: &'a str,
    address: &'a str,
}

/// How a job ended, and what it printed.
struct Played {
    failed: Vec<String>,
    printed: String,
    summary: String,
}

impl Hosted {
    fn new() -> Self {
        let (git, _) = initialised(&["--ci", "github"]);
        git.commit("the gate");
        let origin = git.beside("origin.git");
        git_in(git.root(), ["clone", "--quiet", "--bare", ".", origin.to_str().unwrap()]);
        git_in(&origin, ["config", "uploadpack.allowAnySHA1InWant", "true"]);
        let (artifacts, programs) = (git.beside("artifacts"), git.beside("programs"));
        fs::create_dir_all(&programs).unwrap();
        symlink(env!("CARGO_BIN_EXE_cargo-perfgate"), programs.join("cargo-perfgate")).unwrap();
        fs::write(programs.join("sudo"), "#!/bin/sh\necho as root: \"$@\"\n").unwrap();
        fs::set_permissions(programs.join("sudo"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { git, origin, artifacts, programs }
    }

    fn play(&self, workflow: &str, job: &str, run: &Run<'_>) -> Played {
        let of = yaml(&read(&self.git, workflow));
        let job = &of["jobs"][job];
        let place = tempfile::tempdir_in(self.git.beside("")).unwrap();
        let (work, temp) = (place.path().join("work"), place.path().join("temp"));
        for folder in [&work, &temp] {
            fs::create_dir_all(folder).unwrap();
        }
        let event = temp.join("event.json");
        fs::write(&event, run.event.1.to_string()).unwrap();
        let mut known = BTreeMap::from([
            ("runner.temp", temp.to_str().unwrap().to_owned()),
            ("github.token", "the-token".to_owned()),
            ("github.event.workflow_run.id", "1".to_owned()),
            ("steps.program.outputs.cache-hit", "true".to_owned()),
        ]);
        let mut played = Played { failed: Vec::new(), printed: String::new(), summary: String::new() };
        for step in job["steps"].as_array().unwrap() {
            let text = |value: &Value| expanded(value.as_str().unwrap_or_default(), &known);
            let met = match step["if"].as_str() {
                None => played.failed.is_empty(),
                Some("${{ !cancelled() }}") => true,
                Some("steps.program.outputs.cache-hit != 'true'") => false,
                Some("steps.result.outcome == 'success'") => played.failed.is_empty() && known["result"] == "success",
                Some("steps.result.outcome != 'success'") => played.failed.is_empty() && known["result"] != "success",
                Some(other) => panic!("what is `{other}`?"),
            };
            if !met {
                continue;
            }
            let with = |name: &str| text(&step["with"][name]);
            let good = match step["uses"].as_str().map(|uses| uses.split('@').next().unwrap()) {
                Some("actions/checkout") => {
                    let depth = step["with"]["fetch-depth"].as_u64().unwrap_or(1);
                    git_in(&work, ["init", "--quiet"]);
                    git_in(&work, ["remote", "add", "origin", &format!("file://{}", self.origin.display())]);
                    git_in(&work, ["fetch", "--quiet", "--no-tags", &format!("--depth={depth}"), "origin", run.commit]);
                    git_in(&work, ["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"]);
                    true
                }
                Some("actions/cache/restore") => true,
                Some("actions/upload-artifact") => {
                    let (from, to) = (PathBuf::from(with("path")), self.artifacts.join(with("name")));
                    fs::create_dir_all(&to).unwrap();
                    fs::copy(&from, to.join(from.file_name().unwrap())).is_ok()
                }
                Some("actions/download-artifact") => {
                    let (from, to) = (self.artifacts.join(with("name")), PathBuf::from(with("path")));
                    fs::create_dir_all(&to).unwrap();
                    let files: Vec<_> = fs::read_dir(&from).into_iter().flatten().map(Result::unwrap).collect();
                    for file in &files {
                        fs::copy(file.path(), to.join(file.file_name())).unwrap();
                    }
                    !files.is_empty()
                }
                Some(other) => panic!("what is {other}?"),
                None => {
                    let given = step["env"].as_object().into_iter().flatten();
                    let given: Vec<(String, String)> = given.map(|(name, value)| (name.clone(), text(value))).collect();
                    let (good, printed) = self.script(&text(&step["run"]), run, &work, &temp, given);
                    played.printed += &printed;
                    good
                }
            };
            if step["id"] == "result" {
                known.insert("result", if good { "success" } else { "failure" }.to_owned());
            }
            if !good && step["continue-on-error"] != json!(true) {
                played.failed.push(step["run"].as_str().or(step["uses"].as_str()).unwrap().to_owned());
            }
        }
        played.summary = fs::read_to_string(temp.join("summary.md")).unwrap_or_default();
        played
    }

    /// Runs a script as the runner does.
    fn script(
        &self,
        script: &str,
        run: &Run<'_>,
        work: &Path,
        temp: &Path,
        given: Vec<(String, String)>,
    ) -> (bool, String) {
        let cargo = PathBuf::from(std::env::var_os("CARGO").unwrap());
        let own = std::env::var_os("PATH").unwrap();
        let first = [self.programs.clone(), cargo.parent().unwrap().to_owned()];
        let done = clean(Command::new("bash"))
            .args(["-e", "-c", script])
            .current_dir(work)
            .env("PATH", std::env::join_paths(first.into_iter().chain(std::env::split_paths(&own))).unwrap())
            .env("PERFGATE_TARGET_DIR", self.git.beside("builds"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_API_URL", run.address)
            .env("GITHUB_REPOSITORY", "o/r")
            .env("GITHUB_EVENT_NAME", run.event.0)
            .env("GITHUB_EVENT_PATH", temp.join("event.json"))
            .env("GITHUB_REF", if run.event.0 == "pull_request" { "refs/pull/9/merge" } else { "refs/heads/main" })
            .env("GITHUB_STEP_SUMMARY", temp.join("summary.md"))
            .env("RUNNER_TEMP", temp)
            .envs(given)
            .output()
            .unwrap();
        let printed = [done.stdout, done.stderr].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        println!("$ {script}\n{printed}{}", done.status);
        (done.status.success(), printed)
    }
}

/// `text` with the values of its expressions.
fn expanded(text: &str, known: &BTreeMap<&str, String>) -> String {
    let mut out = text.to_owned();
    for (name, value) in known {
        out = out.replace(&format!("${{{{ {name} }}}}"), value);
    }
    assert!(!out.contains("${{"), "{out}");
    out
}

#[test]
fn a_forks_pull_request_is_judged_and_then_told() {
    let hosted = Hosted::new();
    let git = &hosted.git;
    let main = git.id("HEAD");
    git.run(["checkout", "--quiet", "-b", "topic"]);
    git.write("src/lib.rs", "pub fn one() {}\n");
    // Who is judged has no say in what judges.
    git.write(".cargo/config.toml", "[alias]\nperfgate = \"version\"\n");
    let topic = git.commit("a stranger's change");
    git.run(["checkout", "--quiet", "main"]);
    git.write("README.md", "Meanwhile.\n");
    let meanwhile = git.commit("meanwhile");
    git.run(["merge", "--quiet", "--no-ff", "topic", "--message", "merge"]);
    let merged = git.id("HEAD");
    git.run(["push", "--quiet", hosted.origin.to_str().unwrap(), "HEAD:refs/pull/9/merge"]);

    let nobody = Fake::new(|_| panic!("the job that measures asks nobody"));
    let event = ("pull_request", json!({ "pull_request": { "number": 9 } }));
    let run = Run { event, commit: &merged, address: &nobody.address };
    let played = hosted.play(WORKFLOWS[0], "check", &run);
    // There is nothing to measure: the gate's exit code ends the job, and the result is handed on all the same.
    assert_eq!(played.failed.len(), 1, "{}", played.printed);
    assert!(played.failed[0].starts_with("cargo-perfgate check"));
    assert!(played.printed.contains(&format!("{} (target branch of the pull request)", &meanwhile[..10])));
    assert!(played.summary.contains("nothing compared"), "{}", played.summary);
    assert_ne!(main, meanwhile);

    let hub = Hub::default();
    let kept = hub.clone();
    let pulls = json!([{ "number": 9, "head": { "sha": topic, "repo": { "full_name": "stranger/fork" } } }]);
    let fake = Fake::new(move |asked| match asked.path.contains("/pulls?") {
        true => Reply::Json(200, pulls.clone()),
        false => kept.answer(asked, BOT),
    });
    let of_run = json!({ "workflow_run": {
        "event": "pull_request", "head_sha": topic, "head_branch": "topic",
        "html_url": "https://github.com/o/r/actions/runs/1",
        "head_repository": { "full_name": "stranger/fork" }, "pull_requests": [],
    }});
    let run = Run { event: ("workflow_run", of_run), commit: "nothing", address: &fake.address };
    let played = hosted.play(WORKFLOWS[1], "comment", &run);
    assert_eq!(played.failed, [""; 0]);
    assert!(hub.of(BOT)[0].1.starts_with("<!-- perfgate:check -->\n### nothing compared"), "{:?}", hub.of(BOT));
    // A check that left nothing is no failure here; what was said of another commit does not stay.
    fs::remove_dir_all(&hosted.artifacts).unwrap();
    assert_eq!(hosted.play(WORKFLOWS[1], "comment", &run).failed, [""; 0]);
    let log = "[Its log](https://github.com/o/r/actions/runs/1)";
    let without = format!(
        "<!-- perfgate:check -->\n### no result\n\nThe check of <code>{}</code> ended without one, and nothing is known of the \
         change. {log} says why.\n",
        &topic[..10]
    );
    assert_eq!(hub.of(BOT), [(101, without)]);
}

#[test]
fn a_recording_is_pushed_by_who_ran_nothing() {
    let hosted = Hosted::new();
    let commit = hosted.git.id("HEAD");
    let nobody = Fake::new(|_| panic!("nobody is asked"));
    let run = Run { event: ("push", json!({ "before": "0".repeat(40) })), commit: &commit, address: &nobody.address };
    // As the job before it leaves it.
    fs::create_dir_all(hosted.artifacts.join("perfgate-run")).unwrap();
    export(&run_of(&commit, "aa", 100.0), &hosted.artifacts.join("perfgate-run/run.json")).unwrap();
    let played = hosted.play(WORKFLOWS[2], "push", &run);
    assert_eq!(played.failed, [""; 0], "{}", played.printed);
    let refs = git_in(&hosted.origin, ["for-each-ref", "--format=%(refname)", "refs/perfgate/"]);
    assert_eq!(refs, format!("refs/perfgate/commits/{commit}"));
    // And the job before it ends on what it found: this project has nothing to record.
    let played = hosted.play(WORKFLOWS[2], "record", &run);
    assert!(played.failed[0].starts_with("cargo-perfgate run"), "{:?}", played.failed);
}
