//! The name of a benchmark. What a harness calls its benchmarks is the harness's own business.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A benchmark's full id, `package::target/name`, e.g. `my-parser::throughput/parse/large`.
///
/// Package and target come from cargo and hold neither `::` nor `/`; the name comes from the harness, verbatim, and
/// may hold anything: it is hostile input wherever it is shown or turned into a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BenchmarkId {
    /// Cargo package.
    pub package: String,
    /// Bench target of that package.
    pub target: String,
    /// The harness's own id, e.g. criterion's `full_id`.
    pub name: String,
}

/// A text that is not of the form `package::target/name`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no benchmark id: expected `package::target/name`")]
pub struct ParseBenchmarkIdError(pub String);

impl BenchmarkId {
    /// Joins the three parts.
    pub fn new(package: impl Into<String>, target: impl Into<String>, name: impl Into<String>) -> Self {
        Self { package: package.into(), target: target.into(), name: name.into() }
    }

    /// Whether `text` is its full id or its short form.
    pub fn is_called(&self, text: &str) -> bool {
        let full =
            || text.strip_prefix(&*self.package)?.strip_prefix("::")?.strip_prefix(&*self.target)?.strip_prefix('/');
        text == self.name || full() == Some(&*self.name)
    }

    /// What stands for all benchmarks at once. No package of cargo's can have that name.
    pub fn suite() -> Self {
        Self::new("*", "*", "geometric mean")
    }
}

impl fmt::Display for BenchmarkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}/{}", self.package, self.target, self.name)
    }
}

impl FromStr for BenchmarkId {
    type Err = ParseBenchmarkIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once("::")
            .and_then(|(package, rest)| rest.split_once('/').map(|(target, name)| Self::new(package, target, name)))
            .ok_or_else(|| ParseBenchmarkIdError(text.to_owned()))
    }
}

impl TryFrom<String> for BenchmarkId {
    type Error = ParseBenchmarkIdError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BenchmarkId> for String {
    fn from(id: BenchmarkId) -> Self {
        id.to_string()
    }
}
