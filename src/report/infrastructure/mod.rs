//! A proposal as infrastructure code: the policies after the change as resources, what stands today imported,
//! what must go by other hands said in words.

pub mod cdk;
pub mod cloudformation;
pub mod patch;
pub mod terraform;

#[cfg(test)]
mod tests;

use crate::arn::Arn;
use crate::grants::Origin;
use crate::plan::Bearer;
use crate::policy::Document;
use crate::recommend::{Change, PolicyChange};

/// One resource, or one thing that no resource can say.
#[derive(Debug, Clone)]
enum Piece<'p> {
    /// A managed policy.
    Managed {
        label: String,
        name: String,
        path: String,
        /// Of one that stands already.
        arn: Option<&'p str>,
        document: &'p Document,
        /// To whom it is to be attached; empty where it stands already: its attachments do not change.
        attach: Vec<Bearer>,
    },
    /// An inline policy.
    Inline {
        label: String,
        of: Bearer,
        name: &'p str,
        document: &'p Document,
        exists: bool,
    },
    /// A policy of AWS's own that is attached.
    Attach { label: String, to: Bearer, arn: &'p str },
    /// What goes.
    Gone(String),
}

/// The pieces of a proposal for a principal, in its order; only what changes, or all where nothing does.
fn pieces<'p>(policies: &'p [PolicyChange], principal: &str) -> Vec<Piece<'p>> {
    let changes = policies.iter().any(|policy| policy.change != Change::Unchanged);
    let own = Bearer::of_arn(principal);
    let mut labels = Labels::default();
    let shown = policies
        .iter()
        .filter(|policy| !changes || policy.change != Change::Unchanged);
    shown
        .filter_map(|policy| piece(policy, own.as_ref(), &mut labels))
        .collect()
}

fn piece<'p>(policy: &'p PolicyChange, own: Option<&Bearer>, labels: &mut Labels) -> Option<Piece<'p>> {
    let bearer =
        |group: Option<&str>| group.map_or_else(|| own.cloned(), |name| Some(Bearer::Group(name.to_owned())));
    let named = |bearer: Option<Bearer>| {
        bearer.map_or_else(|| "whom it is attached to".to_owned(), |own| own.to_string())
    };
    let Some(document) = &policy.after else {
        let from = named(bearer(policy.origin.group()));
        return Some(Piece::Gone(match (policy.change, policy.origin.arn()) {
            (Change::Detach | Change::Delete, Some(arn)) => format!("detach {arn} from {from}"),
            _ => format!("delete {} of {from}", policy.origin),
        }));
    };
    let managed = |labels: &mut Labels, name: &str, path: &str, arn, attach| Piece::Managed {
        label: labels.of(name),
        name: name.to_owned(),
        path: path.to_owned(),
        arn,
        document,
        attach,
    };
    if policy.change == Change::Attach {
        return Some(Piece::Attach {
            label: labels.of(policy.origin.name()),
            to: own.cloned()?,
            arn: policy.origin.arn()?,
        });
    }
    match &policy.origin {
        Origin::CustomerManaged { arn, .. } => {
            let name = Arn::parse(arn)?.resource.strip_prefix("policy")?;
            let (path, name) = name.rsplit_once('/')?;
            Some(managed(
                labels,
                name,
                &format!("{path}/"),
                Some(arn.as_str()),
                Vec::new(),
            ))
        }
        Origin::Inline { name } | Origin::GroupInline { name, .. } => Some(Piece::Inline {
            label: labels.of(name),
            of: bearer(policy.origin.group())?,
            name,
            document,
            exists: policy.before.is_some(),
        }),
        Origin::New { name } => {
            // What stands in for a policy that others hold as well is attached to all of them.
            let attach = match policy.replaces.as_ref().map(|origin| (origin, origin.group())) {
                Some((_, Some(group))) => vec![Bearer::Group(group.to_owned())],
                Some((Origin::CustomerManaged { .. }, None)) => policy
                    .holders
                    .iter()
                    .filter_map(|arn| Bearer::of_arn(arn))
                    .collect(),
                _ => own.cloned().into_iter().collect(),
            };
            Some(managed(labels, name, "/", None, attach))
        }
        Origin::File { path } => {
            let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".json");
            Some(managed(
                labels,
                name,
                "/",
                None,
                own.cloned().into_iter().collect(),
            ))
        }
        Origin::AwsManaged { .. } | Origin::Boundary { .. } => None,
    }
}

/// Names of resources, each once.
#[derive(Debug, Default)]
struct Labels(std::collections::BTreeSet<String>);

impl Labels {
    /// Letters, digits and `_`, a letter first.
    fn of(&mut self, name: &str) -> String {
        let mut label: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        if !label.starts_with(|c: char| c.is_ascii_alphabetic()) {
            label.insert_str(0, "policy_");
        }
        let mut free = label.clone();
        let mut number = 2;
        while !self.0.insert(free.clone()) {
            free = format!("{label}_{number}");
            number += 1;
        }
        free
    }
}
