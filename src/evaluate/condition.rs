//! Condition operators: three-valued, by the documented rules.

use super::{Context, Truth};
use crate::policy::{Condition, Version};

/// Whether the condition holds in the context. `missing` collects the keys without whose value it
/// cannot be decided.
pub fn holds(condition: &Condition, version: Version, context: &Context, missing: &mut Vec<String>) -> Truth {
    let _ = (condition, version, context, missing);
    todo!()
}
