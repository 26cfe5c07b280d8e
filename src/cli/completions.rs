//! `cargo perfgate completions`.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::args::Arguments;
use super::output::print;
use crate::flow::FlowError;
use crate::model::ExitCode;

/// Completes `cargo perfgate` in bash; what clap writes completes `cargo-perfgate` alone. Cargo's own script for zsh asks
/// for the function that clap writes.
const OF_CARGO: &str = include_str!("cargo.bash");

/// What `--help` says of their use.
pub const HOW: &str = "\
Where it belongs:
  bash  in ~/.bashrc, behind other completions: source <(cargo perfgate completions bash)
  zsh   cargo perfgate completions zsh > _cargo-perfgate, in a folder of $fpath
  fish  cargo perfgate completions fish > ~/.config/fish/completions/cargo-perfgate.fish

In bash and zsh `cargo perfgate` is completed; elsewhere `cargo-perfgate`, its program, alone.";

#[derive(Debug, Args)]
pub struct CompletionsOptions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Cargo's subcommands are completed by the name of their program.
pub fn execute(options: &CompletionsOptions) -> Result<ExitCode, FlowError> {
    let mut script = Vec::new();
    generate(options.shell, &mut Arguments::command(), "cargo-perfgate", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if options.shell == Shell::Bash {
        // clap_complete 4.6 calls a program with a hyphen in two ways, and finds nothing below its subcommands.
        script = script.replace("cargo__subcmd__perfgate", "cargo__perfgate") + OF_CARGO;
    }
    print(&script)?;
    Ok(ExitCode::Passed)
}
