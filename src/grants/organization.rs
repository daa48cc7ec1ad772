//! What an organization lays over an account.

use crate::diagnostic::Diagnostic;
use crate::evaluate::Layer;
use crate::policy::Document;

/// The policies of an organization that bind an account, from the root down.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    /// The management account; `None` where the account is in no organization, or that is not known.
    pub management_account: Option<String>,
    /// The policies by layer, each with its name and text.
    pub policies: Vec<(Layer, String, Document)>,
    /// Layers that may be in force and could not be read.
    pub unknown: Vec<Layer>,
    /// What is to be said.
    pub said: Vec<Diagnostic>,
}
