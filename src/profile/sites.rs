//! The file that valgrind's DHAT writes when a program has ended: what was allocated by the functions that asked for it.
//! <https://valgrind.org/docs/manual/dh-manual.html>

use std::collections::BTreeMap;

use serde::Deserialize;

use super::function::Function;

/// What one function allocated, from the start of a program to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// How many blocks.
    pub blocks: u64,
    /// Of how many bytes in all.
    pub bytes: u64,
    /// How many of these bytes were never freed.
    pub alive: u64,
}

/// What was allocated by function: the innermost that belongs neither to the allocator nor to Rust's own libraries.
pub type Sites = BTreeMap<String, Site>;

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

/// The function of a frame, `0x11BD8B: symbol (in object)` or `0x11BD8B: symbol (file:line)`; none of valgrind's own.
fn function(frame: &str) -> Option<String> {
    let (_, named) = frame.split_once(": ")?;
    let (symbol, place) = named.rsplit_once(" (").unwrap_or((named, ""));
    (!place.contains(OF_VALGRIND)).then(|| Function::of("", symbol).name)
}
