//! Starting a program in a process group of its own, and ending the whole group. The one place that does so.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::signals;

/// How much of a failed program's standard error is kept to explain the failure.
const TAIL: u64 = 8 * 1024;

/// Variables by which git hands its own state to hooks (`git rev-parse --local-env-vars`): inherited, they would point
/// every git at the wrong repository or index, the one that a build script starts as well. `GIT_CONFIG_COUNT` is not
/// among them: git does not set it, and users hand configuration and credentials to CI by it.
const STATE_OF_GIT: [&str; 14] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// What to start, and how. Standard input is always empty, and nothing of the state of a git hook is inherited.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// The program: a path, or a name to look up.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its working directory.
    pub directory: PathBuf,
    /// Variables to set (`Some`) or to remove (`None`), over this process's own.
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// The core that it may run on; `None`: all that this process may use.
    pub core: Option<usize>,
    /// Where its standard output goes.
    pub stdout: Output,
    /// Where its standard error goes.
    pub stderr: Output,
}

/// Where an output stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Nowhere.
    Discard,
    /// To a nameless file, read when the program has ended.
    Keep,
    /// To this program's standard error, where the user sees it.
    Show,
}

/// A program could not be started or waited for.
#[derive(Debug, thiserror::Error)]
#[error("could not run `{program}` in {directory}: {source}")]
pub struct SpawnError {
    program: String,
    directory: String,
    #[source]
    source: io::Error,
}

impl SpawnError {
    /// What could not be run, and where.
    pub fn new(program: &str, directory: &Path, source: io::Error) -> Self {
        Self { program: program.to_owned(), directory: directory.display().to_string(), source }
    }
}

/// A running program, leader of its own process group. Dropping it kills the group.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Option<File>,
    stderr: Option<File>,
    ended: Option<ExitStatus>,
}

/// A program that has ended, with what it wrote to the streams that were kept.
#[derive(Debug)]
pub struct Captured {
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// The end of its standard error.
    pub stderr: String,
}

impl Spawn {
    /// A program in `directory` whose output is discarded and whose errors are kept.
    pub fn new(program: impl Into<OsString>, directory: &Path) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            directory: directory.to_owned(),
            environment: Vec::new(),
            core: None,
            stdout: Output::Discard,
            stderr: Output::Keep,
        }
    }

    /// Adds arguments.
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), Some(value.into())));
        self
    }

    /// Removes a variable.
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), None));
        self
    }

    /// Starts the program.
    pub fn start(&self) -> Result<Process, SpawnError> {
        let error = |source| SpawnError::new(&self.program.to_string_lossy(), &self.directory, source);
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.directory).stdin(Stdio::null());
        for name in STATE_OF_GIT {
            command.env_remove(name);
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let no_file = |e: io::Error| {
            let folder = std::env::temp_dir();
            error(io::Error::new(e.kind(), format!("no temporary file for its output in {}: {e}", folder.display())))
        };
        let (stdout, kept_stdout) = self.stdout.open().map_err(no_file)?;
        let (stderr, kept_stderr) = self.stderr.open().map_err(no_file)?;
        command.stdout(stdout).stderr(stderr);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // Nothing is done between fork and exec: to copy this process takes longer than most programs take to start.
        let child = on_core(self.core, || command.spawn()).map_err(error)?;
        signals::register(child.id());
        Ok(Process { child, stdout: kept_stdout, stderr: kept_stderr, ended: None })
    }

    /// Starts the program and waits for its end, for ever.
    pub fn run(&self) -> Result<Captured, SpawnError> {
        let mut process = self.start()?;
        let status = process.wait_for_end();
        Ok(Captured { status, stdout: process.output(), stderr: process.error_tail() })
    }
}

impl Output {
    fn open(self) -> io::Result<(Stdio, Option<File>)> {
        Ok(match self {
            Self::Discard => (Stdio::null(), None),
            Self::Show => (Stdio::from(io::stderr()), None),
            Self::Keep => {
                let file = tempfile::tempfile()?;
                (Stdio::from(file.try_clone()?), Some(file))
            }
        })
    }
}

/// Does something on a core, to which all that it starts is held; where that cannot be had, anywhere.
#[cfg(target_os = "linux")]
fn on_core<T>(core: Option<usize>, work: impl FnOnce() -> T) -> T {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let Some((core, all)) = core.zip(sched_getaffinity(None).ok()) else { return work() };
    let mut one = CpuSet::new();
    one.set(core);
    let _ = sched_setaffinity(None, &one);
    let done = work();
    let _ = sched_setaffinity(None, &all);
    done
}

#[cfg(not(target_os = "linux"))]
fn on_core<T>(_: Option<usize>, work: impl FnOnce() -> T) -> T {
    work()
}

/// Starts a shell with a script that reads what it gets, in a group of its own: what is sent to this one must not end it.
#[cfg(unix)]
pub(super) fn start_beside(script: &str) -> Option<ChildStdin> {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0).spawn().ok()?.stdin
}

#[cfg(not(unix))]
pub(super) fn start_beside(_: &str) -> Option<ChildStdin> {
    None
}

/// Replaces this process by `program`, with `variables` set besides; returns only if that fails.
#[cfg(unix)]
pub(super) fn become_program(program: &OsStr, arguments: &[OsString], variables: &[(OsString, OsString)]) -> io::Error {
    use std::os::unix::process::CommandExt;
    Command::new(program).args(arguments).envs(variables.iter().cloned()).exec()
}

#[cfg(not(unix))]
pub(super) fn become_program(_: &OsStr, _: &[OsString], _: &[(OsString, OsString)]) -> io::Error {
    io::ErrorKind::Unsupported.into()
}

impl Process {
    /// The process id, which is also the id of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the program ended, if it has. What it left behind in its group is killed then.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() && self.has_exited() {
            // The leader is not reaped yet, so that its id cannot belong to anybody else.
            signals::kill_group(self.id());
            signals::unregister(self.id());
            self.ended = self.child.wait().ok();
        }
        self.ended
    }

    /// Waits for the program's end, for ever.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.wait(Duration::from_secs(3600)) {
                return status;
            }
        }
    }

    /// Waits up to `limit` for the program's end.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(200);
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if start.elapsed() >= limit {
                return None;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }

    /// Kills the program and everything in its group, and waits for its end.
    pub fn kill(&mut self) {
        if self.ended.is_some() {
            return;
        }
        signals::kill_group(self.id());
        let _ = self.child.kill();
        // Before it is reaped, as long as its id cannot belong to anybody else.
        signals::unregister(self.id());
        self.ended = self.child.wait().ok();
    }

    /// Stops the program and everything in its group until [`Process::resume`]: threads of a program that waits may not.
    pub fn pause(&self) {
        signals::stop_group(self.id());
    }

    /// Lets it go on.
    pub fn resume(&self) {
        signals::continue_group(self.id());
    }

    /// How many threads the program has now; 1 where the system does not tell.
    pub fn threads(&self) -> usize {
        self.stat(20).and_then(|count| count.parse().ok()).unwrap_or(1)
    }

    /// Whether the program waits for something and computes nothing; no where the system does not tell.
    pub fn waits(&self) -> bool {
        self.stat(3).is_some_and(|state| state == "S")
    }

    /// A field of what the system tells of the program, from 1; of those behind its name.
    fn stat(&self, field: usize) -> Option<String> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).ok()?;
        // The second field is the program's name in parentheses, which may hold anything.
        stat.rsplit(") ").next()?.split(' ').nth(field - 3).map(str::to_owned)
    }

    /// All that was written to standard output, where that was kept.
    pub fn output(&mut self) -> Vec<u8> {
        self.stdout.as_mut().and_then(|file| read_from(file, 0).ok()).unwrap_or_default()
    }

    /// The end of what was written to standard error, where that was kept.
    pub fn error_tail(&mut self) -> String {
        let tail = self.stderr.as_mut().and_then(|file| {
            let length = file.metadata().ok()?.len();
            read_from(file, length.saturating_sub(TAIL)).ok()
        });
        String::from_utf8_lossy(&tail.unwrap_or_default()).into_owned()
    }

    #[cfg(unix)]
    fn has_exited(&self) -> bool {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return true };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(pid), options), Ok(None))
    }

    #[cfg(not(unix))]
    fn has_exited(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read_from(file: &mut File, offset: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
