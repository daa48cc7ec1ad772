//! From a refusal to the one change that ends it, and to what would have been refused next.

mod asked;
mod caller;
mod change;
mod company;
mod encryption;
mod operation;
mod owner;
mod places;
mod traps;
pub mod view;
mod wanted;
mod widen;
mod workflow;

#[cfg(test)]
mod tests;

pub use places::Places;

use std::collections::{BTreeMap, BTreeSet};

use asked::Asked;
use caller::Caller;
use change::{Ground, called, denied_by};
use view::{Change, Danger, EncodedView, Explained, Finding, Helps, Next, Refusal};
use wanted::Wanted;

use crate::danger::{Holding, opened};
use crate::denial::{Denial, DeniedBy, EncodedState, Kind, Reading};
use crate::evaluate::{
    Compiled, Context, Decision, Layer, Lookup, PolicyIn, Request, Setting, Stand, Target,
};
use crate::evidence::Ledger;
use crate::grants::{Account, Grants, Held, NotFound};
use crate::policy::{Document, Effect, Element};
use crate::recommend::Allowed;
use crate::simulate::view::{Answer, Outcome};
use crate::simulate::{Given, Policies, Question};

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
    /// Layers whose text is not known, and the organization.
    pub setting: Setting,
    /// What principals did.
    pub trail: Option<Ledger>,
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

/// What the grants say of the caller.
struct Standing<'a> {
    grants: Option<Grants>,
    trust: Option<&'a Document>,
    findings: Vec<Finding>,
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

/// Whose grants count, and what is to be said of them.
fn held<'a>(denial: &Denial, asked: &Asked, known: &'a Known) -> Standing<'a> {
    let mut held = Standing {
        grants: known.grants.clone(),
        trust: None,
        findings: Vec::new(),
    };
    let caller = asked.principal.as_ref().and_then(|own| match own.kind {
        crate::evaluate::PrincipalKind::User => Some(own.name.clone()),
        _ => own.role.clone(),
    });
    if let (Some(expected), Some(caller)) = (&known.holder, &caller)
        && !crate::evidence::is_named(caller, expected)
    {
        held.findings.push(
            Finding::new("other-principal", format!("the caller is {caller}, not {expected}"))
                .help("what is granted to the one does nothing for the other: find out why the call was made with this role"),
        );
    }
    let Some(account) = &known.account else {
        return held;
    };
    let Some(wanted) = caller
        .as_ref()
        .or(known.holder.as_ref().filter(|_| denial.principal.is_none()))
    else {
        return held;
    };
    let of_account = |arn: &str| {
        let id = |arn: &str| crate::arn::Arn::parse(arn).map(|own| own.account.to_owned());
        id(wanted).is_none_or(|own| !asked::is_account(&own) || id(arn).is_none_or(|other| other == own))
    };
    // A session's ARN leaves the role's path out.
    let by_name = crate::grants::short_name(wanted);
    let found = account
        .find(wanted)
        .or_else(|error| by_name.map_or(Err(error), |name| account.find(&name)));
    match found {
        Ok(holder) if of_account(&holder.arn) => {
            held.grants = Some(account.grants(holder));
            held.trust = holder.trust.as_ref();
        }
        Ok(_) | Err(NotFound::Unknown { .. }) => {
            let near = crate::grants::near_names(wanted, account.holders.iter().map(|own| own.arn.as_str()));
            let mut finding = Finding::new(
                "not-in-grants",
                format!("{wanted} is not among the principals of the grants"),
            );
            if !near.is_empty() {
                finding = finding.help(format!("there is {}", near.join(", ")));
            }
            held.findings.push(finding);
        }
        Err(NotFound::Ambiguous { arns }) => held.findings.push(Finding::new(
            "ambiguous-principal",
            format!("{wanted} may be any of {}", arns.join(", ")),
        )),
    }
    held
}

/// All policies that are known, and what is not.
fn policies(asked: &Asked, grants: Option<&Grants>, known: &Known) -> (Vec<Given>, Setting) {
    let mut setting = known.setting.clone();
    let mut policies: Vec<Given> = Vec::new();
    match grants {
        Some(grants) => {
            policies.extend(grants.held.iter().map(given));
            setting
                .unknown
                .extend(grants.not_given.iter().map(|origin| match origin {
                    crate::grants::Origin::Boundary { .. } => Layer::Boundary,
                    _ => Layer::Identity,
                }));
        }
        None => setting.unknown.push(Layer::Identity),
    }
    policies.extend(known.policies.iter().cloned());
    let assumes = asked
        .action
        .as_deref()
        .is_some_and(|action| action.starts_with("sts:AssumeRole"));
    if let (true, Some(account), Some(role)) = (assumes, &known.account, &asked.resource)
        && !policies.iter().any(|own| own.layer == Layer::Trust)
        && let Some(holder) = account.holders.iter().find(|own| own.arn == *role)
        && let Some(trust) = &holder.trust
    {
        policies.push(Given {
            name: format!("trust policy of role/{}", holder.name),
            is_file: false,
            layer: Layer::Trust,
            document: trust.clone(),
        });
    }
    (policies, setting)
}

fn given(held: &Held) -> Given {
    let is_file = matches!(held.origin, crate::grants::Origin::File { .. });
    Given {
        name: if is_file {
            held.origin.name().to_owned()
        } else {
            held.origin.to_string()
        },
        is_file,
        layer: held.layer,
        document: held.document.clone(),
    }
}

/// What the policies that are known say to the request.
fn answer(
    denial: &Denial,
    asked: &Asked,
    grants: Option<&Grants>,
    policies: &[Given],
    setting: &Setting,
) -> Option<(Question, Answer)> {
    if policies.is_empty() && grants.is_none() {
        return None;
    }
    let action = asked.action.as_deref()?;
    let mut question = Question::new(action, asked.resource.as_deref());
    question.principal.clone_from(&asked.principal);
    for (key, values) in &denial.context {
        question
            .context
            .insert(key.to_ascii_lowercase(), Lookup::Values(values.clone()));
    }
    if let Some(region) = asked
        .resource
        .as_deref()
        .and_then(crate::arn::Arn::parse)
        .map(|arn| arn.region)
        && !region.is_empty()
        && !region.contains('*')
    {
        let own = question.context.entry("aws:requestedregion".to_owned());
        own.or_insert_with(|| Lookup::Values(vec![region.to_owned()]));
    }
    let answer = Policies::new(policies, setting.clone()).answer(&question);
    Some((question, answer))
}

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
fn asked_for(denial: &Denial, asked: &Asked, options: &Options) -> Option<Wanted> {
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
struct Ahead {
    certain: Vec<Wanted>,
    likely: Vec<Wanted>,
    possible: Vec<Wanted>,
}

/// What is known around a refusal.
struct Around<'a> {
    caller: &'a Caller,
    company: &'a BTreeSet<String>,
    trail: &'a company::Company,
    grants: Option<&'a Grants>,
}

fn next(denial: &Denial, asked: &Asked, options: &Options, around: &Around<'_>) -> Ahead {
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
            let identity: Vec<PolicyIn<'_>> = grants
                .in_layer(Layer::Identity)
                .map(|held| PolicyIn {
                    layer: Layer::Identity,
                    document: &held.document,
                })
                .collect();
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
fn wishes(refused: Option<&Wanted>, next: &Ahead, options: &Options, with_refused: bool) -> Vec<Wanted> {
    let mut list: Vec<Wanted> = refused.filter(|_| with_refused).cloned().into_iter().collect();
    if !options.only_this {
        list.extend(next.certain.iter().cloned());
        if !options.only_certain {
            list.extend(next.likely.iter().cloned());
        }
    }
    list
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

/// What the changes of identity policies open; a change that opens what is not accepted is not ready.
fn dangers<'c>(
    changes: impl Iterator<Item = &'c mut Change>,
    grants: Option<&Grants>,
    options: &Options,
) -> Vec<Danger> {
    let held = |action: &str| {
        let identity = grants
            .into_iter()
            .flat_map(|grants| grants.in_layer(Layer::Identity));
        Holding::of(identity.flat_map(|held| &held.document.statements), action)
    };
    let mut found: Vec<Danger> = Vec::new();
    for change in changes {
        if !matches!(change.layer, DeniedBy::Identity | DeniedBy::Boundary) {
            continue;
        }
        let added = pairs(&change.statements);
        let opened = opened(&held, &added);
        let mut refused: Vec<&str> = Vec::new();
        for opened in opened {
            let allowed = match &options.allow_dangerous {
                Allowed::Nothing => false,
                Allowed::Named(names) => names.contains(opened.name),
                Allowed::Everything => true,
            };
            if !allowed {
                refused.push(opened.name);
            }
            if !found.iter().any(|own| own.opened.name == opened.name) {
                found.push(Danger { opened, allowed });
            }
        }
        if !refused.is_empty() {
            change.ready = false;
            change.how.push(format!(
                "it opens what the dangers say: --allow-dangerous {} accepts that",
                refused.join(",")
            ));
        }
    }
    found.sort_by_key(|own| own.opened.name);
    found
}

/// Action and resource of each grant in statements.
fn pairs(statements: &[serde_json::Value]) -> Vec<(String, String)> {
    let texts = |value: Option<&serde_json::Value>| -> Vec<String> {
        match value {
            Some(serde_json::Value::String(one)) => vec![one.clone()],
            Some(serde_json::Value::Array(list)) => list
                .iter()
                .filter_map(|own| own.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    };
    let mut found = Vec::new();
    for statement in statements {
        for action in texts(statement.get("Action")) {
            found.extend(
                texts(statement.get("Resource"))
                    .into_iter()
                    .map(|on| (action.clone(), on)),
            );
        }
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
