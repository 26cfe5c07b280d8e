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
    /// Whose benchmark it is on both sides' code, where they do not run their own each.
    pub tried: Option<Across>,
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
        matches!(&self.tried, Some(Across::OnBase { base_has }) if !base_has.contains(name))
    }

    /// Whether head's own benchmark is what is measured of head.
    pub fn is_heads_own(&self) -> bool {
        !matches!(self.tried, Some(Across::OnHead))
    }
}

/// A benchmark of one side on the other's code.
#[derive(Clone, Debug)]
pub enum Across {
    /// Head's on base's.
    OnBase {
        /// The benchmarks that base has itself.
        base_has: BTreeSet<String>,
    },
    /// Base's on head's.
    OnHead,
}

impl Across {
    /// How the reason of a row begins.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::OnBase { .. } => "head's benchmark on base's code",
            Self::OnHead => "base's benchmark on head's code",
        }
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
