//! Benchmarks that say something wrong where criterion would speak, or nothing. `fixtures/speaker` says what the variable
//! `SPEAKER` names.

use snapbox::str;

use super::{Place, reads};

fn told(place: &Place, says: &str, arguments: &[&str], time_out: &str) -> String {
    let mut command = place.command(env!("CARGO_BIN_EXE_cargo-perfgate"));
    place.told_by(command.args(arguments).env("SPEAKER", says).env("PERFGATE_TIME_OUT", time_out))
}

/// That there is nothing to list, for this reason.
#[track_caller]
fn refused(place: &Place, says: &str, time_out: &str, why: &str) {
    assert_eq!(
        told(place, says, &["list"], time_out),
        format!(
            "    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
     Skipped speaker::says: {why}
       Empty no benchmark was found, or none has an id that the filter matches
exit 4"
        )
    );
}

#[test]
fn silence() {
    let place = Place::speaker("errors-silence");
    let broken = |says: &str, time_out: &str, why: &str| {
        refused(&place, says, time_out, &format!("could not be asked for its benchmarks: {why}"));
    };
    broken("never connects", "500 ms", "hung: neither connected nor ended within its time-out of 0.5 s");
    broken("nothing", "3s", "hung: gave no sign for its time-out of 3 s");
    broken("a measurement of ages", "3s", "hung: gave no sign for its time-out of 3 s");
    broken("ends before its greeting", "1 min", "ended before it had answered the greeting");
    refused(&place, "files with nothing", "1 min", "names no benchmark");
}

#[test]
fn garbage() {
    let place = Place::speaker("errors-garbage");
    let broken = |says: &str, why: &str| {
        refused(&place, says, "2 min", &format!("could not be asked for its benchmarks: {why}"));
    };
    let sent = |says: &str, what: &str| broken(says, &format!("the benchmark sent {what}"));
    sent("a page of the web", "no greeting of criterion's");
    sent("another protocol", "a greeting of another version of the channel than criterion 0.3 to 0.8 have");
    broken("half a greeting", "ended in the middle of a message");
    broken("half a message", "ended in the middle of a message");
    sent("4 GB", "a message of 4294967295 bytes");
    sent("no CBOR", "a message that is no CBOR");
    sent("deep CBOR", "a message that is nested too deeply");
    sent("a list of more than there is", "a message that is shorter than it says");
    sent("a benchmark without an id", "a message without an id");
    sent("an id without a group", "an id without a group");
    sent("a warm-up without a time", "a message without a number `nanos`");
}

#[test]
fn garbage_in_files_and_without_end() {
    let place = Place::speaker("errors-files");
    let broken = |says: &str, why: &str| {
        refused(&place, says, "2 min", &format!("could not be asked for its benchmarks: {why}"));
    };
    broken("benchmarks, for ever", "the benchmark sent more than 128 MiB in all");
    let wrote = |says: &str, what: &str| {
        let file = "COPIES/home/one/new/sample.json";
        broken(says, &format!("what it wrote cannot be read: {file}: {what}"));
    };
    wrote("files with half of it", "EOF while parsing a list at line 1 column 14");
    wrote("files with 1 GB", "it is larger than 64 MiB, which is more than criterion writes");
    wrote("files with endless numbers", "number out of range at line 1 column 32");
}

#[test]
fn times_that_are_none() {
    let place = Place::speaker("errors-times");
    for says in
        ["times that are no numbers", "endless times", "no time", "times below zero", "no samples", "immense times"]
    {
        reads(
            told(&place, says, &["run"], "2 min"),
            str![[r#"
> COMMIT, measured NOW
> environment THIS
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 3 benchmarks
   Measuring 3 benchmarks of 1 executable, about TIME
    Finished in TIME
warning: speaker::says/one: its harness gave no time above zero
warning: speaker::says/two: its harness gave no time above zero
warning: speaker::says/three: its harness gave no time above zero
exit 101
"#]],
        );
    }
    reads(
        told(&place, "files with times without iterations", &["run"], "2 min"),
        str![[r#"
> COMMIT, measured NOW
> environment THIS
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 1 benchmark
   Measuring 1 benchmark of 1 executable, about TIME
    Finished in TIME
warning: speaker::says/one: its harness gave no time above zero
exit 101
"#]],
    );
}

#[test]
fn one_that_breaks_while_it_is_measured() {
    let place = Place::speaker("errors-breaks");
    reads(
        told(&place, "garbage in the second", &["run", "--no-store"], "2 min"),
        str![[r#"
> COMMIT, measured NOW
> environment THIS
>  benchmark            median  lower quartile  spread  processes
>  speaker::says/one    100 ns          100 ns   0.0 %         20
>  speaker::says/three  100 ns          100 ns   0.0 %         20
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 3 benchmarks
   Measuring 3 benchmarks of 1 executable, about TIME
    Finished in TIME
warning: speaker::says/two: the benchmark sent a message that is no CBOR
exit 101
"#]],
    );
    reads(
        told(&place, "times of another", &["run", "--no-store"], "2 min"),
        str![[r#"
> COMMIT, measured NOW
> environment THIS
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 3 benchmarks
   Measuring 3 benchmarks of 1 executable, about TIME
    Finished in TIME
warning: speaker::says/one: its process ended before it was measured
warning: speaker::says/two: its process ended before it was measured
warning: speaker::says/three: its process ended before it was measured
exit 101
"#]],
    );
    reads(
        told(
            &place,
            "garbage in the second",
            &["check", "--base", "HEAD", "--method", "paired", "--no-store"],
            "2 min",
        ),
        str![[r#"
> could not complete: 1 benchmark crashed
> 1 crashed, 2 unchanged
> 
> benchmark  base  head  change  limit  evidence  verdict
> two           -     -       -      -  -         crashed
>     head crashed: the benchmark sent a message that is no CBOR
>     reproduce: cargo perfgate --base COMMIT --package speaker --bench says '^two$'
> 
> 2 unchanged, not shown (-v shows all)
> 
> base     COMMIT (--base HEAD)
> head     COMMIT
> machine  THIS
> policy   defaults, PERFGATE_TIME_OUT: max-regression 5 %, tolerate 2 %
> next     run the benchmark with `cargo bench` to see its own output
   Comparing head with COMMIT (--base HEAD)
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
    Building base COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 3 benchmarks
   Measuring 3 benchmarks of 1 executable, about TIME
    Finished in TIME
exit 101
"#]],
    );
}
