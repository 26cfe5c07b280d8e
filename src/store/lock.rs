//! Who may move the ref: an advisory lock between our own processes, and what to do with git's lock on the ref when a
//! killed process left it behind.
//!
//! git's lock is a file, `<ref>.lock`, and stays when its owner is killed: from then on nobody can move the ref. Ours
//! is held by the kernel and ends with the process. So its holder knows that no other living process of ours owns git's
//! lock. Whether a dead one left it is written into our own lock file: a note stands there while the ref is moved.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// In the folder that all work trees of a repository share. Never deleted: two processes could then hold two of them.
const FILE: &str = "perfgate.lock";
const NOTE: &[u8] = b"moving the ref\n";

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
    /// The last holder died while it moved the ref.
    died_before: bool,
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
                Err(e) if e.kind() == ErrorKind::Unsupported => return Ok(Self { file: None, died_before: false }),
                Err(e) => return Err(failed(e)),
            }
        }
        let mut note = [0];
        let died_before = file.read(&mut note).map_err(failed)? > 0;
        Ok(Self { file: Some(file), died_before })
    }

    /// Runs `action`, which moves the ref, under the note. The note is on the disk before `action` starts.
    pub fn noted<T>(&mut self, action: impl FnOnce() -> T) -> T {
        if self.died_before {
            // The note stands already, and stays until git's lock is known to be gone.
            return action();
        }
        // A note that cannot be written costs only that a stale lock must be deleted by hand; one that cannot be
        // erased makes the next process watch git's lock for a while, should it meet it.
        let _ = self.write_note();
        let result = action();
        let _ = self.erase_note();
        result
    }

    /// The ref has been moved: whatever a dead process may have left in the way is gone.
    pub fn settled(&mut self) {
        if self.died_before && self.erase_note().is_ok() {
            self.died_before = false;
        }
    }

    fn write_note(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(NOTE)?;
        file.sync_data()
    }

    fn erase_note(&mut self) -> io::Result<()> {
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

/// Watches git's lock on the ref while it is in our way.
pub(super) struct RefLock {
    path: PathBuf,
    first_met: Option<Instant>,
    seen: Option<(Sight, Instant)>,
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

impl RefLock {
    pub fn new(common_dir: &Path, reference: &str) -> Self {
        Self { path: common_dir.join(format!("{reference}.lock")), first_met: None, seen: None }
    }

    /// Called each time the lock was in the way. Returns when it is worth another try; the error is that it is not.
    pub fn in_the_way(&mut self, turn: &mut Turn) -> Result<(), PathBuf> {
        let now = Instant::now();
        let Ok(found) = fs::symlink_metadata(&self.path) else {
            self.seen = None;
            return self.pause(now);
        };
        let sight = Sight::of(&found);
        match &self.seen {
            Some((before, since)) if *before == sight => {
                if turn.died_before && now.duration_since(*since) >= STALE_AFTER {
                    // It may have gone by itself just now.
                    let _ = fs::remove_file(&self.path);
                    self.seen = None;
                }
            }
            _ => self.seen = Some((sight, now)),
        }
        self.pause(now)
    }

    fn pause(&mut self, now: Instant) -> Result<(), PathBuf> {
        if now.duration_since(*self.first_met.get_or_insert(now)) >= PATIENCE {
            return Err(self.path.clone());
        }
        thread::sleep(PAUSE);
        Ok(())
    }
}
