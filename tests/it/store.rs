//! The store of baselines: what it keeps, what it refuses, and what it leaves alone.

mod foreign;
mod kill;
mod merge;
mod record;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_perfgate::model::{
    BenchmarkId, Conditions, Controls, CountedBenchmark, CountedRun, Environment, Measurement, Metric, Revision, Run,
    Unit,
};
use cargo_perfgate::store::{BASELINES, Loaded, Store, StoreError, export, read_exported};
use tempfile::TempDir;

const COMMIT: &str = "1234abcd1234abcd1234abcd1234abcd1234abcd";
const OTHER: &str = "12ffffffffffffffffffffffffffffffffffffff";

/// A repository of its own, with git's configuration of the machine kept out.
struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    fn new() -> Self {
        Self::init(&[])
    }

    fn init(options: &[&str]) -> Self {
        Self::init_in(&std::env::temp_dir(), options)
    }

    fn init_in(parent: &Path, options: &[&str]) -> Self {
        let sandbox = Self { folder: tempfile::tempdir_in(parent).unwrap() };
        sandbox.git(&[&["init", "--quiet", "--initial-branch=main"], options].concat());
        sandbox
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn store(&self) -> Store {
        Store::open(self.path()).unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path())
            .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "git {arguments:?}: {out}{err}");
        out.into_owned()
    }

    fn commit_all(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// The ref of [`COMMIT`].
    fn reference() -> String {
        format!("{BASELINES}/{COMMIT}")
    }

    /// Objects are sound, and nothing but the baselines' ref reaches them.
    fn fsck(&self) {
        let said = self.git(&["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
        assert!(said.lines().all(|line| line.starts_with("notice:")), "{said}");
    }
}

pub fn run_of(commit: &str, environment: &str, started: &str, nanoseconds: f64) -> Run {
    Run {
        format_version: 1,
        revision: Revision { commit: commit.into(), dirty: false },
        environment: Environment {
            cpu: "cpu".into(),
            cores: 2,
            os: "linux".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "bench".into(),
            rustc: "rustc 1.95.0".into(),
            machine: "00".into(),
            key: environment.into(),
        },
        started: started.into(),
        whole: true,
        measurements: vec![Measurement {
            benchmark: BenchmarkId::new("parser", "speed", "parse/large"),
            harness: "criterion 0.5.1".into(),
            metric: Metric::WallTime,
            unit: Unit::Nanoseconds,
            q25: nanoseconds,
            median: nanoseconds,
            spread: 0.0,
            estimates: vec![nanoseconds],
            executable: "ee".into(),
            layout_spread: Some(0.01),
            pair_spread: None,
            cost: None,
        }],
        controls: Controls { comparisons: 3, regressed: 0, improved: 1, proved: 7, contradicted: 2 },
        counted: None,
    }
}

fn run(nanoseconds: f64) -> Run {
    run_of(COMMIT, "aa11", "2026-08-05T09:41:07Z", nanoseconds)
}

#[test]
fn an_empty_store_holds_nothing_and_is_not_created_by_reading() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    assert_eq!(store.list().unwrap(), Default::default());
    assert_eq!(store.load(COMMIT).unwrap(), Default::default());
    assert_eq!(sandbox.git(&["for-each-ref"]), "");
    assert!(!sandbox.path().join(".git/perfgate.lock").exists());
}

/// Counts do not depend on the machine: those of all environments come together, by what they do depend on.
#[test]
fn counts_of_all_environments_come_together() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let counted = |environment: &str, second: u32, cores: usize, counts: &[(Metric, [u64; 2])]| {
        let known = CountedBenchmark { counts: counts.iter().copied().collect(), ..CountedBenchmark::default() };
        let benchmarks = [(BenchmarkId::new("parser", "speed", "parse/large"), known)].into();
        let counted = CountedRun { conditions: Conditions { cores, ..Conditions::default() }, benchmarks };
        let run = run_of(COMMIT, environment, &format!("2026-08-05T09:41:0{second}Z"), f64::from(second));
        store.add(&Run { counted: Some(counted.clone()), ..run }).unwrap();
        counted
    };
    let (instructions, allocations) = (Metric::Instructions, Metric::Allocations);
    counted("aa11", 1, 2, &[(instructions, [1, 1]), (allocations, [4, 4])]);
    let middle = counted("bb22", 2, 8, &[(instructions, [2, 2])]);
    counted("bb22", 3, 2, &[(instructions, [3, 3])]);
    store.add(&run_of(COMMIT, "cc33", "2026-08-05T09:41:04Z", 4.0)).unwrap();
    let mut newest = counted("aa11", 5, 2, &[(instructions, [5, 5])]);
    let loaded = store.load(COMMIT).unwrap();
    newest.benchmarks.first_entry().unwrap().get_mut().counts.insert(allocations, [4, 4]);
    assert_eq!(loaded.counted(), [newest.clone(), middle]);
    let keys: Vec<_> = loaded.by_environment().into_iter().map(|run| (run.environment.key, run.counted)).collect();
    let of_bb = Some(counted_of(&loaded, "bb22"));
    assert_eq!(keys, [("aa11".to_owned(), Some(newest)), ("cc33".to_owned(), None), ("bb22".to_owned(), of_bb)]);
}

/// The counts of the newest run in an environment.
fn counted_of(loaded: &Loaded, environment: &str) -> CountedRun {
    let mut runs = loaded.runs.iter().rev().map(|stored| &stored.run);
    runs.find(|run| run.environment.key == environment).unwrap().counted.clone().unwrap()
}

#[test]
fn what_is_stored_comes_back() {
    let sandbox = Sandbox::new();
    let (first, second) = (run(0.1 + 0.2), run_of(COMMIT, "aa11", "2026-08-05T09:41:07.000000001Z", 2.0));
    let newer = sandbox.store().add(&second).unwrap();
    let older = sandbox.store().add(&first).unwrap();
    let loaded = sandbox.store().load(COMMIT).unwrap();
    assert_eq!(loaded.runs.iter().map(|stored| &stored.run).collect::<Vec<_>>(), [&first, &second]);
    assert_eq!(loaded.runs.iter().map(|stored| &stored.id).collect::<Vec<_>>(), [&older, &newer]);
    assert_eq!(loaded.newest().unwrap().run, second);
    assert_eq!(loaded.skipped, []);
    assert_eq!(older.to_string().parse(), Ok(older));
    sandbox.fsck();
}

#[test]
fn commits_and_environments_are_kept_apart() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let runs = [
        run_of(COMMIT, "aa11", "2026-08-05T09:41:07Z", 1.0),
        run_of(COMMIT, "bb22", "2026-08-05T09:41:06Z", 2.0),
        run_of(OTHER, "aa11", "2026-08-05T09:41:05Z", 3.0),
    ];
    let ids = runs.each_ref().map(|run| store.add(run).unwrap());
    for (run, id) in runs.iter().zip(&ids) {
        let found = store.find(&run.revision.commit, &run.environment.key).unwrap();
        assert_eq!((&found.runs[..], &found.skipped[..]).0[0].run, *run);
        assert_eq!((found.runs.len(), &found.runs[0].id), (1, id));
    }
    assert_eq!(store.load(COMMIT).unwrap().newest().unwrap().run, runs[0]);
    assert!(store.find(OTHER, "bb22").unwrap().runs.is_empty());
    let entries = store.list().unwrap().entries;
    let listed: Vec<_> = entries.iter().map(|e| (e.commit.as_str(), e.environment.as_str(), e.records.len())).collect();
    assert_eq!(listed, [(COMMIT, "aa11", 1), (COMMIT, "bb22", 1), (OTHER, "aa11", 1)]);
    assert_eq!(entries[2].records[0], ids[2]);
}

#[test]
fn the_same_run_twice_is_one_record() {
    let sandbox = Sandbox::new();
    let id = sandbox.store().add(&run(1.0)).unwrap();
    let before = sandbox.git(&["rev-parse", &Sandbox::reference()]);
    assert_eq!(sandbox.store().add(&run(1.0)).unwrap(), id);
    assert_eq!(sandbox.git(&["rev-parse", &Sandbox::reference()]), before);
}

#[test]
fn the_tree_holds_records_and_nothing_else() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path().join("source.rs"), "fn main() {}").unwrap();
    sandbox.commit_all("source");
    sandbox.store().add(&run(1.0)).unwrap();
    let listed = sandbox.git(&["ls-tree", "-r", &Sandbox::reference()]);
    let start = "\taa11/20260805T094107.000000000Z-";
    assert!(listed.starts_with("100644 blob ") && listed.contains(start), "{listed}");
    assert_eq!(listed.lines().count(), 1);
    assert_eq!(sandbox.git(&["rev-list", "--count", &Sandbox::reference()]), "1\n");
}

#[test]
fn what_is_not_fit_to_be_a_baseline_is_refused_before_anything_is_written() {
    let sandbox = Sandbox::new();
    let refused = |change: &dyn Fn(&mut Run), expected: &str| {
        let mut run = run(1.0);
        change(&mut run);
        let said = sandbox.store().add(&run).unwrap_err().to_string();
        let root = fs::canonicalize(sandbox.path()).unwrap();
        let said = said.replace(&format!("{}", root.display()), "REPO");
        assert!(said.starts_with("could not store the baseline of "), "{said}");
        assert!(said.contains(expected), "{said}");
    };
    refused(
        &|run| run.revision.dirty = true,
        "of 1234abcd12 in REPO: the work tree had changes that are not committed\nhelp: commit them",
    );
    refused(&|run| run.revision.commit = "1234abcd".into(), "`1234abcd` is no full commit id: expected 40 lower-case");
    refused(&|run| run.revision.commit = COMMIT.to_uppercase(), "no full commit id");
    refused(&|run| run.revision.commit = "../../../../../../../etc/passwd/aaaaaaaaaa".into(), "no full commit id");
    refused(&|run| run.revision.commit = "\u{1b}[31m".into(), "`\\u{1b}[31m` is no full commit id");
    refused(&|run| run.environment.key = "../x".into(), "`../x` is no environment key");
    refused(&|run| run.environment.key = String::new(), "no environment key");
    refused(&|run| run.started = "yesterday".into(), "`yesterday` is no time: expected RFC 3339");
    refused(&|run| run.started = "-009998-01-01T00:00:00Z".into(), "is no time at which a run can have started");
    refused(&|run| run.measurements[0].median = f64::NAN, "`parser::speed/parse/large` has a value that is not finite");
    refused(&|run| run.measurements[0].estimates.clear(), "`parser::speed/parse/large` has no estimates");
    refused(&|run| run.measurements.clear(), "it has no measurements");
    assert_eq!(sandbox.git(&["for-each-ref"]), "");
}

#[test]
fn a_linked_work_tree_and_a_subfolder_share_the_store() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path().join("deep/below")).unwrap();
    fs::write(sandbox.path().join("deep/below/file"), "").unwrap();
    sandbox.commit_all("first");
    sandbox.git(&["worktree", "add", "--quiet", "linked"]);
    let linked = Store::open(&sandbox.path().join("linked/deep/below")).unwrap();
    assert!(linked.root().ends_with("linked"), "{:?}", linked.root());
    linked.add(&run(1.0)).unwrap();
    Store::open(&sandbox.path().join("deep")).unwrap().add(&run(2.0)).unwrap();
    assert_eq!(sandbox.store().load(COMMIT).unwrap().runs.len(), 2);
    assert_eq!(linked.load(COMMIT).unwrap().runs.len(), 2);
    assert!(sandbox.path().join(".git/perfgate.lock").exists());
    assert!(!sandbox.path().join(".git/worktrees/linked/perfgate.lock").exists());
    sandbox.fsck();
}

#[test]
fn the_users_repository_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("file");
    fs::write(&file, "one").unwrap();
    sandbox.commit_all("first");
    fs::write(&file, "stashed").unwrap();
    sandbox.git(&["stash"]);
    sandbox.git(&["branch", "side"]);
    sandbox.git(&["worktree", "add", "--quiet", ".git/linked", "side"]);
    fs::write(&file, "staged").unwrap();
    sandbox.git(&["add", "file"]);
    fs::write(&file, "changed").unwrap();
    fs::write(sandbox.path().join("untracked"), "").unwrap();
    let hook = sandbox.path().join(".git/hooks/reference-transaction");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\ntouch hook-ran\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let look = || {
        let read = |name: &str| fs::read(sandbox.path().join(".git").join(name)).unwrap();
        (
            sandbox.git(&["--no-optional-locks", "status", "--porcelain=v2", "--branch", "--show-stash"]),
            sandbox.git(&["worktree", "list", "--porcelain"]),
            sandbox.git(&["for-each-ref", "--exclude=refs/perfgate"]),
            [read("HEAD"), read("index"), read("config"), read("logs/HEAD"), read("logs/refs/stash")],
            fs::read_to_string(&file).unwrap(),
            sandbox.path().join("hook-ran").exists() || sandbox.path().join(".git/hook-ran").exists(),
        )
    };
    let before = look();
    assert!(!before.5);
    let store = sandbox.store();
    store.add(&run(1.0)).unwrap();
    store.add(&run(2.0)).unwrap();
    store.list().unwrap();
    store.load(COMMIT).unwrap();
    assert_eq!(look(), before);
}

#[test]
fn it_outlives_gc_and_packed_refs() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    store.add(&run(1.0)).unwrap();
    sandbox.git(&["pack-refs", "--all", "--prune"]);
    store.add(&run(2.0)).unwrap();
    sandbox.git(&["gc", "--quiet", "--prune=now"]);
    store.add(&run(3.0)).unwrap();
    sandbox.git(&["gc", "--quiet", "--prune=now"]);
    assert_eq!(store.load(COMMIT).unwrap().runs.len(), 3);
    sandbox.fsck();
}

#[test]
fn the_first_layout_is_moved_and_nothing_of_it_is_lost() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    let runs = [
        run(1.0),
        run_of(COMMIT, "bb22", "2026-08-05T09:41:06Z", 2.0),
        run_of(OTHER, "aa11", "2026-08-05T09:41:05Z", 3.0),
    ];
    let ids = runs.each_ref().map(|run| store.add(run).unwrap());
    // The same trees as the first layout had them: below one ref, with a folder for each two digits.
    let tree = |commit: &str| sandbox.git(&["rev-parse", &format!("{BASELINES}/{commit}^{{tree}}")]).trim().to_owned();
    let repo = git2::Repository::open(sandbox.path()).unwrap();
    let mut fan_out = repo.treebuilder(None).unwrap();
    for commit in [COMMIT, OTHER] {
        fan_out.insert(commit, tree(commit).parse().unwrap(), 0o40000).unwrap();
    }
    let mut root = repo.treebuilder(None).unwrap();
    root.insert("12", fan_out.write().unwrap(), 0o40000).unwrap();
    root.insert("stray", repo.blob(b"?").unwrap(), 0o100644).unwrap();
    let root = root.write().unwrap().to_string();
    let old = sandbox.git(&["commit-tree", &root, "-m", "the first layout"]).trim().to_owned();
    sandbox.git(&["update-ref", "refs/perfgate/baselines", &old]);
    for commit in [COMMIT, OTHER] {
        sandbox.git(&["update-ref", "-d", &format!("{BASELINES}/{commit}")]);
    }
    // A commit that was measured again since has both.
    let later = run_of(COMMIT, "aa11", "2026-08-06T09:41:07Z", 4.0);
    drop(store);
    let mine = {
        let elsewhere = Sandbox::new();
        elsewhere.store().add(&later).unwrap();
        elsewhere.git(&["push", "--quiet", sandbox.path().to_str().unwrap(), "refs/perfgate/*:refs/perfgate/*"]);
        later
    };

    let store = sandbox.store();
    let mut all: Vec<Run> = [COMMIT, OTHER].iter().flat_map(|c| store.load(c).unwrap().runs).map(|s| s.run).collect();
    all.sort_by(|a, b| a.measurements[0].median.total_cmp(&b.measurements[0].median));
    assert_eq!(all, [runs[0].clone(), runs[1].clone(), runs[2].clone(), mine]);
    assert!(ids.iter().all(|id| store.load(id.commit()).unwrap().runs.iter().any(|stored| stored.id == *id)));
    let refs = sandbox.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/perfgate"]);
    assert!(!refs.contains("refs/perfgate/baselines "), "{refs}");
    assert!(refs.contains(&format!("refs/perfgate/first-layout/{old} {old}")), "{refs}");
    sandbox.fsck();
    // Once is enough.
    let before = sandbox.git(&["for-each-ref"]);
    sandbox.store();
    assert_eq!(sandbox.git(&["for-each-ref"]), before);
}

#[test]
fn a_run_travels_in_a_file() {
    let sandbox = Sandbox::new();
    let path = sandbox.path().join("run.json");
    let mut run = run(0.1 + 0.2);
    run.revision.dirty = true;
    fs::write(&path, "older").unwrap();
    export(&run, &path).unwrap();
    assert_eq!(read_exported(&path).unwrap(), run);
    assert_eq!(fs::read_dir(sandbox.path()).unwrap().count(), 2, "nothing temporary is left");

    let said = |path: PathBuf| read_exported(&path).unwrap_err().to_string().replace(path.to_str().unwrap(), "FILE");
    assert!(said(sandbox.path().join("absent")).starts_with("could not read a run from FILE: "));
    assert!(said(sandbox.path().to_owned()).contains("\nhelp: expected a file that `cargo perfgate baseline export`"));
    fs::File::create(&path).unwrap().set_len(65 << 20).unwrap();
    assert!(said(path.clone()).contains("it is larger than 64 MiB"));
    fs::write(&path, r#"{"format_version": 7, "everything": "else"}"#).unwrap();
    assert!(said(path).contains("FILE: written by a newer version (format 7, this version reads up to 1); update"));

    let failed = export(&run, &sandbox.path().join("no/such/folder/run.json")).unwrap_err();
    assert!(matches!(failed, StoreError::Export { .. }), "{failed}");
}
