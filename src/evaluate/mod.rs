//! Would this be allowed, by which statement, and what is not known?

pub mod condition;
pub mod context;
pub mod decide;
mod index;
pub mod prove;
mod target;
mod value;
pub mod variables;

pub use context::{Context, Lookup};
pub use decide::{Compiled, Decision, Layer, PolicyIn, Request, StatementRef, Target, Truth};
pub use prove::{Gap, nothing_new};
