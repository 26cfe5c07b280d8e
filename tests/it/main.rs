//! The integration tests: one binary, one module a subject.

mod base;
mod changed;
mod code;
mod commands;
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
// It counts, too.
#[cfg(target_os = "linux")]
mod hot;
#[cfg(target_os = "linux")]
mod layouts;
mod order;
mod process;
mod profile;
mod readme;
mod report;
mod schedule;
mod schemas;
mod screening;
#[cfg(unix)]
mod sides;
mod stacks;
mod stats;
mod store;
mod support;
mod tidy;
// It finds processes in /proc.
#[cfg(target_os = "linux")]
mod whole;
