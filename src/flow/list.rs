//! `list`: the benchmarks of the work tree, without measuring any.

use std::collections::BTreeSet;

use super::check::ids_of;
use super::noise::known;
use super::project::{ProjectRequest, Setting};
use super::suites::{Against, Open, look};
use super::{FlowError, Progress};
use crate::instrument::Copies;
use crate::model::{BenchmarkId, Skipped};
use crate::store::Store;

/// What a project has.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Listing {
    /// Benchmarks in the order of their ids.
    pub benchmarks: Vec<Listed>,
    /// What was left out, with the reason.
    pub skipped: Vec<Skipped>,
}

/// A benchmark.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Listed {
    /// Which.
    pub benchmark: BenchmarkId,
    /// Nanoseconds that its verdict took when it was last measured here; `None` where it was not.
    pub cost: Option<f64>,
    /// Whether it is timed; else it is counted alone.
    pub timed: bool,
}

/// Builds the work tree's bench targets and asks them for their benchmarks.
pub fn list(request: ProjectRequest, progress: &mut dyn Progress) -> Result<Listing, FlowError> {
    let setting = Setting::open(request, progress)?;
    let head = setting.build_head(progress)?;
    let copies = Copies::new()?;
    let home = copies.folder().join("home");
    let mut suites = look(&head, Against::Nothing, &setting.looking(&home, true), progress)?;
    let (known, _) = known(&Store::open(setting.repository.root())?, &setting.environment()?.key)?;
    let cost = |benchmark: &BenchmarkId| known.get(benchmark).and_then(|noise| noise.cost);
    setting.leave_uncounted(&mut suites);
    let mut ids = ids_of(&suites);
    ids.sort();
    let counted: BTreeSet<BenchmarkId> = suites.untimed.iter().flat_map(Open::ids).collect();
    let listed = |benchmark| Listed { cost: cost(&benchmark), timed: !counted.contains(&benchmark), benchmark };
    let benchmarks = ids.into_iter().map(listed).collect();
    let mut skipped = suites.skipped;
    skipped.extend(setting.elsewhere(&head));
    skipped.sort();
    Ok(Listing { benchmarks, skipped })
}
