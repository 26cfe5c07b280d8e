//! The integration tests: one binary, one module a subject.

mod config;
mod criterion;
mod dependencies;
mod exit_codes;
mod fixture;
mod readme;
mod report;
mod store;
mod tidy;
mod whole;
