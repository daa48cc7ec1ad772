//! `catalog` beyond look-ups of actions, operations and events: every other kind of name, policies held
//! against the catalog, and AWS's service reference.
#![expect(clippy::disallowed_macros, reason = "the counts are there to be read")]

use serde_json::{Value, json};

use crate::support::{Folder, leastgrant};

fn looked_up(what: &str) -> (Value, String) {
    let json = leastgrant(&["catalog", "--format", "json", what]).exits(0).json();
    assert_eq!(json["schema_version"], 1);
    (json, leastgrant(&["catalog", what]).exits(0).out)
}

#[test]
fn a_resource_is_found_by_its_arn() {
    let (json, text) = looked_up("arn:aws:dynamodb:eu-west-1:111122223333:table/orders/index/by-day");
    assert_eq!(json["type"], "index");
    let actions = json["actions"].to_string();
    assert!(actions.contains("dynamodb:Query") && !actions.contains("dynamodb:PutItem"));
    assert!(text.starts_with("resource arn:aws:dynamodb:"));
    // An API gateway's ARNs are of one service, its actions of another.
    let (json, _) = looked_up("arn:aws:execute-api:eu-west-1:111122223333:abc123/prod/GET/orders");
    assert!(json["actions"].to_string().contains("execute-api:Invoke"));
    leastgrant(&["catalog", "arn:aws:nowhere:::x"])
        .exits(1)
        .says(&["no resource type with ARNs like"]);
}

#[test]
fn a_service_a_condition_key_and_a_managed_policy_are_found() {
    let (json, text) = looked_up("sqs");
    assert_eq!(json["event_sources"], json!(["sqs.amazonaws.com"]));
    assert!(json["operations"].as_u64().unwrap() >= 23);
    assert!(text.starts_with("service sqs · Amazon SQS\n"));
    let (json, text) = looked_up("s3:prefix");
    assert_eq!(json["actions"], json!(["s3:ListBucket", "s3:ListBucketVersions"]));
    assert!(text.starts_with("condition key s3:prefix · Amazon S3 · String\n"));
    for name in [
        "AmazonSQSFullAccess",
        "arn:aws:iam::aws:policy/AmazonSQSFullAccess",
    ] {
        let (json, text) = looked_up(name);
        assert_eq!(json["document"]["Statement"][0]["Effect"], "Allow");
        assert!(text.starts_with("AWS managed policy AmazonSQSFullAccess · v"));
    }
}

#[test]
fn a_slip_in_a_plain_operation_is_mended() {
    leastgrant(&["catalog", "CoypObject"])
        .exits(1)
        .says(&["near: CopyObject"]);
}

#[test]
fn what_is_not_mapped_says_why() {
    let (service, operation) = action_catalog::prefixes()
        .filter_map(action_catalog::service)
        .flat_map(|service| service.operations.iter().map(move |o| (service, o)))
        .find(|(_, operation)| operation.needs.is_empty())
        .unwrap();
    let (json, text) = looked_up(&format!("{}:{}", service.prefix, operation.name));
    assert_eq!(json["why"].as_str(), operation.why.as_deref());
    assert!(text.contains(operation.why.as_deref().unwrap()));
}

const ODD: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:GetObjct", "s3:ListBucket"],
      "Resource": "arn:aws:s3:::acme/*",
      "Condition": {"StringEquals": {"s3:prefx": "a"}}
    },
    {
      "Effect": "Allow",
      "Action": ["s3:ListBucket", "s3:GetObject"],
      "Resource": ["arn:aws:s3:::acme/*", "arn:aws:sqs:eu-west-1:111122223333:jobs"],
      "Condition": {"StringEquals": {"s3:x-amz-acl": "private"}}
    }
  ]
}"#;

#[test]
fn a_policy_is_held_against_the_catalog() {
    let folder = Folder::new();
    let odd = folder.file("odd.json", ODD);
    let run = leastgrant(&["catalog", "--check", &odd]).exits(0);
    for part in [
        "there is no action \"s3:GetObjct\"",
        "did you mean s3:GetObject",
        "odd.json:6:18",
        "AWS lists no condition key \"s3:prefx\"",
        "did you mean s3:prefix?",
        "s3:ListBucket works on no resource of this statement",
        "no action of this statement works on \"arn:aws:sqs:eu-west-1:111122223333:jobs\"",
        "no action of this statement is asked with s3:x-amz-acl",
    ] {
        assert!(run.out.contains(part), "{part} in {}", run.out);
    }
    run.says(&["1 policy checked: 5 findings"]);
    leastgrant(&["catalog", "--check", &odd, "--exit-code"]).exits(3);
    let json = leastgrant(&["catalog", "--check", &odd, "--format", "json"])
        .exits(0)
        .json();
    let findings = json["files"][0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 5);
    assert_eq!(findings[0]["code"], "unknown-action");
    assert_eq!(findings[0]["place"]["line"], 6);
}

#[test]
fn a_good_policy_has_no_findings_and_a_broken_one_fails() {
    let folder = Folder::new();
    let good = folder.file(
        "good.json",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":["arn:aws:s3:::acme","arn:aws:s3:::acme/*"]}}"#,
    );
    leastgrant(&["catalog", "--check", &good, "--exit-code"])
        .exits(0)
        .says(&["1 policy checked: nothing found"]);
    let broken = folder.file("broken.json", "{\"Statement\": [");
    let run = leastgrant(&["catalog", "--check", &broken]).exits(1);
    assert!(run.out.contains("policy-syntax"), "{}", run.out);
    // The other file counts all the same.
    leastgrant(&["catalog", "--check", &good, "--check", &broken])
        .exits(4)
        .says(&["2 policies checked: 1 finding"]);
    leastgrant(&["catalog", "--check", &good, "s3:GetObject"]).exits(2);
}

/// Resources that AWS lists for no action of theirs (list calls limited to an ARN, most of them), keys
/// that it lists nowhere, keys that it lists for no action of theirs. These may fall only.
const MOST_FINDINGS: [usize; 3] = [1232, 1, 9];

/// AWS wrote its managed policies: what the check finds in them is AWS's slip or ours.
#[test]
fn aws_s_own_policies_have_few_findings() {
    let (mut statements, mut found) = (0, Vec::new());
    for policy in action_catalog::managed_policies().filter(|policy| !policy.deprecated) {
        let (document, _) = leastgrant::policy::parse(policy.document, policy.name);
        let document = document.unwrap();
        statements += document.statements.len();
        let findings = leastgrant::lint::document(&document, policy.name);
        found.extend(
            findings
                .into_iter()
                .map(|d| (policy.name, d.code.as_str(), d.message)),
        );
    }
    let of = |code: &str| found.iter().filter(|(_, c, _)| *c == code).count();
    let counts = ["unsupported-resource", "unknown-key", "unsupported-key"].map(of);
    eprintln!("{statements} statements: {counts:?}");
    for (limit, count) in MOST_FINDINGS.into_iter().zip(counts) {
        assert!(count <= limit, "{counts:?}: {found:#?}");
    }
}

const REFERENCE: &str = r#"{"Name": "sqs", "Version": "v1.4",
  "Actions": [{"Name": "SendFax", "Annotations": {"Properties": {"IsWrite": true}}, "Resources": [{"Name": "queue"}]}],
  "Operations": [{"Name": "SendFax", "AuthorizedActions": [{"Name": "SendFax", "Service": "sqs"}]}]}"#;

#[test]
fn aws_s_service_reference_beats_the_catalog_and_is_said() {
    let folder = Folder::new();
    folder.file("sqs.json", REFERENCE);
    folder.file("mapping.json", r#"{"SDK": {}}"#);
    let place = folder.path("");
    let args = ["catalog", "sqs:SendFax", "--service-reference", &place];
    let run = leastgrant(&args).exits(0);
    assert!(run.out.contains("AWS's service reference"), "{}", run.out);
    run.says(&[
        "counts for 1 service: 1 action and 1 operation differ",
        "sqs:SendFax",
    ]);
    leastgrant(&["catalog", "sqs:SendFax"]).exits(1);
    // A broken file is named; what else there is counts.
    folder.file("sns.json", "{\"Name\": \"sns\", \"Actions\": 3}");
    leastgrant(&args)
        .exits(4)
        .says(&["sns.json", "service-reference"]);
    // A proposal that rests on AWS's files says so, and that one of them could not be used.
    let (grants, trail) = ("examples/data-job/grants.json", "examples/data-job/trail");
    let run = leastgrant(&[
        "recommend",
        "role/nightly-export",
        "--trail",
        trail,
        "--grants",
        grants,
        "--service-reference",
        &place,
    ]);
    run.exits(4).says(&["counts for 1 service", "sns.json"]);
    let empty = Folder::new();
    leastgrant(&[
        "catalog",
        "sqs:SendMessage",
        "--service-reference",
        &empty.path(""),
    ])
    .exits(4)
    .says(&["no file of AWS's service reference was found"]);
}
