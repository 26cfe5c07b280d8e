//! What holds for every report, whatever its benchmarks are called.

use cargo_perfgate::gate::{Policy, conclude};
use cargo_perfgate::model::{
    BenchmarkId, CountedChange, Culprit, Evidence, Interval, Outcome, Report, Row, SideSamples, Skipped, Source,
    Verdict,
};
use cargo_perfgate::report::{Style, github, gitlab, html, json, junit, markdown, openmetrics, terminal};
use comfy_table::Table;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::formats::command;
use super::samples;
use crate::corpora::bodies::documents::without_our_tags;

/// Text of any kind, most of it of characters that mean something to someone.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[|`<>@#&;:/.w$!*_~()\\[\\]{}\\\\'\"a-c0-9 \n\r\t-]{0,60}",
        "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}\u{300}-\u{303}\u{3164}\u{2800}解👧a ]{0,40}",
        select(vec![
            "www.evil.example",
            "https://evil.example",
            "me@evil.example",
            "</pre>",
            "-->",
            "<!--",
            "GH-1",
            "1234567",
            "</script><script>ran()</script>",
            "<img src=x onerror=ran()>",
            "\" onload=\"ran()",
            "]]>",
            "&#0;",
            "\u{fffe}\u{ffff}\u{0}",
            "::error::x",
            "x ::set-output name=a::b",
            "##[error]x",
            "##vso[task.complete]x"
        ])
        .prop_map(str::to_owned),
        Just("long/".repeat(300)),
    ]
}

fn part() -> impl Strategy<Value = String> {
    "[a-z<|@`\u{1b}\u{202e}_-]{1,12}"
}

fn row() -> impl Strategy<Value = Row> {
    let number =
        || option::of(prop_oneof![1e-3..1e12, -1.0..10.0, any::<f64>().prop_filter("finite", |x| x.is_finite())]);
    let evidence = select(vec![
        None,
        Some(Evidence::SameExecutable),
        Some(Evidence::StoredBaseline),
        Some(Evidence::PairedMeasurement),
        Some(Evidence::AbsoluteBudget),
    ]);
    let id = (part(), part(), text()).prop_map(|(package, target, name)| BenchmarkId::new(package, target, name));
    let numbers = (number(), number(), number(), number(), number(), number(), number());
    (id, select(Verdict::ALL.to_vec()), text(), option::of(text()), evidence, numbers, 0..100_usize).prop_map(
        |(benchmark, verdict, reason, reproduce, evidence, (base, head, change, low, high, visible, budget), pairs)| {
            Row {
                benchmark,
                base,
                head,
                change,
                interval: low.zip(high).map(|(low, high)| Interval { low, high }),
                smallest_visible_change: visible,
                budget,
                evidence,
                pairs,
                distribution: base.into_iter().chain(change).chain(low).collect(),
                samples: base.zip(head).map(|(base, head)| SideSamples { base: vec![base], head: vec![head, base] }),
                source: reproduce.clone().map(|file| Source { line: (pairs > 0).then_some(pairs), file }),
                counted: reproduce.clone().map(|function| CountedChange {
                    base: 1,
                    head: 2,
                    base_allocator: 1,
                    head_allocator: 2,
                    culprits: vec![Culprit { function, change: 1 }],
                }),
                reproduce,
                ..samples::row("", verdict, &reason)
            }
        },
    )
}

prop_compose! {
    fn report()(
        rows in prop::collection::vec(row(), 0..12),
        foreign in prop::collection::vec(text(), 7),
        skipped in prop::collection::vec((text(), text()), 0..4),
        warnings in prop::collection::vec(text(), 0..4),
    ) -> Report {
        let outcome = conclude(&rows, &Policy::default());
        let mut report = samples::report(outcome, rows);
        let base = report.base.as_mut().unwrap();
        base.commit = Some(foreign[0].clone());
        base.reason = foreign[1].clone();
        report.head.commit = Some(foreign[2].clone());
        report.head.name = Some(foreign[6].clone());
        report.policy.file = Some(foreign[3].clone());
        report.environment.as_mut().unwrap().cpu = foreign[4].clone();
        report.environment.as_mut().unwrap().rustc = foreign[5].clone();
        report.skipped = skipped.into_iter().map(|(what, reason)| Skipped { what, reason }).collect();
        report.warnings = warnings;
        report
    }
}

fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{3164}' | '\u{2800}')
}

/// What a page may hold; all else between angle brackets is a breach.
const ELEMENTS: [&str; 41] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "h1",
    "h2",
    "strong",
    "code",
    "ul",
    "li",
    "section",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "b",
    "i",
    "small",
    "span",
    "p",
    "div",
    "figure",
    "figcaption",
    "svg",
    "path",
    "circle",
    "text",
    "pre",
    "details",
    "summary",
    "dl",
    "dt",
    "dd",
    "bdi",
    "footer",
    "script",
];
const ATTRIBUTES: [&str; 33] = [
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "data-verdict",
    "data-v",
    "dir",
    "id",
    "scope",
    "colspan",
    "viewBox",
    "width",
    "height",
    "role",
    "aria-label",
    "font-size",
    "font-family",
    "fill",
    "d",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-dasharray",
    "stroke-linecap",
    "cx",
    "cy",
    "r",
    "x",
    "y",
    "text-anchor",
    "doctype",
];

/// Reads a page as strictly as no browser does: every element is known, has known attributes in double quotes, and is closed
/// where it has to be.
fn is_our_page(page: &str) -> Result<(), TestCaseError> {
    let mut open = Vec::new();
    // What is between these is ours, and holds no tags.
    let without = |page: String, name: &str| {
        let parts: Vec<&str> = page.split(&format!("<{name}>")).collect();
        assert_eq!(parts.len(), 2, "{name} in {page}");
        format!("{}<{name}></{name}>{}", parts[0], parts[1].split_once(&format!("</{name}>")).unwrap().1)
    };
    let page = without(without(page.to_owned(), "style"), "script");
    for piece in page.strip_prefix("<!doctype html>").unwrap().split('<').skip(1) {
        let (tag, text) = piece.split_once('>').ok_or_else(|| TestCaseError::fail(format!("<{piece}")))?;
        prop_assert!(!text.contains(['>', '"', '\'']), "{piece}");
        if let Some(name) = tag.strip_prefix('/') {
            prop_assert_eq!(open.pop(), Some(name.to_owned()));
            continue;
        }
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let name = name.trim_end_matches('/');
        prop_assert!(ELEMENTS.contains(&name), "<{tag}>");
        let mut quoted = rest.trim_end_matches('/').split('"');
        while let Some(attribute) = quoted.next().filter(|text| !text.is_empty()) {
            let attribute = attribute.trim_start().strip_suffix('=').unwrap_or("none");
            prop_assert!(ATTRIBUTES.contains(&attribute), "{attribute} in <{tag}>");
            prop_assert!(quoted.next().is_some(), "<{tag}>");
        }
        if name != "meta" && !tag.ends_with('/') {
            open.push(name.to_owned());
        }
    }
    prop_assert_eq!(open, Vec::<String>::new());
    Ok(())
}

fn columns(line: &str) -> usize {
    let mut table = Table::new();
    table.add_row([line]);
    usize::from(table.column_max_content_widths()[0])
}

proptest! {
    #[test]
    fn markdown_holds_no_markup_but_ours(report in report()) {
        let text = markdown::render(&report);
        prop_assert!(text.len() <= markdown::MAX_BYTES);
        prop_assert!(!text.contains(['@', '`']), "{text}");
        prop_assert!(!text.contains(|c| hidden(c) && c != '\n'), "{text}");
        for line in text.lines() {
            prop_assert!(matches!(line.matches('|').count(), 0 | 8), "{line}");
            prop_assert_eq!(line.contains('|'), line.starts_with('|'), "{}", line);
        }
        let rows = text.lines().filter(|line| line.starts_with("| <code>")).count();
        prop_assert_eq!(rows, report.rows.len());
        let rest = without_our_tags(&text);
        prop_assert!(!rest.contains(['<', '>']), "{rest}");
    }

    #[test]
    fn the_terminal_gets_no_control_characters_but_ours(report in report(), width in 0..250_usize, verbose: bool) {
        let plain = terminal::render(&report, Style { color: false, width, verbose });
        prop_assert!(!plain.contains(|c| hidden(c) && c != '\n'), "{plain:?}");
        let mut coloured = terminal::render(&report, Style { color: true, width, verbose });
        for code in ["0", "1", "2", "31", "32", "33"] {
            coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
        }
        let trimmed: Vec<&str> = coloured.lines().map(str::trim_end).collect();
        prop_assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
    }

    #[test]
    fn the_table_fits(names in prop::collection::vec(text(), 1..8), width in 60..220_usize) {
        let rows = names.iter().map(|name| samples::paired(name, Verdict::Improved, 1e3, (-20.0, 1.0), 12, "")).collect();
        let report = samples::report(Outcome::Passed, rows);
        let text = terminal::render(&report, Style { color: false, width, verbose: false });
        for line in text.lines().skip_while(|line| !line.starts_with("benchmark ")).take_while(|line| !line.is_empty()) {
            prop_assert!(columns(line) <= width, "{} > {width}: {line}", columns(line));
        }
    }

    #[test]
    fn a_page_holds_no_markup_but_ours(report in report()) {
        let page = html::render(&report);
        prop_assert!(!page.contains(|c| hidden(c) && c != '\n'), "{page:?}");
        is_our_page(&page)?;
        prop_assert_eq!(page.matches("<tr><th scope=\"row\">").count(), report.rows.len());
    }

    #[test]
    fn junit_is_xml_with_a_case_a_row(report in report()) {
        let text = junit::render(&report);
        prop_assert!(!text.contains(|c| hidden(c) && c != '\n'), "{text:?}");
        let read = quick_junit::Report::deserialize_from_str(&text);
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        let cases = || read.test_suites.iter().flat_map(|suite| &suite.test_cases);
        prop_assert_eq!(cases().count(), report.rows.len() + report.skipped.len());
    }

    #[test]
    fn annotations_are_commands_of_ours(report in report()) {
        let text = github::render(&report);
        prop_assert!(!text.contains(|c| hidden(c) && c != '\n'), "{text:?}");
        prop_assert!(text.lines().count() <= 10);
        for line in text.lines() {
            let (level, properties, message) = command(line);
            prop_assert!(["error", "warning", "notice"].contains(&level.as_str()), "{line}");
            prop_assert!(properties.iter().all(|(name, _)| ["title", "file", "line"].contains(&name.as_str())), "{line}");
            prop_assert!(!message.is_empty());
        }
    }

    #[test]
    fn findings_are_what_gitlab_reads(report in report()) {
        let text = gitlab::render(&report);
        prop_assert!(!text.contains(|c| hidden(c) && c != '\n'), "{text:?}");
        let findings: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        for finding in findings {
            let is_text = |key: &str| finding[key].as_str().is_some_and(|text| !text.is_empty());
            prop_assert!(["description", "check_name", "fingerprint", "severity"].into_iter().all(is_text), "{finding}");
            prop_assert!(finding["location"]["path"].is_string());
            prop_assert!(finding["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0));
        }
    }

    #[test]
    fn metrics_are_lines_of_their_form(report in report()) {
        let text = openmetrics::render(&report);
        prop_assert!(!text.contains(|c| hidden(c) && c != '\n'), "{text:?}");
        prop_assert!(text.ends_with("\n# EOF\n"));
        let form = regex::Regex::new(
            r#"^(# (TYPE|HELP) [a-z_]+ .+|# EOF|[a-z_]+(\{([a-z]+="([^"\\]|\\\\|\\")*",?)+\})? [0-9.-]+)$"#
        ).unwrap();
        for line in text.lines() {
            prop_assert!(form.is_match(line), "{line}");
        }
    }

    #[test]
    fn nothing_but_annotations_is_obeyed(report in report()) {
        let texts = [
            terminal::render(&report, Style { color: false, width: 80, verbose: true }),
            markdown::render(&report),
            html::render(&report),
            json::render(&report),
            junit::render(&report),
            gitlab::render(&report),
            openmetrics::render(&report),
        ];
        for line in texts.iter().flat_map(|text| text.lines()) {
            prop_assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
        }
    }

    #[test]
    fn json_is_read_back_as_it_was(report in report()) {
        let text = json::render(&report);
        prop_assert!(!text.contains(|c| hidden(c) && c != '\n'), "{text:?}");
        prop_assert_eq!(json::parse(text.as_bytes()).unwrap(), report);
    }
}
