//! `[[accept]]` and `[[rename]]`: what is read, what is refused, what shows with the benchmarks, and the file with them put
//! in and taken out.

use cargo_perfgate::config::{with_acceptance, without};
use cargo_perfgate::gate::{Acceptance, Rename};
use cargo_perfgate::model::Metric;
use proptest::prelude::*;
use snapbox::{IntoData, assert_data_eq, str};

use super::{PATH, ids, policy, read, refused};

fn acceptance(benchmark: &str, size: f64, reason: &str) -> Acceptance {
    let (benchmark, reason) = (benchmark.to_owned(), reason.to_owned());
    Acceptance { benchmark, metric: Metric::WallTime, max_regression: size, reason }
}

fn entry(benchmark: &str) -> String {
    format!("[[accept]]\nbenchmark = '{benchmark}'\nmetric = 'wall-time'\nmax-regression = '12%'\nreason = 'because'\n")
}

#[test]
fn both_are_read_in_the_order_of_the_file() {
    let text = entry("parser/large") + "[[rename]]\nfrom = 'old/name'\nto = 'p::b/new/name'\n" + &entry("[a]*");
    let policy = policy(&text.replacen("'wall-time'", "'instructions'", 1));
    let first = Acceptance { metric: Metric::Instructions, ..acceptance("parser/large", 0.12, "because") };
    assert_eq!(policy.acceptances, [first, acceptance("[a]*", 0.12, "because")]);
    assert_eq!(policy.renames, [Rename { from: "old/name".into(), to: "p::b/new/name".into() }]);
}

#[test]
fn what_is_missing_or_wrong_is_said_where_it_stands() {
    assert_data_eq!(
        refused(
            "[[accept]]\nbenchmark = 'a'\nmetric = 'wall-tim'\nmax-regression = 12\nreason = ''\n\
             [[accept]]\nmetric = 'peak-rss'\nmax-regresion = '0%'\nreason = \"two\\nlines\"\n\
             [[rename]]\nfrom = 1\n"
        ),
        str![[r#"
error: `accept.metric` must be a metric such as "wall-time"
 --> .config/perfgate.toml:3:10
  |
3 | metric = 'wall-tim'
  |          ^^^^^^^^^^ did you mean "wall-time"?

error: `accept.max-regression` needs a percent sign
 --> .config/perfgate.toml:4:18
  |
4 | max-regression = 12
  |                  ^^ did you mean "12%"?

error: `accept.reason` must be a reason such as "checks UTF-8 now, issue 481"
 --> .config/perfgate.toml:5:10
  |
5 | reason = ''
  |          ^^

error: `[[accept]]` needs `benchmark`
 --> .config/perfgate.toml:6:1
  |
6 | [[accept]]
  | ^^^^^^^^^^ add a line such as `benchmark = "parser/large"`

error: `[[accept]]` needs `max-regression`
 --> .config/perfgate.toml:6:1
  |
6 | [[accept]]
  | ^^^^^^^^^^ add a line such as `max-regression = "12%"`

error: `accept.metric` must be a metric that this version knows: `metrics.peak-rss` is not supported by this version of cargo-perfgate
 --> .config/perfgate.toml:7:10
  |
7 | metric = 'peak-rss'
  |          ^^^^^^^^^^

error: unknown key `max-regresion` in `[[accept]]`
 --> .config/perfgate.toml:8:1
  |
8 | max-regresion = '0%'
  | ^^^^^^^^^^^^^ did you mean `max-regression`?

error: `accept.reason` must be one line
 --> .config/perfgate.toml:9:10
  |
9 | reason = "two\nlines"
  |          ^^^^^^^^^^^^

error: `[[rename]]` needs `to`
  --> .config/perfgate.toml:10:1
   |
10 | [[rename]]
   | ^^^^^^^^^^ add a line such as `to = "new/name"`

error: `rename.from` must be a benchmark's name such as "parser/large", not an integer
  --> .config/perfgate.toml:11:8
   |
11 | from = 1
   |        ^
"#]]
        .raw()
    );
    let twice = refused(&entry("a").repeat(2));
    assert!(twice.starts_with("error: wall-time of `a` is accepted twice\n"), "{twice}");
    let many: String = (0..1_001).map(|n| entry(&n.to_string())).collect();
    assert!(refused(&many).starts_with("error: more than 1000 acceptances"));
    let long = entry("a").replace("because", &"x".repeat(201));
    assert!(refused(&long).contains("must have at most 200 characters"));
    for text in ["accept = 1", "[accept]", "accept = [1]", "[rename]\nfrom = 'a'"] {
        assert!(refused(text).contains("must "), "{text}");
    }
}

#[test]
fn acceptances_of_no_benchmark_or_of_several() {
    let known = ids(&["p::b/parse/large", "p::b/same", "p::c/same"]);
    let text = entry("parse/lage") + &entry("same") + &entry("p::b/same") + &entry("zzzzzzzzzz");
    let config = read(&text).expect("a valid text");
    let all = &config.policy.acceptances;
    assert_data_eq!(
        config.unknown_acceptances(all, &known, true).expect("errors").to_string(),
        str![[r#"
error: no benchmark is called `parse/lage`
 --> .config/perfgate.toml:2:13
  |
2 | benchmark = 'parse/lage'
  |             ^^^^^^^^^^^^ did you mean `parse/large`?

error: several benchmarks are called `same`
 --> .config/perfgate.toml:7:13
  |
7 | benchmark = 'same'
  |             ^^^^^^
  |
  = help: write one in full: `p::b/same`, `p::c/same`

error: no benchmark is called `zzzzzzzzzz`
  --> .config/perfgate.toml:17:13
   |
17 | benchmark = 'zzzzzzzzzz'
   |             ^^^^^^^^^^^^
   |
   = help: the benchmarks are `parse/large`, `same`, `same`
"#]]
    );
    // Where some benchmarks were selected, the others are not missing; and what does not count is nobody's problem.
    let some = config.unknown_acceptances(all, &known, false).expect("an error").to_string();
    assert_eq!(some.matches("error").count(), 1, "{some}");
    assert!(config.unknown_acceptances(&all[2..3], &known, true).is_none());
}

fn renamed(text: &str, base: &[&str], head: &[&str]) -> Result<Vec<(String, String)>, String> {
    let config = read(text).expect("a valid text");
    let found = config.renamed(&config.policy.renames, (&ids(base), &ids(head)), true);
    let pairs = |found: std::collections::BTreeMap<_, _>| {
        found.iter().map(|(to, from)| (format!("{from}"), format!("{to}"))).collect()
    };
    found.map(pairs).map_err(|error| error.to_string())
}

#[test]
fn a_rename_pairs_what_base_alone_has_with_what_head_alone_has() {
    let text = |from: &str, to: &str| format!("[[rename]]\nfrom = '{from}'\nto = '{to}'\n");
    let pair = |from: &str, to: &str| Ok(vec![(from.to_owned(), to.to_owned())]);
    let (base, head) = (["p::b/old", "p::b/both"], ["p::b/new", "p::b/both"]);
    assert_eq!(renamed(&text("old", "new"), &base, &head), pair("p::b/old", "p::b/new"));
    // A bench target that was renamed: the short forms are the same.
    assert_eq!(renamed(&text("x", "x"), &["p::old/x"], &["p::new/x"]), pair("p::old/x", "p::new/x"));
    for (from, to, says) in [
        ("both", "new", "head still has `both`"),
        ("old", "both", "base has `both`, too"),
        ("odl", "new", "no benchmark of base is called `odl`"),
        ("old", "nwe", "no benchmark of head is called `nwe`"),
        ("both", "both", "`both` is renamed to itself"),
    ] {
        let error = renamed(&text(from, to), &base, &head).expect_err(says);
        assert!(error.starts_with(&format!("error: {says}\n")), "{error}");
    }
    let twice = text("old", "new") + &text("p::b/old", "newer");
    let error = renamed(&twice, &base, &["p::b/new", "p::b/newer"]).expect_err("one benchmark has two names");
    assert!(error.starts_with("error: `p::b/old` is renamed twice\n"), "{error}");
}

#[test]
fn names_may_be_swapped_and_passed_on() {
    let text = |renames: &[(&str, &str)]| {
        renames.iter().map(|(from, to)| format!("[[rename]]\nfrom = '{from}'\nto = '{to}'\n")).collect::<String>()
    };
    let pairs = |renames: &[(&str, &str)]| {
        Ok(renames.iter().map(|(from, to)| (format!("p::b/{from}"), format!("p::b/{to}"))).collect())
    };
    let both = ["p::b/a", "p::b/b"];
    let swapped = renamed(&text(&[("a", "b"), ("b", "a")]), &both, &both);
    assert_eq!(swapped, pairs(&[("b", "a"), ("a", "b")]));
    let passed_on = renamed(&text(&[("a", "b"), ("b", "c")]), &both, &["p::b/b", "p::b/c"]);
    assert_eq!(passed_on, pairs(&[("a", "b"), ("b", "c")]));
    // Half of it leaves open what became of the other.
    let error = renamed(&text(&[("a", "b")]), &both, &both).expect_err("a is still there");
    assert!(error.starts_with("error: head still has `a`\n"), "{error}");
    let error = renamed(&text(&[("a", "b")]), &both, &both[1..]).expect_err("which b?");
    assert!(error.starts_with("error: base has `b`, too\n"), "{error}");
}

#[test]
fn an_acceptance_is_put_in_and_taken_out_and_nothing_else_changes() {
    let start = "# mine\n[gate]\nmax-regression = \"7%\" # of us\n\n# the end\n#[environment.ci]\n";
    let one = acceptance("p::b/a \"b\"\\", 0.125, "it's \"so\"");
    let text = with_acceptance(start, PATH, &one, None).unwrap();
    assert_data_eq!(
        text.as_str(),
        str![[r##"
# mine
[gate]
max-regression = "7%" # of us

# the end
#[environment.ci]

[[accept]]
benchmark = 'p::b/a "b"\'
metric = "wall-time"
max-regression = "12.5%"
reason = """it's "so""""

"##]]
        .raw()
    );
    assert_eq!(policy(&text).acceptances, [one]);
    assert_eq!(without(&text, PATH, &[0], &[]).unwrap(), start);

    // In the place of an older one, between other things, with a comment at its end.
    let (before, after) = ("# a\n\n# why\n", "\n# then\n[environment.ci]\nbudget = '1 s'\n");
    let text = format!("{before}{} # enough\n{after}", entry("a").trim_end());
    let other = acceptance("p::b/a", 0.3, "more");
    let replaced = with_acceptance(&text, PATH, &other, Some(0)).unwrap();
    assert!(replaced.starts_with(&format!("{before}[[accept]]\nbenchmark = \"p::b/a\"\n")), "{replaced}");
    assert!(replaced.ends_with(&format!("reason = \"more\" # enough\n{after}")), "{replaced}");
    assert_eq!(policy(&replaced).acceptances, [other]);
    assert_eq!(without(&text, PATH, &[0], &[]).unwrap(), format!("{before}{after}"));

    // Lines that end as on Windows, and a file without an end.
    let text = with_acceptance("[gate]\r\nbase = 'main'", PATH, &acceptance("a", 0.1, "x"), None).unwrap();
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
    assert_eq!(policy(&text).base.as_deref(), Some("main"));
    let inline = "accept = [{ benchmark = 'a', metric = 'wall-time', max-regression = '1%', reason = 'r' }]\n";
    let error = with_acceptance(inline, PATH, &acceptance("b", 0.1, "x"), None).unwrap_err().to_string();
    assert!(error.contains("its `accept` is written in a line"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Whatever a benchmark is called and a reviewer says: what is written is read again, and can be taken out again.
    #[test]
    fn what_is_written_is_read(
        names in prop::collection::vec("[^\\p{Cc}]{1,12}|[a-c'\"\\\\\\]#=]{1,8}|\\PC{1,6}\t\n?", 1..5),
        reason in "[^\\p{Cc}]{0,40}x[\"'\\\\]{0,3}",
        start in prop::sample::select(vec!["", "# c\n", "[gate]\n\n", "[[rename]]\nfrom = 'a'\nto = 'b'\n", "\u{feff}[gate]"]),
    ) {
        let mut text = start.to_owned();
        let mut all: Vec<Acceptance> = Vec::new();
        for name in names {
            let one = acceptance(&name, (10 + all.len()) as f64 / 100.0, &reason);
            let replaced = all.iter().position(|other| other.benchmark == name);
            text = with_acceptance(&text, PATH, &one, replaced).unwrap();
            match replaced {
                Some(index) => all[index] = one,
                None => all.push(one),
            }
            prop_assert_eq!(&policy(&text).acceptances, &all);
        }
        let left = without(&text, PATH, &[0], &[]).unwrap();
        prop_assert_eq!(&policy(&left).acceptances[..], &all[1..]);
        let none = without(&text, PATH, &(0..all.len()).collect::<Vec<_>>(), &[]).unwrap();
        prop_assert_eq!(none.trim_end(), start.trim_end());
    }
}
