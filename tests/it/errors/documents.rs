//! Files that are handed over: saved results, exported runs, and what criterion keeps. Empty, cut off, immense, too new,
//! with impossible numbers, or no such thing at all.

use cargo_perfgate::model::Run;
use snapbox::str;

use super::{COMMIT, Place, reads, with_memory};
use crate::commands::run_of;

/// So much memory is enough for the program, and not for a fraction of what it is given to read.
const MEMORY: u64 = 256;

fn refused(content: impl AsRef<[u8]>, arguments: &[&str]) -> String {
    let place = Place::repository();
    place.write("it.json", content);
    with_memory(&place, MEMORY, arguments)
}

/// As a saved result.
fn result(content: impl AsRef<[u8]>) -> String {
    refused(content, &["report", "it.json"])
}

/// As an exported run.
fn run(content: impl AsRef<[u8]>) -> String {
    refused(content, &["compare", "run.json", "it.json"])
}

/// What `compare` saves of a run and itself.
fn saved() -> String {
    let place = Place::repository();
    place.told(&["compare", "run.json", "run.json", "--save-result", "saved.json"]);
    std::fs::read_to_string(place.root.join("saved.json")).unwrap()
}

#[test]
fn a_result_that_is_not_there() {
    let place = Place::empty();
    reads(
        place.told(&["report", "nowhere/it.json"]),
        str![[r#"
error: could not read nowhere/it.json: No such file or directory (os error 2)
help: see that the path is right
exit 101
"#]],
    );
    reads(
        place.told(&["report", "."]),
        str![[r#"
error: could not read .: Is a directory (os error 21)
help: name a file, not a folder
exit 101
"#]],
    );
}

#[test]
fn a_result_that_is_empty_or_cut_off() {
    reads(
        result(""),
        str![[r#"
error: could not read a result from it.json: not a saved result of cargo-perfgate: EOF while parsing a value at line 1 column 0
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
    let saved = saved();
    let third_line = saved.match_indices('\n').nth(2).unwrap().0;
    reads(
        result(&saved[..third_line]),
        str![[r#"
error: could not read a result from it.json: not a saved result of cargo-perfgate: EOF while parsing a value at line 3 column 33
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
}

#[test]
fn a_result_of_a_gigabyte() {
    let place = Place::empty();
    place.write_gigabyte("it.json");
    reads(
        with_memory(&place, MEMORY, &["report", "it.json"]),
        str![[r#"
error: could not read a result from it.json: it is larger than 256 MiB, which is more than a saved result may have
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
}

#[test]
fn a_result_that_is_none() {
    reads(
        result("[".repeat(1 << 20)),
        str![[r#"
error: could not read a result from it.json: not a saved result of cargo-perfgate: invalid type: sequence, expected u64 at line 1 column 1
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
    reads(
        result(b"\x7fELF\x00\xff\x1b[31m"),
        str![[r#"
error: could not read a result from it.json: not a saved result of cargo-perfgate: expected value at line 1 column 1
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
    reads(
        result(saved().replace("\"passed\"", "\"\\u001b[31mred\\n\\u202e\"")),
        str![[r#"
error: could not read a result from it.json: not a saved result of cargo-perfgate: unknown variant `\u{1b}[31mred\n\u{202e}`, expected one of `passed`, `passed-with-undecided`, `failed`, `inconclusive`, `nothing-compared`, `could-not-complete` at line 4 column 36
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
}

#[test]
fn a_result_that_is_too_new_or_contradicts_itself() {
    reads(
        result(saved().replace("\"format_version\": 1", "\"format_version\": 7")),
        str![[r#"
error: could not read a result from it.json: its format version 7 is newer than 1, the newest that this version of cargo-perfgate reads: update cargo-perfgate
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
    reads(
        result(saved().replace("\"unchanged\": 1", "\"unchanged\": 2")),
        str![[r#"
error: could not read a result from it.json: it contradicts itself: the summary does not count the rows
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
}

#[test]
fn a_result_with_impossible_numbers() {
    reads(
        result(saved().replace("\"tolerate\": 0.02", "\"tolerate\": 1e999")),
        str![[r#"
error: could not read a result from it.json: not a saved result of cargo-perfgate: number out of range at line 28 column 21
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
    reads(
        result(saved().replace("\"tolerate\": 0.02", "\"tolerate\": NaN")),
        str![[r#"
error: could not read a result from it.json: not a saved result of cargo-perfgate: expected value at line 28 column 17
help: results are written by `cargo perfgate check --save-result FILE`
exit 2
"#]],
    );
}

#[test]
fn a_run_that_cannot_be_read() {
    reads(
        run(""),
        str![[r#"
error: could not read a run from HERE/it.json: no readable record: EOF while parsing a value at line 1 column 0
help: expected a file that `cargo perfgate baseline export` wrote
exit 101
"#]],
    );
    let whole = serde_json::to_string_pretty(&run_of(COMMIT, "aa", 1.0)).unwrap();
    let third_line = whole.match_indices('\n').nth(2).unwrap().0;
    reads(
        run(&whole[..third_line]),
        str![[r#"
error: could not read a run from HERE/it.json: no readable record: EOF while parsing an object at line 3 column 15
help: expected a file that `cargo perfgate baseline export` wrote
exit 101
"#]],
    );
    reads(
        run("{\"format_version\": 1, \"a\": ".to_owned() + &"[".repeat(1 << 20)),
        str![[r#"
error: could not read a run from HERE/it.json: no readable record: EOF while parsing a list at line 1 column 1048603
help: expected a file that `cargo perfgate baseline export` wrote
exit 101
"#]],
    );
    reads(
        run("{\"format_version\": 7}"),
        str![[r#"
error: could not read a run from HERE/it.json: written by a newer version (format 7, this version reads up to 1); update cargo-perfgate
help: expected a file that `cargo perfgate baseline export` wrote
exit 101
"#]],
    );
    let place = Place::repository();
    place.write_gigabyte("it.json");
    for arguments in [&["compare", "it.json", "run.json"][..], &["baseline", "import", "it.json"]] {
        reads(
            with_memory(&place, MEMORY, arguments),
            str![[r#"
error: could not read a run from HERE/it.json: it is larger than 64 MiB, which is more than a record may have
help: expected a file that `cargo perfgate baseline export` wrote
exit 101
"#]],
        );
    }
}

/// A run whose executable differs from that of `run.json`, with `change` made to it.
fn other(change: impl FnOnce(&mut Run)) -> String {
    let mut run = run_of(COMMIT, "aa", 100.0);
    run.measurements[0].executable = "ff".into();
    change(&mut run);
    serde_json::to_string(&run).unwrap()
}

#[test]
fn a_run_with_impossible_numbers() {
    for (name, value) in [("1e999", "number out of range"), ("NaN", "expected value")] {
        let content =
            other(|run| run.measurements[0].median = 123.0).replace("\"median\":123.0", &format!("\"median\":{name}"));
        let told = run(content);
        assert!(
            told.starts_with(&format!(
                "error: could not read a run from HERE/it.json: no readable record: {value} at "
            ))
        );
        assert!(
            told.ends_with("\nhelp: expected a file that `cargo perfgate baseline export` wrote\nexit 101"),
            "{told}"
        );
    }
    reads(
        run(other(|run| run.measurements[0].estimates[3] = -1.0)),
        str![[r#"
error: could not read a run from HERE/it.json: no usable record: `parser::speed/parse/large` has a value below 0
help: expected a file that `cargo perfgate baseline export` wrote
exit 101
"#]],
    );
    reads(
        run(other(|run| run.measurements[0].estimates.clear())),
        str![[r#"
error: could not read a run from HERE/it.json: no usable record: `parser::speed/parse/large` has no estimates
help: expected a file that `cargo perfgate baseline export` wrote
exit 101
"#]],
    );
    // Nothing took no time: such values are left out, and too few are left to judge by.
    reads(
        run(other(|run| {
            run.measurements[0].estimates = vec![0.0; 20];
            run.measurements[0].median = 0.0;
        })),
        str![[r#"
> inconclusive, 1 of 1 undecided
> 1 inconclusive
> 
> benchmark        base    head  change  limit  evidence         verdict
> parse/large  100.0 ns  0.0 ns       -    5 %  stored baseline  inconclusive
>     0 measurements are too few to judge by
> 
> base     COMMIT (run.json)
> head     COMMIT (it.json)
> machine  THIS
> policy   defaults: max-regression 5 %, tolerate 2 %
> next     `cargo perfgate --base REV` measures both sides in alternation, and confirms what it tells
exit 0
"#]],
    );
}

#[test]
fn what_criterion_keeps_and_cannot_be_read() {
    let told = |estimates: Option<&str>| {
        let place = Place::empty();
        place.write("kept/one/new/benchmark.json", r#"{"full_id": "on\u001be"}"#);
        match estimates {
            Some(text) => place.write("kept/one/new/estimates.json", text),
            None => place.write_gigabyte("kept/one/new/estimates.json"),
        }
        with_memory(&place, MEMORY, &["compare", "kept@new", "kept@new"])
    };
    let median = |value: &str| format!("{{\"median\": {{\"point_estimate\": {value}}}}}");
    reads(
        told(Some("")),
        str![[r#"
error: could not read criterion's baselines in HERE/kept: HERE/kept/one/new/estimates.json: EOF while parsing a value at line 1 column 0
help: write it anew
exit 101
"#]],
    );
    reads(
        told(None),
        str![[r#"
error: could not read criterion's baselines in HERE/kept: HERE/kept/one/new/estimates.json: it is larger than 64 MiB, which is more than criterion writes
help: write it anew
exit 101
"#]],
    );
    // As criterion writes what is no number.
    reads(
        told(Some(&median("null"))),
        str![[r#"
error: could not read criterion's baselines in HERE/kept: HERE/kept/one/new/estimates.json: invalid type: null, expected f64 at line 1 column 34
help: write it anew
exit 101
"#]],
    );
    reads(
        told(Some(&median("1e999"))),
        str![[r#"
error: could not read criterion's baselines in HERE/kept: HERE/kept/one/new/estimates.json: number out of range at line 1 column 35
help: write it anew
exit 101
"#]],
    );
    for value in ["0.0", "-5.0"] {
        let shown = value.trim_end_matches(".0");
        assert_eq!(
            told(Some(&median(value))),
            format!(
                "error: could not read criterion's baselines in HERE/kept: the median of `on\\u{{1b}}e` in `new` is {shown}, which is no time\nhelp: write it anew\nexit 101"
            )
        );
    }
}
