//! A change of policies held against the old ones, as a pull request is: what the new ones allow and the
//! old ones do not, what they allow and must not, and which observed use they would refuse.

mod access;
mod sides;
mod uses;
pub mod view;
mod words;

pub use access::{denied_access, new_access};
pub use sides::Side;
pub use uses::lost_use;
pub use view::Check;

/// The version of the JSON that `check --format json` writes. It rises when a field changes its meaning
/// or goes; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// The JSON schema of `check --format json`.
pub fn check_schema() -> serde_json::Value {
    // What is written, not what would be read: a field that is left out when empty is not required.
    let writing = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = writing.into_generator().into_root_schema_for::<Check>();
    serde_json::to_value(schema).unwrap_or_default()
}
