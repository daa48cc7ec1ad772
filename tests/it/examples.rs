//! The scenarios of `examples/`: the report that a person sees, and what must be true of it however
//! it is worded. `UPDATE_EXPECT=1` renews the expected reports.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]
#![expect(clippy::disallowed_methods, reason = "tests look at files")]

use std::collections::BTreeSet;
use std::fs;

use leastgrant::pattern;
use serde_json::{Deserializer, Value, json};

use crate::scenario::{ANALYST, After, BOUNDARY, CI_DEPLOY, DATA_JOB, Scenario, all, policy_name};
use crate::support::{Folder, actions, diagnostics, expect_file, repository_file, used, used_on};

#[test]
fn the_reports_are_those_that_are_committed() {
    for scenario in all() {
        let run = scenario.run(&["--color", "never"]).exits(0);
        assert!(!run.out.contains('\u{1b}'));
        expect_file(&format!("examples/{}/expected.txt", scenario.name), &run.out);
    }
}

#[test]
fn nothing_observed_is_lost_and_nothing_is_new() {
    for scenario in all() {
        let report = scenario.report();
        let proof = &report["proof"];
        assert!(proof["checked"].as_u64().unwrap() > 30);
        for list in ["lost", "new", "unknown", "requested", "unexplained"] {
            assert_eq!(proof[list], json!([]), "{list} of {}", scenario.name);
        }
        let carried = proof["carried"].as_array().unwrap().len() as u64;
        assert_eq!(
            proof["allowed"].as_u64().unwrap() + carried,
            proof["checked"].as_u64().unwrap()
        );
        assert_eq!(report["unmapped"], json!([]), "{}", scenario.name);
        assert_eq!(report["summary"]["observed_calls_lost"], 0);
        let permits = &report["summary"]["permits"];
        let bits = |when: &str| permits[when]["requests_log2"].as_f64().unwrap();
        assert!(bits("after") < bits("before"), "{}", scenario.name);
        assert_eq!(report["summary"]["changes"], true);
    }
}

#[test]
fn every_granted_action_is_in_one_list_and_counted() {
    for scenario in all() {
        let report = scenario.report();
        let lists = ["unused", "unseen", "ineffective", "left_out", "kept_otherwise"];
        let mut seen = BTreeSet::new();
        for list in lists {
            for action in actions(report, list) {
                assert!(seen.insert(action), "{action} is in two lists");
                assert!(
                    !actions(report, "used").contains(action),
                    "{action} is used and in {list}"
                );
            }
        }
        for list in ["unused", "unseen"] {
            assert_eq!(
                report["summary"][list],
                actions(report, list).len(),
                "{list} of {}",
                scenario.name
            );
        }
    }
}

#[test]
fn every_line_has_its_evidence() {
    for scenario in all() {
        for used in scenario.report()["used"].as_array().unwrap() {
            let calls = ["succeeded", "failed", "inconclusive"].map(|kind| used[kind].as_u64().unwrap());
            assert!(calls[0] + calls[1] > 0, "{used}");
            assert!(!used["event_ids"].as_array().unwrap().is_empty(), "{used}");
            assert!(!used["operations"].as_object().unwrap().is_empty(), "{used}");
        }
        for refused in scenario.report()["refused"].as_array().unwrap() {
            assert!(!refused["event_ids"].as_array().unwrap().is_empty(), "{refused}");
        }
    }
}

#[test]
fn every_policy_fits_its_quota() {
    for scenario in all() {
        for policy in scenario.report()["policies"].as_array().unwrap() {
            let quota = match policy["origin"]["kind"].as_str().unwrap() {
                "inline" => 10_240,
                "group-inline" => 5_120,
                _ => 6_144,
            };
            let text: String = policy["document"].to_string().split_whitespace().collect();
            assert!(text.len() <= quota, "{}", policy["origin"]);
        }
    }
}

#[test]
fn what_is_unused_goes_but_for_wildcards_that_a_quota_forces() {
    for scenario in all() {
        let report = scenario.report();
        let (mut exact, mut wildcards) = (BTreeSet::new(), BTreeSet::new());
        for policy in report["policies"].as_array().unwrap() {
            if policy["origin"]["kind"] == "boundary" {
                continue;
            }
            for statement in policy["document"]["Statement"].as_array().unwrap() {
                if statement["Effect"] == "Deny" {
                    continue;
                }
                assert!(statement["NotAction"].is_null(), "{statement}");
                for action in texts(&statement["Action"]) {
                    let list = if action.contains('*') {
                        &mut wildcards
                    } else {
                        &mut exact
                    };
                    list.insert(action);
                }
            }
        }
        let forced = forced(report);
        for list in ["unused", "ineffective", "left_out"] {
            for action in actions(report, list) {
                let by_wildcard = || wildcards.iter().find(|w| pattern::matches_ignore_case(w, action));
                assert!(!exact.contains(action), "{action} is {list} and stays");
                if let Some(wildcard) = by_wildcard() {
                    assert!(
                        forced.contains(action),
                        "{wildcard} admits {action}, which is {list}"
                    );
                }
            }
        }
    }
}

/// What wildcards that a quota forced admit beyond what is kept.
fn forced(report: &Value) -> BTreeSet<&str> {
    let mut admitted = BTreeSet::new();
    for edit in report["edits"].as_array().unwrap() {
        for statement in edit["statements"].as_array().unwrap() {
            for why in statement["why"].as_array().unwrap() {
                for forced in why["forced"].as_array().into_iter().flatten() {
                    admitted.extend(texts(&forced["admits"]));
                }
            }
        }
    }
    admitted
}

/// One text, or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    match value.as_array() {
        Some(list) => list.iter().map(|text| text.as_str().unwrap()).collect(),
        None => vec![value.as_str().unwrap()],
    }
}

#[test]
fn the_documents_alone() {
    for scenario in all() {
        let run = scenario.run(&["--format", "policy"]).exits(0);
        let printed: Vec<Value> = Deserializer::from_str(&run.out)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(printed, changed_documents(scenario));

        let folder = Folder::new();
        let out = folder.path("policies/of/it");
        let run = scenario.run(&["--format", "policy", "--out", &out]).exits(0);
        assert_eq!(run.out, "");
        let files: BTreeSet<String> = fs::read_dir(&out)
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        let printed: BTreeSet<String> = printed.iter().map(Value::to_string).collect();
        let written: BTreeSet<String> = files
            .iter()
            .map(|text| serde_json::from_str::<Value>(text).unwrap().to_string())
            .collect();
        assert_eq!(written, printed);
        assert!(files.iter().all(|text| text.ends_with("}\n")));
    }
}

fn changed_documents(scenario: &Scenario) -> Vec<Value> {
    let policies = scenario.report()["policies"].as_array().unwrap().iter();
    policies
        .filter(|policy| policy["change"] == "edit" || policy["change"] == "create")
        .map(|policy| policy["document"].clone())
        .collect()
}

/// The policies with what happens to each, but for those that are made.
fn changes(scenario: &Scenario) -> Vec<(&str, &str)> {
    let edits = scenario.report()["edits"].as_array().unwrap().iter();
    edits
        .map(|edit| (policy_name(&edit["policy"]), edit["change"].as_str().unwrap()))
        .filter(|(_, change)| *change != "create")
        .collect()
}

/// Refused actions with what would settle each.
fn refused(report: &Value) -> BTreeSet<(&str, &str)> {
    let refused = report["refused"].as_array().unwrap().iter();
    refused
        .map(|call| {
            (
                call["action"].as_str().unwrap(),
                call["settled"].as_str().unwrap(),
            )
        })
        .collect()
}

fn set<const N: usize>(items: [&'static str; N]) -> BTreeSet<&'static str> {
    items.into()
}

#[test]
fn ci_deploy_edits() {
    let scenario = &CI_DEPLOY;
    assert_eq!(
        changes(scenario),
        [("deploy-roles", "edit"), ("PowerUserAccess", "detach")]
    );
    let pass = scenario.statement("deploy-roles", "PassShopRoles");
    assert_eq!(pass["change"], "unchanged");
    assert_eq!(pass["after"], json!([pass["before"]]));
    let read = scenario.statement("deploy-roles", "ReadRoles");
    assert_eq!(read["change"], "narrowed");
    assert_eq!(
        read["unused"],
        json!(["iam:GetRolePolicy", "iam:ListAttachedRolePolicies"])
    );
    assert_eq!(read["after"].as_array().unwrap().len(), 1);
    assert_eq!(read["after"][0]["Action"], "iam:GetRole");
    assert_eq!(read["after"][0]["Sid"], "ReadRoles");
    // What is left of PowerUserAccess stands in new policies that say in whose place they are.
    for edit in scenario.report()["edits"].as_array().unwrap() {
        if edit["change"] == "create" {
            assert_eq!(policy_name(&edit["replaces"]), "PowerUserAccess");
        }
    }
}

#[test]
fn ci_deploy_uses() {
    let report = CI_DEPLOY.report();
    for action in [
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
        "ecs:UpdateService",
        "iam:GetRole",
    ] {
        assert_eq!(used(report, action)["certain"], true, "{action}");
    }
    let update = used(report, "lambda:UpdateFunctionCode");
    assert_eq!(update["via"], json!({"cloudformation.amazonaws.com": 38}));
    assert_eq!(
        update["operations"],
        json!({"lambda.amazonaws.com/UpdateFunctionCode20150331v2": 38})
    );
    let function = |name| format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}");
    let (api, worker) = (function("shop-api"), function("shop-worker"));
    assert_eq!(
        used_on(report, "lambda:UpdateFunctionCode"),
        BTreeSet::from([api.as_str(), worker.as_str()])
    );
    assert_eq!(
        used_on(report, "ecr:PutImage"),
        set(["arn:aws:ecr:eu-west-1:111122223333:repository/shop/web"])
    );
    assert_eq!(
        used(report, "s3:GetEncryptionConfiguration")["operations"],
        json!({"s3.amazonaws.com/GetBucketEncryption": 7})
    );
    assert_eq!(
        used(report, "kms:Decrypt")["via"],
        json!({"ssm.amazonaws.com": 18})
    );
    // Every run asks who it is, which needs no permission.
    assert!(!actions(report, "used").contains("sts:GetCallerIdentity"));
    assert_eq!(report["not_authorized"], json!({"no-permission-needed": 37}));
}

#[test]
fn ci_deploy_keeps_what_cannot_be_seen() {
    let report = CI_DEPLOY.report();
    let (unused, unseen) = (actions(report, "unused"), actions(report, "unseen"));
    for action in [
        "ec2:RunInstances",
        "ec2:TerminateInstances",
        "lambda:DeleteFunction",
        "s3:CreateBucket",
        "s3:DeleteBucket",
    ] {
        assert!(unused.contains(action), "{action}");
    }
    for action in [
        "s3:PutObject",
        "s3:DeleteObject",
        "lambda:InvokeFunction",
        "dynamodb:GetItem",
    ] {
        assert!(unseen.contains(action), "{action}");
    }
    let after = CI_DEPLOY.after();
    for action in ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"] {
        assert!(
            after.allows(action, "arn:aws:s3:::any-bucket/any/key"),
            "{action}"
        );
    }
    assert!(report["visibility"]["switch_on"]["data events of AWS::S3::Object"].as_u64() > Some(0));
    let pass = &CI_DEPLOY.statement("deploy-roles", "PassShopRoles")["why"][0];
    assert_eq!(pass["actions"], json!(["iam:PassRole"]));
    let because = pass["because"].as_str().unwrap();
    // A deployment passes the roles of its task definition, which its event does not name.
    assert!(
        ["unseen", "used-and-unseen", "used-on-unknown"].contains(&because),
        "{because}"
    );
    assert!(after.refuses(
        "ec2:RunInstances",
        "arn:aws:ec2:eu-west-1:111122223333:instance/*"
    ));
    assert!(after.refuses(
        "lambda:UpdateFunctionCode",
        "arn:aws:lambda:eu-west-1:111122223333:function:other"
    ));
}

#[test]
fn ci_deploy_leaves_unseen_services_out_on_request() {
    let report = CI_DEPLOY
        .run(&["--format", "json", "--unseen", "used-services"])
        .exits(0)
        .json();
    assert_eq!(report["proof"]["lost"], json!([]));
    assert_eq!(report["proof"]["new"], json!([]));
    let left_out = actions(&report, "left_out");
    assert!(left_out.contains("dynamodb:GetItem"));
    assert!(!left_out.contains("s3:PutObject"));
    assert!(After::new(&report).allows("s3:PutObject", "arn:aws:s3:::any-bucket/any/key"));
}

#[test]
fn ci_deploy_refusals() {
    let report = CI_DEPLOY.report();
    assert_eq!(
        refused(report),
        [
            ("ec2:RunInstances", "elsewhere"),
            ("iam:CreateRole", "would-help")
        ]
        .into()
    );
    let run = CI_DEPLOY.run(&["--format", "json", "--include-denied"]).exits(0);
    let asked = run.json();
    let refused = refused(&asked);
    // No identity policy helps against a service control policy.
    assert!(refused.contains(&("ec2:RunInstances", "elsewhere")));
    assert!(
        !refused.contains(&("iam:CreateRole", "would-help")),
        "neither added nor flagged"
    );
    let after = After::new(&asked);
    assert!(after.refuses(
        "ec2:RunInstances",
        "arn:aws:ec2:ap-southeast-2:111122223333:instance/*"
    ));
    let role = "arn:aws:iam::111122223333:role/shop-worker-task";
    if refused.contains(&("iam:CreateRole", "added")) {
        assert!(after.allows("iam:CreateRole", role));
        assert!(after.refuses("iam:CreateRole", "arn:aws:iam::111122223333:role/admin"));
        assert_eq!(asked["proof"]["requested"].as_array().unwrap().len(), 1);
    } else {
        assert!(refused.contains(&("iam:CreateRole", "dangerous")));
        assert!(after.refuses("iam:CreateRole", role));
    }
    assert_eq!(asked["proof"]["new"], json!([]));
    assert!(!CI_DEPLOY.after().allows("iam:CreateRole", role));
}

#[test]
fn data_job_edits() {
    let scenario = &DATA_JOB;
    assert_eq!(changes(scenario), [("nightly-export", "edit")]);
    let archive = scenario.statement("nightly-export", "ArchiveBucket");
    assert_eq!(archive["change"], "removed");
    assert_eq!(archive["after"], json!([]));
    assert_eq!(archive["unused"].as_array().unwrap().len(), 4);
    let after = scenario.after();
    for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
        assert!(after.refuses(action, "arn:aws:s3:::acme-data-archive/raw/2026/08/01/a.gz"));
    }
    assert!(after.refuses("s3:ListBucket", "arn:aws:s3:::acme-data-archive"));
    assert_eq!(scenario.report()["visibility"]["known_from"], "event-selectors");
}

#[test]
fn data_job_may_do_tomorrow_what_it_did_today() {
    let after = DATA_JOB.after();
    let lake = |key: &str| format!("arn:aws:s3:::acme-data-lake/{key}");
    let part = "part-00003-0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d.snappy.parquet";
    assert!(after.allows("s3:GetObject", &lake("raw/2026/11/07/events-0001.json.gz")));
    assert!(after.allows("s3:PutObject", &lake(&format!("exports/dt=2026-11-07/{part}"))));
    assert!(after.allows("s3:PutObject", &lake("exports/dt=2026-11-07/_SUCCESS")));
    assert!(after.allows("s3:ListBucket", "arn:aws:s3:::acme-data-lake"));
    for key in ["public/rates.csv", "models/current.bin"] {
        for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
            assert!(after.refuses(action, &lake(key)), "{action} {key}");
        }
    }
    assert!(after.refuses("s3:PutObject", &lake("raw/2026/11/07/events-0001.json.gz")));
    assert!(after.refuses("s3:DeleteObject", &lake("raw/2026/11/07/events-0001.json.gz")));
    let secret = |name| format!("arn:aws:secretsmanager:eu-central-1:444455556666:secret:prod/{name}");
    assert!(after.allows("secretsmanager:GetSecretValue", &secret("warehouse-a1B2c3")));
    assert!(after.refuses("secretsmanager:GetSecretValue", &secret("billing-d4E5f6")));
    assert!(after.refuses("secretsmanager:DescribeSecret", &secret("warehouse-a1B2c3")));
    assert!(after.allows(
        "logs:CreateLogStream",
        "arn:aws:logs:eu-central-1:444455556666:log-group:/jobs/nightly-export:log-stream:run/2026-11-07/4242"
    ));
}

#[test]
fn data_job_keeps_what_cannot_be_seen() {
    let report = DATA_JOB.report();
    let after = DATA_JOB.after();
    let table = |name| format!("arn:aws:dynamodb:eu-central-1:444455556666:table/{name}");
    // Items of `customers` are not recorded, those of `export-state` are.
    for action in [
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:BatchGetItem",
    ] {
        assert!(after.allows(action, &table("customers")), "{action}");
    }
    for action in ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:DescribeTable"] {
        assert!(after.allows(action, &table("export-state")), "{action}");
    }
    for action in ["dynamodb:Scan", "dynamodb:BatchGetItem"] {
        assert!(after.refuses(action, &table("export-state")), "{action}");
    }
    assert!(after.refuses("dynamodb:DescribeTable", &table("customers")));
    let (unused, unseen) = (actions(report, "unused"), actions(report, "unseen"));
    for action in [
        "sqs:SendMessage",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "logs:PutLogEvents",
    ] {
        assert!(unseen.contains(action), "{action}");
    }
    assert!(after.allows("sqs:SendMessage", "arn:aws:sqs:eu-central-1:444455556666:any"));
    for action in [
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "logs:DeleteLogGroup",
        "glue:DeleteTable",
    ] {
        assert!(unused.contains(action), "{action}");
    }
    assert!(after.refuses("sqs:DeleteQueue", "arn:aws:sqs:eu-central-1:444455556666:any"));
}

#[test]
fn data_job_calls_count_once_and_for_their_caller() {
    let report = DATA_JOB.report();
    let puts = &used(report, "s3:PutObject")["operations"];
    assert!(
        puts["s3.amazonaws.com/CreateMultipartUpload"].as_u64() > Some(0),
        "{puts}"
    );
    assert!(used(report, "kms:GenerateDataKey")["via"].is_object());
    assert_eq!(
        refused(report),
        [("dynamodb:PutItem", "would-help"), ("s3:PutObject", "would-help")].into()
    );
    let counts = report["refused"].as_array().unwrap().iter();
    let writes: u64 = counts
        .filter(|call| call["action"] == "s3:PutObject")
        .map(|call| call["count"].as_u64().unwrap())
        .sum();
    assert_eq!(writes, 2);
}

#[test]
fn analyst_denies_conditions_and_variables_stay_to_the_letter() {
    let scenario = &ANALYST;
    assert_eq!(
        changes(scenario),
        [("AnalystAccess", "edit"), ("SelfService", "edit")]
    );
    for sid in ["KeepBuckets", "WritesNeedMfa"] {
        let deny = scenario.statement("AnalystAccess", sid);
        assert_eq!(deny["change"], "unchanged");
        assert_eq!(deny["after"], json!([deny["before"]]));
        assert_eq!(deny["before"]["Effect"], "Deny");
    }
    for sid in ["MostInOurRegion", "WideReadsFromOffice"] {
        let statement = scenario.statement("AnalystAccess", sid);
        for after in statement["after"].as_array().unwrap() {
            assert_eq!(after["Condition"], statement["before"]["Condition"], "{sid}");
        }
    }
    // What is laid out over new policies stands under the same condition.
    let region = json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}});
    for edit in scenario.report()["edits"].as_array().unwrap() {
        for statement in edit["statements"].as_array().unwrap() {
            if statement["change"] == "added" {
                assert_eq!(statement["after"][0]["Condition"], region);
            }
        }
    }
    for sid in ["OwnCredentials", "OwnDevices"] {
        let statement = scenario.statement("SelfService", sid);
        for after in statement["after"].as_array().unwrap() {
            let resources = after["Resource"].to_string();
            assert!(resources.contains("${aws:username}"), "{resources}");
            assert!(!resources.contains("dana"), "{resources}");
        }
    }
    let own = "arn:aws:iam::111122223333:user/dana";
    let after = scenario.after();
    assert!(after.allows_when("iam:GetUser", own, &[("aws:username", "dana")]));
    assert!(!after.allows_when("iam:GetUser", own, &[("aws:username", "eli")]));
}

#[test]
fn analyst_shares_policies_and_nobody_loses() {
    let report = ANALYST.report();
    let user = |name| format!("arn:aws:iam::111122223333:user/{name}");
    assert_eq!(ANALYST.edit("AnalystAccess")["shared_with"], json!([user("eli")]));
    assert_eq!(
        ANALYST.edit("SelfService")["shared_with"],
        json!([user("eli"), user("frank"), user("gina")])
    );
    let notes = diagnostics(report, "shared-policy");
    assert_eq!(notes.len(), 2);
    // Eli, in Munich with MFA, writes a table and a dashboard; dana never did.
    let after = ANALYST.after();
    let with_mfa = [
        ("aws:username", "eli"),
        ("aws:requestedregion", "eu-west-1"),
        ("aws:multifactorauthpresent", "true"),
        ("aws:sourceip", "203.0.113.9"),
    ];
    let dashboard = "arn:aws:cloudwatch::111122223333:dashboard/campaigns";
    assert!(after.allows_when("cloudwatch:PutDashboard", dashboard, &with_mfa));
    assert!(after.allows_when("s3:PutBucketTagging", "arn:aws:s3:::acme-reports", &with_mfa));
    assert!(after.allows_when("iam:CreateAccessKey", &user("eli"), &with_mfa));
    assert!(!actions(report, "used").contains("cloudwatch:PutDashboard"));
    assert!(!actions(report, "unused").contains("cloudwatch:PutDashboard"));
    let frank = [("aws:username", "frank")];
    assert!(after.allows_when("iam:ChangePassword", &user("frank"), &frank));
    // Nobody made a trail or a user.
    assert!(!after.allows_when("cloudtrail:CreateTrail", "*", &with_mfa));
}

#[test]
fn analyst_sign_ins_are_no_actions_and_a_deny_is_settled_elsewhere() {
    let report = ANALYST.report();
    assert!(report["not_authorized"]["sign-in"].as_u64().unwrap() >= 20);
    for list in ["used", "refused"] {
        assert!(
            actions(report, list)
                .iter()
                .all(|action| !action.starts_with("signin:"))
        );
    }
    assert_eq!(
        refused(report),
        [
            ("ec2:DescribeInstances", "would-help"),
            ("glue:CreateTable", "elsewhere"),
            ("iam:ListUsers", "would-help"),
            ("s3:DeleteBucket", "elsewhere"),
            ("s3:ListAllMyBuckets", "would-help"),
        ]
        .into()
    );
    // Events of KMS are left out of the trail: its actions cannot be called unused.
    assert!(actions(report, "unseen").contains("kms:CreateKey"));
}

#[test]
fn boundary_edits() {
    let scenario = &BOUNDARY;
    assert_eq!(
        changes(scenario),
        [
            ("AWSLambda_FullAccess", "detach"),
            ("AmazonDynamoDBFullAccess", "detach"),
            ("TeamAppShared", "edit"),
            ("TeamBoundary", "unchanged"),
        ]
    );
    // Their documents are not in the grants.
    let grants: Value = serde_json::from_str(&repository_file("examples/boundary/grants.json")).unwrap();
    let given = grants["Policies"].as_array().unwrap().iter();
    let given: BTreeSet<_> = given
        .map(|policy| policy["PolicyName"].as_str().unwrap())
        .collect();
    assert_eq!(given, set(["TeamAppShared", "TeamBoundary"]));
    assert!(diagnostics(scenario.report(), "policy-not-given").is_empty());
    let unchanged = scenario.edit("TeamBoundary")["statements"].as_array().unwrap();
    assert!(
        unchanged
            .iter()
            .all(|statement| statement["change"] == "unchanged")
    );
    let limit = scenario.report()["policies"].as_array().unwrap().iter();
    let limit: Vec<_> = limit
        .filter(|policy| policy["origin"]["kind"] == "boundary")
        .collect();
    assert_eq!(limit.len(), 1);
    assert_eq!(limit[0]["change"], "unchanged");
    assert_eq!(
        scenario.edit("TeamAppShared")["shared_with"],
        json!(["arn:aws:iam::444455556666:role/team-app-operator"])
    );
    assert_eq!(
        scenario.statement("TeamAppShared", "Parameters")["change"],
        "removed"
    );
}

#[test]
fn boundary_limits_what_is_granted() {
    let report = BOUNDARY.report();
    let ineffective = actions(report, "ineffective");
    for action in [
        "ec2:DescribeVpcs",
        "kms:ListAliases",
        "cloudwatch:DescribeAlarms",
        "dax:CreateCluster",
    ] {
        assert!(ineffective.contains(action), "{action}");
    }
    for prefix in ["lambda:", "dynamodb:", "sqs:", "logs:", "s3:"] {
        assert!(
            !ineffective.iter().any(|action| action.starts_with(prefix)),
            "{prefix}"
        );
    }
    let expected = [
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeVpcs",
        "events:PutRule",
        "iam:CreateRole",
        "kms:ListAliases",
    ];
    assert_eq!(
        refused(report),
        expected.map(|action| (action, "elsewhere")).into()
    );
    let counts = report["refused"].as_array().unwrap().iter();
    assert_eq!(
        counts.map(|call| call["count"].as_u64().unwrap()).sum::<u64>(),
        5 + 4 + 2 + 1 + 1
    );
    assert!(
        report["refused"]
            .as_array()
            .unwrap()
            .iter()
            .all(|call| call["layer"].is_string())
    );
    let asked = BOUNDARY
        .run(&["--format", "json", "--include-denied"])
        .exits(0)
        .json();
    assert_eq!(asked["policies"], report["policies"]);
}

#[test]
fn boundary_keeps_what_builder_and_operator_use() {
    let after = BOUNDARY.after();
    let function = |name| format!("arn:aws:lambda:us-east-1:444455556666:function:{name}");
    assert!(after.allows("lambda:UpdateFunctionCode", &function("team-app-intake")));
    assert!(after.refuses("lambda:DeleteFunction", &function("team-app-intake")));
    assert!(after.refuses("lambda:UpdateFunctionCode", &function("other")));
    // Invocations are data events, which this trail does not record.
    assert!(after.allows("lambda:InvokeFunction", &function("team-app-intake")));
    // The operator uses these through TeamAppShared.
    let queue = "arn:aws:sqs:us-east-1:444455556666:team-app-intake";
    assert!(after.allows("sqs:PurgeQueue", queue));
    assert!(after.refuses("sqs:DeleteQueue", queue));
    assert!(after.allows("s3:GetBucketVersioning", "arn:aws:s3:::team-app-uploads"));
    let role = "arn:aws:iam::444455556666:role/team-app-digest";
    let limit = "arn:aws:iam::444455556666:policy/TeamBoundary";
    assert!(after.allows_when("iam:CreateRole", role, &[("iam:permissionsboundary", limit)]));
    assert!(!after.allows_when("iam:CreateRole", role, &[("iam:permissionsboundary", "another")]));
    assert!(!after.allows("iam:DeleteRole", role));
}
