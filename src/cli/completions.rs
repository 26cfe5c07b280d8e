//! `cargo perfgate completions`.

use clap::CommandFactory;
use clap_complete::generate;

use super::args::{Arguments, CompletionsOptions};
use super::output::print;
use crate::flow::FlowError;
use crate::model::ExitCode;

/// Cargo's subcommands are completed by the name of their program.
pub fn execute(options: &CompletionsOptions) -> Result<ExitCode, FlowError> {
    let mut script = Vec::new();
    generate(options.shell, &mut Arguments::command(), "cargo-perfgate", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Passed)
}
