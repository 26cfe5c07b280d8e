//! The gate itself, through the library.

use std::collections::BTreeMap;
use std::time::Duration;

use cargo_perfgate::flow::check::{CheckRequest, Method, check};
use cargo_perfgate::flow::{Effort, Progress, ProjectRequest, Silent, list};
use cargo_perfgate::model::{BenchmarkId, Metric, Verdict};
use cargo_perfgate::workspace::CargoOptions;

use super::Failed;
use super::project::Project;
use super::record::{Comparison, Context};

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

fn request(project: &Project, filter: Option<regex::Regex>, pairs: Option<usize>) -> Result<ProjectRequest, Failed> {
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
        filter,
        effort: Effort { budget: None, pairs },
        ..ProjectRequest::default()
    })
}

/// Builds head.
pub fn build(project: &Project, filter: Option<regex::Regex>) -> Result<(), Failed> {
    list::list(request(project, filter, None)?, &mut Silent)?;
    Ok(())
}

/// Asks the gate about the commit that is checked out; with `pairs`, it measures that many whatever they show.
pub fn compare(
    project: &Project,
    filter: Option<regex::Regex>,
    pairs: Option<usize>,
    context: &Context<'_>,
) -> Result<Vec<Comparison>, Failed> {
    let mut recorder = Recorder::default();
    let request = CheckRequest {
        project: request(project, filter, pairs)?,
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
