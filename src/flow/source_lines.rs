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

/// The line of `source`, from 1, that alone holds a string literal with the name of a benchmark. Harnesses join names of
/// parts: else it is the line of as much of the beginning as there is, which is the group's, or of what follows it after
/// that line; else of an end.
pub fn line_of(source: &str, name: &str) -> Option<usize> {
    let Some((group, line)) = beginning(source, name) else {
        return name.match_indices('/').find_map(|(at, _)| alone(source, &name[at + 1..]));
    };
    let rest = name[group.len()..].strip_prefix('/').unwrap_or_default();
    let inner = beginning(source, rest).map(|(_, inner)| inner);
    Some(inner.filter(|inner| *inner > line).unwrap_or(line))
}

/// The longest part of `name` that it begins with and one line alone holds, and that line.
fn beginning<'n>(source: &str, name: &'n str) -> Option<(&'n str, usize)> {
    let shorter = name.match_indices('/').rev().map(|(at, _)| &name[..at]);
    std::iter::once(name).chain(shorter).find_map(|part| Some((part, alone(source, part)?)))
}

fn alone(source: &str, part: &str) -> Option<usize> {
    if part.is_empty() {
        return None;
    }
    let literal = format!("\"{part}\"");
    let mut lines = source.lines().enumerate().filter(|(_, line)| line.contains(&literal));
    let (index, _) = lines.next()?;
    lines.next().is_none().then_some(index + 1)
}
