//! What a principal holds now: each policy with its origin, the part it plays, who else holds it
//! and who may change it.
//!
//! An [`Account`] is read from the JSON of `aws iam get-account-authorization-details`; single
//! policy files make [`Grants`] directly. Both keep every problem they meet as a diagnostic and go
//! on with what is left.

mod account;
mod authorization_details;
mod organization;
mod origin;

pub use account::{
    Account, Group, Holder, HolderKind, NotFound, is_aws_managed, is_like, near_names, short_name,
};
pub use authorization_details::{read_authorization_details, read_authorization_pages};
pub use organization::Organization;
pub use origin::{Editable, Origin};

use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::{Layer, PolicyIn};
use crate::policy::Document;

/// One policy in force for a principal.
#[derive(Debug, Clone)]
pub struct Held {
    /// Where it comes from.
    pub origin: Origin,
    /// The part it plays in the decision.
    pub layer: Layer,
    /// Its text and meaning.
    pub document: Document,
    /// ARNs of all principals that a change of this policy reaches, this one included; sorted. A policy
    /// given as a file reaches only the principal it is given for; one of AWS's own, which is not edited
    /// but detached, those that hold it by the same attachment.
    pub holders: Vec<String>,
    /// ARNs of the principals whose permissions boundary this policy is, where it is held as an
    /// identity policy: an edit of its text would move their boundary. Sorted.
    pub boundary_of: Vec<String>,
}

impl Held {
    /// As the evaluator takes it.
    pub fn policy(&self) -> PolicyIn<'_> {
        PolicyIn {
            layer: self.layer,
            document: &self.document,
        }
    }
}

/// All that is known of what a principal holds.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// The principal's ARN, where the grants name one.
    pub principal: Option<String>,
    /// When the principal was made, where the grants say so.
    pub created: Option<jiff::Timestamp>,
    /// The policies, in a fixed order: inline, attached, through groups, boundary.
    pub held: Vec<Held>,
    /// Policies that are named but whose text is not known: decisions may miss what they grant.
    pub not_given: Vec<Origin>,
}

impl Grants {
    /// A principal's grants from single policies; `what` names each (file, or managed policy ARN).
    pub fn from_policies(principal: &str, policies: Vec<(Origin, Layer, Document)>) -> Self {
        let held = policies
            .into_iter()
            .map(|(origin, layer, document)| Held {
                origin,
                layer,
                document,
                holders: vec![principal.to_owned()],
                boundary_of: Vec::new(),
            })
            .collect();
        Self {
            principal: Some(principal.to_owned()),
            created: None,
            held,
            not_given: Vec::new(),
        }
    }

    /// Only the policies of one layer.
    pub fn in_layer(&self, layer: Layer) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(move |held| held.layer == layer)
    }
}

/// The text and version of an AWS managed policy that the catalog knows, as a policy in force.
///
/// Returns `None`, with a diagnostic, where the catalog does not know it.
pub fn managed_from_catalog(arn_or_name: &str) -> (Option<(Origin, Document)>, Vec<Diagnostic>) {
    let Some(policy) = action_catalog::managed_policy(arn_or_name) else {
        let names: Vec<&str> = action_catalog::managed_policies()
            .map(|policy| policy.name)
            .collect();
        let wanted = arn_or_name.rsplit('/').next().unwrap_or(arn_or_name);
        let mut diagnostic = Diagnostic::error(
            Code::PolicyNotGiven,
            format!("no AWS managed policy is called `{wanted}` in the catalog"),
        );
        if let Some(near) = crate::near::nearest(wanted, names.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        return (None, vec![diagnostic]);
    };
    let arn = match policy.arn {
        Some(arn) => arn.to_owned(),
        None => format!("arn:aws:iam::aws:policy/{}", policy.name),
    };
    let (document, diagnostics) = crate::policy::parse(&pretty(policy.document), &arn);
    let origin = Origin::AwsManaged {
        arn,
        version: Some(policy.version.to_owned()),
        group: None,
    };
    (document.map(|document| (origin, document)), diagnostics)
}

/// A JSON text in the usual two-space form, so that positions and diffs mean something to a reader.
/// Text that is not JSON is returned as it is: the parser then says what is wrong with it.
fn pretty(json: &str) -> String {
    serde_json::from_str::<serde_json::Value>(json)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| json.to_owned())
}

#[cfg(test)]
mod tests;
