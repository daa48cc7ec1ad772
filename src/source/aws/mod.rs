//! EDGE: a live account. Grants from IAM and Organizations, activity from CloudTrail (LookupEvents, its
//! bucket, Athena), changes to policies on command.
//!
//! [`Client`] is the one way out; [`operation`] lists all that it can call. tokio lives here alone.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an edge: this module reads the environment, the clock and files"
)]

mod access_analyzer;
mod athena;
mod change;
mod client;
mod document;
mod failure;
mod iam;
mod last_accessed;
mod lookup;
mod operation;
mod organizations;
mod paged;
pub mod permissions;
mod queue;
mod reports;
mod resource_policies;
mod s3;
mod service;
mod trails;
mod wire;

pub use access_analyzer::{Checked, Validation};
pub use athena::AthenaTrail;
pub use change::{ManagedState, Standing};
pub use client::{Client, Settings};
pub use failure::Failure;
pub use iam::AuthorizationDetails;
pub use lookup::{Attribute, EventHistory};
pub use queue::Message;
pub use reports::AccountReports;
pub use resource_policies::ResourcePolicy;
pub use s3::{BucketTrail, Wanted};
pub use trails::history_selectors;

/// A variable of the environment, where it is set and not empty.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A file's bytes, or why there are none.
fn bytes_of(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| super::text::why_unreadable(&error))
}

/// Writes a file so that it is there whole or not at all, with its folders.
pub(crate) fn write_whole(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let folder = path.parent().unwrap_or(std::path::Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Threads and processes may write the same one at once.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unique = format!(".{name}.{}-{:?}", std::process::id(), std::thread::current().id());
    let temporary = folder.join(unique);
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
