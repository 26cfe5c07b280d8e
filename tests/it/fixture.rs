//! Copies of the projects under `fixtures/`, as git repositories, and the program run on them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cargo_perfgate::workspace::Slots;

/// A fixture copied to a place of its own. The place is the same in every run of the test, so that what was built there
/// is found again; its content starts afresh.
pub struct Fixture {
    pub root: PathBuf,
}

/// Where tests put what outlives them.
pub fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

impl Fixture {
    /// `fixtures/<name>`, copied for `test` and committed.
    pub fn new(name: &str, test: &str) -> Self {
        let root = scratch().join("projects").join(test).join(name);
        let _ = fs::remove_dir_all(&root);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name), &root);
        let fixture = Self { root };
        fixture.git(&["init", "-q", "-b", "main"]);
        fixture.write(".gitignore", "target\n");
        fixture.commit("the fixture");
        fixture
    }

    /// The same for a test that builds its benches: the dependencies are not built by each of them.
    pub fn built(name: &str, test: &str) -> Self {
        let fixture = Self::new(name, test);
        let builds = fixture.builds();
        // Held while dependencies are built, by whoever comes first.
        fs::create_dir_all(scratch()).unwrap();
        let lock = fs::File::create(scratch().join("first.lock")).unwrap();
        lock.lock().unwrap();
        let first = scratch().join("first").join(name);
        if !first.exists() {
            let project = Self::new(name, "first");
            assert_eq!(project.perfgate(&["list", "--quiet"]).code, 0);
            fs::create_dir_all(first.parent().unwrap()).unwrap();
            fs::rename(project.builds().join("head"), &first).unwrap();
        }
        drop(lock);
        if !builds.join("head").exists() {
            copy_with_times(&first, &builds.join("head"));
        }
        fixture
    }

    /// The folder in which the program builds this project.
    fn builds(&self) -> PathBuf {
        let slots = Slots::open(&scratch().join("builds"), &self.root, |_| ()).unwrap();
        slots.folder().to_owned()
    }

    /// Runs git here and gives what it printed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
        let done = clean(Command::new("git")).args(identity).args(arguments).current_dir(&self.root).output().unwrap();
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Commits everything; gives the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Replaces the one place where `from` stands.
    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let content = self.read(path);
        assert_eq!(content.matches(from).count(), 1, "{from:?} in {path}");
        self.write(path, &content.replace(from, to));
    }

    /// Runs the program here.
    pub fn perfgate(&self, arguments: &[&str]) -> Ran {
        self.perfgate_in("", arguments)
    }

    /// Runs the program in a folder of the project.
    pub fn perfgate_in(&self, folder: &str, arguments: &[&str]) -> Ran {
        let done = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")))
            .args(arguments)
            .current_dir(self.root.join(folder))
            .env("PERFGATE_TARGET_DIR", scratch().join("builds"))
            .output()
            .unwrap();
        Ran::new(arguments, &done)
    }
}

/// What the program did.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// What a run of it with these arguments was.
    pub fn new(arguments: &[&str], done: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran =
            Self { code: done.status.code().unwrap_or(-1), stdout: text(&done.stdout), stderr: text(&done.stderr) };
        // Shown where the test fails.
        println!("$ cargo perfgate {arguments:?}\n{}{}exit {}", ran.stderr, ran.stdout, ran.code);
        ran
    }
}

/// A command that sees nothing of the run it stands in: no CI, no hook, no outer build, no colour.
pub fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let foreign = ["GITHUB_", "GIT_", "PERFGATE_", "CARGO_", "RUSTFLAGS", "NEXTEST", "CI"];
        if foreign.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) && name != "CARGO_HOME" {
            command.env_remove(name);
        }
    }
    command.env("CARGO_TERM_COLOR", "never");
    command
}

/// Cargo tells by the times of files what is fresh.
fn copy_with_times(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(done.success(), "cp -a {} {}", from.display(), to.display());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == "target" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
