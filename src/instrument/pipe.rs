//! Pipes with a name, through which a tool's files are read while it writes them.

use std::fs::File;
use std::io;
use std::path::Path;

/// A pipe with a name. Who opens it for writing waits until it is open for reading.
#[cfg(target_os = "linux")]
pub(super) fn make_pipe(path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?)
}

/// A pipe with a name, open for reading, whether or not somebody writes.
#[cfg(target_os = "linux")]
pub(super) fn open_pipe(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    Ok(open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?.into())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn make_pipe(_: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn open_pipe(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}
