//! The integration tests: one binary, one module a subject.

mod config;
mod report;
mod store;
mod tidy;
