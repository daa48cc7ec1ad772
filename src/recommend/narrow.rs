//! One Allow statement against the evidence: which of its actions stay, on which resources, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use action_catalog::{Action, Service};

use super::finding::{Judge, Reason};
use super::resources::{Narrowed, generalise};
use crate::evidence::Sight;
use crate::memo::Memo;
use crate::pattern;
use crate::policy::{Element, Statement, Version};
use crate::require::Resource;

/// The resources that a kept action stays on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// These patterns, each with its rule; sorted by pattern.
    These(Vec<Narrowed>),
    /// The statement's own `NotResource`, untouched.
    AllBut(Vec<String>),
}

impl On {
    /// The patterns, whichever form.
    pub fn patterns(&self) -> Vec<String> {
        match self {
            Self::These(list) => list.iter().map(|narrowed| narrowed.pattern.clone()).collect(),
            Self::AllBut(list) => list.clone(),
        }
    }

    pub(super) fn element(&self) -> Element {
        match self {
            Self::These(_) => Element::Only(self.patterns()),
            Self::AllBut(list) => Element::Except(list.clone()),
        }
    }
}

/// An action that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// In the catalog's spelling, or as written where the catalog does not know it.
    pub action: String,
    /// On which resources.
    pub on: On,
    /// Why.
    pub reason: Reason,
}

/// What becomes of a statement's actions.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// In catalog order.
    pub(super) kept: Vec<Kept>,
    /// Actions that go: could have been seen, never were.
    pub(super) dropped: Vec<String>,
    /// Actions that the permissions boundary never allows.
    pub(super) ineffective: Vec<String>,
    /// Actions that go, although their use cannot be seen, because the caller decided so.
    pub(super) left_out: Vec<String>,
}

/// Judges every action of an Allow statement. `effective` says whether the other layers can ever
/// allow the action.
pub(super) fn judge(
    statement: &Statement,
    version: Version,
    judge: &Judge<'_>,
    effective: &dyn Fn(&str) -> bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    for (service, action) in granted(&statement.action).iter().copied() {
        let name = format!("{}:{}", service.prefix, action.name);
        let used = judge.used_on(&name, &statement.conditions, version);
        let kept = keep(&name, (service, action), statement, &used, judge);
        let left_out = kept.as_ref().is_some_and(|kept| judge.leaves_out(kept, service));
        let is_effective = effective(&name);
        let stays = kept.as_ref().is_some_and(|kept| kept.on == as_granted(statement));
        if !is_effective || left_out || !stays {
            // An exception speaks only where something would otherwise go.
            let by_use = kept.as_ref().is_some_and(|kept| kept.reason.is_use());
            if let Some(reason) = judge.excepted(&name, by_use) {
                let on = as_granted(statement);
                outcome.kept.push(Kept {
                    action: name,
                    on,
                    reason,
                });
                continue;
            }
        }
        match kept {
            _ if !is_effective => outcome.ineffective.push(name),
            Some(_) if left_out => outcome.left_out.push(name),
            Some(kept) => outcome.kept.push(kept),
            None => outcome.dropped.push(name),
        }
    }
    for action in unknown_actions(&statement.action) {
        outcome.kept.push(Kept {
            action,
            on: as_granted(statement),
            reason: Reason::NotInCatalog,
        });
    }
    outcome
}

/// Actions of the catalog with their services.
type Named = Arc<[(&'static Service, &'static Action)]>;

/// Every action of the catalog that the element names. Policies of an account say the same again and again
/// (AWS's own above all), so the answers are kept.
pub(crate) fn granted(element: &Element) -> Named {
    static KNOWN: Memo<Element, Named> = Memo::new();
    KNOWN.get(element, || named(element).into())
}

fn named(element: &Element) -> Vec<(&'static Service, &'static Action)> {
    match element {
        Element::Only(patterns) => {
            let mut seen = BTreeSet::new();
            let mut found: Vec<_> = patterns
                .iter()
                .flat_map(|pattern| action_catalog::matching(pattern))
                .filter(|(service, action)| seen.insert((service.prefix.as_str(), action.name.as_str())))
                .collect();
            found.sort_by(|a, b| (&a.0.prefix, &a.1.name).cmp(&(&b.0.prefix, &b.1.name)));
            found
        }
        Element::Except(patterns) => action_catalog::matching("*")
            .into_iter()
            .filter(|(service, action)| {
                let name = format!("{}:{}", service.prefix, action.name);
                !patterns
                    .iter()
                    .any(|pattern| pattern::matches_ignore_case(pattern, &name))
            })
            .collect(),
    }
}

/// Entries that match no action of the catalog: a slip, or an action newer than the catalog.
fn unknown_actions(element: &Element) -> Vec<String> {
    match element {
        Element::Only(patterns) => patterns
            .iter()
            .filter(|pattern| action_catalog::matching(pattern).is_empty())
            .cloned()
            .collect(),
        Element::Except(_) => Vec::new(),
    }
}

/// The statement's resources as they stand.
fn as_granted(statement: &Statement) -> On {
    match &statement.resource {
        Some(Element::Only(patterns)) => On::These(
            patterns
                .iter()
                .map(|pattern| Narrowed::as_named(pattern))
                .collect(),
        ),
        Some(Element::Except(patterns)) => On::AllBut(patterns.clone()),
        None => On::These(vec![Narrowed::as_named("*")]),
    }
}

fn keep(
    name: &str,
    (service, action): (&Service, &Action),
    statement: &Statement,
    used: &BTreeSet<&Resource>,
    judge: &Judge<'_>,
) -> Option<Kept> {
    let kept = match &statement.resource {
        Some(Element::Except(patterns)) => keep_all_but(service, action, patterns, used, judge),
        Some(Element::Only(patterns)) => keep_these(service, action, patterns, used, judge),
        None => keep_these(service, action, &["*".to_owned()], used, judge),
    };
    let (on, reason) = match kept {
        Some(kept) => kept,
        None => (
            as_granted(statement),
            match judge.companion(name) {
                Some(of) => Reason::Companion { of: of.to_owned() },
                None => judge.last_accessed(name)?,
            },
        ),
    };
    Some(Kept {
        action: name.to_owned(),
        on,
        reason,
    })
}

fn keep_these(
    service: &Service,
    action: &Action,
    patterns: &[String],
    used: &BTreeSet<&Resource>,
    judge: &Judge<'_>,
) -> Option<(On, Reason)> {
    let mut kept: BTreeMap<String, Narrowed> = BTreeMap::new();
    let mut reasons: Vec<Reason> = Vec::new();
    for granted in patterns {
        let touching: Vec<&Resource> = used
            .iter()
            .copied()
            .filter(|resource| touches(resource, granted))
            .collect();
        let (narrowed, reason) = match (judge.sight(service, action, granted), whole(&touching, granted)) {
            (_, Some(reason)) => (vec![Narrowed::as_named(granted)], reason),
            (Sight::Unseen { why, .. }, None) if !touching.is_empty() => {
                (vec![Narrowed::as_named(granted)], Reason::UsedAndUnseen { why })
            }
            (Sight::Unseen { why, switch_on }, None) => (
                vec![Narrowed::as_named(granted)],
                Reason::Unseen { why, switch_on },
            ),
            (Sight::Visible, None) if touching.is_empty() => continue,
            (Sight::Visible, None) => (
                generalise(service, &touching, granted, judge.generalise),
                Reason::Used,
            ),
        };
        kept.extend(
            narrowed
                .into_iter()
                .map(|narrowed| (narrowed.pattern.clone(), narrowed)),
        );
        reasons.push(reason);
    }
    // The reason that says most stands for the action: use before not seeing.
    let reason = reasons.into_iter().min()?;
    Some((On::These(in_granted_order(kept, patterns)), reason))
}

/// The grant's own patterns first, in the order in which it has them; then the rest, sorted.
fn in_granted_order(mut kept: BTreeMap<String, Narrowed>, patterns: &[String]) -> Vec<Narrowed> {
    let mut ordered: Vec<Narrowed> = patterns
        .iter()
        .filter_map(|pattern| kept.remove(pattern))
        .collect();
    ordered.extend(kept.into_values());
    ordered
}

/// Why the granted pattern must stay whole although the action was used: a call that does not say
/// its resource, a call on `*`, a pattern whose variables cannot be told here.
fn whole(touching: &[&Resource], granted: &str) -> Option<Reason> {
    if touching
        .iter()
        .any(|resource| matches!(resource, Resource::Unknown))
    {
        return Some(Reason::UsedOnUnknown);
    }
    let asked_on_all = touching.iter().any(|resource| matches!(resource, Resource::Any));
    let unusual = !touching.is_empty()
        && (granted.contains("${") || pattern::resource_matches(granted, "arn:a:b:c:d:e").is_none());
    (asked_on_all || unusual).then_some(Reason::Used)
}

/// Whether a use on `resource` may have been allowed by the granted pattern.
fn touches(resource: &Resource, granted: &str) -> bool {
    if granted.contains("${") {
        return true;
    }
    match resource {
        Resource::Any => granted == "*",
        Resource::Arn(arn) => pattern::resource_matches(granted, arn).unwrap_or(true),
        Resource::Pattern { pattern, .. } => pattern::resource_intersects(granted, pattern).unwrap_or(true),
        Resource::Unknown => true,
    }
}

fn keep_all_but(
    service: &Service,
    action: &Action,
    patterns: &[String],
    used: &BTreeSet<&Resource>,
    judge: &Judge<'_>,
) -> Option<(On, Reason)> {
    let outside: Vec<&Resource> = used
        .iter()
        .copied()
        .filter(|resource| match resource {
            Resource::Arn(arn) => !patterns
                .iter()
                .any(|pattern| pattern::resource_matches(pattern, arn) == Some(true)),
            _ => true,
        })
        .collect();
    match judge.sight(service, action, "*") {
        Sight::Unseen { why, .. } if !outside.is_empty() => {
            Some((On::AllBut(patterns.to_vec()), Reason::UsedAndUnseen { why }))
        }
        Sight::Unseen { why, switch_on } => {
            Some((On::AllBut(patterns.to_vec()), Reason::Unseen { why, switch_on }))
        }
        Sight::Visible if outside.is_empty() => None,
        Sight::Visible
            if outside
                .iter()
                .all(|resource| matches!(resource, Resource::Arn(_))) =>
        {
            let narrowed = generalise(service, &outside, "*", judge.generalise);
            let clear = |narrowed: &Narrowed| {
                patterns
                    .iter()
                    .all(|pattern| pattern::resource_intersects(&narrowed.pattern, pattern) == Some(false))
            };
            if narrowed.iter().all(clear) {
                Some((On::These(narrowed), Reason::Used))
            } else {
                Some((On::AllBut(patterns.to_vec()), Reason::Used))
            }
        }
        Sight::Visible => Some((On::AllBut(patterns.to_vec()), Reason::UsedOnUnknown)),
    }
}
