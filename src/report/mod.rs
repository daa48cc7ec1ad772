//! How an answer reads: one view model, one file a format.

mod build;
pub mod policy_files;
pub mod terminal;
pub mod view;

pub use build::recommendation;
pub use view::Recommendation;

/// The version of the JSON that `--format json` writes. It rises when a field changes its meaning
/// or goes; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// The JSON schema of `recommend --format json`.
pub fn recommendation_schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Recommendation)).unwrap_or_default()
}
