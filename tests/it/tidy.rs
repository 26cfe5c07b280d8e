//! Holds the picture in `src/lib.rs`: who may import whom, what the pure floors may not touch, what stands in one
//! place only. The floors are read from that table, so that picture and check cannot differ.

mod source;

use std::{collections::BTreeMap, fmt, fs, path::Path};

/// Floors up to this one are pure.
const PURE: u8 = 3;
const ADAPTERS: u8 = 4;
const MOST_LINES: usize = 500;
const MOST_LINES_OF_MAIN: usize = 25;

/// Adapters that start processes, and so may import the one which knows how.
const START_PROCESSES: [&str; 3] = ["harness", "workspace", "vcs"];

/// Names that stand for the file system, the environment, processes, the clock, the network, or a foreign tool.
const IMPURE: [&str; 8] =
    ["std::fs", "std::env", "std::process", "std::time", "std::net", "git2", "cargo_metadata", "clap"];

/// What only some folders may name.
const RESERVED: [(&str, &[&str]); 4] =
    [("git2", &["vcs", "store"]), ("clap", &["cli"]), ("ciborium", &["harness"]), ("ureq", &["forge"])];

const PRINT: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// A source file: its path under the package root with `/`, and its text.
struct File {
    path: String,
    text: String,
}

#[derive(PartialEq, Eq)]
struct Violation {
    path: String,
    line: usize,
    rule: String,
    why: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n    why: {}", self.path, self.line, self.rule, self.why)
    }
}

#[test]
fn the_sources_keep_the_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), "src", &mut files);
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the sources were not found");
    let violations: Vec<String> = check(&files).iter().map(Violation::to_string).collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

fn collect(folder: &Path, name: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &path, files);
        } else if path.ends_with(".rs") {
            files.push(File { text: fs::read_to_string(entry.path()).unwrap(), path });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
}

fn check(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    let floors = table(files, &mut found);
    let mut spawning: Vec<(&str, usize)> = Vec::new();
    for file in files {
        let mut report = |line, rule: String, why| found.push(Violation { path: file.path.clone(), line, rule, why });
        shape(file, &mut report);
        let Some(place) = Place::of(file, &floors) else { continue };
        for path in source::paths(&file.text, &place.module) {
            let name = path.segments.join("::");
            place.imports(&path, &floors, &mut report);
            place.purity(&path, &name, &mut report);
            for (reserved, folders) in RESERVED {
                if path.segments[0] == reserved && !folders.contains(&place.folder) && path.segments.len() > 1 {
                    report(
                        path.line,
                        format!("`{name}`: only {} may name `{reserved}`", folders.join("/, ") + "/"),
                        "a foreign interface that leaks can no longer be changed in one place",
                    );
                }
            }
            if path.called_macro && PRINT.contains(&path.segments.last().unwrap().as_str()) && place.folder != "cli" {
                report(
                    path.line,
                    format!("`{name}!`: only cli/ prints"),
                    "stdout is the result and stderr has one voice: both are written by cli/ alone",
                );
            }
            if path.segments.ends_with(&["Command".to_owned(), "new".to_owned()]) {
                spawning.push((&file.path, path.line));
            }
        }
    }
    one_place_that_spawns(&spawning, &mut found);
    // One line may name a folder several times.
    found.dedup();
    found
}

/// The floors by folder, from the table in `src/lib.rs`.
fn table(files: &[File], found: &mut Vec<Violation>) -> BTreeMap<String, u8> {
    let lib = files.iter().find(|file| file.path == "src/lib.rs").expect("src/lib.rs");
    let mut floors = BTreeMap::new();
    let mut report = |line, rule| {
        let why = "the page that opens the crate is the map of it";
        found.push(Violation { path: lib.path.clone(), line, rule, why });
    };
    let folder_of = |path: &str| path.strip_prefix("src/")?.split_once('/').map(|(folder, _)| folder.to_owned());
    for (index, text) in lib.text.lines().enumerate() {
        let Some(row) = text.strip_prefix("//! |") else { continue };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (Ok(floor), Some(folder)) = (cells[0].parse(), cells.get(1)) else { continue };
        let folder = folder.trim_matches('`').to_owned();
        if !files.iter().any(|file| folder_of(&file.path).as_ref() == Some(&folder)) {
            report(index + 1, format!("the table names `{folder}`, and there is no src/{folder}/"));
        }
        floors.insert(folder, floor);
    }
    for file in files {
        if let Some(folder) = folder_of(&file.path)
            && !floors.contains_key(&folder)
        {
            report(1, format!("the table does not name src/{folder}/"));
            // One complaint a folder is enough; as a top floor it causes no further ones.
            floors.insert(folder, u8::MAX);
        }
    }
    floors
}

fn shape(file: &File, report: &mut impl FnMut(usize, String, &'static str)) {
    let lines = file.text.lines().count();
    let most = if file.path == "src/main.rs" { MOST_LINES_OF_MAIN } else { MOST_LINES };
    if lines > most {
        report(most + 1, format!("{lines} lines, at most {most}"), "a file has one subject");
    }
    if !file.text.starts_with("//!") {
        report(1, "does not begin with `//!`".to_owned(), "a file says first what lives in it");
    }
}

/// Where a file stands.
struct Place<'f> {
    folder: &'f str,
    floor: u8,
    module: Vec<String>,
}

impl<'f> Place<'f> {
    /// Nothing for the map itself, `src/lib.rs`, which belongs to no floor.
    fn of(file: &'f File, floors: &BTreeMap<String, u8>) -> Option<Self> {
        let path = file.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        if path == "lib" {
            return None;
        }
        let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|name| name == "mod") {
            module.pop();
        }
        let folder = path.split('/').next()?;
        if folder == "main" {
            return Some(Self { folder, floor: *floors.values().max()?, module: Vec::new() });
        }
        Some(Self { folder, floor: floors.get(folder).copied().unwrap_or(u8::MAX), module })
    }

    fn imports(
        &self,
        path: &source::Path,
        floors: &BTreeMap<String, u8>,
        report: &mut impl FnMut(usize, String, &'static str),
    ) {
        let ("crate", Some(target)) = (path.segments[0].as_str(), path.segments.get(1)) else { return };
        if target == "*" {
            report(path.line, "imports all of the crate".to_owned(), "it hides which floors are used");
        }
        let Some(&floor) = floors.get(target) else { return };
        let (here, there) = (format!("{} (floor {})", self.folder, self.floor), format!("{target} (floor {floor})"));
        if floor > self.floor {
            report(
                path.line,
                format!("{here} imports {there} above it"),
                "a lower floor can be read and tested without those above",
            );
        }
        let own = self.folder == target || self.folder == "main";
        let granted = target == "instrument" && START_PROCESSES.contains(&self.folder);
        if floor == self.floor && !own && !granted {
            let why = if floor == ADAPTERS {
                "adapters do not know each other: what two of them need is passed by flow"
            } else {
                "folders of one floor do not know each other"
            };
            report(path.line, format!("{here} imports {there} beside it"), why);
        }
    }

    fn purity(&self, path: &source::Path, name: &str, report: &mut impl FnMut(usize, String, &'static str)) {
        if self.floor > PURE {
            return;
        }
        let within =
            |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        let banned = IMPURE.iter().any(|banned| within(banned)) && path.segments.len() > 1;
        let clock = name.ends_with("::now");
        if (banned && !within("std::time::Duration")) || clock || name == "std::*" {
            report(
                path.line,
                format!("`{name}` on floor {}", self.floor),
                "floors 0 to 3 are pure: the same input gives the same verdict, on every machine and at any time",
            );
        }
    }
}

fn one_place_that_spawns(spawning: &[(&str, usize)], found: &mut Vec<Violation>) {
    let why = "time-outs, groups and clean-up hold only for processes that are all started in one place";
    let first = spawning.iter().map(|(path, _)| *path).find(|path| path.starts_with("src/instrument/"));
    for &(path, line) in spawning {
        let rule = if !path.starts_with("src/instrument/") {
            "`Command::new` outside of src/instrument/".to_owned()
        } else if Some(path) != first {
            format!("a second file with `Command::new`, beside {}", first.unwrap_or_default())
        } else {
            continue;
        };
        found.push(Violation { path: path.to_owned(), line, rule, why });
    }
    if spawning.is_empty() {
        let rule = "no file has `Command::new`".to_owned();
        found.push(Violation { path: "src/instrument/".to_owned(), line: 1, rule, why });
    }
}

/// A made-up crate that keeps all rules, and then some files of it replaced or added.
fn violations(changed: &[(&str, &str)]) -> Vec<String> {
    let lib = "//! The map.\n//! | floor | folder | holds |\n//! | --- | --- | --- |\n//! | 6 | `cli` | a |\n\
               //! | 5 | `flow` | b |\n//! | 4 | `instrument` | c |\n//! | 4 | `vcs` | d |\n//! | 4 | `store` | d |\n\
               //! | 2 | `gate` | e |\n//! | 0 | `model` | f |\n";
    let sound = [
        ("src/lib.rs", lib),
        ("src/main.rs", "//! Main.\nfn main() { cargo_perfgate::cli::main() }\n"),
        ("src/cli/mod.rs", "//! Cli.\nuse crate::flow;\nuse clap::Parser;\nfn f() { println!(\"{}\", flow::x()) }\n"),
        ("src/flow/mod.rs", "//! Flow.\nuse crate::{gate::judge, store, vcs};\nuse std::time::Instant;\n"),
        ("src/instrument/mod.rs", "//! Processes.\nfn f() { std::process::Command::new(\"git\"); }\n"),
        ("src/vcs/mod.rs", "//! Git.\nuse crate::instrument::run;\nuse git2::Repository;\n"),
        ("src/store/mod.rs", "//! Store.\nuse crate::model;\n"),
        ("src/gate/mod.rs", "//! Gate.\nmod rule;\nuse crate::model::Row;\nuse std::time::Duration;\n"),
        ("src/gate/rule.rs", "//! Rule.\nuse super::judge;\nuse super::super::model;\n// use crate::cli;\n"),
        ("src/model/mod.rs", "//! Model.\nconst S: &str = \"crate::cli println!\";\n"),
    ];
    let mut files: BTreeMap<&str, &str> = sound.into_iter().collect();
    files.extend(changed.iter().copied());
    let files: Vec<File> =
        files.into_iter().map(|(path, text)| File { path: path.to_owned(), text: text.to_owned() }).collect();
    check(&files).iter().map(|found| format!("{}:{}: {}", found.path, found.line, found.rule)).collect()
}

#[test]
fn a_sound_crate_has_no_violation() {
    assert_eq!(violations(&[]), [""; 0]);
}

#[test]
fn every_rule_can_be_broken() {
    let long = format!("//! Long.\n{}", "\n".repeat(500));
    let long_main = format!("//! Main.\n{}", "\n".repeat(25));
    let cases: [(&str, &str, &str); 22] = [
        ("src/model/run.rs", "//! R.\nuse crate::gate::judge;\n", "2: model (floor 0) imports gate (floor 2) above it"),
        (
            "src/gate/x.rs",
            "//! X.\nfn f() {\n    crate::cli::main()\n}\n",
            "3: gate (floor 2) imports cli (floor 6) above it",
        ),
        (
            "src/gate/x.rs",
            "//! X.\nuse crate::{\n    model::Row,\n    flow::{self, y},\n};\n",
            "4: gate (floor 2) imports flow (floor 5) above it",
        ),
        ("src/gate/x.rs", "//! X.\nuse super::super::vcs;\n", "2: gate (floor 2) imports vcs (floor 4) above it"),
        (
            "src/gate/x.rs",
            "//! X.\nmod tests { use super::super::super::vcs; }\n",
            "2: gate (floor 2) imports vcs (floor 4) above it",
        ),
        ("src/store/x.rs", "//! X.\nuse crate::vcs::Tree;\n", "2: store (floor 4) imports vcs (floor 4) beside it"),
        (
            "src/store/x.rs",
            "//! X.\nuse crate::instrument::run;\n",
            "2: store (floor 4) imports instrument (floor 4) beside it",
        ),
        ("src/instrument/x.rs", "//! X.\nuse crate::vcs;\n", "2: instrument (floor 4) imports vcs (floor 4) beside it"),
        ("src/gate/x.rs", "//! X.\nuse crate::*;\n", "2: imports all of the crate"),
        ("src/gate/x.rs", "//! X.\nuse std::{fmt, fs};\n", "2: `std::fs` on floor 2"),
        ("src/gate/x.rs", "//! X.\nuse std::time::{Duration, Instant};\n", "2: `std::time::Instant` on floor 2"),
        ("src/gate/x.rs", "//! X.\nuse std::*;\n", "2: `std::*` on floor 2"),
        ("src/gate/x.rs", "//! X.\nfn f() { std::env::var(\"A\"); }\n", "2: `std::env::var` on floor 2"),
        ("src/gate/x.rs", "//! X.\nfn f() { jiff::Timestamp::now(); }\n", "2: `jiff::Timestamp::now` on floor 2"),
        ("src/gate/x.rs", "//! X.\nuse cargo_metadata::Package;\n", "2: `cargo_metadata::Package` on floor 2"),
        ("src/flow/x.rs", "//! X.\nuse git2::Oid;\n", "2: `git2::Oid`: only vcs/, store/ may name `git2`"),
        ("src/flow/x.rs", "//! X.\nuse clap::Parser;\n", "2: `clap::Parser`: only cli/ may name `clap`"),
        ("src/flow/x.rs", "//! X.\nuse ciborium::Value;\n", "2: `ciborium::Value`: only harness/ may name `ciborium`"),
        ("src/flow/x.rs", "//! X.\nfn f() { eprintln!(); }\n", "2: `eprintln!`: only cli/ prints"),
        ("src/flow/x.rs", "//! X.\nfn f() { Command::new(\"a\"); }\n", "2: `Command::new` outside of src/instrument/"),
        (
            "src/instrument/x.rs",
            "//! X.\nfn f() { Command::new(\"a\"); }\n",
            "2: a second file with `Command::new`, beside src/instrument/mod.rs",
        ),
        ("src/flow/x.rs", "use std::fmt;\n", "1: does not begin with `//!`"),
    ];
    for (path, text, expected) in cases {
        assert_eq!(violations(&[(path, text)]), [format!("{path}:{expected}")], "{text}");
    }
    assert_eq!(violations(&[("src/flow/x.rs", &long)]), ["src/flow/x.rs:501: 501 lines, at most 500"]);
    assert_eq!(violations(&[("src/main.rs", &long_main)]), ["src/main.rs:26: 26 lines, at most 25"]);
    assert_eq!(violations(&[("src/extra/mod.rs", "//! E.\n")]), ["src/lib.rs:1: the table does not name src/extra/"]);
    assert_eq!(
        violations(&[("src/instrument/mod.rs", "//! Nothing.\n")]),
        ["src/instrument/:1: no file has `Command::new`"]
    );
}
