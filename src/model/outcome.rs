//! How a whole gate run ended, what may decide that, and the exit codes: the one place where they stand.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of a gate run over all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every row was judged, none fails.
    Passed,
    /// No row fails, some could not be judged.
    PassedWithUndecided,
    /// A row fails.
    Failed,
    /// Too much could not be judged, and the policy says that this fails.
    Inconclusive,
    /// No row was held against anything.
    NothingCompared,
    /// A benchmark crashed or hung where the policy forbids it, and nothing worse was found.
    CouldNotComplete,
}

impl Outcome {
    /// The spelling in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::PassedWithUndecided => "passed-with-undecided",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
            Self::NothingCompared => "nothing-compared",
            Self::CouldNotComplete => "could-not-complete",
        }
    }

    /// The exit code of `check`, `compare` and every command that renders their result.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Passed | Self::PassedWithUndecided => ExitCode::Passed,
            Self::Failed => ExitCode::Failed,
            Self::Inconclusive => ExitCode::Inconclusive,
            Self::NothingCompared => ExitCode::NothingCompared,
            Self::CouldNotComplete => ExitCode::CouldNotComplete,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an event does to the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// Nothing; it stands in the report.
    Pass,
    /// Passes, and the report's first sentence says so.
    Warn,
    /// Fails.
    Fail,
}

/// Exit codes of the program. A regression and a broken tool never share one.
///
/// Precedence where several apply: 2; 101 if head does not build or git or the store failed; 100; 101 for a crashed or
/// hung benchmark; 3; 4; 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// Gate passed, or the command did what was asked.
    Passed = 0,
    /// Usage or configuration error; nothing was measured.
    Usage = 2,
    /// Inconclusive, and the policy says that this fails.
    Inconclusive = 3,
    /// Nothing was compared.
    NothingCompared = 4,
    /// Gate failed.
    Failed = 100,
    /// Could not complete.
    CouldNotComplete = 101,
    /// SIGINT.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl ExitCode {
    /// All codes in ascending order.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Usage,
        Self::Inconclusive,
        Self::NothingCompared,
        Self::Failed,
        Self::CouldNotComplete,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The meaning, as `--help` and the README print it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Passed => "gate passed",
            Self::Usage => "usage or configuration error; nothing was measured",
            Self::Inconclusive => "inconclusive, and the policy says that this fails",
            Self::NothingCompared => {
                "nothing was compared (no benchmark selected, or neither a baseline nor a base that can be measured)"
            }
            Self::Failed => "gate failed: a regression, a budget exceeded, or a benchmark lost where policy forbids it",
            Self::CouldNotComplete => {
                "could not complete: head does not build, git or the store failed, a benchmark crashed or hung and nothing worse was found"
            }
            Self::Interrupted => "stopped by SIGINT",
            Self::Terminated => "stopped by SIGTERM",
        }
    }
}
