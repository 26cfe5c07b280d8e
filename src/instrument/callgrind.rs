//! Programs under valgrind's callgrind, which counts instructions, and writes what it counted so far each time the
//! program is about to call a function: to read the clock, for most.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::pipe::{make_pipe, open_pipe};
use super::process::{Spawn, SpawnError};

/// What reads the clock, in the C library's own name; with it goes its symbol's version.
pub const READS_CLOCK: &str = "clock_gettime*";
/// How callgrind's files begin in the folder of a program.
const FILES: &str = "part";

/// Whether valgrind is installed, and runs here.
pub fn has_valgrind(directory: &Path) -> bool {
    Spawn::new("valgrind", directory).args(["--version"]).run().is_ok_and(|ended| ended.status.success())
}

/// A program under callgrind, and the parts of its execution.
#[derive(Debug)]
pub struct Counted {
    folder: PathBuf,
}

/// What is told of where something was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// In which function.
    Functions,
    /// On which line of source, too, where the program has debug information.
    Lines,
}

impl Detail {
    fn argument(self) -> &'static str {
        match self {
            Self::Functions => "--dump-line=no",
            Self::Lines => "--dump-line=yes",
        }
    }
}

/// `spawn` under callgrind, with options of all uses and some more.
fn under(spawn: &Spawn, detail: Detail, more: &[&str], file: &Path) -> Spawn {
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(file);
    let mut under = Spawn { program: "valgrind".into(), arguments: Vec::new(), ..spawn.clone() }.args([
        "--tool=callgrind",
        // Options of the user's own would count something else, and pipes for debuggers outlive who is killed.
        "--command-line-only=yes",
        "--vgdb=no",
        // Rust's names in all their forms are read later.
        "--demangle=no",
        detail.argument(),
        "--quiet",
    ]);
    under.arguments.extend(more.iter().map(Into::into));
    under.arguments.extend([out, "--".into(), spawn.program.clone()]);
    under.arguments.extend(spawn.arguments.iter().cloned());
    under
}

/// A whole program under callgrind, and how it ended with what was written of it: nothing where it ended before that.
/// `folder` is one that nobody else uses. What the program starts is not counted.
///
/// # Errors
/// Where valgrind cannot be started, or what it wrote cannot be read.
pub fn count_whole(spawn: &Spawn, folder: &Path) -> Result<(ExitStatus, Option<String>), SpawnError> {
    let failed = |e| SpawnError::new("valgrind", folder, e);
    std::fs::create_dir_all(folder).map_err(failed)?;
    // A program that forks is several, and each writes its own.
    let mut process = under(spawn, Detail::Lines, &["--trace-children=no"], &folder.join("whole.%p")).start()?;
    let own = folder.join(format!("whole.{}", process.id()));
    let status = process.wait_for_end();
    match std::fs::read(own) {
        Ok(bytes) => Ok((status, Some(String::from_utf8_lossy(&bytes).into_owned()))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok((status, None)),
        Err(e) => Err(failed(e)),
    }
}

impl Counted {
    /// `spawn` under callgrind, which writes into `folder` what is executed between the calls of a function: one whose raw
    /// symbol this pattern matches, as [`READS_CLOCK`].
    ///
    /// # Errors
    /// Where there can be no such folder.
    pub fn new(spawn: &Spawn, folder: &Path, detail: Detail, function: &str) -> Result<(Spawn, Self), SpawnError> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|e| SpawnError::new("valgrind", folder, e))?;
        let under = under(spawn, detail, &[&format!("--dump-before={function}")], &folder.join(FILES));
        Ok((under, Self { folder: folder.to_owned() }))
    }

    /// How often the program was about to call the function so far. Only of a program that stands still this is final.
    pub fn parts(&self) -> io::Result<usize> {
        let mut most = 0;
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Where it is to wait there is a pipe from the beginning.
            if !entry.file_type()?.is_file() {
                continue;
            }
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(FILES)?.strip_prefix('.')?.parse().ok());
            most = most.max(number.unwrap_or(0));
        }
        Ok(most)
    }

    /// What callgrind wrote of what lies between one call and the next, by the number of the latter, from 1.
    pub fn part(&self, number: usize) -> io::Result<String> {
        std::fs::read_to_string(self.path(number))
    }

    /// Whether that part is there, to its end.
    pub fn is_written(&self, number: usize) -> bool {
        // Looked at again and again while it grows.
        let ends = |text: String| text.lines().next_back().is_some_and(|line| line.starts_with("totals:"));
        self.part(number).is_ok_and(ends)
    }

    /// Has the program wait when it is about to call the function for the time with this number, until [`Counted::go_on`]: there
    /// it finds a pipe that nobody reads. Asked for before it starts.
    pub fn wait_at(&self, number: usize) -> io::Result<()> {
        make_pipe(&self.path(number))
    }

    /// Lets a program go on that waits, or will come to it. Gives up where `too_late` says so.
    pub fn go_on(&self, number: usize, too_late: impl Fn() -> bool) -> io::Result<()> {
        let (mut pipe, mut text) = (open_pipe(&self.path(number))?, Vec::new());
        loop {
            match pipe.read_to_end(&mut text) {
                Ok(_) if !text.is_empty() => break,
                // It has not come to write yet.
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
            if too_late() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        std::fs::remove_file(self.path(number))?;
        std::fs::write(self.path(number), text)
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder.join(format!("{FILES}.{number}"))
    }

    /// Removes the parts up to a number: what was read is not needed any more.
    pub fn forget(&self, first: usize, last: usize) {
        for number in first..=last {
            let _ = std::fs::remove_file(self.path(number));
        }
    }
}
