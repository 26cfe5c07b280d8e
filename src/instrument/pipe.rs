//! Pipes, through which a tool's files are read while it writes them.

use std::fs::File;
use std::io;
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
        // Others that are started meanwhile get it, too, and do nothing with it.
        fcntl_setfd(&write, FdFlags::empty())?;
        Ok(Self { read: read.into(), write })
    }

    /// By what number a program knows the end that it writes into.
    pub fn number(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&self.write)
    }

    /// Whether who writes waits each time until what was written before has been read.
    ///
    /// # Errors
    /// Where more lies in the pipe than it would have room for.
    pub fn one_at_a_time(&self, one: bool) -> io::Result<()> {
        use rustix::fs::{OFlags, fcntl_setfl};
        use rustix::pipe::fcntl_setpipe_size;
        // With this flag what is written at once has a page for itself.
        let (flags, room) = if one { (OFlags::DIRECT, 1) } else { (OFlags::empty(), 64 * 1024) };
        fcntl_setpipe_size(&self.write, room)?;
        Ok(fcntl_setfl(&self.write, flags)?)
    }

    /// Waits until there is something to read, or some time has passed.
    pub fn wait(&self, limit: Duration) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(limit.subsec_nanos()) };
        let _ = poll(&mut [PollFd::new(&self.read, PollFlags::IN)], Some(&limit));
    }
}

#[cfg(target_os = "linux")]
impl io::Read for Inherited {
    /// Where nothing lies in the pipe, that is an error: it does not wait.
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.read.read(bytes)
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

    pub fn one_at_a_time(&self, _: bool) -> io::Result<()> {
        match *self {}
    }

    pub fn wait(&self, _: Duration) {
        match *self {}
    }
}

#[cfg(not(target_os = "linux"))]
impl io::Read for Inherited {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
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
