//! What the caller holds, and what all policies that are known say to its request.

use super::Known;
use super::asked::{self, Asked};
use super::view::Finding;
use crate::denial::Denial;
use crate::evaluate::{Layer, Lookup, PrincipalKind, Setting};
use crate::grants::{Grants, Held, NotFound, Origin};
use crate::policy::Document;
use crate::simulate::view::Answer;
use crate::simulate::{Given, Policies, Question};

/// What the grants say of the caller.
pub(super) struct Standing<'a> {
    pub(super) grants: Option<Grants>,
    pub(super) trust: Option<&'a Document>,
    pub(super) findings: Vec<Finding>,
}
/// Whose grants count, and what is to be said of them.
pub(super) fn held<'a>(denial: &Denial, asked: &Asked, known: &'a Known) -> Standing<'a> {
    let mut held = Standing {
        grants: known.grants.clone(),
        trust: None,
        findings: Vec::new(),
    };
    let caller = asked.principal.as_ref().and_then(|own| match own.kind {
        PrincipalKind::User => Some(own.name.clone()),
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
pub(super) fn policies(asked: &Asked, grants: Option<&Grants>, known: &Known) -> (Vec<Given>, Setting) {
    let mut setting = known.setting.clone();
    let mut policies: Vec<Given> = Vec::new();
    match grants {
        Some(grants) => {
            policies.extend(grants.held.iter().map(given));
            setting
                .unknown
                .extend(grants.not_given.iter().map(|origin| match origin {
                    Origin::Boundary { .. } => Layer::Boundary,
                    _ => Layer::Identity,
                }));
        }
        None => setting.unknown.push(Layer::Identity),
    }
    policies.extend(known.policies.iter().cloned());
    let of_this = known.of_resources.iter().filter(|own| {
        asked
            .resource
            .as_deref()
            .is_some_and(|resource| own.covers(resource))
    });
    for own in of_this {
        // What was given by hand is what is meant.
        if known.policies.iter().any(|given| given.layer == own.layer) {
            continue;
        }
        match &own.document {
            Some(document) => policies.push(Given {
                name: format!("policy of {}", own.bearer),
                is_file: false,
                layer: own.layer,
                document: document.clone(),
            }),
            None => setting.unknown.push(own.layer),
        }
    }
    if !policies.iter().any(|own| own.layer == Layer::Session) {
        session_policies(asked, known, &mut policies, &mut setting);
    }
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

/// The policies that the trail says the caller's session was started with.
fn session_policies(asked: &Asked, known: &Known, policies: &mut Vec<Given>, setting: &mut Setting) {
    let (Some(trail), Some(principal)) = (&known.trail, &asked.principal) else {
        return;
    };
    let started: Vec<_> = trail.sessions.of(&principal.name).collect();
    let [with] = started.as_slice() else {
        if !started.is_empty() {
            // Sessions of this name were started differently: which one asked is not known.
            setting.unknown.push(Layer::Session);
        }
        return;
    };
    let own = with
        .text
        .as_ref()
        .and_then(|text| crate::policy::parse(text, "session policy").0);
    if with.text.is_some() && own.is_none() {
        setting.unknown.push(Layer::Session);
    }
    policies.extend(own.map(|document| Given {
        name: "session policy".to_owned(),
        is_file: false,
        layer: Layer::Session,
        document,
    }));
    for arn in &with.managed {
        match crate::grants::managed_from_catalog(arn).0 {
            Some((origin, document)) => policies.push(Given {
                name: format!("session policy {}", origin.name()),
                is_file: false,
                layer: Layer::Session,
                document,
            }),
            None => setting.unknown.push(Layer::Session),
        }
    }
}

fn given(held: &Held) -> Given {
    let is_file = matches!(held.origin, Origin::File { .. });
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
pub(super) fn answer(
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
