//! What programs ask for memory, and what that has inside.
//!
//! How many instructions a request takes hangs on what the heap has been through before it, and says nothing of the code that
//! asks: they are told apart. What is copied or cleared for a request is the asking code's own, as it grows with its data.

use std::collections::{BTreeMap, BTreeSet};

use super::function::Function;

/// The C library's functions that programs ask; `__libc_` may stand before them, and what of jemalloc has the same names has
/// its mark there.
const SYSTEM: [&str; 11] = [
    "aligned_alloc",
    "calloc",
    "cfree",
    "free",
    "malloc",
    "memalign",
    "posix_memalign",
    "pvalloc",
    "realloc",
    "reallocarray",
    "valloc",
];
/// What else jemalloc and mimalloc are asked by, those of Rust's crates among them.
const OTHERS: [&str; 14] = [
    "dallocx",
    "mallocx",
    "rallocx",
    "sdallocx",
    "xallocx",
    "mi_calloc",
    "mi_free",
    "mi_malloc",
    "mi_malloc_aligned",
    "mi_realloc",
    "mi_realloc_aligned",
    "mi_zalloc",
    "mi_zalloc_aligned",
    "mi_malloc_small",
];
const MARKS: [&str; 3] = ["__libc_", "_rjem_", "je_"];

/// Whether programs ask this function for memory, by its name.
fn is_asked(function: &Function) -> bool {
    let name = MARKS.iter().find_map(|mark| function.name.strip_prefix(mark)).unwrap_or(&function.name);
    SYSTEM.contains(&name) || OTHERS.contains(&name)
}

fn copies_or_clears(function: &Function) -> bool {
    ["memcpy", "memmove", "memset"].iter().any(|name| function.name.contains(name))
}

/// The functions of an execution that are inside of what is asked for memory, by who called whom: what these lead to in their
/// own file, and nothing else does. Names alone would not do: those of internals are often unknown, or anybody's.
pub(super) fn inside(calls: &BTreeMap<Function, BTreeSet<Function>>) -> BTreeSet<Function> {
    let asked: BTreeSet<&Function> = calls.values().flatten().filter(|function| is_asked(function)).collect();
    let none = BTreeSet::new();
    let called = |function: &Function| calls.get(function).unwrap_or(&none);
    let mut within = asked.clone();
    let mut left: Vec<&Function> = asked.iter().copied().collect();
    while let Some(function) = left.pop() {
        let own =
            called(function).iter().filter(|called| called.object == function.object && !copies_or_clears(called));
        left.extend(own.filter(|called| within.insert(called)));
    }
    // What others reach without asking.
    let mut reached: BTreeSet<&Function> = calls.keys().filter(|function| !within.contains(function)).collect();
    let mut left: Vec<&Function> = reached.iter().copied().collect();
    while let Some(function) = left.pop() {
        let others = called(function).iter().filter(|called| !asked.contains(called));
        left.extend(others.filter(|called| reached.insert(called)));
    }
    within.into_iter().filter(|function| !reached.contains(function)).cloned().collect()
}
