//! leastgrant against real server processes and against a fake that speaks AWS's wire protocols.
//!
//! `servers` installs and starts what stands in for AWS; `fake` answers, forwards or fails on demand; `program`
//! runs the program under test, and holds every run to it that no secret is printed.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests start processes and read files; a panic is how they fail"
)]

mod athena;
mod changes;
mod closed_loop;
mod fake;
mod faults;
mod following;
mod grants;
mod hygiene;
mod opinions;
mod program;
mod servers;
mod templates;
mod trails;
