//! Programs under valgrind's callgrind, which counts instructions, and writes what it counted so far each time the
//! program is about to read the clock.

use std::io;
use std::path::{Path, PathBuf};

use super::process::{Spawn, SpawnError};

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

impl Counted {
    /// `spawn` under callgrind, which writes into `folder`.
    ///
    /// # Errors
    /// Where there can be no such folder.
    pub fn new(spawn: Spawn, folder: &Path) -> Result<(Spawn, Self), SpawnError> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|e| SpawnError::new("valgrind", folder, e))?;
        let mut file = std::ffi::OsString::from("--callgrind-out-file=");
        file.push(folder.join(FILES));
        let mut under = Spawn { program: "valgrind".into(), arguments: Vec::new(), ..spawn.clone() }.args([
            "--tool=callgrind",
            // Options of the user's own would count something else, and pipes for debuggers outlive who is killed.
            "--command-line-only=yes",
            "--vgdb=no",
            // Rust's names in all their forms are read later.
            "--demangle=no",
            // In the C library's own name; with it goes its symbol's version.
            "--dump-before=clock_gettime*",
            "--quiet",
        ]);
        under.arguments.extend([file, "--".into(), spawn.program]);
        under.arguments.extend(spawn.arguments);
        Ok((under, Self { folder: folder.to_owned() }))
    }

    /// How often the program was about to read the clock so far. Only of a program that stands still this is final.
    pub fn parts(&self) -> io::Result<usize> {
        let mut most = 0;
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(FILES)?.strip_prefix('.')?.parse().ok());
            most = most.max(number.unwrap_or(0));
        }
        Ok(most)
    }

    /// What callgrind wrote of what lies between one reading of the clock and the next, by the number of the latter, from 1.
    pub fn part(&self, number: usize) -> io::Result<String> {
        std::fs::read_to_string(self.folder.join(format!("{FILES}.{number}")))
    }

    /// Removes the parts up to a number: what was read is not needed any more.
    pub fn forget(&self, first: usize, last: usize) {
        for number in first..=last {
            let _ = std::fs::remove_file(self.folder.join(format!("{FILES}.{number}")));
        }
    }
}
