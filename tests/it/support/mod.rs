//! What several subjects need: repositories made with the git program.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A folder with a repository `repo` in it, with git's configuration of the machine kept out.
pub struct Git {
    folder: TempDir,
    root: PathBuf,
}

impl Git {
    /// An empty repository on the branch `main`.
    pub fn new() -> Self {
        Self::named("repo")
    }

    /// An empty repository in a folder of this name.
    pub fn named(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Canonical, because that is how the program names what it finds.
        let root = folder.path().canonicalize().unwrap().join(name);
        fs::create_dir_all(&root).unwrap();
        let git = Self { folder, root };
        git.run(["init", "--quiet", "--initial-branch=main"]);
        git
    }

    /// The root of the work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A place beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Runs git in the work tree; gives its standard output without the last line break.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        git_in(&self.root, arguments)
    }

    /// Writes a file into the work tree.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Commits everything; gives the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.run(["add", "--all"]);
        self.run(["commit", "--quiet", "--allow-empty", "--message", message]);
        self.run(["rev-parse", "HEAD"])
    }

    /// The full id of what `name` stands for.
    pub fn id(&self, name: &str) -> String {
        self.run(["rev-parse", name])
    }

    /// Makes an executable hook of this name that does `what` in a shell.
    #[cfg(unix)]
    pub fn hook(&self, name: &str, what: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.root.join(".git/hooks").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{what}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Runs git in `directory`; gives its standard output without the last line break.
pub fn git_in<A: AsRef<OsStr>>(directory: &Path, arguments: impl IntoIterator<Item = A>) -> String {
    let arguments: Vec<A> = arguments.into_iter().collect();
    let output = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgSign=false"])
        .args(&arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let shown: Vec<_> = arguments.iter().map(|a| a.as_ref().to_string_lossy()).collect();
    assert!(output.status.success(), "git {shown:?} in {}: {out}{err}", directory.display());
    out.strip_suffix('\n').unwrap_or(&out).to_owned()
}
