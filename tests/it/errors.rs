//! What the user reads where something is wrong: the program itself is run, and all that it says is held against what it
//! ought to say, a file a subject.
#![cfg(target_os = "linux")]

mod clock;
mod configuration;
mod disk;
mod documents;
mod folders;
mod harness;
mod ids;
mod projects;
mod records;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use regex::Regex;
use snapbox::{IntoData, assert_data_eq};
use tempfile::TempDir;

use crate::commands::run_of;
use crate::fixture::{Fixture, clean};

/// The commit in every [`Place::repository`].
const COMMIT: &str = "66995ddc6592db1aa2326adb922d89761a655a62";

/// A folder for one test.
struct Place {
    root: PathBuf,
    /// The commit that is checked out, where it differs from run to run.
    head: Option<String>,
    _folder: Option<TempDir>,
}

impl Place {
    /// An empty folder, in no repository.
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { root: folder.path().canonicalize().unwrap(), head: None, _folder: Some(folder) }
    }

    /// A repository with one commit, [`COMMIT`], and an exported run of it, `run.json`.
    fn repository() -> Self {
        let place = Self::empty();
        let options = &mut git2::RepositoryInitOptions::new();
        let git = git2::Repository::init_opts(&place.root, options.initial_head("main")).unwrap();
        let author = git2::Signature::new("a", "a@example.org", &git2::Time::new(0, 0)).unwrap();
        let tree = git.find_tree(git.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let commit = git.commit(Some("HEAD"), &author, &author, "first", &tree, &[]).unwrap();
        assert_eq!(commit.to_string(), COMMIT);
        place.write("run.json", serde_json::to_vec(&run_of(COMMIT, "aa", 100.0)).unwrap());
        place
    }

    /// A copy of the project whose benchmarks say what the variable `SPEAKER` names, built.
    fn speaker(test: &str) -> Self {
        let fixture = Fixture::new("speaker", test);
        assert_eq!(fixture.perfgate(&["list"]).code, 0);
        Self { head: Some(fixture.git(&["rev-parse", "HEAD"])), root: fixture.root, _folder: None }
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A file of 1 GB that takes no room.
    fn write_gigabyte(&self, path: &str) {
        File::create(self.root.join(path)).unwrap().set_len(1 << 30).unwrap();
    }

    /// A command that stands here and sees nothing of what is around this test.
    fn command(&self, program: &str) -> Command {
        let mut command = clean(Command::new(program));
        command
            .current_dir(&self.root)
            .env("PROGRAM", env!("CARGO_BIN_EXE_cargo-perfgate"))
            .env_remove("CARGO")
            .env("PERFGATE_TARGET_DIR", crate::fixture::scratch().join("builds"))
            .stdin(Stdio::null());
        command
    }

    /// What the program tells with these arguments.
    fn told(&self, arguments: &[&str]) -> String {
        self.told_by(self.command(env!("CARGO_BIN_EXE_cargo-perfgate")).args(arguments))
    }

    /// What the program tells on several command lines, in a shell where it is called `perfgate`.
    fn told_in_shell(&self, script: &str) -> String {
        self.told_by(self.command("sh").args(["-c", &format!("{SHELL}\n{script}")]))
    }

    /// As [`Place::told_in_shell`], where the script may mount file systems, which are gone after it.
    fn told_with_mounts(&self, script: &str) -> String {
        let (program, arguments) = mounting().and_then(|way| way.split_first()).expect("the test asked for it");
        self.told_by(self.command(program).args(arguments).args(["sh", "-c", &format!("{SHELL}\n{script}")]))
    }

    /// Standard output with `> ` before each line, standard error, and the exit code. What differs from run to run has a name
    /// instead.
    fn told_by(&self, command: &mut Command) -> String {
        let done = command.output().unwrap();
        let out = String::from_utf8(done.stdout).unwrap();
        let out: String = out.lines().map(|line| format!("> {line}\n")).collect();
        let err = String::from_utf8(done.stderr).unwrap();
        let told = format!("{out}{err}exit {}", done.status.code().map_or("by a signal".to_owned(), |c| c.to_string()));
        let acted_on = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!told.contains(acted_on), "a terminal would act on this: {told:?}");
        let told = told.replace(&self.root.display().to_string(), "HERE");
        let head = self.head.as_deref().unwrap_or(COMMIT);
        let told = told.replace(head, "COMMIT").replace(&head[..10], "COMMIT").replace(&head[..8], "COMMIT");
        let changing = [
            // Tests beside this one use cargo, too, and the first that runs builds.
            (r"(?m)^(> )?    Blocking .*\n", ""),
            (r"(?m)^(> )?   Compiling .*\n", ""),
            (r"target\(s\) in [0-9.]+s", "target(s) in TIME"),
            (r"(?m)    Finished in .*$", "    Finished in TIME"),
            (r"executable, about .*", "executable, about TIME"),
            (r"(?m)(     Decided .*) after .*$", "$1 after TIME"),
            (r"measured 20[0-9T:.-]+Z", "measured NOW"),
            (r"/\S*/builds/[a-z]+-[0-9a-f]{16}", "BUILDS"),
            (r"(says|speaker)-[0-9a-f]{16}", "$1-HASH"),
            (r"tree [0-9a-f]{40}", "tree TREE"),
            (r" /\S*/cargo-perfgate-[0-9A-Za-z]{6}", " COPIES"),
            (r"cargo-perfgate-[0-9A-Za-z]{6}", "cargo-perfgate-RANDOM"),
            (r"tmp_object_git2_[0-9a-f]+", "tmp_object_git2_RANDOM"),
            (r"environment [0-9a-f]{16}: .*", "environment THIS"),
            (r"machine  .* bench profile, .*", "machine  THIS"),
            (r"- machine: .*", "- machine: THIS"),
        ];
        changing
            .iter()
            .fold(told, |told, (pattern, name)| Regex::new(pattern).unwrap().replace_all(&told, *name).into())
    }
}

/// `perfgate ARGUMENTS` shows its command line, what it says on both streams, and its exit code.
const SHELL: &str = r#"
exec 2>&1
perfgate() {
    echo "\$ cargo perfgate $*"
    "$PROGRAM" "$@"
    echo "exit $?"
}
"#;

/// The command that lets another mount file systems of its own; `None`, and said so, in places that forbid it, of which the
/// hosted workflow is none.
fn mounting() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["unshare", "--mount"], &["unshare", "--user", "--map-root-user", "--mount"]];
    let allowed = |way: &&&[&str]| {
        let tried = Command::new(way[0]).args(&way[1..]).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
        tried.is_ok_and(|done| done.status.success())
    };
    let found = WAYS.iter().find(allowed).copied();
    if found.is_none() {
        assert!(std::env::var_os("GITHUB_ACTIONS").is_none(), "user namespaces are shut off, which the workflow opens");
        println!("not tested: no file system can be mounted here");
    }
    found
}

/// Holds all that was told against what ought to be told, letter by letter.
#[track_caller]
fn reads(told: String, expected: impl IntoData) {
    assert_data_eq!(told, expected.raw());
}

/// A program that may have no more than so many MiB of memory.
fn with_memory(place: &Place, megabytes: u64, arguments: &[&str]) -> String {
    let limit = format!("ulimit -v {}; exec \"$PROGRAM\" \"$@\"", megabytes * 1024);
    // A thread's own heap takes addresses that it does not use.
    place.told_by(place.command("sh").args(["-c", &limit, "sh"]).args(arguments).env("MALLOC_ARENA_MAX", "1"))
}
