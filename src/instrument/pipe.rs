//! Pipes, through which a tool's files are read while it writes them.

use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::io::Read;
use std::path::Path;
use std::time::Duration;

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

/// A pipe without a name, to be written into by a program that is started while it is there.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(super) struct Inherited {
    read: File,
    write: std::os::fd::OwnedFd,
}

#[cfg(target_os = "linux")]
impl Inherited {
    pub fn new() -> io::Result<Self> {
        use rustix::fs::{OFlags, fcntl_setfl};
        use rustix::io::{FdFlags, fcntl_setfd};
        use rustix::pipe::{PipeFlags, pipe_with};
        let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
        fcntl_setfl(&read, OFlags::NONBLOCK)?;
        // Others that are started meanwhile get it, too. Nobody waits for the end of what is written.
        fcntl_setfd(&write, FdFlags::empty())?;
        Ok(Self { read: read.into(), write })
    }

    /// By what number a program knows the end that it writes into.
    pub fn number(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&self.write)
    }

    /// Has who writes wait each time until what was written before has been read.
    ///
    /// # Errors
    /// Where more lies in the pipe than it would have room for, or the system has no such pipes.
    pub fn one_at_a_time(&self) -> io::Result<()> {
        use rustix::fs::{OFlags, fcntl_setfl};
        rustix::pipe::fcntl_setpipe_size(&self.write, 1)?;
        // With this flag what is written at once has a page for itself.
        Ok(fcntl_setfl(&self.write, OFlags::DIRECT)?)
    }

    /// Has it wait only where there is no room.
    ///
    /// # Errors
    /// Where the system does not take back what it gave.
    pub fn as_there_is_room(&self) -> io::Result<()> {
        use rustix::fs::{OFlags, fcntl_setfl};
        fcntl_setfl(&self.write, OFlags::empty())?;
        // One who has many pipes may get no room for this one any more; then it takes longer.
        let _ = rustix::pipe::fcntl_setpipe_size(&self.write, 64 * 1024);
        Ok(())
    }

    /// Waits until there is something to read, or some time has passed.
    pub fn wait(&self, limit: Duration) {
        use rustix::event::{PollFd, PollFlags, poll};
        let limit = limit.try_into().ok();
        let _ = poll(&mut [PollFd::new(&self.read, PollFlags::IN)], limit.as_ref());
    }

    /// Reads what there is. Where that is nothing, it is an error: it does not wait.
    pub fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        (&self.read).read(bytes)
    }
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) enum Inherited {}

#[cfg(not(target_os = "linux"))]
impl Inherited {
    pub fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn number(&self) -> i32 {
        match *self {}
    }

    pub fn one_at_a_time(&self) -> io::Result<()> {
        match *self {}
    }

    pub fn as_there_is_room(&self) -> io::Result<()> {
        match *self {}
    }

    pub fn wait(&self, _: Duration) {
        match *self {}
    }

    pub fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn make_pipe(_: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn open_pipe(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}
