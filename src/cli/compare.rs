//! `cargo perfgate compare`.

use std::path::PathBuf;

use clap::Args;

use super::args::{EnvironmentOption, OutputOptions};
use super::output::write_report;
use super::surroundings::current_directory;
use super::ui::Ui;
use crate::flow::FlowError;
use crate::flow::compare::{CompareRequest, compare};
use crate::model::ExitCode;

#[derive(Debug, Args)]
pub struct CompareOptions {
    /// A commit with a stored baseline, an exported file, or a baseline that criterion saved: target/criterion@NAME
    #[arg(value_name = "BASE")]
    base: String,
    /// Likewise
    #[arg(value_name = "HEAD")]
    head: String,
    /// Configuration file [default: .config/perfgate.toml]
    #[arg(long, value_name = "PATH", env = "PERFGATE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentOption,
    #[command(flatten)]
    output: OutputOptions,
}

pub fn execute(options: CompareOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let directory = current_directory()?;
    let config = options.config.map(|path| directory.join(path));
    let overrides = options.environment.overrides();
    let report = compare(&CompareRequest { directory, config, overrides, base: options.base, head: options.head })?;
    write_report(&report, &options.output, ui)?;
    Ok(report.outcome.exit_code())
}
