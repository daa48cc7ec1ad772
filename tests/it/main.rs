//! The integration tests, as one binary.

mod bad_input;
mod checks;
mod cli;
mod determinism;
mod examples;
mod recorded;
mod scenario;
mod shared;
mod support;
mod trail_files;
mod trail_splitter;
mod trails;
