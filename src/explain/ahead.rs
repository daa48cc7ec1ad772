//! What comes next: all that the call, the work and the trail ask for, without what is refused now and
//! what is allowed already.

use std::collections::BTreeSet;

use super::asked::Asked;
use super::caller::Caller;
use super::company::Company;
use super::wanted::Wanted;
use super::{Options, encryption, operation, widen, workflow};
use crate::denial::Denial;
use crate::evaluate::{Compiled, Context, Decision, Layer, Lookup, PolicyIn, Request, Setting, Target};
use crate::grants::{Grants, Held};
use crate::policy::{Effect, Element};

/// The statement that ends the refusal alone.
fn refused(denial: &Denial, asked: &Asked) -> Option<Wanted> {
    let action = asked.action.clone()?;
    let resource = asked
        .resource
        .clone()
        .unwrap_or_else(|| operation::of_type(&action, asked));
    let prefix = operation::operation(denial, &action).map_or("", |(service, _)| service.prefix.as_str());
    let mut conditions = operation::passed_to(prefix, &action);
    if let (true, Some(service)) = (
        action == "iam:PassRole",
        denial
            .context
            .get("iam:passedtoservice")
            .and_then(|list| list.first()),
    ) {
        let own = conditions.entry("StringEquals".to_owned()).or_default();
        own.insert("iam:PassedToService".to_owned(), service.clone());
    }
    Some(Wanted {
        action,
        resource,
        conditions,
        why: "it was refused".to_owned(),
        source: None,
    })
}

/// What a change is to grant for the refused call itself: for the next run as well, unless this one
/// alone is wanted.
pub(super) fn asked_for(denial: &Denial, asked: &Asked, options: &Options) -> Option<Wanted> {
    let mut refused = refused(denial, asked)?;
    if !options.only_this
        && asked.exact
        && let Some((pattern, why)) = widen::for_next_run(&refused.action, &refused.resource)
    {
        refused.resource = pattern;
        refused.why = format!("it was refused; {why}");
    }
    Some(refused)
}

/// What comes next, without what is refused now and what is allowed already.
pub(super) struct Ahead {
    pub(super) certain: Vec<Wanted>,
    pub(super) likely: Vec<Wanted>,
    pub(super) possible: Vec<Wanted>,
}

/// What is known around a refusal.
pub(super) struct Around<'a> {
    pub(super) caller: &'a Caller,
    pub(super) company: &'a BTreeSet<String>,
    pub(super) trail: &'a Company,
    pub(super) grants: Option<&'a Grants>,
}

pub(super) fn next(denial: &Denial, asked: &Asked, options: &Options, around: &Around<'_>) -> Ahead {
    let Around {
        caller,
        company,
        trail,
        grants,
    } = *around;
    let mut by_call = operation::besides(denial, asked);
    let scene = workflow::Scene {
        denial,
        asked,
        caller,
        company,
    };
    let by_work = workflow::besides(&scene);
    by_call.certain.extend(trail.refused.iter().cloned());
    by_call.certain.extend(by_work.certain);
    by_call.likely.extend(encryption::besides(asked, company));
    by_call.likely.extend(by_work.likely);
    by_call.possible.extend(by_work.possible);
    // What others that do the same really used is more than possible.
    let (used, possible): (Vec<Wanted>, Vec<Wanted>) = by_call
        .possible
        .into_iter()
        .partition(|own| trail.peers.contains_key(&own.action));
    by_call.likely.extend(used.into_iter().map(|own| Wanted {
        why: format!(
            "{}; {} does the same and used it",
            own.why,
            trail.peers.get(&own.action).map_or("another", String::as_str)
        ),
        ..own
    }));
    let refused = asked_for(denial, asked, options);
    let mut known: Vec<Wanted> = refused.clone().into_iter().collect();
    let allowed = Allowance::new(grants);
    let mut held: Vec<Wanted> = Vec::new();
    let mut fresh = |list: Vec<Wanted>, held: &mut Vec<Wanted>| -> Vec<Wanted> {
        let mut kept = Vec::new();
        for own in list {
            // What was refused is granted as far as it was asked for, and no further.
            if refused.as_ref().is_some_and(|refused| refused.is_within(&own)) {
                continue;
            }
            if known.iter().any(|other| own.is_within(other)) || allowed.covers(&own) {
                continue;
            }
            known.push(own.clone());
            // A grant of some of what is only guessed was made for this, as far as one can tell.
            if own.resource.contains('*') && allowed.covers_some(&own) {
                let why = format!("{}; it is granted on some of these already", own.why);
                held.push(Wanted { why, ..own });
            } else {
                kept.push(own);
            }
        }
        kept
    };
    let certain = fresh(by_call.certain, &mut held);
    let likely = fresh(by_call.likely, &mut held);
    let mut rest = Vec::new();
    let mut possible = fresh(possible, &mut rest);
    possible.splice(0..0, held);
    Ahead {
        certain,
        likely,
        possible,
    }
}

/// What the identity policies allow for sure.
struct Allowance {
    compiled: Option<Compiled>,
    /// Action and resource patterns of Allow statements.
    granted: Vec<(Vec<String>, Vec<String>)>,
}

impl Allowance {
    fn new(grants: Option<&Grants>) -> Self {
        let compiled = grants.map(|grants| {
            let identity: Vec<PolicyIn<'_>> = grants.in_layer(Layer::Identity).map(Held::policy).collect();
            Compiled::within(&identity, Setting::default())
        });
        let statements = grants
            .into_iter()
            .flat_map(|grants| grants.in_layer(Layer::Identity));
        let statements = statements.flat_map(|held| &held.document.statements);
        let granted = statements
            .filter(|own| own.effect == Effect::Allow)
            .filter_map(|own| match (&own.action, &own.resource) {
                (Element::Only(actions), Some(Element::Only(resources))) => {
                    Some((actions.clone(), resources.clone()))
                }
                _ => None,
            });
        Self {
            compiled,
            granted: granted.collect(),
        }
    }

    /// Whether a statement allows the action on some of the resources.
    fn covers_some(&self, wanted: &Wanted) -> bool {
        self.granted.iter().any(|(actions, resources)| {
            actions
                .iter()
                .any(|own| crate::pattern::matches_ignore_case(own, &wanted.action))
                && resources
                    .iter()
                    .any(|own| crate::pattern::resource_is_subset(own, &wanted.resource) == Some(true))
        })
    }

    fn covers(&self, wanted: &Wanted) -> bool {
        let Some(compiled) = &self.compiled else {
            return false;
        };
        let target = match wanted.resource.as_str() {
            "*" => Target::Any,
            text if text.contains(['*', '?']) => Target::Pattern(text),
            text => Target::Arn(text),
        };
        let mut context = Context::default();
        for (key, value) in wanted.conditions.values().flatten() {
            context.set(key, Lookup::Values(vec![value.clone()]));
        }
        matches!(
            compiled.decide(&Request::new(&wanted.action, target, &context)),
            Decision::Allowed { .. }
        )
    }
}

/// What goes into a change: what was refused first.
pub(super) fn wishes(
    refused: Option<&Wanted>,
    next: &Ahead,
    options: &Options,
    with_refused: bool,
) -> Vec<Wanted> {
    let mut list: Vec<Wanted> = refused.filter(|_| with_refused).cloned().into_iter().collect();
    if !options.only_this {
        list.extend(next.certain.iter().cloned());
        if !options.only_certain {
            list.extend(next.likely.iter().cloned());
        }
    }
    list
}
