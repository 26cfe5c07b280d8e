//! Files as `init` writes them: whole or not at all, and never over what is there.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::super::{FlowError, file_error};

/// Larger files of the user's are not looked into, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// A file to be written where none is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its absolute path.
    pub path: PathBuf,
    /// All of its content.
    pub text: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    New,
    /// One was there, and stays.
    There,
}

impl NewFile {
    /// Writes it, unless there is one.
    pub fn write(&self) -> Result<Written, FlowError> {
        match put(&self.path, &self.text, None, false) {
            Ok(()) => Ok(Written::New),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(Written::There),
            Err(e) => Err(file_error("write", &self.path, e)),
        }
    }

    /// Whether another one stands in its place.
    pub fn is_another(&self) -> Result<bool, FlowError> {
        Ok(read(&self.path)?.is_some_and(|text| text != self.text))
    }

    /// The error that one is there.
    pub fn occupied(&self) -> FlowError {
        FlowError::Usage(format!(
            "{} is there already, and nothing was changed\nhelp: edit it, or move it away to start from a fresh one",
            self.path.display()
        ))
    }
}

/// The text of a file; `None` where there is none.
pub fn read(path: &Path) -> Result<Option<String>, FlowError> {
    let mut text = String::new();
    match fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text)) {
        Ok(_) => Ok(Some(text)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(file_error("read", path, e)),
    }
}

/// Writes a whole file, and the folders above it; `over` one that is there, or not. Without `permissions` it is what any
/// file is that is checked in.
pub fn put(path: &Path, text: &str, permissions: Option<Permissions>, over: bool) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    // Temporary files are their owner's alone.
    if let Some(permissions) = permissions.or(mode(0o644)) {
        fs::set_permissions(file.path(), permissions)?;
    }
    let kept = if over { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map(drop).map_err(|e| e.error)
}

/// Permissions by their bits; `None` where the system has others.
#[cfg(unix)]
pub fn mode(bits: u32) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(bits))
}

#[cfg(not(unix))]
pub fn mode(_: u32) -> Option<Permissions> {
    None
}
