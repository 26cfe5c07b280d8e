//! `cargo perfgate`: performance regression gating for Rust.
//!
//! The library has no stable interface; the program is the product. This page is the map of it.
//!
//! # The floors
//! A file may import from floors below its own, and from its own folder. Adapters (floor 4) do not import each
//! other, except that those which start processes do so through `instrument`; what else two of them need is passed by
//! `flow`. `tests/it/tidy.rs` reads the imports and holds this picture.
//!
//! | floor | folder | holds |
//! | --- | --- | --- |
//! | 6 | `cli` | clap types turned into requests, one file a subcommand; writers, colour, progress |
//! | 5 | `flow` | the use cases: no clap, no printing |
//! | 4 | `harness` | the benchmark harnesses: one folder or file each, and everything that is known of their formats |
//! | 4 | `instrument` | how one execution is observed and bounded: processes, cores, executables with new layouts |
//! | 4 | `workspace` | cargo's model, building bench executables of a revision, identity of executables; which package depends on which |
//! | 4 | `vcs` | git: revisions, trees written out, merge bases, hooks; refs of remotes, fetched and pushed |
//! | 4 | `store` | baselines keyed by commit, in git; those of other clones merged |
//! | 4 | `forge` | the server of pull requests: one comment, kept up to date |
//! | 4 | `config` | the file and the options, turned into a policy; errors with spans |
//! | 3 | `report` | a report turned into text: terminal, markdown, HTML, JSON, flame graphs, what CI reads |
//! | 2 | `gate` | comparisons turned into verdicts, verdicts into an outcome |
//! | 1 | `profile` | costs by function, line and stack, and allocations: what counting tools write, and two of them compared |
//! | 1 | `code` | machine code by function, from the objects of a link; the same function in two programs |
//! | 1 | `stats` | numbers only: quantiles, trimmed means, bets, intervals, a seeded generator |
//! | 0 | `model` | plain values with serde: the glossary in types |
//!
//! Floors 0 to 3 are pure: no file system, environment, clock, process or network.

pub mod cli;
pub mod code;
pub mod config;
pub mod flow;
#[cfg(feature = "forge")]
pub mod forge;
pub mod gate;
pub mod harness;
pub mod instrument;
pub mod model;
pub mod profile;
pub mod report;
pub mod stats;
pub mod store;
pub mod vcs;
pub mod workspace;
