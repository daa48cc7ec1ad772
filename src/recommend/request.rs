//! Refused calls: what refused them, whether an identity policy can help, and, where asked for, the
//! statement that does.

use schemars::JsonSchema;
use serde::Serialize;

use super::draft::{Draft, merged};
use super::finding::Reason;
use super::narrow::Kept;
use super::policies::Sheet;
use super::{Options, Subject, danger, scratch};
use crate::evaluate::{Compiled, Decision, Layer, PolicyIn, Request};
use crate::evidence::{Refusal, Tally};
use crate::grants::{Editable, Grants, Held, Origin};
use crate::policy::{Document, Effect, Element, Version};
use crate::require::Resource;
use crate::trail::RefusedBy;

/// What would settle a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Settled {
    /// The proposal allows it now, because it was asked for.
    Added,
    /// An identity statement would help; it is added with `--include-denied`.
    WouldHelp,
    /// An identity statement would help, but is dangerous; it is added with `--allow-dangerous`.
    Dangerous,
    /// The given grants allow it already: they changed since, or another layer refused.
    AllowedNow,
    /// An identity statement cannot help: another layer refuses.
    Elsewhere,
    /// The event does not say on which resource: nothing exact can be proposed.
    ResourceUnknown,
}

/// A refused action on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: Resource,
    /// How often, when, by what, and which events.
    pub tally: Tally,
    /// What would settle it.
    pub settled: Settled,
    /// The layer that has to change, where an identity statement cannot help.
    pub layer: Option<&'static str>,
    /// The known paths that adding it would open, by the names that `--allow-dangerous` takes; only
    /// where it is dangerous.
    pub opens: Vec<&'static str>,
}

/// Every refusal of the principal.
pub(super) fn refusals(subject: &Subject<'_>, options: &Options) -> Vec<Refused> {
    let policies: Vec<PolicyIn<'_>> = subject.grants.held.iter().map(Held::policy).collect();
    let compiled = Compiled::new(&policies);
    let mut found: Vec<Refused> = Vec::new();
    for (action, evidence) in &subject.evidence.actions {
        for (resource, context, tally) in evidence.iter().filter(|(_, _, tally)| tally.refusals() > 0) {
            let request = Request::new(action, resource.target(), context);
            let decision = compiled.decide(&request);
            let (mut settled, layer) = settle(resource, tally, &decision, options);
            let mut opens = Vec::new();
            if settled == Settled::Added {
                let weighed = danger::weigh(subject.grants, action, resource.shown());
                if !weighed.is_allowed(&options.allow_dangerous) {
                    settled = Settled::Dangerous;
                    opens = weighed.names;
                }
            }
            match found
                .iter_mut()
                .find(|known| known.action == *action && known.resource == *resource && known.layer == layer)
            {
                Some(known) => known.tally.merge(tally.clone()),
                None => found.push(Refused {
                    action: action.clone(),
                    resource: resource.clone(),
                    tally: tally.clone(),
                    settled,
                    layer,
                    opens,
                }),
            }
        }
    }
    found
}

fn settle(
    resource: &Resource,
    tally: &Tally,
    decision: &Decision,
    options: &Options,
) -> (Settled, Option<&'static str>) {
    if let Some(layer) = tally.refused.keys().find_map(other_layer) {
        return (Settled::Elsewhere, Some(layer));
    }
    match decision {
        Decision::Allowed { .. } => return (Settled::AllowedNow, None),
        Decision::ExplicitDeny { layer, .. } => return (Settled::Elsewhere, Some(layer_name(*layer, true))),
        Decision::ImplicitDeny { layer } if *layer != Layer::Identity => {
            return (Settled::Elsewhere, Some(layer_name(*layer, false)));
        }
        _ => {}
    }
    if *resource == Resource::Unknown {
        return (Settled::ResourceUnknown, None);
    }
    let settled = if options.include_denied {
        Settled::Added
    } else {
        Settled::WouldHelp
    };
    (settled, None)
}

/// The layer that a refusal names, where no identity statement can outvote it.
fn other_layer(refusal: &Refusal) -> Option<&'static str> {
    match (refusal.by, refusal.explicit) {
        (RefusedBy::Identity, true) => Some("a Deny in an identity policy"),
        (RefusedBy::Identity | RefusedBy::Unnamed, _) => None,
        // In the same account an identity policy alone would be enough; the message says that the
        // resource's own policy decides here.
        (RefusedBy::Resource, true) => Some("a Deny in a resource policy"),
        (RefusedBy::Resource, false) => Some("a resource policy"),
        (RefusedBy::Boundary, _) => Some("the permissions boundary"),
        (RefusedBy::Session, _) => Some("a session policy"),
        (RefusedBy::Scp, _) => Some("a service control policy"),
        (RefusedBy::Rcp, _) => Some("a resource control policy"),
        (RefusedBy::Endpoint, _) => Some("a VPC endpoint policy"),
        (RefusedBy::Trust, _) => Some("the role's trust policy"),
    }
}

fn layer_name(layer: Layer, explicit: bool) -> &'static str {
    match (layer, explicit) {
        (Layer::Boundary, _) => "the permissions boundary",
        (Layer::Session, _) => "a session policy",
        (Layer::Scp(_), _) => "a service control policy",
        (_, true) => "a Deny in an identity policy",
        (_, false) => "an identity policy",
    }
}

/// Writes what was asked for into the sheets: into a statement that already names the same
/// resources, else as a statement of its own in a policy that reaches this principal alone, else as
/// a new inline policy.
pub(super) fn place(sheets: &mut Vec<Sheet>, refused: &[Refused], grants: &Grants) {
    let wanted: Vec<Kept> = by_action(refused)
        .into_iter()
        .map(|(action, resources)| {
            let (on, _) = scratch::on_resources(action, &resources, super::Generalise::Rules);
            Kept {
                action: action.to_owned(),
                on,
                reason: Reason::Requested,
            }
        })
        .collect();
    if wanted.is_empty() {
        return;
    }
    let additions = scratch::drafts(wanted);
    let own = |sheet: &&mut Sheet| {
        sheet.held.layer == Layer::Identity
            && sheet.held.holders.len() <= 1
            && sheet.held.origin.group().is_none()
            && sheet.held.origin.editable() == Editable::InPlace
    };
    match sheets.iter_mut().find(own) {
        Some(sheet) => add(sheet, additions),
        None => sheets.push(new_inline(additions, grants)),
    }
}

fn by_action(refused: &[Refused]) -> Vec<(&str, Vec<&Resource>)> {
    let mut wanted: Vec<(&str, Vec<&Resource>)> = Vec::new();
    for refusal in refused.iter().filter(|refusal| refusal.settled == Settled::Added) {
        match wanted.iter_mut().find(|(action, _)| *action == refusal.action) {
            Some((_, resources)) => resources.push(&refusal.resource),
            None => wanted.push((&refusal.action, vec![&refusal.resource])),
        }
    }
    wanted
}

fn add(sheet: &mut Sheet, additions: Vec<Draft>) {
    for addition in additions {
        let mut patterns = addition
            .kept
            .first()
            .map(|kept| kept.on.patterns())
            .unwrap_or_default();
        patterns.sort();
        let same = sheet.drafts.iter_mut().find(|draft| {
            let Some(Element::Only(own)) = &draft.template.resource else {
                return false;
            };
            let mut own = own.clone();
            own.sort();
            draft.untouched
                && draft.template.effect == Effect::Allow
                && draft.template.conditions.is_empty()
                && !draft.template.action.is_except()
                && own == patterns
        });
        match same {
            Some(draft) => {
                draft.untouched = false;
                draft.kept.extend(addition.kept);
            }
            None => sheet.drafts.push(addition),
        }
    }
    sheet.drafts = merged(std::mem::take(&mut sheet.drafts));
}

fn new_inline(additions: Vec<Draft>, grants: &Grants) -> Sheet {
    let held = Held {
        origin: Origin::New {
            name: "requested".to_owned(),
        },
        layer: Layer::Identity,
        document: Document {
            version: Version::V2012,
            id: None,
            statements: Vec::new(),
            source: "".into(),
        },
        holders: grants.principal.clone().into_iter().collect(),
        boundary_of: Vec::new(),
    };
    Sheet {
        held,
        before: Vec::new(),
        drafts: additions,
        existed: false,
    }
}
