//! `cargo perfgate check`.

use clap::{Args, ValueEnum};

use super::args::{BudgetOption, Common, OutputOptions, ProjectOptions};
use super::output::write_report;
use super::surroundings::ci_event;
use super::ui::Ui;
use crate::flow::check::{CheckRequest, Checked, Method, check};
use crate::flow::{FlowError, Pin, PolicyOf, ProjectRequest, write_file};
use crate::model::{ExitCode, Partition};
use crate::report;

#[derive(Debug, Args)]
pub struct CheckOptions {
    #[command(flatten)]
    project: ProjectOptions,
    #[command(flatten)]
    budget: BudgetOption,
    #[command(flatten)]
    output: OutputOptions,
    /// Commit to compare with [default: by the branch; the report says which and why]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// How to compare
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    method: MethodOption,
    /// Do not fetch what a shallow or partial clone lacks of the base, nor a baseline
    #[arg(long)]
    no_fetch: bool,
    /// Whose limits hold
    #[arg(long, value_name = "SIDE", default_value = "base")]
    policy: PolicyOption,
    /// What base takes over from head, so that nothing but the source differs; separated by commas
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pin: Vec<PinOption>,
    /// Do not store what is measured of a clean head
    #[arg(long)]
    no_store: bool,
    /// Measure the K-th of N shares of the benchmarks; `report` puts the results of all shards together
    #[arg(long, value_name = "hash:K/N")]
    partition: Option<Partition>,
    /// Leave out benches of packages where neither they nor what they depend on changed
    #[arg(long)]
    affected: bool,
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

impl CheckOptions {
    /// The positional filter, as given.
    pub fn filter(&self) -> Option<&str> {
        self.project.filter()
    }
}

pub fn execute(options: CheckOptions, common: &Common, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let (request, output) = requested(options, common)?;
    let checked = check(CheckRequest { event: ci_event(), ..request }, ui)?;
    tell(checked, &output, ui)
}

/// The request that these options make, and what is left of them.
pub fn requested(options: CheckOptions, common: &Common) -> Result<(CheckRequest, OutputOptions), FlowError> {
    let pinned = |what| options.pin.contains(&what);
    let effort = options.budget.effort();
    let pin = Pin { toolchain: pinned(PinOption::Toolchain), lock: pinned(PinOption::Lock) };
    let request = CheckRequest {
        project: ProjectRequest { effort, pin, partition: options.partition, ..options.project.request(common)? },
        head: None,
        base: options.base,
        event: None,
        method: options.method.into(),
        fetch: !options.no_fetch,
        policy: options.policy.into(),
        store: !options.no_store,
        affected: options.affected,
        usual_budget: None,
    };
    Ok((request, options.output))
}

/// Writes what was found, and gives the exit code that belongs to it.
pub fn tell(checked: Checked, output: &OutputOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    ui.finished();
    let result = checked.report;
    write_report(&result, output, ui)?;
    write_file(&checked.last, &report::json::render(&result))?;
    checked.not_stored.map_or(Ok(result.outcome.exit_code()), Err)
}
