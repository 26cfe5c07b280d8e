//! Programs are started, watched and ended with all that they started; copies of them come and go.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cargo_perfgate::instrument::{Copies, Output, Process, Spawn, cores};

/// Long enough for any machine; what is waited for is there at once, or never.
const PATIENCE: Duration = Duration::from_secs(60);

fn shell(script: &str) -> Spawn {
    let mut spawn = Spawn::new("sh", Path::new("/")).args(["-c", script]);
    spawn.stdout = Output::Keep;
    spawn
}

/// The processes of a group that are not dead, by what `/proc` says of everybody.
fn alive(group: u32) -> Vec<u32> {
    let in_group = |entry: fs::DirEntry| -> Option<u32> {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let facts = fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name, which may hold anything: state, parent, group.
        let mut facts = facts.rsplit_once(") ")?.1.split(' ');
        let dead = matches!(facts.next()?, "Z" | "X");
        (!dead && facts.nth(1)?.parse() == Ok(group)).then_some(id)
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| in_group(entry.ok()?)).collect()
}

/// Waits until `done`; the chance is given, not taken.
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

fn nobody_survives(group: u32) {
    eventually("the group is empty", || alive(group).is_empty());
}

/// Starts `script`, and waits until the group has `members`.
fn started(script: &str, members: usize) -> Process {
    let process = shell(script).start().unwrap();
    eventually("all are there", || alive(process.id()).len() == members);
    process
}

/// A shell with a child, which has a child of its own. These two ignore what asks them to leave.
const FAMILY: &str = "(trap '' TERM INT HUP; sleep 3600 & wait) & wait";

#[test]
fn killing_a_program_kills_all_that_it_started() {
    let mut process = started(FAMILY, 3);
    process.kill();
    nobody_survives(process.id());
    assert!(!process.ended().unwrap().success());
    process.kill();
}

/// Clock ticks that a process has computed for, by itself.
fn computed(process: u32) -> u64 {
    let facts = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = facts.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_paused_program_does_not_run_until_it_is_resumed() {
    let mut process = shell("while :; do :; done").start().unwrap();
    let id = process.id();
    eventually("it runs", || computed(id) > 0);
    process.pause();
    let state = || fs::read_to_string(format!("/proc/{id}/stat")).unwrap().rsplit_once(") ").unwrap().1[..1].to_owned();
    eventually("it stands still", || state() == "T");
    let before = computed(id);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(computed(id), before);
    process.resume();
    eventually("it goes on", || computed(id) > before);
    // What is paused can be killed.
    process.pause();
    process.kill();
    nobody_survives(id);
}

#[test]
fn dropping_a_program_kills_all_that_it_started() {
    let process = started(FAMILY, 3);
    let group = process.id();
    drop(process);
    nobody_survives(group);
}

#[test]
fn what_a_program_leaves_behind_at_its_end_is_killed() {
    for status in [0, 7] {
        let mut process = shell(&format!("sleep 3600 & sleep 3600 & exit {status}")).start().unwrap();
        assert_eq!(process.wait(PATIENCE).unwrap().code(), Some(status));
        nobody_survives(process.id());
    }
}

const GROUPS: &str = "PERFGATE_TEST_PROCESS_GROUPS";

/// No test of its own: the body of the process that the next test kills. It starts one family that it forgets, and one
/// that has ended before.
#[test]
fn owner() {
    let Ok(report) = std::env::var(GROUPS) else { return };
    assert!(shell("sleep 0").run().unwrap().status.success());
    let family = shell(FAMILY).start().unwrap();
    fs::write(report, format!("{}\n", family.id())).unwrap();
    std::thread::sleep(Duration::from_secs(3600));
}

#[test]
fn what_a_killed_owner_started_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("groups");
    let mut owner = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["process::owner", "--exact"])
        .env(GROUPS, &report)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut group = 0;
    eventually("the family is there", || {
        let told = fs::read_to_string(&report).ok().filter(|told| told.ends_with('\n'));
        group = told.and_then(|told| told.trim().parse().ok()).unwrap_or(0);
        group != 0 && alive(group).len() == 3
    });
    // SIGKILL: nothing of its own can clean up.
    owner.kill().unwrap();
    owner.wait().unwrap();
    nobody_survives(group);
}

#[test]
fn a_program_that_runs_has_not_ended() {
    let mut process = started("exec sleep 3600", 1);
    assert!(process.ended().is_none());
    assert!(process.wait(Duration::ZERO).is_none());
    assert!(process.wait(Duration::from_millis(20)).is_none());
    assert_eq!(alive(process.id()).len(), 1, "waiting for it does it no harm");
}

#[test]
fn the_end_is_told_as_it_was() {
    use std::os::unix::process::ExitStatusExt;
    let ended = |script: &str| shell(script).run().unwrap().status;
    assert!(ended("exit 0").success());
    assert_eq!(ended("exit 3").code(), Some(3));
    assert_eq!(ended("exit 255").code(), Some(255));
    assert_eq!((ended("kill -9 $$").signal(), ended("kill -9 $$").code()), (Some(9), None));
    assert_eq!(ended("kill -6 $$").signal(), Some(6));
    // Asked twice it says the same.
    let mut process = shell("exit 5").start().unwrap();
    assert_eq!(process.wait(PATIENCE).unwrap().code(), Some(5));
    process.kill();
    assert_eq!(process.ended().unwrap().code(), Some(5));
    assert_eq!(process.wait(Duration::ZERO).unwrap().code(), Some(5));
}

#[test]
fn what_is_written_is_kept_all_of_the_output_and_the_end_of_the_errors() {
    let captured = shell("printf 'out\\0\\377'; printf 'err' >&2").run().unwrap();
    assert_eq!((&captured.stdout[..], captured.stderr.as_str()), (&b"out\0\xff"[..], "err"));
    // More than any pipe holds, which would block a program that nobody reads from.
    let script =
        "i=0; while [ $i -lt 20000 ]; do echo 0123456789; echo abcdefghij >&2; i=$((i + 1)); done; echo end >&2";
    let captured = shell(script).run().unwrap();
    assert_eq!(captured.stdout.len(), 20_000 * 11);
    assert_eq!(captured.stderr.len(), 8 * 1024);
    assert!(captured.stderr.ends_with("abcdefghij\nend\n"));
    // And it can be read while the program still runs, more than once.
    let mut process = started("echo one; echo two >&2; sleep 3600 & wait", 2);
    for _ in 0..2 {
        assert_eq!((process.output(), process.error_tail()), (b"one\n".to_vec(), "two\n".to_owned()));
    }
    let mut spawn = shell("echo lost; echo kept >&2");
    spawn.stdout = Output::Discard;
    let captured = spawn.run().unwrap();
    assert_eq!((captured.stdout.len(), captured.stderr.as_str()), (0, "kept\n"));
}

#[test]
fn a_program_gets_its_folder_its_variables_and_no_input() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let mut spawn = Spawn::new("sh", &root)
        .args(["-c", "pwd; echo \"$PERFGATE_TEST_SET,${HOME-none},$1\"; cat", "sh", "a b"])
        .env("PERFGATE_TEST_SET", "set")
        .env_remove("HOME");
    spawn.stdout = Output::Keep;
    let captured = spawn.run().unwrap();
    assert_eq!(String::from_utf8(captured.stdout).unwrap(), format!("{}\nset,none,a b\n", root.display()));
}

#[test]
fn a_program_runs_on_its_core_alone() {
    let all = cores();
    assert!(!all.is_empty());
    let allowed = |core: Option<usize>| {
        let mut spawn = shell("grep Cpus_allowed_list /proc/self/status");
        spawn.core = core;
        let line = String::from_utf8(spawn.run().unwrap().stdout).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    for core in &all {
        assert_eq!(allowed(Some(*core)), core.to_string());
    }
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_owned();
    assert_eq!(allowed(None), own);
}

#[test]
fn what_cannot_be_started_is_named_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let said = Spawn::new("no-such-program", folder.path()).start().unwrap_err().to_string();
    let expected = format!("could not run `no-such-program` in {}: ", folder.path().display());
    assert!(said.starts_with(&expected) && said.len() > expected.len(), "{said}");
    let gone = folder.path().join("gone");
    let said = Spawn::new("sh", &gone).start().unwrap_err().to_string();
    assert!(said.starts_with(&format!("could not run `sh` in {}: ", gone.display())), "{said}");
}

/// An executable to copy, with its length.
fn original(folder: &Path) -> PathBuf {
    let path = folder.join("original");
    fs::write(&path, "#!/bin/sh\necho copied\n").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(&path, permissions).unwrap();
    path
}

#[test]
fn copies_are_files_of_their_own_with_paths_of_one_length() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let original = original(folder.path());
    let mut copies = Copies::new().unwrap();
    let made: Vec<PathBuf> = (0..300).map(|_| copies.fresh(&original).unwrap()).collect();
    // Small as they are all are kept: the pages of none are free for the next.
    let inodes: std::collections::BTreeSet<u64> = made.iter().map(|path| fs::metadata(path).unwrap().ino()).collect();
    assert_eq!(inodes.len(), 300);
    let length = |path: &PathBuf| path.as_os_str().len();
    assert!(made.iter().all(|path| length(path) == length(&made[0]) && path.starts_with(copies.folder())));
    assert!(made.iter().all(|path| fs::read(path).unwrap() == fs::read(&original).unwrap()));
    let mut spawn = Spawn::new(&made[299], folder.path());
    spawn.stdout = Output::Keep;
    assert_eq!(spawn.run().unwrap().stdout, b"copied\n");
}

#[test]
fn what_cannot_be_copied_is_named() {
    let mut copies = Copies::new().unwrap();
    let said = copies.fresh(Path::new("/no/such/program")).unwrap_err().to_string();
    assert!(said.starts_with("could not copy /no/such/program into "), "{said}");
}

#[test]
fn a_folder_of_copies_goes_with_its_owner_and_no_sooner() {
    let folder = tempfile::tempdir().unwrap();
    let original = original(folder.path());
    let mut first = Copies::new().unwrap();
    let copy = first.fresh(&original).unwrap();
    let second = Copies::new().unwrap();
    assert_ne!(first.folder(), second.folder());
    assert!(copy.exists(), "what belongs to somebody alive is left alone");
    let gone = first.folder().to_owned();
    drop(first);
    assert!(!gone.exists() && second.folder().exists());
}

#[test]
fn what_a_killed_process_left_behind_is_removed() {
    let parent = Copies::new().unwrap().folder().parent().unwrap().to_owned();
    let left = |prefix: &str| tempfile::Builder::new().prefix(prefix).tempdir_in(&parent).unwrap().keep();
    // As it is after `kill -9`: the files stay, the lock does not.
    let killed = left("cargo-perfgate-");
    fs::write(killed.join("lock"), "").unwrap();
    fs::create_dir(killed.join("home")).unwrap();
    fs::write(killed.join("home/00000000"), "copy").unwrap();
    // Killed before it had a lock; and one that is just being made.
    let (old, young) = (left("cargo-perfgate-"), left("cargo-perfgate-"));
    let hour = SystemTime::now() - Duration::from_secs(3600);
    fs::File::open(&old).unwrap().set_modified(hour).unwrap();
    // Made by a clock that was set back after that.
    let ahead = left("cargo-perfgate-");
    fs::File::open(&ahead).unwrap().set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
    let others = left("cargo-perfgatf-");
    fs::write(others.join("lock"), "").unwrap();
    let held = left("cargo-perfgate-");
    let lock = fs::File::create(held.join("lock")).unwrap();
    lock.lock().unwrap();

    let _copies = Copies::new().unwrap();
    assert!(!killed.exists() && !old.exists() && !ahead.exists());
    assert!(young.exists() && others.exists() && held.exists());
    drop(lock);
    let _copies = Copies::new().unwrap();
    assert!(!held.exists());
    fs::remove_dir(young).unwrap();
    fs::remove_dir_all(others).unwrap();
}

/// Shards start at the same moment: none may take the folder that another is just making for an abandoned one.
#[test]
fn many_may_start_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let original = original(folder.path());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let mut copies = Copies::new().unwrap();
                    copies.fresh(&original).unwrap();
                }
            });
        }
    });
}
