//! Benchmarks counted on both sides.

use std::path::Path;

use super::project::Setting;
use super::suites::Open;
use crate::harness::HarnessError;
use crate::harness::criterion::{Counting, Counts, Patience, count};
use crate::instrument::{has_valgrind, hides_avx512};

/// The counts of a benchmark on base and head, or why there are none.
pub type BothCounts = Result<(Counts, Counts), String>;

/// Whether programs can be counted here at all.
pub fn can_count(setting: &Setting) -> bool {
    has_valgrind(setting.repository.root())
}

/// Counts benchmarks of an executable that both sides have, and answers for each name. `folder` is one that nobody else
/// uses.
pub fn count_both(
    open: &Open,
    names: &[String],
    folder: &Path,
    patience: Patience,
) -> Result<Vec<(String, BothCounts)>, HarnessError> {
    let Some(base) = &open.suite.base else { return Ok(Vec::new()) };
    let home = folder.join("home");
    let count = |program, side: &str| count(program, open.suite.version, names, &folder.join(side), &home, patience);
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
    let sides = std::iter::once(&open.suite.head).chain(&open.suite.base);
    let hidden = hides_avx512() && sides.into_iter().any(|program| has_avx512(&program.path));
    hidden.then(|| {
        format!(
            "{}::{} has code for AVX-512, which valgrind hides from programs: where the CPU is asked for it, other code is counted than runs otherwise",
            open.package, open.target
        )
    })
}

/// Whether an executable has code for AVX-512, as far as the names of its functions tell.
fn has_avx512(executable: &Path) -> bool {
    const NAME: &[u8] = b"avx512";
    let holds = |bytes: Vec<u8>| bytes.windows(NAME.len()).any(|window| window.eq_ignore_ascii_case(NAME));
    std::fs::read(executable).is_ok_and(holds)
}
