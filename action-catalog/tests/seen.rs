//! By what events the use of an action shows: spot checks against AWS's documentation. An absence
//! from a trail takes a permission away, so data events must not pass for management events.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeSet;

use action_catalog::{Seen, action, operations};

fn seen(name: &str) -> &'static Seen {
    let (_, found) = action(name).unwrap();
    &found.seen
}

/// Data events of those resource types at least. Management events may be needed beside them: another
/// service's call (`lambda:CreateFunction` with code in S3) uses the action too.
fn is_data(name: &str, types: &[&str]) {
    let seen = seen(name);
    let have: BTreeSet<&str> = seen.data.iter().map(String::as_str).collect();
    let want: BTreeSet<&str> = types.iter().copied().collect();
    assert!(have.is_superset(&want), "{name}: {seen:?}");
    assert_eq!(seen.never, None, "{name}");
}

fn is_management(name: &str) {
    let seen = seen(name);
    assert!(
        seen.management.is_some() && seen.data.is_empty(),
        "{name}: {seen:?}"
    );
    assert_eq!(seen.never, None, "{name}");
}

fn is_never(name: &str) {
    assert!(seen(name).never.is_some(), "{name}: {:?}", seen(name));
}

#[test]
fn calls_on_data_of_the_big_services_are_data_events() {
    is_data("s3:GetObject", &["AWS::S3::Object"]);
    is_data("s3:PutObject", &["AWS::S3::Object"]);
    is_data("s3:DeleteObject", &["AWS::S3::Object"]);
    is_data("lambda:InvokeFunction", &["AWS::Lambda::Function"]);
    is_data("sqs:SendMessage", &["AWS::SQS::Queue"]);
    is_data("sqs:ReceiveMessage", &["AWS::SQS::Queue"]);
    is_data("dynamodb:GetItem", &["AWS::DynamoDB::Table"]);
    is_data("dynamodb:Query", &["AWS::DynamoDB::Table"]);
    is_data("sns:Publish", &["AWS::SNS::Topic", "AWS::SNS::PlatformEndpoint"]);
    is_data("kinesis:PutRecord", &["AWS::Kinesis::Stream"]);
    is_data(
        "firehose:PutRecordBatch",
        &["AWS::KinesisFirehose::DeliveryStream"],
    );
    is_data("events:PutEvents", &["AWS::Events::EventBus"]);
    is_data("cloudwatch:PutMetricData", &["AWS::CloudWatch::Metric"]);
    is_data("sagemaker:InvokeEndpoint", &["AWS::SageMaker::Endpoint"]);
    is_data("rds-data:ExecuteStatement", &["AWS::RDS::DBCluster"]);
    is_data(
        "ses:SendEmail",
        &["AWS::SES::EmailIdentity", "AWS::SES::ConfigurationSet"],
    );
}

#[test]
fn calls_on_data_of_smaller_services_are_data_events() {
    is_data(
        "verifiedpermissions:IsAuthorized",
        &["AWS::VerifiedPermissions::PolicyStore"],
    );
    is_data("swf:PollForDecisionTask", &["AWS::SWF::Domain"]);
    is_data("swf:StartWorkflowExecution", &["AWS::SWF::Domain"]);
    is_data(
        "iotsitewise:GetAssetPropertyValue",
        &["AWS::IoTSiteWise::Asset", "AWS::IoTSiteWise::TimeSeries"],
    );
    is_data("deadline:GetJob", &["AWS::Deadline::Job"]);
    is_data(
        "gameliftstreams:StartStreamSession",
        &["AWS::GameLiftStreams::StreamGroup"],
    );
    is_data(
        "social-messaging:SendWhatsAppMessage",
        &["AWS::SocialMessaging::PhoneNumberId"],
    );
    is_data(
        "sms-voice:SendTextMessage",
        &["AWS::SMSVoice::OriginationIdentity"],
    );
    is_data("cassandra:Select", &["AWS::Cassandra::Table"]);
}

#[test]
fn configuration_of_services_with_data_events_is_management() {
    for name in [
        "s3:CreateBucket",
        "lambda:CreateFunction",
        "sqs:CreateQueue",
        "dynamodb:CreateTable",
        "sns:CreateTopic",
        "kinesis:CreateStream",
        "events:PutRule",
        "cloudwatch:PutMetricAlarm",
        "verifiedpermissions:CreatePolicyStore",
        "swf:RegisterDomain",
        "iotsitewise:CreateAsset",
        "ses:DeleteIdentity",
        "qbusiness:CreateApplication",
    ] {
        is_management(name);
    }
}

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html>
#[test]
fn an_inference_call_is_a_management_event_unless_it_streams_both_ways() {
    let seen = seen("bedrock:InvokeModel");
    assert!(seen.management.is_some() && seen.never.is_none(), "{seen:?}");
    assert!(
        seen.data.iter().any(|kind| kind == "AWS::Bedrock::Model"),
        "{seen:?}"
    );
}

#[test]
fn what_is_not_known_to_be_recorded_never_counts_as_unused() {
    for name in [
        "qbusiness:Chat",
        "qbusiness:ChatSync",
        "qbusiness:BatchPutDocument",
        "timestream:WriteRecords",
        "iotevents:BatchPutMessage",
        "qldb:SendCommand",
        "mobiletargeting:PutEvents",
        "states:SendTaskSuccess",
        "logs:PutLogEvents",
        "execute-api:Invoke",
        "iot:Publish",
        "rds-db:connect",
        "medical-imaging:GetImageFrame",
        "s3:PutObjectVersionAnnotation",
        "chime:SendChannelMessage",
    ] {
        is_never(name);
    }
}

fn parameters(operation: &str) -> Vec<(String, String)> {
    let found = operations(operation);
    assert_eq!(found.len(), 1, "{operation}");
    let (_, operation) = found.first().unwrap();
    operation.needs.first().unwrap().params.clone()
}

#[test]
fn a_variable_is_not_filled_with_another_resource_s_name() {
    let pair = |variable: &str, path: &str| (variable.to_owned(), path.to_owned());
    assert!(!parameters("iot:CreateThingGroup").contains(&pair("ThingGroupName", "parentGroupName")));
    let roles = parameters("redshift:ModifyClusterIamRoles");
    assert!(
        roles.iter().all(|(_, path)| !path.contains("IamRoles")),
        "{roles:?}"
    );
}

/// Whatever acts on an object is a data event, or nobody knows: no trail shows it by default.
#[test]
fn nothing_that_acts_on_an_s3_object_is_a_management_event_alone() {
    let (s3, _) = action("s3:GetObject").unwrap();
    let on_object = |a: &&action_catalog::Action| a.resources.iter().any(|r| r.name == "object");
    for found in s3.actions.iter().filter(on_object) {
        let known =
            found.seen.never.is_some() || found.seen.data.iter().any(|kind| kind == "AWS::S3::Object");
        assert!(known, "{}: {:?}", found.name, found.seen);
    }
}
