//! Benchmarks counted on both sides.

use std::path::Path;

use super::FlowError;
use super::project::Setting;
use super::suites::Open;
use crate::harness::criterion::{Counting, Counts, count};
use crate::instrument::{hides_instructions_from_valgrind, valgrind_version};

/// The counts of a benchmark on base and head, or why there are none.
pub type BothCounts = Result<(Counts, Counts), String>;

/// Whether programs can be counted here at all.
pub fn can_count(setting: &Setting) -> bool {
    valgrind_version(setting.repository.root()).is_some()
}

/// Counts benchmarks of an executable that both sides have, and answers for each name. `folder` is one that nobody else
/// uses.
pub fn count_both(
    setting: &Setting,
    open: &Open,
    names: &[String],
    folder: &Path,
) -> Result<Vec<(String, BothCounts)>, FlowError> {
    let Some(base) = &open.suite.base else { return Ok(Vec::new()) };
    let home = folder.join("home");
    let count = |program, side: &str| {
        count(program, open.suite.version, names, &folder.join(side), &home, setting.config.policy.time_out)
    };
    // One after the other: a path that is compiled in leads to the side that runs.
    let (mut of_base, mut of_head) = (count(base, "base")?, count(&open.suite.head, "head")?);
    let _ = std::fs::remove_dir_all(folder);
    let both = |name: &String| {
        let side = |of: &mut Counting, side: &str| {
            let counts = of.remove(name).unwrap_or_else(|| Err("its process did not reach it".to_owned()));
            counts.map_err(|reason| format!("could not be counted on {side}: {reason}"))
        };
        let counts = side(&mut of_base, "base").and_then(|base| Ok((base, side(&mut of_head, "head")?)));
        (name.clone(), counts)
    };
    Ok(names.iter().map(both).collect())
}

/// What the user has to know of counts of this executable.
pub fn caveat(open: &Open) -> Option<String> {
    let hidden = hides_instructions_from_valgrind() && asks_for_instructions(&open.suite.head.path);
    hidden.then(|| {
        format!(
            "{}::{} asks the CPU for what it can do, and valgrind hides AVX-512: what it executes there is not what it executes otherwise",
            open.package, open.target
        )
    })
}

/// Whether an executable chooses code by the CPU that it runs on, as far as its symbols tell.
fn asks_for_instructions(executable: &Path) -> bool {
    const DETECTION: &[u8] = b"std_detect";
    let holds = |bytes: Vec<u8>| bytes.windows(DETECTION.len()).any(|window| window == DETECTION);
    std::fs::read(executable).is_ok_and(holds)
}
