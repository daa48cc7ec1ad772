//! From a refusal to the one change that ends it, and to what would have been refused next.

mod places;

pub use places::Places;
