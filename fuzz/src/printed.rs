//! What valgrind's DHAT and libtest print. The first byte says which of them follows.

use cargo_perfgate::harness::libtest::listed;
use cargo_perfgate::profile::{AllocationTrace, of_one_call, read_sites, site_changes};

/// Reads it, and holds what it tells against itself.
pub fn run(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(data);
    match kind {
        b'0' => trace(&text),
        b'1' => sites(&text),
        _ => listing(&text),
    }
}

/// No part holds more than the whole.
fn trace(text: &str) {
    let mut trace = AllocationTrace::default();
    text.lines().for_each(|line| trace.line(line.trim_start()));
    let readings = trace.readings();
    assert!(readings <= text.lines().count());
    let alive = trace.alive();
    let Ok(whole) = trace.parts(1..=readings + 1) else { return };
    assert!(whole.peak <= whole.bytes, "{whole:?}");
    let mut allocations = 0;
    for reading in 1..=readings + 1 {
        let part = trace.parts(reading..=reading).unwrap_or_else(|e| panic!("{e}"));
        assert!(part.peak <= part.bytes && part.bytes <= whole.bytes, "{part:?} of {whole:?}");
        assert!(alive.get(&reading).is_none_or(|alive| *alive <= part.bytes), "{alive:?}: {part:?}");
        allocations += part.allocations;
    }
    assert_eq!(allocations, whole.allocations);
}

fn sites(text: &str) {
    let Ok(sites) = read_sites(text) else { return };
    assert!(site_changes(&sites, &sites).iter().all(|change| change.base == change.head));
    for (function, one) in of_one_call(&sites, 11) {
        let all = sites[&function];
        assert!(one.blocks.saturating_mul(11) <= all.blocks && one.bytes <= all.bytes, "{one:?} of {all:?}");
    }
}

fn listing(text: &str) {
    let names = listed(text);
    let again: String = names.iter().map(|name| format!("{name}: benchmark\n")).collect();
    assert_eq!(listed(&again), names);
}
