//! IAM policy documents: read leniently with positions, printed with what was not touched left as
//! it was, measured against IAM's quotas.

pub mod document;
pub mod parse;
pub mod print;
pub mod quota;

pub use document::{Condition, Document, Effect, Element, Span, Statement, Version};
pub use parse::parse;
