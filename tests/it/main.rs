//! The integration tests, as one binary.

mod checks;
mod recorded;
mod shared;
mod trail_files;
mod trail_splitter;
mod trails;
