use super::*;

const FILE: &str = r#"{
  "Name": "X",
  "Actions": [
    {"Name": "GetThing", "ActionConditionKeys": ["x:Colour"],
     "Annotations": {"Properties": {"IsList": false, "IsPermissionManagement": false, "IsTaggingOnly": false, "IsWrite": false}},
     "Resources": [{"Name": "thing"}], "SupportedBy": {"IAM Action Last Accessed": true}},
    {"Name": "PutThing", "Annotations": {"Properties": {"IsWrite": true}}, "Resources": [{"Name": "thing"}, {"Name": "shelf"}]},
    {"Name": "ShareThing", "Annotations": {"Properties": {"IsWrite": true, "IsPermissionManagement": true}}}
  ],
  "ConditionKeys": [{"Name": "x:Colour", "Types": ["String"]}],
  "Operations": [
    {"Name": "GetThing", "AuthorizedActions": [{"Name": "GetThing", "Service": "x"}, {"Name": "GetThingVersion", "Service": "x"}]},
    {"Name": "PutThing", "AuthorizedActions": [{"Name": "PutThing", "Service": "x"}, {"Name": "PassRole", "Service": "iam"}]},
    {"Name": "LendThing", "AuthorizedActions": [{"Name": "ShareThing", "Service": "x"}]},
    {"Name": "Silent", "SDK": [{"Name": "x", "Method": "silent", "Package": "Boto3"}]}
  ],
  "Resources": [{"Name": "thing", "ARNFormats": ["arn:${Partition}:x:::thing/${Id}"]}, {"Name": "shelf", "ARNFormats": ["arn:${Partition}:x:::shelf/${Id}"]}],
  "Version": "v1.4"
}"#;

fn file() -> ServiceReference {
    ServiceReference::read(FILE).unwrap().unwrap()
}

fn need(action: &str, when: Option<&str>) -> Need {
    Need {
        action: action.to_owned(),
        on: Vec::new(),
        params: Vec::new(),
        when: when.map(|path| crate::types::When::Present(path.to_owned())),
        certainty: Certainty::Certain,
    }
}

fn operation(name: &str, origin: Origin, needs: Vec<Need>) -> Operation {
    Operation {
        origin,
        needs,
        ..Operation::unmapped(name)
    }
}

fn names(operation: &Operation) -> Vec<(&str, Certainty)> {
    operation
        .needs
        .iter()
        .map(|n| (n.action.as_str(), n.certainty))
        .collect()
}

fn service(operations: Vec<Operation>) -> Service {
    Service {
        prefix: "x".to_owned(),
        operations,
        ..Service::default()
    }
}

#[test]
fn what_the_catalog_lacks_comes_from_the_file() {
    let mut service = service(Vec::new());
    let overlaid = file().apply(&mut service);
    assert_eq!(overlaid.added, ["x:GetThing", "x:PutThing", "x:ShareThing"]);
    assert_eq!(overlaid.operations, ["x:GetThing", "x:LendThing", "x:PutThing"]);
    assert!(service.operation("Silent").is_none(), "AWS says nothing of it");
    let share = service.action("ShareThing").unwrap();
    assert_eq!(share.level, Level::PermissionsManagement);
    assert!(share.seen.never.is_some(), "nobody knows what records it");
    assert_eq!(service.key("x:Colour").unwrap().kind, "String");
    let lend = service.operation("LendThing").unwrap();
    assert_eq!(names(lend), [("x:ShareThing", Certainty::Certain)]);
    assert_eq!(lend.origin, Origin::ServiceReference);
}

#[test]
fn of_several_actions_the_one_of_the_operation_s_name_is_certain() {
    let mut service = service(vec![operation(
        "GetThing",
        Origin::Map,
        vec![need("x:OldGet", None)],
    )]);
    file().apply(&mut service);
    assert_eq!(
        names(service.operation("GetThing").unwrap()),
        [
            ("x:GetThing", Certainty::Certain),
            ("x:GetThingVersion", Certainty::Likely)
        ]
    );
}

#[test]
fn a_mapping_by_hand_that_names_listed_actions_knows_when() {
    let by_hand = operation(
        "GetThing",
        Origin::Override,
        vec![need("x:GetThingVersion", Some("version"))],
    );
    let mut service = service(vec![by_hand.clone()]);
    let overlaid = file().apply(&mut service);
    assert_eq!(service.operation("GetThing"), Some(&by_hand));
    assert!(!overlaid.operations.contains(&"x:GetThing".to_owned()));
}

#[test]
fn of_a_mapping_by_hand_what_aws_does_not_list_goes() {
    let mut service = service(vec![operation(
        "PutThing",
        Origin::Override,
        vec![need("x:PutThing", None), need("x:TagThing", Some("tags"))],
    )]);
    let overlaid = file().apply(&mut service);
    assert_eq!(
        names(service.operation("PutThing").unwrap()),
        [("x:PutThing", Certainty::Certain)]
    );
    assert_eq!(overlaid.operations, ["x:GetThing", "x:LendThing", "x:PutThing"]);
}

#[test]
fn level_types_and_keys_of_an_action_follow_the_file() {
    let mut service = service(Vec::new());
    file().apply(&mut service);
    let mut other = service.clone();
    let get = other.actions.iter_mut().find(|a| a.name == "GetThing").unwrap();
    get.level = Level::Write;
    get.resources.clear();
    get.condition_keys = vec!["x:Gone".to_owned()];
    let overlaid = file().apply(&mut other);
    assert_eq!(overlaid.changed, ["x:GetThing"]);
    assert_eq!(other, service);
}

#[test]
fn an_action_that_the_file_lacks_stays_and_is_named() {
    let mut service = service(Vec::new());
    file().apply(&mut service);
    let mut gone = service.action("GetThing").unwrap().clone();
    gone.name = "GetOldThing".to_owned();
    service.actions.push(gone);
    let overlaid = file().apply(&mut service);
    assert_eq!(overlaid.missing, ["x:GetOldThing"]);
    assert!(service.action("GetOldThing").is_some());
    assert!(overlaid.changed.is_empty() && overlaid.added.is_empty());
}

#[test]
fn other_files_of_the_folder_are_no_services() {
    assert!(ServiceReference::read(r#"{"SDK": {}}"#).unwrap().is_none());
    assert!(
        ServiceReference::read(r#"[{"service": "s3", "url": "u"}]"#)
            .unwrap()
            .is_none()
    );
    assert!(ServiceReference::read("{").is_err());
    assert!(ServiceReference::read(r#"{"Name": "x", "Actions": 3}"#).is_err());
}
