//! The link under which both sides' folders are shown by the same path. Only one side works at a time, and the link follows
//! it: what a benchmark reads or starts by a path that was compiled into it is its own side's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A link and the side that it has to show, by the name of its folder beside the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideLink {
    /// The link.
    pub path: PathBuf,
    /// What it has to lead to.
    pub target: &'static str,
}

impl SideLink {
    /// Points the link at its side. At no moment is there no link.
    pub fn point(&self) -> io::Result<()> {
        // Several processes of one side may be started at once, each by a thread that makes sure of the link.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        if fs::read_link(&self.path).is_ok_and(|target| target == Path::new(self.target)) {
            return Ok(());
        }
        let new = self.path.with_extension("new");
        match fs::remove_file(&new) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(self.target, &new)?;
        #[cfg(windows)]
        std::os::windows::fs::symlink_dir(self.target, &new)?;
        fs::rename(&new, &self.path)
    }
}
