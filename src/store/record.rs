//! The stored form of a run: JSON with a version, checked in both directions. Nothing here knows of git or files.

use serde::Deserialize;

use crate::model::{Measurement, Metric, RUN_FORMAT_VERSION, Run};

use super::error::{RecordError, printable};

/// No record is larger than this, in bytes; what claims to be is not read.
pub const MAX_BYTES: usize = 64 << 20;

/// The one field that every version has.
#[derive(Deserialize)]
struct Header {
    format_version: u64,
}

/// The bytes of a record: indented JSON, the same for the same run.
///
/// # Errors
/// Whatever [`decode`] would not accept again.
pub fn encode(run: &Run) -> Result<Vec<u8>, RecordError> {
    if run.format_version != RUN_FORMAT_VERSION {
        return Err(RecordError::Invalid(format!(
            "format {} cannot be written, only {RUN_FORMAT_VERSION}",
            run.format_version
        )));
    }
    check(run)?;
    let mut bytes = serde_json::to_vec_pretty(run).map_err(|e| RecordError::Malformed(printable(&e.to_string())))?;
    bytes.push(b'\n');
    if bytes.len() > MAX_BYTES { Err(RecordError::TooLarge) } else { Ok(bytes) }
}

/// Reads what [`encode`] of this or an older version wrote.
///
/// # Errors
/// Too large, no JSON of the right shape, a newer version, or values that cannot be.
pub fn decode(bytes: &[u8]) -> Result<Run, RecordError> {
    if bytes.len() > MAX_BYTES {
        return Err(RecordError::TooLarge);
    }
    let malformed = |e: serde_json::Error| RecordError::Malformed(printable(&e.to_string()));
    let version = |found: u64| match found {
        0 => Err(RecordError::Invalid("formats are counted from 1, this says 0".into())),
        found if found > u64::from(RUN_FORMAT_VERSION) => Err(RecordError::Newer { found }),
        _ => Ok(()),
    };
    let run: Run = match serde_json::from_slice(bytes) {
        Ok(run) => run,
        Err(e) => {
            // A newer form may differ in any field.
            let header: Header = serde_json::from_slice(bytes).map_err(malformed)?;
            version(header.format_version)?;
            return Err(malformed(e));
        }
    };
    // And it may as well happen to parse.
    version(run.format_version.into())?;
    check(&run)?;
    Ok(run)
}

fn check(run: &Run) -> Result<(), RecordError> {
    if run.measurements.is_empty() {
        return Err(RecordError::Invalid("it has no measurements".into()));
    }
    run.measurements.iter().try_for_each(|measurement| {
        check_values(measurement)
            .map_err(|reason| RecordError::Invalid(printable(&format!("`{}` {reason}", measurement.benchmark))))
    })?;
    let counted = run.counted.iter().flat_map(|counted| &counted.benchmarks);
    let mut metrics = counted.flat_map(|(id, counted)| counted.counts.keys().map(move |metric| (id, *metric)));
    match metrics.find(|(_, metric)| !Metric::counted().any(|counted| counted == *metric)) {
        Some((id, metric)) => Err(RecordError::Invalid(printable(&format!("`{id}` has counts of {metric}")))),
        None => Ok(()),
    }
}

fn check_values(measurement: &Measurement) -> Result<(), &'static str> {
    if measurement.estimates.is_empty() {
        return Err("has no estimates");
    }
    let summary = [measurement.q25, measurement.median, measurement.spread].map(Some);
    let noise = [measurement.layout_spread, measurement.pair_spread, measurement.cost];
    let values = || measurement.estimates.iter().chain(summary.iter().flatten()).chain(noise.iter().flatten());
    if values().any(|value| !value.is_finite()) {
        return Err("has a value that is not finite");
    }
    if values().any(|value| *value < 0.0) {
        return Err("has a value below 0");
    }
    Ok(())
}
