//! The integration tests: one binary, one module a subject.

#[cfg(target_os = "linux")]
mod accept;
mod affected;
mod allocations;
mod base;
// Its browser is started as on Linux.
#[cfg(target_os = "linux")]
mod browser;
mod changed;
mod code;
mod commands;
#[cfg(feature = "forge")]
mod comment;
mod config;
mod corpora;
// Valgrind is there for Linux.
#[cfg(target_os = "linux")]
mod counting;
mod criterion;
mod dependencies;
mod errors;
mod exit_codes;
mod fixture;
mod gate;
// They count, too.
#[cfg(target_os = "linux")]
mod harnesses;
#[cfg(target_os = "linux")]
mod hot;
mod init;
#[cfg(target_os = "linux")]
mod layouts;
mod order;
mod policy;
mod process;
mod profile;
mod readme;
mod report;
mod same_crate;
mod schedule;
mod schemas;
mod screening;
mod seeding;
mod shards;
#[cfg(unix)]
mod sides;
mod stacks;
mod stats;
mod store;
mod stored_counts;
mod support;
mod sync;
mod tidy;
// It finds processes in /proc.
#[cfg(target_os = "linux")]
mod whole;
