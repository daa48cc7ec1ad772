//! From a refusal to the one change that ends it, and to what would have been refused next.

mod ahead;
mod asked;
mod caller;
mod change;
mod company;
mod encryption;
mod openings;
mod operation;
mod owner;
mod places;
mod standing;
mod traps;
pub mod view;
mod wanted;
mod widen;
mod workflow;

#[cfg(test)]
mod tests;

pub use places::Places;

use std::collections::{BTreeMap, BTreeSet};

use ahead::{Around, asked_for, next, wishes};
use asked::Asked;
use caller::Caller;
use change::{Ground, called, denied_by};
use openings::dangers;
use standing::{answer, held, policies};
use view::{Change, EncodedView, Explained, Finding, Helps, Next, Refusal};
use wanted::Wanted;

use crate::denial::{Denial, DeniedBy, EncodedState, Kind, Reading};
use crate::evaluate::{Layer, Setting, Stand};
use crate::evidence::Ledger;
use crate::grants::{Account, Grants, Held};
use crate::policy::Document;
use crate::recommend::Allowed;
use crate::simulate::view::{Answer, Outcome};
use crate::simulate::{Given, Question};

/// The version of the JSON that `explain --format json` writes. It rises when a field changes its
/// meaning or goes; new fields do not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// What is known beside the text.
#[derive(Debug, Default)]
pub struct Known {
    /// The account's principals, with what they hold.
    pub account: Option<Account>,
    /// Who the caller is taken to be: an ARN, `role/NAME` or `user/NAME`.
    pub holder: Option<String>,
    /// What the caller holds, where single policies were given instead of an account.
    pub grants: Option<Grants>,
    /// Policies of other layers than identity and boundary.
    pub policies: Vec<Given>,
    /// Policies of single resources: they count where the refused resource is this one, or lies in it.
    pub of_resources: Vec<OfResource>,
    /// Layers whose text is not known, and the organization.
    pub setting: Setting,
    /// What principals did.
    pub trail: Option<Ledger>,
}

/// The policy of a resource, as far as it is known.
#[derive(Debug, Clone)]
pub struct OfResource {
    /// The ARN of the resource that bears it.
    pub bearer: String,
    /// The part it plays.
    pub layer: Layer,
    /// Its text, without statements where there is none; `None` where it could not be read.
    pub document: Option<Document>,
}

impl OfResource {
    /// Whether the policy speaks of `resource`.
    fn covers(&self, resource: &str) -> bool {
        let rest = resource.strip_prefix(self.bearer.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
    }
}

/// The resources that the refusals are about, as ARNs; sorted, each once.
pub fn resources(reading: &Reading) -> Vec<String> {
    let asked = reading
        .denials
        .iter()
        .filter_map(|denial| Asked::of(denial).resource);
    let found: BTreeSet<String> = asked.filter(|resource| resource.starts_with("arn:")).collect();
    found.into_iter().collect()
}

/// What the reader wants.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Leave what is only likely out of the change.
    pub only_certain: bool,
    /// Leave all but what was refused out of the change.
    pub only_this: bool,
    /// Which dangers are accepted.
    pub allow_dangerous: Allowed,
}

/// The JSON schema of `explain --format json`.
pub fn explained_schema() -> serde_json::Value {
    let writing = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = writing.into_generator().into_root_schema_for::<Explained>();
    serde_json::to_value(schema).unwrap_or_default()
}

/// Answers every refusal of a reading. The changes of one caller's policies build upon each other: the
/// last one holds them all.
pub fn explain(reading: &Reading, known: &Known, options: &Options) -> Explained {
    let mut refusals = Vec::new();
    let mut changed: Vec<Grants> = Vec::new();
    let company = actions_by_principal(&reading.denials);
    for denial in &reading.denials {
        let company = company
            .get(&denial.principal.as_deref())
            .cloned()
            .unwrap_or_default();
        refusals.push(one(denial, company, known, options, &mut changed));
    }
    Explained {
        schema_version: SCHEMA_VERSION,
        refusals,
        look_alikes: reading.look_alikes.clone(),
    }
}

/// What each principal was refused: enough of it to tell what it is about.
fn actions_by_principal(denials: &[Denial]) -> BTreeMap<Option<&str>, BTreeSet<String>> {
    const ENOUGH: usize = 64;
    let mut found: BTreeMap<Option<&str>, BTreeSet<String>> = BTreeMap::new();
    for denial in denials {
        let own = found.entry(denial.principal.as_deref()).or_default();
        if own.len() < ENOUGH {
            own.extend(denial.action.clone());
        }
    }
    found
}

/// Takes a change over into what the caller will hold.
fn take_over(change: &Change, grants: &mut Grants) {
    let Some((_, after)) = change
        .text
        .as_ref()
        .filter(|_| change.layer == DeniedBy::Identity)
    else {
        return;
    };
    let Some(document) = crate::policy::parse(after, "").0 else {
        return;
    };
    let own = grants.held.iter_mut().find(|held| {
        held.layer == Layer::Identity && change.policy.starts_with(&held.origin.to_string()) && !change.is_new
    });
    match own {
        Some(held) => held.document = document,
        None => grants.held.push(Held {
            origin: crate::grants::Origin::New {
                name: change.policy.clone(),
            },
            layer: Layer::Identity,
            document,
            holders: grants.principal.clone().into_iter().collect(),
            boundary_of: Vec::new(),
        }),
    }
}

fn one(
    denial: &Denial,
    mut company: BTreeSet<String>,
    known: &Known,
    options: &Options,
    changed: &mut Vec<Grants>,
) -> Refusal {
    let mut asked = Asked::of(denial);
    let held = held(denial, &asked, known);
    if let (Some(principal), Some(holder)) = (
        &mut asked.principal,
        held.grants.as_ref().and_then(|own| own.principal.as_deref()),
    ) {
        principal.as_held_by(holder);
    }
    if asked.principal.is_none() {
        let holder = held.grants.as_ref().and_then(|own| own.principal.as_deref());
        asked.principal = holder.and_then(crate::evaluate::Principal::parse);
    }
    let caller = Caller::of(&asked, held.trust);
    let trail = company::of(&asked, held.grants.as_ref(), known.trail.as_ref());
    company.extend(trail.refused.iter().map(|own| own.action.clone()));
    company.extend(company::granted(held.grants.as_ref()));
    if let Some(action) = &asked.action {
        company.remove(action);
    }
    let (policies, setting) = policies(&asked, held.grants.as_ref(), known);
    let answer = answer(denial, &asked, held.grants.as_ref(), &policies, &setting);
    let layer = match (denial.layer, &answer) {
        (DeniedBy::Unknown, Some((_, answer))) => answer
            .layer
            .map_or(DeniedBy::Unknown, |layer| named(layer, &asked)),
        (layer, _) => layer,
    };
    let kind = match (denial.kind, answer.as_ref().map(|(_, answer)| answer.decision)) {
        (Kind::Unknown, Some(Outcome::ExplicitDeny)) => Kind::Explicit,
        (Kind::Unknown, Some(Outcome::ImplicitDeny)) => Kind::Implicit,
        (kind, _) => kind,
    };
    let mut will_hold = held.grants.as_ref().map(|grants| {
        let before = changed.iter().position(|own| own.principal == grants.principal);
        before.map_or_else(|| grants.clone(), |at| changed.swap_remove(at))
    });
    let next = next(
        denial,
        &asked,
        options,
        &Around {
            caller: &caller,
            company: &company,
            trail: &trail,
            grants: will_hold.as_ref(),
        },
    );
    let ground = Ground {
        denial,
        asked: &asked,
        grants: will_hold.as_ref(),
        policies: &policies,
    };
    let refused = asked_for(denial, &asked, options);
    let list = |helps: bool| wishes(refused.as_ref(), &next, options, helps);
    let settles = denial.not_by_policy.is_none();
    let mut change = refused
        .as_ref()
        .filter(|_| settles)
        .and_then(|_| ground.change(layer, kind, &list(true), &blockers(&answer, layer)));
    let mut also = match &refused {
        Some(_) if settles => also(&ground, layer, &answer, &list(false), &list(true)),
        _ => Vec::new(),
    };
    if let Some(mut grants) = will_hold.take() {
        change
            .iter()
            .chain(&also)
            .for_each(|own| take_over(own, &mut grants));
        changed.push(grants);
    }
    let dangers = dangers(change.iter_mut().chain(&mut also), held.grants.as_ref(), options);
    let mut findings = held.findings;
    findings.extend(findings_of(denial, &asked, layer, kind, &answer, &policies));
    let helps = helps(denial, &asked, layer);
    Refusal {
        principal: denial.principal.clone(),
        action: denial.action.clone(),
        resource: denial.resource.clone(),
        operation: denial.operation.clone(),
        layer,
        kind,
        policy_arn: denial.policy_arn.clone(),
        identity_change_helps: helps,
        owner: owner::of(layer, denial, &asked),
        change,
        also,
        next: Next {
            certain: next.certain.iter().map(Wanted::view).collect(),
            likely: next.likely.iter().map(Wanted::view).collect(),
            possible: next.possible.iter().map(Wanted::view).collect(),
        },
        dangers,
        findings,
        holder: held.grants.and_then(|own| own.principal).or_else(|| {
            let own = asked.principal.as_ref()?;
            own.role
                .clone()
                .or_else(|| (own.kind == crate::evaluate::PrincipalKind::User).then(|| own.name.clone()))
        }),
        resource_arn: asked.resource.clone(),
        service: denial.service.clone(),
        client: denial.client,
        not_by_policy: denial.not_by_policy,
        encoded: encoded(denial),
        context: denial.context.clone(),
        layers: answer.map(|(_, answer)| answer.layers).unwrap_or_default(),
        lines: denial.lines.clone(),
        times: denial.times,
    }
}

/// The layer as a refusal of this action names it: the policy of a role or a key has a name of its own.
fn named(layer: Layer, asked: &Asked) -> DeniedBy {
    match (denied_by(layer), asked.action.as_deref().unwrap_or_default()) {
        (DeniedBy::Resource, action) if action.starts_with("kms:") => DeniedBy::Key,
        (DeniedBy::Resource, action) if action.starts_with("sts:AssumeRole") => DeniedBy::Trust,
        (layer, _) => layer,
    }
}

/// The statements that deny, as a reader finds them.
fn blockers(answer: &Option<(Question, Answer)>, layer: DeniedBy) -> Vec<String> {
    let Some((_, answer)) = answer else {
        return Vec::new();
    };
    let layers = answer.layers.iter().filter(|own| denied_by(own.layer) == layer);
    layers
        .flat_map(|own| &own.denied_by)
        .map(|at| {
            let sid = at.sid.as_deref().map_or(String::new(), |sid| format!(" ({sid})"));
            let line = at.line.map_or(String::new(), |line| format!(", line {line}"));
            format!("statement {}{sid} of {}{line}", at.statement, at.policy)
        })
        .collect()
}

/// What has to change besides: layers that refuse behind the first, and the other side of a call
/// across accounts.
fn also(
    ground: &Ground<'_>,
    layer: DeniedBy,
    answer: &Option<(Question, Answer)>,
    besides: &[Wanted],
    all: &[Wanted],
) -> Vec<Change> {
    let mut found: Vec<Change> = Vec::new();
    for own in answer.iter().flat_map(|(_, answer)| &answer.layers) {
        let other = named(own.layer, ground.asked);
        if other == layer || found.iter().any(|known| known.layer == other) {
            continue;
        }
        let kind = match own.stand {
            Stand::ImplicitDeny => Kind::Implicit,
            Stand::ExplicitDeny => Kind::Explicit,
            _ => continue,
        };
        // In the same account an identity policy is enough without the resource's, and the reverse.
        let either = matches!(other, DeniedBy::Resource | DeniedBy::Identity)
            && matches!(
                layer,
                DeniedBy::Resource | DeniedBy::Identity | DeniedBy::Key | DeniedBy::Trust
            );
        if either && kind == Kind::Implicit && !ground.asked.crosses_accounts() {
            continue;
        }
        found.extend(ground.change(other, kind, all, &blockers(answer, other)));
    }
    let known = |layer: DeniedBy, found: &[Change]| {
        found.iter().any(|own| own.layer == layer)
            || answer
                .iter()
                .flat_map(|(_, answer)| &answer.layers)
                .any(|own| named(own.layer, ground.asked) == layer)
    };
    let across = ground.asked.crosses_accounts();
    let of_resource = ground.of_resource();
    let identity_asks = matches!(layer, DeniedBy::Identity | DeniedBy::Unknown);
    if identity_asks
        && (across || (layer == DeniedBy::Unknown && of_resource == DeniedBy::Trust))
        && ground.asked.resource.as_deref().is_some_and(|own| own != "*")
        && !known(of_resource, &found)
    {
        found.extend(ground.change(of_resource, Kind::Implicit, all, &[]));
    }
    if layer == of_resource && across && !known(DeniedBy::Identity, &found) {
        found.extend(ground.change(DeniedBy::Identity, Kind::Implicit, all, &[]));
    } else if !identity_asks
        && !besides.is_empty()
        && !known(DeniedBy::Identity, &found)
        && layer == of_resource
    {
        // The rest of the operation is not on this resource.
        let elsewhere: Vec<Wanted> = besides
            .iter()
            .filter(|own| Some(&own.resource) != ground.asked.resource.as_ref())
            .cloned()
            .collect();
        found.extend(ground.change(DeniedBy::Identity, Kind::Implicit, &elsewhere, &[]));
    }
    found
}

fn findings_of(
    denial: &Denial,
    asked: &Asked,
    layer: DeniedBy,
    kind: Kind,
    answer: &Option<(Question, Answer)>,
    policies: &[Given],
) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(what) = denial.not_by_policy {
        let (name, text, help) = owner::remedy(what);
        found.push(Finding::new(name, text).help(help));
    }
    if let Some((question, answer)) = answer {
        for own in answer
            .layers
            .iter()
            .filter(|own| own.stand == Stand::ExplicitDeny)
        {
            for at in blockers(&Some((question.clone(), answer.clone())), denied_by(own.layer)) {
                found.push(Finding::new("deny", format!("{at} denies it")));
            }
        }
        let allowing = [Layer::Identity, Layer::Boundary, Layer::Session];
        let scps = answer
            .layers
            .iter()
            .map(|own| own.layer)
            .filter(|own| matches!(own, Layer::Scp(_)));
        for layer in allowing.into_iter().chain(scps) {
            let stands = answer
                .layers
                .iter()
                .find(|own| own.layer == layer)
                .map(|own| own.stand);
            if matches!(stands, Some(Stand::ImplicitDeny | Stand::Unknown)) {
                found.extend(traps::near_misses(asked, policies, layer, question));
            }
        }
        if answer.decision == Outcome::Allowed && denial.layer != DeniedBy::Unknown {
            found.push(
                Finding::new("allowed-by-grants", format!("the policies that are given allow this: the {} that refused is not among them, or has changed since", called(layer)))
                    .help("give the policies of that layer, or fetch the grants anew"),
            );
        } else if answer.decision == Outcome::Allowed {
            found.push(
                Finding::new("allowed-by-grants", "the policies that are given allow this: what refused is not among them, or has changed since")
                    .help("look at service control policies, the resource's policy, session policies and VPC endpoints"),
            );
        }
    }
    found.extend(caller::findings(asked, denial.client));
    found.extend(traps::general(denial, asked, layer, kind));
    let mut seen = BTreeSet::new();
    found.retain(|own| seen.insert((own.name, own.text.clone())));
    found
}

/// Whether an identity policy can settle it.
fn helps(denial: &Denial, asked: &Asked, layer: DeniedBy) -> Helps {
    if denial.not_by_policy.is_some() {
        return Helps::No;
    }
    let without = caller::is_service_linked(asked);
    match layer {
        _ if without => Helps::No,
        DeniedBy::Identity => Helps::Yes,
        DeniedBy::Unknown => Helps::Unknown,
        _ => Helps::No,
    }
}

fn encoded(denial: &Denial) -> Option<EncodedView> {
    let message = denial.encoded.clone()?;
    let whole = message.state == EncodedState::Whole;
    let command = whole.then(|| {
        format!(
            "aws sts decode-authorization-message --query DecodedMessage --output text --encoded-message {}",
            message.blob
        )
    });
    let note = traps::undecodable(message.state).to_owned();
    Some(EncodedView {
        message,
        command,
        note,
    })
}
