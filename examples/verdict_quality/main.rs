//! Measures how good the gate's verdicts are, on benchmarks whose true differences are known (`fixtures/quality`), beside
//! what criterion itself says of the same executables.
//!
//! ```text
//! cargo run --release --example verdict_quality -- --rounds 8 --load 0,2
//! ```
//! Each round compares three variants with the base: one with known differences, one with more unrelated code, one that
//! is only built again. Results are added to files in the output folder; the table is made from all that they hold, so
//! that rounds may be run in several goes (`--start`), and `--rounds 0` prints the table again.

mod criterion;
mod load;
mod ours;
mod project;
mod record;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

use cargo_perfgate::instrument::{act_as_wrapper, install_signal_handler, interrupted};
use project::{Project, Variant};
use record::Files;

/// What went wrong, in words.
type Failed = Box<dyn std::error::Error>;

#[derive(Debug, Parser)]
struct Arguments {
    /// Rounds for each load: eight give every benchmark every difference once
    #[arg(long, default_value_t = 8)]
    rounds: usize,
    /// The number of the first round
    #[arg(long, default_value_t = 0)]
    start: usize,
    /// Background processes that spin; several numbers are several conditions
    #[arg(long, value_delimiter = ',', default_value = "0")]
    load: Vec<usize>,
    /// Where results, the project and its builds are kept
    #[arg(long, default_value = "target/verdict-quality")]
    output: PathBuf,
    /// Which rule to measure with
    #[arg(long)]
    only: Option<Only>,
    /// Rounds for each load in which criterion is asked as well: 16 s a benchmark
    #[arg(long, default_value_t = 1)]
    criterion_rounds: usize,
    /// The variants of each round
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Variant::ALL)]
    variants: Vec<Variant>,
    /// The gate's comparisons of each build
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// Only benchmarks whose id matches this regular expression
    #[arg(long)]
    filter: Option<regex::Regex>,
    /// This same difference for every benchmark, per mille, in place of the rotation
    #[arg(long, allow_negative_numbers = true)]
    all_differ_by: Option<i32>,
    /// The gate's limit, such as `3%`, in place of its default
    #[arg(long, value_name = "LIMIT")]
    max_regression: Option<String>,
    /// Measure so many pairs whatever they show, for `verdict_replay`
    #[arg(long, value_name = "PAIRS")]
    record: Option<usize>,
    /// Internal: be background load until standard input ends
    #[arg(long, hide = true)]
    spin: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    Criterion,
    Ours,
}

fn main() -> ExitCode {
    // While cargo builds the project, this program is rustc's wrapper and the linker, as the real one is.
    if let Some(code) = act_as_wrapper() {
        return code;
    }
    let arguments = Arguments::parse();
    if arguments.spin {
        return load::spin();
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failed> {
    install_signal_handler()?;
    std::fs::create_dir_all(&arguments.output)?;
    let output = arguments.output.canonicalize()?;
    let files = Files::new(&output);
    if arguments.rounds > 0 {
        let project = Project::create(&output)?;
        for &load in &arguments.load {
            for round in arguments.start..arguments.start + arguments.rounds {
                for &variant in &arguments.variants {
                    measure(arguments, &project, &files, load, round, variant)?;
                }
            }
        }
    }
    print!("{}", table::render(&files)?);
    Ok(())
}

fn measure(
    arguments: &Arguments,
    project: &Project,
    files: &Files,
    load: usize,
    round: usize,
    variant: Variant,
) -> Result<(), Failed> {
    let differences = project.commit(variant, round, arguments.all_differ_by)?;
    let clock = Instant::now();
    let wanted = |only| arguments.only.is_none_or(|wanted| wanted == only);
    let asked = ours::Asked {
        filter: arguments.filter.clone(),
        max_regression: arguments.max_regression.clone(),
        pairs: arguments.record,
    };
    eprintln!("== round {round}, {}, load {load}", variant.name());
    // Building is no part of what is measured, and would take several times as long under load.
    ours::build(project, &asked)?;
    let _load = load::Load::start(load)?;
    let context = record::Context { variant: variant.name(), load, differences: &differences };
    for _ in 0..if wanted(Only::Ours) { arguments.repeat } else { 0 } {
        files.add_ours(&ours::compare(project, &asked, &context)?)?;
    }
    if wanted(Only::Criterion) && round - arguments.start < arguments.criterion_rounds {
        for comparison in criterion::compare(project, asked.filter.as_ref(), &context)? {
            files.add_criterion(&comparison)?;
        }
    }
    if interrupted().is_some() {
        return Err("stopped by a signal".into());
    }
    eprintln!("== took {:.0} s", clock.elapsed().max(Duration::from_secs(1)).as_secs_f64());
    Ok(())
}
