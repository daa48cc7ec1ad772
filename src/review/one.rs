//! One principal of a review.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::changes::changes;
use super::prices::{PriceView, prices};
use super::view::{
    KeptView, Levels, OtherServices, PrincipalReview, RefusalView, ServiceView, Standing, UsedView,
};
use crate::backtest::{Earlier, of_proposal};
use crate::danger::held_by;
use crate::diff;
use crate::evaluate::{Layer, PolicyIn};
use crate::evidence::{Evidence, Visibility};
use crate::grants::{Grants, Holder};
use crate::measure::measure;
use crate::policy::{Document, Statement, print};
use crate::recommend::{
    Change, Options, Proposal, Reason, State, Subject, level, nothing_to_go_by, recommend,
};
use crate::strategy::{ManagedPolicies, Price};

/// Where the account stands in time.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The end of the trail.
    pub end: Timestamp,
    /// So many days without an event make a principal dormant.
    pub dormant_days: i64,
    /// Made so many days before the end at most, a principal without events is new.
    pub new_days: i64,
}

/// What came of a principal.
#[derive(Debug)]
pub struct Looked {
    /// For the review.
    pub review: PrincipalReview,
    /// The whole proposal.
    pub proposal: Proposal,
    /// The price of each way to run IAM for it, where that was asked for.
    pub prices: Vec<Price>,
}

/// Services without use that are shown one by one.
const IDLE: usize = 20;
/// Unused actions of a service that are named.
const UNUSED: usize = 40;
/// Refusals that are shown one by one.
const REFUSALS: usize = 25;

/// A principal with all that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Who.
    pub holder: &'a Holder,
    /// What it holds.
    pub grants: &'a Grants,
    /// What it did; `None` where the trail shows nothing.
    pub evidence: Option<&'a Evidence>,
    /// Those who share policies with it.
    pub others: &'a [Subject<'a>],
    /// For the backtest.
    pub earlier: Option<Earlier<'a>>,
    /// To price each way to run IAM as well; needs `earlier`.
    pub managed: Option<&'a ManagedPolicies>,
}

/// Reviews one principal.
pub fn of_principal(case: Case<'_>, visibility: &Visibility, moment: Moment, options: &Options) -> Looked {
    let Case {
        holder,
        grants,
        evidence,
        others,
        earlier,
        managed,
    } = case;
    let none = Evidence::default();
    let fixed = is_fixed(&holder.arn);
    let proposal = match evidence {
        Some(evidence) if !fixed => recommend(Subject { grants, evidence }, others, visibility, options),
        _ => nothing_to_go_by(grants),
    };
    let seen = evidence.unwrap_or(&none);
    let granted_unjudged = if evidence.is_none() || fixed {
        all_granted(grants)
    } else {
        BTreeSet::new()
    };
    let (before, after) = proposal.in_force(grants);
    let (dangers, left) = (dangers(&before), dangers(&after));
    let (services, other_services) = services(&proposal, seen, &granted_unjudged);
    let mut goes = Levels::default();
    services.iter().for_each(|service| goes.plus(service.goes));
    if let Some(others) = &other_services {
        goes.plus(others.goes);
    }
    let count = |wanted: &dyn Fn(&State) -> bool| proposal.actions.values().filter(|own| wanted(own)).count();
    let granted = proposal
        .actions
        .values()
        .filter(|state| !matches!(state, State::Kept(Reason::Requested | Reason::NotInCatalog)))
        .count();
    let bits = |policies: &[PolicyIn<'_>]| measure(policies).bits.map(|bits| (bits * 100.0).round() / 100.0);
    let earlier = earlier.filter(|_| !fixed);
    let prices = match earlier.zip(managed) {
        Some((earlier, managed)) => prices(grants, earlier, managed),
        None => Vec::new(),
    };
    let policy_edits = diff::edits(&proposal.policies, grants.principal.as_deref());
    let review = PrincipalReview {
        rank: 0,
        arn: holder.arn.clone(),
        created: holder.created.map(|time| time.to_string()),
        standing: standing(holder, seen, fixed, moment),
        events: seen.events,
        first: seen.seen.map(|(first, _)| first.to_string()),
        last: seen.seen.map(|(_, last)| last.to_string()),
        active_days: seen.activity.days(),
        holds: grants.held.iter().map(|held| held.origin.to_string()).collect(),
        digests: grants.held.iter().map(|held| digest(&held.document)).collect(),
        granted: granted + granted_unjudged.len(),
        used: count(&|state| matches!(state, State::Kept(reason) if reason.is_use())),
        unused: count(&|state| *state == State::Unused),
        unseen: count(&|state| matches!(state, State::Kept(Reason::Unseen { .. }))),
        goes,
        dangers_closed: dangers
            .iter()
            .copied()
            .filter(|name| !left.contains(name))
            .collect(),
        dangers,
        bits_before: bits(&before),
        bits_after: bits(&after),
        services,
        other_services,
        uses: uses(&proposal, seen),
        refusals: refusals(&proposal),
        refused_calls: seen.actions.values().map(|own| own.calls().refusals()).sum(),
        changes: proposal.changes_anything(),
        edits: edits(&proposal),
        kept: kept(&policy_edits),
        diff: changes(policy_edits),
        since: None,
        excepted: super::excepted::kept(&proposal),
        file: None,
        backtest: earlier.map(|earlier| of_proposal(grants, &[], earlier, options)),
        prices: prices.iter().map(PriceView::from).collect(),
    };
    Looked {
        review,
        proposal,
        prices,
    }
}

/// Tells one text of a policy from another, whatever its white space.
fn digest(document: &Document) -> String {
    let text = print::document_text(document);
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Service-linked roles and those that IAM Identity Center makes.
fn is_fixed(arn: &str) -> bool {
    arn.contains(":role/aws-service-role/") || arn.contains(":role/aws-reserved/sso.amazonaws.com/")
}

fn standing(holder: &Holder, evidence: &Evidence, fixed: bool, moment: Moment) -> Standing {
    let within = |time: Timestamp, days: i64| moment.end.duration_since(time).as_hours() < days * 24;
    match evidence.seen {
        _ if fixed => Standing::Fixed,
        Some((_, last)) if within(last, moment.dormant_days) => Standing::Active,
        Some(_) => Standing::Dormant,
        None if holder.created.is_some_and(|made| within(made, moment.new_days)) => Standing::New,
        None => Standing::NeverUsed,
    }
}

/// What the identity policies name, for a principal that is not judged.
fn all_granted(grants: &Grants) -> BTreeSet<String> {
    grants
        .in_layer(Layer::Identity)
        .flat_map(|held| &held.document.statements)
        .filter(|statement| statement.effect == crate::policy::Effect::Allow)
        .flat_map(|statement| crate::recommend::granted(&statement.action).to_vec())
        .map(|(service, action)| format!("{}:{}", service.prefix, action.name))
        .collect()
}

fn dangers(policies: &[PolicyIn<'_>]) -> Vec<&'static str> {
    let of = |identity: bool| -> Vec<&Statement> {
        policies
            .iter()
            .filter(|policy| (policy.layer == Layer::Identity) == identity)
            .flat_map(|policy| &policy.document.statements)
            .collect()
    };
    held_by(&of(true), &of(false))
        .iter()
        .map(|path| path.name.as_str())
        .collect()
}

fn services(
    proposal: &Proposal,
    evidence: &Evidence,
    unjudged: &BTreeSet<String>,
) -> (Vec<ServiceView>, Option<OtherServices>) {
    let mut found: BTreeMap<&str, ServiceView> = BTreeMap::new();
    fn prefix(action: &str) -> &str {
        action.split(':').next().unwrap_or(action)
    }
    fn entry<'m, 'a>(found: &'m mut BTreeMap<&'a str, ServiceView>, service: &'a str) -> &'m mut ServiceView {
        found.entry(service).or_insert_with(|| ServiceView {
            service: service.to_owned(),
            granted: Levels::default(),
            used: Levels::default(),
            goes: Levels::default(),
            unseen: 0,
            calls: 0,
            last: None,
            unused: Vec::new(),
            days: Vec::new(),
        })
    }
    for action in unjudged {
        if let Some(level) = level(action) {
            entry(&mut found, prefix(action)).granted.add(level);
        }
    }
    for (action, state) in &proposal.actions {
        let Some(level) = level(action) else { continue };
        let view = entry(&mut found, prefix(action));
        match state {
            State::Kept(Reason::Requested) => continue,
            State::Kept(Reason::Unseen { .. }) => view.unseen += 1,
            State::Kept(_) => {}
            State::Unused | State::Ineffective | State::LeftOut => {
                view.goes.add(level);
                view.unused.push(action.clone());
            }
        }
        view.granted.add(level);
        if evidence.is_used(action) {
            view.used.add(level);
        }
    }
    for (action, own) in &evidence.actions {
        let view = entry(&mut found, prefix(action));
        view.calls += own.calls().used();
        let last = own.calls().seen.map(|(_, last)| last.to_string());
        view.last = view.last.take().max(last);
    }
    for (service, days) in evidence.activity.iter() {
        entry(&mut found, service).days = days.to_vec();
    }
    for view in found.values_mut() {
        // Of a service that goes as a whole the names say nothing that the count does not.
        if view.used.total() == 0 {
            view.unused = Vec::new();
        }
        view.unused.truncate(UNUSED);
    }
    apart(found.into_values().collect())
}

/// Grants of everything name some four hundred services: those of which nothing was used are told one by one
/// only where most is granted.
fn apart(services: Vec<ServiceView>) -> (Vec<ServiceView>, Option<OtherServices>) {
    let (mut shown, mut idle): (Vec<ServiceView>, Vec<ServiceView>) = services
        .into_iter()
        .partition(|own| own.calls > 0 || own.used.total() > 0 || !own.days.is_empty());
    idle.sort_by(|a, b| (b.granted.total(), &a.service).cmp(&(a.granted.total(), &b.service)));
    let mut rest = idle.split_off(idle.len().min(IDLE));
    shown.append(&mut idle);
    shown.sort_by(|a, b| a.service.cmp(&b.service));
    if rest.is_empty() {
        return (shown, None);
    }
    rest.sort_by(|a, b| a.service.cmp(&b.service));
    let mut others = OtherServices::default();
    for own in rest {
        others.granted.plus(own.granted);
        others.goes.plus(own.goes);
        others.unseen += own.unseen;
        others.services.push(own.service);
    }
    (shown, Some(others))
}

fn uses(proposal: &Proposal, evidence: &Evidence) -> Vec<UsedView> {
    let used = evidence
        .actions
        .iter()
        .filter(|(action, _)| evidence.is_used(action));
    used.map(|(action, own)| {
        let calls = own.calls();
        let resources: BTreeSet<&str> = own.used().map(|(resource, _, _)| resource.shown()).collect();
        UsedView {
            action: action.clone(),
            calls: calls.used(),
            first: calls.seen.map(|(first, _)| first.to_string()),
            last: calls.seen.map(|(_, last)| last.to_string()),
            resources: resources.len(),
            granted: proposal.actions.contains_key(action),
            event_ids: calls.event_ids(),
        }
    })
    .collect()
}

fn refusals(proposal: &Proposal) -> Vec<RefusalView> {
    let mut found: Vec<RefusalView> = proposal
        .refused
        .iter()
        .map(|refused| RefusalView {
            action: refused.action.clone(),
            resource: refused.resource.shown().to_owned(),
            calls: refused.tally.refusals(),
            last: refused.tally.seen.map(|(_, last)| last.to_string()),
            settled: refused.settled,
            event_ids: refused.tally.event_ids(),
        })
        .collect();
    found.sort_by(|a, b| (b.calls, &a.action, &a.resource).cmp(&(a.calls, &b.action, &b.resource)));
    found.truncate(REFUSALS);
    found
}

fn edits(proposal: &Proposal) -> Vec<String> {
    let changed = proposal
        .policies
        .iter()
        .filter(|policy| policy.change != Change::Unchanged);
    changed
        .map(|policy| {
            let what = match policy.change {
                Change::Edit => "narrow",
                Change::Detach => "detach",
                Change::Delete => "delete",
                Change::Attach => "attach",
                Change::Create | Change::Unchanged => "make",
            };
            format!("{what} {}", policy.origin)
        })
        .collect()
}

fn kept(edits: &[diff::Edit]) -> Vec<KeptView> {
    let statements = edits.iter().flat_map(|edit| &edit.statements);
    let whys = statements.flat_map(|own| &own.why);
    whys.filter(|why| why.reason.is_use())
        .map(|why| KeptView {
            actions: why.actions.clone(),
            resources: why.resources.clone(),
        })
        .collect()
}
