//! Whether the benchmarks of an executable work at all, without measuring any.

use std::path::Path;
use std::time::Duration;

use super::enumerate::spawn;
use crate::harness::asked::run;
use crate::harness::{HarnessError, Program};

/// Runs every benchmark of `program` once, as criterion's test mode does, and says whether all went well.
pub fn runs_once(program: &Program, home: &Path, time_out: Duration) -> Result<bool, HarnessError> {
    let spawn = spawn(program, &program.path, home).args(["--bench", "--test"]);
    Ok(run(program, spawn, time_out)?.is_ok())
}
