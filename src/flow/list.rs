//! `list`: the benchmarks of the work tree, without measuring any.

use super::check::ids_of;
use super::project::{ProjectRequest, Setting};
use super::suites::{Against, look};
use super::{FlowError, Progress};
use crate::instrument::Copies;
use crate::model::{BenchmarkId, Skipped};

/// What a project has.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Listing {
    /// Benchmarks in the order of their ids.
    pub benchmarks: Vec<BenchmarkId>,
    /// What was left out, with the reason.
    pub skipped: Vec<Skipped>,
}

/// Builds the work tree's bench targets and asks them for their benchmarks.
pub fn list(request: ProjectRequest, progress: &mut dyn Progress) -> Result<Listing, FlowError> {
    let setting = Setting::open(request, progress)?;
    let head = setting.build_head(progress)?;
    let copies = Copies::new()?;
    let suites = look(&head, Against::Nothing, &setting.looking(&copies.folder().join("home"), true), progress)?;
    let mut benchmarks = ids_of(&suites);
    benchmarks.sort();
    let mut skipped = suites.skipped;
    skipped.sort();
    Ok(Listing { benchmarks, skipped })
}
