//! A clock that was wrong, or was set back.

use snapbox::str;

use super::{COMMIT, Place, reads};
use crate::commands::run_of;

#[test]
fn a_baseline_from_the_future() {
    let place = Place::repository();
    let mut ahead = run_of(COMMIT, "aa", 200.0);
    ahead.started = "2999-01-02T03:04:05Z".into();
    place.write("ahead.json", serde_json::to_vec(&ahead).unwrap());
    // The clock is right again, and an older run comes after the newer one.
    reads(
        place.told_in_shell(
            "perfgate baseline import ahead.json run.json; perfgate baseline list; perfgate baseline verify; perfgate baseline show HEAD",
        ),
        str![[r#"
> $ cargo perfgate baseline import ahead.json run.json
>     Imported ahead.json as a baseline of COMMIT
>     Imported run.json as a baseline of COMMIT
> exit 0
> $ cargo perfgate baseline list
> COMMIT  measured 2999-01-02T03:04:05Z  environment aa  runs 2  benchmarks 1
> exit 0
> $ cargo perfgate baseline verify
>     Verified 2 records of 1 commit can be read
> exit 0
> $ cargo perfgate baseline show HEAD
> COMMIT, measured NOW
> environment aa: cpu, 2 cores, x86_64-unknown-linux-gnu, rustc 1.95.0
>  benchmark                  median  lower quartile  spread  processes
>  parser::speed/parse/large  100 ns          100 ns   0.0 %         20
> COMMIT, measured 2999-01-02T03:04:05Z
> environment aa: cpu, 2 cores, x86_64-unknown-linux-gnu, rustc 1.95.0
>  benchmark                  median  lower quartile  spread  processes
>  parser::speed/parse/large  200 ns          200 ns   0.0 %         20
> exit 0
exit 0
"#]],
    );
    // The run from the future is the one that counts, and that is said.
    reads(
        place.told(&["compare", "HEAD", "run.json"]),
        str![[r#"
> passed, nothing to measure: base and head build to the same executables
> 1 unchanged
> 
> base     COMMIT (HEAD)
> head     COMMIT (run.json)
> machine  THIS
> policy   defaults: max-regression 5 %, tolerate 2 %
> warning  the newest baseline of HEAD says that it was measured at 2999-01-02T03:04:05Z, which is yet to come: a clock
>          was wrong, and what is measured before then does not replace it; `cargo perfgate baseline delete HEAD` removes
>          it
exit 0
"#]],
    );
}

#[test]
fn times_that_cannot_be() {
    for (started, shown) in
        [("", ""), ("yesterday\u{1b}[31m", "yesterday\\u{1b}[31m"), ("2026-13-01T00:00:00Z", "2026-13-01T00:00:00Z")]
    {
        let place = Place::repository();
        let mut run = run_of(COMMIT, "aa", 1.0);
        run.started = started.into();
        place.write("run.json", serde_json::to_vec(&run).unwrap());
        assert_eq!(
            place.told(&["baseline", "import", "run.json"]),
            format!(
                "error: could not store the baseline of COMMIT in HERE: `{shown}` is no time: expected RFC 3339 in UTC\nhelp: measure it again with `cargo perfgate run`\nexit 101"
            )
        );
    }
}
