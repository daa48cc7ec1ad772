//! Single requests against policies, as a person or a file asks them.

pub(crate) mod answer;
mod question;
pub mod view;

pub use answer::{Given, Policies, TEXT_NOT_KNOWN};
pub use question::{Question, Unnamed, read_action, read_principal, read_questions, read_resource};
pub use view::{Answer, Simulation};

/// The version of the JSON that `simulate --format json` writes. It rises when a field changes its
/// meaning or goes; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// The JSON schema of `simulate --format json`.
pub fn simulation_schema() -> serde_json::Value {
    // What is written, not what would be read: a field that is left out when empty is not required.
    let writing = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = writing.into_generator().into_root_schema_for::<Simulation>();
    serde_json::to_value(schema).unwrap_or_default()
}
