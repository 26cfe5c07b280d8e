//! Where a run was measured. How these facts are found is the adapters' business.

use serde::{Deserialize, Serialize};

/// The machine and build settings of a run, as far as they bear on wall-time.
///
/// Two runs' times are comparable as stored numbers only where [`Environment::key`] agrees. The toolchain is recorded
/// but is no part of the key: a bump of it is a change worth gating.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// CPU model as the operating system names it.
    pub cpu: String,
    /// Logical cores that this process may use.
    pub cores: usize,
    /// Operating system, e.g. `linux`.
    pub os: String,
    /// Target triple of the measured executables.
    pub target: String,
    /// Cargo profile of the measured executables.
    pub profile: String,
    /// `rustc --version` of the measured executables.
    pub rustc: String,
    /// Hash of what identifies this machine; the identity itself is never stored.
    pub machine: String,
    /// Short hash over `cpu`, `cores`, `os`, `target`, `profile` and `machine`: lower-case hexadecimal.
    pub key: String,
}
