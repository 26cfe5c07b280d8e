//! A report as every renderer shows it: the rows in their order, numbers in units and words, and what was compared.
//! The first sentence is made in `title`; markup and widths are the renderers' business.
//!
//! Every text in a view is on one line and without hidden characters. It still is foreign: markdown has more to escape.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::escape::{shorten, visible};
use super::sparkline::sparkline;
use super::title::{self, Part, Title};
use super::units;
use crate::model::{
    BenchmarkId, CountedChange, Culprit, Evidence, Metric, Outcome, PolicyNote, Report, Row, Unit, Verdict, short,
};

/// Columns of an id at most, where nothing else limits it.
const LONGEST_ID: usize = 120;
/// Columns of a foreign sentence at most.
const LONGEST_SENTENCE: usize = 400;
/// Columns of an id at most, where programs tell benchmarks apart by it.
const LONGEST_FULL_ID: usize = 1000;
/// Columns of a command at most: long enough for every honest one, as a cut command does not run.
const LONGEST_COMMAND: usize = 2000;

/// A whole report. Its rows are put into words one by one, as a renderer comes to them: most may never be shown.
pub(super) struct View<'a> {
    ids: Ids<'a>,
    failing: Failing,
    pub outcome: Outcome,
    pub title: Title,
    /// Rows per verdict in words.
    pub summary: String,
    /// Rows that need a reader, most significant first.
    pub rows: Vec<&'a Row>,
    /// The others.
    pub unchanged: Vec<&'a Row>,
    /// Whether there is a metric other than wall-time.
    pub metrics: bool,
    /// What was compared, where and under which policy: a label and what stands behind it.
    pub facts: Vec<(&'static str, Vec<Part>)>,
    /// What was left out, and why.
    pub skipped: Vec<(String, String)>,
    pub warnings: Vec<String>,
}

/// What a row is to the gate. In the order of what needs a reader first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// The gate fails by it.
    Failed,
    /// It could not be measured, and the gate fails by that.
    Broken,
    /// It was not held against anything, or nothing came of that.
    Open,
    /// It was held against its limits, and is within them.
    Sound,
}

/// One row. What is missing is `-`.
pub(super) struct Line {
    pub id: String,
    pub metric: Metric,
    pub base: String,
    pub head: String,
    pub change: String,
    /// Empty where there is none.
    pub interval: String,
    /// Its pairs as bars; empty where there are none.
    pub distribution: String,
    pub limit: String,
    pub evidence: &'static str,
    pub verdict: Verdict,
    /// Whether the gate fails by it.
    pub fails: bool,
    pub reason: String,
    /// How often a paired measurement was repeated.
    pub pairs: Option<String>,
    pub reproduce: Option<String>,
    /// What counting showed of it, in a sentence.
    pub counted: Option<String>,
    /// The id, where a renderer cut [`Line::id`] so far that it is not enough.
    pub spelt_out: Option<String>,
}

impl Line {
    /// Whether the numbers do not speak for themselves.
    pub fn needs_reason(&self) -> bool {
        self.fails
            || !self.verdict.is_judged()
            || matches!(self.verdict, Verdict::Inconclusive | Verdict::Accepted)
            || self.evidence == Evidence::StoredBaseline.as_str()
    }

    /// What the table shows of it besides its id and its verdict, in a line, for formats that have no columns.
    pub fn numbers(&self) -> String {
        let interval = if self.interval.is_empty() { String::new() } else { format!(" {}", self.interval) };
        let columns = [
            ("base", &self.base),
            ("head", &self.head),
            ("change", &format!("{}{interval}", self.change)),
            (if self.limit.starts_with("max") { "" } else { "limit" }, &self.limit),
            ("evidence", &self.evidence.to_owned()),
        ];
        let known = columns.into_iter().filter(|(_, text)| *text != "-");
        known.map(|(column, text)| format!("{column} {text}").trim_start().to_owned()).collect::<Vec<_>>().join(", ")
    }

    /// Why it has its verdict, with the number of its pairs; may be empty.
    pub fn reasoning(&self) -> String {
        let pairs = self.pairs.as_ref().map(|pairs| format!("({pairs})")).unwrap_or_default();
        format!("{} {pairs}", self.reason).trim().to_owned()
    }
}

/// Which benchmarks can be told by their short form.
pub(super) struct Ids<'a> {
    /// Per short form its package and target, or `None` where several share it.
    owners: HashMap<&'a str, Option<(&'a str, &'a str)>>,
}

impl<'a> Ids<'a> {
    pub fn new(rows: &'a [Row]) -> Self {
        let mut owners = HashMap::with_capacity(rows.len());
        for BenchmarkId { package, target, name } in rows.iter().map(|row| &row.benchmark) {
            let owner = Some((package.as_str(), target.as_str()));
            let known = owners.entry(name.as_str()).or_insert(owner);
            if *known != owner {
                *known = None;
            }
        }
        Self { owners }
    }

    /// The form of a row's id to show.
    pub fn short(&self, row: &Row) -> String {
        let id = &row.benchmark;
        let unique = self.owners.get(id.name.as_str()).is_some_and(Option::is_some);
        if unique && !id.name.trim().is_empty() {
            clean(&id.name, LONGEST_ID)
        } else {
            clean(&id.to_string(), LONGEST_ID)
        }
    }
}

/// Which rows the gate fails by. Some verdicts fail only by policy, and a row that does has a command to reproduce it;
/// where none has, the outcome tells.
#[derive(Clone, Copy)]
pub(super) struct Failing {
    /// Nothing else can have made the gate fail.
    removed: bool,
    /// Nothing else can have kept the run from completing.
    lost: bool,
}

impl Failing {
    pub fn new(report: &Report) -> Self {
        let slower = |row: &Row| row.verdict.is_too_slow();
        Self {
            removed: report.outcome == Outcome::Failed && !report.rows.iter().any(slower),
            lost: report.outcome == Outcome::CouldNotComplete,
        }
    }

    pub fn by(self, row: &Row) -> bool {
        match row.verdict {
            verdict if verdict.is_too_slow() => true,
            Verdict::Crashed | Verdict::TimedOut => self.lost || row.reproduce.is_some(),
            Verdict::Removed => self.removed || row.reproduce.is_some(),
            _ => false,
        }
    }
}

impl<'a> View<'a> {
    pub fn new(report: &'a Report) -> Self {
        let ids = Ids::new(&report.rows);
        let failing = Failing::new(report);
        let mut sorted: Vec<&Row> = report.rows.iter().collect();
        sorted.sort_by(|a, b| significance(a, b));
        let title = title::title(report, &sorted, &ids, failing);
        let (unchanged, rows) = sorted.into_iter().partition(|row| row.verdict == Verdict::Unchanged);
        Self {
            outcome: report.outcome,
            summary: title::summary(report),
            rows,
            unchanged,
            metrics: report.rows.iter().any(|row| row.metric != Metric::WallTime),
            facts: facts(report, &title),
            title,
            skipped: report
                .skipped
                .iter()
                .map(|skipped| (clean(&skipped.what, LONGEST_ID), clean(&skipped.reason, LONGEST_SENTENCE)))
                .collect(),
            warnings: report.warnings.iter().map(|warning| clean(warning, LONGEST_SENTENCE)).collect(),
            ids,
            failing,
        }
    }

    /// Whether the gate fails by `row`.
    pub fn fails(&self, row: &Row) -> bool {
        self.failing.by(row)
    }

    /// What `row` is to the gate.
    pub fn standing(&self, row: &Row) -> Standing {
        match row.verdict {
            Verdict::Crashed | Verdict::TimedOut if self.fails(row) => Standing::Broken,
            _ if self.fails(row) => Standing::Failed,
            verdict if !verdict.is_judged() || verdict == Verdict::Inconclusive => Standing::Open,
            _ => Standing::Sound,
        }
    }

    /// The whole id of `row`, whether or not its short form is unique.
    pub fn full_id(&self, row: &Row) -> String {
        clean(&row.benchmark.to_string(), LONGEST_FULL_ID)
    }

    /// The file in which the benchmark of `row` stands, and the line.
    pub fn source(&self, row: &Row) -> Option<(String, Option<usize>)> {
        let source = row.source.as_ref().filter(|source| !source.file.is_empty())?;
        Some((clean(&source.file, LONGEST_FULL_ID), source.line.filter(|line| *line > 0)))
    }

    /// The first sentence without markup.
    pub fn sentence(&self) -> String {
        format!("{}{}", self.title.outcome, title::plain(&self.title.rest))
    }

    /// `row` in words.
    pub fn line(&self, row: &Row) -> Line {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let finite = |value: &f64| value.is_finite();
        let (base, head) = units::pair(row.unit, row.base, row.head);
        let limit = match row.budget {
            Some(budget) if row.verdict == Verdict::OverBudget || row.evidence == Some(Evidence::AbsoluteBudget) => {
                format!("max {}", units::round(row.unit, budget))
            }
            _ => units::limit(row.limit),
        };
        let pairs = row.pairs > 0 && row.evidence == Some(Evidence::PairedMeasurement);
        let fails = self.fails(row);
        Line {
            id: self.ids.short(row),
            metric: row.metric,
            base: or_dash(base),
            head: or_dash(head),
            change: or_dash(row.change.filter(finite).map(|change| units::change(change, row.limit))),
            interval: row
                .interval
                .filter(|interval| interval.low.is_finite() && interval.high.is_finite())
                .map(|interval| units::interval(interval.low, interval.high, row.limit))
                .unwrap_or_default(),
            distribution: sparkline(&row.distribution, row.limit),
            limit: if row.verdict.is_judged() { limit } else { "-".to_owned() },
            evidence: row.evidence.map_or("-", Evidence::as_str),
            verdict: row.verdict,
            fails,
            reason: reason(row),
            pairs: pairs.then(|| units::counted(row.pairs, "pair")),
            reproduce: if fails { reproduce(row) } else { None },
            counted: row.counted.as_ref().map(|change| counted(change, row.metric)),
            spelt_out: None,
        }
    }
}

/// By how much more was counted, and which functions that is in. Rows of times have their instructions counted.
fn counted(counted: &CountedChange, metric: Metric) -> String {
    let what = match metric.unit() {
        Unit::Nanoseconds => Unit::Instructions.as_str(),
        unit => unit.as_str(),
    };
    let (base, head) = (units::count(counted.base), units::count(counted.head));
    let change = if counted.head == counted.base {
        format!("{head} {what} as before")
    } else if counted.base == 0 {
        format!("{base} → {head} {what}")
    } else {
        format!("{base} → {head} {what} ({})", units::growth(counted.base, counted.head))
    };
    let allocator = match (counted.base_allocator, counted.head_allocator) {
        (base, head) if base == head => String::new(),
        (base, head) => format!("; in the allocator {} → {}", units::count(base), units::count(head)),
    };
    let culprit =
        |culprit: &Culprit| format!("{} in {}", units::more(culprit.change), clean(&culprit.function, LONGEST_ID));
    let culprits: Vec<String> = counted.culprits.iter().map(culprit).collect();
    let colon = if culprits.is_empty() { "" } else { ": " };
    format!("{change}{colon}{}{allocator}", culprits.join(", "))
}

/// The command that reproduces `row`.
pub(super) fn reproduce(row: &Row) -> Option<String> {
    row.reproduce.as_ref().map(|command| clean(command, LONGEST_COMMAND))
}

/// What stands first: by verdict, then by the size of the change beyond the limit, then by id.
fn significance(a: &Row, b: &Row) -> Ordering {
    let beyond = |row: &Row| {
        let size = match row.verdict {
            Verdict::OverBudget => row.head.zip(row.budget).map(|(head, budget)| head / budget - 1.0),
            Verdict::Improved => row.change.map(|change| -change - row.limit),
            _ => row.change.map(|change| change - row.limit),
        };
        size.filter(|size| !size.is_nan()).unwrap_or(f64::NEG_INFINITY)
    };
    a.verdict
        .cmp(&b.verdict)
        .then_with(|| beyond(b).total_cmp(&beyond(a)))
        .then_with(|| a.benchmark.cmp(&b.benchmark))
        .then_with(|| a.metric.cmp(&b.metric))
}

/// The reason of `row`; for an undecided one with what it could have seen, as far as the reason does not say so itself.
fn reason(row: &Row) -> String {
    let reason = clean(&row.reason, LONGEST_SENTENCE);
    match row.smallest_visible_change {
        Some(visible) if row.verdict == Verdict::Inconclusive && !reason.contains("would not have been seen") => {
            let separator = if reason.is_empty() { "" } else { "; " };
            let visible = units::size(visible, row.limit);
            format!("{reason}{separator}{} would not have been seen", unseen(row, &visible))
        }
        _ => reason,
    }
}

/// What of a size below `visible` is not seen.
pub(super) fn unseen(row: &Row, visible: &str) -> String {
    if row.unit == Unit::Nanoseconds {
        format!("a slowdown below {visible}")
    } else {
        format!("less than {visible} more")
    }
}

fn facts(report: &Report, title: &Title) -> Vec<(&'static str, Vec<Part>)> {
    let text = |text: &str| Part::Text(text.to_owned());
    let commit = |commit: &str| Part::Code(visible(short(commit)));
    let mut facts = Vec::new();

    let side = |id: &Option<String>, words: Option<&str>, nothing: &str| {
        let words = words.map(|words| Part::Prose(clean(words, LONGEST_SENTENCE)));
        match (id.as_deref().map(commit), words) {
            (Some(id), Some(words)) => vec![id, text(" ("), words, text(")")],
            (id, words) => vec![id.or(words).unwrap_or_else(|| text(nothing))],
        }
    };

    let base = report.base.as_ref();
    facts.push(("base", base.map_or(vec![text("none")], |base| side(&base.commit, Some(&base.reason), "none"))));
    let mut head = side(&report.head.commit, report.head.name.as_deref(), "no commit");
    if report.head.dirty {
        head.push(text(" + uncommitted changes"));
    }
    facts.push(("head", head));
    if let Some(environment) = &report.environment {
        let rustc = environment.rustc.split(" (").next().unwrap_or_default();
        let facts_of_it = format!(
            "{}, {}, {}, {} profile, {rustc}",
            environment.cpu.trim(),
            units::counted(environment.cores, "core"),
            environment.target,
            environment.profile
        );
        facts.push(("machine", vec![Part::Prose(clean(&facts_of_it, LONGEST_SENTENCE))]));
    }
    facts.push(("policy", policy(&report.policy)));
    if let Some(shard) = &report.shard {
        let (shard, all) = (shard.partition(), units::counted(shard.benchmarks, "benchmark"));
        let (what, then) = (text(&format!("{shard}, {all} in all: ")), text(" puts all shards together"));
        facts.push(("suite", vec![what, Part::Code("cargo perfgate report".to_owned()), then]));
    }
    let said = title.rest.iter().any(|part| matches!(part, Part::Text(text) if text.contains(title::SAME_EXECUTABLE)));
    if title::all_same_executable(&report.rows) && !said {
        facts.push(("evidence", vec![text(title::SAME_EXECUTABLE)]));
    }
    facts
}

/// The limits in force, and where they stand.
pub(super) fn policy(policy: &PolicyNote) -> Vec<Part> {
    let text = |text: &str| Part::Text(text.to_owned());
    let code = |foreign: &str| Part::Code(clean(foreign, LONGEST_ID));
    let mut parts = vec![policy.file.as_deref().map_or_else(|| text("defaults"), code)];
    if let Some(environment) = &policy.environment {
        parts.extend([text(", environment "), code(environment)]);
    }
    for variable in &policy.variables {
        parts.extend([text(", "), code(variable)]);
    }
    let (limit, tolerated) = (units::limit(policy.max_regression), units::limit(policy.tolerate));
    parts.push(Part::Text(format!(": max-regression {limit}, tolerate {tolerated}")));
    parts
}

/// Foreign text made visible and no longer than `columns`. Cut first, as a name may be of any length.
fn clean(text: &str, columns: usize) -> String {
    shorten(&visible(&shorten(text, columns)), columns)
}
