//! AWS's service reference over the packed catalog. A process of its own: an overlay is for good.

use action_catalog::{
    AlreadyAsked, Certainty, EventMapping, Origin, ServiceReference, action, action_names, event, operations,
    overlay, service,
};

/// The form of <https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html>.
const SNS: &str = r#"{"Name": "sns", "Version": "v1.4",
  "Actions": [
    {"Name": "Publish", "ActionConditionKeys": [], "Annotations": {"Properties": {"IsList": false, "IsPermissionManagement": false, "IsTaggingOnly": false, "IsWrite": true}}, "Resources": [{"Name": "topic"}]},
    {"Name": "PublishFax", "Annotations": {"Properties": {"IsWrite": true}}, "Resources": [{"Name": "topic"}]}],
  "Operations": [
    {"Name": "Publish", "AuthorizedActions": [{"Name": "Publish", "Service": "sns"}]},
    {"Name": "SendFax", "AuthorizedActions": [{"Name": "PublishFax", "Service": "sns"}]}],
  "Resources": [{"Name": "topic", "ARNFormats": ["arn:${Partition}:sns:${Region}:${Account}:${TopicName}"]}]}"#;

const NEW: &str = r#"{"Name": "brand-new", "Actions": [{"Name": "MakeThing"}],
  "Operations": [{"Name": "MakeThing", "AuthorizedActions": [{"Name": "MakeThing", "Service": "brand-new"}]}]}"#;

#[test]
fn files_of_aws_win_where_they_speak() {
    let files = [SNS, NEW].map(|text| ServiceReference::read(text).unwrap().unwrap());
    let overlaid = overlay(files.to_vec()).unwrap();
    let prefixes: Vec<&str> = overlaid.iter().map(|o| o.prefix.as_str()).collect();
    assert_eq!(prefixes, ["brand-new", "sns"]);
    assert_eq!(overlaid[1].added, ["sns:PublishFax"]);
    assert_eq!(overlaid[1].operations, ["sns:SendFax"]);

    // What the file adds is found by every kind of question.
    let (_, fax) = action("sns:PublishFax").unwrap();
    assert!(fax.seen.never.is_some());
    let (_, send) = operations("SendFax").pop().unwrap();
    assert_eq!(
        (send.needs[0].action.as_str(), send.needs[0].certainty),
        ("sns:PublishFax", Certainty::Certain)
    );
    match event("sns.amazonaws.com", "SendFax") {
        EventMapping::Needs { origin, .. } => assert_eq!(origin, Origin::ServiceReference),
        other => panic!("{other:?}"),
    }
    assert_eq!(service("brand-new").unwrap().actions.len(), 1);
    assert_eq!(operations("brand-new:MakeThing").len(), 1);

    let named = |name: &str| action_names().iter().filter(|own| *own == name).count();
    assert_eq!((named("sns:PublishFax"), named("brand-new:MakeThing")), (1, 1));

    // What it does not speak of stays.
    assert_eq!((named("sns:CreateTopic"), named("s3:GetObject")), (1, 1));
    assert!(action("sns:CreateTopic").is_some());
    assert!(action("s3:GetObject").is_some());

    assert_eq!(overlay(Vec::new()), Err(AlreadyAsked));
}
