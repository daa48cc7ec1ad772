//! EDGE: where trails, policies and grants are read from.
//!
//! This is the only place that opens files or talks to AWS. It knows bytes; what they mean is for
//! [`trail`](crate::trail) and the modules after it.

#[cfg(feature = "aws")]
pub mod aws;
pub mod evidence_store;
pub mod files;
mod layout;
mod ledger;
mod list;
#[cfg(feature = "parquet")]
mod parquet;
pub mod progress;
mod report;
pub mod seen;
pub mod snapshot;
mod store;
mod stream;
pub mod text;

pub use evidence_store::{Answer, EvidenceStore, Question};
pub use files::{RecordText, read_trail, read_trails};
pub use layout::Scope;
pub use ledger::{Files, Window, read_ledger, read_ledgers, read_parts, read_scope, read_window};
pub use report::{Counts, InputCounts, ReadReport};
pub use store::{Item, Store};
pub use text::{read_paste, read_text};
