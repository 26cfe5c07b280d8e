//! The JSON Schemas that the project ships say what the program reads and writes, no more and no less.

use std::collections::BTreeSet;

use boon::{Compiler, SchemaIndex, Schemas};
use cargo_perfgate::config::{Chosen, Overrides, TEMPLATE, parse};
use cargo_perfgate::model::{Outcome, Report, Verdict};
use cargo_perfgate::report::json;
use serde_json::Value;

use crate::report::samples;

const CONFIG: &str = include_str!("../../schemas/config.json");
const RESULT: &str = include_str!("../../schemas/result.json");

struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn new(text: &str) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", serde_json::from_str(text).unwrap()).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn refuses(&self, value: &Value) -> Option<String> {
        self.schemas.validate(value, self.index).err().map(|error| format!("{error:#}"))
    }
}

fn toml(text: &str) -> Value {
    serde_json::to_value(text.parse::<::toml::Table>().unwrap()).unwrap()
}

/// The template with its examples in use.
fn everything() -> String {
    let example = |line: &str| line.starts_with(|first: char| first.is_ascii_lowercase() || first == '[');
    TEMPLATE
        .lines()
        .map(|line| line.strip_prefix('#').filter(|line| example(line)).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn what_the_program_reads_the_schema_allows() {
    let schema = Schema::new(CONFIG);
    for text in [TEMPLATE, &everything(), "", "[gate]\nmax-regression = 'auto'", "[environment.x]\nbase = 'main'"] {
        assert!(parse(text, "x", &Overrides::default()).is_ok(), "{text}");
        assert_eq!(schema.refuses(&toml(text)), None, "{text}");
    }
}

#[test]
fn what_the_schema_refuses_the_program_refuses() {
    let schema = Schema::new(CONFIG);
    for text in [
        "gates = 1",
        "[gate]\nmax-regresion = '5%'",
        "[gate]\nmax-regression = 5",
        "[gate]\nmax-regression = '5'",
        "[gate]\nbudget = '90'",
        "[gate]\non-removed = 'explode'",
        "[gate]\nmax = '1 s'",
        "[metrics.wall-time]\nbudget = '1 s'",
        "[metrics.instructions]\nmax-regression = 1",
        "[metrics.instructions]\nmax = '2 ms'",
        "[metrics.instructions]\nmax = -1",
        "[metrics.allocations]\nmax = '1 B'",
        "[metrics.leaked-bytes]\nmax = '1 ms'",
        "[environment]\nci = 1",
        "[environment.ci]\nmax = '1 s'",
        "[[benchmark]]\nmatch = 'a'",
        "[[benchmark]]\nmetrics.wall-time.max = '1 s'",
        "[[benchmark]]\nmatch = 'a'\nid = 'a'\nmetrics.wall-time.max = '1 s'",
    ] {
        assert!(schema.refuses(&toml(text)).is_some(), "the schema allows {text}");
        assert!(parse(text, "x", &Overrides::default()).is_err(), "the program reads {text}");
    }
}

/// A key that the schema lacks would be underlined in an editor; one that the program lacks, completed.
#[test]
fn the_schema_has_the_keys_that_the_program_knows() {
    let schema: Value = serde_json::from_str(CONFIG).unwrap();
    for (table, at, place) in [
        ("gate", "[gate]\n", "/$defs/gate"),
        ("environment", "[environment.x]\n", "/$defs/gate"),
        ("wall-time", "[metrics.wall-time]\n", "/$defs/wall-time"),
        ("metrics", "[metrics]\n", "/$defs/metrics"),
        ("instructions", "[metrics.instructions]\n", "/$defs/counted"),
        ("leaked-bytes", "[metrics.leaked-bytes]\n", "/$defs/bytes"),
        ("benchmark", "[[benchmark]]\nmatch = 'a'\nmetrics.wall-time.max = '1 s'\n", "/properties/benchmark/items"),
        ("root", "", ""),
    ] {
        let error = parse(&format!("{at}zzzzzzzzzzzz = 1\n"), "x", &Overrides::default()).unwrap_err().to_string();
        let known = error.lines().find_map(|line| line.split_once("known here: ")).expect(table).1;
        let known: BTreeSet<String> = known.split(", ").map(|key| key.trim_matches('`').to_owned()).collect();
        let keys = schema.pointer(&format!("{place}/properties")).unwrap().as_object().unwrap();
        assert_eq!(keys.keys().cloned().collect::<BTreeSet<_>>(), known, "{table}");
    }
    // Each environment is read as a whole.
    let text = "[environment.ci]\nbudget = '1 s'";
    let chosen = Overrides { environment: Chosen::Asked("ci".into()), ..Overrides::default() };
    assert!(parse(text, "x", &chosen).unwrap().policy.budget.is_some());
}

#[test]
fn what_the_program_writes_the_schema_allows() {
    let schema = Schema::new(RESULT);
    let mut named = samples::passed();
    named.policy.environment = Some("ci".to_owned());
    named.policy.variables = vec!["PERFGATE_TOLERATE".to_owned()];
    (named.head.commit, named.head.name) = (None, Some("target/criterion@new".to_owned()));
    for report in [
        samples::failed(),
        samples::passed(),
        samples::sharded(),
        samples::undecided(),
        samples::nothing_compared(),
        samples::crashed(),
        samples::same_executables(),
        samples::hostile(),
        named,
    ] {
        let written: Value = serde_json::from_str(&json::render(&report)).unwrap();
        assert_eq!(schema.refuses(&written), None);
    }
}

/// What the schema requires, a reader needs: without it the result is refused, but for what came later.
#[test]
fn what_the_schema_requires_the_program_requires() {
    let schema: Value = serde_json::from_str(RESULT).unwrap();
    let written: Value = serde_json::from_str(&json::render(&samples::failed())).unwrap();
    for key in schema["required"].as_array().unwrap() {
        let key = key.as_str().unwrap();
        let mut without = written.clone();
        without.as_object_mut().unwrap().remove(key).expect(key);
        let read = json::parse(without.to_string().as_bytes());
        // Absent in results of versions that made no such comparisons.
        let later = key == "controls";
        // What may be null may be missing, too.
        let nullable = ["base", "environment"].contains(&key);
        assert_eq!(read.is_ok(), later || nullable, "{key}");
    }
}

#[test]
fn the_words_are_the_programs() {
    let schema: Value = serde_json::from_str(RESULT).unwrap();
    let words = |place: &str| -> BTreeSet<String> {
        let list = schema.pointer(place).unwrap().as_array().unwrap();
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let verdicts: BTreeSet<String> = Verdict::ALL.iter().map(Verdict::to_string).collect();
    assert_eq!(words("/$defs/row/properties/verdict/enum"), verdicts);
    assert_eq!(words("/properties/summary/propertyNames/enum"), verdicts);
    // Every word reads back, and no other.
    for outcome in words("/properties/outcome/enum") {
        let read: Outcome = serde_json::from_value(Value::String(outcome.clone())).unwrap();
        assert_eq!(read.as_str(), outcome);
    }
    let schema = Schema::new(RESULT);
    let mut report: Report = samples::passed();
    for outcome in [
        Outcome::Passed,
        Outcome::PassedWithUndecided,
        Outcome::Failed,
        Outcome::Inconclusive,
        Outcome::NothingCompared,
        Outcome::CouldNotComplete,
    ] {
        report.outcome = outcome;
        report.exit_code = outcome.exit_code().code();
        assert_eq!(schema.refuses(&serde_json::to_value(&report).unwrap()), None);
    }
}
