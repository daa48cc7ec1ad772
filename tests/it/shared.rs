//! Recorded data beside the project: `../shared`, or where `LEASTGRANT_SHARED` says. It is no part
//! of the project; what needs it says so and is skipped where it is not there.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests look where the data is"
)]

use std::path::PathBuf;

/// The folder `part` of the shared data; `None`, and a line that says so, where it is not there.
pub(crate) fn folder(part: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("LEASTGRANT_SHARED")
        .map_or_else(beside, PathBuf::from)
        .join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}
