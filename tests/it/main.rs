//! The integration tests: one binary, one module a subject.

mod config;
mod dependencies;
mod exit_codes;
mod readme;
mod report;
mod store;
mod tidy;
