//! The functions that programs ask for memory, by their names, and what these functions have inside.
//!
//! How many instructions a request takes hangs on what the heap has been through before it, and says nothing of the code that
//! asks: they are counted apart.

/// What the C library calls them, and what it has inside, where its symbols are known; `__libc_` may stand before them.
const SYSTEM: [&str; 21] = [
    "aligned_alloc",
    "calloc",
    "cfree",
    "free",
    "malloc",
    "malloc_usable_size",
    "memalign",
    "posix_memalign",
    "pvalloc",
    "realloc",
    "reallocarray",
    "valloc",
    "_mid_memalign",
    "malloc_consolidate",
    "munmap_chunk",
    "mremap_chunk",
    "ptmalloc_init",
    "realloc_check",
    "sysmalloc",
    "systrim",
    "unlink_chunk",
];
/// How those begin of which there are more, and those of allocators that programs are linked with instead: jemalloc, also by
/// the names that its Rust crate gives it, and mimalloc. Functions of Rust's have a path before their names.
const FAMILIES: [&str; 7] = ["_int_", "tcache_", "je_", "_rjem_", "mi_", "_mi_", "rpmalloc"];

/// Whether a function is one that programs ask for memory, or one inside of these.
pub(super) fn is_allocator(function: &str) -> bool {
    // The compiler makes several of one: `sysmalloc.constprop.0`.
    let name = function.split_once('.').map_or(function, |(name, _)| name);
    let name = name.strip_prefix("__libc_").unwrap_or(name);
    SYSTEM.contains(&name) || (!name.contains("::") && FAMILIES.iter().any(|family| name.starts_with(family)))
}
