//! Whose configuration holds: base's, whatever head makes of the file, and that of a pushed commit for itself.

use std::path::Path;

use crate::base::small::{last, perfgate, small};
use crate::fixture::Ran;
use crate::support::Git;

const FILE: &str = ".config/perfgate.toml";
const STRICT: &str = "[gate]\nmax-regression = \"1%\"\n";
const ACCEPT: &str = "[[accept]]\nbenchmark = \"geometric mean\"\nmetric = \"wall-time\"\nmax-regression = \"10%\"\nreason = \"meant\"\n";

fn warnings(git: &Git) -> String {
    last(git.root()).warnings.join("\n")
}

#[cfg(unix)]
mod links {
    use std::fs;

    use super::*;

    /// A link in the place of what is there.
    fn link(git: &Git, path: &str, target: impl AsRef<Path>) {
        let path = git.root().join(path);
        let _ = fs::remove_dir_all(&path);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    fn check(git: &Git, options: &[&str]) -> Ran {
        perfgate(git, git.root(), &[&["check", "--base", "main"], options].concat(), &[])
    }

    /// Base is strict, and so is head's gate.
    fn is_strict(git: &Git, what: &str) {
        git.commit(what);
        // There is nothing to measure.
        assert_eq!(check(git, &[]).code, 4, "{what}");
        let warnings = warnings(git);
        let expected = "base's holds until head is merged: max-regression is 1 % (head: 5 %)";
        assert!(warnings.contains(expected), "{what}: {warnings}");
    }

    #[test]
    fn no_link_of_heads_replaces_bases_configuration() {
        let git = small();
        git.write(FILE, format!("{STRICT}{ACCEPT}"));
        git.commit("strict");
        git.run(["checkout", "--quiet", "-b", "topic"]);

        git.write("x.toml", ACCEPT);
        link(&git, FILE, "../x.toml");
        is_strict(&git, "a link to another file");
        // What base accepts has ended, wherever head says it.
        assert!(warnings(&git).contains("since base has them, too: `geometric mean`"), "{}", warnings(&git));
        let ran = perfgate(&git, git.root(), &["accept", "--prune"], &[]);
        assert!(ran.code == 0 && ran.stderr.contains("Removed geometric mean"), "{}", ran.stderr);
        assert!(git.root().join(FILE).is_symlink());

        fs::write(git.beside("x.toml"), "").unwrap();
        link(&git, FILE, git.beside("x.toml"));
        is_strict(&git, "a link that leads out");

        git.write("other/perfgate.toml", "");
        link(&git, ".config", "other");
        is_strict(&git, "another folder");

        git.write("perfgate.toml", "");
        link(&git, ".config", ".");
        is_strict(&git, "the root as its folder");
    }

    #[test]
    fn a_workspace_that_moves_takes_no_configuration_away() {
        let git = small();
        git.write(FILE, STRICT);
        git.commit("strict");
        git.run(["checkout", "--quiet", "-b", "topic"]);
        let manifest = fs::read_to_string(git.root().join("Cargo.toml")).unwrap();
        git.write(
            "Cargo.toml",
            manifest.replace("[workspace]", "").replace("[package]", "[package]\nworkspace = \"sub\""),
        );
        git.write("sub/Cargo.toml", "[workspace]\nmembers = [\"..\"]\nresolver = \"2\"\n");
        git.commit("another root of the workspace");
        assert_eq!(check(&git, &[]).code, 4);
        let warnings = last(&git.root().join("sub")).warnings.join("\n");
        assert!(
            warnings.contains("base's holds until head is merged: max-regression is 1 % (head: 5 %)"),
            "{warnings}"
        );
    }

    #[test]
    fn bases_own_links_are_followed_or_an_error() {
        let git = small();
        git.write("ci/strict/limits.toml", STRICT);
        link(&git, "shared", "ci/strict");
        link(&git, FILE, "../ci/../shared/limits.toml");
        git.commit("strict, by links");
        git.run(["checkout", "--quiet", "-b", "topic"]);
        fs::remove_file(git.root().join(FILE)).unwrap();
        git.write(FILE, "");
        is_strict(&git, "a plain file");

        let absolute = git.beside("x.toml");
        let loop_to_itself = Path::new("perfgate.toml");
        for (target, why) in [
            (absolute.as_path(), "a link in it leads out of the repository"),
            (Path::new("../../x.toml"), "a link in it leads out of the repository"),
            (Path::new("../no.toml"), "a link in it leads to nothing"),
            (loop_to_itself, "there are too many links in it"),
            (Path::new("../ci"), "it is a folder"),
        ] {
            git.run(["checkout", "--quiet", "main"]);
            link(&git, FILE, target);
            git.commit("a link");
            git.run(["checkout", "--quiet", "topic"]);
            let ran = check(&git, &[]);
            assert_eq!(ran.code, 2, "{target:?}");
            assert!(ran.stderr.contains(why) && ran.stderr.contains("\nhelp: commit a file there"), "{}", ran.stderr);
            assert!(ran.stderr.contains("`--policy head` judges by head's"), "{}", ran.stderr);
        }
        assert_eq!(check(&git, &["--policy", "head"]).code, 4);
    }
}

#[test]
fn what_is_pushed_is_judged_by_its_own_configuration() {
    let git = small();
    git.write(FILE, STRICT);
    let base = git.commit("strict");
    git.run(["checkout", "--quiet", "-b", "topic"]);
    git.write("src/lib.rs", "pub fn one() {}\n");
    git.write(FILE, format!("[gate]\nmax-regression = \"50%\"\n{ACCEPT}"));
    let accepts = git.commit("accepted");
    git.write(FILE, STRICT);
    let plain = git.commit("not accepted");
    git.write(FILE, "gate = 1\n");
    let broken = git.commit("broken");
    git.run(["checkout", "--quiet", "main"]);
    let push = |commit: &str| {
        let said = [("PRE_COMMIT_TO_REF", commit), ("PRE_COMMIT_FROM_REF", base.as_str())];
        perfgate(&git, git.root(), &["pre-push"], &said)
    };
    let accepted = "head's configuration accepts, until it is merged: `geometric mean`";

    assert_eq!(push(&accepts).code, 0);
    let says = warnings(&git);
    assert!(says.contains(accepted) && says.contains("max-regression is 1 % (head: 50 %)"), "{says}");
    let ran = push(&broken);
    assert!(ran.code == 2 && ran.stderr.contains("--> .config/perfgate.toml:1:"), "{}", ran.stderr);

    // What is not committed is not pushed.
    git.write(FILE, format!("{STRICT}{ACCEPT}"));
    git.write("notes", "mine");
    assert_eq!(push(&plain).code, 0);
    assert_eq!(warnings(&git), "");
    let head = last(git.root()).head;
    assert_eq!((head.commit, head.dirty, head.changes), (Some(plain.clone()), false, None));
    git.write(FILE, "gate = 1\n");
    assert_eq!(push(&plain).code, 0);
}
