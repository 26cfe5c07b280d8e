//! Many push to one remote at the same time, and some are killed: what a push that succeeded brought is there.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cargo_perfgate::store::RecordId;

use super::{COMMIT, Hub, Local, OTHER, last_line};
use crate::fixture::clean;

const PUSHERS: usize = 16;
const VICTIMS: usize = 8;
const RECORDS: usize = 50;
const BATCHES: usize = 2;

/// A way to connect whose other end lives on when this one is killed, as a server does: killed itself, it would leave git's
/// locks on the remote's refs.
fn connection(hub: &Hub) -> PathBuf {
    let path = hub.path.parent().unwrap().join("connect");
    fs::write(&path, "#!/bin/sh\nfor command; do :; done\nexec setsid sh -c \"$command\"\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Numbers without a pattern.
fn scatter(seed: usize) -> usize {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_right(29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40
}

/// Stores one batch after the other and pushes each; gives the records of pushes that reported success. A victim's first
/// push of a batch is killed, if it takes long enough.
fn push_all(clone: &Local, number: usize) -> Vec<RecordId> {
    let (mut stored, mut reported) = (Vec::new(), Vec::new());
    for batch in 0..BATCHES {
        for record in batch * RECORDS / BATCHES..(batch + 1) * RECORDS / BATCHES {
            // Some are of the same commits as those of all others.
            let commit = match record % 3 {
                0 => COMMIT.to_owned(),
                1 => OTHER.to_owned(),
                _ => format!("{record:02x}{number:038x}"),
            };
            let run = crate::store::run_of(&commit, "aa11", "2026-08-05T09:41:07Z", (number * RECORDS + record) as f64);
            stored.push(clone.store().add(&run).unwrap());
        }
        if number < VICTIMS && killed(clone, Duration::from_millis((scatter(number + PUSHERS * batch) % 1000) as u64)) {
            // Nobody said that anything was pushed.
            continue;
        }
        loop {
            let begun = Instant::now();
            let pushed = pushed(clone);
            // Shown where the test fails; how long it takes is up to the machine.
            println!("pusher {number}, batch {batch}: {:.1?}, {pushed:?}", begun.elapsed());
            let Err(said) = pushed else { break };
            // Others can be quicker for ever.
            assert!(said.contains("help: what others push is merged; push again"), "{said}");
        }
        reported.clone_from(&stored);
    }
    reported
}

/// Whether a push could be killed before it ended.
fn killed(clone: &Local, after: Duration) -> bool {
    let mut child = push(clone).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(after);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

fn pushed(clone: &Local) -> Result<(), String> {
    let done = push(clone).output().unwrap();
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

fn push(clone: &Local) -> Command {
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_cargo-perfgate")));
    command.args(["baseline", "push"]).current_dir(&clone.root);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

#[test]
fn nothing_that_was_reported_as_pushed_is_lost() {
    let hub = Hub::new();
    let connection = connection(&hub);
    let clones: Vec<Local> = (0..PUSHERS).map(|number| hub.clone_to(&format!("clone{number}"))).collect();
    for clone in &clones {
        clone.git(&["config", "core.sshCommand", connection.to_str().unwrap()]);
        clone.git(&["config", "ssh.variant", "simple"]);
        clone.git(&["remote", "set-url", "origin", &format!("ssh://server{}", hub.path.display())]);
    }
    let reported: Vec<Vec<RecordId>> = thread::scope(|scope| {
        let running: Vec<_> =
            clones.iter().enumerate().map(|(number, clone)| scope.spawn(move || push_all(clone, number))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (number, ids) in reported.iter().enumerate().skip(VICTIMS) {
        assert_eq!(ids.len(), RECORDS, "pusher {number}");
    }

    let fresh = hub.clone_to("fresh");
    fresh.pull();
    let verified = fresh.says(&["baseline", "verify"]);
    assert_eq!(verified.code, 0, "{}", last_line(&verified));
    let there: BTreeSet<RecordId> =
        fresh.store().list().unwrap().entries.into_iter().flat_map(|entry| entry.records).collect();
    for id in reported.iter().flatten() {
        assert!(there.contains(id), "{id}");
    }
    // Those who were killed go on as if nothing had happened.
    for clone in &clones[..VICTIMS] {
        clone.push();
    }
    assert_eq!(hub.records(), PUSHERS * RECORDS);
    crate::support::git_in(&hub.path, ["fsck", "--strict", "--no-dangling"]);
}
