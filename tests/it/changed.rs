//! Benchmarks that differ themselves: which files are a bench's own, and what is said of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_perfgate::flow::{Place, own_changes};
use cargo_perfgate::model::{Evidence, Report, Row, Verdict};
use cargo_perfgate::report::json;
use cargo_perfgate::vcs::{Overlay, Repository};
use cargo_perfgate::workspace::{library_sources, lock_with, manifest_with, parse_dep_info, root_with, sources_of};

use crate::fixture::Fixture;
use crate::support::Git;

fn paths(names: &[&str]) -> BTreeSet<PathBuf> {
    names.iter().map(PathBuf::from).collect()
}

fn own(changed: &[&str], named: Option<&[&str]>, place: &Place) -> Vec<String> {
    let changed: Vec<PathBuf> = changed.iter().map(PathBuf::from).collect();
    let named = named.map(paths);
    let libraries = paths(&["data/table.bin", "src/lib.rs"]);
    let own = own_changes(&changed, named.as_ref(), &libraries, place);
    own.iter().map(|path| path.to_string_lossy().into_owned()).collect()
}

#[test]
fn own_files_are_what_rustc_read_and_what_lies_beside() {
    let place = Place::new("benches/parse.rs".into(), Path::new(""), vec!["src".into()]);
    let named: &[&str] =
        &["benches/parse.rs", "benches/common/mod.rs", "tests/data/x.json", "data/table.bin", "src/a.rs"];
    let table: [(&[&str], &[&str]); 8] = [
        (&[], &[]),
        (&["src/lib.rs", "README.md", "Cargo.toml"], &[]),
        (&["benches/parse.rs", "src/lib.rs"], &["benches/parse.rs"]),
        (&["benches/other.rs"], &[]),
        (&["benches/common/mod.rs"], &["benches/common/mod.rs"]),
        // Read at run time, perhaps.
        (&["benches/data/words.txt", "data/words.txt"], &["benches/data/words.txt"]),
        // Compiled in from elsewhere.
        (&["tests/data/x.json"], &["tests/data/x.json"]),
        // The code that is measured, however the bench gets at it.
        (&["src/a.rs", "data/table.bin"], &[]),
    ];
    for (changed, expected) in table {
        assert_eq!(own(changed, Some(named), &place), expected, "{changed:?}");
    }
    let changed = ["benches/parse.rs", "benches/other.rs", "src/a.rs"];
    assert_eq!(own(&changed, None, &place), ["benches/other.rs", "benches/parse.rs"], "not known: all that lies there");
}

#[test]
fn own_files_in_unusual_places() {
    // A library at the package's root: benches lie inside its folder and are no part of it.
    let place = Place::new("p/benches/a.rs".into(), Path::new("p"), vec!["p".into()]);
    let named: &[&str] = &["p/benches/a.rs", "p/part.rs"];
    assert_eq!(
        own(&["p/benches/a.rs", "p/benches/in.txt", "p/part.rs", "p/x.txt"], Some(named), &place),
        ["p/benches/a.rs", "p/benches/in.txt"]
    );
    // A bench among the code.
    let place = Place::new("src/bench.rs".into(), Path::new(""), vec!["src".into()]);
    assert_eq!(
        own(&["src/bench.rs", "src/a.rs", "src/x.txt"], Some(&["src/bench.rs", "src/a.rs"]), &place),
        ["src/bench.rs"]
    );
    // A bench at the package's root: not everything is its input.
    let place = Place::new("bench.rs".into(), Path::new(""), vec!["src".into()]);
    assert_eq!(own(&["bench.rs", "notes.txt"], Some(&["bench.rs"]), &place), ["bench.rs"]);
    // A bench of several files.
    let place = Place::new("benches/a/main.rs".into(), Path::new(""), vec!["src".into()]);
    assert_eq!(own(&["benches/data/in.txt"], Some(&["benches/a/main.rs"]), &place), ["benches/data/in.txt"]);
}

#[test]
fn dep_info_is_read_as_rustc_writes_it() {
    let text = "/t/release/deps/a-1.d: benches/a.rs benches/my\\ data/x\\ y.txt C:\\in\\side.rs\n\n\
                /t/release/deps/a-1: benches/a.rs benches/common/mod.rs\n\n\
                benches/a.rs:\nbenches/my\\ data/x\\ y.txt:\n\n# env-dep:NAME=a: b\n# checksum:x file_len:3 z.rs\n";
    let expected = ["C:\\in\\side.rs", "benches/a.rs", "benches/common/mod.rs", "benches/my data/x y.txt"];
    assert_eq!(parse_dep_info(text), paths(&expected));
    assert_eq!(parse_dep_info("/a\\ b\\:\\ c: d"), paths(&["d"]));
    assert_eq!(parse_dep_info(""), paths(&[]));
}

#[test]
fn dep_info_is_found_beside_executables_and_libraries() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let executable = format!("a.b-1{}", std::env::consts::EXE_SUFFIX);
    write("a.b-1.d", "/t/a.b-1: w/benches/../data/./x.txt w/benches/a.rs /link/tree/w/y.rs /registry/z.rs\n");
    write("a-2.d", "/t/a-2.d: w/src/lib.rs\n\n/t/liba-2.rmeta: w/src/lib.rs w/src/table.bin\n");
    let (directory, tree) = (Path::new("/link/tree"), Path::new("/link/tree"));
    let found = sources_of(&folder.path().join(executable), directory, tree);
    assert_eq!(found, Some(paths(&["w/benches/a.rs", "w/data/x.txt", "w/y.rs"])));
    assert_eq!(sources_of(&folder.path().join("nothing"), directory, tree), None);
    assert_eq!(library_sources(folder.path(), directory, tree), paths(&["w/src/lib.rs", "w/src/table.bin"]));
    assert_eq!(library_sources(Path::new("/nowhere"), directory, tree), paths(&[]));
}

/// TOML as values: what was written may be in another order.
fn table(text: &str) -> toml::Table {
    text.parse().unwrap()
}

#[test]
fn a_manifest_takes_over_benches_and_what_they_need_alone() {
    let base = "[package]\nname = \"p\"\nversion = \"1.0.0\"\n[dependencies]\nserde = \"1.0.1\"\n\
                [dev-dependencies]\ncriterion = \"0.5\"\n[profile.bench]\nlto = true\n\
                [[bench]]\nname = \"old\"\nharness = false\n[[bench]]\nname = \"both\"\n";
    let head = "[package]\nname = \"p\"\nversion = \"2.0.0\"\n[dependencies]\nserde = \"2\"\n\
                [dev-dependencies]\ncriterion = \"0.8\"\nrand = \"0.9\"\n\
                [target.'cfg(unix)'.dev-dependencies]\nlibc = \"0.2\"\n[target.'cfg(unix)'.dependencies]\nx = \"1\"\n\
                [[bench]]\nname = \"both\"\nharness = false\n[[bench]]\nname = \"new\"\nharness = false\n\
                [[bench]]\nname = \"other\"\nharness = false\n";
    let expected = "[package]\nname = \"p\"\nversion = \"1.0.0\"\n[dependencies]\nserde = \"1.0.1\"\n\
                [dev-dependencies]\ncriterion = \"0.8\"\nrand = \"0.9\"\n[profile.bench]\nlto = true\n\
                [target.'cfg(unix)'.dev-dependencies]\nlibc = \"0.2\"\n\
                [[bench]]\nname = \"old\"\nharness = false\n[[bench]]\nname = \"both\"\nharness = false\n\
                [[bench]]\nname = \"new\"\nharness = false\n";
    let names = BTreeSet::from(["both", "new"]);
    assert_eq!(table(&manifest_with(base, head, &names).unwrap()), table(expected));
    assert_eq!(manifest_with(expected, head, &names), None, "nothing to take over");
    assert_eq!(manifest_with("[", head, &names), None);

    let base = "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nserde = \"1\"\n";
    let head = "[workspace]\nmembers = [\"b\"]\n[workspace.dependencies]\nserde = \"2\"\nrand = \"0.9\"\n";
    let expected = "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nserde = \"1\"\nrand = \"0.9\"\n";
    assert_eq!(table(&root_with(base, head).unwrap()), table(expected));
    assert_eq!(root_with("[package]\nname = \"p\"\n", head), None);

    let base = "version = 4\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\n";
    let head = "version = 4\n[[package]]\nname = \"rand\"\nversion = \"0.9.1\"\n\
                [[package]]\nname = \"serde\"\nversion = \"1.0.2\"\n";
    let expected = "version = 4\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\n\
                [[package]]\nname = \"rand\"\nversion = \"0.9.1\"\n";
    assert_eq!(table(&lock_with(base, head).unwrap()), table(expected));
}

#[test]
fn a_tree_is_laid_over_another() {
    let git = Git::new();
    git.write("src/lib.rs", "base");
    git.write("benches/a b.rs", "base");
    git.write("benches/gone.txt", "base");
    let base = git.commit("base");
    // An uncommitted head: git itself does not know its objects.
    git.write("src/lib.rs", "head");
    git.write("benches/a b.rs", "head");
    git.write("benches/new,1.txt", "head");
    fs::remove_file(git.root().join("benches/gone.txt")).unwrap();
    let repository = Repository::discover(git.root()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [ours, theirs] = ["both", "head"].map(|name| folder.path().join(name));
    let (base, head) = (repository.tree_of(&base, &theirs).unwrap(), repository.tree_of_work_tree(&theirs).unwrap());
    let taken = paths(&["benches/a b.rs", "benches/new,1.txt", "benches/gone.txt"]);
    let written = [(PathBuf::from("Cargo.toml"), "made\n".to_owned())].into();
    let tree = repository.overlay(&base, &head, &Overlay { taken: taken.clone(), written }, &ours).unwrap();
    let files = repository.write_tree(&tree, &ours).unwrap().files;
    let read = |path: &str| fs::read_to_string(files.join(path)).ok();
    let expected = [
        ("src/lib.rs", Some("base")),
        ("benches/a b.rs", Some("head")),
        ("benches/new,1.txt", Some("head")),
        ("benches/gone.txt", None),
        ("Cargo.toml", Some("made\n")),
    ];
    for (path, content) in expected {
        assert_eq!(read(path).as_deref(), content, "{path}");
    }
    assert_eq!(
        repository.changed_paths(&tree, &head, &theirs).unwrap(),
        ["Cargo.toml", "src/lib.rs"].map(PathBuf::from)
    );
    // Equal files are an equal tree, by which is seen that there is nothing to build.
    let overlay = |taken| repository.overlay(&base, &head, &Overlay { taken, ..Overlay::default() }, &ours).unwrap();
    assert_eq!(overlay(paths(&[])).id, base.id);
    assert_eq!(overlay(taken.into_iter().chain(paths(&["src/lib.rs"])).collect()).id, head.id);
}

fn last(fixture: &Fixture) -> Report {
    json::parse(&fs::read(fixture.root.join("target/perfgate/last.json")).unwrap()).unwrap()
}

fn rows(fixture: &Fixture) -> BTreeMap<String, Row> {
    last(fixture).rows.into_iter().map(|row| (row.benchmark.name.clone(), row)).collect()
}

const BENCH: &str = "benches/checksum.rs";
const ON_BASE: &str = "head's benchmark on base's code: ";
const BUILDING: &str = "head's benchmarks on base's code";

/// A bench target `extra` that base lacks, with one benchmark `extra` that does `work`.
fn add_extra(fixture: &Fixture, work: &str) {
    fixture.replace("Cargo.toml", "[dev-dep", "[[bench]]\nname = \"extra\"\nharness = false\n\n[dev-dep");
    fixture.write(
        "benches/extra.rs",
        &format!(
            "fn extra(c: &mut criterion::Criterion) {{\n    c.bench_function(\"extra\", |b| b.iter(|| {work}));\n}}\n\
             criterion::criterion_group!(benches, extra);\ncriterion::criterion_main!(benches);\n"
        ),
    );
}

/// Another benchmark in an old target.
fn add_function(fixture: &Fixture, work: &str) {
    let more = format!("group.finish();\n    c.bench_function(\"more\", |b| b.iter(|| {work}));\n");
    fixture.replace(BENCH, "group.finish();\n", &more);
}

#[test]
fn a_changed_benchmark_is_compared_on_both_sides_code() {
    let fixture = Fixture::built("example", "changed");
    fixture.git(&["checkout", "-q", "-b", "topic"]);

    // A benchmark that does twice the work, and code that does what it did.
    let call = "b.iter(|| adler32(black_box(bytes)));";
    fixture.replace(BENCH, call, "b.iter(|| adler32(black_box(bytes)) ^ adler32(black_box(bytes)));");
    let ran = fixture.perfgate(&["check"]);
    assert_eq!(ran.code, 0);
    assert!(!ran.stderr.contains(BUILDING), "both sides' code is one: nothing is built a third time");
    let found = rows(&fixture);
    assert_eq!(found.len(), 6);
    for (name, row) in &found {
        assert_eq!((row.verdict, row.evidence), (Verdict::Unchanged, Some(Evidence::SameExecutable)), "{name}");
        assert_eq!(row.reason.starts_with(ON_BASE), name.starts_with("checksum/"), "{name}: {}", row.reason);
    }

    // With a new name besides: no more than before does it tell of the code.
    let bench = fixture.read(BENCH);
    fixture.replace(BENCH, "\"adler32\"", "\"adler\"");
    let renamed = "[[rename]]\nfrom = \"checksum/adler32/4096\"\nto = \"checksum/adler/4096\"\n";
    fixture.write(".config/perfgate.toml", renamed);
    let ran = fixture.perfgate(&["check"]);
    assert_eq!(ran.code, 0);
    let found = rows(&fixture);
    assert_eq!(found.len(), 6, "nothing is lost or added");
    let row = &found["checksum/adler/4096"];
    assert_eq!((row.verdict, row.evidence), (Verdict::Unchanged, Some(Evidence::SameExecutable)));
    assert!(row.reason.starts_with(ON_BASE), "{}", row.reason);

    // What base's code does not have, in an old target and in a new one.
    let checksum = fixture.read("src/checksum.rs");
    fixture.write("src/checksum.rs", &format!("{checksum}\npub fn nothing() -> u32 {{\n    0\n}}\n"));
    add_function(&fixture, "textkit::checksum::nothing()");
    let manifest = fixture.read("Cargo.toml");
    add_extra(&fixture, "textkit::checksum::nothing()");
    let ran = fixture.perfgate(&["check"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains(BUILDING) && !ran.stderr.contains("error"), "{}", ran.stderr);
    let found = rows(&fixture);
    let line = "on base's code does not compile: cannot find function `nothing` in module `textkit::checksum`";
    for (name, verdict) in
        [("checksum/adler/4096", Verdict::BenchChanged), ("more", Verdict::Added), ("extra", Verdict::Added)]
    {
        assert_eq!((found[name].verdict, found[name].evidence), (verdict, None), "{name}");
        assert!(found[name].reason.contains(line), "{name}: {}", found[name].reason);
    }
    // Of what base has by the same name, base's own benchmark tells.
    let row = &found["checksum/fnv1a/4096"];
    assert_eq!((row.verdict, row.evidence), (Verdict::Unchanged, Some(Evidence::SameExecutable)), "{row:?}");
    assert!(row.reason.starts_with("base's benchmark on head's code"), "{}", row.reason);
    assert!(ran.stdout.contains("1 bench-changed"), "{}", ran.stdout);
    let said = ["1 benchmark of textkit::checksum could not be compared", "leave the others comparable"];
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.iter().all(|words| text.contains(words)), "{}", ran.stdout);
    assert!(!ran.stdout.contains("build to the same executables"), "{}", ran.stdout);
    assert_eq!(found["count/words/small"].evidence, Some(Evidence::SameExecutable));

    // With a new benchmark of what base does not have, what became slower is found all the same, and nothing of it stored.
    let twice = checksum.replace("pub fn fnv1a(", "pub fn fnv1a(bytes: &[u8]) -> u64 {\n    slow(std::hint::black_box(bytes)) ^ slow(bytes)\n}\n\npub fn nothing() -> u32 {\n    0\n}\n\n#[inline(never)]\nfn slow(");
    fixture.write("src/checksum.rs", &twice);
    let ran = fixture.perfgate(&["check", "checksum"]);
    let found = rows(&fixture);
    let row = &found["checksum/fnv1a/4096"];
    assert_eq!((ran.code, row.verdict, row.evidence), (100, Verdict::Regressed, Some(Evidence::PairedMeasurement)));
    assert!(row.reason.starts_with("base's benchmark on head's code: "), "{}", row.reason);
    assert!((0.5..1.5).contains(&row.change.unwrap()), "{row:?}");

    // Twice the work of a function that takes three times as long: a regression, of that size.
    let slow = checksum.replace("pub fn adler32(", "pub fn adler32(bytes: &[u8]) -> u32 {\n    once(std::hint::black_box(bytes)) & once(std::hint::black_box(bytes)) & once(bytes)\n}\n\n#[inline(never)]\nfn once(");
    fixture.write("src/checksum.rs", &slow);
    fixture.write(BENCH, &bench);
    add_function(&fixture, "adler32(black_box(&[7; 9000]))");
    fixture.write("Cargo.toml", &manifest);
    add_extra(&fixture, "textkit::count::lines(std::hint::black_box(\"a\\nb\"))");
    // What head says of a benchmark that base has counts for nothing yet.
    let rule = |id: &str, limit: &str| {
        format!("[[benchmark]]\nid = \"{id}\"\nmetrics.wall-time = {{ max-regression = \"{limit}\" }}\n")
    };
    let rules = [rule("more", "30%"), rule("checksum/adler32/4096", "900%")].concat();
    fixture.write(".config/perfgate.toml", &rules);
    let ran = fixture.perfgate(&["check"]);
    assert_eq!(ran.code, 100);
    let found = rows(&fixture);
    for name in ["checksum/adler32/4096", "more"] {
        let row = &found[name];
        assert_eq!((row.verdict, row.evidence), (Verdict::Regressed, Some(Evidence::PairedMeasurement)), "{name}");
        assert!(row.reason.starts_with(ON_BASE), "{name}: {}", row.reason);
        let change = row.change.unwrap();
        assert!((1.2..3.5).contains(&change), "{name}: {change}");
    }
    assert_eq!(found["extra"].verdict, Verdict::Unchanged, "{}", found["extra"].reason);
    assert!(found["extra"].reason.starts_with(ON_BASE), "{}", found["extra"].reason);
    assert_eq!(["more", "checksum/adler32/4096"].map(|name| found[name].limit), [0.3, 0.05]);
    assert_ne!(found["checksum/fnv1a/4096"].verdict, Verdict::Regressed);

    // The printed command judges a benchmark of a new target too, and all of it is built by now.
    let ran = fixture.perfgate(&["check", "--package", "textkit", "--bench", "extra", "^extra$"]);
    assert_eq!(ran.code, 0);
    assert!(!ran.stderr.contains("Compiling"), "{}", ran.stderr);
    assert_eq!(rows(&fixture).into_keys().collect::<Vec<_>>(), ["extra"]);
    assert!(rows(&fixture)["extra"].reason.starts_with(ON_BASE));
}
