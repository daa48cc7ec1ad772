//! Would this be allowed, by which statement, and what is not known?

pub mod condition;
pub mod context;
pub mod decide;
pub mod explain;
pub(crate) mod index;
pub mod layer;
pub(crate) mod named;
mod organization;
pub mod principal;
pub mod prove;
pub mod request;
pub(crate) mod symbolic;
mod target;
mod truth;
pub(crate) mod value;
pub mod variables;
mod verdict;

pub use context::{Context, Lookup};
pub use decide::{Compiled, Decision, Setting};
pub use explain::{Explanation, LayerAnswer, Stand};
pub use layer::{Layer, PolicyIn, StatementRef};
pub use principal::{Principal, PrincipalKind};
pub use prove::{Comparison, Difference, Undecided, allowed, compare};
pub use request::{Request, Target};
pub use truth::Truth;
pub use value::Network;
