//! Benchmarks counted on both sides.

use std::path::Path;

use super::FlowError;
use super::project::Setting;
use super::suites::Open;
use crate::harness::criterion::{Allocating, Allocations, allocations};
use crate::harness::{Counting, Counts, HarnessError, Patience, Program, Watched};
use crate::instrument::{Detail, has_valgrind, hides_avx512};
use crate::model::Side;

/// The counts of a benchmark on base and head, or why there are none.
pub type BothCounts = Both<Counts>;

/// What a benchmark allocates on base and head, or why that is not known.
pub type BothAllocations = Both<Allocations>;

/// What was seen of a benchmark on base and head, or why nothing was.
type Both<T> = Result<(T, T), String>;

/// Whether programs can be counted here at all.
pub fn can_count(setting: &Setting) -> bool {
    has_valgrind(setting.repository.root())
}

/// What to say where nothing but counts would do.
pub fn without_valgrind() -> FlowError {
    FlowError::Usage(
        "could not count instructions: valgrind is not installed, or does not run here\nhelp: install it, as with `apt-get install valgrind`; it exists for Linux and a few other systems".to_owned(),
    )
}

/// Counts benchmarks of one side of an executable. `folder` is one that nobody else uses.
pub fn count_side(
    open: &Open,
    side: Side,
    names: &[String],
    folder: &Path,
    detail: Detail,
    patience: Patience<'_>,
) -> Result<Counting, HarnessError> {
    ask(open, side, names, patience, |program, names| {
        let counting = open.able.count(program, names, folder, detail, patience);
        let _ = std::fs::remove_dir_all(folder);
        counting
    })
}

/// Traces what benchmarks of one side of an executable allocate. `folder` is one that nobody else uses.
pub fn allocations_of(
    open: &Open,
    side: Side,
    names: &[String],
    folder: &Path,
    patience: Patience<'_>,
) -> Result<Allocating, HarnessError> {
    if !open.able.is_timed() {
        let why = format!("this version traces no allocations of {}", open.able.name());
        patience.add_answered(names.len());
        return Ok(names.iter().map(|name| (name.clone(), Err(why.clone()))).collect());
    }
    ask(open, side, names, patience, |program, names| {
        let allocating = allocations(program, open.suite.version, names, folder, &folder.join("home"), patience);
        let _ = std::fs::remove_dir_all(folder);
        allocating
    })
}

/// Asks the program of a side for benchmarks, by the names that it has for them.
fn ask<T>(
    open: &Open,
    side: Side,
    names: &[String],
    patience: Patience<'_>,
    watch: impl FnOnce(&Program, &[String]) -> Result<Watched<T>, HarnessError>,
) -> Result<Watched<T>, HarnessError> {
    let program = match side {
        Side::Base => open.suite.base.as_ref(),
        Side::Head => Some(&open.suite.head),
    };
    let Some(program) = program else {
        patience.add_answered(names.len());
        return Ok(Watched::new());
    };
    let own = |name: &String| match side {
        Side::Base => open.suite.renamed.get(name).unwrap_or(name).clone(),
        Side::Head => name.clone(),
    };
    let own_names: Vec<String> = names.iter().map(own).collect();
    let mut watched = watch(program, &own_names)?;
    Ok(names.iter().zip(&own_names).filter_map(|(name, own)| Some((name.clone(), watched.remove(own)?))).collect())
}

/// Counts benchmarks of an executable that both sides have, and answers for each name. `folder` is one that nobody else
/// uses.
pub fn count_both(
    open: &Open,
    names: &[String],
    folder: &Path,
    detail: Detail,
    patience: Patience<'_>,
) -> Result<Vec<(String, BothCounts)>, HarnessError> {
    // One after the other: a path that is compiled in leads to the side that runs.
    let of_base = count_side(open, Side::Base, names, folder, detail, patience)?;
    let of_head = count_side(open, Side::Head, names, folder, detail, patience)?;
    Ok(paired(names, of_base, of_head))
}

/// Traces what benchmarks of an executable that both sides have allocate, and answers for each name. `folder` is one that
/// nobody else uses.
pub fn allocations_of_both(
    open: &Open,
    names: &[String],
    folder: &Path,
    patience: Patience<'_>,
) -> Result<Vec<(String, BothAllocations)>, HarnessError> {
    let of_base = allocations_of(open, Side::Base, names, folder, patience)?;
    let of_head = allocations_of(open, Side::Head, names, folder, patience)?;
    Ok(paired(names, of_base, of_head))
}

fn paired<T>(names: &[String], mut of_base: Watched<T>, mut of_head: Watched<T>) -> Vec<(String, Both<T>)> {
    let both = |name: &String| {
        let base = of(&mut of_base, name, Side::Base);
        (name.clone(), base.and_then(|base| Ok((base, of(&mut of_head, name, Side::Head)?))))
    };
    names.iter().map(both).collect()
}

/// What was seen of one benchmark of a side, or why nothing was.
pub fn of<T>(counting: &mut Watched<T>, name: &str, side: Side) -> Result<T, String> {
    let counts = counting.remove(name).unwrap_or_else(|| Err("its process did not reach it".to_owned()));
    counts.map_err(|reason| format!("could not be counted on {side}: {reason}"))
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
