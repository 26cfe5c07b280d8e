//! All formats of one result: the same verdicts and numbers, and what each format's readers require.

use std::fs;
use std::process::Command;

use cargo_perfgate::model::{BenchmarkId, Outcome, Report, Row, Source, Verdict};
use cargo_perfgate::report::{Style, github, gitlab, html, json, junit, markdown, openmetrics, terminal};
use serde_json::Value;

use super::samples::{self, failing, paired, row};
use crate::fixture::{Ran, clean};

/// The rows of the terminal's table, by their cells; a cell without text is left out.
fn from_terminal(report: &Report) -> Vec<Vec<String>> {
    let text = terminal::render(report, Style { color: false, width: 250, verbose: true });
    let table = text.lines().skip_while(|line| !line.starts_with("benchmark ")).skip(1);
    table
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with(' '))
        .map(|line| {
            // Bars are the terminal's alone.
            let line = line.replace(|c| ('▁'..='█').contains(&c), " ");
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
        })
        .collect()
}

fn from_markdown(report: &Report) -> Vec<Vec<String>> {
    let text = markdown::render(report);
    let rows = text.lines().filter(|line| line.starts_with("| <code>")).map(|line| {
        let line = line.replace("<code>", "").replace("</code>", "").replace("**", "").replace(" [", " | [");
        let line: String = line.split("<br>").next().unwrap().trim_end_matches(" |").to_owned();
        line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    });
    rows.collect()
}

fn from_html(report: &Report) -> Vec<Vec<String>> {
    let page = html::render(report);
    let rows = page.lines().filter(|line| line.starts_with("<tr><th scope=\"row\">")).map(|line| {
        let texts = line.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text.trim().to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    });
    rows.collect()
}

/// The cells of a table's row as formats without columns have them.
fn sentence(cells: &[String]) -> String {
    let (interval, rest) = if cells[4].starts_with('[') { (Some(&cells[4]), &cells[5..]) } else { (None, &cells[4..]) };
    let change = interval.map_or(cells[3].clone(), |interval| format!("{} {interval}", cells[3]));
    let named =
        [("base", &cells[1]), ("head", &cells[2]), ("change", &change), ("limit", &rest[0]), ("evidence", &rest[1])];
    let known = named
        .into_iter()
        .filter(|(_, text)| *text != "-")
        .map(|(name, text)| format!("{name} {text}").replace("limit max", "max"));
    known.collect::<Vec<_>>().join(", ")
}

/// What a runner reads of a line of GitHub's commands: the level, its properties, the message.
pub fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let plain = |text: &str| {
        let text = text.replace("%0A", "\n").replace("%0D", "\r").replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    };
    let (info, message) = line.strip_prefix("::").expect(line).split_once("::").expect(line);
    let (level, properties) = info.split_once(' ').expect(line);
    let properties = properties.split(',').map(|property| property.split_once('=').expect(line));
    (level.to_owned(), properties.map(|(name, value)| (name.to_owned(), plain(value))).collect(), plain(message))
}

/// The sample of this family that has such labels.
fn metric(text: &str, family: &str, row: &Row) -> Option<String> {
    let labels = format!("{family}{{benchmark=\"{}\",metric=\"{}\",", row.benchmark, row.metric);
    let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(&labels)).collect();
    assert!(found.len() < 2, "{found:?}");
    found.first().map(|rest| rest.to_string())
}

#[test]
fn one_result_has_the_same_verdicts_and_numbers_in_every_format() {
    let report = samples::failed();
    let rows = from_terminal(&report);
    assert_eq!(rows.len(), report.rows.len());
    assert_eq!(rows, from_markdown(&report));
    assert_eq!(rows, from_html(&report));

    let read = json::parse(json::render(&report).as_bytes()).unwrap();
    let xml = junit::render(&report);
    let findings: Vec<Value> = serde_json::from_str(&gitlab::render(&report)).unwrap();
    let annotations: Vec<_> = github::render(&report).lines().map(command).collect();
    let metrics = openmetrics::render(&report);
    let (mut found, mut annotated) = (0, 0);
    for cells in &rows {
        let row = read.rows.iter().find(|row| row.benchmark.name == cells[0]).unwrap();
        let (verdict, numbers) = (cells.last().unwrap(), sentence(cells));
        assert_eq!(*verdict, row.verdict.to_string());
        if let Some(change) = row.change {
            let shown: f64 = cells[3].trim_end_matches(" %").parse().unwrap();
            assert!((shown - change * 100.0).abs() <= 0.05 + 1e-9);
        }

        let (_, case) = xml.split_once(&format!("<testcase name=\"{}\"", cells[0])).unwrap();
        let said = case.split_once("<system-out>").unwrap().1.split_once("</system-out>").unwrap().0;
        assert!(said.starts_with(&format!("{verdict}: {numbers}")), "{said} is not {verdict}: {numbers}");

        for finding in findings.iter().filter_map(|finding| finding["description"].as_str()) {
            if let Some(said) = finding.strip_prefix(&format!("{}: ", cells[0])) {
                assert!(said.starts_with(&format!("{verdict}; {numbers}")), "{said} is not {verdict}; {numbers}");
                found += 1;
            }
        }
        for (_, properties, message) in &annotations {
            if properties[0].1 == format!("{}: {verdict}", cells[0]) {
                assert!(message.starts_with(&numbers), "{message} is not {numbers}");
                annotated += 1;
            }
        }

        let evidence = row.evidence.map(|evidence| evidence.as_str()).unwrap_or_default();
        let told = metric(&metrics, "perfgate_verdict_info", row);
        assert_eq!(told, Some(format!("verdict=\"{verdict}\",evidence=\"{evidence}\"}} 1")));
        for (family, unit, value) in [
            ("perfgate_base", "ns", row.base),
            ("perfgate_head", "ns", row.head),
            ("perfgate_change", "ratio", row.change),
            ("perfgate_change_low", "ratio", row.interval.map(|interval| interval.low)),
            ("perfgate_change_high", "ratio", row.interval.map(|interval| interval.high)),
            ("perfgate_limit", "ratio", Some(row.limit)),
        ] {
            let expected = value.map(|value| format!("unit=\"{unit}\"}} {value}"));
            assert_eq!(metric(&metrics, family, row), expected, "{family}");
        }
    }
    // Two regressed, one over budget, one crashed, one removed, one undecided; on GitHub the improved one, too.
    assert_eq!((found, findings.len()), (6, 6));
    assert_eq!((annotated, annotations.len()), (7, 7));
}

#[test]
fn what_the_policy_lets_pass_is_no_failure() {
    let named = |verdict| row("a", verdict, "because");
    let cases = [
        (Outcome::Failed, failing(paired("a", Verdict::Regressed, 10.0, (9.0, 1.0), 9, "")), "<failure", "error"),
        (Outcome::Failed, failing(named(Verdict::Removed)), "<failure", "error"),
        (Outcome::CouldNotComplete, failing(named(Verdict::Crashed)), "<error", "error"),
        (Outcome::Passed, named(Verdict::Crashed), "<skipped", "warning"),
        (Outcome::Passed, named(Verdict::Removed), "<skipped", "warning"),
        (Outcome::PassedWithUndecided, named(Verdict::Inconclusive), "<skipped", "warning"),
        (Outcome::Passed, named(Verdict::BenchChanged), "<skipped", "warning"),
        (Outcome::Passed, named(Verdict::Added), "<skipped", ""),
        (Outcome::Passed, paired("a", Verdict::Improved, 10.0, (-9.0, 1.0), 9, ""), "", "notice"),
        (Outcome::Passed, paired("a", Verdict::WithinLimit, 10.0, (1.0, 1.0), 9, ""), "", ""),
        (Outcome::Passed, paired("a", Verdict::Unchanged, 10.0, (0.0, 1.0), 9, ""), "", ""),
    ];
    for (outcome, row, element, level) in cases {
        let verdict = row.verdict;
        let report = samples::report(outcome, vec![row]);
        let xml = junit::render(&report);
        for other in ["<failure", "<error", "<skipped"] {
            assert_eq!(xml.contains(other), other == element, "{verdict}: {xml}");
        }
        let commands = github::render(&report);
        let levels: Vec<String> = commands.lines().map(|line| command(line).0).collect();
        assert_eq!(levels, Vec::from_iter((!level.is_empty()).then_some(level)), "{commands}");
        let findings: Vec<Value> = serde_json::from_str(&gitlab::render(&report)).unwrap();
        let severities: Vec<&str> = findings.iter().map(|finding| finding["severity"].as_str().unwrap()).collect();
        let severity = match level {
            "error" => Some("critical"),
            "warning" => Some("minor"),
            _ => None,
        };
        assert_eq!(severities, Vec::from_iter(severity), "{verdict}");
    }
}

#[test]
fn annotations_are_few_and_the_worst_come_first() {
    let slower = |i: usize| {
        let slow = paired(&format!("slow/{i}"), Verdict::Regressed, 100.0, (10.0 + i as f64, 1.0), 12, "slower");
        failing(Row { source: Some(Source { file: "benches/a,b:c.rs".to_owned(), line: Some(7) }), ..slow })
    };
    let mut rows: Vec<Row> = (0..20).map(|i| row(&format!("gone/{i}"), Verdict::Inconclusive, "out of time")).collect();
    rows.extend((0..6).map(slower));
    rows.push(failing(row("crash", Verdict::Crashed, "killed\nby 50 %")));
    let commands = github::render(&samples::report(Outcome::Failed, rows));
    let read: Vec<_> = commands.lines().map(command).collect();
    assert_eq!(read.len(), 10);
    let titles: Vec<&str> = read.iter().map(|(_, properties, _)| properties[0].1.as_str()).collect();
    assert_eq!(titles[..2], ["slow/5: regressed", "slow/4: regressed"]);
    assert_eq!(titles[6..8], ["crash: crashed", "gone/0: inconclusive"]);
    assert_eq!((titles[9], read[9].2.as_str()), ("cargo perfgate", "and 18 more rows"));
    let place = [("file".to_owned(), "benches/a,b:c.rs".to_owned()), ("line".to_owned(), "7".to_owned())];
    assert_eq!(read[0].1[1..], place);
    assert!(commands.lines().nth(6).unwrap().contains("killed\\nby 50 %25%0Areproduce: "), "{commands}");
    assert!(commands.lines().next().unwrap().contains("file=benches/a%2Cb%3Ac.rs,line=7::"), "{commands}");

    // Where no row is to blame, the sentence is.
    let (level, _, message) = command(github::render(&samples::nothing_compared()).trim_end());
    assert_eq!((level.as_str(), message.as_str()), ("error", "nothing compared: no base to compare 2 benchmarks with"));
    assert_eq!(github::render(&samples::passed()), "");
}

#[test]
fn a_finding_of_gitlabs_is_the_same_in_the_next_run() {
    let finding = |base: f64, verdict, source: Option<&str>| {
        let source = source.map(|file| Source { file: file.to_owned(), line: None });
        let slow = Row { source, ..failing(paired("a", verdict, base, (9.0, 1.0), 9, "slower")) };
        let findings: Vec<Value> =
            serde_json::from_str(&gitlab::render(&samples::report(Outcome::Failed, vec![slow]))).unwrap();
        findings[0].clone()
    };
    let first = finding(100.0, Verdict::Regressed, None);
    assert_eq!(first["fingerprint"], finding(120.0, Verdict::Regressed, Some("benches/x.rs"))["fingerprint"]);
    assert_ne!(first["fingerprint"], finding(100.0, Verdict::TailRegressed, None)["fingerprint"]);
    assert_eq!(first["location"], serde_json::json!({"path": "my-parser::throughput", "lines": {"begin": 1}}));
    let placed = finding(1.0, Verdict::Regressed, Some("benches/x.rs"));
    assert_eq!(placed["location"], serde_json::json!({"path": "benches/x.rs", "lines": {"begin": 1}}));
}

#[test]
fn junit_names_what_was_left_out_and_where_benchmarks_stand() {
    let mut report = samples::failed();
    report.rows[0].source = Some(Source { file: "benches/throughput.rs".to_owned(), line: Some(12) });
    report.rows[1].metric = cargo_perfgate::model::Metric::Instructions;
    let xml = junit::render(&report);
    let case = "name=\"emit/small\" classname=\"my-parser::throughput\" file=\"benches/throughput.rs\" line=\"12\"";
    assert!(xml.contains(case), "{xml}");
    assert!(xml.contains("name=\"parse/large (instructions)\""), "{xml}");
    assert!(xml.contains("<testsuite name=\"left out\" tests=\"2\" disabled=\"2\""), "{xml}");
    assert!(xml.contains("its criterion `Measurement` is not time"), "{xml}");
    assert!(xml.contains("reproduce: cargo perfgate check --base 1a2b3c4d5e parse/large"), "{xml}");
}

#[test]
fn a_page_of_ten_thousand_rows_is_bounded_and_its_pictures_are_few() {
    let rows = |verdict| -> Report {
        let row = |i: usize| {
            let name = format!("package/group <{i}>/a case & its \"parameter\"/{i}");
            let change = (i % 200) as f64 / 100.0 - 1.0;
            let samples =
                paired(&name, verdict, 1000.0 + i as f64, (change, 1.0), 40, "any change is smaller than 5 %");
            if verdict == Verdict::Regressed { failing(samples) } else { samples }
        };
        samples::report(Outcome::Failed, (0..10_000).map(row).collect())
    };
    let page = html::render(&rows(Verdict::Unchanged));
    assert!(page.len() < 5_000_000, "{}", page.len());
    assert_eq!(page.matches("<tr><th scope=\"row\">").count(), 10_000);
    assert_eq!(page.matches("<svg").count(), 1);

    let page = html::render(&rows(Verdict::Regressed));
    assert!(page.len() < 5_000_000, "{}", page.len());
    let shown = page.matches("<tr><th scope=\"row\">").count();
    assert!(shown > 2_000 && page.contains("more row") == (shown < 10_000), "{shown}");
    assert_eq!(page.matches("<svg").count(), 201);
    assert!(page.trim_end().ends_with("</html>"));
}

#[test]
fn the_line_of_a_benchmark_is_the_one_that_names_it() {
    use cargo_perfgate::flow::line_of;
    let source = "let mut g = c.benchmark_group(\"count/words\");\ng.bench_function(\"large\", f);\n\
                  c.bench_function(\"split\", f);\nh.bench_function(\"small\", f);\ni.bench_function(\"small\", f);\n";
    for (name, line) in [
        ("split", Some(3)),
        ("count/words/large", Some(2)),
        ("count/words/other/1024", Some(1)),
        ("count/words/small", Some(1)),
        ("sort/large", Some(2)),
        ("small", None),
        ("", None),
        ("/", None),
        ("words", None),
    ] {
        assert_eq!(line_of(source, name), line, "{name}");
    }
}

/// The program on a saved result, with these variables.
fn run(arguments: &[&str], variables: &[(&str, &str)], folder: &std::path::Path) -> Ran {
    let mut program = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")));
    program.args(arguments).current_dir(folder).envs(variables.iter().copied());
    Ran::new(arguments, &program.output().unwrap())
}

#[test]
fn a_step_on_github_gets_annotations_and_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    let rows = (0..6_000).map(|i| {
        failing(paired(&format!("slow/{i}"), Verdict::Regressed, 1e3, (9.0, 1.0), 9, "slower than the tolerated 2 %"))
    });
    let report = samples::report(Outcome::Failed, rows.collect());
    fs::write(folder.path().join("result.json"), json::render(&report)).unwrap();
    let summary = folder.path().join("summary.md");
    fs::write(&summary, "what another command wrote").unwrap();

    let arguments = ["report", "result.json", "--format", "github", "--format", "junit=out/junit.xml"];
    let variables = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let ran = run(&arguments, &variables, folder.path());
    assert_eq!((ran.code, ran.stdout.as_str()), (100, github::render(&report).as_str()));
    assert_eq!(fs::read_to_string(folder.path().join("out/junit.xml")).unwrap(), junit::render(&report));
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("what another command wrote\n### failed: "), "{}", &text[..100]);
    assert!(text.len() > 800_000 && text.len() <= 900 * 1024, "{}", text.len());
    assert!(text.contains(" more rows\n"));

    // No room is left for a second one, and half of it would be dropped with all of the first.
    let ran = run(&arguments, &variables, folder.path());
    assert!(ran.stderr.contains("has no room left for this report"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&summary).unwrap().len(), text.len());

    let ran = run(&["report", "result.json", "--format", "github"], &[], folder.path());
    assert_eq!(ran.code, 100);
}

#[test]
fn no_format_obeys_a_name() {
    let names =
        ["::error::a", "x ::set-output name=a::b", "##[error]c", "a ##vso[task.setvariable]d", "::warning file=x::e"];
    let rows = names.map(|name| {
        failing(Row { reason: name.to_owned(), ..paired(name, Verdict::Regressed, 1e3, (9.0, 1.0), 9, "") })
    });
    let mut report = samples::report(Outcome::Failed, rows.to_vec());
    report.rows.push(Row { benchmark: BenchmarkId::new("", "", "##[group]x"), ..report.rows[0].clone() });
    report.summary = cargo_perfgate::gate::summarise(&report.rows);
    report.warnings = names.map(str::to_owned).to_vec();
    let mut texts = vec![json::render(&report), gitlab::render(&report), junit::render(&report), html::render(&report)];
    texts.extend([markdown::render(&report), openmetrics::render(&report)]);
    texts.extend([40, 80, 200].map(|width| terminal::render(&report, Style { color: false, width, verbose: true })));
    for text in texts {
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
            assert!(!["##[", "##vso["].into_iter().any(|command| line.contains(command)), "{line}");
        }
    }
    let annotations = github::render(&report);
    assert!(
        annotations.lines().all(|line| line.starts_with("::error title=") && !line.contains("##")),
        "{annotations}"
    );
}
