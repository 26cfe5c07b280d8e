//! A disk that is full, a file system that cannot be written, a limit on the size of files: what was being written is
//! named, and what was stored before stays whole.

use cargo_perfgate::model::BenchmarkId;
use snapbox::str;

use super::{COMMIT, Place, mounting, reads};
use crate::commands::run_of;

/// The repository, and a run beside its `run.json` that takes much more room.
fn place() -> Place {
    let place = Place::repository();
    let mut large = run_of(COMMIT, "bb", 1.0);
    let one = large.measurements.remove(0);
    large.measurements = (0..500)
        .map(|i| {
            let mut measurement = one.clone();
            measurement.benchmark = BenchmarkId::new("parser", "speed", format!("parse/{i}"));
            // Digits that no compression makes fewer.
            measurement.estimates = (1..=40).map(|j| f64::from(i * 40 + j).sqrt()).collect();
            measurement
        })
        .collect();
    place.write("large.json", serde_json::to_vec(&large).unwrap());
    place
}

#[test]
fn a_limit_on_the_size_of_files() {
    // 8 KiB: enough for all but the large run.
    reads(
        place().told_in_shell(
            "perfgate baseline import run.json
            (
                ulimit -f 16
                perfgate baseline import large.json
                perfgate compare large.json large.json --format json=result.json
            )
            ls
            perfgate baseline verify
            git fsck --strict --no-dangling
            perfgate baseline import large.json
            perfgate baseline verify",
        ),
        str![[r#"
> $ cargo perfgate baseline import run.json
>     Imported run.json as a baseline of COMMIT
> exit 0
> $ cargo perfgate baseline import large.json
> error: could not store the baseline of COMMIT in HERE: File too large (os error 27)
> help: see that the folder can be written and has room, and that `git fsck` finds nothing wrong
> exit 101
> $ cargo perfgate compare large.json large.json --format json=result.json
> error: could not write result.json: File too large (os error 27)
> help: make room there, or name another place
> exit 101
> large.json
> run.json
> $ cargo perfgate baseline verify
>     Verified 1 record of 1 commit can be read
> exit 0
> $ cargo perfgate baseline import large.json
>     Imported large.json as a baseline of COMMIT
> exit 0
> $ cargo perfgate baseline verify
>     Verified 2 records of 1 commit can be read
> exit 0
exit 0
"#]],
    );
}

#[test]
fn a_full_disk() {
    if mounting().is_none() {
        return;
    }
    reads(
        place().told_with_mounts(
            "mkdir disk && mount -t tmpfs -o size=1m tmpfs disk && mv .git disk && cp run.json disk && cd disk || exit 1
            perfgate baseline import run.json
            dd if=/dev/zero of=filling bs=4k 2>/dev/null
            perfgate baseline import ../large.json
            perfgate baseline delete HEAD
            perfgate baseline export HEAD exported.json
            perfgate baseline export HEAD run.json
            perfgate compare run.json run.json --save-result result.json
            ls
            cmp run.json ../run.json
            rm filling
            perfgate baseline verify
            git fsck --strict --no-dangling
            perfgate baseline delete HEAD",
        ),
        str![[r#"
> $ cargo perfgate baseline import run.json
>     Imported run.json as a baseline of COMMIT
> exit 0
> $ cargo perfgate baseline import ../large.json
> error: could not store the baseline of COMMIT in HERE/disk: No space left on device (os error 28)
> help: see that the folder can be written and has room, and that `git fsck` finds nothing wrong
> exit 101
> $ cargo perfgate baseline delete HEAD
> error: could not delete the baseline of COMMIT in HERE/disk: failed to write out file: No space left on device
> help: see that the folder can be written and has room, and that `git fsck` finds nothing wrong
> exit 101
> $ cargo perfgate baseline export HEAD exported.json
> error: could not export the run of COMMIT to HERE/disk/exported.json: No space left on device (os error 28)
> help: see that the folder can be written and has room, or name another file
> exit 101
> $ cargo perfgate baseline export HEAD run.json
> error: could not export the run of COMMIT to HERE/disk/run.json: No space left on device (os error 28)
> help: see that the folder can be written and has room, or name another file
> exit 101
> $ cargo perfgate compare run.json run.json --save-result result.json
> passed, nothing to measure: base and head build to the same executables
> 1 unchanged
> 
> base     COMMIT (run.json)
> head     COMMIT (run.json)
> machine  THIS
> policy   defaults: max-regression 5 %, tolerate 2 %
> error: could not write result.json: No space left on device (os error 28)
> help: make room there, or name another place
> exit 101
> filling
> run.json
> $ cargo perfgate baseline verify
>     Verified 1 record of 1 commit can be read
> exit 0
> $ cargo perfgate baseline delete HEAD
>      Deleted 1 run of COMMIT
> exit 0
exit 0
"#]],
    );
}

#[test]
fn a_device_without_room() {
    let place = place();
    reads(
        place.told(&["compare", "run.json", "run.json", "--format", "markdown=/dev/full"]),
        str![[r#"
error: could not write /dev/full: No space left on device (os error 28)
help: make room there, or name another place
exit 101
"#]],
    );
    reads(
        place.told_in_shell("\"$PROGRAM\" compare run.json run.json >/dev/full"),
        str![[r#"
> error: could not write to standard output: No space left on device (os error 28)
> help: make room there, or name another place
exit 101
"#]],
    );
}

#[test]
fn a_file_system_that_cannot_be_written() {
    if mounting().is_none() {
        return;
    }
    reads(
        place().told_with_mounts(
            "perfgate baseline import run.json
            mount --bind . . && mount -o remount,bind,ro . && cd \"$PWD\" || exit 1
            perfgate baseline list
            perfgate baseline import large.json
            perfgate baseline delete HEAD
            perfgate baseline export HEAD exported.json
            perfgate compare run.json run.json --format markdown=result.md
            perfgate baseline verify",
        ),
        str![[r#"
> $ cargo perfgate baseline import run.json
>     Imported run.json as a baseline of COMMIT
> exit 0
> $ cargo perfgate baseline list
> COMMIT  measured NOW  environment aa  runs 1  benchmarks 1
> exit 0
> $ cargo perfgate baseline import large.json
> error: could not store the baseline of COMMIT in HERE: failed to create temporary file 'HERE/.git/objects/tmp_object_git2_RANDOM': Read-only file system
> help: see that the folder can be written and has room, and that `git fsck` finds nothing wrong
> exit 101
> $ cargo perfgate baseline delete HEAD
> error: could not delete the baseline of COMMIT in HERE: could not lock HERE/.git/perfgate.lock: Read-only file system (os error 30)
> help: see that the folder can be written and has room, and that `git fsck` finds nothing wrong
> exit 101
> $ cargo perfgate baseline export HEAD exported.json
> error: could not export the run of COMMIT to HERE/exported.json: Read-only file system (os error 30)
> help: see that the folder can be written and has room, or name another file
> exit 101
> $ cargo perfgate compare run.json run.json --format markdown=result.md
> error: could not write result.md: Read-only file system (os error 30)
> help: see that you may use it, or name another place
> exit 101
> $ cargo perfgate baseline verify
>     Verified 1 record of 1 commit can be read
> exit 0
exit 0
"#]],
    );
}
