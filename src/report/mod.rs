//! How an answer reads: one view model, one file a format.

mod build;
pub mod csv;
pub mod github;
pub mod html;
pub mod infrastructure;
pub mod markdown;
mod others;
mod permits;
pub mod policy_files;
pub mod sarif;
pub mod terminal;
pub mod view;

pub use build::recommendation;
pub use others::count_others;
pub use permits::{MeasureRow, MeasureView, PermitsView};
pub use view::Recommendation;

/// The version of the JSON that `--format json` writes. It rises when a field changes its meaning
/// or goes; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// The JSON schema of `recommend --format json`.
pub fn recommendation_schema() -> serde_json::Value {
    schema_of::<Recommendation>()
}

/// The JSON schema of what is written of a type.
pub(crate) fn schema_of<T: schemars::JsonSchema>() -> serde_json::Value {
    // What is written, not what would be read: a field that is left out when empty is not required.
    let writing = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = writing.into_generator().into_root_schema_for::<T>();
    serde_json::to_value(schema).unwrap_or_default()
}
