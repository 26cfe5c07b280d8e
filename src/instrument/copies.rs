//! Fresh copies of executables. Two copies of one file differ in speed by the physical pages that they happen to get,
//! for as long as the copies live; a new copy for every process turns that bias into noise.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use super::layouts::Layouter;

/// Copies are kept alive up to this many bytes, or a tenth of the memory, so that the next copy cannot get the pages of
/// the last one.
const KEPT_BYTES: u64 = 512 * 1024 * 1024;
const PREFIX: &str = "cargo-perfgate-";
const LOCK: &str = "lock";
const UNNAMED_LOCK: &str = "lock.new";

/// No copies can be made.
#[derive(Debug, thiserror::Error)]
pub enum CopiesError {
    /// One failed.
    #[error(
        "could not copy {from} into {into}: {source}\nhelp: free some space there, or set TMPDIR to another folder"
    )]
    Copy {
        /// What was copied.
        from: PathBuf,
        /// The folder.
        into: PathBuf,
        #[source]
        /// Why.
        source: io::Error,
    },
    /// The folder takes files, and no program can be started from there.
    #[error(
        "could not copy executables into {into}: it is mounted `noexec`, and no program can be started from there\nhelp: set TMPDIR to another folder"
    )]
    NoExec {
        /// The folder.
        into: PathBuf,
    },
}

/// One file to make.
#[derive(Debug)]
pub struct Link {
    /// The program that it gives again.
    pub executable: PathBuf,
    /// What links it.
    pub layouter: Layouter,
    /// The order of its units.
    pub order: Vec<usize>,
    /// For linkers that take no order.
    pub seed: u32,
}

/// Files that are being made.
#[derive(Debug)]
pub struct Making(Vec<Made>);

#[derive(Debug)]
struct Made {
    copy: PathBuf,
    executable: PathBuf,
    thread: JoinHandle<Result<(), String>>,
}

/// A folder of copies, removed with this value; what a killed process left behind is removed by the next one.
#[derive(Debug)]
pub struct Copies {
    folder: tempfile::TempDir,
    // Held, not read: as long as it is locked the folder belongs to a living process.
    _lock: File,
    kept: VecDeque<(PathBuf, u64)>,
    kept_bytes: u64,
    room: u64,
    made: u64,
    /// Whether no program can be started from the folder: then nothing is copied there, and all else goes on.
    noexec: bool,
}

impl Copies {
    /// A new folder in memory where executables may be started from there, else in the temporary folder.
    pub fn new() -> Result<Self, CopiesError> {
        let parent = parent();
        let (noexec, room) = (is_noexec(&parent), room(&parent));
        remove_abandoned(&parent);
        let create = || {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent)?;
            // It gets its name when it is held: another process would take it for abandoned in between.
            let unnamed = folder.path().join(UNNAMED_LOCK);
            let lock = File::create(&unnamed)?;
            lock.lock()?;
            fs::rename(unnamed, folder.path().join(LOCK))?;
            Ok((folder, lock))
        };
        match create() {
            Ok((folder, lock)) => {
                Ok(Self { folder, _lock: lock, kept: VecDeque::new(), kept_bytes: 0, room, made: 0, noexec })
            }
            Err(source) => Err(CopiesError::Copy { from: "executables".into(), into: parent, source }),
        }
    }

    /// The folder: a place for what belongs to the copies besides.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A fresh copy of `executable`. Its path always has the same length: that too moves what a process lays out.
    pub fn fresh(&mut self, executable: &Path) -> Result<PathBuf, CopiesError> {
        let copy = self.next_path();
        let done = fs::copy(executable, &copy).map(drop);
        self.keep(copy, executable, done)
    }

    /// Begins fresh files of several programs, each with its units in an order of its own; all at once, because a link takes
    /// as long as several measurements.
    pub fn begin(&mut self, links: Vec<Link>) -> Making {
        let begin = |link: Link| {
            let copy = self.next_path();
            let output = copy.clone();
            let (layouter, order, seed) = (link.layouter, link.order, link.seed);
            let thread = std::thread::spawn(move || layouter.lay_out(&output, &order, seed));
            Made { copy, executable: link.executable, thread }
        };
        Making(links.into_iter().map(begin).collect())
    }

    /// The files that were begun, in the order of their links. The inner `Err` says which of them cannot be made, and why.
    pub fn finish(&mut self, making: Making) -> Result<Result<Vec<PathBuf>, (usize, String)>, CopiesError> {
        let mut made = Vec::new();
        let mut failed = None;
        for (i, Made { copy, executable, thread }) in making.0.into_iter().enumerate() {
            let done = thread.join().unwrap_or_else(|_| Err("making it ended a thread of this program".to_owned()));
            if let Err(reason) = done {
                failed.get_or_insert((i, reason));
            }
            made.push((copy, executable));
        }
        if let Some(failed) = failed {
            for (copy, _) in made {
                let _ = fs::remove_file(copy);
            }
            return Ok(Err(failed));
        }
        made.into_iter()
            .map(|(copy, executable)| self.keep(copy, &executable, Ok(())))
            .collect::<Result<_, _>>()
            .map(Ok)
    }

    fn next_path(&mut self) -> PathBuf {
        self.made += 1;
        self.folder.path().join(format!("{:08x}", self.made))
    }

    fn keep(&mut self, copy: PathBuf, executable: &Path, done: io::Result<()>) -> Result<PathBuf, CopiesError> {
        if self.noexec {
            let into = self.folder.path().parent().unwrap_or(self.folder.path()).to_owned();
            return Err(CopiesError::NoExec { into });
        }
        let bytes = done.and_then(|()| fs::metadata(&copy)).map_err(|source| CopiesError::Copy {
            from: executable.to_owned(),
            into: self.folder.path().to_owned(),
            source,
        })?;
        self.kept.push_back((copy.clone(), bytes.len()));
        self.kept_bytes += bytes.len();
        // The last two belong to the pair that is about to run.
        while self.kept_bytes > self.room && self.kept.len() > 2 {
            if let Some((old, bytes)) = self.kept.pop_front() {
                let _ = fs::remove_file(old);
                self.kept_bytes -= bytes;
            }
        }
        Ok(copy)
    }
}

/// The bytes that may be kept in `folder`.
fn room(folder: &Path) -> u64 {
    most_kept().min(free(folder) / 2)
}

fn most_kept() -> u64 {
    super::machine::memory().map_or(KEPT_BYTES, |bytes| KEPT_BYTES.min(bytes / 10))
}

/// The bytes that are free in `folder`, as far as the system tells.
fn free(folder: &Path) -> u64 {
    #[cfg(target_os = "linux")]
    {
        rustix::fs::statvfs(folder).map_or(u64::MAX, |facts| facts.f_bavail.saturating_mul(facts.f_frsize))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        u64::MAX
    }
}

/// Whether copies are made in memory.
pub fn in_memory() -> bool {
    parent() != std::env::temp_dir()
}

/// Shared memory if programs may be started from there and twice the kept bytes are free, else the temporary folder.
fn parent() -> PathBuf {
    #[cfg(target_os = "linux")]
    {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() && !is_noexec(memory) && free(memory) > 2 * most_kept() {
            return memory.to_owned();
        }
    }
    std::env::temp_dir()
}

/// Whether the system starts no programs from `folder`.
fn is_noexec(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{StatVfsMountFlags, statvfs};
        statvfs(folder).is_ok_and(|facts| facts.f_flag.contains(StatVfsMountFlags::NOEXEC))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}

/// Removes what killed processes left behind.
pub fn remove_abandoned_copies() {
    for parent in [Path::new("/dev/shm"), &std::env::temp_dir()] {
        remove_abandoned(parent);
    }
}

/// Removes the folders of processes that were killed: those whose lock nobody holds.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let abandoned = match File::open(entry.path().join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok(),
            // Between the making of a folder and of its lock lies a moment.
            Err(_) => entry
                .metadata()
                .and_then(|facts| facts.modified())
                // A clock that was set back makes it younger than now, and no less abandoned.
                .is_ok_and(|made| made.elapsed().unwrap_or_else(|e| e.duration()) > Duration::from_secs(60)),
        };
        if abandoned {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
