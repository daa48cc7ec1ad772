//! What to look at twice in a policy after the change.

use std::collections::BTreeSet;

use action_catalog::{Level, Risk};
use schemars::JsonSchema;
use serde::Serialize;

use super::finding::Reason;
use super::narrow::On;
use super::policies::PolicyChange;
use crate::danger::{Holding, Opened, alone, opened};
use crate::evaluate::Layer;
use crate::grants::{Grants, Origin};

/// Which dangerous additions are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Allowed {
    /// None.
    #[default]
    Nothing,
    /// Those of these names ([`crate::danger::Opened::name`]) alone.
    Named(BTreeSet<String>),
    /// All.
    Everything,
}

impl Allowed {
    /// Whether an addition that opens these paths is allowed. One without a name is allowed with
    /// everything only.
    fn covers(&self, names: &[&'static str]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Named(allowed) => !names.is_empty() && names.iter().all(|name| allowed.contains(*name)),
            Self::Everything => true,
        }
    }
}

/// A grant that deserves a second look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Danger {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Which danger: `privilege-escalation`, `permissions-management`, `credential-exposure`,
    /// `resource-exposure`, `public-access`, `data-exposure`.
    pub kind: &'static str,
    /// The name of the known path that the grant opens, as `--allow-dangerous` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// What the holder can do with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'static str>,
    /// Where that is described.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// The policy that grants it.
    pub policy: Origin,
    /// The statement's number in the policy after the change, from 0.
    pub statement: usize,
}

/// Dangerous actions on more than single resources, in the policies after the change; and the known
/// paths that what was asked for opens together with what was held.
pub(super) fn find(policies: &[PolicyChange], grants: &Grants) -> Vec<Danger> {
    let mut found: Vec<Danger> = Vec::new();
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for policy in policies {
        for (statement, after) in policy.after_statements.iter().enumerate() {
            for kept in &after.kept {
                let patterns = match &kept.on {
                    On::These(list) => list.iter().map(|narrowed| narrowed.pattern.clone()).collect(),
                    On::AllBut(_) => vec!["*".to_owned()],
                };
                for resource in patterns {
                    let path = alone(&kept.action, &resource);
                    if let Some(kind) = kind_of(&kept.action, &resource) {
                        found.push(Danger {
                            action: kept.action.clone(),
                            resource: resource.clone(),
                            kind,
                            name: path.map(|path| path.name.as_str()),
                            title: path.map(|path| path.title.as_str()),
                            source: path.map(|path| path.source.as_str()),
                            policy: policy.origin.clone(),
                            statement,
                        });
                    }
                    if kept.reason == Reason::Requested {
                        asked.push(Asked {
                            grant: (kept.action.clone(), resource),
                            policy: &policy.origin,
                            statement,
                        });
                    }
                }
            }
        }
    }
    let grants_asked_for: Vec<(String, String)> = asked.iter().map(|own| own.grant.clone()).collect();
    // What goes with the change opens nothing with it.
    let stays = |action: &str| {
        let identity = policies.iter().filter(|policy| policy.layer == Layer::Identity);
        let after = identity.filter_map(|policy| policy.after.as_ref());
        let after = Holding::of(after.flat_map(|document| &document.statements), action);
        after.min(holding(grants, action))
    };
    for path in opened(&stays, &grants_asked_for) {
        let brings = |own: &&Asked<'_>| path.new.contains(&own.grant.0);
        let known = found.iter().any(|own| own.name == Some(path.name));
        if let Some(first) = asked.iter().find(brings).filter(|_| !known) {
            found.push(first.opening(&path));
        }
    }
    found
}

/// A grant that was asked for, and where it stands.
struct Asked<'p> {
    grant: (String, String),
    policy: &'p Origin,
    statement: usize,
}

impl Asked<'_> {
    fn opening(&self, path: &Opened) -> Danger {
        let (action, resource) = self.grant.clone();
        Danger {
            action,
            resource,
            kind: path.kind,
            name: Some(path.name),
            title: Some(path.title),
            source: Some(path.source),
            policy: self.policy.clone(),
            statement: self.statement,
        }
    }
}

/// How the identity policies grant an action.
fn holding(grants: &Grants, action: &str) -> Holding {
    let identity = grants.held.iter().filter(|held| held.layer == Layer::Identity);
    Holding::of(identity.flat_map(|held| &held.document.statements), action)
}

/// What adding an action on a resource would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weighed {
    /// Whether it needs an explicit word.
    pub(super) dangerous: bool,
    /// The known paths it opens, by name.
    pub(super) names: Vec<&'static str>,
}

impl Weighed {
    /// Whether it may be added.
    pub(super) fn is_allowed(&self, allowed: &Allowed) -> bool {
        !self.dangerous || allowed.covers(&self.names)
    }
}

/// Weighs an addition: it is dangerous on more than single resources by its own kind, and where it is
/// the last action of a path of several. A path of one action on a single resource is what was asked
/// for.
pub(super) fn weigh(grants: &Grants, action: &str, resource: &str) -> Weighed {
    let addition = [(action.to_owned(), resource.to_owned())];
    let by_width = kind_of(action, resource).is_some();
    let paths = opened(&|action: &str| holding(grants, action), &addition);
    let mut names: Vec<&'static str> = paths
        .iter()
        .filter(|path| !path.held.is_empty())
        .map(|path| path.name)
        .collect();
    if by_width {
        names.extend(alone(action, resource).map(|path| path.name.as_str()));
    }
    names.sort_unstable();
    names.dedup();
    Weighed {
        dangerous: by_width || !names.is_empty(),
        names,
    }
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
