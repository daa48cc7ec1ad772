//! CloudTrail records, in every shape they come in.
//!
//! Bytes are pushed into a [`Splitter`], which finds the records without keeping more than one of
//! them; a record's text becomes an [`Event`]. Who acted is in [`principal`], how it ended in
//! [`outcome`].

pub mod event;
pub mod found;
mod lenient;
mod mask;
pub mod outcome;
pub mod principal;
pub mod refusal;
mod scan;
mod shapes;
pub mod splitter;
pub(crate) mod walk;

pub use event::{Event, EventResource, NotAnEvent, Parameters, Scratch};
pub use found::{Defect, Found};
pub use mask::{MASK, mask};
pub use outcome::{Outcome, RefusedBy};
pub use principal::{Caller, Principal, PrincipalKind};
pub use shapes::of_row;
pub use splitter::Splitter;
pub use walk::Reader;
