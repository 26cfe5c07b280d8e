//! What holds for every report, whatever its benchmarks are called.

use cargo_perfgate::gate::{Policy, conclude};
use cargo_perfgate::model::{BenchmarkId, Evidence, Interval, Outcome, Report, Row, Skipped, Verdict};
use cargo_perfgate::report::{Style, json, markdown, terminal};
use comfy_table::Table;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

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
            "1234567"
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
                reproduce,
                ..samples::row("", verdict, &reason)
            }
        },
    )
}

prop_compose! {
    fn report()(
        rows in prop::collection::vec(row(), 0..12),
        foreign in prop::collection::vec(text(), 6),
        skipped in prop::collection::vec((text(), text()), 0..4),
        warnings in prop::collection::vec(text(), 0..4),
    ) -> Report {
        let outcome = conclude(&rows, &Policy::default());
        let mut report = samples::report(outcome, rows);
        let base = report.base.as_mut().unwrap();
        base.commit = Some(foreign[0].clone());
        base.reason = foreign[1].clone();
        report.head.commit = Some(foreign[2].clone());
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
    fn json_is_read_back_as_it_was(report in report()) {
        let text = json::render(&report);
        prop_assert!(!text.contains(|c| hidden(c) && c != '\n'), "{text:?}");
        prop_assert_eq!(json::parse(text.as_bytes()).unwrap(), report);
    }
}
