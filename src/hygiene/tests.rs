//! Each finding over accounts made for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::credentials::HEADER;
use super::*;
use crate::diagnostic::Severity;
use crate::evidence::Interest;
use crate::grants::read_authorization_details;
use crate::trail::Scratch;

const ID: &str = "111122223333";

fn user(name: &str, attached: &[&str]) -> Value {
    let attached: Vec<Value> = attached
        .iter()
        .map(|name| json!({"PolicyName": name, "PolicyArn": format!("arn:aws:iam::aws:policy/{name}")}))
        .collect();
    json!({"Path": "/", "UserName": name, "UserId": "AIDAEXAMPLE", "Arn": format!("arn:aws:iam::{ID}:user/{name}"),
        "CreateDate": "2024-03-01T09:00:00+00:00", "GroupList": [], "AttachedManagedPolicies": attached})
}

fn role(name: &str, statement: Value) -> Value {
    json!({"Path": "/", "RoleName": name, "RoleId": "AROAEXAMPLE", "Arn": format!("arn:aws:iam::{ID}:role/{name}"),
        "CreateDate": "2024-03-01T09:00:00+00:00", "RolePolicyList": [], "AttachedManagedPolicies": [],
        "InstanceProfileList": [], "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}})
}

fn account(users: &[Value], roles: &[Value]) -> Account {
    let details =
        json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": []});
    read_authorization_details(&details.to_string(), "grants")
        .0
        .unwrap()
}

fn ledger(records: &[Value]) -> Ledger {
    let interest = Interest {
        callers: true,
        ..Interest::default()
    };
    let mut ledger = Ledger::default();
    for record in records {
        let text = record.to_string();
        let mut scratch = Scratch::default();
        let event = crate::trail::Event::parse(text.as_bytes(), &mut scratch).unwrap();
        ledger.observe(&event);
        ledger.add(&event, &interest);
    }
    ledger
}

/// A call of a user with a long-term key.
fn call(name: &str, day: u32, hour: u32, address: &str, agent: &str) -> Value {
    json!({"userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{ID}:user/{name}"), "accountId": ID,
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": name},
        "eventTime": format!("2026-03-{day:02}T{hour:02}:00:00Z"), "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances", "awsRegion": "eu-west-1", "sourceIPAddress": address, "userAgent": agent,
        "eventID": format!("{name}-{day}-{hour}"), "recipientAccountId": ID})
}

fn found(account: &Account, records: &[Value], given: &Given) -> Vec<Finding> {
    let ledger = ledger(records);
    let case = Case {
        account,
        ledger: &ledger,
        end: "2026-03-31T00:00:00Z".parse().unwrap(),
        given,
    };
    findings(&case).0
}

fn about<'f>(found: &'f [Finding], code: &str) -> BTreeSet<&'f str> {
    let own = found.iter().filter(|own| own.code == code);
    own.map(|own| own.subject.rsplit([':', '/']).next().unwrap_or_default())
        .collect()
}

const CLI: [&str; 3] = [
    "aws-cli/2.15.1 os/macos#24.0 md/arch#arm64",
    "aws-cli/2.31.1 os/linux#6.8 md/arch#x86_64",
    "aws-cli/2.28.0 os/windows#11 md/arch#amd64",
];

#[test]
fn several_people_are_told_from_one_person_and_from_a_fleet() {
    let networks = ["198.51.100.4", "203.0.113.4", "192.0.2.4"];
    let mut records = Vec::new();
    for day in 1..=20 {
        for (at, network) in (0..3).zip(networks) {
            // Three people, each at home.
            records.push(call("team", day, at, network, CLI[at as usize]));
            // A laptop and a browser, at home, at work and on the way.
            let agent = if at == 0 {
                "[Mozilla/5.0 (Macintosh; Intel) X]"
            } else {
                CLI[0]
            };
            records.push(call("one", day, at, network, agent));
            // Many hosts of one program.
            records.push(call(
                "fleet",
                day,
                at,
                network,
                &format!("aws-sdk-java/2.{at}.1 Linux/5"),
            ));
        }
        // A tool that is updated as time goes by.
        records.push(call(
            "updates",
            day,
            1,
            networks[day as usize % 3],
            &format!("aws-cli/2.{}.0 os/macos#24", day / 5),
        ));
    }
    let users: Vec<Value> = ["team", "one", "fleet", "updates"]
        .iter()
        .map(|name| user(name, &[]))
        .collect();
    let found = found(&account(&users, &[]), &records, &Given::default());
    assert_eq!(about(&found, "user-seems-shared"), BTreeSet::from(["team"]));
    assert_eq!(about(&found, "role-would-do"), BTreeSet::from(["fleet"]));
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains("seems") && text.contains("AKIA***MPLE") && !text.contains("AKIAIOSFODNN7EXAMPLE"));
}

#[test]
fn a_key_on_aws_compute_is_one_finding() {
    let agent = "Boto3/1.34 md/Botocore#1.34 exec-env/AWS_Lambda_python3.12";
    let records: Vec<Value> = (1..=9)
        .map(|day| call("job", day, 1, "203.0.113.9", agent))
        .collect();
    let found = found(&account(&[user("job", &[])], &[]), &records, &Given::default());
    assert_eq!(
        about(&found, "access-key-on-aws-compute"),
        BTreeSet::from(["job"])
    );
    assert!(about(&found, "role-would-do").is_empty());
    assert!(
        found[0]
            .evidence
            .iter()
            .any(|own| own.detail.contains("AWS_Lambda_python3.12"))
    );
}

fn report(rows: &[&str]) -> Given {
    let text = format!("{HEADER}{}\n", rows.join("\n"));
    let (report, said) = read_credential_report(&text, "report");
    assert!(said.is_empty(), "{said:?}");
    Given {
        report,
        ..Given::default()
    }
}

#[test]
fn the_credential_report_is_judged_by_its_own_time() {
    let none = "false,N/A,N/A,N/A,N/A";
    let rows = [
        format!(
            "<root_account>,arn:aws:iam::{ID}:root,2020-01-01T00:00:00+00:00,not_supported,2026-03-20T10:00:00+00:00,not_supported,not_supported,false,true,2020-01-02T00:00:00+00:00,N/A,N/A,N/A,{none},false,N/A,false,N/A"
        ),
        // A privileged person without MFA, whose password is old, and a person with little.
        format!(
            "admin,arn:aws:iam::{ID}:user/admin,2024-01-01T00:00:00+00:00,true,2026-03-30T00:00:00+00:00,2025-01-01T00:00:00+00:00,N/A,false,{none},{none},false,N/A,false,N/A"
        ),
        format!(
            "little,arn:aws:iam::{ID}:user/little,2024-01-01T00:00:00+00:00,true,2025-10-01T00:00:00+00:00,2026-03-01T00:00:00+00:00,N/A,false,{none},{none},false,N/A,false,N/A"
        ),
        // All is well.
        format!(
            "good,arn:aws:iam::{ID}:user/good,2024-01-01T00:00:00+00:00,true,2026-03-30T00:00:00+00:00,2026-03-01T00:00:00+00:00,N/A,true,{none},{none},false,N/A,false,N/A"
        ),
        // Two keys: one old and in use, one new and not used yet.
        format!(
            "keys,arn:aws:iam::{ID}:user/keys,2024-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,2025-01-01T00:00:00+00:00,2026-03-30T00:00:00+00:00,eu-west-1,s3,true,2026-03-29T00:00:00+00:00,N/A,N/A,N/A,false,N/A,false,N/A"
        ),
        format!(
            "forgotten,arn:aws:iam::{ID}:user/forgotten,2024-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,true,2025-01-01T00:00:00+00:00,N/A,N/A,N/A,{none},false,N/A,false,N/A"
        ),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let users = [
        user("admin", &["AdministratorAccess"]),
        user("little", &["AmazonEC2ReadOnlyAccess"]),
        user("good", &["AdministratorAccess"]),
        user("keys", &[]),
        user("forgotten", &[]),
    ];
    let found = found(
        &account(&users, &[]),
        &[call("good", 30, 1, "203.0.113.9", CLI[0])],
        &report(&rows),
    );
    for (code, who) in [
        ("root-access-key", &["root"][..]),
        ("root-without-mfa", &["root"]),
        ("root-used", &["root"]),
        ("privileged-user-without-mfa", &["admin"]),
        ("user-without-mfa", &["little"]),
        ("password-unused", &["little"]),
        ("password-old", &["admin"]),
        ("access-key-old", &["forgotten", "keys"]),
        ("access-key-unused", &["forgotten"]),
        ("two-active-access-keys", &["keys"]),
        ("policy-on-user", &["admin", "good", "little"]),
    ] {
        assert_eq!(about(&found, code), who.iter().copied().collect(), "{code}");
    }
    assert!(found.is_sorted());
    assert!(
        found
            .iter()
            .all(|own| !own.evidence.is_empty() && !own.fix.is_empty())
    );
}

#[test]
fn trust_that_anyone_or_nobody_uses() {
    let trust = |principal: Value, action: &str, condition: Value| json!({"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition});
    let oidc =
        json!({"Federated": format!("arn:aws:iam::{ID}:oidc-provider/token.actions.githubusercontent.com")});
    let aud = json!({"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"});
    let sub = |value: &str| json!({"StringLike": {"token.actions.githubusercontent.com:sub": value}});
    let web = "sts:AssumeRoleWithWebIdentity";
    let assume = "sts:AssumeRole";
    let roles = [
        role("open", trust(json!({"AWS": "*"}), assume, json!({}))),
        role(
            "secret",
            trust(
                json!("*"),
                assume,
                json!({"StringEquals": {"sts:ExternalId": "x"}}),
            ),
        ),
        role(
            "org",
            trust(
                json!({"AWS": "*"}),
                assume,
                json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            ),
        ),
        role(
            "own",
            trust(
                json!({"AWS": format!("arn:aws:iam::{ID}:root")}),
                assume,
                json!({}),
            ),
        ),
        role(
            "service",
            trust(json!({"Service": "lambda.amazonaws.com"}), assume, json!({})),
        ),
        role("github", trust(oidc.clone(), web, json!({"StringEquals": aud}))),
        role("github-any", trust(oidc.clone(), web, sub("repo:*"))),
        role("github-one", trust(oidc, web, sub("repo:acme/app:*"))),
        role(
            "partner",
            trust(
                json!({"AWS": ["arn:aws:iam::222233334444:root", "444455556666"]}),
                assume,
                json!({}),
            ),
        ),
    ];
    let assumed = json!({"userIdentity": {"type": "AWSAccount", "accountId": "222233334444", "principalId": "AROAX:y"},
        "eventTime": "2026-03-02T00:00:00Z", "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
        "awsRegion": "eu-west-1", "eventID": "a", "recipientAccountId": ID,
        "requestParameters": {"roleArn": format!("arn:aws:iam::{ID}:role/partner")}});
    let account = account(&[], &roles);
    let all = found(&account, &[assumed], &Given::default());
    assert_eq!(
        about(&all, "role-anyone-may-assume"),
        BTreeSet::from(["open", "secret"])
    );
    assert_eq!(
        about(&all, "oidc-trust-without-sub"),
        BTreeSet::from(["github", "github-any"])
    );
    assert_eq!(
        about(&all, "cross-account-trust-unused"),
        BTreeSet::from(["partner"])
    );
    let partner = all
        .iter()
        .find(|own| own.code == "cross-account-trust-unused")
        .unwrap();
    assert!(partner.message.contains("444455556666") && !partner.message.contains("222233334444"));
    // A trail that shows nobody assume anything says nothing of it.
    let blind = found(
        &account,
        &[call("x", 1, 1, "203.0.113.9", CLI[0])],
        &Given::default(),
    );
    assert!(about(&blind, "cross-account-trust-unused").is_empty());
}

#[test]
fn what_is_switched_off_is_found_in_settings_and_in_the_trail() {
    let by = |name: &str, source: &str, day: u32| {
        let mut record = call("ops", day, 1, "203.0.113.9", CLI[0]);
        record["eventName"] = name.into();
        record["eventSource"] = source.into();
        record["requestParameters"] = json!({"name": "org"});
        record
    };
    let records = [
        by("StopLogging", "cloudtrail.amazonaws.com", 3),
        by("StartLogging", "cloudtrail.amazonaws.com", 4),
        by("DeleteConfigurationRecorder", "config.amazonaws.com", 5),
    ];
    let account = account(&[user("ops", &[])], &[]);
    let all = found(&account, &records, &Given::default());
    let stopped = all.iter().find(|own| own.code == "trail-stopped").unwrap();
    assert_eq!((stopped.severity, stopped.evidence.len()), (Severity::Warning, 2));
    assert_eq!(stopped.evidence[0].event_ids, ["ops-3-1"]);
    assert_eq!(about(&all, "config-recorder-stopped").len(), 1);
    let only_started = found(&account, &records[1..2], &Given::default());
    assert!(about(&only_started, "trail-stopped").is_empty());
    let file = |text: &str| vec![(text.to_owned(), "f".to_owned())];
    let given = Given {
        trails: read_trail_settings(&file(r#"[{"trailList": [{"Name": "a"}]}, {"IsLogging": false}, {"TrailARN": "a", "EventSelectors": []}]"#)).0,
        config: read_config_settings(&file(r#"{"ConfigurationRecorders": []}"#)).0,
        password_policy: read_password_policy(r#"{"PasswordPolicy": {"MinimumPasswordLength": 8, "RequireNumbers": true}}"#, "f").0,
        ..Given::default()
    };
    let all = found(&account, &records[1..2], &given);
    for code in [
        "trail-stopped",
        "trail-one-region",
        "trail-without-validation",
        "trail-without-data-events",
        "config-recorder-off",
    ] {
        assert_eq!(about(&all, code).len(), 1, "{code}");
    }
    let weak = all.iter().find(|own| own.code == "password-policy-weak").unwrap();
    assert_eq!(weak.evidence.len(), 6);
    assert!(weak.evidence.iter().all(|own| own.reference.is_some()));
}

#[test]
fn what_is_not_given_is_said_once_and_never_fine() {
    let case_of = |given: &Given| {
        let (account, ledger) = (account(&[], &[]), ledger(&[]));
        let case = Case {
            account: &account,
            ledger: &ledger,
            end: "2026-03-31T00:00:00Z".parse().unwrap(),
            given,
        };
        findings(&case)
    };
    let (found, said) = case_of(&Given::default());
    assert!(found.is_empty() && said.len() == 1);
    assert!(said[0].message.contains("credential report") && said[0].message.contains("AWS Config"));
    let given = Given {
        password_policy: Some(None),
        ..Given::default()
    };
    let (found, said) = case_of(&given);
    assert_eq!(found[0].code, "password-policy-absent");
    assert!(!said[0].message.contains("password policy"));
}

#[test]
fn a_power_user_who_was_refused_pass_role() {
    let mut record = call("dev", 2, 1, "203.0.113.9", CLI[0]);
    record["eventSource"] = "lambda.amazonaws.com".into();
    record["eventName"] = "CreateFunction20150331".into();
    record["errorCode"] = "AccessDenied".into();
    record["errorMessage"] = format!("User: arn:aws:iam::{ID}:user/dev is not authorized to perform: iam:PassRole on resource: arn:aws:iam::{ID}:role/fn because no identity-based policy allows the iam:PassRole action").into();
    let users = [
        user("dev", &["PowerUserAccess"]),
        user("other", &["PowerUserAccess"]),
    ];
    let found = found(&account(&users, &[]), &[record], &Given::default());
    assert_eq!(
        about(&found, "power-user-needs-pass-role"),
        BTreeSet::from(["dev"])
    );
}
