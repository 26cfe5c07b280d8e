//! Who may move a ref: an advisory lock between our own processes, and what to do with git's lock on a ref when a
//! killed process left it behind.
//!
//! git's lock is a file, `<ref>.lock`, and stays when its owner is killed: from then on nobody can move the ref. Ours
//! is held by the kernel and ends with the process. So its holder knows that no other living process of ours owns git's
//! lock. Which one a dead process may have left is written into our own lock file: a note stands there while a ref is
//! moved, and who finds one looks after that ref first.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::update::{commit_of, ref_of};

/// In the folder that all work trees of a repository share. Never deleted: two processes could then hold two of them.
const FILE: &str = "perfgate.lock";
const NOTE: &str = "moving ";
/// Bytes that a note may have.
const LONGEST_NOTE: u64 = 256;

/// How long git's lock must stand unchanged before it counts as left behind. Another git program holds it for
/// milliseconds.
const STALE_AFTER: Duration = Duration::from_secs(2);
/// How long to wait for another git program's lock.
const PATIENCE: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(20);

/// Our advisory lock, held until dropped.
pub(super) struct Turn {
    /// `None` where the file system has no locks; compare-and-swap alone keeps us safe there.
    file: Option<File>,
}

impl Turn {
    /// Waits for our turn. The kernel queues those who wait.
    pub fn wait(common_dir: &Path) -> Result<Self, String> {
        let path = common_dir.join(FILE);
        let failed = |e: io::Error| format!("could not lock {}: {e}", path.display());
        let mut file = open(&path).map_err(failed)?;
        loop {
            match file.lock() {
                Ok(()) => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::Unsupported => return Ok(Self { file: None }),
                Err(e) => return Err(failed(e)),
            }
        }
        let mut note = Vec::new();
        (&mut file).take(LONGEST_NOTE).read_to_end(&mut note).map_err(failed)?;
        let turn = Self { file: Some(file) };
        if !note.is_empty() {
            let note = String::from_utf8_lossy(&note);
            if let Some(commit) = note.strip_prefix(NOTE).map(str::trim_end).and_then(commit_of) {
                clear(&common_dir.join(format!("{}.lock", ref_of(commit))));
            }
            let _ = turn.erase_note();
        }
        Ok(turn)
    }

    /// Runs `action`, which moves a ref, under the note. The note is on the disk before `action` starts.
    pub fn noted<T>(&mut self, reference: &str, action: impl FnOnce() -> T) -> T {
        // A note that cannot be written costs only that a stale lock must be deleted by hand; one that cannot be
        // erased makes the next process look at git's lock.
        let _ = self.write_note(reference);
        let result = action();
        let _ = self.erase_note();
        result
    }

    fn write_note(&mut self, reference: &str) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(format!("{NOTE}{reference}\n").as_bytes())?;
        file.sync_data()
    }

    fn erase_note(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.set_len(0))
    }
}

fn open(path: &Path) -> io::Result<File> {
    match OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path) {
        // In a repository shared by several users the file may be another one's; reading is enough to lock it.
        Err(e) if e.kind() == ErrorKind::PermissionDenied => File::open(path).map_err(|_| e),
        opened => opened,
    }
}

/// Removes git's lock on a ref that a dead process of ours may have left, once it has stood unchanged for long enough to be
/// nobody's. Another git program's goes by itself.
fn clear(path: &Path) {
    let first = Instant::now();
    let mut seen: Option<(Sight, Instant)> = None;
    while first.elapsed() < PATIENCE {
        let Ok(found) = fs::symlink_metadata(path) else { return };
        let sight = Sight::of(&found);
        match &seen {
            Some((before, since)) if *before == sight => {
                if since.elapsed() >= STALE_AFTER {
                    // It may have gone by itself just now.
                    let _ = fs::remove_file(path);
                    return;
                }
            }
            _ => seen = Some((sight, Instant::now())),
        }
        thread::sleep(PAUSE);
    }
}

/// What tells one lock file from the next.
#[derive(PartialEq)]
struct Sight {
    modified: Option<SystemTime>,
    len: u64,
}

impl Sight {
    fn of(found: &Metadata) -> Self {
        Self { modified: found.modified().ok(), len: found.len() }
    }
}

/// git's lock on a ref while another git program holds it.
pub(super) struct RefLock {
    path: PathBuf,
    first_met: Option<Instant>,
}

impl RefLock {
    pub fn new(common_dir: &Path, reference: &str) -> Self {
        Self { path: common_dir.join(format!("{reference}.lock")), first_met: None }
    }

    /// Called each time the lock was in the way. Returns when it is worth another try; the error is that it is not.
    pub fn in_the_way(&mut self) -> Result<(), PathBuf> {
        if self.first_met.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
            return Err(self.path.clone());
        }
        thread::sleep(PAUSE);
        Ok(())
    }
}
