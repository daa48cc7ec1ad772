//! Conditions from small trails: only what is uniform, stable and says something.

use serde_json::{Value, json};

use super::*;
use crate::evidence::{Interest, Ledger};
use crate::grants::Grants;
use crate::policy::parse;
use crate::recommend::{Proposal, recommend};
use crate::trail::{Event, Scratch};

const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const DAYS: u32 = 60;

/// A call of the role on a day (0 is the first of September), changed.
fn call(day: u32, source: &str, name: &str, change: &Value) -> Value {
    let mut record = json!({
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/app/s",
            "accountId": "111122223333", "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": ROLE, "userName": "app", "accountId": "111122223333"},
                "attributes": {"mfaAuthenticated": "false"}}},
        "eventTime": format!("2026-{:02}-{:02}T10:00:00Z", 9 + day / 30, 1 + day % 30),
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.9", "requestParameters": {}, "readOnly": true, "managementEvent": true,
        "eventCategory": "Management", "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
        "eventID": format!("00000000-0000-4000-8000-{day:04}{:08}", source.len() * 100 + name.len())
    });
    for (field, value) in change.as_object().into_iter().flatten() {
        record[field] = value.clone();
    }
    record
}

/// The call by a service on the role's behalf.
fn through(service: &str, mut record: Value) -> Value {
    record["userIdentity"]["invokedBy"] = json!(service);
    record["sourceIPAddress"] = json!(service);
    record
}

/// A look at the instances on each day.
fn looks(change: impl Fn(u32) -> Value) -> Vec<Value> {
    (0..DAYS)
        .map(|day| call(day, "ec2", "DescribeInstances", &change(day)))
        .collect()
}

const LOOK: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*"}}"#;

fn proposed(policy: &str, records: &[Value], wanted: Wanted) -> Proposal {
    let document = parse(policy, "policy.json").0.unwrap();
    let interest = Interest {
        circumstances: true,
        condition_keys: document
            .statements
            .iter()
            .flat_map(|own| &own.conditions)
            .map(|own| own.key.to_ascii_lowercase())
            .collect(),
        ..Interest::default()
    };
    let mut ledger = Ledger::default();
    for record in records {
        let text = record.to_string();
        let mut scratch = Scratch::default();
        let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
        ledger.observe(&event);
        ledger.add(&event, &interest);
    }
    let origin = Origin::Inline {
        name: "own".to_owned(),
    };
    let grants = Grants::from_policies(ROLE, vec![(origin, Layer::Identity, document)]);
    let subject = Subject {
        grants: &grants,
        evidence: ledger.evidence(ROLE).unwrap(),
    };
    let options = Options {
        conditions: wanted,
        ..Options::default()
    };
    let proposal = recommend(subject, &[], &ledger.visibility, &options);
    assert!(proposal.proof.lost.is_empty(), "{:?}", proposal.proof.lost);
    assert!(proposal.proof.new.is_proved(), "{:?}", proposal.proof.new);
    proposal
}

fn names(proposal: &Proposal) -> Vec<&'static str> {
    proposal.conditions.iter().map(|own| own.name.as_str()).collect()
}

fn suggested(proposal: &Proposal, name: Name) -> Suggestion {
    let mut found = proposal.conditions.iter().filter(|own| own.name == name);
    found
        .next()
        .cloned()
        .unwrap_or_else(|| panic!("{:?}", names(proposal)))
}

fn all() -> Wanted {
    Wanted {
        write: Name::ALL.into_iter().collect(),
        ..Wanted::default()
    }
}

/// The statements of the proposal's only policy.
fn statements(proposal: &Proposal) -> Vec<Value> {
    let document = proposal.policies[0].after.as_ref().unwrap();
    document.statements.iter().map(print::statement_value).collect()
}

#[test]
fn what_held_is_suggested_and_nothing_is_written_unasked() {
    let proposal = proposed(LOOK, &looks(|_| json!({})), Wanted::default());
    assert_eq!(names(&proposal), ["source-ip", "region"]);
    assert!(!proposal.changes_anything());
    let ip = suggested(&proposal, Name::SourceIp);
    assert_eq!(
        ip.condition,
        json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    );
    assert_eq!((ip.calls, ip.days, ip.beside.clone()), (60, 60, None));
    let tried = ip.backtest.unwrap();
    assert_eq!((tried.calls, tried.refused), (60 - tried.learnt_days as u64, 0));
    let region = suggested(&proposal, Name::Region);
    assert_eq!(
        region.condition,
        json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    );
    let value = &region.values[0];
    assert_eq!(
        (value.first.as_deref(), value.last.as_deref()),
        (Some("2026-09-01"), Some("2026-10-30"))
    );
}

#[test]
fn what_is_asked_for_is_written_and_proved() {
    let proposal = proposed(LOOK, &looks(|_| json!({})), all());
    assert_eq!(
        statements(&proposal),
        [
            json!({"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*", "Condition": {
            "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "StringEquals": {"aws:RequestedRegion": "eu-west-1"}}})
        ]
    );
    assert_eq!(proposal.proof.allowed, proposal.proof.checked);
    let one = Wanted {
        write: BTreeSet::from([Name::Region]),
        ..Wanted::default()
    };
    let proposal = proposed(LOOK, &looks(|_| json!({})), one);
    assert!(suggested(&proposal, Name::Region).written && !suggested(&proposal, Name::SourceIp).written);
    assert!(!statements(&proposal)[0].to_string().contains("aws:SourceIp"));
}

#[test]
fn an_endpoint_in_every_call_and_none_where_one_call_goes_past_it() {
    let endpoint = json!({"vpcEndpointId": "vpce-0aaaaaaaaaaaaaaa1", "sourceIPAddress": "10.0.0.7"});
    let proposal = proposed(LOOK, &looks(|_| endpoint.clone()), all());
    assert_eq!(names(&proposal), ["source-vpce", "region"]);
    assert_eq!(proposal.proof.allowed, proposal.proof.checked);
    let past = |day| if day == 31 { json!({}) } else { endpoint.clone() };
    assert_eq!(names(&proposed(LOOK, &looks(past), all())), ["region"]);
}

#[test]
fn what_changes_half_way_is_no_habit() {
    let moves = |day: u32| json!({"sourceIPAddress": if day < 30 { "203.0.113.9" } else { "198.51.100.9" }});
    assert_eq!(names(&proposed(LOOK, &looks(moves), all())), ["region"]);
    // Two that come up all the time are one.
    let both = |day: u32| json!({"sourceIPAddress": if day.is_multiple_of(2) { "203.0.113.9" } else { "198.51.100.9" }});
    assert_eq!(
        names(&proposed(LOOK, &looks(both), all())),
        ["source-ip", "region"]
    );
    // Learnt before it moved, it would have refused what came after.
    let late = |day: u32| json!({"sourceIPAddress": if day < 50 { "203.0.113.9" } else { "198.51.100.9" }});
    let proposal = proposed(LOOK, &looks(late), all());
    let tried = |name| {
        proposal
            .conditions_tried
            .iter()
            .find(|own| own.name == name)
            .unwrap()
    };
    assert_eq!(tried(Name::SourceIp).refused, 10);
    assert_eq!(tried(Name::Region).refused, 0);
}

#[test]
fn addresses_must_be_public_few_and_known() {
    let at = |address: &str| {
        let change = json!({ "sourceIPAddress": address });
        names(&proposed(LOOK, &looks(|_| change.clone()), all()))
    };
    assert_eq!(at("10.0.0.7"), ["region"]);
    assert_eq!(at("AWS Internal"), ["region"]);
    assert_eq!(at("2001:db8::7"), ["source-ip", "region"]);
    let many = |day: u32| json!({"sourceIPAddress": format!("198.51.{}.7", day % 3)});
    assert_eq!(names(&proposed(LOOK, &looks(many), all())), ["region"]);
    let hosts = |day: u32| json!({"sourceIPAddress": format!("198.51.100.{day}")});
    let proposal = proposed(LOOK, &looks(hosts), all());
    assert_eq!(suggested(&proposal, Name::SourceIp).values.len(), 1);
    assert_eq!(proposal.proof.allowed, proposal.proof.checked);
}

#[test]
fn with_networks_of_ones_own_no_other_is_guessed() {
    let own = |text: &str| Wanted {
        networks: vec![Network::parse(text).unwrap()],
        ..all()
    };
    let proposal = proposed(LOOK, &looks(|_| json!({})), own("203.0.112.0/20"));
    let ip = suggested(&proposal, Name::SourceIp);
    assert_eq!(
        ip.condition,
        json!({"IpAddress": {"aws:SourceIp": "203.0.112.0/20"}})
    );
    let elsewhere = proposed(LOOK, &looks(|_| json!({})), own("198.51.100.0/24"));
    assert_eq!(names(&elsewhere), ["region"]);
}

#[test]
fn calls_by_services_are_let_through_beside_a_network() {
    let mut records = looks(|_| json!({}));
    let by_service = |day| {
        through(
            "cloudformation.amazonaws.com",
            call(day, "ec2", "DescribeInstances", &json!({"readOnly": true})),
        )
    };
    records.extend((0..DAYS).map(|day| {
        let mut record = by_service(day);
        record["eventID"] = json!(format!("00000000-0000-4000-9000-{day:012}"));
        record
    }));
    let proposal = proposed(LOOK, &records, all());
    let ip = suggested(&proposal, Name::SourceIp);
    assert_eq!((ip.calls, ip.calls_by_services), (60, 60));
    assert_eq!(ip.beside, Some(json!({"Bool": {"aws:ViaAWSService": "true"}})));
    let written = statements(&proposal);
    assert_eq!(written.len(), 2);
    let region = json!({"aws:RequestedRegion": "eu-west-1"});
    assert_eq!(
        written[1]["Condition"],
        json!({"StringEquals": region, "Bool": {"aws:ViaAWSService": "true"}})
    );
    assert_eq!(
        (proposal.proof.allowed, proposal.proof.unknown.len()),
        (proposal.proof.checked, 0)
    );
}

#[test]
fn a_second_factor_in_every_call() {
    let mut with = looks(|_| json!({}));
    for record in &mut with {
        record["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] = json!("true");
    }
    let proposal = proposed(LOOK, &with, all());
    assert_eq!(names(&proposal), ["source-ip", "region", "mfa"]);
    let mfa = suggested(&proposal, Name::Mfa);
    assert_eq!(
        mfa.condition,
        json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    );
    with[3]["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] = json!("false");
    assert_eq!(names(&proposed(LOOK, &with, all())), ["source-ip", "region"]);
}

#[test]
fn a_region_says_nothing_of_global_services_and_of_resources_that_name_it() {
    let users =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}}"#;
    let listed: Vec<Value> = (0..DAYS)
        .map(|day| call(day, "iam", "ListUsers", &json!({"awsRegion": "us-east-1"})))
        .collect();
    assert_eq!(names(&proposed(users, &listed, all())), ["source-ip"]);
    let function = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:GetFunctionConfiguration","Resource":"arn:aws:lambda:eu-west-1:111122223333:function:f"}}"#;
    let read = |day| {
        let request = json!({"requestParameters": {"functionName": "f"}});
        call(day, "lambda", "GetFunctionConfiguration20150331v2", &request)
    };
    let read: Vec<Value> = (0..DAYS).map(read).collect();
    assert_eq!(names(&proposed(function, &read, all())), ["source-ip"]);
}

#[test]
fn keys_are_used_through_services() {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0a1b-4c3d-8e9f-0a1b2c3d4e5f"}}"#;
    let used = |day| {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0a1b-4c3d-8e9f-0a1b2c3d4e5f";
        let change = json!({"resources": [{"type": "AWS::KMS::Key", "ARN": key}]});
        through(
            "secretsmanager.amazonaws.com",
            call(day, "kms", "Decrypt", &change),
        )
    };
    let mut records: Vec<Value> = (0..DAYS).map(used).collect();
    // Events of KMS are recorded, those that read and those that write: a use elsewhere would have shown.
    records.push(call(0, "kms", "ListKeys", &json!({})));
    records.push(call(0, "kms", "EnableKey", &json!({"readOnly": false})));
    let proposal = proposed(policy, &records, all());
    assert_eq!(names(&proposal), ["kms-via-service"]);
    assert_eq!(
        suggested(&proposal, Name::KmsViaService).condition,
        json!({"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}})
    );
    // What is not granted was used as well, and stays unexplained.
    assert_eq!((proposal.proof.lost.len(), proposal.proof.allowed), (0, 1));
}

#[test]
fn only_services_that_are_documented_to_fill_called_via() {
    let by = |service: &str| {
        let records: Vec<Value> = looks(|_| json!({}))
            .into_iter()
            .map(|record| through(service, record))
            .collect();
        let proposal = proposed(LOOK, &records, all());
        assert_eq!(proposal.proof.allowed, proposal.proof.checked);
        names(&proposal)
    };
    assert_eq!(by("cloudformation.amazonaws.com"), ["region", "called-via"]);
    assert_eq!(by("autoscaling.amazonaws.com"), ["region"]);
}

#[test]
fn what_cannot_be_seen_stays_apart_without_the_condition() {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Sid":"Look","Effect":"Allow","Action":["ec2:DescribeInstances","iam:PassRole"],"Resource":"*"}}"#;
    let proposal = proposed(policy, &looks(|_| json!({})), all());
    assert!(suggested(&proposal, Name::Region).split);
    let written = statements(&proposal);
    assert_eq!(written.len(), 2);
    assert_eq!(
        (written[0]["Sid"].as_str(), written[0]["Action"].as_str()),
        (Some("Look"), Some("ec2:DescribeInstances"))
    );
    assert_eq!(
        written[1],
        json!({"Sid": "Look2", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})
    );
}

#[test]
fn a_few_calls_or_a_short_trail_are_no_habit() {
    let records = looks(|_| json!({}));
    assert!(names(&proposed(LOOK, &records[..27], all())).is_empty());
    let seldom: Vec<Value> = records.iter().step_by(8).cloned().collect();
    assert!(names(&proposed(LOOK, &seldom, all())).is_empty());
}

#[test]
fn what_the_statement_asks_already_is_not_asked_again() {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"*",
        "Condition":{"StringEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]}}}}"#;
    let proposal = proposed(policy, &looks(|_| json!({})), all());
    assert_eq!(names(&proposal), ["source-ip"]);
    let condition = &statements(&proposal)[0]["Condition"];
    assert_eq!(
        condition["StringEquals"]["aws:RequestedRegion"],
        json!(["eu-west-1", "eu-central-1"])
    );
    assert!(condition["IpAddress"].is_object());
}

#[test]
fn a_tag_that_the_resources_are_named_after() {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:GetFunctionConfiguration","Resource":"arn:aws:lambda:eu-west-1:111122223333:function:shop-api"}}"#;
    let read = |day| {
        let request = json!({"requestParameters": {"functionName": "shop-api"}});
        call(day, "lambda", "GetFunctionConfiguration20150331v2", &request)
    };
    let records: Vec<Value> = (0..DAYS).map(read).collect();
    let tagged = |value: &str| Wanted {
        tags: BTreeMap::from([("team".to_owned(), value.to_owned())]),
        ..all()
    };
    let proposal = proposed(policy, &records, tagged("shop"));
    assert_eq!(names(&proposal), ["source-ip", "principal-tag"]);
    let tag = suggested(&proposal, Name::PrincipalTag);
    assert_eq!(
        tag.condition,
        json!({"StringEquals": {"aws:PrincipalTag/team": "shop"}})
    );
    assert_eq!(tag.let_through_percent, None);
    // No record has the tag: the proof says that it hangs on it.
    assert_eq!(proposal.proof.unknown.len(), 1);
    assert_eq!(names(&proposed(policy, &records, tagged("sho"))), ["source-ip"]);
}
