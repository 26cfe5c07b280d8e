//! The command line as clap reads it: its commands, and the options that several of them have. Nothing of this leaves `cli`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::accept::AcceptOptions;
use super::baseline::BaselineOptions;
use super::check::CheckOptions;
use super::clean::CleanOptions;
#[cfg(feature = "forge")]
use super::comment::CommentOptions;
use super::compare::CompareOptions;
use super::completions::CompletionsOptions;
use super::doctor::DoctorOptions;
use super::explain::ExplainOptions;
use super::init::InitOptions;
use super::list::ListOptions;
use super::output::FormatOption;
use super::profile::ProfileOptions;
use super::report::ReportOptions;
use super::run::RunOptions;
use super::surroundings::default_builds;
use crate::config::Overrides;
use crate::flow::{Effort, Pin, ProjectRequest};
use crate::model::ExitCode;
use crate::workspace::{CargoOptions, Selection};

#[derive(Debug, Parser)]
#[command(
    name = "cargo perfgate",
    bin_name = "cargo perfgate",
    version,
    about = "Judges a change by its benchmarks: measures base and head in alternation and fails on a regression",
    after_help = after_help(),
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    check: CheckOptions,
    #[command(flatten)]
    common: Common,
}

impl Arguments {
    /// The filter, where no command is named.
    pub fn filter_alone(&self) -> Option<&str> {
        self.check.filter().filter(|_| self.command.is_none())
    }

    /// Without a subcommand `check` is meant.
    pub fn split(self) -> (Common, Command) {
        (self.common, self.command.unwrap_or(Command::Check(self.check)))
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge the work tree against a base, print the table, exit by the verdict (the default)
    #[command(after_help = after_help())]
    Check(CheckOptions),
    /// Measure the work tree; on a clean tree store the result as the baseline of its commit
    Run(RunOptions),
    /// Compare two stored commits, exported files, or baselines that criterion saved; measures nothing
    #[command(after_help = after_help())]
    Compare(CompareOptions),
    /// List the benchmarks with what measuring them cost last, and what is skipped and why
    List(ListOptions),
    /// Say which functions account for a change, by the instructions that benchmarks execute; needs valgrind
    Explain(ExplainOptions),
    /// Show the hot functions of benchmarks, or of a program, by the instructions that they execute; needs valgrind
    Profile(ProfileOptions),
    /// Say how noisy this machine is, what can be seen on it, and what is missing
    Doctor(DoctorOptions),
    /// List, show, export, import, delete, prune and verify the stored baselines; push and pull them
    Baseline(BaselineOptions),
    /// Write what regressed in the last result into the configuration as accepted, with a reason
    Accept(AcceptOptions),
    /// Render saved results in any format, or all shards of one run as one; exits as the check that wrote them
    #[command(after_help = after_help())]
    Report(ReportOptions),
    /// Write a configuration that explains every key; workflows for CI, and a pre-push hook
    Init(InitOptions),
    /// Judge the commits that a push sends, by what git tells a pre-push hook on standard input; --affected is always on, and a
    /// push that compares nothing ends with 0. Measuring takes 90 s at most where no budget is set; builds come on top
    #[command(after_help = after_help())]
    PrePush(CheckOptions),
    /// Tell saved results in one comment on the pull request or merge request that this CI run is about
    #[cfg(feature = "forge")]
    Comment(CommentOptions),
    /// Remove check-outs and builds of this project; baselines and results stay
    Clean(CleanOptions),
    /// Print a completion script for a shell
    #[command(after_help = super::completions::HOW)]
    Completions(CompletionsOptions),
}

#[derive(Debug, Args)]
pub struct Common {
    /// Say more: unchanged rows, all functions, and why each benchmark is timed or not
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Say only results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", env = "CARGO_TERM_COLOR", default_value = "auto")]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// The heading of what cargo has as well.
const CARGO: &str = "Selection and build, as cargo has them";

#[derive(Debug, Args)]
pub struct ProjectOptions {
    /// Only benchmarks whose id matches this regular expression, as `cargo bench FILTER`
    #[arg(value_name = "FILTER", help_heading = "Arguments")]
    filter: Option<String>,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = CARGO)]
    manifest_path: Option<PathBuf>,
    /// Package to measure
    #[arg(short, long, value_name = "SPEC", help_heading = CARGO)]
    package: Vec<String>,
    /// All packages of the workspace (the default at its root)
    #[arg(long, alias = "all", help_heading = CARGO)]
    workspace: bool,
    /// Packages to leave out
    #[arg(long, value_name = "SPEC", help_heading = CARGO)]
    exclude: Vec<String>,
    /// Only this bench target
    #[arg(long, value_name = "NAME", help_heading = CARGO)]
    bench: Vec<String>,
    /// Features to enable
    #[arg(short = 'F', long, value_name = "FEATURES", help_heading = CARGO)]
    features: Vec<String>,
    /// Enable all features
    #[arg(long, help_heading = CARGO)]
    all_features: bool,
    /// Do not enable the `default` feature
    #[arg(long, help_heading = CARGO)]
    no_default_features: bool,
    /// Build with this profile [default: bench]
    #[arg(long, value_name = "PROFILE-NAME", help_heading = CARGO)]
    profile: Option<String>,
    /// Build for this target triple
    #[arg(long, value_name = "TRIPLE", help_heading = CARGO)]
    target: Option<String>,
    /// Folder for both sides' check-outs and builds [default: one in the user's cache folder]
    #[arg(long, value_name = "DIRECTORY", env = "PERFGATE_TARGET_DIR", help_heading = CARGO)]
    target_dir: Option<PathBuf>,
    /// Assert that Cargo.lock stays as it is
    #[arg(long, help_heading = CARGO)]
    locked: bool,
    /// Run without the network
    #[arg(long, help_heading = CARGO)]
    offline: bool,
    /// Configuration file [default: .config/perfgate.toml]
    #[arg(long, value_name = "PATH", env = "PERFGATE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentOption,
}

#[derive(Debug, Args)]
pub struct OutputOptions {
    /// Output format: human, markdown, html, json, junit, github, gitlab or openmetrics; `FORMAT=FILE` writes a file.
    /// Repeatable
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub format: Vec<FormatOption>,
    /// Write the result as JSON
    #[arg(long, value_name = "FILE")]
    pub save_result: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// Text for people
    Human,
    /// One document
    Json,
}

/// How long to measure.
#[derive(Debug, Args)]
pub struct BudgetOption {
    /// Measure for this long at most, builds apart, such as 90s; what is undecided then is inconclusive
    #[arg(long, value_name = "TIME", env = "PERFGATE_BUDGET", value_parser = crate::config::duration)]
    budget: Option<Duration>,
}

impl BudgetOption {
    /// What measuring may take.
    pub fn effort(&self) -> Effort {
        Effort { budget: self.budget, pairs: None }
    }
}

/// Which section of the configuration is in force.
#[derive(Debug, Args)]
pub struct EnvironmentOption {
    /// Section `[environment.NAME]` of the configuration to apply [default: `ci` where CI is set and the file has it]
    #[arg(long, value_name = "NAME", env = "PERFGATE_ENVIRONMENT")]
    environment: Option<String>,
}

impl EnvironmentOption {
    /// What is laid over the configuration.
    pub fn overrides(self) -> Overrides {
        super::surroundings::overrides(self.environment)
    }
}

impl ProjectOptions {
    /// The positional filter, as given.
    pub fn filter(&self) -> Option<&str> {
        self.filter.as_deref()
    }

    /// The request that these options make, from the current directory.
    pub fn request(self, common: &Common) -> Result<ProjectRequest, crate::flow::FlowError> {
        let directory = super::surroundings::current_directory()?;
        let filter = self.filter.as_deref().map(regex::Regex::new).transpose().map_err(|e| {
            super::usage(format!("the filter is no regular expression: {e}\nhelp: escape what is meant literally"))
        })?;
        let split = |texts: Vec<String>| -> Vec<String> {
            texts.iter().flat_map(|text| text.split([',', ' '])).filter(|f| !f.is_empty()).map(str::to_owned).collect()
        };
        Ok(ProjectRequest {
            cargo: CargoOptions {
                selection: Selection {
                    packages: self.package,
                    workspace: self.workspace,
                    exclude: self.exclude,
                    benches: self.bench,
                },
                features: split(self.features),
                all_features: self.all_features,
                no_default_features: self.no_default_features,
                profile: self.profile,
                target: self.target,
                locked: self.locked,
                offline: self.offline,
                recorder: std::env::current_exe().ok(),
                toolchain: None,
                settings: Vec::new(),
                quiet: common.quiet,
                silent: false,
            },
            manifest_path: self.manifest_path,
            config: self.config.map(|path| directory.join(path)),
            overrides: self.environment.overrides(),
            builds: self.target_dir.map_or_else(default_builds, |path| directory.join(path)),
            pin: Pin::default(),
            filter,
            partition: None,
            effort: Effort::default(),
            directory,
        })
    }
}

fn after_help() -> String {
    let codes = ExitCode::ALL.map(|code| format!("  {:>3}  {}", code.code(), code.meaning()));
    format!("Exit codes:\n{}", codes.join("\n"))
}
