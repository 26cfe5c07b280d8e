//! Benches that are left out because nothing that they depend on changed: what is decided from changed paths, and what the
//! program finds in a workspace.

use std::collections::BTreeSet;
use std::path::PathBuf;

use cargo_perfgate::flow::{Affected, Layout, Package, affected};

use crate::base::small::perfgate;
use crate::support::Git;

/// A workspace in `code`: `app` uses `parser`, which uses `words`; `tool` stands alone, with a package `tool/inner` in its
/// folder; `reader` includes files from elsewhere.
fn workspace() -> Layout {
    let package = |folder: &str, depends_on: &[&str]| Package {
        name: folder.replace("code/", ""),
        folder: PathBuf::from(folder),
        script: None,
        reaches_out: false,
        depends_on: depends_on.iter().map(PathBuf::from).collect(),
    };
    let mut packages = vec![
        package("code/app", &["code/parser", "code/words"]),
        package("code/parser", &["code/words"]),
        package("code/words", &[]),
        package("code/tool", &[]),
        package("code/tool/inner", &[]),
        package("code/reader", &[]),
    ];
    packages[3].script = Some(PathBuf::from("code/tool/make.rs"));
    packages[5].reaches_out = true;
    Layout {
        root: PathBuf::from("code"),
        packages,
        submodules: vec![PathBuf::from("code/words/c")],
        ..Layout::default()
    }
}

fn of(layout: &Layout, changed: &[&str]) -> Result<Vec<String>, String> {
    let changed: Vec<PathBuf> = changed.iter().map(PathBuf::from).collect();
    match affected(&changed, layout) {
        Affected::Everything(why) => Err(why),
        Affected::Packages(names) => Ok(names.into_iter().collect()),
    }
}

#[test]
fn what_depends_on_a_change_is_affected() {
    let layout = workspace();
    for (changed, expected) in [
        (&[][..], &[][..]),
        (&["code/words/src/lib.rs"], &["app", "parser", "reader", "words"]),
        (&["code/parser/benches/data.txt"], &["app", "parser", "reader"]),
        (&["code/app/src/main.rs"], &["app", "reader"]),
        (&["code/tool/src/lib.rs"], &["reader", "tool"]),
        // The nearest package's.
        (&["code/tool/inner/src/lib.rs"], &["reader", "tool/inner"]),
        (&["code/reader/src/lib.rs"], &["reader"]),
        (&["code/app/src/a.rs", "code/tool/inner/x"], &["app", "reader", "tool/inner"]),
    ] {
        assert_eq!(of(&layout, changed), Ok(expected.iter().map(|name| (*name).to_owned()).collect()), "{changed:?}");
    }
    // What depends on a package that reads other files.
    let mut layout = workspace();
    layout.packages[0].depends_on = BTreeSet::from(["code/reader".into()]);
    assert_eq!(of(&layout, &["code/tool/src/lib.rs"]), Ok(["app", "reader", "tool"].map(str::to_owned).into()));
}

#[test]
fn whatever_is_no_plain_change_of_a_package_affects_everything() {
    let layout = workspace();
    for (changed, why) in [
        ("code/Cargo.lock", "dependencies, features or profiles may differ"),
        ("code/Cargo.toml", "dependencies, features or profiles may differ"),
        ("code/words/Cargo.toml", "dependencies, features or profiles may differ"),
        ("rust-toolchain.toml", "the toolchain may differ"),
        ("code/rust-toolchain", "the toolchain may differ"),
        (".cargo/config.toml", "settings may differ"),
        ("code/words/.cargo/config", "settings may differ"),
        (".github/workflows/ci.yml", "settings may differ"),
        ("code/words/.gitattributes", "settings may differ"),
        (".gitmodules", "settings may differ"),
        ("code/words/build.rs", "a build script changed"),
        ("code/tool/make.rs", "a build script changed"),
        ("code/words/c/zlib.c", "a submodule changed"),
        ("code/words/c", "a submodule changed"),
        ("README.md", "it belongs to no package"),
        ("code/shared/table.txt", "it belongs to no package"),
        ("code/wordset/src/lib.rs", "it belongs to no package"),
    ] {
        assert_eq!(of(&layout, &[changed]), Err(format!("{changed}: {why}")));
        // With something harmless beside it, too.
        assert!(of(&layout, &["code/app/src/main.rs", changed, "code/words/src/lib.rs"]).is_err(), "{changed}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(std::ffi::OsString::from_vec(b"code/app/src/\xff.rs".to_vec()));
        let why = "code/app/src/\u{fffd}.rs: its name is no text".to_owned();
        assert_eq!(affected(&[path], &layout), Affected::Everything(why));
    }
}

#[test]
fn a_package_in_the_root_has_its_sources_there_and_no_more() {
    let mut layout = workspace();
    layout.packages.push(Package { name: "root".into(), folder: "code".into(), ..Package::default() });
    assert_eq!(of(&layout, &["code/src/lib.rs"]), Ok(["reader", "root"].map(str::to_owned).into()));
    assert_eq!(of(&layout, &["code/benches/a.rs"]), Ok(["reader", "root"].map(str::to_owned).into()));
    for path in ["code/README.md", "code/templates/a.html", "code/srcs/lib.rs"] {
        assert_eq!(of(&layout, &[path]), Err(format!("{path}: it lies in the root of the workspace")));
    }
}

#[test]
fn what_cargos_configuration_leads_to_affects_everything() {
    let mut layout = workspace();
    layout.configuration = "[build]\nrustflags = [\"-Clink-arg=-Twords/link.ld\"]\n".to_owned();
    let why = "cargo's configuration leads to files";
    assert_eq!(of(&layout, &["code/words/link.ld"]), Err(format!("code/words/link.ld: {why}")));
    assert_eq!(of(&layout, &["code/app/src/main.rs"]), Ok(["app", "reader"].map(str::to_owned).into()));
    layout.configuration = "[env]\nDATA = { value = \"words\", relative = true }\n".to_owned();
    assert_eq!(of(&layout, &["code/app/src/main.rs"]), Err(format!("code/app/src/main.rs: {why}")));
}

/// Members of a workspace in `ws`, each with a bench target that holds no benchmark.
fn member(git: &Git, name: &str, dependency: &str, source: &str) {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nbench = false\n\n\
         [[bench]]\nname = \"of-{name}\"\npath = \"benches/it.rs\"\nharness = false\n{dependency}"
    );
    git.write(format!("ws/{name}/Cargo.toml"), manifest);
    git.write(format!("ws/{name}/src/lib.rs"), source);
    git.write(format!("ws/{name}/benches/it.rs"), "fn main() {}\n");
}

/// The bench targets that were built, and those that were left out.
fn looked_at(git: &Git) -> (Vec<String>, Vec<String>, String) {
    let ran = perfgate(git, &git.root().join("ws"), &["check", "--affected", "--base", "HEAD", "--offline"], &[]);
    let last = crate::base::small::last(&git.root().join("ws"));
    let (left, built): (Vec<_>, Vec<_>) =
        last.skipped.into_iter().partition(|skipped| skipped.reason == "nothing that it depends on changed");
    assert_eq!(ran.code, if left.is_empty() { 4 } else { 0 });
    let names = |list: Vec<cargo_perfgate::model::Skipped>| {
        let ends = list.iter().map(|skipped| skipped.what.split("::of-").nth(1).unwrap_or(&skipped.what).to_owned());
        ends.collect()
    };
    let told = ran.stderr.lines().find_map(|line| line.trim().strip_prefix("Selecting ")).unwrap().to_owned();
    (names(built), names(left), told)
}

#[test]
fn a_workspace_is_built_as_far_as_it_is_affected() {
    let git = Git::new();
    git.write(".gitignore", "target\n");
    git.write(
        "ws/Cargo.toml",
        "[workspace]\nresolver = \"2\"\nmembers = [\"user\", \"words\", \"alone\", \"reader\", \"by-feature\"]\n",
    );
    member(&git, "words", "", "");
    member(&git, "user", "\n[dev-dependencies]\nwords = { path = \"../words\" }\n", "");
    member(&git, "by-feature", "\n[dependencies]\nwords = { path = \"../words\", optional = true }\n", "");
    member(&git, "alone", "", "");
    member(&git, "reader", "", "pub const TEXT: &str = include_str!(\"../../alone/src/text.txt\");\n");
    git.write("ws/alone/src/text.txt", "words\n");
    git.commit("first");
    let all = ["alone", "by-feature", "reader", "user", "words"].map(str::to_owned);
    let (built, left, told) = looked_at(&git);
    assert_eq!((built, &left[..]), (Vec::new(), &all[..]));
    assert_eq!(told, "0 of 5 packages: nothing that the others depend on changed");
    // Cargo made a lock file in the check-out, not here.
    assert!(!git.root().join("ws/Cargo.lock").exists());
    // The work tree counts, committed or not.
    git.write("ws/words/src/lib.rs", "// changed\n");
    let (built, left, told) = looked_at(&git);
    assert_eq!((built.join(" "), left.join(" ")), ("by-feature reader user words".to_owned(), "alone".to_owned()));
    assert_eq!(told, "4 of 5 packages: nothing that the others depend on changed");
    git.run(["checkout", "--quiet", "."]);
    git.write("ws/alone/src/text.txt", "other words\n");
    let (built, left, _) = looked_at(&git);
    assert_eq!((built.join(" "), left.join(" ")), ("alone reader".to_owned(), "by-feature user words".to_owned()));
    git.write("ws/data/new.txt", "");
    let (built, left, told) = looked_at(&git);
    assert_eq!(
        (&built[..], left.len(), told.as_str()),
        (&all[..], 0, "all packages: ws/data/new.txt: it belongs to no package")
    );
}
