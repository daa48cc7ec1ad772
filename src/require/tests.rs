//! From whole records to requirements: record shapes as CloudTrail writes them.

use serde_json::{Value, json};

use super::*;
use crate::trail::Scratch;

const ROLE: &str = "arn:aws:iam::111122223333:role/ci/deploy";

/// A successful management call of a role session; `change` is laid over it.
fn record(source: &str, name: &str, request: Value, change: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLEEXAMPLE000:build-7", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/deploy/build-7",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEEXAMPLE000", "arn": ROLE,
                    "accountId": "111122223333", "userName": "deploy"},
                "attributes": {"creationDate": "2026-08-03T09:00:00Z", "mfaAuthenticated": "false"}}},
        "eventTime": "2026-08-03T09:14:11Z", "eventSource": source, "eventName": name,
        "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2.17",
        "requestParameters": request, "responseElements": null,
        "requestID": "4e1c5d7a", "eventID": "6ce47c89-5908-452d-87cc-a7c251ac4ac0", "readOnly": false,
        "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": "111122223333",
        "eventCategory": "Management"
    });
    for (key, value) in change.as_object().into_iter().flatten() {
        record[key] = value.clone();
    }
    record
}

fn mapped(record: &Value) -> Mapped {
    let text = record.to_string();
    let mut scratch = Scratch::default();
    requirements(&Event::parse(text.as_bytes(), &mut scratch).unwrap())
}

/// `action resource`, with ` ?` where the need is only likely and the reason of a pattern behind it.
fn needs(source: &str, name: &str, request: Value, change: Value) -> Vec<String> {
    lines(mapped(&record(source, name, request, change)))
}

fn lines(mapped: Mapped) -> Vec<String> {
    let Mapped::Requires(found) = mapped else {
        panic!("not a call with needs: {mapped:?}");
    };
    found.iter().map(line).collect()
}

fn line(need: &Requirement) -> String {
    let likely = if need.certain { "" } else { " ?" };
    let because = match &need.resource {
        Resource::Pattern { because, .. } => match because {
            Widened::GeneratedId => " (generated-id)".to_owned(),
            Widened::Template(reason) => format!(" ({reason})"),
            Widened::Folded => " (folded)".to_owned(),
        },
        _ => String::new(),
    };
    format!("{} {}{because}{likely}", need.action, need.resource.shown())
}

/// The lines of one action.
fn of(action: &str, lines: &[String]) -> Vec<String> {
    let lead = format!("{action} ");
    lines
        .iter()
        .filter_map(|line| line.strip_prefix(&lead))
        .map(str::to_owned)
        .collect()
}

fn class(mapped: Mapped) -> String {
    match mapped {
        Mapped::NotAuthorized { class, .. } => class,
        other => panic!("expected no need: {other:?}"),
    }
}

fn refused(message: &str) -> Value {
    json!({"errorCode": "AccessDenied", "errorMessage": message})
}

mod resources {
    use super::*;

    const OBJECT: &str = "arn:aws:s3:::acme-data/raw/2026/a.json";

    fn s3_data(arns: Value) -> Value {
        json!({"readOnly": true, "managementEvent": false, "eventCategory": "Data", "resources": arns})
    }

    #[test]
    fn an_object_is_bucket_and_key() {
        let listed = s3_data(json!([
            {"type": "AWS::S3::Object", "ARN": OBJECT},
            {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::acme-data"}]));
        let request = json!({"bucketName": "acme-data", "Host": "acme-data.s3.eu-west-1.amazonaws.com", "key": "raw/2026/a.json"});
        assert_eq!(
            needs("s3.amazonaws.com", "GetObject", request, listed),
            [format!("s3:GetObject {OBJECT}")]
        );
    }

    #[test]
    fn a_version_asks_for_another_action() {
        let request = json!({"bucketName": "acme-data", "key": "k", "versionId": "3HL4kqtJ"});
        assert_eq!(
            needs("s3.amazonaws.com", "GetObject", request, json!({})),
            ["s3:GetObjectVersion arn:aws:s3:::acme-data/k"]
        );
    }

    #[test]
    fn where_parameters_were_cut_resources_say_which_object() {
        let listed = s3_data(json!([
            {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::acme-data"},
            {"type": "AWS::S3::Object", "ARN": OBJECT}]));
        assert_eq!(
            needs("s3.amazonaws.com", "GetObject", Value::Null, listed.clone()),
            [format!("s3:GetObject {OBJECT}")]
        );
        assert_eq!(
            needs("s3.amazonaws.com", "ListObjectsV2", Value::Null, listed),
            ["s3:ListBucket arn:aws:s3:::acme-data"]
        );
    }

    #[test]
    fn without_parameters_and_resources_it_is_unknown_and_not_everything() {
        for request in [Value::Null, json!({})] {
            assert_eq!(
                needs("s3.amazonaws.com", "GetObject", request.clone(), json!({})),
                ["s3:GetObject unknown"]
            );
            assert_eq!(
                needs("ec2.amazonaws.com", "TerminateInstances", request, json!({})),
                ["ec2:TerminateInstances unknown"]
            );
        }
        let mut cut = record("s3.amazonaws.com", "PutObject", Value::Null, json!({}));
        cut.as_object_mut().unwrap().remove("requestParameters");
        assert_eq!(lines(mapped(&cut)), ["s3:PutObject unknown"]);
    }

    #[test]
    fn an_action_without_resource_types_is_asked_on_everything() {
        assert_eq!(
            needs("kms.amazonaws.com", "ListKeys", Value::Null, json!({})),
            ["kms:ListKeys *"]
        );
        assert_eq!(
            needs(
                "ec2.amazonaws.com",
                "DescribeInstances",
                json!({"instancesSet": {}, "filterSet": {}}),
                json!({})
            ),
            ["ec2:DescribeInstances *"]
        );
    }

    #[test]
    fn a_prefix_in_resources_is_no_resource() {
        let listed = s3_data(json!([{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::acme-data/"}]));
        assert_eq!(
            needs("s3.amazonaws.com", "GetObject", Value::Null, listed),
            ["s3:GetObject unknown"]
        );
    }

    #[test]
    fn derived_needs_take_listed_arns_before_parameters() {
        // No template of its own in the catalog: the resource types of the action decide.
        let arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
        let listed = json!({"resources": [
            {"accountId": "111122223333", "type": "AWS::DynamoDB::Table", "ARN": arn},
            {"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": "arn:aws:kms:eu-west-1:111122223333:key/0a1b"}]});
        let request = json!({"requestItems": {"orders": {"keys": [{"id": 1}]}}});
        assert_eq!(
            needs("dynamodb.amazonaws.com", "BatchGetItem", request, listed),
            [format!("dynamodb:BatchGetItem {arn}")]
        );
    }

    #[test]
    fn each_element_of_a_list_is_a_resource() {
        let request = json!({"instancesSet": {"items": [
            {"instanceId": "i-0aaaaaaaaaaaaaaa2"}, {"instanceId": "i-0aaaaaaaaaaaaaaa1"}, {"instanceId": "i-0aaaaaaaaaaaaaaa2"}]}});
        assert_eq!(
            needs("ec2.amazonaws.com", "StartInstances", request, json!({})),
            [
                "ec2:StartInstances arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1",
                "ec2:StartInstances arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa2"
            ]
        );
    }

    #[test]
    fn deleted_objects_are_somewhere_in_the_bucket() {
        let found = needs(
            "s3.amazonaws.com",
            "DeleteObjects",
            json!({"bucketName": "acme-data", "delete": ""}),
            json!({}),
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("s3:DeleteObject arn:aws:s3:::acme-data/* (the keys are in the body"));
    }

    #[test]
    fn parameters_may_be_wrapped_in_a_request() {
        let request = json!({"CreateVpcEndpointRequest": {
            "VpcId": "vpc-0aaaaaaaaaaaaaaa1", "ServiceName": "com.amazonaws.eu-west-1.s3",
            "RouteTableId": [{"tag": 1, "content": "rtb-0aaaaaaaaaaaaaaa1"}, {"tag": 2, "content": "rtb-0aaaaaaaaaaaaaaa2"}]}});
        let found = of(
            "ec2:CreateVpcEndpoint",
            &needs("ec2.amazonaws.com", "CreateVpcEndpoint", request, json!({})),
        );
        for wanted in [
            "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0aaaaaaaaaaaaaaa1",
            "arn:aws:ec2:eu-west-1:111122223333:route-table/rtb-0aaaaaaaaaaaaaaa1",
            "arn:aws:ec2:eu-west-1:111122223333:route-table/rtb-0aaaaaaaaaaaaaaa2",
        ] {
            assert!(found.iter().any(|line| line == wanted), "{wanted} in {found:?}");
        }
    }

    #[test]
    fn partitions_come_from_the_caller() {
        let request = || json!({"bucketName": "acme", "key": "k"});
        for (partition, region) in [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")] {
            let mut record = record(
                "s3.amazonaws.com",
                "PutObject",
                request(),
                json!({"awsRegion": region}),
            );
            record["userIdentity"] = json!({"type": "IAMUser", "userName": "ana", "accountId": "111122223333",
                "arn": format!("arn:{partition}:iam::111122223333:user/ana")});
            assert_eq!(
                lines(mapped(&record)),
                [format!("s3:PutObject arn:{partition}:s3:::acme/k")]
            );
            // An anonymous caller has no ARN: the region says it.
            record["userIdentity"] =
                json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"});
            assert_eq!(
                lines(mapped(&record)),
                [format!("s3:PutObject arn:{partition}:s3:::acme/k")]
            );
        }
    }

    #[test]
    fn a_resource_without_region_or_account_in_the_record_is_unknown() {
        let mut record = record(
            "sqs.amazonaws.com",
            "CreateQueue",
            json!({"queueName": "jobs"}),
            json!({"awsRegion": ""}),
        );
        assert_eq!(lines(mapped(&record)), ["sqs:CreateQueue unknown"]);
        record["awsRegion"] = json!("eu-west-1");
        assert_eq!(
            lines(mapped(&record)),
            ["sqs:CreateQueue arn:aws:sqs:eu-west-1:111122223333:jobs"]
        );
    }

    #[test]
    fn generated_ids_stay_open() {
        let found = needs(
            "kms.amazonaws.com",
            "CreateKey",
            json!({"description": "d", "tags": [{"tagKey": "a", "tagValue": "b"}]}),
            json!({"resources": [{"type": "AWS::KMS::Key", "ARN": "arn:aws:kms:eu-west-1:111122223333:key/0a1b"}]}),
        );
        assert_eq!(
            found,
            [
                "kms:CreateKey *",
                "kms:TagResource arn:aws:kms:eu-west-1:111122223333:key/* (generated-id)"
            ]
        );
    }

    #[test]
    fn an_id_in_the_response_alone_is_generated() {
        let response = json!({"securityGroupId": "sg-0aaaaaaaaaaaaaaa1", "groupId": "sg-0aaaaaaaaaaaaaaa1", "_return": true});
        let request = json!({"groupName": "web", "groupDescription": "d", "vpcId": "vpc-0aaaaaaaaaaaaaaa1"});
        let found = needs(
            "ec2.amazonaws.com",
            "CreateSecurityGroup",
            request,
            json!({"responseElements": response}),
        );
        let found = of("ec2:CreateSecurityGroup", &found);
        assert!(
            found.contains(&"arn:aws:ec2:eu-west-1:111122223333:security-group/* (generated-id)".to_owned()),
            "{found:?}"
        );
        assert!(found.contains(&"arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0aaaaaaaaaaaaaaa1".to_owned()));
    }
}

mod services {
    use super::*;

    fn lambda(request: Value) -> Vec<String> {
        of(
            "lambda:UpdateFunctionCode",
            &needs(
                "lambda.amazonaws.com",
                "UpdateFunctionCode20150331v2",
                request,
                json!({}),
            ),
        )
    }

    #[test]
    fn a_function_is_named_in_every_way() {
        let resize = "arn:aws:lambda:eu-west-1:111122223333:function:resize";
        assert_eq!(lambda(json!({"functionName": "resize"})), [resize]);
        assert_eq!(lambda(json!({"functionName": resize})), [resize]);
        assert_eq!(
            lambda(json!({"functionName": format!("{resize}:live")})),
            [format!("{resize}:live")]
        );
        // The partial ARN of Lambda's API reference.
        assert_eq!(
            lambda(json!({"functionName": "444455556666:function:resize"})),
            ["arn:aws:lambda:eu-west-1:444455556666:function:resize"]
        );
    }

    #[test]
    fn a_qualifier_is_part_of_the_function_called() {
        let request = json!({"functionName": "resize", "qualifier": "live"});
        assert_eq!(
            needs("lambda.amazonaws.com", "Invoke", request, json!({})),
            ["lambda:InvokeFunction arn:aws:lambda:eu-west-1:111122223333:function:resize:live"]
        );
    }

    #[test]
    fn dated_names_and_plain_ones_are_one_operation() {
        let request = || json!({"functionName": "resize"});
        for (name, action) in [
            ("GetFunction20150331v2", "lambda:GetFunction"),
            ("GetFunction", "lambda:GetFunction"),
            ("DeleteFunction20150331", "lambda:DeleteFunction"),
        ] {
            let found = needs("lambda.amazonaws.com", name, request(), json!({}));
            assert_eq!(
                of(action, &found),
                ["arn:aws:lambda:eu-west-1:111122223333:function:resize"],
                "{name}"
            );
        }
    }

    #[test]
    fn a_role_that_is_handed_over_needs_pass_role() {
        let role = "arn:aws:iam::111122223333:role/service/resize";
        let request = json!({"functionName": "resize", "role": role, "runtime": "python3.13", "code": {}, "handler": "a.b"});
        let found = needs(
            "lambda.amazonaws.com",
            "CreateFunction20150331",
            request,
            json!({}),
        );
        assert_eq!(of("iam:PassRole", &found), [role]);
        let without = needs(
            "lambda.amazonaws.com",
            "CreateFunction20150331",
            json!({"functionName": "resize"}),
            json!({}),
        );
        assert_eq!(of("iam:PassRole", &without), Vec::<String>::new());
    }

    #[test]
    fn a_task_definition_hands_over_two_roles() {
        let request = json!({"family": "web", "taskRoleArn": "web-task", "executionRoleArn": "arn:aws:iam::111122223333:role/ecs/web-exec",
            "containerDefinitions": []});
        let found = needs("ecs.amazonaws.com", "RegisterTaskDefinition", request, json!({}));
        assert_eq!(
            of("iam:PassRole", &found),
            [
                "arn:aws:iam::111122223333:role/ecs/web-exec",
                "arn:aws:iam::111122223333:role/web-task"
            ]
        );
        assert_eq!(
            of("ecs:RegisterTaskDefinition", &found),
            ["arn:aws:ecs:eu-west-1:111122223333:task-definition/web:* (any-version)"]
        );
    }

    #[test]
    fn a_role_is_assumed_by_its_arn() {
        let role = "arn:aws:iam::444455556666:role/audit";
        let request = json!({"roleArn": role, "roleSessionName": "x", "tags": [{"key": "a", "value": "b"}]});
        assert_eq!(
            needs("sts.amazonaws.com", "AssumeRole", request, json!({})),
            [format!("sts:AssumeRole {role}"), format!("sts:TagSession {role}")]
        );
    }

    #[test]
    fn a_copy_reads_its_source_and_writes_its_destination() {
        let request = json!({"bucketName": "acme-out", "key": "b/c.txt", "x-amz-copy-source": "/acme-in/a%20b.txt?versionId=7"});
        assert_eq!(
            needs("s3.amazonaws.com", "CopyObject", request, json!({})),
            [
                "s3:GetObjectVersion arn:aws:s3:::acme-in/a b.txt",
                "s3:PutObject arn:aws:s3:::acme-out/b/c.txt"
            ]
        );
        let request =
            json!({"bucketName": "acme-out", "key": "b/c.txt", "x-amz-copy-source": "acme-in/a.txt"});
        assert_eq!(
            needs("s3.amazonaws.com", "CopyObject", request, json!({})),
            [
                "s3:GetObject arn:aws:s3:::acme-in/a.txt",
                "s3:PutObject arn:aws:s3:::acme-out/b/c.txt"
            ]
        );
    }

    #[test]
    fn a_part_of_a_need_that_cannot_be_filled_is_unknown() {
        let request = json!({"bucketName": "acme-out", "key": "b"});
        assert_eq!(
            needs("s3.amazonaws.com", "CopyObject", request, json!({})),
            ["s3:GetObject unknown", "s3:PutObject arn:aws:s3:::acme-out/b"]
        );
    }

    #[test]
    fn conditional_needs_follow_the_parameters() {
        let request = json!({"bucketName": "b", "key": "k", "x-amz-acl": "bucket-owner-full-control",
            "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "0a1b"});
        assert_eq!(
            needs("s3.amazonaws.com", "PutObject", request, json!({})),
            [
                "kms:GenerateDataKey arn:aws:kms:eu-west-1:111122223333:key/0a1b",
                "s3:PutObject arn:aws:s3:::b/k",
                "s3:PutObjectAcl arn:aws:s3:::b/k"
            ]
        );
    }

    #[test]
    fn a_key_by_alias_is_what_resources_say() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666";
        let listed =
            json!({"resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": key}]});
        for alias in ["alias/app", "arn:aws:kms:eu-west-1:111122223333:alias/app"] {
            let request = json!({"keyId": alias});
            assert_eq!(
                needs("kms.amazonaws.com", "Encrypt", request.clone(), listed.clone()),
                [format!("kms:Encrypt {key}")],
                "{alias}"
            );
            // Without resources[] nothing says which key the alias stands for.
            assert_eq!(
                needs("kms.amazonaws.com", "Encrypt", request, json!({})),
                ["kms:Encrypt unknown"],
                "{alias}"
            );
        }
    }

    #[test]
    fn a_secret_by_name_has_a_suffix_nobody_knows() {
        let name = |listed| {
            needs(
                "secretsmanager.amazonaws.com",
                "GetSecretValue",
                json!({"secretId": "prod/db"}),
                listed,
            )
        };
        assert_eq!(
            name(json!({})),
            [
                "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-?????? (name-suffix)"
            ]
        );
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-a1B2c3";
        assert_eq!(
            name(json!({"resources": [{"ARN": arn}]})),
            [format!("secretsmanager:GetSecretValue {arn}")]
        );
        // Another secret in resources[] is not this one.
        let other = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/mail-a1B2c3";
        assert!(name(json!({"resources": [{"ARN": other}]}))[0].ends_with("(name-suffix)"));
    }

    #[test]
    fn a_secret_by_arn_is_exact() {
        let arn = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:prod/db-a1B2c3";
        assert_eq!(
            needs(
                "secretsmanager.amazonaws.com",
                "GetSecretValue",
                json!({"secretId": arn}),
                json!({})
            ),
            [format!("secretsmanager:GetSecretValue {arn}")]
        );
    }

    #[test]
    fn a_parameter_loses_its_leading_slash() {
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db/url";
        for name in ["/app/db/url", "app/db/url", arn] {
            assert_eq!(
                needs(
                    "ssm.amazonaws.com",
                    "GetParameter",
                    json!({"name": name, "withDecryption": true}),
                    json!({})
                ),
                [format!("ssm:GetParameter {arn}")],
                "{name}"
            );
        }
        assert_eq!(
            needs(
                "ssm.amazonaws.com",
                "GetParameters",
                json!({"names": ["/a", arn, "b"]}),
                json!({})
            ),
            [
                "ssm:GetParameters arn:aws:ssm:eu-west-1:111122223333:parameter/a".to_owned(),
                format!("ssm:GetParameters {arn}"),
                "ssm:GetParameters arn:aws:ssm:eu-west-1:111122223333:parameter/b".to_owned()
            ]
        );
    }

    #[test]
    fn a_path_is_part_of_a_roles_name_when_it_is_made() {
        let request =
            |path: Value| json!({"roleName": "app", "path": path, "assumeRolePolicyDocument": "{}"});
        assert_eq!(
            needs(
                "iam.amazonaws.com",
                "CreateRole",
                request(json!("/svc/")),
                json!({})
            ),
            ["iam:CreateRole arn:aws:iam::111122223333:role/svc/app"]
        );
        assert_eq!(
            needs(
                "iam.amazonaws.com",
                "CreateRole",
                json!({"roleName": "app"}),
                json!({})
            ),
            ["iam:CreateRole arn:aws:iam::111122223333:role/app"]
        );
    }
}

mod refusals {
    use super::*;

    const LEAD: &str =
        "User: arn:aws:sts::111122223333:assumed-role/deploy/build-7 is not authorized to perform: ";

    #[test]
    fn only_the_action_that_is_named_was_refused() {
        let request = json!({"functionName": "resize", "role": "arn:aws:iam::111122223333:role/resize", "tags": {"a": "b"}});
        let message = format!(
            "{LEAD}iam:PassRole on resource: arn:aws:iam::111122223333:role/resize because no identity-based policy allows the iam:PassRole action"
        );
        assert_eq!(
            needs(
                "lambda.amazonaws.com",
                "CreateFunction20150331",
                request,
                refused(&message)
            ),
            ["iam:PassRole arn:aws:iam::111122223333:role/resize"]
        );
    }

    #[test]
    fn an_action_that_was_not_expected_is_believed() {
        let message = format!(
            "{LEAD}s3:ListBucket on resource: \"arn:aws:s3:::acme\" because no identity-based policy allows the s3:ListBucket action"
        );
        assert_eq!(
            needs(
                "s3.amazonaws.com",
                "GetObject",
                json!({"bucketName": "acme", "key": "k"}),
                refused(&message)
            ),
            ["s3:ListBucket arn:aws:s3:::acme"]
        );
        // As the catalog spells it; what it does not know, as it stands.
        let message =
            format!("{LEAD}S3:listbucket on resource: * because no identity-based policy allows it");
        assert_eq!(
            needs("s3.amazonaws.com", "GetObject", json!({}), refused(&message)),
            ["s3:ListBucket *"]
        );
        let message = format!("{LEAD}newservice:NewAction");
        assert_eq!(
            needs("s3.amazonaws.com", "GetObject", json!({}), refused(&message)),
            ["newservice:NewAction unknown"]
        );
    }

    #[test]
    fn a_refusal_that_names_no_action_may_be_any_of_the_needs() {
        let request = json!({"bucketName": "out", "key": "k", "x-amz-copy-source": "in/k"});
        assert_eq!(
            needs(
                "s3.amazonaws.com",
                "CopyObject",
                request,
                refused("Access Denied")
            ),
            [
                "s3:GetObject arn:aws:s3:::in/k",
                "s3:PutObject arn:aws:s3:::out/k"
            ]
        );
    }

    #[test]
    fn a_refused_call_needs_all_its_resources_whichever_is_named() {
        let request = json!({"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaaaaaaaaa1"}, {"instanceId": "i-0aaaaaaaaaaaaaaa2"}]}});
        let arn = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa2";
        let message = format!(
            "You are not authorized to perform this operation. {LEAD}ec2:StopInstances on resource: {arn} because no identity-based policy allows the ec2:StopInstances action"
        );
        let change = json!({"errorCode": "Client.UnauthorizedOperation", "errorMessage": message});
        assert_eq!(
            needs("ec2.amazonaws.com", "StopInstances", request, change),
            [
                "ec2:StopInstances arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1"
                    .to_owned(),
                format!("ec2:StopInstances {arn}")
            ]
        );
    }

    #[test]
    fn a_refusal_names_what_the_parameters_do_not() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/0a1b";
        let message = format!(
            "{LEAD}kms:Decrypt on resource: {key} because no identity-based policy allows the kms:Decrypt action"
        );
        assert_eq!(
            needs("kms.amazonaws.com", "Decrypt", Value::Null, refused(&message)),
            [format!("kms:Decrypt {key}")]
        );
    }

    #[test]
    fn a_pattern_of_a_refused_call_stays_a_pattern() {
        let message = format!(
            "{LEAD}kms:TagResource on resource: arn:aws:kms:eu-west-1:111122223333:key/* because no identity-based policy allows the kms:TagResource action"
        );
        assert_eq!(
            needs(
                "kms.amazonaws.com",
                "CreateKey",
                json!({"tags": [{"tagKey": "a", "tagValue": "b"}]}),
                refused(&message)
            ),
            ["kms:TagResource arn:aws:kms:eu-west-1:111122223333:key/* (generated-id)"]
        );
    }
}

mod no_needs {
    use super::*;

    #[test]
    fn events_that_are_no_calls_say_what_they_are() {
        let kind = |source: &str, name: &str, kind: &str| {
            class(mapped(&record(
                source,
                name,
                Value::Null,
                json!({"eventType": kind}),
            )))
        };
        assert_eq!(
            kind("signin.amazonaws.com", "ConsoleLogin", "AwsConsoleSignIn"),
            "sign-in"
        );
        assert_eq!(
            kind("signin.amazonaws.com", "ConsoleLogin", "AwsApiCall"),
            "sign-in"
        );
        assert_eq!(
            kind("kms.amazonaws.com", "RotateKey", "AwsServiceEvent"),
            "service-event"
        );
        assert_eq!(
            kind("s3.amazonaws.com", "GetObject", "AwsVpceEvent"),
            "network-activity"
        );
        assert_eq!(
            kind("signin.amazonaws.com", "SwitchRole", "AwsConsoleAction"),
            "console-only"
        );
    }

    #[test]
    fn what_the_catalog_does_not_know_is_counted_by_reason() {
        let unmapped = |source: &str, name: &str| match mapped(&record(source, name, json!({}), json!({}))) {
            Mapped::Unmapped { reason } => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            unmapped("nosuchthing.amazonaws.com", "GetThing"),
            "unknown-source"
        );
        assert_eq!(unmapped("s3.amazonaws.com", "FrobnicateBucket"), "unknown-event");
    }

    #[test]
    fn a_call_whose_parameters_were_cut_still_needs_its_action() {
        // All needs of this operation hang on a parameter.
        assert_eq!(
            needs("ssm.amazonaws.com", "AddTagsToResource", Value::Null, json!({})),
            ["ssm:AddTagsToResource unknown"]
        );
    }
}

#[test]
fn requirements_are_sorted_and_each_is_there_once() {
    let request = json!({"names": ["/b", "a", "b"]});
    let Mapped::Requires(found) = mapped(&record("ssm.amazonaws.com", "GetParameters", request, json!({})))
    else {
        panic!("a call");
    };
    assert!(found.is_sorted());
    assert_eq!(found.len(), 2);
}

#[test]
fn a_user_call_without_a_user_is_on_the_caller() {
    let dana = "arn:aws:iam::111122223333:user/staff/dana";
    let caller = json!({"type": "IAMUser", "arn": dana, "accountId": "111122223333", "userName": "dana"});
    let get = |change: Value| needs("iam.amazonaws.com", "GetUser", Value::Null, change);
    assert_eq!(
        get(json!({"userIdentity": caller})),
        [format!("iam:GetUser {dana}")]
    );
    // A refused call may have lost its parameters, and a role is no user.
    let refused = json!({"userIdentity": caller, "errorCode": "AccessDenied"});
    assert_eq!(get(refused), ["iam:GetUser unknown"]);
    assert_eq!(get(json!({})), ["iam:GetUser unknown"]);
}
