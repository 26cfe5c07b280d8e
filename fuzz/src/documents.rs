//! Documents of our own that come from other machines: records, exported runs, saved results and ids. A zero byte ends
//! each. Where the first byte is 1, the numbers in them: 8 bytes each.

use cargo_perfgate::flow::compare::report_of;
use cargo_perfgate::flow::screening;
use cargo_perfgate::gate::{Policy, conclude, summarise};
use cargo_perfgate::model::{
    BenchmarkId, Controls, Environment, Evidence, HeadSide, Interval, Measurement, Metric, REPORT_FORMAT_VERSION,
    RUN_FORMAT_VERSION, Report, Revision, Row, Run, Unit, Verdict,
};
use cargo_perfgate::profile::{changes, crate_and_module, read_callgrind, read_closely, read_symbols, stacks};
use cargo_perfgate::report::{
    Style, flamegraph, github, gitlab, html, json, junit, markdown, openmetrics, run as shown, terminal, visible,
};
use cargo_perfgate::store::{RecordId, decode, encode};

use super::acts;

/// Reads each as everything that it may be; compares the runs, renders the results.
pub fn run(data: &[u8]) {
    if let Some((1, numbers)) = data.split_first() {
        let numbers: Vec<f64> =
            numbers.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).filter(|n| n.is_finite()).collect();
        measured(&numbers);
        return judged(&numbers);
    }
    let mut runs: Vec<Run> = Vec::new();
    for document in data.split(|byte| *byte == 0) {
        match decode(document) {
            Ok(run) => {
                record(&run);
                runs.push(run);
            }
            Err(error) => assert!(!error.to_string().contains(acts), "{error:?}"),
        }
        match json::parse(document) {
            Ok(report) => rendered(&report),
            Err(error) => assert!(!error.to_string().contains(acts), "{error:?}"),
        }
        let text = String::from_utf8_lossy(document);
        id(&text);
        counted(&text);
    }
    // Few: each pair costs what a document costs.
    runs.truncate(3);
    for base in &runs {
        for head in &runs {
            for auto in [false, true] {
                let policy = Policy { auto, ..Policy::default() };
                let report = report_of(base, head, "\u{1b}[31mbase", vec![head.started.clone()], &policy);
                rendered(&report);
            }
            let _ = base.controls.and(head.controls);
        }
    }
}

/// Two runs of these estimates, of one benchmark.
fn measured(numbers: &[f64]) {
    let Some((noise, estimates)) = numbers.split_at_checked(2) else { return };
    let (base, head) = estimates.split_at(estimates.len() / 2);
    let [base, head] = [base, head].map(|side| {
        let estimates: Vec<f64> = side.iter().map(|number| number.abs()).collect();
        let value = estimates.first().copied().unwrap_or(1.0);
        let measurement = Measurement {
            benchmark: BenchmarkId::new("a", "b", "c"),
            harness: String::new(),
            metric: Metric::WallTime,
            unit: Unit::Nanoseconds,
            q25: value,
            median: value,
            spread: value,
            estimates,
            executable: side.len().to_string(),
            layout_spread: Some(noise[0].abs()),
            pair_spread: Some(noise[1].abs()),
            cost: None,
        };
        Run {
            format_version: RUN_FORMAT_VERSION,
            revision: Revision { commit: String::new(), dirty: false },
            environment: Environment::default(),
            started: String::new(),
            whole: true,
            measurements: vec![measurement],
            controls: Controls::default(),
            counted: None,
        }
    });
    if encode(&base).is_ok() && encode(&head).is_ok() {
        record(&base);
        rendered(&report_of(&base, &head, "", Vec::new(), &Policy::default()));
    }
}

/// Rows of these numbers.
fn judged(numbers: &[f64]) {
    let rows = numbers.as_chunks().0.iter().take(8).enumerate();
    let rows: Vec<Row> = rows
        .map(|(i, &[base, head, change, low, high, visible, limit, budget])| Row {
            benchmark: BenchmarkId::new("a", "b", i.to_string()),
            harness: String::new(),
            metric: Metric::WallTime,
            unit: Unit::Nanoseconds,
            base: Some(base),
            head: Some(head),
            change: Some(change),
            interval: Some(Interval { low, high }),
            smallest_visible_change: Some(visible),
            limit,
            tolerate: limit,
            budget: (i % 2 == 0).then_some(budget),
            accepted: None,
            verdict: Verdict::ALL[budget.to_bits() as usize % Verdict::ALL.len()],
            evidence: Some(if i % 3 == 0 { Evidence::AbsoluteBudget } else { Evidence::PairedMeasurement }),
            reason: String::new(),
            pairs: i,
            distribution: vec![change, low, high],
            counted: None,
            reproduce: None,
            samples: None,
            source: None,
        })
        .collect();
    let policy = Policy::default();
    let outcome = conclude(&rows, &policy);
    rendered(&Report {
        format_version: REPORT_FORMAT_VERSION,
        tool: String::new(),
        outcome,
        exit_code: outcome.exit_code().code(),
        base: None,
        head: HeadSide { commit: None, dirty: true, changes: None, name: None },
        environment: None,
        policy: policy.note(),
        summary: summarise(&rows),
        rows,
        skipped: Vec::new(),
        warnings: Vec::new(),
        controls: Controls::default(),
        shard: None,
    });
}

fn record(run: &Run) {
    let again = encode(run).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(decode(&again).as_ref(), Ok(run));
    let text = shown::render(run);
    assert!(!text.contains(acts), "{text:?}");
}

fn rendered(report: &Report) {
    let saved = json::render(report);
    assert!(!saved.contains(acts), "{saved:?}");
    let again = json::parse(saved.as_bytes()).unwrap_or_else(|error| panic!("{error}: {saved}"));
    assert_eq!(again, *report);
    for (width, verbose) in [(0, true), (40, false), (80, true), (200, false)] {
        let plain = terminal::render(report, Style { color: false, width, verbose });
        assert!(!plain.contains(acts), "{plain:?}");
        let mut coloured = terminal::render(report, Style { color: true, width, verbose });
        for code in ["0", "1", "2", "31", "32", "33"] {
            coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert!(coloured.lines().map(str::trim_end).eq(plain.lines()), "{coloured}\n{plain}");
    }
    marked(&markdown::render(report), report);
    for render in [html::render, junit::render, github::render, gitlab::render, openmetrics::render] {
        let text = render(report);
        assert!(!text.contains(acts), "{text:?}");
    }
}

/// The tags that the markdown may hold; everything else between angle brackets is a breach.
const MARKUP: [&str; 12] = [
    "<code>",
    "</code>",
    "<br>",
    "<sub>",
    "</sub>",
    "<pre>",
    "</pre>",
    "<details>",
    "</details>",
    "<summary>",
    "</summary>",
    "<!-- -->",
];

fn marked(text: &str, report: &Report) {
    assert!(text.len() <= markdown::MAX_BYTES, "{} bytes", text.len());
    assert!(!text.contains(|c| acts(c) || matches!(c, '@' | '`')), "{text}");
    let rows = text.lines().filter(|line| line.starts_with("| <code>")).count();
    assert!(rows == report.rows.len() || text.contains(" more row"), "{text}");
    for line in text.lines() {
        assert!(matches!(line.matches('|').count(), 0 | 8 | 9), "{line}");
        assert_eq!(line.contains('|'), line.starts_with('|'), "{line}");
    }
    let rest = without_our_tags(text);
    assert!(!rest.contains(['<', '>']), "{rest}");
}

/// The text without the tags that a report is written with.
pub fn without_our_tags(text: &str) -> String {
    MARKUP.iter().fold(text.to_owned(), |rest, tag| rest.replace(tag, ""))
}

/// A file of callgrind's, of which nothing is larger than the whole.
fn counted(text: &str) {
    if let Ok(symbols) = read_symbols(text) {
        assert!(symbols.len() <= text.lines().count());
    }
    if let Some(known) = screening::decode(text.as_bytes()) {
        assert_eq!(screening::decode(&screening::encode(&known)), Some(known));
    }
    match read_callgrind(text) {
        Ok(mut profile) => {
            assert!(profile.functions.values().all(|cost| cost.inclusive <= profile.total), "{profile:?}");
            let again = profile.clone();
            profile.add(&again);
            assert!(changes(&again, &profile).iter().all(|change| change.own() >= 0), "{profile:?}");
            profile.without(|name| name.len() % 2 == 0);
        }
        Err(error) => assert!(error.line <= text.lines().count(), "{error}"),
    }
    if let Ok(profile) = read_closely(text) {
        let own = profile.functions.values().fold(0, |sum, cost| sum + u128::from(cost.own));
        let stacks = stacks([&profile]);
        let drawn = stacks.values().fold(0, |sum, [own]| sum + u128::from(*own));
        assert!(drawn == own || own > u128::from(u64::MAX), "{profile:?}: {stacks:?}");
        for function in profile.functions.keys() {
            let of = crate_and_module(&function.name);
            assert!(of.is_none_or(|(name, module)| module.starts_with(name)), "{function:?}: {of:?}");
        }
        if let Ok(Some(picture)) = flamegraph::render(&stacks, text) {
            assert!(!picture.contains(|c| acts(c) && c != '\n'), "{stacks:?}");
        }
    }
}

fn id(text: &str) {
    if let Ok(id) = text.parse::<RecordId>() {
        assert_eq!(id.to_string(), text);
        assert!(text.is_ascii());
    }
    if let Ok(id) = text.parse::<BenchmarkId>() {
        assert_eq!(id.to_string(), text);
        assert!(!visible(text).contains(|c| acts(c) || c == '\n'));
    }
}
