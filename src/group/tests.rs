//! Groups of principals with known use.

use serde_json::{Value, json};

use super::*;
use crate::evidence::{Interest, Ledger};
use crate::trail::{Event, Scratch};

/// A principal of a test: name, tag `app`, calls.
struct Own {
    name: &'static str,
    app: Option<&'static str>,
    calls: Vec<(&'static str, &'static str, Value)>,
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

fn evidence(own: &Own) -> Evidence {
    let mut ledger = Ledger::default();
    for (number, (source, name, request)) in own.calls.iter().enumerate() {
        let record = json!({
            "eventVersion": "1.11", "eventTime": format!("2026-10-{:02}T08:00:00Z", number % 28 + 1),
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
            "eventType": "AwsApiCall", "managementEvent": true, "readOnly": true, "eventID": format!("id-{number}"),
            "requestParameters": request, "recipientAccountId": "111122223333",
            "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{}/run", own.name),
                "accountId": "111122223333", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn(own.name),
                "accountId": "111122223333", "userName": own.name}}},
        });
        let text = record.to_string();
        let mut scratch = Scratch::default();
        let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
        ledger.observe(&event);
        ledger.add(&event, &Interest::default());
    }
    ledger.evidence(&arn(own.name)).cloned().unwrap_or_default()
}

fn grouped(all: &[Own]) -> Vec<Group> {
    let arns: Vec<String> = all.iter().map(|own| arn(own.name)).collect();
    let seen: Vec<Evidence> = all.iter().map(evidence).collect();
    let tags: Vec<BTreeMap<String, String>> = all
        .iter()
        .map(|own| {
            let tag = own.app.map(|app| ("app".to_owned(), app.to_owned()));
            tag.into_iter().collect()
        })
        .collect();
    let members: Vec<Member<'_>> = all
        .iter()
        .enumerate()
        .map(|(at, own)| Member {
            arn: &arns[at],
            name: own.name,
            kind: HolderKind::Role,
            tags: &tags[at],
            evidence: &seen[at],
            policies: vec!["PowerUserAccess".to_owned(), format!("own-{at}")],
        })
        .collect();
    let mut back = members.clone();
    back.reverse();
    let found = groups(&members);
    assert_eq!(found, groups(&back), "the order of principals does not matter");
    found
}

fn function(name: &str) -> (&'static str, &'static str, Value) {
    let request = json!({ "functionName": name });
    ("lambda", "GetFunctionConfiguration20150331v2", request)
}

fn job(name: &str) -> (&'static str, &'static str, Value) {
    ("glue", "StartJobRun", json!({ "jobName": name }))
}

fn look() -> (&'static str, &'static str, Value) {
    ("ec2", "DescribeInstances", json!({}))
}

fn worker(name: &'static str, app: Option<&'static str>, own: &str) -> Own {
    Own {
        name,
        app,
        calls: vec![
            look(),
            function(&format!("{own}-api")),
            job(&format!("{own}-nightly")),
        ],
    }
}

#[test]
fn those_that_differ_by_a_tag_share_one_policy() {
    let found = grouped(&[
        worker("worker-1", Some("shop"), "shop"),
        worker("worker-2", Some("crm"), "crm"),
        worker("worker-3", Some("billing"), "billing"),
    ]);
    assert_eq!(found.len(), 1);
    let group = &found[0];
    assert!(group.proposed, "{:?}", group.why_not);
    assert_eq!(group.name, "worker");
    assert_eq!(group.variables, ["aws:PrincipalTag/app"]);
    assert_eq!((group.policies_now, group.attachments_now), (4, 6));
    assert!(
        group
            .members
            .iter()
            .all(|own| own.pairs == 0 && own.actions.is_empty())
    );
    let policy = group.policy.to_string();
    assert!(policy.contains("job/${aws:PrincipalTag/app}-nightly"), "{policy}");
    assert!(!policy.contains("shop"), "{policy}");
}

#[test]
fn a_tag_that_all_have_alike_is_no_variable() {
    let found = grouped(&[
        worker("worker-1", Some("shop"), "shop"),
        worker("worker-2", Some("shop"), "shop"),
        worker("worker-3", Some("shop"), "shop"),
    ]);
    assert!(found[0].proposed && found[0].variables.is_empty());
    assert!(found[0].policy.to_string().contains("job/shop-nightly"));
}

#[test]
fn the_same_actions_on_other_things_are_another_use() {
    // Without tags nothing says that the names are of one kind.
    let found = grouped(&[
        worker("a-one", None, "shop"),
        worker("b-two", None, "crm"),
        worker("c-three", None, "billing"),
    ]);
    assert_eq!(found, []);
}

#[test]
fn what_one_uses_besides_is_a_gain_of_the_others() {
    let mut more = worker("worker-3", None, "shop");
    more.calls.push(("sqs", "ListQueues", json!({})));
    let found = grouped(&[
        worker("worker-1", None, "shop"),
        worker("worker-2", None, "shop"),
        more,
    ]);
    let group = &found[0];
    assert!(group.proposed, "{:?}", group.why_not);
    let gains = |at: usize| &group.members[at];
    assert_eq!(gains(0).actions, ["sqs:ListQueues"]);
    assert_eq!(gains(0).on[0].action, "sqs:ListQueues");
    assert!(gains(2).actions.is_empty() && gains(2).pairs == 0);
    assert!(!group.shared.contains(&"sqs:ListQueues".to_owned()));
    assert!(group.actions.contains(&"sqs:ListQueues".to_owned()));
}

#[test]
fn who_does_more_than_the_others_stays_out_and_two_are_no_group() {
    let mut other = worker("worker-9", None, "shop");
    for name in ["ListQueues", "ListTopics", "ListBuckets", "ListTables"] {
        let source = match name {
            "ListQueues" => "sqs",
            "ListTopics" => "sns",
            "ListBuckets" => "s3",
            _ => "dynamodb",
        };
        other.calls.push((source, name, json!({})));
    }
    let two = [worker("worker-1", None, "shop"), worker("worker-2", None, "shop")];
    let [one, two] = two;
    assert_eq!(grouped(&[one, two, other]), []);
}

#[test]
fn a_dangerous_path_is_never_proposed_as_a_gain() {
    let attach = |name| Own {
        name,
        app: None,
        calls: vec![
            look(),
            ("sqs", "ListQueues", json!({})),
            ("sns", "ListTopics", json!({})),
            ("iam", "ListUsers", json!({})),
        ],
    };
    let mut more = attach("admin-3");
    let request = json!({"userName": "ana", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    more.calls.push(("iam", "AttachUserPolicy", request));
    let found = grouped(&[attach("admin-1"), attach("admin-2"), more]);
    let group = &found[0];
    assert!(!group.proposed);
    assert!(
        group.members[0].dangers.contains(&"attach-user-policy"),
        "{:?}",
        group.members[0].dangers
    );
    assert!(
        group
            .why_not
            .as_deref()
            .unwrap_or_default()
            .contains("dangerous path")
    );
}
