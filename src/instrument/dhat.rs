//! Programs under valgrind's DHAT, which writes down each allocation as it happens and each reading of the clock between,
//! and at the program's end who asked for how much.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::pipe::Inherited;
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
    file: Arc<Inherited>,
    /// What was read at once.
    bytes: Vec<u8>,
    /// What of a line was read.
    rest: Vec<u8>,
    trace: AllocationTrace,
    /// After which reading of the clock nothing more is read, so that the program waits.
    waits_after: Option<usize>,
}

impl Traced {
    /// `spawn` under DHAT, which writes into `folder`.
    ///
    /// # Errors
    /// Where there can be no such folder, or no pipe.
    pub fn new(spawn: &Spawn, folder: &Path) -> Result<(Spawn, Self), SpawnError> {
        let made = std::fs::create_dir_all(folder).and_then(|()| Inherited::new());
        let file = made.map_err(|e| SpawnError::new("valgrind", folder, e))?;
        let mut out = std::ffi::OsString::from("--dhat-out-file=");
        out.push(folder.join("sites"));
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
        let log = format!("--log-fd={}", file.number());
        under.arguments.extend([out, log.into(), "--".into(), spawn.program.clone()]);
        under.arguments.extend(spawn.arguments.iter().cloned());
        let file = Arc::new(file);
        let (bytes, trace) = (vec![0; 64 * 1024], AllocationTrace::default());
        let pipe = Pipe { file: file.clone(), bytes, rest: Vec::new(), trace, waits_after: None };
        let pipe = Arc::new(Mutex::new(pipe));
        let over = Arc::new(AtomicBool::new(false));
        let reader = std::thread::spawn({
            let (pipe, over) = (pipe.clone(), over.clone());
            move || {
                while !over.load(Ordering::Relaxed) {
                    let line_by_line = lock(&pipe).is_line_by_line();
                    if line_by_line {
                        file.wait(PAUSE);
                    } else {
                        std::thread::sleep(PAUSE);
                    }
                    lock(&pipe).read();
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

    /// Has the program wait soon after its reading of the clock with this number: a line more is written at most, in two pieces,
    /// and the next reading is one. Of one that has come there already nothing is asked.
    ///
    /// # Errors
    /// Where the system has no pipes for this.
    pub fn wait_after(&self, reading: usize) -> io::Result<()> {
        let mut pipe = lock(&self.pipe);
        loop {
            pipe.read();
            if pipe.waits_after.is_some() || pipe.trace.readings() >= reading {
                return Ok(());
            }
            match pipe.file.one_at_a_time() {
                // It writes more than there would be room for.
                Err(e) if e.kind() == io::ErrorKind::ResourceBusy => {}
                Err(e) => return Err(e),
                Ok(()) => pipe.waits_after = Some(reading),
            }
        }
    }

    /// Whether it has come there.
    pub fn waits(&self) -> bool {
        lock(&self.pipe).waits()
    }

    /// Lets it go on, wherever it is.
    ///
    /// # Errors
    /// Where the system does not take back what it gave.
    pub fn go_on(&self) -> io::Result<()> {
        let mut pipe = lock(&self.pipe);
        pipe.waits_after = None;
        pipe.file.as_there_is_room()
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
    fn waits(&self) -> bool {
        self.waits_after.is_some_and(|reading| self.trace.readings() >= reading)
    }

    /// Whether the program waits for each line to be read, and has not come to where it is to wait.
    fn is_line_by_line(&self) -> bool {
        self.waits_after.is_some() && !self.waits()
    }

    /// Reads what there is.
    fn read(&mut self) {
        while !self.waits() {
            match self.file.read(&mut self.bytes) {
                // Nobody writes yet, or any more.
                Ok(0) => return,
                Ok(read) => {
                    self.rest.extend_from_slice(&self.bytes[..read]);
                    self.lines();
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
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
