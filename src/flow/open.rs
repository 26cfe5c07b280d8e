//! Executables of which benchmarks are to be measured or counted.

use std::collections::{BTreeMap, BTreeSet};

use super::FlowError;
use super::suites::identity;
use crate::harness::Harness;
use crate::harness::criterion::Suite;
use crate::instrument::Relink;
use crate::model::BenchmarkId;
use crate::workspace::BenchExecutable;

/// An executable with benchmarks to measure or to count.
#[derive(Debug)]
pub struct Open {
    /// Its package.
    pub package: String,
    /// Its target.
    pub target: String,
    /// The executables; how they are timed has a meaning only where their harness is.
    pub suite: Suite,
    /// Those benchmarks.
    pub names: Vec<String>,
    /// Harness and version.
    pub harness: String,
    /// What the harness of both sides can do.
    pub able: Harness,
    /// Where base's executable comes from, if there is one.
    pub base_origin: Option<Origin>,
    /// Where head's executable comes from.
    pub head_origin: Origin,
    /// Where base's executable is head's benchmark on base's code: the benchmarks that base has itself.
    pub tried: Option<BTreeSet<String>>,
    /// What base calls its benchmarks, where they were renamed.
    pub renamed: BTreeMap<String, BenchmarkId>,
}

impl Open {
    /// The id of one of its benchmarks.
    pub fn id(&self, name: &str) -> BenchmarkId {
        BenchmarkId::new(&self.package, &self.target, name)
    }

    /// The ids of its benchmarks.
    pub fn ids(&self) -> impl Iterator<Item = BenchmarkId> {
        self.names.iter().map(|name| self.id(name))
    }

    /// Whether base lacks one of its benchmarks.
    pub fn is_new(&self, name: &str) -> bool {
        self.tried.as_ref().is_some_and(|base_has| !base_has.contains(name))
    }
}

/// Where an executable comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Identity of the executable.
    pub identity: String,
    /// The record of its link, where there is one.
    pub relink: Option<Relink>,
}

impl Origin {
    pub(super) fn of(executable: &BenchExecutable) -> Result<Self, FlowError> {
        Ok(Self { identity: identity(executable)?.to_owned(), relink: executable.relink.clone() })
    }
}
