//! The JSON document, and how a large markdown is cut.

use cargo_perfgate::model::{Outcome, Verdict};
use cargo_perfgate::report::{json, markdown};

use super::samples;

fn refusal(text: &str) -> String {
    json::parse(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn what_was_written_is_read_back() {
    for report in [samples::failed(), samples::undecided(), samples::nothing_compared(), samples::hostile()] {
        let text = json::render(&report);
        assert!(text.ends_with("}\n"));
        assert_eq!(json::parse(text.as_bytes()).unwrap(), report);
    }
}

#[test]
fn json_sends_nothing_to_a_terminal_that_acts() {
    let text = json::render(&samples::hostile());
    assert!(
        !text.contains(|c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}' | '\u{feff}'))
    );
    assert!(text.contains("\\u001b[31mred") && text.contains("\\u009b2J") && text.contains("\\u202etfel"));
}

#[test]
fn other_versions_are_named() {
    let text = json::render(&samples::passed());
    let newer = text.replacen("\"format_version\": 1", "\"format_version\": 4000000000000", 1);
    assert_eq!(
        refusal(&newer),
        "its format version 4000000000000 is newer than 1, the newest that this version of cargo-perfgate reads: \
         update cargo-perfgate"
    );
    // A later version may have changed everything else.
    assert!(refusal(r#"{"format_version": 2, "rows": {}}"#).contains("newer"));
    assert_eq!(refusal(r#"{"format_version": 0}"#), "its format version 0 does not exist");
}

#[test]
fn garbage_is_refused() {
    let nested = "[".repeat(100_000);
    for text in ["", "{", "null", "[]", "{}", "\u{0}", r#"{"format_version": -1}"#, r#"{"format_version": 1}"#, &nested]
    {
        assert!(refusal(text).starts_with("not a saved result of cargo-perfgate: "), "{}", refusal(text));
    }
    assert!(json::parse(b"\xff\xfe").is_err());
    assert!(json::parse(&vec![0; json::MAX_BYTES + 1]).unwrap_err().to_string().contains("more than a saved result"));
}

#[test]
fn numbers_that_are_none_are_refused() {
    let text = json::render(&samples::failed());
    for number in ["1e999", "-1e999", "NaN", "Infinity", "null", "\"5\""] {
        assert!(json::parse(text.replacen("\"limit\": 0.05", &format!("\"limit\": {number}"), 1).as_bytes()).is_err());
    }
}

#[test]
fn a_result_that_contradicts_itself_is_refused() {
    let mut passed_by_name = samples::failed();
    passed_by_name.outcome = Outcome::Passed;
    assert!(refusal(&json::render(&passed_by_name)).contains("the exit code is not that of the outcome"));
    passed_by_name.exit_code = 0;
    assert!(refusal(&json::render(&passed_by_name)).contains("a row fails, the outcome does not"));
    let mut miscounted = samples::failed();
    miscounted.summary.insert(Verdict::Regressed, 0);
    assert!(refusal(&json::render(&miscounted)).contains("the summary does not count the rows"));
}

#[test]
fn a_large_markdown_is_cut_between_rows_and_counts_what_is_missing() {
    let row = |i: usize, verdict| {
        let row = samples::paired(&format!("group/{i}|@x"), verdict, 1000.0, (20.0, 1.0), 12, "slower");
        if verdict == Verdict::Regressed { samples::failing(row) } else { row }
    };
    let mut rows: Vec<_> = (0..10_000).map(|i| row(i, Verdict::Unchanged)).collect();
    rows.extend((10_000..20_000).map(|i| row(i, Verdict::Regressed)));
    let mut report = samples::report(Outcome::Failed, rows);
    report.warnings = vec!["`@x` ".repeat(500); 500];
    let text = markdown::render(&report);
    assert!(text.len() <= markdown::MAX_BYTES && text.len() > 55_000, "{}", text.len());

    let shown = text.lines().filter(|line| line.starts_with("| <code>")).count();
    assert!(text.lines().filter(|line| line.starts_with('|')).all(|line| line.matches('|').count() == 8));
    assert!(text.lines().filter(|line| line.starts_with("| <code>")).all(|line| line.contains("**regressed**")));
    let missing: Vec<usize> = text
        .lines()
        .filter_map(|line| line.strip_prefix("… and ")?.strip_suffix(" more rows"))
        .map(|number| number.replace(',', "").parse().unwrap())
        .collect();
    assert_eq!(missing, [10_000 - shown, 10_000]);
    assert!(text.contains("</details>") && text.contains("more commands") && text.contains("more warning"));
}
