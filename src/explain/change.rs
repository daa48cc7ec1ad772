//! The edit of a policy that grants a list of actions: the smallest one, in the policy that refuses.

use serde_json::{Value, json};

use super::asked::Asked;
use super::owner;
use super::view::Change;
use super::wanted::{Wanted, statements};
use crate::denial::{Denial, DeniedBy, Kind};
use crate::evaluate::{Layer, PrincipalKind};
use crate::grants::{Editable, Grants, Held, Origin, short_name};
use crate::policy::{Document, Effect, Element, Statement, print, quota};
use crate::simulate::Given;

/// All that a change rests on.
pub(super) struct Ground<'a> {
    pub(super) denial: &'a Denial,
    pub(super) asked: &'a Asked,
    /// What the caller holds, where it is known.
    pub(super) grants: Option<&'a Grants>,
    /// The policies of all layers that are known.
    pub(super) policies: &'a [Given],
}

impl Ground<'_> {
    /// The change of one layer that grants the list; `blockers`: the Deny statements that refuse.
    pub(super) fn change(
        &self,
        layer: DeniedBy,
        kind: Kind,
        wanted: &[Wanted],
        blockers: &[String],
    ) -> Option<Change> {
        if kind == Kind::Explicit {
            return Some(self.of_deny(layer, blockers));
        }
        match layer {
            DeniedBy::Identity => self.identity(wanted),
            // Who has no policies of his own is let in by the resource.
            DeniedBy::Unknown => self.identity(wanted).or_else(|| {
                let known = self.asked.resource.as_deref().is_some_and(|own| own != "*");
                known
                    .then(|| self.elsewhere(self.of_resource(), wanted))
                    .flatten()
            }),
            // A resource control policy never refuses for want of an Allow
            // (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html).
            DeniedBy::Rcp => Some(self.of_deny(layer, blockers)),
            _ => self.elsewhere(layer, wanted),
        }
    }

    /// What the policy of the refused resource is called.
    pub(super) fn of_resource(&self) -> DeniedBy {
        match self.asked.action.as_deref().unwrap_or_default() {
            action if action.starts_with("kms:") => DeniedBy::Key,
            action if action.starts_with("sts:AssumeRole") => DeniedBy::Trust,
            _ => DeniedBy::Resource,
        }
    }

    fn empty(&self, layer: DeniedBy, policy: String) -> Change {
        Change {
            layer,
            policy,
            policy_arn: None,
            is_new: false,
            owner: owner::of(layer, self.denial, self.asked).unwrap_or_else(|| "the IAM owner".to_owned()),
            statements: Vec::new(),
            document: None,
            text: None,
            ready: true,
            how: Vec::new(),
        }
    }

    /// A Deny is changed by hand: what it is for, only its owner knows.
    fn of_deny(&self, layer: DeniedBy, blockers: &[String]) -> Change {
        let named = self
            .denial
            .policy_arn
            .as_deref()
            .filter(|_| layer == self.denial.layer);
        let policy = match (named, layer) {
            (Some(arn), _) => format!("{} {}", called(layer), arn.rsplit('/').next().unwrap_or(arn)),
            (None, _) => called(layer).to_owned(),
        };
        let mut change = self.empty(layer, policy);
        change.policy_arn = named.map(str::to_owned);
        change.ready = false;
        let who = self
            .asked
            .principal
            .as_ref()
            .map_or("the caller", |own| own.role.as_deref().unwrap_or(&own.name));
        if blockers.is_empty() {
            change
                .how
                .push("find the Deny that matches this request: no Allow outvotes it".to_owned());
        }
        for blocker in blockers {
            change
                .how
                .push(format!("{blocker} denies it: no Allow outvotes it"));
        }
        change.how.push(format!(
            "narrow its Action, Resource or Condition so that it leaves out {who}, or do without the call"
        ));
        change
    }

    /// Into an identity policy of the caller.
    fn identity(&self, wanted: &[Wanted]) -> Option<Change> {
        let principal = self.asked.principal.as_ref();
        let without = super::caller::is_service_linked(self.asked)
            || principal.is_some_and(|own| {
                matches!(
                    own.kind,
                    PrincipalKind::Anonymous
                        | PrincipalKind::Root
                        | PrincipalKind::Service
                        | PrincipalKind::Federated
                )
            });
        if without || wanted.is_empty() {
            return None;
        }
        let additions = statements(wanted);
        let holder = self.grants.and_then(|grants| grants.principal.clone());
        let mut change = match self.grants.and_then(|grants| self.placed(grants, &additions)) {
            Some((held, document, changed)) => self.edited(held, &document, &changed),
            None => {
                let mut change = self.empty(DeniedBy::Identity, String::new());
                change.is_new = true;
                change.policy = format!("new inline policy of {}", self.holder_in_words(holder.as_deref()));
                let document = Document::new(additions.clone());
                change.statements = additions.iter().map(print::statement_value).collect();
                change.text = Some((String::new(), print::document_text(&document)));
                change.document = Some(print::document_value(&document));
                change
            }
        };
        self.note_unknown(&mut change, wanted);
        if principal.is_none() {
            change.ready = false;
            change
                .how
                .push("the text does not say who was refused: attach it to that role or user".to_owned());
        }
        if super::caller::role(self.asked).is_some_and(|role| role.starts_with("AWSReservedSSO_")) {
            change
                .how
                .push("put it into the permission set, which writes the role".to_owned());
        }
        Some(change)
    }

    fn holder_in_words(&self, holder: Option<&str>) -> String {
        let principal = self.asked.principal.as_ref();
        let known = holder.or_else(|| principal.map(|own| own.role.as_deref().unwrap_or(&own.name)));
        match known {
            Some(arn) => short_name(arn).unwrap_or_else(|| arn.to_owned()),
            None => "the caller".to_owned(),
        }
    }

    /// The caller's own policy that takes the statements with the least edit and keeps within its
    /// quota, with the statements that come or change.
    fn placed<'g>(
        &self,
        grants: &'g Grants,
        additions: &[Statement],
    ) -> Option<(&'g Held, Document, Vec<Statement>)> {
        let own = grants.in_layer(Layer::Identity).filter(|held| {
            held.holders.len() <= 1
                && held.origin.group().is_none()
                && held.boundary_of.is_empty()
                && held.origin.editable() == Editable::InPlace
        });
        let mut best: Option<(&Held, Document, Vec<Statement>, usize)> = None;
        for held in own {
            let (document, changed) = with(&held.document, additions);
            if quota::size(&document) > room(grants, held) {
                continue;
            }
            let new = document.statements.len() - held.document.statements.len();
            if best.as_ref().is_none_or(|(_, _, _, least)| new < *least) {
                best = Some((held, document, changed, new));
            }
        }
        best.map(|(held, document, changed, _)| (held, document, changed))
    }

    fn edited(&self, held: &Held, document: &Document, changed: &[Statement]) -> Change {
        let whose = self.holder_in_words(self.grants.and_then(|own| own.principal.as_deref()));
        let policy = match &held.origin {
            Origin::File { .. } => held.origin.to_string(),
            // A refusal before this one brought it.
            Origin::New { name } => name.clone(),
            origin => format!("{origin} of {whose}"),
        };
        let mut change = self.empty(DeniedBy::Identity, policy);
        change.policy_arn = held.origin.arn().map(str::to_owned);
        change.is_new = matches!(held.origin, Origin::New { .. });
        change.statements = changed.iter().map(print::statement_value).collect();
        change.text = Some((
            print::document_text(&held.document),
            print::document_text(document),
        ));
        change.document = Some(print::document_value(document));
        change
    }

    /// A statement for a policy that is not the caller's own, for its owner.
    fn elsewhere(&self, layer: DeniedBy, wanted: &[Wanted]) -> Option<Change> {
        let on_resource = matches!(layer, DeniedBy::Resource | DeniedBy::Key | DeniedBy::Trust);
        let refused = wanted.first()?;
        // The policy of a resource grants on that resource only.
        let belongs = |own: &&Wanted| {
            !on_resource
                || own.resource == refused.resource
                || (layer == DeniedBy::Resource && bucket(&own.resource) == bucket(&refused.resource))
        };
        let mut own: Vec<Wanted> = wanted.iter().filter(belongs).cloned().collect();
        if matches!(layer, DeniedBy::Key) {
            own.iter_mut().for_each(|wanted| wanted.resource = "*".to_owned());
        }
        let mut additions = statements(&own);
        let principal = self.principal(layer);
        let mut change = self.empty(layer, self.name_of(layer));
        change.policy_arn = self
            .denial
            .policy_arn
            .clone()
            .filter(|_| layer == self.denial.layer);
        for statement in &mut additions {
            statement.principal.clone_from(&principal);
            if layer == DeniedBy::Trust {
                statement.resource = None;
            }
        }
        if on_resource && principal.is_none() {
            change.ready = false;
            change
                .how
                .push("put the caller's ARN in as the statement's Principal".to_owned());
        }
        let known: Vec<&Given> = self
            .policies
            .iter()
            .filter(|given| denied_by(given.layer) == layer)
            .collect();
        if let [only] = known.as_slice() {
            let (document, changed) = with(&only.document, &additions);
            change.policy = format!("{} {}", called(layer), only.name);
            change.text = Some((
                print::document_text(&only.document),
                print::document_text(&document),
            ));
            change.document = Some(print::document_value(&document));
            change.statements = changed.iter().map(print::statement_value).collect();
        } else {
            change.statements = additions.iter().map(print::statement_value).collect();
        }
        change.how.push(
            match layer {
                DeniedBy::Boundary => "the boundary limits what identity policies grant: both must allow it",
                DeniedBy::Session => {
                    "start the session with this in its policy, or without one: it can only take away"
                }
                DeniedBy::Scp => {
                    "every level of the organization, from the root to the account, must allow it"
                }
                DeniedBy::Endpoint => {
                    "add it to the endpoint's policy, or leave the default policy, which allows all"
                }
                DeniedBy::Key => "in a key policy the Resource is the key itself",
                DeniedBy::Trust => "the role's trust policy says who may assume it",
                _ => "add it to the resource's policy",
            }
            .to_owned(),
        );
        self.note_unknown(&mut change, &own);
        Some(change)
    }

    fn note_unknown(&self, change: &mut Change, wanted: &[Wanted]) {
        let Some(refused) = wanted.first() else { return };
        if self.asked.resource.is_none() {
            change.ready = false;
            change.how.push(format!(
                "the refusal does not name its resource: put it in the place of {} before this is applied",
                refused.resource
            ));
        } else if !self.asked.exact {
            change.ready = false;
            change
                .how
                .push("parts of the resource are not readable in the text: fill them in".to_owned());
        }
    }

    /// The caller as the Principal of a statement.
    fn principal(&self, layer: DeniedBy) -> Option<Value> {
        if layer == DeniedBy::Endpoint {
            return Some(json!("*"));
        }
        if !matches!(layer, DeniedBy::Resource | DeniedBy::Key | DeniedBy::Trust) {
            return None;
        }
        let holder = self.grants.and_then(|grants| grants.principal.clone());
        let principal = self.asked.principal.as_ref()?;
        match principal.kind {
            PrincipalKind::Service => Some(json!({"Service": principal.name})),
            PrincipalKind::Anonymous => Some(json!("*")),
            PrincipalKind::Federated => Some(json!({"Federated": principal.name})),
            PrincipalKind::Account => Some(json!({"AWS": format!("arn:aws:iam::{}:root", principal.name)})),
            _ => Some(
                json!({"AWS": holder.or_else(|| principal.role.clone()).unwrap_or_else(|| principal.name.clone())}),
            ),
        }
    }

    fn name_of(&self, layer: DeniedBy) -> String {
        let resource = self.asked.resource.as_deref().filter(|own| *own != "*");
        match (layer, resource) {
            (DeniedBy::Resource | DeniedBy::Key | DeniedBy::Trust, Some(resource)) => {
                let whole =
                    bucket(resource).map_or_else(|| resource.to_owned(), |name| format!("bucket {name}"));
                format!("{} of {whole}", called(layer))
            }
            (DeniedBy::Boundary, _) => match self.denial.policy_arn.as_deref() {
                Some(arn) => format!("permissions boundary {}", arn.rsplit('/').next().unwrap_or(arn)),
                None => called(layer).to_owned(),
            },
            _ => called(layer).to_owned(),
        }
    }
}

/// The bucket of an S3 ARN.
fn bucket(resource: &str) -> Option<&str> {
    let [_, _, "s3", "", "", name] = crate::arn::split_pattern(resource)? else {
        return None;
    };
    name.split('/').next()
}

/// How a policy of that layer is called.
pub(super) fn called(layer: DeniedBy) -> &'static str {
    match layer {
        DeniedBy::Identity => "identity policy",
        DeniedBy::Resource => "resource policy",
        DeniedBy::Boundary => "permissions boundary",
        DeniedBy::Session => "session policy",
        DeniedBy::Scp => "service control policy",
        DeniedBy::Rcp => "resource control policy",
        DeniedBy::Endpoint => "VPC endpoint policy",
        DeniedBy::Trust => "trust policy",
        DeniedBy::Key => "key policy",
        DeniedBy::Unknown => "policy",
    }
}

/// The layer of a decision as a refusal names it.
pub(super) fn denied_by(layer: Layer) -> DeniedBy {
    match layer {
        Layer::Identity => DeniedBy::Identity,
        Layer::Boundary => DeniedBy::Boundary,
        Layer::Session => DeniedBy::Session,
        Layer::Scp(_) => DeniedBy::Scp,
        Layer::Rcp(_) => DeniedBy::Rcp,
        Layer::Endpoint => DeniedBy::Endpoint,
        Layer::Resource => DeniedBy::Resource,
        Layer::Trust => DeniedBy::Trust,
        Layer::Key => DeniedBy::Key,
    }
}

/// How many characters the policy may have.
fn room(grants: &Grants, held: &Held) -> usize {
    match &held.origin {
        Origin::Inline { name } => {
            let others = grants
                .held
                .iter()
                .filter(|other| matches!(&other.origin, Origin::Inline { name: other } if other != name));
            let taken: usize = others.map(|other| quota::size(&other.document)).sum();
            let is_user = grants
                .principal
                .as_deref()
                .is_some_and(|arn| arn.contains(":user/"));
            let limit = if is_user {
                quota::INLINE_OF_USER
            } else {
                quota::INLINE_OF_ROLE
            };
            limit.limit.saturating_sub(taken)
        }
        _ => quota::MANAGED_POLICY.limit,
    }
}

/// The document with the statements in it, and those of its statements that are new or changed: an
/// action joins a statement with the same principal, resources and conditions.
fn with(document: &Document, additions: &[Statement]) -> (Document, Vec<Statement>) {
    let mut after = document.clone();
    let mut changed: Vec<usize> = Vec::new();
    for addition in additions {
        let alike = |own: &Statement| {
            own.effect == Effect::Allow
                && own.principal == addition.principal
                && own.not_principal == addition.not_principal
                && matches!(own.action, Element::Only(_))
                && same_set(own.resource.as_ref(), addition.resource.as_ref())
                && same_conditions(own, addition)
        };
        match after.statements.iter().position(alike) {
            Some(at) => {
                if let Some(Statement {
                    action: Element::Only(list),
                    ..
                }) = after.statements.get_mut(at)
                {
                    let granted = |list: &[String], action: &str| {
                        list.iter()
                            .any(|own| crate::pattern::matches_ignore_case(own, action))
                    };
                    for action in addition.action.patterns() {
                        if !granted(list, action) {
                            list.push(action.clone());
                        }
                    }
                }
                changed.push(at);
            }
            None => {
                changed.push(after.statements.len());
                after.statements.push(addition.clone());
            }
        }
    }
    changed.sort_unstable();
    changed.dedup();
    let changed = changed
        .into_iter()
        .filter_map(|at| after.statements.get(at).cloned())
        .collect();
    (after, changed)
}

fn same_set(a: Option<&Element>, b: Option<&Element>) -> bool {
    match (a, b) {
        (Some(Element::Only(a)), Some(Element::Only(b))) => {
            let (mut a, mut b) = (a.clone(), b.clone());
            a.sort();
            b.sort();
            a == b
        }
        (None, None) => true,
        _ => false,
    }
}

fn same_conditions(a: &Statement, b: &Statement) -> bool {
    let (mut a, mut b) = (a.conditions.clone(), b.conditions.clone());
    a.sort();
    b.sort();
    a == b
}
