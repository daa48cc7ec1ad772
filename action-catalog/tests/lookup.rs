//! Well-known facts, looked up the way leastgrant does.

#![expect(clippy::panic, reason = "a test's helpers fail the test")]

use action_catalog::{
    Certainty, EventMapping, Level, Origin, Risk, Unmapped, action, event, managed_policies, managed_policy,
    matching, operations, prefix_of_source, prefixes, service,
};

/// The actions that an event needs whatever its parameters, and how that is known.
fn needs(source: &str, name: &str) -> (Vec<&'static str>, Origin) {
    match event(source, name) {
        EventMapping::Needs {
            operation, origin, ..
        } => {
            let always = operation.needs.iter().filter(|n| n.when.is_none());
            (always.map(|n| n.action.as_str()).collect(), origin)
        }
        other => panic!("{source}/{name}: {other:?}"),
    }
}

#[test]
fn an_object_write_is_on_objects() {
    let (service, put) = action("S3:putobject").unwrap();
    assert_eq!((service.prefix.as_str(), put.name.as_str()), ("s3", "PutObject"));
    assert_eq!(put.level, Level::Write);
    assert!(put.resources.iter().any(|r| r.name == "object"));
    let object = service.resource_type("object").unwrap();
    assert_eq!(object.arns, ["arn:${Partition}:s3:::${BucketName}/${ObjectName}"]);
}

#[test]
fn levels_of_the_compound_kind_are_aws_s() {
    assert_eq!(
        action("s3:PutBucketAcl").unwrap().1.level,
        Level::PermissionsManagement
    );
    assert_eq!(
        action("iam:PutRolePolicy").unwrap().1.level,
        Level::PermissionsManagement
    );
    assert_eq!(action("ec2:CreateTags").unwrap().1.level, Level::Tagging);
    assert_eq!(action("s3:ListBucket").unwrap().1.level, Level::List);
}

#[test]
fn what_no_service_has_is_not_found() {
    for name in ["s3:PutObjekt", "s4:PutObject", "PutObject", "", ":", "s3:"] {
        assert!(action(name).is_none(), "{name}");
    }
    assert!(service("nosuch").is_none());
    assert!(operations("NoSuchOperation").is_empty());
    assert!(managed_policy("NoSuchPolicy").is_none());
}

#[test]
fn an_event_with_an_api_date_is_the_operation_without_it() {
    let (actions, origin) = needs("lambda.amazonaws.com", "UpdateFunctionCode20150331v2");
    assert_eq!(
        (actions, origin),
        (vec!["lambda:UpdateFunctionCode"], Origin::NameWithoutDate)
    );
    let (actions, _) = needs("cloudfront.amazonaws.com", "CreateInvalidation2020_05_31");
    assert_eq!(actions, ["cloudfront:CreateInvalidation"]);
}

#[test]
fn a_real_name_that_ends_in_a_version_stays() {
    let (actions, origin) = needs("iot.amazonaws.com", "ListPrincipalThingsV2");
    assert_eq!(actions, ["iot:ListPrincipalThingsV2"]);
    assert_ne!(origin, Origin::NameWithoutDate);
}

#[test]
fn the_exact_prefix_wins() {
    let found: Vec<_> = operations("s3:ListAccessPoints")
        .into_iter()
        .flat_map(|(_, o)| &o.needs)
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].action, "s3:ListAccessPoints");
    // The map of 2023 knows Lex by its first version's actions only.
    assert_eq!(needs("lex.amazonaws.com", "ListBots").0, ["lex:ListBots"]);
}

#[test]
fn sources_that_are_not_the_prefix_are_known() {
    assert_eq!(prefix_of_source("monitoring.amazonaws.com"), Some("cloudwatch"));
    assert_eq!(prefix_of_source("Tagging.amazonaws.com"), Some("tag"));
    assert_eq!(prefix_of_source("states.amazonaws.com"), Some("states"));
    assert_eq!(
        prefix_of_source("elasticloadbalancing.amazonaws.com"),
        Some("elasticloadbalancing")
    );
    assert_eq!(prefix_of_source("example.com"), None);
}

#[test]
fn unknown_sources_and_unknown_events_are_told_apart() {
    let unmapped = |source, name| match event(source, name) {
        EventMapping::Unmapped(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        unmapped("nosuch.amazonaws.com", "CreateThing"),
        Unmapped::UnknownSource
    );
    assert_eq!(unmapped("s3.amazonaws.com", "NoSuchCall"), Unmapped::UnknownEvent);
    assert_eq!(unmapped("s3.amazonaws.com", "20200101"), Unmapped::UnknownEvent);
    assert_eq!(unmapped("s3.amazonaws.com", ""), Unmapped::UnknownEvent);
}

#[test]
fn an_event_of_an_action_s_name_without_operation_is_that_action() {
    let (service, portal) = action("aws-portal:ViewBilling").unwrap();
    assert!(portal.permission_only && service.operation("ViewBilling").is_none());
    let (actions, origin) = needs("aws-portal.amazonaws.com", "ViewBilling");
    assert_eq!(
        (actions, origin),
        (vec!["aws-portal:ViewBilling"], Origin::ActionName)
    );
}

#[test]
fn an_operation_of_another_name_has_its_action_and_parameters() {
    let (_, invoke) = operations("lambda:Invoke").pop().unwrap();
    assert_eq!(invoke.needs[0].action, "lambda:InvokeFunction");
    let (_, stop) = operations("ec2:StopInstances").pop().unwrap();
    let need = &stop.needs[0];
    assert_eq!(need.action, "ec2:StopInstances");
    let path = "instancesSet.items[].instanceId";
    let by_template = need
        .on
        .iter()
        .any(|on| on.template.ends_with(&format!("instance/{{{path}}}")));
    assert!(
        by_template || need.params.contains(&("InstanceId".to_owned(), path.to_owned())),
        "{need:?}"
    );
}

#[test]
fn a_role_is_passed_only_where_the_request_names_one() {
    let (_, create) = operations("lambda:CreateFunction").pop().unwrap();
    let pass = create.needs.iter().find(|n| n.action == "iam:PassRole").unwrap();
    assert!(pass.when.is_some());
    assert_eq!(pass.certainty, Certainty::Certain);
    let (_, insight) = operations("securityhub:CreateInsight").pop().unwrap();
    assert!(insight.needs.iter().all(|n| n.action != "iam:PassRole"));
}

#[test]
fn api_gateway_goes_by_verb_and_path() {
    let (_, get) = operations("apigateway:GetRestApi").pop().unwrap();
    assert_eq!(get.needs[0].action, "apigateway:GET");
    assert_eq!(
        get.needs[0].on[0].template,
        "arn:${Partition}:apigateway:${Region}::/restapis/{restApiId}"
    );
}

#[test]
fn patterns_match_as_iam_does() {
    let names = |pattern| -> Vec<String> {
        matching(pattern)
            .into_iter()
            .map(|(s, a)| format!("{}:{}", s.prefix, a.name))
            .collect()
    };
    assert!(names("s3:*Acl").contains(&"s3:PutObjectAcl".to_owned()));
    assert!(
        names("s3:*Acl")
            .iter()
            .all(|n| n.starts_with("s3:") && n.ends_with("Acl"))
    );
    assert_eq!(names("EC2:describe?pcs"), ["ec2:DescribeVpcs"]);
    assert_eq!(
        names("*:PutObjectAcl"),
        [
            "s3:PutObjectAcl",
            "s3-object-lambda:PutObjectAcl",
            "s3-outposts:PutObjectAcl"
        ]
    );
    assert_eq!(names("*PutObjectAcl"), names("*:PutObjectAcl"));
    assert!(names("s3").is_empty() && names("").is_empty() && names("s3:").is_empty());
    let all: usize = prefixes().filter_map(service).map(|s| s.actions.len()).sum();
    assert_eq!(matching("*").len(), all);
    assert_eq!(matching("*:*").len(), all);
}

#[test]
fn policies_are_found_by_name_and_by_arn_in_any_partition() {
    let admin = managed_policy("arn:aws:iam::aws:policy/AdministratorAccess").unwrap();
    assert_eq!(admin.name, "AdministratorAccess");
    assert!(!admin.deprecated);
    let document: serde_json::Value = serde_json::from_str(admin.document).unwrap();
    assert_eq!(document["Statement"][0]["Action"], "*");
    assert_eq!(
        managed_policy("arn:aws-us-gov:iam::aws:policy/AdministratorAccess"),
        Some(admin)
    );
    let power = managed_policy("PowerUserAccess").unwrap();
    assert!(power.document.contains("NotAction"));
    let role = managed_policy("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").unwrap();
    assert!(role.document.contains("logs:CreateLogStream"));
    assert!(managed_policy("arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole").is_none());
}

#[test]
fn every_policy_document_is_json_with_statements() {
    let mut before = String::new();
    for policy in managed_policies() {
        let document: serde_json::Value = serde_json::from_str(policy.document).unwrap();
        assert!(document.get("Statement").is_some(), "{}", policy.name);
        assert!(before.as_str() < policy.name, "{} after {before}", policy.name);
        before = policy.name.to_owned();
    }
}

#[test]
fn a_withdrawn_policy_is_there_and_flagged() {
    let old: Vec<_> = managed_policies().filter(|p| p.deprecated).collect();
    assert!(old.len() >= 70, "{}", old.len());
    let unknown = old.iter().find(|p| p.arn.is_none()).unwrap();
    let arn = format!("arn:aws:iam::aws:policy/{}", unknown.name);
    assert_eq!(managed_policy(&arn).map(|p| p.name), Some(unknown.name));
}

#[test]
fn passing_a_role_is_risky_and_never_seen_by_itself() {
    let (_, pass) = action("iam:PassRole").unwrap();
    assert!(pass.risks.contains(&Risk::PrivilegeEscalation));
    assert!(pass.permission_only);
    assert!(pass.seen.never.is_some());
}

#[test]
fn a_management_call_is_seen() {
    let (_, create) = action("ec2:RunInstances").unwrap();
    assert_eq!(create.seen.never, None);
    assert!(create.seen.management.is_some());
    let (_, describe) = action("ec2:DescribeInstances").unwrap();
    assert_eq!(describe.seen.management, Some(action_catalog::Rw::Read));
}

/// What open maps grant too much of.
#[test]
fn over_grants_do_not_come_through() {
    let always = |name: &str| -> Vec<&str> {
        let (_, operation) = operations(name).pop().unwrap();
        let needs = operation.needs.iter().filter(|need| need.when.is_none());
        needs.map(|need| need.action.as_str()).collect()
    };
    assert_eq!(always("s3:CopyObject"), ["s3:PutObject"]);
    assert_eq!(always("s3:DeleteObjects"), ["s3:DeleteObject"]);
    let instances: Vec<_> = always("ec2:RunInstances");
    assert!(instances.iter().all(|action| *action == "ec2:RunInstances"));
    for service in prefixes().filter_map(service) {
        for operation in service
            .operations
            .iter()
            .filter(|o| !o.name.to_ascii_lowercase().contains("tag"))
        {
            let name = format!("{}:{}", service.prefix, operation.name);
            let needs = operation.needs.iter();
            let certain = needs.filter(|n| n.when.is_none() && n.certainty == Certainty::Certain);
            for need in certain {
                // A role is passed where the request names one, or an instance profile that has one.
                let passes = need.action == "iam:PassRole" && !name.contains("InstanceProfile");
                assert!(!passes, "{name}");
                let level = action(&need.action).map(|(_, action)| action.level);
                let beside = !need.action.ends_with(&operation.name);
                assert!(
                    !(beside && level == Some(Level::Tagging)),
                    "{name}: {}",
                    need.action
                );
            }
        }
    }
}
