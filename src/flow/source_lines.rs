//! Where benchmarks stand in the source: the file of their bench target, and in it the line that names them.

use std::collections::HashMap;
use std::fs;

use super::project::BuiltSide;
use crate::model::{BenchmarkId, Row, Source};

/// Tells of each row where head's tree has its benchmark. What cannot be found is left out: no verdict hangs on it.
pub(super) fn locate(head: &BuiltSide, rows: &mut [Row]) {
    // The suite as a whole has no place, and neither has a target that head lacks.
    let mut known: HashMap<(String, String), Option<(String, String)>> = HashMap::new();
    for row in rows {
        let BenchmarkId { package, target, name } = &row.benchmark;
        let found = known.entry((package.clone(), target.clone())).or_insert_with(|| {
            let path = head.targets.bench_source(package, target)?;
            let inside = path.strip_prefix(&head.shown).ok()?;
            let parts: Option<Vec<&str>> = inside.iter().map(|part| part.to_str()).collect();
            Some((parts?.join("/"), fs::read_to_string(&path).unwrap_or_default()))
        });
        row.source = found.as_ref().map(|(file, text)| Source { file: file.clone(), line: line_of(text, name) });
    }
}

/// The line of `source`, from 1, that alone holds a string literal with the name of a benchmark; else with as much of the
/// name's beginning as there is, which is its group's; else of its end.
pub fn line_of(source: &str, name: &str) -> Option<usize> {
    let slashes = || name.match_indices('/').map(|(at, _)| at);
    let beginnings = slashes().rev().map(|at| &name[..at]);
    let ends = slashes().map(|at| &name[at + 1..]);
    let alone = |part: &str| {
        let literal = format!("\"{part}\"");
        let mut lines = source.lines().enumerate().filter(|(_, line)| line.contains(&literal));
        let (index, _) = lines.next()?;
        lines.next().is_none().then_some(index + 1)
    };
    std::iter::once(name).chain(beginnings).chain(ends).filter(|part| !part.is_empty()).find_map(alone)
}
