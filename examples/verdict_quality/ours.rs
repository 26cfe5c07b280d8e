//! The gate itself, through the library.

use std::collections::BTreeMap;
use std::time::Duration;

use cargo_perfgate::config::Overrides;
use cargo_perfgate::flow::check::{CheckRequest, Method, check};
use cargo_perfgate::flow::{Effort, Progress, ProjectRequest, Silent, list};
use cargo_perfgate::model::{BenchmarkId, Metric, Verdict};
use cargo_perfgate::workspace::CargoOptions;

use super::Failed;
use super::project::Project;
use super::record::{Comparison, Context};

/// The variable that sets the limit.
const LIMIT: &str = "PERFGATE_MAX_REGRESSION";

/// Keeps what the gate measured, by benchmark.
#[derive(Debug, Default)]
struct Recorder {
    pairs: BTreeMap<BenchmarkId, Vec<[f64; 2]>>,
    seconds: BTreeMap<BenchmarkId, f64>,
}

impl Progress for Recorder {
    fn status(&mut self, verb: &str, message: &str) {
        eprintln!("{verb:>12} {message}");
    }

    fn warn(&mut self, message: &str) {
        eprintln!("warning: {message}");
    }

    fn diagnostic(&mut self, text: &str) {
        eprintln!("{text}");
    }

    fn pair(&mut self, id: &BenchmarkId, base: f64, head: f64) {
        self.pairs.entry(id.clone()).or_default().push([base, head]);
    }

    fn decided(&mut self, id: &BenchmarkId, measuring: Duration) {
        self.seconds.insert(id.clone(), measuring.as_secs_f64());
    }
}

/// What every comparison is asked for.
#[derive(Debug)]
pub struct Asked {
    pub filter: Option<regex::Regex>,
    /// The limit, in place of the default one.
    pub max_regression: Option<String>,
    /// So many pairs, whatever they show.
    pub pairs: Option<usize>,
}

fn request(project: &Project, asked: &Asked) -> Result<ProjectRequest, Failed> {
    let cargo = CargoOptions {
        offline: true,
        locked: true,
        quiet: true,
        recorder: Some(std::env::current_exe()?),
        ..CargoOptions::default()
    };
    Ok(ProjectRequest {
        directory: project.root.clone(),
        cargo,
        builds: project.builds.clone(),
        filter: asked.filter.clone(),
        overrides: Overrides {
            variables: asked.max_regression.iter().map(|limit| (LIMIT.to_owned(), limit.clone())).collect(),
            ..Overrides::default()
        },
        effort: Effort { budget: None, pairs: asked.pairs },
        ..ProjectRequest::default()
    })
}

/// Builds head.
pub fn build(project: &Project, asked: &Asked) -> Result<(), Failed> {
    list::list(request(project, asked)?, &mut Silent)?;
    Ok(())
}

/// Asks the gate about the commit that is checked out.
pub fn compare(project: &Project, asked: &Asked, context: &Context<'_>) -> Result<Vec<Comparison>, Failed> {
    let mut recorder = Recorder::default();
    let request = CheckRequest {
        project: request(project, asked)?,
        base: Some(project.base.clone()),
        method: Method::Paired,
        store: false,
        ..CheckRequest::default()
    };
    let report = check(request, &mut recorder)?.report;
    report.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
    if let Some(red) = report.rows.iter().find(|row| row.verdict == Verdict::TailRegressed) {
        eprintln!("warning: the tail of {} is red: {}", red.benchmark.name, red.reason);
    }
    if let Some(suite) = report.rows.iter().find(|row| row.benchmark == BenchmarkId::suite()) {
        eprintln!("{:>12} the suite is {}, by {:+.2} %", "Judged", suite.verdict, suite.change.unwrap_or(0.0) * 100.0);
    }
    report
        .rows
        .into_iter()
        .filter(|row| row.metric == Metric::WallTime && row.benchmark != BenchmarkId::suite())
        .map(|row| {
            Ok(Comparison {
                true_change: context.true_change(&row.benchmark.name)?,
                pairs: recorder.pairs.remove(&row.benchmark).unwrap_or_default(),
                seconds: recorder.seconds.get(&row.benchmark).copied().unwrap_or_default(),
                benchmark: row.benchmark.name,
                variant: context.variant.to_owned(),
                load: context.load,
                verdict: row.verdict,
                change: row.change,
                interval: row.interval.map(|interval| [interval.low, interval.high]),
                smallest_visible_change: row.smallest_visible_change,
            })
        })
        .collect()
}
