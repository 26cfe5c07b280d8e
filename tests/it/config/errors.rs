//! Errors of the text's form, exactly as users read them: keys, types, rules, syntax. Values stand in `values.rs`.

use snapbox::{assert_data_eq, str};

use super::{read, refused};

#[test]
fn unknown_keys_at_every_level_at_once() {
    assert_data_eq!(
        refused(
            r#"[gate]
max-regresion = "5%"
Max_Inconclusive = "1%"
colour = "red"

[metric]
[metrics.wall_time]
max-regression = "5%"

[metrics.wall-time]
maxregression = "5%"

[[benchmark]]
mtach = "parser/**"
metrics.wall-time = { tolerance = "1%" }
max-regression = "5%"
"#
        ),
        str![[r#"
error: unknown key `max-regresion` in `[gate]`
 --> .config/perfgate.toml:2:1
  |
2 | max-regresion = "5%"
  | ^^^^^^^^^^^^^ did you mean `max-regression`?

error: unknown key `Max_Inconclusive` in `[gate]`
 --> .config/perfgate.toml:3:1
  |
3 | Max_Inconclusive = "1%"
  | ^^^^^^^^^^^^^^^^ did you mean `max-inconclusive`?

error: unknown key `colour` in `[gate]`
 --> .config/perfgate.toml:4:1
  |
4 | colour = "red"
  | ^^^^^^
  |
  = help: known here: `base`, `max-regression`, `tolerate`, `on-inconclusive`, `max-inconclusive`, `on-missing-baseline`, `on-removed`, `on-failed`, `time-out`, `budget`, `suite-max-regression`, `screen`

error: unknown key `metric`
 --> .config/perfgate.toml:6:2
  |
6 | [metric]
  |  ^^^^^^ did you mean `metrics`?

error: unknown key `wall_time` in `[metrics]`
 --> .config/perfgate.toml:7:10
  |
7 | [metrics.wall_time]
  |          ^^^^^^^^^ did you mean `wall-time`?

error: unknown key `maxregression` in `[metrics.wall-time]`
  --> .config/perfgate.toml:11:1
   |
11 | maxregression = "5%"
   | ^^^^^^^^^^^^^ did you mean `max-regression`?

error: `[[benchmark]]` needs `match` or `id`
  --> .config/perfgate.toml:13:1
   |
13 | [[benchmark]]
   | ^^^^^^^^^^^^^ add a line such as `match = "parser/**"`

error: unknown key `mtach` in `[[benchmark]]`
  --> .config/perfgate.toml:14:1
   |
14 | mtach = "parser/**"
   | ^^^^^ did you mean `match`?

error: unknown key `tolerance` in `[metrics.wall-time]`
  --> .config/perfgate.toml:15:23
   |
15 | metrics.wall-time = { tolerance = "1%" }
   |                       ^^^^^^^^^ did you mean `tolerate`?

error: unknown key `max-regression` in `[[benchmark]]`
  --> .config/perfgate.toml:16:1
   |
16 | max-regression = "5%"
   | ^^^^^^^^^^^^^^ write `metrics.wall-time = { max-regression = … }`
"#]]
    );
}

#[test]
fn keys_in_the_wrong_table() {
    assert_data_eq!(
        refused("max-regression = '5%'\nwall-time = {}\n[gate]\nmax = '2 ms'\n"),
        str![[r#"
error: unknown key `max-regression`
 --> .config/perfgate.toml:1:1
  |
1 | max-regression = '5%'
  | ^^^^^^^^^^^^^^ it belongs in `[gate]`

error: unknown key `wall-time`
 --> .config/perfgate.toml:2:1
  |
2 | wall-time = {}
  | ^^^^^^^^^ it belongs in `[metrics]`

error: unknown key `max` in `[gate]`
 --> .config/perfgate.toml:4:1
  |
4 | max = '2 ms'
  | ^^^ it belongs in `[metrics.wall-time]`
"#]]
    );
}

#[test]
fn wrong_types() {
    assert_data_eq!(
        refused(
            r#"gate = 5
metrics = { wall-time = "5%" }
benchmark = { match = "a" }
"#
        ),
        str![[r#"
error: `gate` must be a table, not an integer
 --> .config/perfgate.toml:1:8
  |
1 | gate = 5
  |        ^ write `[gate]`

error: `metrics.wall-time` must be a table, not a string
 --> .config/perfgate.toml:2:25
  |
2 | metrics = { wall-time = "5%" }
  |                         ^^^^ write `{ max-regression = "5%" }`

error: `benchmark` must be an array of tables, not a table
 --> .config/perfgate.toml:3:13
  |
3 | benchmark = { match = "a" }
  |             ^^^^^^^^^^^^^^^ write `[[benchmark]]`
"#]]
    );
    assert_data_eq!(
        refused(
            r#"benchmark = [1, { match = 2, metrics = 3 }]
[[gate]]
base = 4
"#
        ),
        str![[r#"
error: `benchmark` must hold tables, not an integer
 --> .config/perfgate.toml:1:14
  |
1 | benchmark = [1, { match = 2, metrics = 3 }]
  |              ^ write `[[benchmark]]`

error: `benchmark.match` must be a glob such as "parser/**", not an integer
 --> .config/perfgate.toml:1:27
  |
1 | benchmark = [1, { match = 2, metrics = 3 }]
  |                           ^

error: `benchmark.metrics` must be a table, not an integer
 --> .config/perfgate.toml:1:40
  |
1 | benchmark = [1, { match = 2, metrics = 3 }]
  |                                        ^ add a line such as `metrics.wall-time = { max-regression = "5%" }`

error: `gate` must be a table, not an array
 --> .config/perfgate.toml:2:1
  |
2 | [[gate]]
  | ^^^^^^^^ write `[gate]`
"#]]
    );
    assert_data_eq!(
        refused(
            "[gate]\nmax-regression = []\ntime-out = 2020-01-01\n[[benchmark]]\nid = {}\nmetrics.wall-time.max = [1]"
        ),
        str![[r#"
error: `gate.max-regression` must be a percentage such as "5%", not an array
 --> .config/perfgate.toml:2:18
  |
2 | max-regression = []
  |                  ^^

error: `gate.time-out` must be a duration such as "120 s", not a datetime
 --> .config/perfgate.toml:3:12
  |
3 | time-out = 2020-01-01
  |            ^^^^^^^^^^

error: `benchmark.id` must be a benchmark's name such as "parser/large", not a table
 --> .config/perfgate.toml:5:6
  |
5 | id = {}
  |      ^^

error: `metrics.wall-time.max` must be a duration such as "2 ms", not an array
 --> .config/perfgate.toml:6:25
  |
6 | metrics.wall-time.max = [1]
  |                         ^^^
"#]]
    );
}

#[test]
fn rules() {
    assert_data_eq!(
        refused(
            r#"[[benchmark]]
match = "parser/**"
id = "parser/large"
metrics.wall-time.max = "2 ms"

[[benchmark]]
metrics.wall-time.max = "2 ms"

[[benchmark]]
match = "parser/[a"
metrics.wall-time.max = "2 ms"

[[benchmark]]
match = "parser/**"

[[benchmark]]
match = ""
metrics.wall-time = {}

[[benchmark]]
match = "parser/l**"
metrics.wall-time.max = "2 ms"
"#
        ),
        str![[r#"
error: `[[benchmark]]` takes `match` or `id`, not both
 --> .config/perfgate.toml:3:1
  |
2 | match = "parser/**"
  | ----- one of the two selects the benchmarks
3 | id = "parser/large"
  | ^^

error: `[[benchmark]]` needs `match` or `id`
 --> .config/perfgate.toml:6:1
  |
6 | [[benchmark]]
  | ^^^^^^^^^^^^^ add a line such as `match = "parser/**"`

error: `benchmark.match` is not a valid glob
  --> .config/perfgate.toml:10:9
   |
10 | match = "parser/[a"
   |         ^^^^^^^^^^^ unclosed character class; missing ']'

error: this rule sets no limit
  --> .config/perfgate.toml:13:1
   |
13 | [[benchmark]]
   | ^^^^^^^^^^^^^ add a line such as `metrics.wall-time = { max-regression = "5%" }`

error: this rule sets no limit
  --> .config/perfgate.toml:16:1
   |
16 | [[benchmark]]
   | ^^^^^^^^^^^^^ add a line such as `metrics.wall-time = { max-regression = "5%" }`

error: `benchmark.match` must be a glob such as "parser/**"
  --> .config/perfgate.toml:17:9
   |
17 | match = ""
   |         ^^

error: `benchmark.match` is not a valid glob
  --> .config/perfgate.toml:21:9
   |
21 | match = "parser/l**"
   |         ^^^^^^^^^^^^ `**` must stand alone between two `/`
"#]]
    );
}

#[test]
fn syntax() {
    assert_data_eq!(
        refused("[gate\nbase = 'main'\ntolerate = = '2%'\n"),
        str![[r#"
error: not valid TOML: unclosed table
 --> .config/perfgate.toml:1:6
  |
1 | [gate
  |      ^ expected `]`

error: not valid TOML: extra `=`
 --> .config/perfgate.toml:3:12
  |
3 | tolerate = = '2%'
  |            ^
"#]]
    );
    assert_data_eq!(
        refused("[gate]\nmax-regression = 5%\ntime-out = 120 s\non-failed = warn\nbase = 'x\n"),
        str![[r#"
error: not valid TOML: strings must be quoted
 --> .config/perfgate.toml:2:18
  |
2 | max-regression = 5%
  |                  ^^ did you mean "5%"?

error: not valid TOML: strings must be quoted
 --> .config/perfgate.toml:3:12
  |
3 | time-out = 120 s
  |            ^^^^^ did you mean "120 s"?

error: not valid TOML: strings must be quoted
 --> .config/perfgate.toml:4:13
  |
4 | on-failed = warn
  |             ^^^^ did you mean "warn"?

error: not valid TOML: invalid literal string
 --> .config/perfgate.toml:5:10
  |
5 | base = 'x
  |          ^ expected `'`
"#]]
    );
    assert_data_eq!(
        refused(&format!("{}a = 1", "a.".repeat(100))),
        str![[r#"
error: not valid TOML: a key of more than 80 parts
"#]]
    );
}

#[test]
fn duplicates_do_not_hide_other_errors() {
    assert_data_eq!(
        refused("[gate]\nbase = 'a'\nbase = 'b'\ncolor = 1\n\n[gate]\non-removed = 'nothing'\n"),
        str![[r#"
error: duplicate key `base`
 --> .config/perfgate.toml:3:1
  |
3 | base = 'b'
  | ^^^^ it was set further up

error: unknown key `color` in `[gate]`
 --> .config/perfgate.toml:4:1
  |
4 | color = 1
  | ^^^^^
  |
  = help: known here: `base`, `max-regression`, `tolerate`, `on-inconclusive`, `max-inconclusive`, `on-missing-baseline`, `on-removed`, `on-failed`, `time-out`, `budget`, `suite-max-regression`, `screen`

error: duplicate key `gate`
 --> .config/perfgate.toml:6:2
  |
6 | [gate]
  |  ^^^^ it was set further up

error: `gate.on-removed` must be "pass", "warn" or "fail"
 --> .config/perfgate.toml:7:14
  |
7 | on-removed = 'nothing'
  |              ^^^^^^^^^
"#]]
    );
}

#[test]
fn values_over_several_lines_are_underlined_in_their_first() {
    assert_data_eq!(
        refused("[gate]\r\nbase = '''a\r\nb'''\r\n\tonremoved = 'é日本' # ü\r\n"),
        str![[r#"
error: `gate.base` must be a branch or revision such as "origin/main"
 --> .config/perfgate.toml:2:8
  |
2 | base = '''a
  |        ^^^^

error: unknown key `onremoved` in `[gate]`
 --> .config/perfgate.toml:4:2
  |
4 |     onremoved = 'é日本' # ü
  |     ^^^^^^^^^ did you mean `on-removed`?
"#]]
    );
}

#[test]
fn colour_changes_nothing_but_colour() {
    let error = read("[gate]\nbas = 1\ntolerate = '5%'\nmax-regression = '5'\n").expect_err("wrong");
    let coloured = error.render(true);
    assert!(coloured.starts_with("\u{1b}[1m\u{1b}[91merror\u{1b}[0m"), "{coloured:?}");
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').expect("a colour").1;
    }
    assert_eq!(stripped + rest, error.render(false));
}
