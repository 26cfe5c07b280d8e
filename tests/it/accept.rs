//! Regressions that are meant: accepted by the change that brings them, red beyond what was accepted, and over once base
//! has them.

use std::fs;

use cargo_perfgate::gate::summarise;
use cargo_perfgate::model::{Evidence, Report, Row, Verdict};
use cargo_perfgate::report::json;

use crate::fixture::Fixture;
use crate::report::samples;

const CONFIG: &str = ".config/perfgate.toml";
const LAST: &str = "target/perfgate/last.json";
const ADLER: &str = "checksum/adler32/4096";
const WHY: &str = "twice checked <b>now</b>";

fn last(fixture: &Fixture) -> Report {
    json::parse(&fs::read(fixture.root.join(LAST)).unwrap()).unwrap()
}

fn row(fixture: &Fixture, name: &str) -> Row {
    last(fixture).rows.into_iter().find(|row| row.benchmark.name == name).unwrap()
}

fn has_warning(fixture: &Fixture, says: &str) {
    let warnings = last(fixture).warnings;
    assert!(warnings.iter().any(|warning| warning.contains(says)), "{says}: {warnings:?}");
}

/// A fixture on whose branch `adler32` takes three times as long as on `main`, all committed and judged.
pub fn until_it_is_merged(fixture: &Fixture) {
    let check = |code: i32| {
        let ran = fixture.perfgate(&["check", "--offline", "adler32"]);
        assert_eq!(ran.code, code);
        ran
    };
    let accept = ["accept", ADLER, "--reason", WHY];
    check(100);
    let ran = fixture.perfgate(&accept);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("Accepted textkit::checksum/checksum/adler32/4096 (wall-time): +"), "{}", ran.stderr);
    let ran = check(0);
    assert!(ran.stdout.starts_with("passed, 1 accepted\n"), "{}", ran.stdout);
    let accepted = row(fixture, ADLER);
    assert_eq!((accepted.verdict, accepted.evidence), (Verdict::Accepted, Some(Evidence::PairedMeasurement)));
    assert!(accepted.reason.ends_with(&format!(" %: \"{WHY}\"")), "{}", accepted.reason);
    assert!(accepted.change.is_some_and(|change| change > 1.0), "{:?}", accepted.change);
    has_warning(fixture, "head's configuration accepts, until it is merged: `textkit::checksum/checksum/adler32/4096`");
    // What is accepted already is not accepted again, and neither is a state that nobody judged.
    assert_eq!(fixture.perfgate(&accept).code, 2);
    fixture.commit("accepted");
    let ran = fixture.perfgate(&accept);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the last result is of") && ran.stderr.contains("HEAD is"), "{}", ran.stderr);

    // Slower still, by far more than was accepted.
    let fast = fixture.read("src/checksum.rs");
    let call = "once(std::hint::black_box(bytes)) & ";
    let slower = fast.replacen(call, &call.repeat(9), 1);
    assert_ne!(fast, slower);
    fixture.write("src/checksum.rs", &slower);
    check(100);
    let exceeded = row(fixture, ADLER);
    assert_eq!(exceeded.verdict, Verdict::Regressed);
    assert!(exceeded.reason.contains("; more than the "), "{}", exceeded.reason);
    fixture.write("src/checksum.rs", &fast);

    // Merged: base has it, and the next slowdown is red again.
    fixture.write(CONFIG, &fixture.read(CONFIG).replace("900%", "10%"));
    fixture.commit("accepted, within the limits that held");
    fixture.git(&["checkout", "-q", "main"]);
    fixture.git(&["merge", "-q", "topic"]);
    fixture.git(&["checkout", "-q", "-b", "next"]);
    fixture.write("src/checksum.rs", &slower);
    check(100);
    assert_eq!(row(fixture, ADLER).verdict, Verdict::Regressed);
    let ended =
        "acceptances or renames have ended, since base has them, too: `textkit::checksum/checksum/adler32/4096`";
    has_warning(fixture, ended);
    // The very same would not count; what has ended can be removed.
    let before = fixture.read(CONFIG);
    let ran = fixture.perfgate(&["accept", "--prune"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("Removed textkit::checksum/checksum/adler32/4096"), "{}", ran.stderr);
    let pruned = fixture.read(CONFIG);
    assert!(before.starts_with(pruned.trim_end()) && !pruned.contains("accept"), "{pruned}");
    assert_eq!(fixture.perfgate(&["accept", "--prune"]).code, 0);
    assert_eq!(fixture.read(CONFIG), pruned);
    fixture.git(&["checkout", "-q", "--", "."]);

    // A benchmark with a new name, whose code is slower: compared as one, which nothing is lost or added by.
    fixture.replace("benches/checksum.rs", "\"adler32\"", "\"adler\"");
    fixture.write("src/checksum.rs", &slower);
    let rename = format!("{}\n[[rename]]\nfrom = \"{ADLER}\"\nto = \"checksum/adler/4096\"\n", fixture.read(CONFIG));
    fixture.write(CONFIG, &rename);
    assert_eq!(fixture.perfgate(&["check", "--offline", "adler"]).code, 100);
    let report = last(fixture);
    assert_eq!(report.rows.len(), 1, "{:?}", report.summary);
    let renamed = row(fixture, "checksum/adler/4096");
    assert_eq!((renamed.verdict, renamed.evidence), (Verdict::Regressed, Some(Evidence::PairedMeasurement)));
    let says = format!("head's benchmark on base's code, `{ADLER}` there: slower");
    assert!(renamed.reason.starts_with(&says), "{}", renamed.reason);
    assert!(renamed.change.is_some_and(|change| change > 1.0), "{:?}", renamed.change);
    has_warning(fixture, &format!("head's configuration renames: `{ADLER}` to `checksum/adler/4096`"));
    // A name that base never had.
    fixture.write(CONFIG, &rename.replace("adler32/4096\"", "alder32/4096\""));
    let ran = fixture.perfgate(&["check", "--offline"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(&format!("did you mean `{ADLER}`?")), "{}", ran.stderr);
    fixture.git(&["checkout", "-q", "-f", "main"]);
}

/// A result of this commit, as if it had been judged.
fn judged(fixture: &Fixture, report: &Report) {
    fixture.write(LAST, &json::render(report));
}

#[test]
fn only_what_regressed_in_this_state_is_accepted() {
    let fixture = Fixture::new("example", "accept");
    let refused = |arguments: &[&str], says: &str| {
        let ran = fixture.perfgate(&[&["accept", "--reason", "because"], arguments].concat());
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.stderr.contains(says), "{says}: {}", ran.stderr);
        assert!(!fixture.root.join(CONFIG).exists(), "{arguments:?}");
    };
    let _ = fs::remove_dir_all(fixture.root.join(".config"));
    let commit = fixture.commit("no configuration");
    refused(&["parse/large"], "there is no result yet");
    let mut report = samples::failed();
    report.base = None;
    (report.head.commit, report.head.dirty) = (Some(commit.clone()), false);
    let mut twin = report.rows[1].clone();
    twin.benchmark.package = "other".to_owned();
    let full = twin.benchmark.to_string();
    report.rows.push(twin);
    report.summary = summarise(&report.rows);
    judged(&fixture, &Report { head: samples::failed().head, ..report.clone() });
    refused(&["emit/small"], "the last result is of 9f8e7d6c5b, and HEAD is ");
    judged(&fixture, &report);
    refused(&["emit/smal"], "did you mean `emit/small`?");
    refused(&["parse/large"], "several benchmarks are called `parse/large`");
    refused(&["parse/config"], "it is over-budget\nhelp: a budget is raised where it stands");
    refused(&["lex/keywords"], "it is within-limit");
    refused(&["emit/small", "lex/keywords"], "`lex/keywords` did not regress");
    refused(&["emit/small", "--metric", "instructions"], "not measured by that metric");
    refused(&["emit/small", "--max-regression", "4%"], "changed by +4.1 %, which is more than 4 %");
    refused(&["emit/small", "--max-regression", "4"], "it needs a percent sign");
    fixture.write("src/new.rs", "// not judged\n");
    refused(&["emit/small"], "the work tree has changed since the last result");
    fs::remove_file(fixture.root.join("src/new.rs")).unwrap();
    assert_eq!(fixture.perfgate(&["accept", "emit/small"]).code, 2, "without a reason");
    assert_eq!(fixture.perfgate(&["accept", "--prune", "emit/small"]).code, 2);
    let ran = fixture.perfgate(&["accept", "emit/small", "--reason", "two\nlines"]);
    assert!(ran.code == 2 && ran.stderr.contains("it must be one line"), "{}", ran.stderr);

    // Several at once, into a file that is made; a second time in its place, with the file alone as a change.
    let ran = fixture.perfgate(&["accept", "emit/small", &full, "--reason", "a \"reason\""]);
    assert_eq!(ran.code, 0);
    let text = fixture.read(CONFIG);
    assert_eq!(text.matches("[[accept]]").count(), 2, "{text}");
    assert!(text.contains("max-regression = \"6.6%\"") && text.contains("max-regression = \"26%\""), "{text}");
    let ran = fixture.perfgate(&["accept", "emit/small", "--reason", "another", "--max-regression", "30 %"]);
    assert_eq!(ran.code, 0);
    let text = fixture.read(CONFIG);
    assert_eq!(text.matches("[[accept]]").count(), 2, "{text}");
    assert!(text.contains("max-regression = \"30%\"\nreason = \"another\""), "{text}");
}
