//! `cargo perfgate accept`.

use std::path::PathBuf;

use clap::Args;

use super::surroundings::current_directory;
use super::ui::Ui;
use crate::flow::accept::{AcceptRequest, Place, Written, accept, prune};
use crate::flow::{FlowError, Progress};
use crate::model::{ExitCode, Metric};
use crate::report::{change, counted, limit};

#[derive(Debug, Args)]
pub struct AcceptOptions {
    /// Benchmarks that regressed in the last result, by their full ids or short forms
    #[arg(value_name = "BENCHMARK", required_unless_present = "prune")]
    benchmarks: Vec<String>,
    /// Why that is right: reviewers read it, and so does who finds it later
    #[arg(long, value_name = "TEXT", required_unless_present = "prune", value_parser = crate::config::reason)]
    reason: Option<String>,
    /// Only this metric of them [default: all that regressed]
    #[arg(long, value_name = "METRIC", value_parser = Metric::ALL.map(Metric::as_str))]
    metric: Option<String>,
    /// The largest change to accept, such as 12% [default: what was measured, with room for noise]
    #[arg(long, value_name = "SIZE", value_parser = crate::config::limit)]
    max_regression: Option<f64>,
    /// Remove acceptances and renames that have ended, since base has them, too
    #[arg(long, conflicts_with_all = ["benchmarks", "reason", "metric", "max_regression"])]
    prune: bool,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Configuration file [default: .config/perfgate.toml]
    #[arg(long, value_name = "PATH", env = "PERFGATE_CONFIG")]
    config: Option<PathBuf>,
}

pub fn execute(options: AcceptOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let directory = current_directory()?;
    let config = options.config.map(|path| directory.join(path));
    let place = Place { directory, manifest_path: options.manifest_path, config };
    if options.prune {
        let (ended, file) = prune(&place)?;
        for name in &ended {
            ui.status("Removed", name);
        }
        let done = match ended.len() {
            0 => format!("nothing in {} has ended", file.display()),
            number => format!("{} that had ended from {}", counted(number, "declaration"), file.display()),
        };
        ui.status("Pruned", &done);
        return Ok(ExitCode::Passed);
    }
    let metric = options.metric.and_then(|name| Metric::ALL.into_iter().find(|metric| metric.as_str() == name));
    let (written, file) = accept(&AcceptRequest {
        place,
        benchmarks: options.benchmarks,
        metric,
        max_regression: options.max_regression,
        reason: options.reason.unwrap_or_default(),
    })?;
    for Written { acceptance, change: measured } in &written {
        let (measured, size) = (change(*measured, acceptance.max_regression), limit(acceptance.max_regression));
        ui.status("Accepted", &format!("{} ({}): {measured}, up to {size}", acceptance.benchmark, acceptance.metric));
    }
    ui.status("Wrote", &file.display().to_string());
    ui.status("Next", "commit it with the change; it counts until that is merged");
    Ok(ExitCode::Passed)
}
