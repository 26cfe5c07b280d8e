//! What one side takes over of another's build, and what it does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::fixture::{Fixture, clean};

/// A repository with one bench target, which has no benchmarks that could be asked for: both sides are built, and nothing is
/// compared.
struct Project {
    fixture: Fixture,
    _folder: tempfile::TempDir,
    builds: PathBuf,
}

impl Project {
    fn new() -> Self {
        let held = tempfile::tempdir().unwrap();
        let folder = held.path().canonicalize().unwrap();
        let fixture = Fixture { root: folder.join("project") };
        fixture.write("src/lib.rs", "");
        fixture.write("benches/own.rs", "fn main() {}\n");
        fixture.git(&["init", "-q", "-b", "main"]);
        Self { fixture, _folder: held, builds: folder.join("builds") }
    }

    /// Has the package depend on these, with what is locked of them.
    fn depend_on(&self, packages: &[(&str, String)]) {
        let lines = |line: &dyn Fn(&str) -> String| packages.iter().map(|(name, _)| line(name)).collect::<String>();
        let manifest = format!(
            "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[[bench]]\nname = \"own\"\nharness = false\n\n\
             [dependencies]\n{}",
            lines(&|name| format!("{name} = \"*\"\n"))
        );
        self.fixture.write("Cargo.toml", &manifest);
        let own = format!(
            "\n[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"\ndependencies = [\n{}]\n",
            lines(&|name| format!(" \"{name}\",\n"))
        );
        let locked: String = packages.iter().map(|(_, locked)| locked.as_str()).collect();
        self.fixture.write("Cargo.lock", &format!("version = 4\n{locked}{own}"));
    }

    fn check(&self, base: &str) {
        let done = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")))
            .args(["check", "--base", base, "--locked", "--offline"])
            .current_dir(&self.fixture.root)
            .env("PERFGATE_TARGET_DIR", &self.builds)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(4), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// What was compiled on a side and begins so, by file name, with the time when that was.
    fn compiled(&self, side: &str, begin: &str) -> BTreeMap<String, SystemTime> {
        let files = fs::read_dir(self.deps(side)).unwrap().map(Result::unwrap);
        files
            .map(|file| (file.file_name().into_string().unwrap(), file.metadata().unwrap().modified().unwrap()))
            .filter(|(file, _)| file.starts_with(begin) && !file.ends_with(".d"))
            .collect()
    }

    fn deps(&self, side: &str) -> PathBuf {
        let project = fs::read_dir(&self.builds).unwrap().next().unwrap().unwrap().path();
        project.join(side).join("target/release/deps")
    }

    /// What the bench target of a side prints.
    fn printed(&self, side: &str) -> String {
        let name = self.compiled(side, "own-").into_keys().next().unwrap();
        let done = Command::new(self.deps(side).join(name)).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    }
}

/// What this program itself has locked of a package: cargo has fetched it. It depends on nothing.
fn locked(name: &str) -> String {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"].as_str() == Some(name)).unwrap();
    format!("\n[[package]]\n{}", toml::to_string(package).unwrap())
}

#[test]
fn base_takes_over_a_build_where_it_lacks_most_of_the_dependencies() {
    let project = Project::new();
    project.depend_on(&[]);
    project.fixture.commit("nothing is needed");
    project.check("HEAD");
    assert_eq!(project.compiled("base", "libtiny-"), project.compiled("head", "libtiny-"), "a first base is a copy");

    // All that is needed is new: what is compiled twice would have two times.
    let first = ("cfg-if", locked("cfg-if"));
    project.depend_on(std::slice::from_ref(&first));
    project.fixture.commit("something is needed");
    project.check("HEAD");
    let heads = project.compiled("head", "libcfg_if-");
    assert_eq!((heads.len(), project.compiled("base", "libcfg_if-")), (2, heads));

    // And one of two.
    project.depend_on(&[first, ("itoa", locked("itoa"))]);
    project.fixture.commit("something more is needed");
    project.check("HEAD");
    assert_eq!(project.compiled("base", "libcfg_if-"), project.compiled("head", "libcfg_if-"));
    let (base, head) = (project.compiled("base", "libitoa-"), project.compiled("head", "libitoa-"));
    assert!(base.keys().eq(head.keys()) && !base.values().eq(head.values()), "{base:?} {head:?}");
}

#[test]
fn a_vendored_package_that_changed_without_its_version_is_compiled_on_each_side() {
    let project = Project::new();
    let checksum = "0".repeat(64);
    let locked = format!(
        "\n[[package]]\nname = \"gift\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n"
    );
    project.depend_on(&[("gift", locked)]);
    let vendor = |number: u32| {
        let manifest = "[package]\nname = \"gift\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
        project.fixture.write("vendor/gift/Cargo.toml", manifest);
        project.fixture.write(
            "vendor/gift/src/lib.rs",
            &format!("pub fn number(at: usize) -> u32 {{\n    [0, {number}][at]\n}}\n"),
        );
        // Of files that are not named nothing is checked.
        let checksums = format!("{{\"files\":{{}},\"package\":\"{checksum}\",\"of\":{number}}}");
        project.fixture.write("vendor/gift/.cargo-checksum.json", &checksums);
    };
    let sources = "[source.crates-io]\nreplace-with = \"here\"\n\n[source.here]\ndirectory = \"vendor\"\n";
    project.fixture.write(".cargo/config.toml", sources);
    let bench = "fn main() {\n    println!(\"{}\", gift::number(std::env::args().count()));\n}\n";
    project.fixture.write("benches/own.rs", bench);
    vendor(1);
    project.fixture.commit("one");
    vendor(2);
    project.fixture.commit("two");
    project.check("HEAD~1");
    assert_eq!((project.printed("base"), project.printed("head")), ("1\n".to_owned(), "2\n".to_owned()));

    // Where both were built before, too.
    vendor(3);
    project.fixture.commit("three");
    project.check("HEAD~1");
    assert_eq!((project.printed("base"), project.printed("head")), ("2\n".to_owned(), "3\n".to_owned()));

    // What is equal is equal: what panics would print names no side.
    project.check("HEAD");
    let executable =
        |side| fs::read(project.deps(side).join(project.compiled(side, "own-").keys().next().unwrap())).unwrap();
    assert!(executable("base") == executable("head"));
    let named = |name: &[u8]| executable("base").windows(name.len()).any(|bytes| bytes == name);
    assert!(named(b"gift/src/lib.rs") && !named(b"base/tree") && !named(b"head/tree"));
}
