//! `report`: results that were saved, read back with distrust.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{FlowError, file_error};
use crate::model::Report;
use crate::report::json::{MAX_BYTES, ParseError, parse};
use crate::report::visible;

/// The last result of a project, in its folder of results.
pub(super) const LAST: &str = "last.json";

/// Reads a result that `--save-result` or `--format json=FILE` wrote.
///
/// # Errors
/// Where the file cannot be read, is too large, holds no result, or one that contradicts itself.
pub fn read(path: &Path) -> Result<Report, FlowError> {
    let refuse = |e: ParseError| {
        let written = "results are written by `cargo perfgate check --save-result FILE`";
        FlowError::Usage(format!(
            "could not read a result from {}: {}\nhelp: {written}",
            path.display(),
            visible(&e.to_string())
        ))
    };
    let file = File::open(path).map_err(|e| file_error("read", path, e))?;
    // What is known to be too large is not read at all.
    if file.metadata().is_ok_and(|facts| facts.len() > MAX_BYTES as u64) {
        return Err(refuse(ParseError::TooLarge));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed is read, so that too large a file is told from one that just fits.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| file_error("read", path, e))?;
    parse(&bytes).map_err(refuse)
}
