//! Folders that the program works in: for builds and for copies of executables. Full, too small, mounted `noexec` or
//! read-only, or not there.

use snapbox::str;

use super::{Place, mounting, reads};

/// Mounts these over the folder `target/tmp`, with these options, and has the script use it.
fn with_folder(place: &Place, options: &str, script: &str) -> String {
    place.told_with_mounts(&format!(
        "mkdir -p target/tmp && mount -t tmpfs -o {options} tmpfs target/tmp || exit 1\n{script}"
    ))
}

/// As [`with_folder`], for copies. Shared memory, which is preferred for them, is shut off.
fn for_copies(place: &Place, options: &str, script: &str) -> String {
    let shut = "mount -t tmpfs -o size=4k tmpfs /dev/shm || exit 1\nexport TMPDIR=$PWD/target/tmp";
    with_folder(place, options, &format!("{shut}\n{script}"))
}

#[test]
fn for_copies_of_executables() {
    if mounting().is_none() {
        return;
    }
    let place = Place::speaker("errors-folders");
    reads(
        for_copies(&place, "noexec", "perfgate list; perfgate run"),
        str![[r#"
> $ cargo perfgate list
>     Building head COMMIT
>     Finished `bench` profile [optimized] target(s) in TIME
>        Found speaker::says: 3 benchmarks
> speaker::says/one
> speaker::says/three
> speaker::says/two
> exit 0
> $ cargo perfgate run
>     Building head COMMIT
>     Finished `bench` profile [optimized] target(s) in TIME
>        Found speaker::says: 3 benchmarks
>    Measuring 3 benchmarks of 1 executable, about TIME
> error: could not copy executables into HERE/target/tmp: it is mounted `noexec`, and no program can be started from there
> help: set TMPDIR to another folder
> exit 101
exit 0
"#]],
    );
    // Room for what is written besides, and not for a program.
    reads(
        for_copies(&place, "size=64k", "perfgate run"),
        str![[r#"
> $ cargo perfgate run
>     Building head COMMIT
>     Finished `bench` profile [optimized] target(s) in TIME
>        Found speaker::says: 3 benchmarks
>    Measuring 3 benchmarks of 1 executable, about TIME
> error: could not copy BUILDS/head/target/release/deps/says-HASH into HERE/target/tmp/cargo-perfgate-RANDOM: No space left on device (os error 28)
> help: free some space there, or set TMPDIR to another folder
> exit 101
exit 0
"#]],
    );
    // Room for few copies, of which many are made.
    reads(
        for_copies(&place, "size=4m", "perfgate run --no-store"),
        str![[r#"
> $ cargo perfgate run --no-store
>     Building head COMMIT
>     Finished `bench` profile [optimized] target(s) in TIME
>        Found speaker::says: 3 benchmarks
>    Measuring 3 benchmarks of 1 executable, about TIME
>     Finished in TIME
> COMMIT, measured NOW
> environment THIS
>  benchmark            median  lower quartile  spread  processes
>  speaker::says/one    100 ns          100 ns   0.0 %         20
>  speaker::says/two    100 ns          100 ns   0.0 %         20
>  speaker::says/three  100 ns          100 ns   0.0 %         20
> exit 0
exit 0
"#]],
    );
    for (how, cause) in [
        ("mount -o remount,ro target/tmp", "Read-only file system (os error 30)"),
        ("umount target/tmp && rmdir target/tmp", "No such file or directory (os error 2)"),
    ] {
        let script = format!("{how} || exit 1\nperfgate run; perfgate baseline list");
        assert_eq!(
            for_copies(&place, "size=4k", &script),
            format!(
                "> $ cargo perfgate run
> error: could not run `cargo` in HERE: no temporary file for its output in HERE/target/tmp: {cause}
> help: see that it is installed, and that TMPDIR names a folder that can be written
> exit 101
> $ cargo perfgate baseline list
> error: could not open the baselines of HERE: no temporary file can be made in HERE/target/tmp: {cause}
> help: set TMPDIR to a folder that can be written and has room
> exit 101
exit 0"
            )
        );
    }
}

#[test]
fn a_limit_on_the_size_of_files() {
    let place = Place::speaker("errors-folders-limited");
    reads(
        place.told_in_shell("ulimit -f 64; perfgate run"),
        str![[r#"
> $ cargo perfgate run
>     Building head COMMIT
>     Finished `bench` profile [optimized] target(s) in TIME
>        Found speaker::says: 3 benchmarks
>    Measuring 3 benchmarks of 1 executable, about TIME
> error: could not copy BUILDS/head/target/release/deps/says-HASH into COPIES: File too large (os error 27)
> help: free some space there, or set TMPDIR to another folder
> exit 101
exit 0
"#]],
    );
}

#[test]
fn for_builds() {
    if mounting().is_none() {
        return;
    }
    let place = Place::speaker("errors-builds");
    reads(
        place.told(&["list", "--target-dir", "Cargo.toml/x"]),
        str![[r#"
error: could not create HERE/Cargo.toml/x/speaker-HASH: Not a directory (os error 20)
help: name another folder for builds with --target-dir
exit 101
"#]],
    );
    reads(
        with_folder(&place, "size=64m", "mount -o remount,ro target/tmp\nperfgate list --target-dir target/tmp"),
        str![[r#"
> $ cargo perfgate list --target-dir target/tmp
> error: could not create HERE/target/tmp/speaker-HASH: Read-only file system (os error 30)
> help: name another folder for builds with --target-dir
> exit 101
exit 0
"#]],
    );
    // Not enough for the check-out, of which git says what it could not write.
    let told = with_folder(&place, "size=8k", "perfgate list --target-dir target/tmp");
    let start = "> $ cargo perfgate list --target-dir target/tmp
>     Building head COMMIT
> error: could not write tree TREE into HERE/target/tmp/speaker-HASH/head in HERE: ";
    let end = "unable to write file src/lib.rs
> help: see that `git status` works there, and that there is room
> exit 101
exit 0";
    assert!(told.starts_with(start) && told.ends_with(end), "{told}");
    // Enough for that, and not for what cargo builds there, which says so itself.
    let told = with_folder(&place, "size=100k", "perfgate list --target-dir target/tmp");
    let end = "> error: head does not build: cargo failed without a compiler's error
> help: cargo's own output is above; what git ignores is no part of the check-out that was built
> exit 101
exit 0";
    assert!(told.contains("No space left on device") && told.ends_with(end), "{told}");
}

#[test]
fn for_results() {
    if mounting().is_none() {
        return;
    }
    let place = Place::speaker("errors-results");
    reads(
        place.told_with_mounts(
            "mount --bind . . && mount -o remount,bind,ro . && cd \"$PWD\" || exit 1
            perfgate check --base HEAD
            perfgate run
            perfgate init",
        ),
        str![[r#"
> $ cargo perfgate check --base HEAD
> error: could not create HERE/target/perfgate: Read-only file system (os error 30)
> help: see that you may use it, or name another place
> exit 101
> $ cargo perfgate run
>     Building head COMMIT
>     Finished `bench` profile [optimized] target(s) in TIME
>        Found speaker::says: 3 benchmarks
>    Measuring 3 benchmarks of 1 executable, about TIME
>     Finished in TIME
> COMMIT, measured NOW
> environment THIS
>  benchmark            median  lower quartile  spread  processes
>  speaker::says/one    100 ns          100 ns   0.0 %         20
>  speaker::says/two    100 ns          100 ns   0.0 %         20
>  speaker::says/three  100 ns          100 ns   0.0 %         20
> error: could not store the baseline of COMMIT in HERE: failed to create temporary file 'HERE/.git/objects/tmp_object_git2_RANDOM': Read-only file system
> help: see that the folder can be written and has room, and that `git fsck` finds nothing wrong
> exit 101
> $ cargo perfgate init
> error: could not write HERE/.config/perfgate.toml: Read-only file system (os error 30)
> help: see that you may use it, or name another place
> exit 101
exit 0
"#]],
    );
}

/// Cargo's paths have no `..`, and what is held against them must find them again.
#[test]
fn a_folder_for_builds_by_a_winding_path() {
    let place = Place::speaker("errors-winding");
    reads(
        place.told(&["list", "--target-dir", "../../../builds"]),
        str![[r#"
> speaker::says/one
> speaker::says/three
> speaker::says/two
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 3 benchmarks
exit 0
"#]],
    );
}
