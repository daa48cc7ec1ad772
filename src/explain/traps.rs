//! The usual traps: what in the grants that stand comes near to allowing the request and does not,
//! and what people take a refusal for.

use super::asked::{Asked, known};
use super::caller;
use super::change::called;
use super::view::Finding;
use crate::arn::split_pattern;
use crate::denial::{Denial, DeniedBy, EncodedState, Kind};
use crate::evaluate::{Layer, Setting};
use crate::lint::known as known_entry;
use crate::pattern::{matches, matches_ignore_case, resource_matches};
use crate::policy::{ActionKnown, Condition, Document, Effect, Element, Statement};
use crate::simulate::view::Outcome;
use crate::simulate::{Given, Policies, Question};

/// A statement, as a reader finds it.
pub(super) fn place(given: &Given, number: usize, statement: &Statement) -> String {
    let sid = statement
        .sid
        .as_deref()
        .map_or(String::new(), |sid| format!(" ({sid})"));
    format!("statement {}{sid} of {}", number + 1, given.name)
}

/// What comes near to allowing the request, in policies of the layer.
pub(super) fn near_misses(
    asked: &Asked,
    policies: &[Given],
    layer: Layer,
    question: &Question,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let (Some(action), Some(resource)) = (&asked.action, &asked.resource) else {
        return found;
    };
    for given in policies.iter().filter(|given| given.layer == layer) {
        for (number, statement) in given.document.statements.iter().enumerate() {
            if statement.effect != Effect::Allow {
                continue;
            }
            let place = place(given, number, statement);
            let Element::Only(actions) = &statement.action else {
                continue;
            };
            if !actions.iter().any(|own| matches_ignore_case(own, action)) {
                found.extend(actions.iter().filter_map(|entry| misnamed(entry, action, &place)));
                continue;
            }
            let Some(Element::Only(patterns)) = &statement.resource else {
                continue;
            };
            if patterns
                .iter()
                .any(|own| own == "*" || resource_matches(own, resource) == Some(true))
            {
                found.extend(conditions(given, statement, question, &place));
            } else if resource == "*" {
                found.push(on_star(action, patterns, &place));
            } else {
                found.extend(
                    patterns
                        .iter()
                        .filter_map(|own| near_resource(own, resource, &place))
                        .take(1),
                );
            }
        }
    }
    found
}

/// An entry that is no action, and an operation that needs the refused one: `s3:ListObjects`.
fn misnamed(entry: &str, action: &str, place: &str) -> Option<Finding> {
    let ActionKnown::UnknownAction { .. } = known_entry(entry) else {
        return None;
    };
    let (prefix, name) = entry.split_once(':')?;
    let all = action_catalog::operations(name);
    let (_, operation) = all
        .iter()
        .find(|(service, _)| service.prefix.eq_ignore_ascii_case(prefix))?;
    let needs = operation
        .needs
        .iter()
        .any(|need| need.action.eq_ignore_ascii_case(action));
    needs.then(|| {
        Finding::new(
            "not-an-action",
            format!("{place} names {entry}, which is an API operation and no IAM action"),
        )
        .help(format!("the action that the operation needs is {action}"))
    })
}

fn on_star(action: &str, patterns: &[String], place: &str) -> Finding {
    let shown = patterns.first().map_or("", String::as_str);
    Finding::new(
        "asked-on-star",
        format!("{place} allows {action} on {shown}, and it is asked on * here: it never matches"),
    )
    .help("an action that lists, or that has no resource, is granted on \"*\" in a statement of its own")
    .source("https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html")
}

/// A resource that is nearly the one that is asked for.
fn near_resource(pattern: &str, resource: &str, place: &str) -> Option<Finding> {
    let own = split_pattern(pattern)?;
    let asked = split_pattern(resource)?;
    let differ: Vec<usize> = (1..6)
        .filter(|part| {
            !own.get(*part)
                .zip(asked.get(*part))
                .is_some_and(|(own, asked)| matches(own, asked))
        })
        .collect();
    let show = |finding: Finding| Some(finding.help(format!("granted: {pattern}; asked: {resource}")));
    let said = |name, text: String| show(Finding::new(name, text));
    match differ.as_slice() {
        [1] => said(
            "other-partition",
            format!("{place} names another partition than the request"),
        ),
        [3] => said(
            "other-region",
            format!("{place} names region {}, the request is in {}", own[3], asked[3]),
        ),
        [4] => said(
            "other-account",
            format!(
                "{place} names account {}, the resource is in {}",
                own[4], asked[4]
            ),
        ),
        [5] => near_name(own[2], own[5], asked[5], place, show),
        _ => None,
    }
}

fn near_name(
    service: &str,
    own: &str,
    asked: &str,
    place: &str,
    show: impl Fn(Finding) -> Option<Finding>,
) -> Option<Finding> {
    let said = |name, text: String| show(Finding::new(name, text));
    if service == "s3" {
        match (own.split_once('/'), asked.split_once('/')) {
            (None, Some((bucket, _))) if matches(own, bucket) => {
                return said(
                    "bucket-not-objects",
                    format!("{place} names the bucket, and the request is on an object in it: bucket/*"),
                );
            }
            (Some((bucket, _)), None) if matches(bucket, asked) => {
                return said(
                    "objects-not-bucket",
                    format!("{place} names objects, and the request is on the bucket itself: no /*"),
                );
            }
            (Some((bucket, _)), Some((other, _))) if matches(bucket, other) => {
                return said(
                    "other-prefix",
                    format!("{place} names other objects of the bucket"),
                );
            }
            _ => {}
        }
    }
    if asked
        .strip_prefix(own)
        .is_some_and(|rest| rest.starts_with([':', '/']))
    {
        return said(
            "parent-not-child",
            format!("{place} names the resource itself, and the request is on what is in it"),
        );
    }
    if own.trim_end_matches('*').trim_end_matches([':', '/']) == asked {
        return said(
            "child-not-parent",
            format!("{place} names what is in the resource, and the request is on the resource itself"),
        );
    }
    if own.eq_ignore_ascii_case(asked) {
        return said(
            "other-case",
            format!("{place} writes the name with other capitals"),
        );
    }
    let stem = |text: &str| text.trim_end_matches('*').trim_end_matches('/').to_owned();
    crate::near::nearest(&stem(asked), [stem(own).as_str()])?;
    said(
        "near-name",
        format!("{place} has a name that is near, and not the same"),
    )
}

/// Which condition of a statement that fits otherwise does not hold.
fn conditions(given: &Given, statement: &Statement, question: &Question, place: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for condition in &statement.conditions {
        let alone = Statement {
            conditions: vec![condition.clone()],
            ..statement.clone()
        };
        let document = Document {
            statements: vec![alone],
            ..given.document.clone()
        };
        // A layer beside identity allows nothing alone.
        let only = [Given {
            document,
            layer: Layer::Identity,
            ..given.clone()
        }];
        match Policies::new(&only, Setting::default()).answer(question).decision {
            Outcome::ImplicitDeny | Outcome::ExplicitDeny => {
                found.push(unmet(condition, question, place, true))
            }
            Outcome::Unknown => found.push(unmet(condition, question, place, false)),
            Outcome::Allowed => {}
        }
    }
    found
}

fn unmet(condition: &Condition, question: &Question, place: &str, surely: bool) -> Finding {
    let Condition {
        operator,
        key,
        values,
    } = condition;
    let given = match question.context.get(&key.to_ascii_lowercase()) {
        Some(crate::evaluate::Lookup::Values(values)) => values.join(", "),
        Some(crate::evaluate::Lookup::Absent) => "not in the request".to_owned(),
        _ => "not known".to_owned(),
    };
    let verb = if surely { "does not hold" } else { "may not hold" };
    Finding::new(
        if surely {
            "condition-unmet"
        } else {
            "condition-open"
        },
        format!("{place} allows it where {operator} {key}, which {verb}"),
    )
    .help(format!("wanted: {}; given: {given}", values.join(", ")))
}

/// What is to be known of a refusal of this kind, whatever the grants.
pub(super) fn general(denial: &Denial, asked: &Asked, layer: DeniedBy, kind: Kind) -> Vec<Finding> {
    let mut found = Vec::new();
    let action = asked.action.as_deref().unwrap_or_default();
    if let Some(encoded) = denial
        .encoded
        .as_ref()
        .filter(|own| own.state != EncodedState::Whole)
    {
        found.push(Finding::new("encoded-cut-off", undecodable(encoded.state)));
    }
    if kind == Kind::Explicit {
        found.push(
            Finding::new("deny-wins", format!("a Deny in the {} refuses: no Allow outvotes it", called(layer)))
                .source("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html"),
        );
    }
    by_layer(layer, kind, asked, &mut found);
    by_action(denial, asked, action, &mut found);
    if asked.crosses_accounts() {
        let (own, other) = (
            asked.account().unwrap_or_default(),
            asked.owner().unwrap_or_default(),
        );
        found.push(
            Finding::new("cross-account", format!("the caller is of account {own}, the resource of account {other}"))
                .help("both must allow it: an identity policy here, and the resource's policy there")
                .source("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html"),
        );
    }
    found
}

pub(super) fn undecodable(state: EncodedState) -> &'static str {
    match state {
        EncodedState::Whole => "the encoded message says which statement refused; decode it to see",
        EncodedState::CutOff => {
            "the encoded message ends in ...: CloudTrail keeps the first 1,024 characters only, and what is left cannot be decoded; make the call again and take the message from the client"
        }
        EncodedState::Damaged => {
            "the encoded message is not whole, and cannot be decoded; copy all of it from the client's own output"
        }
    }
}

fn by_layer(layer: DeniedBy, kind: Kind, asked: &Asked, found: &mut Vec<Finding>) {
    match layer {
        DeniedBy::Session => found.push(
            Finding::new("session-policy", "the session was started with a policy of its own, which the role's policies cannot widen")
                .help("look at the Policy and PolicyArns of AssumeRole, at the identity provider's session tags, and at what started the session")
                .source("https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session"),
        ),
        DeniedBy::Scp if kind == Kind::Explicit => {
            let region = asked.place.get("Region").unwrap_or("a region that the text does not name");
            found.push(
                Finding::new("region-lock", format!("the call was in {region}; many organizations deny regions (aws:RequestedRegion)"))
                    .help("see whether the same call works in a region that the organization uses; global services are called in us-east-1")
                    .source("https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html"),
            );
        }
        DeniedBy::Endpoint => found.push(
            Finding::new("vpc-endpoint", "the request went through a VPC endpoint, whose policy does not allow it")
                .help("its owner changes the endpoint's policy; the caller's policies are not asked there")
                .source("https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html"),
        ),
        DeniedBy::Boundary => found.push(
            Finding::new("boundary", "the permissions boundary limits what every identity policy of the caller can grant")
                .source("https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"),
        ),
        DeniedBy::Unknown => found.push(
            Finding::new("layer-not-told", "the message does not say which kind of policy refused")
                .help("an identity policy helps only where nothing else refuses: give --grants, and the policies of other layers, to know"),
        ),
        _ => {}
    }
}

fn by_action(denial: &Denial, asked: &Asked, action: &str, found: &mut Vec<Finding>) {
    let operation = denial.operation.as_deref().unwrap_or_default();
    match action {
        "s3:ListBucket" if matches!(operation, "GetObject" | "HeadObject" | "GetObjectAttributes" | "CopyObject") => {
            found.push(
                Finding::new("missing-object", "S3 asks for s3:ListBucket because the object is not there: without it the answer is 403 and not 404")
                    .help("look at the key first: with s3:ListBucket the call answers 404, and works no better")
                    .source("https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"),
            );
        }
        "s3:GetObject" if denial.resource.is_none() => found.push(
            Finding::new("may-be-missing", "a plain S3 refusal also comes where the object does not exist and the caller may not list the bucket")
                .help("grant s3:ListBucket on the bucket to be told 404 where the key is wrong")
                .source("https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"),
        ),
        "iam:PassRole" => found.push(
            Finding::new("pass-role", "the caller hands a role over to a service: that needs iam:PassRole on the role, by the caller")
                .help("grant it on this role only, with iam:PassedToService")
                .source("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"),
        ),
        "sts:AssumeRole" | "sts:AssumeRoleWithSAML" | "sts:AssumeRoleWithWebIdentity" | "sts:TagSession" => found.push(
            Finding::new("assume-role", "two policies decide: the role's trust policy, and an identity policy of the caller where the trust policy names its account only, or the role is in another account")
                .help("compare the trust policy's Principal and Condition (sts:ExternalId, sub, aud) with the caller")
                .source("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html"),
        ),
        _ if action.starts_with("kms:") => found.push(
            Finding::new("key-policy", "the key policy decides first: identity policies count only where it hands the decision to the account")
                .help("look at the key policy as well: its owner must allow the caller, or the caller's account")
                .source("https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"),
        ),
        _ => {}
    }
    let none = known(action).is_some_and(|(_, own)| own.resources.is_empty());
    if none && asked.resource.as_deref() == Some("*") {
        found.push(
            Finding::new("no-resource", format!("{action} has no resource: only a statement on \"*\" allows it"))
                .source("https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"),
        );
    }
    if caller::role(asked).is_none() && asked.principal.is_none() {
        found.push(
            Finding::new("caller-not-told", "the message does not say who was refused")
                .help("aws sts get-caller-identity, run where the call was made, says it"),
        );
    }
}
