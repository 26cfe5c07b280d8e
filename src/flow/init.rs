//! `init`: the first configuration file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{FlowError, file_error};
use crate::config;
use crate::workspace;

/// Writes a configuration that sets nothing and explains every key, where the project of `directory` has none. Gives its
/// path.
///
/// # Errors
/// Where there is one already, whatever it holds, and where it cannot be written.
pub fn init(directory: &Path, manifest_path: Option<&Path>) -> Result<PathBuf, FlowError> {
    let (_, root) = workspace::locate(directory, manifest_path)?;
    let path = root.join(config::DEFAULT_PATH);
    let failed = |e: std::io::Error| file_error("write", &path, e);
    let folder = path.parent().unwrap_or(&root);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(config::TEMPLATE.as_bytes()).map_err(failed)?;
    readable(file.path()).map_err(failed)?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(path),
        Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Err(FlowError::Usage(format!(
            "{} is there already, and nothing was changed\nhelp: edit it, or move it away to start from a fresh one",
            path.display()
        ))),
        Err(e) => Err(failed(e.error)),
    }
}

/// As any file that is checked in: temporary files are their owner's alone.
#[cfg(unix)]
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
