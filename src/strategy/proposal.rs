//! A strategy as a proposal: what is attached, made and detached, held against the present grants and the use.

use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, Choice, price::named};
use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::{Layer, PolicyIn};
use crate::evidence::{Sight, Visibility};
use crate::grants::{Grants, Held, Origin, is_aws_managed, managed_from_catalog, short_name};
use crate::policy::{Document, Effect, Element, print};
use crate::recommend::{
    After, Before, Change, Kept, Narrowed, On, PolicyChange, Proposal, Reason, State, Subject, dangers_of,
    granted, proof_of,
};

/// The proposal that puts a candidate in the place of all that the principal holds itself. What it holds
/// through a group stays: others hold it as well.
pub fn proposal(
    choice: Choice,
    candidate: &Candidate,
    subject: Subject<'_>,
    visibility: &Visibility,
) -> Proposal {
    let mut diagnostics = Vec::new();
    let mut policies = changes(choice, candidate, subject.grants, &mut diagnostics);
    let before: Vec<PolicyIn<'_>> = in_layer(&subject.grants.held);
    let held = names(&before);
    let after_change: Vec<Document> = policies
        .iter()
        .filter(|policy| policy.layer == Layer::Identity)
        .filter_map(|policy| policy.after.clone())
        .collect();
    let after: Vec<PolicyIn<'_>> = after_change
        .iter()
        .map(|document| PolicyIn {
            layer: Layer::Identity,
            document,
        })
        .collect();
    let permitted = names(&after);
    let book = Book {
        choice,
        subject,
        visibility,
        held: &held,
        permitted: &permitted,
    };
    for policy in &mut policies {
        book.explain(policy);
    }
    let actions = book.states();
    let proof = proof_of(&subject, &policies);
    if !proof.lost.is_empty() {
        let message = format!(
            "the strategy {choice} would refuse {} observed calls",
            proof.lost.len()
        );
        diagnostics.push(
            Diagnostic::error(Code::ProofFailed, message)
                .help("this is a bug in leastgrant: do not use the proposal, report it"),
        );
    }
    say_what_is_new(choice, &held, &permitted, &mut diagnostics);
    if candidate.overflow {
        diagnostics.push(
            Diagnostic::error(
                Code::Quota,
                format!("the strategy {choice} does not fit into IAM's quotas"),
            )
            .help("nothing was cut to fit: choose another, or ask for a higher quota"),
        );
    }
    Proposal {
        dangers: dangers_of(&policies, subject.grants),
        policies,
        actions,
        refused: Vec::new(),
        conditions: Vec::new(),
        conditions_tried: Vec::new(),
        proof,
        diagnostics,
    }
}

fn in_layer(held: &[Held]) -> Vec<PolicyIn<'_>> {
    held.iter()
        .filter(|held| held.layer == Layer::Identity)
        .map(Held::policy)
        .collect()
}

fn names(policies: &[PolicyIn<'_>]) -> BTreeSet<String> {
    let all = named(policies).into_iter();
    all.map(|(service, action)| format!("{service}:{action}"))
        .collect()
}

fn say_what_is_new(
    choice: Choice,
    held: &BTreeSet<String>,
    permitted: &BTreeSet<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let new: Vec<&str> = permitted.difference(held).map(String::as_str).collect();
    if new.is_empty() {
        return;
    }
    let some = new.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let message = format!(
        "the strategy {choice} permits {} actions that are not granted today: {some}{}",
        new.len(),
        if new.len() > 3 { ", …" } else { "" }
    );
    diagnostics.push(
        Diagnostic::warning(Code::NewAccess, message)
            .help("`minimal` and `service` never permit more than the present grants"),
    );
}

fn same(a: &Document, b: &Document) -> bool {
    print::document_value(a) == print::document_value(b)
}

fn changes(
    choice: Choice,
    candidate: &Candidate,
    grants: &Grants,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<PolicyChange> {
    let mut open: Vec<&(String, Document)> = candidate.policies.iter().collect();
    let mut changes = Vec::new();
    let mut through_groups = BTreeSet::new();
    for held in &grants.held {
        let stays = held.layer != Layer::Identity || held.origin.group().is_some();
        through_groups.extend(held.origin.group().filter(|_| held.layer == Layer::Identity));
        let found = open
            .iter()
            .position(|(_, document)| same(document, &held.document));
        let change = match (&held.origin, found) {
            _ if stays => Change::Unchanged,
            (_, Some(at)) => {
                open.remove(at);
                Change::Unchanged
            }
            (Origin::CustomerManaged { .. } | Origin::AwsManaged { .. }, None) => Change::Detach,
            _ => Change::Delete,
        };
        changes.push(of_held(held, change));
    }
    if !through_groups.is_empty() {
        let groups = through_groups.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!("what is held through the group {groups} stays, whatever the strategy");
        diagnostics.push(
            Diagnostic::note(Code::SharedPolicy, message)
                .help("take the user out of the group to be rid of it"),
        );
    }
    let who = grants
        .principal
        .as_deref()
        .and_then(short_name)
        .unwrap_or_default();
    let who = who.rsplit('/').next().unwrap_or_default();
    let mut number = 0;
    for (name, document) in open {
        let of_aws = managed_from_catalog(name)
            .0
            .filter(|(origin, own)| origin.arn().is_some_and(is_aws_managed) && same(own, document));
        let origin = match &of_aws {
            Some((origin, _)) => origin.clone(),
            None => {
                number += 1;
                let strategy = choice.strategy.as_str();
                let behind = if number > 1 {
                    format!("-{number}")
                } else {
                    String::new()
                };
                // At most 128 characters: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>.
                let stem: String = who.chars().take(90).collect();
                Origin::New {
                    name: format!("{stem}-{strategy}{behind}"),
                }
            }
        };
        changes.push(PolicyChange {
            origin,
            layer: Layer::Identity,
            change: if of_aws.is_some() {
                Change::Attach
            } else {
                Change::Create
            },
            holders: grants.principal.iter().cloned().collect(),
            before: None,
            before_statements: Vec::new(),
            after: Some(document.clone()),
            after_statements: Vec::new(),
            replaces: None,
        });
    }
    changes
}

fn of_held(held: &Held, change: Change) -> PolicyChange {
    PolicyChange {
        origin: held.origin.clone(),
        layer: held.layer,
        change,
        holders: held.holders.clone(),
        before: Some(held.document.clone()),
        before_statements: vec![Before::default(); held.document.statements.len()],
        after: (change == Change::Unchanged).then(|| held.document.clone()),
        after_statements: Vec::new(),
        replaces: None,
    }
}

/// What is known of each action.
struct Book<'b> {
    choice: Choice,
    subject: Subject<'b>,
    visibility: &'b Visibility,
    held: &'b BTreeSet<String>,
    permitted: &'b BTreeSet<String>,
}

impl Book<'_> {
    /// Why an action is permitted after the change.
    fn reason(&self, action: &str) -> Reason {
        let strategy = self.choice.to_string();
        if self.subject.evidence.is_used(action) {
            Reason::Used
        } else if self.held.contains(action) {
            Reason::Strategy { strategy }
        } else {
            Reason::Beyond { strategy }
        }
    }

    /// Whether use of an action that goes would have shown.
    fn would_show(&self, action: &str) -> bool {
        action_catalog::action(action).is_some_and(|(service, action)| {
            matches!(self.visibility.sight(service, action, "*"), Sight::Visible)
        })
    }

    fn states(&self) -> BTreeMap<String, State> {
        let all = self.held.union(self.permitted);
        all.map(|action| {
            let state = if self.permitted.contains(action) {
                State::Kept(self.reason(action))
            } else if self.would_show(action) {
                State::Unused
            } else {
                State::LeftOut
            };
            (action.clone(), state)
        })
        .collect()
    }

    /// Says of each statement what goes of it, or why it is there.
    fn explain(&self, policy: &mut PolicyChange) {
        if let Some(before) = policy.before.as_ref().filter(|_| policy.after.is_none()) {
            let statements = before.statements.iter().map(|statement| {
                let mut gone = Before::default();
                if statement.effect == Effect::Allow {
                    for action in actions(&statement.action) {
                        match self.permitted.contains(&action) {
                            true => {}
                            false if self.would_show(&action) => gone.dropped.push(action),
                            false => gone.left_out.push(action),
                        }
                    }
                }
                gone
            });
            policy.before_statements = statements.collect();
        }
        let Some(after) = &policy.after else { return };
        let untouched = policy.change == Change::Unchanged;
        let statements = after.statements.iter().enumerate().map(|(at, statement)| {
            let on = match &statement.resource {
                Some(Element::Only(list)) => {
                    On::These(list.iter().map(|own| Narrowed::as_named(own)).collect())
                }
                Some(Element::Except(list)) => On::AllBut(list.clone()),
                None => On::These(vec![Narrowed::as_named("*")]),
            };
            let allowed = match statement.effect {
                Effect::Allow => actions(&statement.action),
                Effect::Deny => Vec::new(),
            };
            let kept = allowed.into_iter().map(|action| Kept {
                reason: self.reason(&action),
                on: on.clone(),
                action,
            });
            After {
                from: untouched.then_some(at),
                untouched,
                kept: kept.collect(),
                forced: BTreeMap::new(),
            }
        });
        policy.after_statements = statements.collect();
    }
}

fn actions(element: &Element) -> Vec<String> {
    granted(element)
        .iter()
        .map(|(service, action)| format!("{}:{}", service.prefix, action.name))
        .collect()
}
