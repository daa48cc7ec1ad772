//! The usual traps, each with the grants that set it.

use serde_json::{Value, json};

use super::view::{Helps, Refusal};
use super::{Known, Options, explain};
use crate::denial::{self, DeniedBy, Kind};
use crate::evaluate::{Layer, Setting};
use crate::grants::read_authorization_details;
use crate::recommend::Allowed;
use crate::simulate::Given;

const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/app/session-1";

fn message(action: &str, resource: &str) -> String {
    format!(
        "User: {CALLER} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    )
}

fn account(policy: &Value, trust: &Value) -> Known {
    let text = json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [
            {"RoleName": "app", "Arn": "arn:aws:iam::111122223333:role/service/app", "RoleId": "AROAEXAMPLEEXAMPLE00",
             "AssumeRolePolicyDocument": trust, "AttachedManagedPolicies": [],
             "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": policy}]},
            {"RoleName": "reports", "Arn": "arn:aws:iam::111122223333:role/reports", "RoleId": "AROAEXAMPLEEXAMPLE01",
             "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                 {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}, "Action": "sts:AssumeRole"}]},
             "AttachedManagedPolicies": [], "RolePolicyList": []},
        ],
    });
    let (account, said) = read_authorization_details(&text.to_string(), "grants.json");
    let errors = said
        .iter()
        .filter(|own| own.severity == crate::diagnostic::Severity::Error);
    assert_eq!(errors.count(), 0, "{said:?}");
    Known {
        account,
        ..Known::default()
    }
}

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: &str, resource: &str) -> Value {
    policy(json!([{"Effect": "Allow", "Action": action, "Resource": resource}]))
}

fn lambda() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
}

fn with(known: &Known, text: &str) -> Refusal {
    let mut explained = explain(&denial::read(text), known, &Options::default());
    assert_eq!(explained.refusals.len(), 1, "{text}");
    explained.refusals.remove(0)
}

/// The refusal of a caller that holds this policy.
fn held(held: &Value, action: &str, resource: &str) -> Refusal {
    with(&account(held, &lambda()), &message(action, resource))
}

#[track_caller]
fn finds(refusal: &Refusal, name: &str, shown: &str) {
    let found = refusal.findings.iter().find(|own| own.name == name);
    let Some(found) = found else {
        panic!("no {name} in {:#?}", refusal.findings)
    };
    let all = format!("{} {}", found.text, found.help.as_deref().unwrap_or_default());
    assert!(all.contains(shown), "{all}");
}

fn statements(refusal: &Refusal) -> &[Value] {
    &refusal.change.as_ref().unwrap().statements
}

#[test]
fn the_bucket_is_not_its_objects_and_the_reverse() {
    let object = held(
        &allow("s3:GetObject", "arn:aws:s3:::acme"),
        "s3:GetObject",
        "arn:aws:s3:::acme/a.csv",
    );
    finds(&object, "bucket-not-objects", "statement 1 of inline policy own");
    let bucket = held(
        &allow("s3:ListBucket", "arn:aws:s3:::acme/*"),
        "s3:ListBucket",
        "arn:aws:s3:::acme",
    );
    finds(&bucket, "objects-not-bucket", "arn:aws:s3:::acme/*");
}

#[test]
fn another_account_region_or_partition_is_shown_with_both() {
    let asked = "arn:aws:sqs:eu-west-1:111122223333:jobs";
    for (granted, name) in [
        ("arn:aws:sqs:eu-west-1:444455556666:jobs", "other-account"),
        ("arn:aws:sqs:us-east-1:111122223333:jobs", "other-region"),
        ("arn:aws-cn:sqs:eu-west-1:111122223333:jobs", "other-partition"),
        ("arn:aws:sqs:eu-west-1:111122223333:jods", "near-name"),
        ("arn:aws:sqs:eu-west-1:111122223333:Jobs", "other-case"),
    ] {
        let refusal = held(&allow("sqs:SendMessage", granted), "sqs:SendMessage", asked);
        finds(&refusal, name, granted);
        finds(&refusal, name, asked);
    }
}

#[test]
fn a_name_that_is_far_is_no_near_miss() {
    let granted = allow("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:invoices");
    let refusal = held(
        &granted,
        "sqs:SendMessage",
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
    );
    assert!(
        !refusal.findings.iter().any(|own| own.name == "near-name"),
        "{:?}",
        refusal.findings
    );
}

#[test]
fn a_parent_is_not_its_children() {
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
    let refusal = held(
        &allow("dynamodb:Query", table),
        "dynamodb:Query",
        &format!("{table}/index/by-day"),
    );
    finds(&refusal, "parent-not-child", table);
}

#[test]
fn a_condition_that_does_not_hold_shows_key_wanted_and_given() {
    let held = policy(
        json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}]),
    );
    let refusal = with(
        &account(&held, &lambda()),
        &message("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
    );
    finds(&refusal, "condition-unmet", "aws:RequestedRegion");
    finds(&refusal, "condition-unmet", "wanted: us-east-1; given: eu-west-1");
}

#[test]
fn a_condition_on_what_nobody_knows_is_open() {
    let held = policy(
        json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}]),
    );
    let refusal = with(
        &account(&held, &lambda()),
        &message("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
    );
    finds(&refusal, "condition-open", "given: not known");
}

#[test]
fn list_calls_ask_on_everything() {
    let bucket = held(
        &allow(
            "ec2:DescribeInstances",
            "arn:aws:ec2:eu-west-1:111122223333:instance/*",
        ),
        "ec2:DescribeInstances",
        "*",
    );
    finds(&bucket, "asked-on-star", "it is asked on *");
    assert_eq!(statements(&bucket)[0]["Resource"], "*");
}

#[test]
fn an_operation_is_not_its_action() {
    let refusal = held(
        &allow("s3:ListObjectsV2", "arn:aws:s3:::acme"),
        "s3:ListBucket",
        "arn:aws:s3:::acme",
    );
    finds(&refusal, "not-an-action", "s3:ListObjectsV2");
    finds(&refusal, "not-an-action", "s3:ListBucket");
}

#[test]
fn a_missing_object_asks_to_list_the_bucket() {
    let text = format!(
        "An error occurred (AccessDenied) when calling the GetObject operation: {}",
        message("s3:ListBucket", "arn:aws:s3:::acme")
    );
    finds(&with(&Known::default(), &text), "missing-object", "404");
}

#[test]
fn a_key_has_a_policy_of_its_own() {
    let key = "arn:aws:kms:eu-west-1:444455556666:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    let refusal = held(&policy(json!([])), "kms:Decrypt", key);
    finds(&refusal, "key-policy", "key policy");
    finds(&refusal, "cross-account", "444455556666");
    let also: Vec<DeniedBy> = refusal.also.iter().map(|own| own.layer).collect();
    assert_eq!(also, [DeniedBy::Key]);
    assert_eq!(
        refusal.also[0].statements[0]["Principal"]["AWS"],
        "arn:aws:iam::111122223333:role/service/app"
    );
    assert_eq!(refusal.also[0].statements[0]["Resource"], "*");
}

#[test]
fn a_role_is_handed_over_by_the_caller() {
    let text = format!(
        "An error occurred (AccessDeniedException) when calling the CreateFunction operation: {}",
        message("iam:PassRole", "arn:aws:iam::111122223333:role/run")
    );
    let refusal = with(&account(&policy(json!([])), &lambda()), &text);
    finds(&refusal, "pass-role", "iam:PassRole");
    let own = statements(&refusal)
        .iter()
        .find(|own| own["Action"] == "iam:PassRole")
        .unwrap();
    assert_eq!(
        own["Condition"]["StringEquals"]["iam:PassedToService"],
        "lambda.amazonaws.com"
    );
    assert_eq!(own["Resource"], "arn:aws:iam::111122223333:role/run");
}

#[test]
fn assuming_a_role_takes_trust_and_identity() {
    let text = format!(
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: {CALLER} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/reports"
    );
    let refusal = with(&account(&policy(json!([])), &lambda()), &text);
    finds(&refusal, "assume-role", "trust policy");
    let mut layers: Vec<DeniedBy> = refusal
        .change
        .iter()
        .chain(&refusal.also)
        .map(|own| own.layer)
        .collect();
    layers.sort();
    assert!(layers.contains(&DeniedBy::Trust), "{layers:?}");
    let trust = refusal
        .change
        .iter()
        .chain(&refusal.also)
        .find(|own| own.layer == DeniedBy::Trust)
        .unwrap();
    assert!(trust.statements.iter().all(|own| own.get("Resource").is_none()));
    assert!(
        trust.text.as_ref().unwrap().1.contains("role/service/app"),
        "{trust:?}"
    );
}

#[test]
fn the_caller_may_be_somebody_else() {
    let known = Known {
        holder: Some("role/deployer".to_owned()),
        ..Known::default()
    };
    let refusal = with(&known, &message("s3:GetObject", "arn:aws:s3:::acme/a"));
    finds(&refusal, "other-principal", "role/app, not role/deployer");
    let node = message("s3:GetObject", "arn:aws:s3:::acme/a").replace("session-1", "i-0123456789abcdef0");
    let refusal = with(&Known::default(), &node);
    finds(&refusal, "node-role", "IRSA");
    let task = message("s3:GetObject", "arn:aws:s3:::acme/a")
        .replace("session-1", "0123456789abcdef0123456789abcdef");
    finds(&with(&Known::default(), &task), "caller", "execution role");
}

#[test]
fn whoever_is_not_in_the_grants_is_named_with_who_is() {
    let text = message("s3:GetObject", "arn:aws:s3:::acme/a").replace("role/app/", "role/report/");
    let refusal = with(&account(&policy(json!([])), &lambda()), &text);
    finds(&refusal, "not-in-grants", "role/reports");
}

#[test]
fn no_allow_outvotes_a_deny() {
    let held = policy(json!([
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Sid": "NoSecrets", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/secret/*"}]));
    let text = format!(
        "User: {CALLER} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::acme/secret/a with an explicit deny in an identity-based policy"
    );
    let refusal = with(&account(&held, &lambda()), &text);
    finds(&refusal, "deny-wins", "no Allow outvotes it");
    finds(&refusal, "deny", "statement 2 (NoSecrets) of inline policy own");
    let change = refusal.change.unwrap();
    assert!(change.statements.is_empty() && !change.ready);
    assert!(
        change.how.iter().any(|how| how.contains("NoSecrets")),
        "{:?}",
        change.how
    );
}

#[test]
fn a_session_policy_cannot_be_widened_from_behind() {
    let text =
        message("s3:GetObject", "arn:aws:s3:::acme/a").replace("identity-based policy", "session policy");
    let refusal = with(&account(&policy(json!([])), &lambda()), &text);
    finds(&refusal, "session-policy", "AssumeRole");
    assert_eq!(
        (refusal.layer, refusal.identity_change_helps),
        (DeniedBy::Session, Helps::No)
    );
    assert_eq!(refusal.change.as_ref().unwrap().layer, DeniedBy::Session);
    assert!(refusal.owner.unwrap().contains("started the session"));
}

#[test]
fn a_region_lock_is_named() {
    let text = format!(
        "User: {CALLER} is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:ap-south-1:111122223333:jobs with an explicit deny in a service control policy"
    );
    let refusal = with(&Known::default(), &text);
    finds(&refusal, "region-lock", "ap-south-1");
    assert_eq!(refusal.owner.as_deref(), Some("the organization's administrator"));
    assert!(refusal.change.unwrap().statements.is_empty());
}

#[test]
fn what_only_looks_like_a_refusal_is_said_to_be_none() {
    let reading = denial::read(
        "An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
    );
    let explained = explain(&reading, &Known::default(), &Options::default());
    assert!(explained.refusals.is_empty());
    assert_eq!(explained.look_alikes[0].what, "ExpiredToken");
}

#[test]
fn a_second_refusal_behind_the_first_is_told_now() {
    let (scp, _) = crate::policy::parse(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
        "scp.json",
    );
    let mut known = account(&policy(json!([])), &lambda());
    known.policies = vec![Given {
        name: "scp.json".to_owned(),
        is_file: true,
        layer: Layer::Scp(0),
        document: scp.unwrap(),
    }];
    let refusal = with(
        &known,
        &message("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
    );
    assert_eq!(refusal.change.as_ref().unwrap().layer, DeniedBy::Identity);
    let also: Vec<DeniedBy> = refusal.also.iter().map(|own| own.layer).collect();
    assert_eq!(also, [DeniedBy::Scp]);
}

#[test]
fn a_layer_that_the_message_does_not_name_is_found_in_the_grants() {
    let text = format!(
        "User: {CALLER} is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:eu-west-1:111122223333:jobs"
    );
    let alone = with(&Known::default(), &text);
    assert_eq!(
        (alone.layer, alone.kind, alone.identity_change_helps),
        (DeniedBy::Unknown, Kind::Unknown, Helps::Unknown)
    );
    finds(&alone, "layer-not-told", "--grants");
    let held = held(
        &policy(json!([])),
        "sqs:SendMessage",
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
    );
    assert_eq!(
        (held.layer, held.kind, held.identity_change_helps),
        (DeniedBy::Identity, Kind::Implicit, Helps::Yes)
    );
}

#[test]
fn grants_that_allow_it_do_not_explain_it() {
    let refusal = held(&allow("s3:GetObject", "*"), "s3:GetObject", "arn:aws:s3:::acme/a");
    finds(&refusal, "allowed-by-grants", "fetch the grants anew");
}

#[test]
fn an_action_joins_the_statement_on_the_same_resource() {
    let queue = "arn:aws:sqs:eu-west-1:111122223333:jobs";
    let refusal = held(&allow("sqs:SendMessage", queue), "sqs:PurgeQueue", queue);
    let change = refusal.change.as_ref().unwrap();
    assert!(!change.is_new && change.ready, "{change:?}");
    assert_eq!(change.policy, "inline policy own of role/app");
    assert_eq!(change.statements.len(), 1);
    assert_eq!(
        change.statements[0]["Action"],
        json!(["sqs:SendMessage", "sqs:PurgeQueue"])
    );
}

#[test]
fn what_opens_a_path_is_not_ready_until_it_is_named() {
    let user = "arn:aws:iam::111122223333:user/*";
    let known = account(&policy(json!([])), &lambda());
    let text = message("iam:CreateAccessKey", user);
    let refusal = with(&known, &text);
    let name = refusal.dangers.first().expect("a danger").opened.name;
    assert!(!refusal.change.as_ref().unwrap().ready);
    let options = Options {
        allow_dangerous: Allowed::Named(
            refusal
                .dangers
                .iter()
                .map(|own| own.opened.name.to_owned())
                .collect(),
        ),
        ..Options::default()
    };
    let explained = explain(&denial::read(&text), &known, &options);
    assert!(explained.refusals[0].change.as_ref().unwrap().ready, "{name}");
}

#[test]
fn what_comes_next_can_be_left_out() {
    let text = format!(
        "Error: creating Lambda Function (x): operation error Lambda: CreateFunction, https response error StatusCode: 403, RequestID: 1, api error AccessDeniedException: {}\n\n  with aws_lambda_function.x,",
        message(
            "lambda:CreateFunction",
            "arn:aws:lambda:eu-west-1:111122223333:function:x"
        )
    );
    let reading = denial::read(&text);
    let of = |options: &Options| {
        let explained = explain(&reading, &Known::default(), options);
        let own = &explained.refusals[0];
        (
            super::openings::pairs(statements(own)).len(),
            own.next.certain.len(),
            own.next.likely.len(),
        )
    };
    let (all, certain, likely) = of(&Options::default());
    assert!(likely > 0);
    assert_eq!(all, 1 + certain + likely);
    assert_eq!(
        of(&Options {
            only_certain: true,
            ..Options::default()
        })
        .0,
        1 + certain
    );
    assert_eq!(
        of(&Options {
            only_this: true,
            ..Options::default()
        })
        .0,
        1
    );
}

#[test]
fn a_refusal_without_resource_is_not_ready() {
    let text = "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied";
    let refusal = with(&Known::default(), text);
    let change = refusal.change.as_ref().unwrap();
    assert!(!change.ready);
    assert_eq!(refusal.resource, None);
}

#[test]
fn the_bucket_beside_a_plain_refusal_is_taken() {
    let text = "upload failed: ./a.js to s3://acme-site/js/a.js An error occurred (AccessDenied) when calling the PutObject operation: Access Denied";
    let refusal = with(&Known::default(), text);
    assert_eq!(refusal.resource, None);
    assert_eq!(
        refusal.resource_arn.as_deref(),
        Some("arn:aws:s3:::acme-site/js/a.js")
    );
}

#[test]
fn names_become_arns() {
    for (action, named, arn) in [
        (
            "iam:GetRole",
            "role deploy",
            "arn:aws:iam::111122223333:role/deploy",
        ),
        (
            "sqs:SendMessage",
            "https://sqs.eu-west-1.amazonaws.com/444455556666/jobs",
            "arn:aws:sqs:eu-west-1:444455556666:jobs",
        ),
    ] {
        let refusal = with(&Known::default(), &message(action, named));
        assert_eq!(refusal.resource_arn.as_deref(), Some(arn));
    }
}

#[test]
fn nothing_is_granted_to_a_service_linked_role() {
    let text = "User: arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling is not authorized to perform: kms:CreateGrant on resource: arn:aws:kms:eu-west-1:111122223333:key/1";
    let refusal = with(&Known::default(), text);
    finds(&refusal, "service-linked-role", "AWS's own");
    assert_eq!(refusal.change.as_ref().map(|own| own.layer), Some(DeniedBy::Key));
    assert_eq!(refusal.identity_change_helps, Helps::No);
}

#[test]
fn a_permission_set_is_changed_where_it_is_written() {
    let text = message("s3:GetObject", "arn:aws:s3:::acme/a")
        .replace("role/app/", "role/AWSReservedSSO_Dev_0123456789abcdef/");
    let refusal = with(&Known::default(), &text);
    finds(&refusal, "permission-set", "permission set Dev");
    assert!(refusal.owner.unwrap().contains("Identity Center"));
}

#[test]
fn unknown_layers_stay_unknown() {
    let mut known = account(&policy(json!([])), &lambda());
    known.setting = Setting {
        unknown: vec![Layer::Scp(0)],
        ..Setting::default()
    };
    let refusal = with(
        &known,
        &message("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
    );
    assert!(refusal.also.is_empty());
}

#[test]
fn the_changes_of_one_caller_build_upon_each_other() {
    let queue = "arn:aws:sqs:eu-west-1:111122223333:jobs";
    let text = format!(
        "{}\n{}\n",
        message("sqs:SendMessage", queue),
        message("sns:Publish", "arn:aws:sns:eu-west-1:111122223333:news")
    );
    for held in [policy(json!([])), allow("s3:ListAllMyBuckets", "*")] {
        let explained = explain(
            &denial::read(&text),
            &account(&held, &lambda()),
            &Options::default(),
        );
        let [first, second] = explained.refusals.as_slice() else {
            panic!("{explained:?}")
        };
        let text = |refusal: &Refusal| {
            refusal
                .change
                .as_ref()
                .unwrap()
                .document
                .clone()
                .unwrap()
                .to_string()
        };
        assert!(text(first).contains("sqs:SendMessage") && !text(first).contains("sns:Publish"));
        assert!(text(second).contains("sqs:SendMessage") && text(second).contains("sns:Publish"));
        assert_eq!(
            first.change.as_ref().unwrap().policy,
            second.change.as_ref().unwrap().policy
        );
    }
}

#[test]
fn the_policy_that_a_session_was_started_with_is_read_from_the_trail() {
    let event = |policy: Value| {
        json!({"eventVersion": "1.11", "eventTime": "2026-11-20T10:00:00Z", "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRole", "awsRegion": "eu-west-1", "eventType": "AwsApiCall", "eventID": policy.to_string(),
            "userIdentity": {"type": "AWSAccount", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:user/ci"},
            "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/service/app", "roleSessionName": CALLER.rsplit('/').next().unwrap(),
                "policy": policy.to_string()}})
    };
    let narrow = allow("s3:GetObject", "*");
    let known = |events: &[Value]| {
        let mut ledger = crate::evidence::Ledger::default();
        for event in events {
            let text = event.to_string();
            let mut scratch = crate::trail::Scratch::default();
            ledger.observe(&crate::trail::Event::parse(text.as_bytes(), &mut scratch).unwrap());
        }
        Known {
            trail: Some(ledger),
            ..account(&allow("sqs:*", "*"), &lambda())
        }
    };
    let text = format!(
        "An error occurred (AccessDenied) when calling the SendMessage operation: User: {CALLER} is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:eu-west-1:111122223333:jobs"
    );
    let refusal = with(&known(&[event(narrow.clone())]), &text);
    assert_eq!(refusal.layer, DeniedBy::Session, "{:#?}", refusal.layers);
    assert_eq!(refusal.identity_change_helps, Helps::No);
    // Two sessions of one name that were started differently: which one asked nobody knows.
    let refusal = with(&known(&[event(narrow), event(allow("sqs:*", "*"))]), &text);
    assert_ne!(refusal.layer, DeniedBy::Session, "{:#?}", refusal.layers);
}
