//! Executables that are asked something, and what they say before they end.

use std::time::{Duration, Instant};

use super::{FailureKind, HarnessError, Program};
use crate::instrument::{SideLink, Spawn, interrupted};

/// What is kept of a listing: more than any suite has, and no more than memory takes.
const MOST_BYTES: usize = 64 << 20;

/// Makes paths that are compiled into `program` lead to its own side.
pub(super) fn point(program: &Program) -> Result<(), HarnessError> {
    program
        .link
        .as_ref()
        .map_or(Ok(()), SideLink::point)
        .map_err(|e| start_error(program, format!("could not point the link of its side: {e}")))
}

/// That a program could not be started.
pub(super) fn start_error(program: &Program, cause: impl ToString) -> HarnessError {
    HarnessError::Start { program: program.path.display().to_string(), cause: cause.to_string() }
}

/// A process of `program` as cargo would start it.
pub(super) fn spawn(program: &Program) -> Spawn {
    let spawn = Spawn::new(&program.path, &program.directory);
    program.environment.iter().fold(spawn, |spawn, (name, value)| spawn.env(name, value))
}

/// How a program that was asked failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// By itself, or by taking too long.
    pub kind: FailureKind,
    /// What is known, in one line.
    pub detail: String,
}

/// Runs `program` as `spawn` says, and gives what it wrote to standard output where that is kept, or how it failed.
///
/// # Errors
/// Where it cannot be started, or a signal asks this program to stop.
pub(super) fn run(program: &Program, spawn: Spawn, time_out: Duration) -> Result<Result<String, Failed>, HarnessError> {
    point(program)?;
    let mut process = spawn.start().map_err(|e| start_error(program, e))?;
    let start = Instant::now();
    loop {
        if let Some(status) = process.wait(Duration::from_millis(50)) {
            let mut output = process.output();
            output.truncate(MOST_BYTES);
            let output = String::from_utf8_lossy(&output).into_owned();
            if status.success() {
                return Ok(Ok(output));
            }
            let said = said(&format!("{output}\n{}", process.error_tail()));
            let detail = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
            return Ok(Err(Failed { kind: FailureKind::Crashed, detail }));
        }
        if interrupted().is_some() {
            return Err(HarnessError::Stopped);
        }
        if start.elapsed() > time_out {
            process.kill();
            let detail = format!("did not end within its time-out of {} s", time_out.as_secs_f64());
            return Ok(Err(Failed { kind: FailureKind::TimedOut, detail }));
        }
    }
}

/// The line of a program's errors that tells most: a panic's message, else the last line.
pub(super) fn said(errors: &str) -> String {
    let lines: Vec<&str> = errors.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let panic = lines.iter().position(|line| line.contains("panicked at"));
    let line = match panic {
        // Since Rust 1.73 the message follows on a line of its own.
        Some(at) if lines[at].ends_with(':') => lines.get(at + 1).copied().unwrap_or(lines[at]),
        Some(at) => lines[at],
        None => lines.iter().rev().find(|line| !line.starts_with("note:")).copied().unwrap_or_default(),
    };
    line.chars().take(300).collect()
}
