//! The command line as clap reads it. Nothing of this leaves `cli`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::accept::AcceptOptions;
use super::baseline::BaselineOptions;
#[cfg(feature = "forge")]
use super::comment::CommentOptions;
use super::init::InitOptions;
use super::output::FormatOption;
use super::profile::ProfileOptions;
use super::surroundings::default_builds;
use crate::config::Overrides;
use crate::flow::check::Method;
use crate::flow::{Effort, Pin, PolicyOf, ProjectRequest};
use crate::model::{ExitCode, Partition};
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
        self.check.project.filter().filter(|_| self.command.is_none())
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
pub struct CheckOptions {
    #[command(flatten)]
    pub project: ProjectOptions,
    #[command(flatten)]
    pub budget: BudgetOption,
    #[command(flatten)]
    pub output: OutputOptions,
    /// Commit to compare with [default: by the branch; the report says which and why]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// How to compare
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    pub method: MethodOption,
    /// Do not fetch what a shallow or partial clone lacks of the base, nor a baseline
    #[arg(long)]
    pub no_fetch: bool,
    /// Whose limits hold
    #[arg(long, value_name = "SIDE", default_value = "base")]
    pub policy: PolicyOption,
    /// What base takes over from head, so that nothing but the source differs; separated by commas
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub pin: Vec<PinOption>,
    /// Do not store what is measured of a clean head
    #[arg(long)]
    pub no_store: bool,
    /// Measure the K-th of N shares of the benchmarks; `report` puts the results of all shards together
    #[arg(long, value_name = "hash:K/N")]
    pub partition: Option<Partition>,
    /// Leave out benches of packages where neither they nor what they depend on changed
    #[arg(long)]
    pub affected: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PinOption {
    /// The toolchain, whatever base's toolchain file says
    Toolchain,
    /// The lock file, and with it the versions of dependencies
    Lock,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PolicyOption {
    /// Base's: a change cannot loosen the gate that it has to pass
    Base,
    /// Head's: to try out limits
    Head,
}

impl From<PolicyOption> for PolicyOf {
    fn from(option: PolicyOption) -> Self {
        match option {
            PolicyOption::Base => Self::Base,
            PolicyOption::Head => Self::Head,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum MethodOption {
    /// The cheapest evidence that can decide
    Auto,
    /// Base and head measured in alternation
    Paired,
    /// Head measured, held against base's stored baseline; not confirmed
    Stored,
}

impl From<MethodOption> for Method {
    fn from(option: MethodOption) -> Self {
        match option {
            MethodOption::Auto => Self::Auto,
            MethodOption::Paired => Self::Paired,
            MethodOption::Stored => Self::Stored,
        }
    }
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

#[derive(Debug, Args)]
pub struct RunOptions {
    #[command(flatten)]
    pub project: ProjectOptions,
    #[command(flatten)]
    pub budget: BudgetOption,
    /// Do not store the result
    #[arg(long)]
    pub no_store: bool,
    /// Measure the K-th of N shares of the benchmarks
    #[arg(long, value_name = "hash:K/N")]
    pub partition: Option<Partition>,
    /// Write the run as JSON, as `baseline export` does
    #[arg(long, value_name = "FILE")]
    pub save_result: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CompareOptions {
    /// A commit with a stored baseline, an exported file, or a baseline that criterion saved: target/criterion@NAME
    #[arg(value_name = "BASE")]
    pub base: String,
    /// Likewise
    #[arg(value_name = "HEAD")]
    pub head: String,
    /// Configuration file [default: .config/perfgate.toml]
    #[arg(long, value_name = "PATH", env = "PERFGATE_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub environment: EnvironmentOption,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[derive(Debug, Args)]
pub struct ListOptions {
    #[command(flatten)]
    pub project: ProjectOptions,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: ListFormat,
}

#[derive(Debug, Args)]
pub struct ExplainOptions {
    #[command(flatten)]
    pub project: ProjectOptions,
    /// Commit, branch or tag to compare with [default: as for `check`]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: ListFormat,
    /// Write a flame graph of both sides: as wide as head, red where it executes more than base, blue where less
    #[arg(long, value_name = "FILE.svg")]
    pub flamegraph: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DoctorOptions {
    #[command(flatten)]
    pub project: ProjectOptions,
    #[command(flatten)]
    pub budget: BudgetOption,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// Text for people
    Human,
    /// One document
    Json,
}

#[derive(Debug, Args)]
pub struct ReportOptions {
    /// Results that `--save-result` or `--format json=FILE` wrote; shards of one run are put together
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub output: OutputOptions,
}

#[derive(Debug, Args)]
pub struct CleanOptions {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub manifest_path: Option<PathBuf>,
    /// Folder for both sides' check-outs and builds [default: one in the user's cache folder]
    #[arg(long, value_name = "DIRECTORY", env = "PERFGATE_TARGET_DIR")]
    pub target_dir: Option<PathBuf>,
    /// The builds of all projects
    #[arg(long)]
    pub all: bool,
    /// Only say what would be removed
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsOptions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
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
