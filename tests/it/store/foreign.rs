//! What others may have done to the repository: hostile trees, damaged records, formats that are not known, locks.

use std::fs;

use cargo_perfgate::store::{BASELINES, Store, StoreError, encode};
use git2::{ObjectType, Oid, Repository};

use super::{COMMIT, OTHER, Sandbox, run, run_of};

pub const FILE: u32 = 0o100644;
pub const FOLDER: u32 = 0o40000;

/// A tree as its bytes are: libgit2 and git would refuse to make some of these.
pub fn raw_tree(repo: &Repository, entries: &[(u32, &str, Oid)]) -> Oid {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend(format!("{mode:o} {name}\0").as_bytes());
        bytes.extend(id.as_bytes());
    }
    repo.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
}

fn point_ref_at(repo: &Repository, tree: Oid) {
    let author = git2::Signature::now("mallory", "mallory@example.com").unwrap();
    let commit = repo.commit(None, &author, &author, "pushed", &repo.find_tree(tree).unwrap(), &[]).unwrap();
    repo.reference(&Sandbox::reference(), commit, true, "pushed").unwrap();
}

pub fn name_of(blob: Oid) -> String {
    format!("20260805T094107.000000000Z-{blob}.json")
}

#[test]
fn hostile_entries_are_skipped_and_the_rest_works() {
    let sandbox = Sandbox::new();
    let repo = Repository::open(sandbox.path()).unwrap();
    let good = repo.blob(&encode(&run(1.0)).unwrap()).unwrap();
    let corrupt = repo.blob(b"{").unwrap();
    let newer = repo.blob(br#"{"format_version": 7}"#).unwrap();
    let stray = repo.blob(&encode(&run_of(OTHER, "aa11", "2026-08-05T09:41:07Z", 1.0)).unwrap()).unwrap();
    let giant = repo.blob(&vec![b' '; 65 << 20]).unwrap();
    let missing = Oid::from_str("00000000000000000000000000000000000000aa").unwrap();
    let names = [good, corrupt, newer, stray, giant, missing].map(name_of);
    let swapped = name_of(Oid::from_str(OTHER).unwrap());
    let empty = raw_tree(&repo, &[]);
    let environment = raw_tree(
        &repo,
        &[
            (FILE, &names[0], good),
            (FILE, &names[0], good),
            (FILE, &names[1], corrupt),
            (FILE, &names[2], newer),
            (FILE, &names[3], stray),
            (FILE, &names[4], giant),
            (FILE, &names[5], missing),
            (FILE, &swapped, good),
            (FILE, "../../../../etc/passwd", good),
            (FILE, "\u{1b}[31m.json", good),
            (FOLDER, &name_of(empty), empty),
            (0o160000, &name_of(missing).replace("2026", "2028"), missing),
            (0o120000, &name_of(good).replace("2026", "2027"), good),
        ],
    );
    let commit = raw_tree(
        &repo,
        &[
            (FOLDER, "..", environment),
            (FOLDER, "aa11", environment),
            (FOLDER, "bb22", good),
            (FILE, "cc33", good),
            (FOLDER, "dd44", missing),
            (FOLDER, "ee55", empty),
        ],
    );
    point_ref_at(&repo, commit);
    sandbox.git(&["update-ref", &format!("{BASELINES}/stray"), &Sandbox::reference()]);
    sandbox.git(&["update-ref", &format!("{BASELINES}/deep/{COMMIT}"), &Sandbox::reference()]);
    sandbox.git(&["update-ref", &format!("{BASELINES}/{OTHER}"), &good.to_string()]);

    let store = sandbox.store();
    let loaded = store.load(COMMIT).unwrap();
    assert_eq!(loaded.runs.iter().map(|stored| &stored.run).collect::<Vec<_>>(), [&run(1.0)]);
    let said: Vec<_> = loaded.skipped.iter().map(|skipped| format!("{}: {}", skipped.what, skipped.reason)).collect();
    let said = said.join("\n");
    assert!(!said.contains('\u{1b}'), "{said}");
    for (what, reason) in [
        (names[1].trim_end_matches(".json"), "no readable record: EOF while parsing"),
        (names[2].trim_end_matches(".json"), "written by a newer version (format 7, this version reads up to 1)"),
        (names[3].trim_end_matches(".json"), "it holds the run of another commit or environment"),
        (names[4].trim_end_matches(".json"), "it is larger than 64 MiB"),
        (names[5].trim_end_matches(".json"), "its object is missing in this clone"),
        (swapped.trim_end_matches(".json"), "its content is not what its name says"),
        ("aa11/../../../../etc/passwd", "no name of a record"),
        ("aa11/\\u{1b}[31m.json", "no name of a record"),
        (&name_of(empty), "no file"),
        ("/..", "no name that belongs here"),
        ("/bb22", "it is a blob, not a tree"),
        ("/cc33", "no folder"),
        ("/dd44", "its object is missing in this clone"),
    ] {
        assert!(said.lines().any(|line| line.contains(&format!("{what}: {reason}"))), "{what}: {reason} in\n{said}");
    }

    let listing = store.list().unwrap();
    assert_eq!(listing.entries.len(), 1);
    let skipped: Vec<_> = listing.skipped.iter().map(|skipped| skipped.what.as_str()).collect();
    for what in ["stray".to_owned(), format!("deep/{COMMIT}"), OTHER.to_owned()] {
        assert!(skipped.contains(&format!("{BASELINES}/{what}").as_str()), "{what} in {skipped:?}");
    }

    // Adding works beside all that, and leaves it where it is.
    store.add(&run(2.0)).unwrap();
    let (mut before, mut after) = (loaded, store.load(COMMIT).unwrap());
    before.skipped.sort();
    after.skipped.sort();
    assert_eq!((after.runs.len(), after.skipped), (2, before.skipped));
    // Where it would have to replace something, it does not.
    let said = store.add(&run_of(COMMIT, "cc33", "2026-08-05T09:41:07Z", 1.0)).unwrap_err().to_string();
    let place = format!("{BASELINES}/{COMMIT}/cc33");
    assert!(said.contains(&format!("the stored tree has something else where folder {place} should be")), "{said}");
}

#[test]
fn a_ref_that_is_not_ours_is_an_error() {
    let sandbox = Sandbox::new();
    sandbox.commit_all("first");
    let failed = || {
        let store = sandbox.store();
        let (read, write) = (store.load(COMMIT).unwrap_err(), store.add(&run(1.0)).unwrap_err());
        assert!(matches!((&read, &write), (StoreError::Read { .. }, StoreError::Write { .. })), "{read}\n{write}");
        read.to_string()
    };
    let name = Sandbox::reference();
    sandbox.git(&["symbolic-ref", &name, "refs/heads/main"]);
    assert!(failed().contains(&format!("{name} is a symbolic ref")));
    sandbox.git(&["symbolic-ref", "--delete", &name]);
    sandbox.git(&["update-ref", &name, "HEAD^{tree}"]);
    assert!(failed().contains("which is no commit here"));
    let repo = Repository::open(sandbox.path()).unwrap();
    let nameless = raw_tree(&repo, &[(FILE, "", repo.blob(b"").unwrap())]);
    let commit = format!("tree {nameless}\nauthor m <m@m> 0 +0000\ncommitter m <m@m> 0 +0000\n\npushed\n");
    let commit = repo.odb().unwrap().write(ObjectType::Commit, commit.as_bytes()).unwrap();
    sandbox.git(&["update-ref", &name, &commit.to_string()]);
    assert!(failed().contains(&format!("{name} has an unreadable tree: failed to parse tree")));
    fs::write(sandbox.path().join(".git").join(&name), "").unwrap();
    assert!(failed().contains(&format!("{name}: ")));
}

#[test]
fn repositories_that_cannot_be_read_say_why_and_what_to_do() {
    let said = |options: &[&str]| {
        let sandbox = Sandbox::init(options);
        Store::open(sandbox.path()).unwrap_err().to_string().replace(sandbox.path().to_str().unwrap(), "REPO")
    };
    assert_eq!(
        said(&["--ref-format=reftable"]),
        "could not open the baselines of REPO: the repository uses the reftable format for refs, which this version \
         cannot read\nhelp: check in a clone of it: `git clone --ref-format=files . COPY`"
    );
    assert_eq!(
        said(&["--object-format=sha256"]),
        "could not open the baselines of REPO: the repository uses SHA-256 object ids, which this version cannot \
         read\nhelp: baselines can be kept in repositories with SHA-1 ids only"
    );
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        Store::open(folder.path()).unwrap_err().to_string().replace(folder.path().to_str().unwrap(), "FOLDER"),
        "could not open the baselines of FOLDER: neither this nor a folder above it is a git repository\nhelp: run \
         inside a repository, or make one with `git init`"
    );
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.repositoryFormatVersion", "1"]);
    sandbox.git(&["config", "extensions.fromTheFuture", "true"]);
    let said = Store::open(sandbox.path()).unwrap_err().to_string();
    assert!(said.contains("an extension of git (unsupported extension name extensions.fromthefuture)"), "{said}");
}

/// Only root can give a folder away, so elsewhere this shows nothing.
#[cfg(unix)]
#[test]
fn another_users_repository_names_the_command_that_trusts_it() {
    let sandbox = Sandbox::new();
    let below = sandbox.path().join("below");
    fs::create_dir(&below).unwrap();
    for path in [sandbox.path(), &sandbox.path().join(".git")] {
        if std::os::unix::fs::chown(path, Some(12345), None).is_err() {
            return;
        }
    }
    let said = Store::open(&below).unwrap_err().to_string().replace(sandbox.path().to_str().unwrap(), "REPO");
    assert_eq!(
        said,
        "could not open the baselines of REPO: the repository is owned by another user\nhelp: if you trust it, run \
         `git config --global --add safe.directory REPO`"
    );
}

#[test]
fn another_programs_lock_is_respected() {
    let sandbox = Sandbox::new();
    sandbox.store().add(&run(1.0)).unwrap();
    let lock = sandbox.path().join(".git").join(format!("{}.lock", Sandbox::reference()));
    fs::write(&lock, "").unwrap();
    let said = sandbox.store().add(&run(2.0)).unwrap_err().to_string();
    assert!(
        said.contains("another git program holds ") && said.contains("\nhelp: if none is running, delete"),
        "{said}"
    );
    assert!(lock.exists());
    assert_eq!(sandbox.store().load(COMMIT).unwrap().runs.len(), 1, "reading goes on");
    fs::remove_file(&lock).unwrap();
    sandbox.store().add(&run(2.0)).unwrap();
}
