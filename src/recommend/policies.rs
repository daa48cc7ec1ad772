//! Policies before and after.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::draft::{Draft, merged};
use super::finding::Judge;
use super::fit::{Laid, Page};
use super::narrow::{Kept, judge};
use super::places::planned;
use super::{Options, Subject};
use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::Layer;
use crate::evidence::Visibility;
use crate::grants::{Editable, Grants, Held, Origin};
use crate::pattern;
use crate::policy::{Document, Effect, Element};

/// What happens to a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// Its text changes.
    Edit,
    /// It is detached (AWS managed policies cannot be edited).
    Detach,
    /// Nothing is left of it.
    Delete,
    /// It is made.
    Create,
    /// It is attached: a policy of AWS's own that is not held today.
    Attach,
}

/// What happens to a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It stays to the letter.
    Unchanged,
    /// It stays in part.
    Narrowed,
    /// More is added to it on request.
    Widened,
    /// It goes.
    Removed,
}

/// A statement before the change.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// Actions that go because they were not used.
    pub dropped: Vec<String>,
    /// Actions that go because the boundary never allows them.
    pub ineffective: Vec<String>,
    /// Actions that go, although their use cannot be seen, because the caller decided so.
    pub left_out: Vec<String>,
}

/// A statement after the change, beside the document's.
#[derive(Debug, Clone)]
pub struct After {
    /// The statement of the policy before that it comes from.
    pub from: Option<usize>,
    /// Whether it stays to the letter.
    pub untouched: bool,
    /// Each action that it allows, with its reason; empty for Deny.
    pub kept: Vec<Kept>,
    /// Wildcards that a quota forced, and the unused actions that they admit.
    pub forced: BTreeMap<String, Vec<String>>,
}

/// A policy before and after.
#[derive(Debug, Clone)]
pub struct PolicyChange {
    /// Where it comes from.
    pub origin: Origin,
    /// The part it plays.
    pub layer: Layer,
    /// What happens to it.
    pub change: Change,
    /// Everybody it reaches.
    pub holders: Vec<String>,
    /// Its text before; `None` for a new one.
    pub before: Option<Document>,
    /// Beside `before.statements`.
    pub before_statements: Vec<Before>,
    /// Its text after; `None` where it goes.
    pub after: Option<Document>,
    /// Beside `after.statements`.
    pub after_statements: Vec<After>,
    /// The policy that this one replaces, for new ones.
    pub replaces: Option<Origin>,
}

impl PolicyChange {
    /// What happens to a statement of the policy before.
    pub fn fate(&self, statement: usize) -> Fate {
        let afters = self
            .after_statements
            .iter()
            .filter(|after| after.from == Some(statement));
        let mut fate = Fate::Removed;
        for after in afters {
            if after.untouched {
                return Fate::Unchanged;
            }
            let asked = after
                .kept
                .iter()
                .any(|kept| kept.reason == super::Reason::Requested);
            fate = if asked { Fate::Widened } else { Fate::Narrowed };
        }
        fate
    }
}

/// A policy while it is worked on.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) held: Held,
    pub(super) before: Vec<Before>,
    pub(super) drafts: Vec<Draft>,
    /// Whether there was a policy before.
    pub(super) existed: bool,
}

impl Sheet {
    pub(super) fn is_changed(&self) -> bool {
        !self.existed
            || self.drafts.len() != self.held.document.statements.len()
            || self.drafts.iter().any(|draft| !draft.untouched)
    }
}

/// Judges every policy in force.
pub(super) fn sheets(
    principal: &Subject<'_>,
    others: &[Subject<'_>],
    visibility: &Visibility,
    options: &Options,
) -> Vec<Sheet> {
    let boundaries: Vec<&Document> = principal
        .grants
        .in_layer(Layer::Boundary)
        .map(|held| &held.document)
        .collect();
    principal
        .grants
        .held
        .iter()
        .map(|held| {
            let fixed = held.origin.editable() == Editable::No || !held.boundary_of.is_empty();
            if held.layer != Layer::Identity || fixed {
                return as_it_is(held);
            }
            let mut evidence = vec![principal.evidence];
            let shares = |other: &&Subject<'_>| {
                other
                    .grants
                    .principal
                    .as_ref()
                    .is_some_and(|arn| held.holders.contains(arn))
            };
            evidence.extend(others.iter().filter(shares).map(|other| other.evidence));
            // The boundary of one holder says nothing about another.
            let bounded = if held.holders.len() > 1 {
                &[][..]
            } else {
                &boundaries[..]
            };
            let own = principal.grants.principal.as_deref();
            let reached: Vec<&str> = held.holders.iter().map(String::as_str).chain(own).collect();
            let judge = Judge::new(visibility, evidence, options).keeping(&options.keep, &reached);
            sheet(held, &judge, bounded)
        })
        .collect()
}

/// Every policy in force, untouched.
pub(super) fn as_they_are(grants: &Grants) -> Vec<Sheet> {
    grants.held.iter().map(as_it_is).collect()
}

fn as_it_is(held: &Held) -> Sheet {
    let statements = &held.document.statements;
    let drafts = statements
        .iter()
        .enumerate()
        .map(|(at, statement)| Draft::untouched(at, statement, Vec::new()))
        .collect();
    Sheet {
        before: vec![Before::default(); statements.len()],
        drafts,
        existed: true,
        held: held.clone(),
    }
}

fn sheet(held: &Held, by: &Judge<'_>, boundaries: &[&Document]) -> Sheet {
    let effective = |action: &str| {
        boundaries.is_empty() || boundaries.iter().any(|boundary| ever_allows(boundary, action))
    };
    let mut before = Vec::new();
    let mut drafts = Vec::new();
    for (at, statement) in held.document.statements.iter().enumerate() {
        if statement.effect == Effect::Deny {
            drafts.push(Draft::untouched(at, statement, Vec::new()));
            before.push(Before::default());
            continue;
        }
        let outcome = judge(statement, held.document.version, by, &effective);
        drafts.extend(Draft::of(at, statement, &outcome));
        before.push(Before {
            dropped: outcome.dropped,
            ineffective: outcome.ineffective,
            left_out: outcome.left_out,
        });
    }
    Sheet {
        held: held.clone(),
        before,
        drafts: merged(drafts),
        existed: true,
    }
}

/// Whether any Allow of the boundary names the action at all.
fn ever_allows(boundary: &Document, action: &str) -> bool {
    boundary
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
        .any(|statement| {
            let named = |patterns: &[String]| {
                patterns
                    .iter()
                    .any(|pattern| pattern::matches_ignore_case(pattern, action))
            };
            match &statement.action {
                Element::Only(patterns) => named(patterns),
                Element::Except(patterns) => !named(patterns),
            }
        })
}

/// Lays the sheets out within the quotas.
pub(super) fn written(
    sheets: Vec<Sheet>,
    grants: &Grants,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<PolicyChange> {
    let mut taken: BTreeSet<String> = sheets
        .iter()
        .filter(|sheet| sheet.existed)
        .map(|sheet| sheet.held.origin.name().to_owned())
        .collect();
    let mut changes = Vec::new();
    let mut new = Vec::new();
    for (sheet, plan) in planned(sheets, grants) {
        let Some(plan) = plan else {
            changes.push(unchanged(sheet));
            continue;
        };
        say_how_it_fits(&sheet.held.origin, &plan.laid, plan.most, diagnostics);
        let (own, made) = split(sheet, plan.laid.pages, plan.in_place, &mut taken);
        changes.extend(own);
        new.extend(made);
    }
    changes.extend(new);
    changes
}

/// The policy itself, and the new ones that stand in for it.
fn split(
    sheet: Sheet,
    pages: Vec<Page>,
    in_place: bool,
    taken: &mut BTreeSet<String>,
) -> (Option<PolicyChange>, Vec<PolicyChange>) {
    let origin = sheet.held.origin.clone();
    let mut pages: Vec<Page> = pages
        .into_iter()
        .filter(|page| !page.document.statements.is_empty())
        .collect();
    let kept = (in_place && !pages.is_empty()).then(|| pages.remove(0));
    let made = pages
        .into_iter()
        .map(|page| {
            let name = new_name(&origin, page.unseen, taken);
            PolicyChange {
                origin: Origin::New { name },
                layer: Layer::Identity,
                change: Change::Create,
                holders: sheet.held.holders.clone(),
                before: None,
                before_statements: Vec::new(),
                after_statements: afters(page.drafts),
                after: Some(page.document),
                replaces: sheet.existed.then(|| origin.clone()),
            }
        })
        .collect();
    let change = match (&kept, origin.editable()) {
        (Some(_), _) => Change::Edit,
        (None, Editable::DetachOnly) => Change::Detach,
        (None, _) => Change::Delete,
    };
    let (after, drafts) = kept.map_or((None, Vec::new()), |page| (Some(page.document), page.drafts));
    let own = sheet.existed.then(|| PolicyChange {
        origin,
        layer: sheet.held.layer,
        change,
        holders: sheet.held.holders,
        before: Some(sheet.held.document),
        before_statements: sheet.before,
        after,
        after_statements: afters(drafts),
        replaces: None,
    });
    (own, made)
}

fn unchanged(sheet: Sheet) -> PolicyChange {
    PolicyChange {
        origin: sheet.held.origin,
        layer: sheet.held.layer,
        change: Change::Unchanged,
        holders: sheet.held.holders,
        after: Some(sheet.held.document.clone()),
        before: Some(sheet.held.document),
        before_statements: sheet.before,
        after_statements: afters(sheet.drafts),
        replaces: None,
    }
}

fn afters(drafts: Vec<Draft>) -> Vec<After> {
    drafts
        .into_iter()
        .map(|draft| After {
            from: draft.from,
            untouched: draft.untouched,
            kept: draft.kept,
            forced: draft.forced,
        })
        .collect()
}

/// A name for a policy that stands in for another, not yet taken: `X-used`, `X-unseen`, then with
/// a number behind it.
fn new_name(origin: &Origin, unseen: bool, taken: &mut BTreeSet<String>) -> String {
    let file = origin
        .name()
        .rsplit('/')
        .next()
        .unwrap_or("policy")
        .trim_end_matches(".json");
    let stem: String = file.chars().filter(|c| is_name(*c)).take(100).collect();
    let base = match origin {
        Origin::New { .. } => stem,
        _ if unseen => format!("{stem}-unseen"),
        _ => format!("{stem}-used"),
    };
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let free = std::iter::once(base.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name));
    let name = free.unwrap_or(base);
    taken.insert(name.clone());
    name
}

/// Characters that a policy name may have
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>, `PolicyName`).
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

fn say_how_it_fits(origin: &Origin, laid: &Laid, most: usize, diagnostics: &mut Vec<Diagnostic>) {
    let count = laid.pages.len();
    if laid.overflow {
        diagnostics.push(
            Diagnostic::error(
                Code::Quota,
                format!("what is left of {origin} takes {count} managed policies, and {most} can be attached"),
            )
            .help("nothing was cut to fit: ask for the higher quota (up to 25 a role), or record more in the trail"),
        );
    } else if count > 1 {
        diagnostics.push(Diagnostic::note(
            Code::Quota,
            format!("what is left of {origin} is laid out over {count} policies"),
        ));
    }
}

/// Says which policies hold wildcards that admit unused actions.
pub(super) fn say_what_is_forced(policies: &[PolicyChange], diagnostics: &mut Vec<Diagnostic>) {
    let mut wildcards: Vec<&str> = Vec::new();
    let mut admitted = 0;
    for (wildcard, admits) in policies
        .iter()
        .flat_map(|policy| &policy.after_statements)
        .flat_map(|after| &after.forced)
    {
        wildcards.push(wildcard);
        admitted += admits.len();
    }
    if admitted == 0 {
        return;
    }
    diagnostics.push(
        Diagnostic::warning(
            Code::Quota,
            format!("to fit IAM's quota, {} stand for their services and keep {admitted} unused actions granted", wildcards.join(", ")),
        )
        .help("the role's quota of attached managed policies can be raised to 25; or decide on unseen actions with --unseen"),
    );
}
