//! One run in one file, to be carried where git does not go. The form is that of a stored record.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use crate::model::{Run, short};
use crate::report::system;

use super::error::{RecordError, StoreError, printable};
use super::record::{self, MAX_BYTES};

/// Writes a run to a file, whole or not at all; an older file of that name is replaced. Runs of a dirty tree are
/// allowed here, as nothing claims that they are a commit's.
///
/// # Errors
/// Where the file cannot be written, or the run could not be read back.
pub fn export(run: &Run, path: &Path) -> Result<(), StoreError> {
    let failed = |cause: String| StoreError::Export {
        commit: printable(short(&run.revision.commit)),
        path: path.to_owned(),
        cause: printable(&cause),
    };
    let bytes = record::encode(run).map_err(|e| failed(e.to_string()))?;
    write_whole(path, &bytes).map_err(|e| failed(system(&e)))
}

/// Writes a whole file or none: beside it first, then in its place.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A pipe or a device must be written to; a rename would put a file in its place.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return fs::write(path, bytes);
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file, less the umask: temporary files are their owner's alone otherwise.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".perfgate-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Reads a file that [`export`] wrote. Whether the run is of a commit that exists is not asked.
///
/// # Errors
/// Where the file cannot be read, is larger than [`MAX_BYTES`], or holds no run of a version that is known.
pub fn read_exported(path: &Path) -> Result<Run, StoreError> {
    let failed = |cause: String| StoreError::Exported { path: path.to_owned(), cause: printable(&cause) };
    let file = File::open(path).map_err(|e| failed(e.to_string()))?;
    // What is known to be too large is not read at all.
    if file.metadata().is_ok_and(|facts| facts.len() > MAX_BYTES as u64) {
        return Err(failed(RecordError::TooLarge.to_string()));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed is read, so that too large a file is told from one that just fits.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?;
    record::decode(&bytes).map_err(|e| failed(e.to_string()))
}
