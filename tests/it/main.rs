//! The integration tests, as one binary.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a panic is a failed test"
)]

mod account_files;
mod bad_input;
mod catalog;
mod check;
mod checks;
mod cli;
mod conditions;
mod decisions;
mod determinism;
mod examples;
mod explain;
mod groups;
mod hygiene;
mod infrastructure;
mod messages;
mod observed;
mod parquet;
mod properties;
mod recorded;
mod refusals;
mod review;
mod review_options;
mod reviewed;
mod rounds;
mod scenario;
mod shared;
mod simulate;
mod store;
mod strategies;
mod support;
mod trail_files;
mod trail_splitter;
mod trails;
