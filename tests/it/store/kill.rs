//! Nothing that was reported as stored is lost, whoever is killed. The processes are this test binary, started again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use cargo_perfgate::model::Run;
use cargo_perfgate::store::{BASELINES, RecordId, Store};

use super::{COMMIT, OTHER, Sandbox, run, run_of};

const REPOSITORY: &str = "PERFGATE_TEST_STORE_REPOSITORY";
const REPORT: &str = "PERFGATE_TEST_STORE_REPORT";
const NUMBER: &str = "PERFGATE_TEST_STORE_NUMBER";

const WORKERS: usize = 16;
const VICTIMS: usize = 10;
const RECORDS: usize = 50;

fn nth(worker: usize, record: usize) -> Run {
    // Some share commit, environment and time with those of all other workers.
    let commit = match record % 3 {
        0 => COMMIT.to_owned(),
        1 => OTHER.to_owned(),
        _ => format!("{record:02x}{worker:038x}"),
    };
    run_of(&commit, "aa11", "2026-08-05T09:41:07Z", (worker * RECORDS + record) as f64)
}

/// No test of its own: the body of the processes that the tests below start.
#[test]
fn worker() {
    let (Ok(repository), Ok(report), Ok(number)) =
        (std::env::var(REPOSITORY), std::env::var(REPORT), std::env::var(NUMBER))
    else {
        return;
    };
    let mut report = OpenOptions::new().append(true).open(report).unwrap();
    for record in 0..RECORDS {
        let id = Store::open(Path::new(&repository)).unwrap().add(&nth(number.parse().unwrap(), record)).unwrap();
        report.write_all(format!("{id}\n").as_bytes()).unwrap();
    }
}

struct Worker {
    child: Child,
    report: PathBuf,
}

impl Worker {
    fn start(repository: &Path, reports: &Path, number: usize) -> Self {
        let report = reports.join(number.to_string());
        File::create(&report).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["store::kill::worker", "--exact"])
            .env(REPOSITORY, repository)
            .env(REPORT, &report)
            .env(NUMBER, number.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, report }
    }

    /// The ids that it reported. A line without an end was not reported.
    fn ids(&self) -> Vec<RecordId> {
        let text = fs::read_to_string(&self.report).unwrap();
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(|id| id.parse().unwrap()).collect()
    }

    fn reported(&self) -> usize {
        fs::read(&self.report).unwrap().iter().filter(|byte| **byte == b'\n').count()
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Numbers without a pattern; which moment of a process they hit is up to the machine anyway.
fn scatter(seed: usize) -> usize {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_right(29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
}

#[test]
fn killed_at_random_nothing_reported_is_lost() {
    // In memory where that can be had: some ten thousand flushes to a disk take minutes on a busy one, and have no
    // bearing on what a killed process leaves behind.
    let memory = Path::new("/dev/shm");
    let sandbox = if memory.is_dir() { Sandbox::init_in(memory, &[]) } else { Sandbox::new() };
    let reports = tempfile::tempdir().unwrap();
    let mut workers: Vec<_> = (0..WORKERS).map(|n| Worker::start(sandbox.path(), reports.path(), n)).collect();
    let mut victims: Vec<_> = (0..VICTIMS).map(|n| (n, 1 + scatter(n) % (RECORDS - 2))).collect();
    while !victims.is_empty() {
        victims.retain(|&(n, records)| {
            let due = workers[n].reported() >= records;
            if due {
                workers[n].kill();
            }
            !due
        });
        thread::sleep(Duration::from_millis(1));
    }
    for (n, worker) in workers.iter_mut().enumerate().skip(VICTIMS) {
        assert!(worker.child.wait().unwrap().success(), "worker {n}");
        assert_eq!(worker.ids().len(), RECORDS, "worker {n}");
    }

    let store = sandbox.store();
    // The last one killed may have left a lock that nobody met yet.
    store.add(&run(0.5)).unwrap();
    let listing = store.list().unwrap();
    assert_eq!(listing.skipped, []);
    let mut stored = BTreeMap::new();
    for commit in listing.entries.iter().map(|entry| &entry.commit) {
        let loaded = store.load(commit).unwrap();
        assert_eq!(loaded.skipped, []);
        stored.extend(loaded.runs.into_iter().map(|stored| (stored.id, stored.run)));
    }
    for (n, worker) in workers.iter().enumerate() {
        for (record, id) in worker.ids().iter().enumerate() {
            assert_eq!(stored.get(id), Some(&nth(n, record)), "record {record} of worker {n}: {id}");
        }
    }
    sandbox.fsck();
    let refs = fs::read_dir(sandbox.path().join(".git").join(BASELINES)).unwrap();
    let locks = refs.flatten().filter(|entry| entry.file_name().to_string_lossy().ends_with(".lock"));
    assert_eq!(locks.count(), 0);
}

#[test]
fn a_lock_that_a_killed_process_left_is_removed() {
    let sandbox = Sandbox::new();
    let reports = tempfile::tempdir().unwrap();
    let git = sandbox.path().join(".git");
    let lock = git.join(format!("{}.lock", Sandbox::reference()));
    for number in 0..20 {
        let mut worker = Worker::start(sandbox.path(), reports.path(), number);
        while !lock.exists() && worker.child.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        worker.kill();
        if lock.exists() {
            break;
        }
    }
    if !lock.exists() {
        // Too quick to be caught here; this is what it would have left.
        fs::create_dir_all(lock.parent().unwrap()).unwrap();
        fs::write(&lock, "").unwrap();
        fs::write(git.join("perfgate.lock"), format!("moving {}\n", Sandbox::reference())).unwrap();
    }
    assert_ne!(fs::read(git.join("perfgate.lock")).unwrap(), b"", "the note of the one that was killed");
    // Whoever comes next looks after it, whatever commit it is about.
    let id = sandbox.store().add(&run_of(OTHER, "aa11", "2026-08-05T09:41:07Z", 0.5)).unwrap();
    assert!(!lock.exists());
    assert_eq!(fs::read(git.join("perfgate.lock")).unwrap(), b"", "the note is taken back");
    assert!(sandbox.store().load(OTHER).unwrap().runs.iter().any(|stored| stored.id == id));
    sandbox.fsck();
}
