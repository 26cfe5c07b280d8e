//! Which remote is meant, what it is called, and from where; what cannot be reached.

use std::fs;

use cargo_perfgate::store::BASELINES;

use super::{COMMIT, Hub, last_line};
use crate::support::git_in;

#[test]
fn the_remote_is_the_base_branchs_else_origin_else_the_only_one() {
    let hub = Hub::new();
    let one = hub.clone_to("one");
    one.measured(COMMIT, "aa11", 1.0);
    let pushed = || last_line(&one.says(&["baseline", "push"]));
    assert_eq!(pushed(), "Pushed 1 record of 1 commit to origin");
    one.git(&["remote", "add", "team/main", &hub.address()]);
    one.git(&["remote", "add", "team", "/no/such/place"]);
    assert_eq!(pushed(), "Pushed nothing new to origin");
    fs::write(
        one.root.join("Cargo.toml"),
        "[package]\nname = \"one\"\nversion = \"0.1.0\"\n[lib]\npath = \"lib.rs\"\n",
    )
    .unwrap();
    fs::create_dir(one.root.join(".config")).unwrap();
    let base =
        |name: &str| fs::write(one.root.join(".config/perfgate.toml"), format!("[gate]\nbase = \"{name}\"\n")).unwrap();
    base("team/main/trunk");
    assert_eq!(pushed(), "Pushed nothing new to team/main");
    base("main");
    assert_eq!(pushed(), "Pushed nothing new to origin");
    one.git(&["remote", "remove", "origin"]);
    let ran = one.says(&["baseline", "push"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.stderr,
        format!(
            "error: could not choose a remote for the baselines of {}: none was named, and none is the usual one\nhelp: name one of this clone's remotes: team, team/main\n",
            one.root.display()
        )
    );
    one.git(&["remote", "remove", "team"]);
    assert_eq!(pushed(), "Pushed nothing new to team/main");
    one.git(&["remote", "remove", "team/main"]);
    let ran = one.says(&["baseline", "pull", "upstream"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("`upstream` is neither a remote of this clone nor an address\nhelp: this clone has no remote yet: `git remote add"), "{}", ran.stderr);
    // An address will do, and its password is nobody's business.
    assert_eq!(
        last_line(&one.says(&["baseline", "pull", hub.path.to_str().unwrap()])),
        format!("Pulled nothing new from {}", hub.path.display())
    );
    let ran = one.says(&["baseline", "pull", "http://user:secret@127.0.0.1:1/x.git"]);
    assert_eq!(ran.code, 101);
    assert!(ran.stderr.contains("could not list the baselines of http://127.0.0.1:1/x.git in "), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nhelp: ") && !ran.stderr.contains("secret"), "{}", ran.stderr);
}

#[test]
fn a_remote_may_have_any_name_and_any_configuration() {
    let hub = Hub::new();
    let one = hub.clone_to("one");
    one.git(&["worktree", "add", "--quiet", "--detach", "../linked"]);
    let linked = one.root.parent().unwrap().join("linked");
    let before = one.git(&["for-each-ref"]);
    for (number, name) in ["--upload-pack=touch ../touched", "a b/*:ü", "."].into_iter().enumerate() {
        one.git(&["config", &format!("remote.{name}.url"), &hub.address()]);
        // Users may have this; it would replace what is stored here by what is stored there.
        one.git(&["config", &format!("remote.{name}.fetch"), "+refs/perfgate/*:refs/perfgate/*"]);
        one.git(&["config", &format!("remote.{name}.prune"), "true"]);
        one.measured(COMMIT, "aa11", number as f64);
        let two = hub.clone_to(&format!("two{number}"));
        two.measured(COMMIT, "bb22", number as f64);
        two.push();
        for what in ["pull", "push"] {
            let ran = one.says_in(&linked, &["baseline", what, "--", name]);
            assert_eq!(ran.code, 0, "{name}");
        }
        assert_eq!(one.records(), 2 * (number + 1), "{name}");
    }
    assert_eq!(hub.records(), 6);
    assert!(!hub.path.parent().unwrap().join("touched").exists());
    // Nothing else was moved or left behind.
    one.git(&["update-ref", "-d", &format!("refs/perfgate/commits/{COMMIT}")]);
    assert_eq!(one.git(&["for-each-ref"]), before);
    assert!(!one.root.join(".git/FETCH_HEAD").exists());
}

/// What one may fetch from is not always what one may push to.
#[test]
fn it_is_merged_with_what_is_there_where_it_is_pushed_to() {
    let (upstream, fork) = (Hub::new(), Hub::new());
    let (one, two) = (upstream.clone_to("one"), fork.clone_to("two"));
    one.git(&["remote", "set-url", "--push", "origin", &fork.address()]);
    two.measured(COMMIT, "aa11", 1.0);
    two.push();
    one.measured(COMMIT, "aa11", 2.0);
    let ran = one.says(&["baseline", "push"]);
    assert_eq!(ran.code, 0);
    assert_eq!((upstream.records(), fork.records()), (0, 2));
}

/// However many there are, and whatever else lies beside them.
#[test]
fn nothing_is_pushed_but_what_is_stored() {
    const MANY: usize = 101;
    let hub = Hub::new();
    let one = hub.clone_to("one");
    one.measured(COMMIT, "aa11", 1.0);
    let tip = one.git(&["rev-parse", &format!("{BASELINES}/{COMMIT}")]);
    let named = |from: usize| (from..from + MANY).map(|n| format!("{BASELINES}/{n:040x}")).collect::<Vec<_>>();
    let lines = |names: &[String]| names.iter().map(|name| format!("{tip} {name}\n")).collect::<String>();
    let there = || git_in(&hub.path, ["for-each-ref", "--format=%(refname)", BASELINES]);
    let mut expected = named(0);
    one.pack(&lines(&expected));
    // A link, a name that is no commit's, and one further below.
    let link = format!("{BASELINES}/{}", "f".repeat(40));
    one.git(&["symbolic-ref", &link, "refs/heads/main"]);
    for name in ["scratch", "mine/scratch"] {
        one.git(&["update-ref", &format!("{BASELINES}/{name}"), "HEAD"]);
    }
    assert_eq!(one.push(), "Pushed 102 records of 102 commits to origin");
    expected.push(format!("{BASELINES}/{COMMIT}"));
    assert_eq!(there(), expected.join("\n"));

    // More of these than git can be told to leave out; and then all that was pushed is of them, too.
    let more = named(MANY);
    one.pack(&lines(&more));
    one.git(&["symbolic-ref", "--delete", &link]);
    assert_eq!(one.push(), "Pushed 101 records of 101 commits to origin");
    expected.extend(more);
    expected.sort();
    assert_eq!(there(), expected.join("\n"));
}
