//! The document itself: written, and read back with distrust. A saved result may come from a pull request, so what is
//! read is held to what a writer of ours could have written. Showing a report is `terminal`'s and `markdown`'s business.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::escape::{is_hidden, visible};
use crate::gate::summarise;
use crate::model::{BenchmarkId, Outcome, REPORT_FORMAT_VERSION, Report, Row};

/// Bytes that a saved result may have.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Why a text is no saved result.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Longer than [`MAX_BYTES`].
    #[error("it is larger than {} MiB, which is more than a saved result may have", MAX_BYTES >> 20)]
    TooLarge,
    /// Written by a later version.
    #[error(
        "its format version {0} is newer than {REPORT_FORMAT_VERSION}, the newest that this version of cargo-perfgate reads: update cargo-perfgate"
    )]
    TooNew(u64),
    /// A version that never was.
    #[error("its format version {0} does not exist")]
    NoVersion(u64),
    /// No JSON, or not of our shape.
    #[error("not a saved result of cargo-perfgate: {}", visible(&.0.to_string()))]
    Malformed(#[from] serde_json::Error),
    /// A number that cannot be calculated with.
    #[error("a number of `{0}` is not finite")]
    NotFinite(String),
    /// Parts of it say different things.
    #[error("it contradicts itself: {0}")]
    Contradiction(&'static str),
}

/// `report` as [`document`] writes it.
pub fn render(report: &Report) -> String {
    // Only maps with keys that are no strings and failing writers fail; there are neither.
    document(report).expect("a report is plain data")
}

/// `value` as indented JSON that ends with a newline. Characters that a terminal would act on are escaped.
///
/// # Errors
/// A value that JSON cannot express.
pub fn document(value: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string_pretty(value)?;
    let mut out = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        // Newlines are JSON's own here, those of strings are escaped already. GitHub's runner obeys `##[command]` wherever it
        // reads one.
        let command = c == '#' && out.ends_with('#');
        if c == '\n' || !(is_hidden(c) || command) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.push('\n');
    Ok(out)
}

/// Reads what [`render`] wrote, of this version or an older one.
///
/// # Errors
/// Everything that [`ParseError`] names; the caller adds which file it was.
pub fn parse(bytes: &[u8]) -> Result<Report, ParseError> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u64,
    }

    if bytes.len() > MAX_BYTES {
        return Err(ParseError::TooLarge);
    }
    // The version first: what a later one has changed would read as garbage.
    let Version { format_version } = serde_json::from_slice(bytes)?;
    if format_version > u64::from(REPORT_FORMAT_VERSION) {
        return Err(ParseError::TooNew(format_version));
    }
    if format_version == 0 {
        return Err(ParseError::NoVersion(format_version));
    }
    let report: Report = serde_json::from_slice(bytes)?;
    if let Some(shard) = &report.shard {
        let policy = [shard.policy.max_inconclusive, shard.policy.suite_max_regression];
        let pairs = shard.samples.iter().flat_map(|sample| &sample.pairs);
        if !policy.iter().chain(pairs).all(|number| number.is_finite()) {
            return Err(ParseError::NotFinite("shard".to_owned()));
        }
    }
    let policy = [report.policy.max_regression, report.policy.tolerate];
    if !policy.iter().all(|number| number.is_finite()) {
        return Err(ParseError::NotFinite("policy".to_owned()));
    }
    if let Some(row) = report.rows.iter().find(|row| !numbers(row).all(f64::is_finite)) {
        return Err(ParseError::NotFinite(row.benchmark.to_string().escape_debug().to_string()));
    }
    agrees(&report)?;
    Ok(report)
}

fn numbers(row: &Row) -> impl Iterator<Item = f64> {
    let interval = row.interval.map(|interval| [interval.low, interval.high]);
    [
        row.base,
        row.head,
        row.change,
        row.smallest_visible_change,
        row.budget,
        row.accepted,
        Some(row.limit),
        Some(row.tolerate),
    ]
    .into_iter()
    .flatten()
    .chain(interval.into_iter().flatten())
    .chain(row.distribution.iter().copied())
    .chain(row.samples.iter().flat_map(|samples| samples.base.iter().chain(&samples.head).copied()))
}

/// A result that shows failing rows and calls itself passed must not pass.
fn agrees(report: &Report) -> Result<(), ParseError> {
    if report.exit_code != report.outcome.exit_code().code() {
        return Err(ParseError::Contradiction("the exit code is not that of the outcome"));
    }
    if report.summary != summarise(&report.rows) {
        return Err(ParseError::Contradiction("the summary does not count the rows"));
    }
    let failing = report.rows.iter().any(|row| row.verdict.is_too_slow());
    if failing && report.outcome != Outcome::Failed {
        return Err(ParseError::Contradiction("a row fails, the outcome does not"));
    }
    if let Some(shard) = &report.shard {
        let partition = shard.partition();
        let own = |id: &BenchmarkId| partition.takes(id) && *id != BenchmarkId::suite();
        let mut ids = report.rows.iter().map(|row| &row.benchmark).chain(shard.samples.iter().map(|s| &s.benchmark));
        if partition.index == 0 || partition.index > partition.of || !ids.all(own) {
            return Err(ParseError::Contradiction("a benchmark is of another shard"));
        }
    }
    Ok(())
}
