//! `explain`: what it prints in each form, its JSON against the schema, exit codes, bad input.

use leastgrant::denial;
use leastgrant::explain::{Known, Options, SCHEMA_VERSION, explain, explained_schema};
use leastgrant::report::{markdown, terminal};
use serde_json::{Value, json};

use crate::messages::topics;
use crate::support::{Folder, command, expect_file, finish, follows_the_schema, gz, leastgrant};

const SCHEMA: &str = "schema/explain.schema.json";
const LOG: &str = "examples/ticket/job.log";
const GRANTS: &str = "examples/ticket/grants.json";
const MESSAGE: &str = "User: arn:aws:iam::111122223333:user/dana is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:eu-west-1:111122223333:jobs because no identity-based policy allows the sqs:SendMessage action";

#[test]
fn the_committed_schema_is_current() {
    let text = serde_json::to_string_pretty(&explained_schema()).unwrap();
    expect_file(SCHEMA, &format!("{text}\n"));
}

#[test]
fn the_ticket_of_the_examples_is_answered_as_committed() {
    let run = leastgrant(&["explain", LOG, "--grants", GRANTS, "--color", "never"]).exits(0);
    expect_file("examples/ticket/expected.txt", &run.out);
    let run = leastgrant(&["explain", LOG, "--grants", GRANTS, "--format", "markdown"]).exits(0);
    expect_file("examples/ticket/expected.md", &run.out);
}

#[test]
fn every_message_has_an_answer_in_every_form() {
    let schema: Value = explained_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let layers = [
        "identity",
        "resource",
        "boundary",
        "session",
        "scp",
        "rcp",
        "vpc_endpoint",
        "role_trust",
        "key_policy",
        "unknown",
    ];
    let mut refusals = 0;
    for (file, topic) in topics() {
        for message in topic["messages"].as_array().unwrap() {
            let text = message["text"].as_str().unwrap();
            let explained = explain(&denial::read(text), &Known::default(), &Options::default());
            let json = serde_json::to_value(&explained).unwrap();
            let name = format!("{file} {}", message["name"]);
            let errors: Vec<String> = validator
                .iter_errors(&json)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
            for (own, expected) in json["refusals"]
                .as_array()
                .unwrap()
                .iter()
                .zip(message["expect"].as_array().unwrap())
            {
                refusals += 1;
                for field in [
                    "principal",
                    "action",
                    "resource",
                    "operation",
                    "layer",
                    "kind",
                    "policy_arn",
                    "identity_change_helps",
                ] {
                    assert_eq!(own[field], expected[field], "{field} of {name}");
                }
                assert!(layers.contains(&own["layer"].as_str().unwrap()));
                identity_is_changed_only_where_it_helps(own, &name);
            }
            let terminal = terminal::explain::render(&explained);
            let markdown = markdown::render(&explained);
            assert!(!terminal.is_empty() && !markdown.is_empty(), "{name}");
        }
    }
    assert!(refusals >= 150, "{refusals}");
}

/// No change of an identity policy is offered as the change where none can help.
fn identity_is_changed_only_where_it_helps(refusal: &Value, name: &str) {
    let change = &refusal["change"];
    if refusal["identity_change_helps"] == "no" {
        assert_ne!(change["layer"], "identity", "{name}: {change}");
    }
    if refusal["kind"] == "explicit" && change.is_object() {
        assert_eq!(change["statements"], json!([]), "{name}");
        assert_eq!(change["ready"], false, "{name}");
    }
}

#[test]
fn a_text_comes_as_words_as_a_file_or_on_standard_input() {
    let words = leastgrant(&["explain", MESSAGE, "--format", "json"])
        .exits(0)
        .json();
    follows_the_schema(SCHEMA, SCHEMA_VERSION, &words);
    assert_eq!(words["refusals"][0]["action"], "sqs:SendMessage");
    let apart: Vec<&str> = ["explain", "--format", "json"]
        .into_iter()
        .chain(MESSAGE.split(' '))
        .collect();
    let folder = Folder::new();
    let plain = folder.file("a.log", MESSAGE);
    let packed = folder.file("a.log.gz", gz(MESSAGE.as_bytes()));
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(MESSAGE.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let wide = folder.file("wide.log", wide);
    for json in [
        leastgrant(&apart).exits(0).json(),
        leastgrant(&["explain", &plain, "--format", "json"])
            .exits(0)
            .json(),
        leastgrant(&["explain", &packed, "--format", "json"])
            .exits(0)
            .json(),
        leastgrant(&["explain", &wide, "--format", "json"])
            .exits(0)
            .json(),
        finish(
            command()
                .args(["explain", "--format", "json"])
                .write_stdin(MESSAGE),
        )
        .exits(0)
        .json(),
        finish(
            command()
                .args(["explain", "-", "--format", "json"])
                .write_stdin(MESSAGE),
        )
        .exits(0)
        .json(),
    ] {
        assert_eq!(json, words);
    }
}

#[test]
fn bytes_that_are_no_text_do_no_harm() {
    let mut bytes = b"\xff\xfe\0\x80 noise \n".to_vec();
    bytes.rotate_left(2);
    bytes.extend(MESSAGE.as_bytes());
    let run = finish(command().args(["explain", "--format", "json"]).write_stdin(bytes)).exits(0);
    assert_eq!(run.json()["refusals"].as_array().unwrap().len(), 1);
}

#[test]
fn a_text_without_refusal_says_so() {
    let run = leastgrant(&["explain", "all is well"]).exits(0);
    assert!(run.out.contains("No refusal found"), "{}", run.out);
    let run = leastgrant(&["explain", "all is well", "--format", "json"])
        .exits(0)
        .says(&["no refusal found"]);
    assert_eq!(run.json()["refusals"], json!([]));
    leastgrant(&["explain", "all is well", "--exit-code"]).exits(0);
    leastgrant(&["explain", MESSAGE, "--exit-code"]).exits(3);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    leastgrant(&["explain", "./none.log"])
        .exits(1)
        .says(&["no such file", "none.log"]);
    leastgrant(&["explain", MESSAGE, "--grants", "none.json"])
        .exits(1)
        .says(&["none.json"]);
    leastgrant(&["explain", MESSAGE, "--trail", "none"])
        .exits(1)
        .says(&["none"]);
    leastgrant(&["explain", "-", "--policy", "-"])
        .exits(2)
        .says(&["standard input"]);
    leastgrant(&["explain", MESSAGE, "--only-this", "--only-certain"]).exits(2);
    leastgrant(&["explain", MESSAGE, "--allow-dangerous", "pass-any-rol"])
        .exits(2)
        .says(&["pass-any-role"]);
}

#[test]
fn a_policy_that_cannot_be_read_leaves_its_layer_unknown() {
    let folder = Folder::new();
    let broken = folder.file("scp.json", "{\"Statement\": [");
    let run = leastgrant(&["explain", MESSAGE, "--scp", &broken, "--format", "json"]).exits(4);
    assert_eq!(run.json()["refusals"].as_array().unwrap().len(), 1);
}

#[test]
fn single_policies_stand_for_grants() {
    let folder = Folder::new();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Send", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:444455556666:jobs"}]});
    let policy = folder.file("own.json", serde_json::to_string_pretty(&policy).unwrap());
    let json = leastgrant(&["explain", MESSAGE, "--policy", &policy, "--format", "json"])
        .exits(0)
        .json();
    let names: Vec<&str> = json["refusals"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.first(), Some(&"other-account"));
    let change = &json["refusals"][0]["change"];
    assert!(
        change["policy"].as_str().unwrap().contains("own.json"),
        "{change}"
    );
    assert_eq!(change["document"]["Statement"][0]["Sid"], "Send");
}

#[test]
fn the_trail_tells_what_else_was_refused() {
    let event = |name: &str, action: &str, number: u32| {
        json!({
            "eventVersion": "1.11", "eventTime": "2026-11-20T10:00:00Z", "eventSource": "sqs.amazonaws.com",
            "eventName": name, "awsRegion": "eu-west-1", "recipientAccountId": "111122223333",
            "eventID": format!("00000000-0000-0000-0000-00000000000{number}"), "eventType": "AwsApiCall",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/dana", "accountId": "111122223333",
                             "principalId": "AIDAEXAMPLE", "userName": "dana"},
            "errorCode": "AccessDenied",
            "errorMessage": format!("User: arn:aws:iam::111122223333:user/dana is not authorized to perform: {action} on resource: arn:aws:sqs:eu-west-1:111122223333:jobs because no identity-based policy allows the {action} action"),
            "requestParameters": {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"},
        })
    };
    let folder = Folder::new();
    let records = json!({"Records": [event("GetQueueAttributes", "sqs:GetQueueAttributes", 1)]});
    let trail = folder.file("trail.json", records.to_string());
    let run = leastgrant(&["explain", MESSAGE, "--trail", &trail, "--format", "json"]).exits(0);
    let certain = run.json()["refusals"][0]["next"]["certain"].clone();
    let found = certain
        .as_array()
        .unwrap()
        .iter()
        .find(|own| own["action"] == "sqs:GetQueueAttributes");
    assert!(
        found.is_some_and(|own| own["why"].as_str().unwrap().contains("1 refused call")),
        "{certain}"
    );
}

#[test]
fn a_paste_does_not_command_the_terminal() {
    let text = MESSAGE.replace("dana", "da\u{1b}[2Jna\u{7}");
    let run = finish(command().args(["explain", "--color", "always"]).write_stdin(text)).exits(0);
    assert!(!run.out.contains("\u{1b}[2J") && !run.out.contains('\u{7}'));
}

#[test]
fn the_answer_is_the_same_every_time() {
    let once = || {
        leastgrant(&["explain", LOG, "--grants", GRANTS, "--format", "json"])
            .exits(0)
            .out
    };
    assert_eq!(once(), once());
}
