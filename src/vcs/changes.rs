//! What is not committed, as a hash: to tell whether two dirty work trees are one.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::VcsError;
use super::repository::{Repository, path_of};
use crate::model::hexadecimal;

impl Repository {
    /// A hash of all files that differ from HEAD or are not tracked, with their content in the work tree: `except` apart,
    /// and what git ignores. `None` where there are none. Whether a change is staged makes no difference; of a submodule
    /// only that it differs is part of it.
    pub fn changes(&self, except: &Path) -> Result<Option<String>, VcsError> {
        let what = "read the uncommitted changes";
        let arguments =
            ["status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=none", "--no-renames"];
        let listed = self.run(what, &arguments)?;
        // `XY path`, each ended by a zero.
        let entries = listed.split(|byte| *byte == 0).filter_map(|entry| entry.get(3..));
        let except = except.canonicalize().unwrap_or_else(|_| except.to_owned());
        let mut changed: Vec<_> = entries.map(path_of).filter(|path| self.root.join(path) != except).collect();
        if changed.is_empty() {
            return Ok(None);
        }
        changed.sort();
        let mut hash = Sha256::new();
        for path in changed {
            let content = content(&self.root.join(&path)).map_err(|e| self.io(what, &self.root, &e))?;
            for part in [path.as_os_str().as_encoded_bytes(), &content] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        Ok(Some(hexadecimal(&hash.finalize())))
    }
}

/// What stands for the content of a path: a hash, where a link leads, or nothing where there is nothing.
fn content(path: &Path) -> io::Result<Vec<u8>> {
    let kind = match path.symlink_metadata() {
        Ok(facts) => facts.file_type(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    if kind.is_symlink() {
        return Ok(path.read_link()?.as_os_str().as_encoded_bytes().to_vec());
    }
    if !kind.is_file() {
        return Ok(b"folder".to_vec());
    }
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut Writer(&mut hash))?;
    Ok(hash.finalize().to_vec())
}

/// A hash to be written to.
struct Writer<'h>(&'h mut Sha256);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
