//! Names of benchmarks that would be more than names: markup, escapes, paths, text from right to left, names that are alike
//! once they are made safe, one that is very long, and none.

use snapbox::str;

use super::{Place, reads};

fn told(place: &Place, arguments: &[&str]) -> String {
    let mut command = place.command(env!("CARGO_BIN_EXE_cargo-perfgate"));
    place.told_by(command.args(arguments).env("SPEAKER", "hostile names"))
}

#[test]
fn hostile_names() {
    let place = Place::speaker("errors-ids");
    reads(
        told(&place, &["list"]),
        str![[r#"
> speaker::says/
> speaker::says/\u{1b}[31mred\u{1b}[0m\u{7}
> speaker::says/../../../etc/passwd
> speaker::says/@everyone #1
> speaker::says/`tick` **bold**
> speaker::says/a|b|c
> speaker::says/longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong
> speaker::says/new\nline\r\ttab
> speaker::says/right\u{202e}tfel\u{202c}
> speaker::says/sum*
> speaker::says/sum?
> speaker::says/sum_
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 12 benchmarks
exit 0
"#]],
    );
    // By a filter of our own, which takes every character of a name literally.
    reads(
        told(&place, &["run", "--no-store", "^sum.$|^$|passwd|red"]),
        str![[r#"
> COMMIT, measured NOW
> environment THIS
>  benchmark                                  median  lower quartile  spread  processes
>  speaker::says/\u{1b}[31mred\u{1b}[0m\u{7}  100 ns          100 ns   0.0 %         20
>  speaker::says/../../../etc/passwd          100 ns          100 ns   0.0 %         20
>  speaker::says/sum?                         100 ns          100 ns   0.0 %         20
>  speaker::says/sum*                         100 ns          100 ns   0.0 %         20
>  speaker::says/sum_                         100 ns          100 ns   0.0 %         20
>  speaker::says/                             100 ns          100 ns   0.0 %         20
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 6 benchmarks
   Measuring 6 benchmarks of 1 executable, about TIME
    Finished in TIME
exit 0
"#]],
    );
    reads(
        told(&place, &["check", "--base", "HEAD", "--method", "paired", "-v"]),
        str![[r#"
> passed: 12 benchmarks, none slower than its limit
> 13 unchanged
> 
> benchmark                                    base      head  change  95 % interval  limit  evidence            verdict
> geometric mean                                  -         -   0.0 %     [0.0, 0.0]    2 %  paired measurement  unchanged
>     any change of the mean is smaller than 2 % (8 pairs)
> speaker::says/                           100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> \u{1b}[31mred\u{1b}[0m\u{7}              100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> ../../../etc/passwd                      100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> @everyone #1                             100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> `tick` **bold**                          100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> a|b|c                                    100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> longlonglonglonglon…onglonglonglonglong  100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> new\nline\r\ttab                         100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> right\u{202e}tfel\u{202c}                100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> sum*                                     100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> sum?                                     100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
> sum_                                     100.0 ns  100.0 ns   0.0 %     [0.0, 0.0]    5 %  paired measurement  unchanged
>     any change is smaller than 5 % (8 pairs)
> 
> base     COMMIT (--base HEAD)
> head     COMMIT
> machine  THIS
> policy   defaults: max-regression 5 %, tolerate 2 %
   Comparing head with COMMIT (--base HEAD)
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
    Building base COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 12 benchmarks
      Timing 12 benchmarks, since nothing cheaper decides
   Measuring 12 benchmarks of 1 executable, about TIME
     Decided a|b|c after TIME
     Decided `tick` **bold** after TIME
     Decided new\nline\r\ttab after TIME
     Decided @everyone #1 after TIME
     Decided \u{1b}[31mred\u{1b}[0m\u{7} after TIME
     Decided ../../../etc/passwd after TIME
     Decided right\u{202e}tfel\u{202c} after TIME
     Decided sum? after TIME
     Decided sum* after TIME
     Decided sum_ after TIME
     Decided  after TIME
     Decided longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong after TIME
      Stored 12 measurements as a baseline of COMMIT
    Finished in TIME
exit 0
"#]],
    );
    // As it was stored; and the last result, rendered again.
    reads(
        told(&place, &["compare", "HEAD", "HEAD"]),
        str![[r#"
> passed, nothing to measure: base and head build to the same executables
> 12 unchanged
> 
> base     COMMIT (HEAD)
> head     COMMIT (HEAD)
> machine  THIS
> policy   defaults: max-regression 5 %, tolerate 2 %
exit 0
"#]],
    );
    reads(
        told(&place, &["report", "target/perfgate/last.json", "--format", "markdown"]),
        str![[r#"
> ### passed: 12 benchmarks, none slower than its limit
> 
> 13 unchanged
> 
> <details><summary>13 unchanged</summary>
> 
> | benchmark | base | head | change | limit | evidence | verdict |
> | --- | ---: | ---: | ---: | ---: | --- | --- |
> | <code>geometric mean</code> | - | - | 0.0 % [0.0, 0.0] | 2 % | paired measurement | unchanged |
> | <code>speaker&#58;&#58;says/</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>&#92;u&#123;1b&#125;&#91;31mred&#92;u&#123;1b&#125;&#91;0m&#92;u&#123;7&#125;</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>../../../etc/passwd</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>&#64;<!-- -->everyone &#35;1</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>&#96;tick&#96; &#42;&#42;bold&#42;&#42;</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>a&#124;b&#124;c</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>longlonglonglonglonglonglonglonglonglonglonglonglonglonglong…onglonglonglonglonglonglonglonglonglonglonglonglonglonglong</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>new&#92;nline&#92;r&#92;ttab</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>right&#92;u&#123;202e&#125;tfel&#92;u&#123;202c&#125;</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>sum&#42;</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>sum&#63;</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> | <code>sum&#95;</code> | 100.0 ns | 100.0 ns | 0.0 % [0.0, 0.0] | 5 % | paired measurement | unchanged |
> 
> </details>
> 
> - base: <code>COMMIT</code> (--base HEAD)
> - head: <code>COMMIT</code>
> - machine: THIS
> - policy: defaults: max-regression 5 %, tolerate 2 %
exit 0
"#]],
    );
}

#[test]
fn selections_that_are_none() {
    let place = Place::speaker("errors-selections");
    reads(
        told(&place, &["list", "(\u{1b}[31m"]),
        str![[r#"
error: the filter is no regular expression: regex parse error:
    (\u{1b}[31m
      ^
error: unclosed character class
help: escape what is meant literally
exit 2
"#]],
    );
    reads(
        told(&place, &["list", "--bench", "\u{1b}[31m"]),
        str![[r#"
error: `\u{1b}[31m` is no name and no glob: error parsing glob '\u{1b}[31m': unclosed character class; missing ']'
help: escape what is meant literally, such as `[[]`
exit 2
"#]],
    );
    reads(
        told(&place, &["list", "nothing-like-it"]),
        str![[r#"
    Building head COMMIT
    Finished `bench` profile [optimized] target(s) in TIME
       Found speaker::says: 0 benchmarks
warning: no benchmark matches `nothing-like-it`: `cargo perfgate list` shows their names
       Empty no benchmark was found, or none has an id that the filter matches
exit 4
"#]],
    );
}
