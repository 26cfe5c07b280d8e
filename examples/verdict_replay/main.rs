//! Replays recorded pairs through the rule that gives verdicts, many thousand times: how often is a whole suite falsely
//! red, how often is a true change found, after how many pairs. Made-up distributions stand beside the recorded ones.
//!
//! ```text
//! cargo run --release --example verdict_replay -- target/verdict-quality/traces.jsonl --suites 100000
//! ```
//! The same seed and options give the same numbers, on any number of cores.

mod fitted;
mod rules;
mod simulate;
mod source;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use rules::Rule;
use simulate::Plan;
use source::{Shape, Source, Traces};

/// What went wrong, in words.
type Failed = Box<dyn std::error::Error>;

#[derive(Debug, Parser)]
struct Arguments {
    /// Recorded comparisons, as `verdict_quality` writes them; without any, only made-up distributions are used
    traces: Vec<PathBuf>,
    /// Suites without a true change above the tolerated one, for each source and change
    #[arg(long, default_value_t = 1000)]
    suites: u64,
    /// Comparisons for each source and true change, where power is measured
    #[arg(long, default_value_t = 2000)]
    comparisons: u64,
    /// Benchmarks in a suite
    #[arg(long, default_value_t = 300)]
    rows: usize,
    /// Standard deviations of a pair for the made-up distributions
    #[arg(long, value_delimiter = ',', default_value = "0.01,0.025,0.05,0.08")]
    spreads: Vec<f64>,
    /// `max-regression`, a plain ratio
    #[arg(long, default_value_t = 0.05)]
    limit: f64,
    /// Only pairs from sources whose name contains this
    #[arg(long, default_value = "")]
    source: String,
    /// Only rules whose name contains this
    #[arg(long, default_value = "")]
    rule: String,
    /// Where random numbers start
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failed> {
    let mut sources = Vec::new();
    if !arguments.traces.is_empty() {
        let traces = Traces::read(&arguments.traces)?;
        println!("{} recorded comparisons, {} pairs.\n", traces.comparisons(), traces.pairs());
        println!("{}", traces.describe());
        sources.extend(traces.sources());
    }
    for spread in &arguments.spreads {
        for shape in Shape::ALL {
            sources.push(Source::simulated(shape, *spread));
        }
    }
    sources.retain(|source| source.name.contains(&arguments.source));
    let rules = rules::all(arguments.rows, arguments.limit);
    let rules: Vec<&dyn Rule> =
        rules.iter().map(AsRef::as_ref).filter(|r| r.name().contains(&arguments.rule)).collect();
    let plan = Plan {
        suites: arguments.suites,
        comparisons: arguments.comparisons,
        rows: arguments.rows,
        seed: arguments.seed,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    println!("{}", table::HEAD);
    for source in &sources {
        for rule in &rules {
            println!("{}", table::line(source, *rule, &simulate::all(&plan, source, *rule)));
        }
    }
    Ok(())
}
