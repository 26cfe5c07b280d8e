//! What valgrind says of itself: its version, the CPU that it shows to programs, and the C library that they are run with.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::process::{Output, Spawn};
use crate::model::hexadecimal;

/// A program that is everywhere and does nothing.
const PROGRAM: &str = "true";
/// How a C library of GNU's names itself in its data, up to a closing parenthesis.
const BANNER: &[u8] = b"GNU C Library (";
/// No such name is longer.
const LONGEST_NAME: usize = 200;

/// What programs under valgrind see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Valgrind {
    /// Its version, e.g. `3.19.0-8d3c8034b8-20220411`.
    pub version: String,
    /// Architecture and features of the CPU, e.g. `AMD64, LittleEndian, amd64-cx16-avx2`.
    pub cpu: String,
    /// The C library that it loaded, where it did.
    pub libc: Option<PathBuf>,
}

impl Valgrind {
    /// Asks the valgrind that is installed; `None` where none is, it does not run here, or says something else.
    pub fn installed(directory: &Path) -> Option<Self> {
        let arguments = ["--tool=none", "--command-line-only=yes", "--vgdb=no", "-v", "--log-fd=1", PROGRAM];
        let mut spawn = Spawn::new("valgrind", directory).args(arguments);
        spawn.stdout = Output::Keep;
        let ended = spawn.run().ok().filter(|ended| ended.status.success())?;
        Self::parse(&String::from_utf8_lossy(&ended.stdout))
    }

    /// Reads what `valgrind -v` writes of a program.
    pub fn parse(log: &str) -> Option<Self> {
        let after = |words: &str| log.lines().find_map(|line| Some(line.split_once(words)?.1.trim().to_owned()));
        let version = after("Using Valgrind-")?;
        let libc = log.lines().filter_map(|line| line.split_once("Reading syms from ")).map(|(_, path)| path.trim());
        let is_libc = |path: &&str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            ["libc.so", "libc-", "ld-musl-"].iter().any(|start| name.starts_with(start))
        };
        Some(Self {
            version: version.split(' ').next().unwrap_or_default().to_owned(),
            cpu: after("Arch and hwcaps: ")?,
            libc: { libc }.find(is_libc).map(PathBuf::from),
        })
    }

    /// What tells this C library from others: the name that its makers gave it, else a hash of it.
    pub fn libc_name(&self) -> String {
        self.libc
            .as_ref()
            .and_then(|path| std::fs::read(path).ok())
            .map(|bytes| name_of_libc(&bytes))
            .unwrap_or_default()
    }
}

/// The name of a C library that consists of these bytes.
pub fn name_of_libc(bytes: &[u8]) -> String {
    let start = bytes.windows(BANNER.len()).position(|window| window == BANNER);
    let rest = start.map(|start| &bytes[start + BANNER.len()..]);
    let name = rest.and_then(|rest| {
        let end = rest.iter().take(LONGEST_NAME).position(|byte| *byte == b')')?;
        std::str::from_utf8(&rest[..end]).ok()
    });
    name.map_or_else(|| hexadecimal(&Sha256::digest(bytes)[..8]), str::to_owned)
}
