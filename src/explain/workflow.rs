//! Which piece of work a refusal belongs to, and what that work needs besides.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use action_catalog::{Certainty, Usual, Workflow, WorkflowAction, WorkflowPart, workflows};

use rustc_hash::FxHashMap;

use super::Places;
use super::asked::Asked;
use super::caller::Caller;
use super::operation::Besides;
use super::wanted::{Conditions, Wanted};
use crate::denial::{Client, Denial};

/// What speaks for a workflow. The weights order the workflows that a refusal fits; they were set by
/// what tells most: the caller and the resource type that a tool names, then the part's place in
/// the workflow, then the call.
mod weight {
    pub(super) const ALWAYS: i32 = 30;
    pub(super) const OFTEN: i32 = 20;
    pub(super) const SOMETIMES: i32 = 8;
    pub(super) const CALLER: i32 = 40;
    pub(super) const OTHER_CALLER: i32 = 28;
    pub(super) const UNKNOWN_CALLER: i32 = -6;
    pub(super) const TYPE: i32 = 40;
    pub(super) const CLIENT: i32 = 20;
    pub(super) const OPERATION: i32 = 15;
    pub(super) const COMPANY: i32 = 10;
    pub(super) const WORD: i32 = 5;
    /// A workflow of any program, where the caller is a service that runs programs.
    pub(super) const A_PROGRAMS: i32 = -8;
    /// A workflow of persons, where a service is known to be the caller.
    pub(super) const NOBODYS: i32 = -30;
    /// A workflow that does not have the call.
    pub(super) const OTHER_CALL: i32 = -12;
    /// For every second action that a workflow claims beside the part that was met, up to `CLAIMS`.
    pub(super) const CLAIM: i32 = -1;
    pub(super) const CLAIMS: usize = 24;
    /// What is seldom done.
    pub(super) const RARE: i32 = -15;
    /// Workflows whose scores are that near fit alike.
    pub(super) const NEAR: i32 = 3;
    /// Less than this is no ground for a proposal.
    pub(super) const ENOUGH: i32 = 20;
}

/// All that tells workflows apart.
pub(super) struct Scene<'a> {
    pub(super) denial: &'a Denial,
    pub(super) asked: &'a Asked,
    pub(super) caller: &'a Caller,
    /// What the same principal was refused besides, and what it was granted by name.
    pub(super) company: &'a BTreeSet<String>,
}

/// A workflow that the refusal fits.
struct Fit<'w> {
    workflow: &'w Workflow,
    part: &'w WorkflowPart,
    bound: Places,
    score: i32,
    /// Whether more than the action speaks for it: the caller, or a resource type that the text names.
    identified: bool,
    /// Whether the text names its resource type: then it is this work, and no other.
    named_type: bool,
    /// How many actions it claims beside the part that was met.
    claims: usize,
}

/// The workflows that have an action.
fn with_action(action: &str) -> &'static [&'static Workflow] {
    static INDEX: LazyLock<FxHashMap<&str, Vec<&Workflow>>> = LazyLock::new(|| {
        let mut index: FxHashMap<&str, Vec<&Workflow>> = FxHashMap::default();
        for workflow in workflows() {
            for own in workflow.parts.iter().flat_map(|part| &part.actions) {
                let list = index.entry(&own.action).or_default();
                if list.last().is_none_or(|last| last.name != workflow.name) {
                    list.push(workflow);
                }
            }
        }
        index
    });
    INDEX.get(action).map_or(&[], Vec::as_slice)
}

/// What the work that the refusal most likely belongs to needs besides.
pub(super) fn besides(scene: &Scene<'_>) -> Besides {
    let mut found = Besides::default();
    let action = scene.asked.action.as_deref().unwrap_or_default();
    let mut fits: Vec<Fit<'_>> = with_action(action)
        .iter()
        .filter_map(|workflow| fit(workflow, scene))
        .collect();
    let Some(best) = fits
        .iter()
        .map(|fit| fit.score)
        .max()
        .filter(|score| *score >= weight::ENOUGH)
    else {
        return found;
    };
    fits.retain(|fit| fit.score + weight::NEAR >= best);
    fits.sort_by_key(|fit| (std::cmp::Reverse(fit.score), fit.claims));
    // Two that fit nearly alike share too little to say more than the better one does.
    if fits.len() == 2 {
        fits.truncate(1);
    }
    let total = fits.len();
    let is_key = scene
        .asked
        .action
        .as_deref()
        .is_some_and(|own| own.starts_with("kms:"));
    let mut usual: Vec<(Wanted, usize)> = Vec::new();
    for fit in &fits {
        for part in &fit.workflow.parts {
            let own = std::ptr::eq(part, fit.part);
            // A part that is not always done says of the work only what is done of it already.
            let whole = fit.part.usual == Usual::Always
                || under_way(fit.workflow, scene)
                || is_only_work(fit.workflow, scene);
            let belongs = own || (part.usual != Usual::Sometimes && !is_key && whole);
            for action in &part.actions {
                let wanted = wanted(fit, part, action, scene);
                if !belongs || is_everywhere(&wanted) {
                    if total == 1 {
                        found.possible.push(wanted);
                    }
                } else if total == 1 && fit.named_type && part.usual == Usual::Always {
                    found.certain.push(wanted);
                } else {
                    match usual.iter_mut().find(|(own, _)| same(own, &wanted)) {
                        Some((_, count)) => *count += 1,
                        None => usual.push((wanted, 1)),
                    }
                }
            }
        }
    }
    if let ([only], false) = (fits.as_slice(), is_key) {
        for wanted in together(only, scene)
            .into_iter()
            .filter(|own| !is_everywhere(own))
        {
            if !usual.iter().any(|(own, _)| same(own, &wanted)) {
                usual.push((wanted, 1));
            }
        }
    }
    // Where several pieces of work fit alike, what most of them share.
    for (wanted, count) in usual {
        if count * 2 > total {
            found.likely.push(wanted);
        } else if total <= 3 {
            found.possible.push(wanted);
        }
    }
    found
}

/// What the work needs that usually goes with this one.
fn together(fit: &Fit<'_>, scene: &Scene<'_>) -> Vec<Wanted> {
    let mut found = Vec::new();
    // A part that is done now and then says too little of what else is done.
    if !fit.identified || fit.part.usual == Usual::Sometimes {
        return found;
    }
    for link in &fit.workflow.with {
        let Some(workflow) = by_name(&link.workflow).filter(|own| is_possible(own, scene)) else {
            continue;
        };
        let mut bound = Places::default();
        for (name, template) in &link.bind {
            bound.set_default(name, &fit.bound.fill(template));
        }
        bound.add(&fit.bound);
        let other = Fit {
            workflow,
            part: fit.part,
            bound,
            score: 0,
            identified: true,
            named_type: false,
            claims: 0,
        };
        for part in workflow
            .parts
            .iter()
            .filter(|part| part.usual != Usual::Sometimes)
        {
            found.extend(
                part.actions
                    .iter()
                    .map(|action| wanted(&other, part, action, scene)),
            );
        }
    }
    found
}

fn by_name(name: &str) -> Option<&'static Workflow> {
    let all = workflows();
    let at = all.binary_search_by(|own| own.name.as_str().cmp(name)).ok()?;
    all.get(at)
}

/// Whether nothing bounds the resource: a bucket's ARN has no account.
fn is_everywhere(wanted: &Wanted) -> bool {
    crate::arn::split_pattern(&wanted.resource).is_some_and(|[_, _, service, _, account, name]| {
        service == "s3" && account.is_empty() && name.starts_with('*')
    })
}

fn same(a: &Wanted, b: &Wanted) -> bool {
    a.action == b.action && a.resource == b.resource && a.conditions == b.conditions
}

fn wanted(fit: &Fit<'_>, part: &WorkflowPart, action: &WorkflowAction, scene: &Scene<'_>) -> Wanted {
    let mut bound = fit.bound.clone();
    bound.add(&scene.asked.place);
    let mut conditions = Conditions::new();
    for (operator, keys) in &action.conditions {
        let own = conditions.entry(operator.clone()).or_default();
        for (key, value) in keys {
            own.insert(key.clone(), bound.fill(value));
        }
    }
    // A value that is not wholly known is a pattern, which StringEquals takes to the letter.
    if let Some(equal) = conditions.get_mut("StringEquals") {
        let unsure: Vec<String> = equal
            .iter()
            .filter(|(_, value)| value.contains('*'))
            .map(|(key, _)| key.clone())
            .collect();
        let moved: Vec<(String, String)> = unsure
            .into_iter()
            .filter_map(|key| equal.remove_entry(&key))
            .collect();
        if equal.is_empty() {
            conditions.remove("StringEquals");
        }
        if !moved.is_empty() {
            conditions
                .entry("StringLike".to_owned())
                .or_default()
                .extend(moved);
        }
    }
    Wanted {
        action: action.action.clone(),
        resource: bound.fill(&action.on),
        conditions,
        why: format!("{}: {}", fit.workflow.title, part.title),
        source: Some(part.source.clone()),
    }
}

/// How well the workflow fits; `None`: it cannot be this one.
fn fit<'w>(workflow: &'w Workflow, scene: &Scene<'_>) -> Option<Fit<'w>> {
    let (part, bound) = matched(workflow, scene)?;
    let clients = names(scene.denial.client);
    let mut score = match part.usual {
        Usual::Always => weight::ALWAYS,
        Usual::Often => weight::OFTEN,
        Usual::Sometimes => weight::SOMETIMES,
    };
    // Any program may use an SDK; a tool is known by what it does.
    let named_client = scene.denial.client.is_some()
        && workflow
            .clients
            .iter()
            .any(|own| own != "sdk" && own != "console" && clients.contains(&own.as_str()));
    if !workflow.clients.is_empty() {
        if !workflow.clients.iter().any(|own| clients.contains(&own.as_str())) {
            return None;
        }
        if named_client {
            score += weight::CLIENT;
        }
    }
    let by_type = types(workflow, scene)?;
    score += by_type;
    let mut identified = by_type > 0;
    let is_service = !scene.caller.looks_like.is_empty()
        || scene
            .caller
            .trusts
            .as_ref()
            .is_some_and(|trusts| !trusts.is_empty());
    match (workflow.callers.as_slice(), is_service) {
        // Where the service itself is the caller, nobody's tool is.
        ([], true) if scene.denial.client.is_none() && !workflow.clients.is_empty() => return None,
        ([], true) if !named_client && scene.caller.runs_programs() => score += weight::A_PROGRAMS,
        ([], true) if !named_client => score += weight::NOBODYS,
        ([], _) => {}
        (callers, _) => match scene.caller.is_one_of(callers) {
            Some(true) => {
                // The first one is the usual caller.
                let usual = scene.caller.is_one_of(callers.get(..1).unwrap_or_default()) == Some(true);
                score += if usual {
                    weight::CALLER
                } else {
                    weight::OTHER_CALLER
                };
                identified = true;
            }
            Some(false) => return None,
            None if part.usual == Usual::Always => score += weight::UNKNOWN_CALLER,
            None => return None,
        },
    }
    let by_call = call(workflow, scene);
    if by_call < 0 && is_common(scene.asked.action.as_deref().unwrap_or_default(), scene) {
        return None;
    }
    score += by_call;
    // What all kinds of work need says little of this one, unless much of it comes together.
    let has = |action: &&String| {
        let mut all = workflow.parts.iter().flat_map(|part| &part.actions);
        all.any(|own| own.action == **action)
    };
    let (common, own): (Vec<&String>, Vec<&String>) = scene
        .company
        .iter()
        .filter(has)
        .partition(|action| is_common(action, scene));
    let company = own.len()
        + if under_way(workflow, scene) {
            common.len()
        } else {
            0
        };
    score += weight::COMPANY * i32::try_from(company.min(5)).unwrap_or(5);
    let named = literal(&bound);
    score += named + called(workflow, scene);
    if workflow.rare {
        score += weight::RARE;
    }
    // What programs of every kind do says nothing of the work.
    let told = identified || named > 0 || company > 0 || named_client || is_of_one_service(workflow);
    let action = scene.asked.action.as_deref().unwrap_or_default();
    if !told && (is_common(action, scene) || part.usual != Usual::Always) {
        return None;
    }
    // A key says nothing at all: it belongs to the work that is under way.
    if scene
        .asked
        .action
        .as_deref()
        .is_some_and(|own| own.starts_with("kms:"))
        && !under_way(workflow, scene)
    {
        return None;
    }
    let usual = workflow
        .parts
        .iter()
        .filter(|own| own.usual != Usual::Sometimes && !std::ptr::eq(*own, part));
    let claims: usize = usual.map(|part| part.actions.len()).sum();
    score += weight::CLAIM * i32::try_from(claims.min(weight::CLAIMS) / 2).unwrap_or(0);
    Some(Fit {
        workflow,
        part,
        bound: bound.places,
        score,
        identified,
        named_type: by_type > 0,
        claims,
    })
}

/// The part of the refused action that fits its resource, the most usual one.
fn matched<'w>(workflow: &'w Workflow, scene: &Scene<'_>) -> Option<(&'w WorkflowPart, Bound<'w>)> {
    let action = scene.asked.action.as_deref()?;
    let mut best: Option<(&WorkflowPart, Bound<'_>)> = None;
    for part in &workflow.parts {
        for own in part.actions.iter().filter(|own| own.action == action) {
            let Some(bound) = bind(own, scene.asked) else {
                continue;
            };
            if best.as_ref().is_none_or(|(known, _)| part.usual < known.usual) {
                best = Some((part, bound));
            }
        }
    }
    best
}

/// A template with what it binds.
struct Bound<'w> {
    places: Places,
    template: &'w str,
    known: bool,
}

fn bind<'w>(action: &'w WorkflowAction, asked: &Asked) -> Option<Bound<'w>> {
    let template = action.on.as_str();
    let vague = Bound {
        places: Places::default(),
        template,
        known: false,
    };
    match asked.resource.as_deref() {
        None | Some("*") => Some(vague),
        Some(_) if template == "*" => Some(vague),
        Some(resource) => match Places::bind(template, resource) {
            Some(places) => Some(Bound {
                places,
                template,
                known: true,
            }),
            // Log groups, functions and tables are named with and without what stands behind them.
            None => template
                .strip_suffix(":*")
                .and_then(|short| Places::bind(short, resource))
                .map(|places| Bound {
                    places,
                    template,
                    known: true,
                }),
        },
    }
}

/// Whether at least half of what the workflow always needs was met before.
fn under_way(workflow: &Workflow, scene: &Scene<'_>) -> bool {
    let always = workflow.parts.iter().filter(|part| part.usual == Usual::Always);
    let actions: BTreeSet<&str> = always
        .flat_map(|part| &part.actions)
        .map(|own| own.action.as_str())
        .collect();
    let met = actions
        .iter()
        .filter(|action| scene.company.contains(**action))
        .count();
    met > 0 && met * 2 >= actions.len()
}

/// Whether it is all that its caller usually does.
fn is_only_work(workflow: &Workflow, scene: &Scene<'_>) -> bool {
    let is_caller = |own: &Workflow| {
        let usual = own.callers.get(..1).unwrap_or_default();
        !usual.is_empty() && scene.caller.is_one_of(usual) == Some(true)
    };
    let others = workflows()
        .iter()
        .filter(|own| !own.rare && own.name != workflow.name);
    is_caller(workflow) && !others.into_iter().any(is_caller)
}

/// Whether the refused action is one that all kinds of work need: what data events record, keys, tags,
/// roles that are handed over.
fn is_common(action: &str, scene: &Scene<'_>) -> bool {
    let data = super::asked::known(action).is_some_and(|(_, own)| !own.seen.data.is_empty());
    let may_be = with_action(action)
        .iter()
        .filter(|workflow| is_possible(workflow, scene));
    data || action.starts_with("kms:") || may_be.count() > COMMON
}

/// Whether client and caller may do it.
fn is_possible(workflow: &Workflow, scene: &Scene<'_>) -> bool {
    let clients = names(scene.denial.client);
    let client =
        workflow.clients.is_empty() || workflow.clients.iter().any(|own| clients.contains(&own.as_str()));
    client && (workflow.callers.is_empty() || scene.caller.is_one_of(&workflow.callers) != Some(false))
}

/// Whether all that it usually needs is of one service, and little: a program that uses it.
fn is_of_one_service(workflow: &Workflow) -> bool {
    let usual = workflow
        .parts
        .iter()
        .filter(|part| part.usual != Usual::Sometimes);
    let actions: BTreeSet<&str> = usual
        .flat_map(|part| &part.actions)
        .map(|own| own.action.as_str())
        .collect();
    let services: BTreeSet<&str> = actions.iter().filter_map(|own| own.split(':').next()).collect();
    services.len() == 1
        && actions.len() <= LITTLE
        && workflow.callers.is_empty()
        && workflow.clients.is_empty()
}

/// Actions of one service that are proposed where nothing but the action speaks for the work.
const LITTLE: usize = 10;

/// An action of more workflows than this says nothing of the work.
const COMMON: usize = 6;

/// A name that the workflow gives (`/aws/lambda/…`) tells more than any name.
fn literal(bound: &Bound<'_>) -> i32 {
    let Some([.., name]) = crate::arn::split_pattern(bound.template).filter(|_| bound.known) else {
        return 0;
    };
    // The type says no more than the action does.
    let name = name.split_once(['/', ':']).map_or(name, |(_, own)| own);
    let mut inside = false;
    let letters = name.chars().filter(|letter| {
        match letter {
            '{' => inside = true,
            '}' => inside = false,
            _ => {}
        }
        !inside && letter.is_ascii_alphanumeric()
    });
    i32::try_from(letters.count().min(30) / 3).unwrap_or(0)
}

/// Roles are called by what they do: words that the role's name shares with the workflow's.
fn called(workflow: &Workflow, scene: &Scene<'_>) -> i32 {
    let Some(role) = super::caller::role(scene.asked) else {
        return 0;
    };
    let role = words(role);
    let shared = workflow
        .name
        .split('-')
        .filter(|word| word.len() > 2 && role.contains(*word));
    weight::WORD * i32::try_from(shared.count().min(3)).unwrap_or(0)
}

/// The words of a name, in lower case: `ecsTaskExecutionRole` has four.
fn words(name: &str) -> BTreeSet<String> {
    let mut found: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let starts = letter.is_ascii_uppercase() && !before.is_ascii_uppercase();
        if starts || !letter.is_ascii_alphanumeric() {
            found.push(String::new());
        }
        if let (true, Some(last)) = (letter.is_ascii_alphanumeric(), found.last_mut()) {
            last.push(letter.to_ascii_lowercase());
        }
        before = letter;
    }
    let says_nothing =
        |word: &String| matches!(word.as_str(), "" | "role" | "aws" | "service" | "prod" | "create");
    found.into_iter().filter(|word| !says_nothing(word)).collect()
}

/// Resource types that the text names: those of the workflow speak for it, others against it.
fn types(workflow: &Workflow, scene: &Scene<'_>) -> Option<i32> {
    let terraform: Vec<&str> = scene
        .denial
        .beside
        .iter()
        .filter_map(|text| terraform_type(text))
        .collect();
    let cloudformation: Vec<&str> = scene
        .denial
        .beside
        .iter()
        .map(String::as_str)
        .filter(|text| text.starts_with("AWS::"))
        .collect();
    let mut score = 0;
    for (own, seen) in [
        (&workflow.terraform, terraform),
        (&workflow.cloudformation, cloudformation),
    ] {
        if own.is_empty() || seen.is_empty() {
            continue;
        }
        if own.iter().any(|own| seen.contains(&own.as_str())) {
            score += weight::TYPE;
        } else {
            return None;
        }
    }
    Some(score)
}

/// `module.x.aws_s3_bucket.logs` is an `aws_s3_bucket`.
fn terraform_type(address: &str) -> Option<&str> {
    address.split('.').find(|part| part.starts_with("aws_"))
}

/// Whether the workflow has the call that was refused, where another action than the call's own was.
fn call(workflow: &Workflow, scene: &Scene<'_>) -> i32 {
    let (Some(operation), Some(action)) = (&scene.denial.operation, &scene.asked.action) else {
        return 0;
    };
    let Some((service, operation)) = super::operation::operation(scene.denial, action)
        .filter(|(_, known)| known.name.eq_ignore_ascii_case(operation))
    else {
        return 0;
    };
    let own = format!("{}:{}", service.prefix, operation.name);
    let always = operation
        .needs
        .iter()
        .filter(|need| need.when.is_none() && need.certainty == Certainty::Certain);
    let mut needed: Vec<&str> = always.map(|need| need.action.as_str()).collect();
    needed.push(&own);
    if needed.first() == Some(&action.as_str()) || own == *action {
        return 0;
    }
    let mut all = workflow.parts.iter().flat_map(|part| &part.actions);
    if all.any(|known| known.action != *action && needed.contains(&known.action.as_str())) {
        weight::OPERATION
    } else {
        weight::OTHER_CALL
    }
}

/// How workflows call the client.
fn names(client: Option<Client>) -> &'static [&'static str] {
    match client {
        Some(Client::Terraform) => &["terraform"],
        Some(Client::Pulumi) => &["pulumi", "terraform"],
        Some(Client::CloudFormation) => &["cloudformation", "cdk", "serverless"],
        Some(Client::Python) => &["cli", "sdk"],
        Some(Client::Go | Client::Java | Client::JavaScript) => &["sdk"],
        Some(Client::CloudTrail) | None => &["cli", "sdk", "console"],
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_role_s_name_falls_into_words() {
        let of = |name: &str| words(name).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(of("ecsTaskExecutionRole"), "ecs execution task");
        assert_eq!(
            of("AmazonEKSLoadBalancer_controller"),
            "amazon balancer controller eksload"
        );
        assert_eq!(of("glue-etl-role"), "etl glue");
    }
}
