//! A crate has one identity on both sides, whatever its version is.

use std::ffi::OsString;

use cargo_perfgate::instrument::same_on_both_sides;
use cargo_perfgate::model::{Evidence, Verdict};
use cargo_perfgate::report::json;

use crate::fixture::Fixture;

/// What is told of the identity of a crate that cargo has compiled so.
fn identity(arguments: &str) -> Option<String> {
    let mut arguments: Vec<OsString> = arguments.split_whitespace().map(Into::into).collect();
    let before = arguments.clone();
    same_on_both_sides(&mut arguments);
    let changed: Vec<usize> = (0..before.len()).filter(|i| arguments[*i] != before[*i]).collect();
    assert!(changed.len() <= 1 && arguments.len() == before.len(), "{arguments:?}");
    let told = arguments[*changed.first()?].to_str().unwrap();
    Some(told.strip_prefix("metadata=").unwrap().to_owned())
}

const LIBRARY: &str = "rustc --crate-name half --edition=2021 src/lib.rs --crate-type lib --emit=link -C opt-level=3 --cfg feature=\"std\" --check-cfg cfg(docsrs) -C metadata=982c27387deda4d7 -C extra-filename=-eb2a93e6fb3213e3 --out-dir /head/deps -L dependency=/head/deps --extern serde=/head/deps/libserde-0123.rmeta";

#[test]
fn what_follows_from_versions_and_folders_sets_no_crate_apart() {
    let library = identity(LIBRARY).unwrap();
    assert!(library.len() == 16 && library.bytes().all(|byte| byte.is_ascii_hexdigit()), "{library}");
    for (from, to) in [
        ("982c27387deda4d7", "1111111111111111"),
        ("eb2a93e6fb3213e3", "1111111111111111"),
        ("/head/", "/base/"),
        ("libserde-0123", "libserde-4567"),
        ("cfg(docsrs)", "cfg(docsrs,test)"),
        ("2021", "2024"),
    ] {
        let other = LIBRARY.replace(from, to);
        assert_ne!(other, LIBRARY);
        assert_eq!(identity(&other).as_ref(), Some(&library), "{to}");
    }
    // Within one build these are different crates.
    for (from, to) in [
        ("--crate-name half", "--crate-name whole"),
        ("src/lib.rs", "member/src/lib.rs"),
        ("--crate-type lib", "--crate-type proc-macro"),
        ("--crate-type lib", "--test"),
        ("opt-level=3", "opt-level=0"),
        ("feature=\"std\"", "feature=\"alloc\""),
        ("--emit=link", "--emit=link --target x86_64-unknown-linux-gnu"),
    ] {
        let other = LIBRARY.replace(from, to);
        assert_ne!(identity(&other), Some(library.clone()), "{to}");
    }
    for asked in ["rustc -vV", "rustc - --crate-name ___ --print=cfg", "rustc", "rustc -C"] {
        assert_eq!(identity(asked), None);
    }
}

/// By another version alone, functions would have other names and another order, and be inlined otherwise.
#[test]
fn a_version_alone_changes_no_program() {
    let fixture = Fixture::built("example", "same_crate");
    fixture.replace("Cargo.toml", "version = \"0.1.0\"", "version = \"7.1.3\"");
    fixture.commit("another version");
    assert_eq!(fixture.perfgate(&["--base", "HEAD~1", "--quiet"]).code, 0);
    let report = json::parse(fixture.read("target/perfgate/last.json").as_bytes()).unwrap();
    assert_eq!(report.rows.len(), 6);
    for row in &report.rows {
        assert_eq!((row.verdict, row.evidence), (Verdict::Unchanged, Some(Evidence::SameExecutable)), "{row:?}");
    }
}
