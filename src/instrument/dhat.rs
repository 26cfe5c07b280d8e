//! Programs under valgrind's DHAT, which writes down each allocation as it happens and each reading of the clock between,
//! and at the program's end who asked for how much.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::pipe::{make_pipe, open_pipe};
use super::process::{Spawn, SpawnError};
use crate::profile::{AllocationTrace, Sites, read_sites};

/// How long the reader sleeps where there is nothing to read: a pipe holds more than is written meanwhile.
const PAUSE: Duration = Duration::from_millis(1);
/// Functions above an allocation that are told apart: Rust's own are up to ten of them.
const CALLERS: &str = "--num-callers=30";
/// DHAT's file at most: what is larger is no file of a benchmark's.
const LONGEST_FILE: u64 = 256 * 1024 * 1024;

/// A program under DHAT, and what it allocated so far.
///
/// What it writes is read from a pipe: a file of it would take gigabytes where much is allocated.
#[derive(Debug)]
pub struct Traced {
    folder: PathBuf,
    pipe: Arc<Mutex<Pipe>>,
    over: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Pipe {
    file: File,
    /// What of a line was read.
    rest: Vec<u8>,
    trace: AllocationTrace,
}

impl Traced {
    /// `spawn` under DHAT, which writes into `folder`.
    ///
    /// # Errors
    /// Where there can be no such folder, or no pipe in it.
    pub fn new(spawn: &Spawn, folder: &Path) -> Result<(Spawn, Self), SpawnError> {
        let path = folder.join("trace");
        let made = std::fs::create_dir_all(folder).and_then(|()| make_pipe(&path));
        // Opened first, so that who writes need not wait.
        let made = made.and_then(|()| open_pipe(&path));
        let file = made.map_err(|e| SpawnError::new("valgrind", folder, e))?;
        let option = |name: &str, path: PathBuf| {
            let mut option = std::ffi::OsString::from(name);
            option.push(path);
            option
        };
        let mut under = Spawn { program: "valgrind".into(), arguments: Vec::new(), ..spawn.clone() }.args([
            "--tool=dhat",
            "--command-line-only=yes",
            "--vgdb=no",
            "--demangle=no",
            // Functions by the names of their symbols: what was inlined has a name without its path.
            "--read-inline-info=no",
            "--trace-malloc=yes",
            "--trace-syscalls=yes",
            // A child that was forked off would go on writing.
            "--child-silent-after-fork=yes",
            CALLERS,
        ]);
        let files = [option("--dhat-out-file=", folder.join("sites")), option("--log-file=", path)];
        under.arguments.extend(files.into_iter().chain(["--".into(), spawn.program.clone()]));
        under.arguments.extend(spawn.arguments.iter().cloned());
        let pipe = Arc::new(Mutex::new(Pipe { file, rest: Vec::new(), trace: AllocationTrace::default() }));
        let over = Arc::new(AtomicBool::new(false));
        let reader = std::thread::spawn({
            let (pipe, over) = (pipe.clone(), over.clone());
            move || {
                while !over.load(Ordering::Relaxed) {
                    lock(&pipe).read();
                    std::thread::sleep(PAUSE);
                }
            }
        });
        Ok((under, Self { folder: folder.to_owned(), pipe, over, reader: Some(reader) }))
    }

    /// Asks for what the program allocated so far. Only of one that stands still, or has ended, this is final.
    pub fn trace<T>(&self, ask: impl FnOnce(&AllocationTrace) -> T) -> T {
        let mut pipe = lock(&self.pipe);
        // What it wrote before it stood still lies in the pipe.
        pipe.read();
        ask(&pipe.trace)
    }

    /// Who asked for how much, of a program that has ended by itself.
    ///
    /// # Errors
    /// Where DHAT wrote no file, or none that can be read.
    pub fn sites(&self) -> Result<Sites, String> {
        let mut text = String::new();
        let file = File::open(self.folder.join("sites")).map_err(|e| e.to_string())?;
        file.take(LONGEST_FILE).read_to_string(&mut text).map_err(|e| e.to_string())?;
        read_sites(&text)
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

impl Pipe {
    /// Reads what there is.
    fn read(&mut self) {
        let mut bytes = [0; 64 * 1024];
        loop {
            match self.file.read(&mut bytes) {
                // Nobody writes yet, or any more.
                Ok(0) => return,
                Ok(read) => {
                    self.rest.extend_from_slice(&bytes[..read]);
                    self.lines();
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn lines(&mut self) {
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return };
        for line in self.rest[..end].split(|byte| *byte == b'\n') {
            self.trace.line(&String::from_utf8_lossy(line));
        }
        self.rest.drain(..=end);
    }
}

fn lock(pipe: &Mutex<Pipe>) -> MutexGuard<'_, Pipe> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}
