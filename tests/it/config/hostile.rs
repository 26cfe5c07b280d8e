//! Texts that were written to hurt: nothing panics, nothing overflows, nothing takes long.

use std::time::{Duration, Instant};

use cargo_perfgate::config::{Overrides, parse};
use proptest::prelude::*;
use snapbox::{IntoData, assert_data_eq, str};

use super::{ids, read, refused};

/// Reads, renders both ways, and asks what can be asked later. Whether the text is a configuration.
fn swallow(text: &str) -> bool {
    let read = read(text);
    let valid = read.is_ok();
    match read {
        Ok(config) => {
            let known = ids(&["p::b/a", "my-parser::throughput/parse/large"]);
            for error in [config.unmatched(&known), config.contradictions(&known)].into_iter().flatten() {
                assert!(error.render(false).starts_with("error: "));
            }
        }
        Err(error) => {
            let plain = error.render(false);
            assert!(plain.starts_with("error: "), "{plain}");
            assert!(!plain.contains('\u{1b}'), "an escape of the file's reaches the terminal: {plain:?}");
            assert!(error.render(true).contains('\u{1b}'));
        }
    }
    valid
}

/// The words of the format, so that random texts get beyond the first key.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "[gate]",
            "[metrics.wall-time]",
            "[[benchmark]]",
            "[benchmark]",
            "[metrics]",
            "[gate.",
            "gate",
            "metrics",
            "wall-time",
            "benchmark",
            "match",
            "id",
            "max-regression",
            "tolerate",
            "max",
            "base",
            "on-removed",
            "time-out",
            "instructions",
            "=",
            " = ",
            ".",
            ",",
            "{",
            "}",
            "[",
            "]",
            "\n",
            "\r\n",
            "\r",
            "\"",
            "'",
            "\"\"\"",
            "'''",
            "#",
            "\"5%\"",
            "'2 ms'",
            "'**'",
            "'{a,[b}'",
            "'p::b/a'",
            "\"auto\"",
            "5",
            "0.05",
            "-1",
            "inf",
            "true",
            "1979-05-27",
            "\"\\u0000\"",
            "\u{feff}",
            "\u{1b}[31m",
            "ß",
            "e\u{301}",
            "\u{202e}",
            "日本",
            "\t",
            "\0",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// Lines that are nearly right, so that random texts reach the values.
fn lines() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "gate.base",
        "gate.max-regression",
        "gate.tolerate",
        "gate.max-inconclusive",
        "gate.on-failed",
        "gate.time-out",
        "metrics.wall-time.max",
        "metrics.wall-time.tolerate",
        "metrics.wall-time.max-regression",
        "[[benchmark]]\nmatch",
        "[[benchmark]]\nid",
        "metrics",
        "benchmark",
        "gate",
    ]);
    let value = prop_oneof![
        "[-+0-9.,]{0,8} ?(%|ms|ns|µs|s|min|MB|)".prop_map(|text| format!("'{text}'")),
        "[*?{}\\[\\],!a-c/^-]{0,12}".prop_map(|text| format!("'{text}'")),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| format!("{text:?}")),
    ];
    prop::collection::vec((key, value), 0..8)
        .prop_map(|lines| lines.into_iter().map(|(key, value)| format!("{key} = {value}\n")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        swallow(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(text in words()) {
        swallow(&text);
    }

    #[test]
    fn any_lines_are_read_or_refused(text in lines()) {
        swallow(&text);
    }

    #[test]
    fn what_is_accepted_can_be_judged_by(text in lines()) {
        if let Ok(config) = read(&text) {
            let limits = config.policy.wall_time;
            prop_assert!(0.0 < limits.tolerate && limits.tolerate < limits.max_regression);
            prop_assert!(limits.max_regression <= 10.0);
            prop_assert!(limits.max.is_none_or(|max| max > 0.0 && max.is_finite()));
            prop_assert!((0.0..=1.0).contains(&config.policy.max_inconclusive));
            prop_assert!(config.policy.time_out >= Duration::from_millis(1));
        }
    }
}

#[test]
fn deep_nesting_ends_in_an_error() {
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a = ".repeat(100_000)),
        format!("a = {}1{}", "[".repeat(50_000), "]".repeat(50_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("[[benchmark]]\nmatch = '{}'\nmetrics.wall-time.max = '1 s'", "{".repeat(1_000_000)),
        format!("[[benchmark]]\nmatch = '{}'\nmetrics.wall-time.max = '1 s'", "{a,".repeat(166)),
    ] {
        assert!(!swallow(&text));
    }
    // As deep as the parser allows, by tables in tables times dots in keys: the tables are dropped by recursion.
    let key = format!("{}a", "a.".repeat(78));
    let text = format!("[{key}]\n{key}.b = {}1{}", format!("{{{key}=").repeat(78), "}".repeat(78));
    swallow(&text);
}

#[test]
fn large_texts_do_not_take_long() {
    let start = Instant::now();
    for text in [
        "=\n".repeat(200_000),
        "=\n".repeat(20_000),
        "5".repeat(1_000_000),
        "a = 1\n".repeat(50_000),
        "a = 1\n".repeat(10_000),
        (0..20_000).map(|n| format!("key{n} = 1\n")).collect(),
        format!("# {}\ngate.base = 1", "x".repeat(1_000_000)),
        format!("gate = {{ base = 1, bass = '{}' }}", "x".repeat(1_000_000)),
        format!("gate.tolerate = '5%'{}gate.max-regression = '5%'", "\n".repeat(300_000)),
        "[[benchmark]]\n".repeat(20_000),
        format!("gate.{} = 1", "x".repeat(1_000_000)),
    ] {
        assert!(!swallow(&text));
    }
    // Seconds in a build without optimisation, most of them in the TOML parser; what grows with the square takes hours.
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
}

#[test]
fn many_errors_are_counted() {
    let text: String = (0..1_500).map(|n| format!("key{n} = 1\n")).collect();
    let message = refused(&text);
    assert_eq!(message.matches("error: unknown key").count(), 20);
    assert!(message.ends_with("\n\nerror: 1480 more errors in `.config/perfgate.toml`"), "{message}");
}

#[test]
fn too_many_rules() {
    let text = "[[benchmark]]\nid = 'a'\nmetrics.wall-time.max = '1 s'\n".repeat(1_001);
    assert_data_eq!(
        refused(&text),
        str![[r#"
error: more than 1000 rules; one glob can stand for many benchmarks
    --> .config/perfgate.toml:3001:1
     |
3001 | [[benchmark]]
     | ^^^^^^^^^^^^^
"#]]
    );
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    assert_data_eq!(
        refused("[gate]\n\"a\\u001b[31m\\n\\u202eb\" = 1\n"),
        str![[r#"
error: unknown key `a\u{1b}[31m\n\u{202e}b` in `[gate]`
 --> .config/perfgate.toml:2:1
  |
2 | "a\u001b[31m\n\u202eb" = 1
  | ^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: known here: `base`, `max-regression`, `tolerate`, `on-inconclusive`, `max-inconclusive`, `on-missing-baseline`, `on-removed`, `on-failed`, `time-out`, `budget`, `suite-max-regression`, `screen`
"#]]
        .raw()
    );
    // One character that is a whole escape sequence: its line is located, not shown.
    assert_data_eq!(
        refused("[gate]\nbas = 1 # \u{9b}2J\n"),
        str![[r#"
error: unknown key `bas` in `[gate]`
--> .config/perfgate.toml:2:1
 = help: did you mean `base`?
"#]]
    );
    let path = parse("x = 1", "a\u{1b}[31mb.toml", &Overrides::default()).expect_err("unknown key");
    assert!(!path.to_string().contains('\u{1b}'));
}

#[test]
fn a_line_too_long_to_show_is_located() {
    let text = format!("[gate]\nbase = 'main' # {}\nbas = {}\n", "é".repeat(10), "1".repeat(40_000));
    assert_data_eq!(
        refused(&text),
        str![[r#"
error: unknown key `bas` in `[gate]`
--> .config/perfgate.toml:3:1
 = help: did you mean `base`?
"#]]
    );
}
