//! The integration tests, as one binary.

mod bad_input;
mod cli;
mod determinism;
mod examples;
mod scenario;
mod shared;
mod support;
mod trail_files;
mod trail_splitter;
mod trails;
