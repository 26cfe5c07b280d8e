//! The file that valgrind's DHAT writes when a program has ended: what was allocated by the functions that asked for it.
//! <https://valgrind.org/docs/manual/dh-manual.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::function::Function;

/// What one function allocated, from the start of a program to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// How many blocks; one that grew or shrank counts each time.
    pub blocks: u64,
    /// Of how many bytes in all; of one that grew or shrank, the new size each time.
    pub bytes: u64,
    /// How many of these bytes were never freed.
    pub alive: u64,
}

/// What was allocated by function: the innermost that belongs neither to the allocator nor to Rust's own libraries.
pub type Sites = BTreeMap<String, Site>;

/// A function that asked for memory, on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteChange {
    /// Its path.
    pub function: String,
    /// On base; `None` where it asked for nothing.
    pub base: Option<Site>,
    /// On head; `None` where it asked for nothing.
    pub head: Option<Site>,
}

/// Crates that allocate for others.
const OF_RUST: [&str; 5] = ["alloc::", "core::", "std::", "hashbrown::", "__r"];
/// The library by which valgrind puts its own allocator in the place of the program's.
const OF_VALGRIND: &str = "vgpreload_";

#[derive(Deserialize)]
struct File {
    #[serde(rename = "pps")]
    points: Vec<Point>,
    #[serde(rename = "ftbl")]
    frames: Vec<String>,
}

#[derive(Deserialize)]
struct Point {
    #[serde(rename = "tb")]
    bytes: u64,
    #[serde(rename = "tbk")]
    blocks: u64,
    #[serde(rename = "eb")]
    alive: u64,
    /// Innermost first.
    #[serde(rename = "fs")]
    frames: Vec<usize>,
}

/// Reads one file of DHAT's.
///
/// # Errors
/// A text that DHAT cannot have written.
pub fn read_sites(text: &str) -> Result<Sites, String> {
    let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut sites = Sites::new();
    for point in file.points {
        let frames = || point.frames.iter().filter_map(|index| function(file.frames.get(*index)?));
        let own =
            frames().find(|name| !OF_RUST.iter().any(|crate_| name.trim_start_matches(['<', '&']).starts_with(crate_)));
        let Some(function) = own.or_else(|| frames().next()) else { continue };
        let site = sites.entry(function).or_default();
        site.blocks = site.blocks.saturating_add(point.blocks);
        site.bytes = site.bytes.saturating_add(point.bytes);
        site.alive = site.alive.saturating_add(point.alive);
    }
    Ok(sites)
}

/// What one of so many equal calls has of it. What happens once in a process is not what each of them does, and goes.
pub fn of_one_call(sites: &Sites, calls: u64) -> Sites {
    let of_one =
        |site: &Site| Site { blocks: site.blocks / calls, bytes: site.bytes / calls, alive: site.alive / calls };
    let sites = sites.iter().map(|(function, site)| (function.clone(), of_one(site)));
    sites.filter(|(_, site)| site.blocks > 0).collect()
}

/// All functions that asked on a side; the one that accounts for most of the change in blocks first, then in bytes.
pub fn site_changes(base: &Sites, head: &Sites) -> Vec<SiteChange> {
    let functions: BTreeSet<&String> = base.keys().chain(head.keys()).collect();
    let both = |function: &String| SiteChange {
        function: function.clone(),
        base: base.get(function).copied(),
        head: head.get(function).copied(),
    };
    let mut changes: Vec<SiteChange> = functions.into_iter().map(both).collect();
    let by = |change: &SiteChange, of: fn(Site) -> u64| change.base.map_or(0, of).abs_diff(change.head.map_or(0, of));
    changes.sort_by_key(|change| std::cmp::Reverse((by(change, |site| site.blocks), by(change, |site| site.bytes))));
    changes
}

/// The function of a frame, `0x11BD8B: symbol (in object)` or `0x11BD8B: symbol (file:line)`; none of valgrind's own.
fn function(frame: &str) -> Option<String> {
    let (_, named) = frame.split_once(": ")?;
    let (symbol, place) = named.rsplit_once(" (").unwrap_or((named, ""));
    (!place.contains(OF_VALGRIND)).then(|| Function::of("", symbol).name)
}
