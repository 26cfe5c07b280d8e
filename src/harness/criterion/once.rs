//! Whether the benchmarks of an executable work at all, without measuring any.

use std::path::Path;
use std::time::{Duration, Instant};

use super::enumerate::{point, spawn};
use crate::harness::{HarnessError, Program};
use crate::instrument::interrupted;

/// Runs every benchmark of `program` once, as criterion's test mode does, and says whether all went well.
pub fn runs_once(program: &Program, home: &Path, time_out: Duration) -> Result<bool, HarnessError> {
    point(program)?;
    let command = spawn(program, &program.path, home).args(["--bench", "--test"]);
    let start = Instant::now();
    let mut process = command
        .start()
        .map_err(|e| HarnessError::Start { program: program.path.display().to_string(), cause: e.to_string() })?;
    loop {
        if let Some(status) = process.wait(Duration::from_millis(50)) {
            return Ok(status.success());
        }
        if interrupted().is_some() {
            return Err(HarnessError::Stopped);
        }
        if start.elapsed() > time_out {
            process.kill();
            return Ok(false);
        }
    }
}
