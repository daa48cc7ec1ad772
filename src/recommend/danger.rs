//! What to look at twice in a policy after the change.

use action_catalog::{Level, Risk};
use schemars::JsonSchema;
use serde::Serialize;

use super::narrow::On;
use super::policies::PolicyChange;
use crate::grants::Origin;

/// A grant that deserves a second look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Danger {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Which danger: `privilege-escalation`, `permissions-management`, `credential-exposure`,
    /// `resource-exposure`.
    pub kind: &'static str,
    /// The policy that grants it.
    pub policy: Origin,
    /// The statement's number in the policy after the change, from 0.
    pub statement: usize,
}

/// Dangerous actions on more than single resources, in the policies after the change.
pub(super) fn find(policies: &[PolicyChange]) -> Vec<Danger> {
    let mut found = Vec::new();
    for policy in policies {
        for (statement, after) in policy.after_statements.iter().enumerate() {
            for kept in &after.kept {
                let patterns = match &kept.on {
                    On::These(list) => list.iter().map(|narrowed| narrowed.pattern.clone()).collect(),
                    On::AllBut(_) => vec!["*".to_owned()],
                };
                for resource in patterns {
                    if let Some(kind) = kind_of(&kept.action, &resource) {
                        let action = kept.action.clone();
                        found.push(Danger {
                            action,
                            resource,
                            kind,
                            policy: policy.origin.clone(),
                            statement,
                        });
                    }
                }
            }
        }
    }
    found
}

/// Whether a request for the action on this resource needs an explicit word.
pub(super) fn is_dangerous(action: &str, resource: &str) -> bool {
    kind_of(action, resource).is_some()
}

fn kind_of(action: &str, resource: &str) -> Option<&'static str> {
    let (_, known) = action_catalog::action(action)?;
    let wide = is_wide(resource);
    let risky = |risk| known.risks.contains(&risk);
    if risky(Risk::PrivilegeEscalation) && wide {
        return Some("privilege-escalation");
    }
    if known.level == Level::PermissionsManagement && wide {
        return Some("permissions-management");
    }
    if risky(Risk::CredentialExposure) && wide {
        return Some("credential-exposure");
    }
    (risky(Risk::ResourceExposure) && wide).then_some("resource-exposure")
}

/// `*`, or a pattern whose last part is `*` or `type/*`: all resources of a kind.
fn is_wide(resource: &str) -> bool {
    if resource == "*" {
        return true;
    }
    let name = crate::arn::split_pattern(resource).map_or(resource, |[.., name]| name);
    name.ends_with('*') && name.matches(['/', ':']).count() <= 1 && !name.trim_end_matches('*').ends_with('-')
}
