use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{Diagnostic, Severity};

const ACCOUNT: &str = "arn:aws:iam::111122223333";
const TEAM: &str = "arn:aws:iam::111122223333:policy/team/read";
const LIMIT: &str = "arn:aws:iam::111122223333:policy/limit";
const POWER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "One", "Effect": "Allow", "Action": action, "Resource": "*"}]})
}

/// As IAM's API returns a document.
fn encoded(document: &Value) -> Value {
    let text: String = document
        .to_string()
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    Value::String(text)
}

fn managed(arn: &str, versions: Value) -> Value {
    json!({"PolicyName": arn.rsplit('/').next().unwrap(), "PolicyId": "ANPAEXAMPLE", "Arn": arn, "Path": "/", "DefaultVersionId": "v2",
        "AttachmentCount": 1, "PermissionsBoundaryUsageCount": 0, "IsAttachable": true, "PolicyVersionList": versions})
}

fn attached(arns: &[&str]) -> Value {
    arns.iter()
        .map(|arn| json!({"PolicyName": arn.rsplit('/').next().unwrap(), "PolicyArn": arn}))
        .collect()
}

/// One role, two users, a group, and two customer managed policies of two versions.
fn details() -> Value {
    let versions = |action: &str| {
        json!([
            {"VersionId": "v1", "IsDefaultVersion": false, "Document": allow("s3:*"), "CreateDate": "2026-01-01T00:00:00+00:00"},
            {"VersionId": "v2", "IsDefaultVersion": true, "Document": allow(action), "CreateDate": "2026-02-01T00:00:00+00:00"}])
    };
    json!({
        "UserDetailList": [
            {"Path": "/", "UserName": "bo", "UserId": "AIDAB", "Arn": format!("{ACCOUNT}:user/bo"), "CreateDate": "2020-03-04T05:06:07+00:00",
                "GroupList": [], "AttachedManagedPolicies": attached(&[TEAM]), "Tags": []},
            {"Path": "/ops/", "UserName": "ana", "UserId": "AIDAA", "Arn": format!("{ACCOUNT}:user/ops/ana"), "CreateDate": "2019-05-06 07:08:09+00:00",
                "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": allow("sqs:SendMessage")}],
                "GroupList": ["ops"], "AttachedManagedPolicies": [],
                "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": LIMIT}}],
        "GroupDetailList": [
            {"Path": "/", "GroupName": "ops", "GroupId": "AGPAO", "Arn": format!("{ACCOUNT}:group/ops"),
                "GroupPolicyList": [{"PolicyName": "logs", "PolicyDocument": encoded(&allow("logs:GetLogEvents"))}],
                "AttachedManagedPolicies": attached(&[TEAM])}],
        "RoleDetailList": [
            {"Path": "/ci/", "RoleName": "deploy", "RoleId": "AROAD", "Arn": format!("{ACCOUNT}:role/ci/deploy"), "CreateDate": "2024-01-02T03:04:05+00:00",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "InstanceProfileList": [],
                "RolePolicyList": [{"PolicyName": "passes", "PolicyDocument": allow("iam:PassRole")}],
                "AttachedManagedPolicies": attached(&[POWER])}],
        "Policies": [managed(TEAM, versions("s3:GetObject")), managed(LIMIT, versions("sqs:*"))]
    })
}

fn read(text: &str) -> (Account, Vec<Diagnostic>) {
    let (account, diagnostics) = read_authorization_details(text, "grants.json");
    (account.expect("an account"), diagnostics)
}

/// The account after `change`, which must be read without a word.
fn account(change: impl FnOnce(&mut Value)) -> Account {
    let (account, diagnostics) = changed(change);
    assert_eq!(diagnostics, []);
    account
}

fn changed(change: impl FnOnce(&mut Value)) -> (Account, Vec<Diagnostic>) {
    let mut details = details();
    change(&mut details);
    read(&details.to_string())
}

/// The policies of a principal: origin, layer, first action, holders by name.
fn held(account: &Account, name: &str) -> Vec<String> {
    let grants = account.grants(account.find(name).unwrap());
    grants.held.iter().map(shown).collect()
}

fn shown(held: &Held) -> String {
    let layer = if held.layer == Layer::Boundary {
        "boundary "
    } else {
        ""
    };
    let names: Vec<String> = held.holders.iter().filter_map(|arn| short_name(arn)).collect();
    format!(
        "{layer}{} {} [{}]",
        held.origin,
        action(&held.document),
        names.join(" ")
    )
}

fn action(document: &Document) -> String {
    let value: Value = serde_json::from_str(&document.source).unwrap();
    value["Statement"][0]["Action"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

mod policies {
    use super::*;

    #[test]
    fn a_user_holds_its_own_its_groups_and_its_boundary_in_this_order() {
        let account = account(|_| {});
        assert_eq!(
            held(&account, "user/ana"),
            [
                "inline policy own sqs:SendMessage [user/ana]",
                "inline policy logs (group ops) logs:GetLogEvents [user/ana]",
                "customer managed policy read (group ops) s3:GetObject [user/bo user/ana]",
                "boundary permissions boundary limit sqs:* [user/ana]",
            ]
        );
        assert_eq!(
            held(&account, "user/bo"),
            ["customer managed policy read s3:GetObject [user/bo user/ana]"]
        );
    }

    #[test]
    fn the_default_version_is_in_force() {
        let version = |account: &Account| {
            let grants = account.grants(account.find("bo").unwrap());
            match &grants.held[0].origin {
                Origin::CustomerManaged { version, .. } => version.clone().unwrap(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(version(&account(|_| {})), "v2");
        // Without the flag on a version, the policy says which is the default.
        let unflagged = account(|details| {
            let versions = details["Policies"][0]["PolicyVersionList"]
                .as_array_mut()
                .unwrap();
            for version in versions {
                version.as_object_mut().unwrap().remove("IsDefaultVersion");
            }
        });
        assert_eq!(version(&unflagged), "v2");
        assert_eq!(
            held(&unflagged, "bo")[0],
            "customer managed policy read s3:GetObject [user/bo user/ana]"
        );
    }

    #[test]
    fn documents_come_encoded_or_decoded() {
        let plain = account(|_| {});
        let coded = account(|details| {
            for policy in details["Policies"].as_array_mut().unwrap() {
                for version in policy["PolicyVersionList"].as_array_mut().unwrap() {
                    version["Document"] = encoded(&version["Document"]);
                }
            }
            let own = &mut details["UserDetailList"][1]["UserPolicyList"][0];
            own["PolicyDocument"] = encoded(&own["PolicyDocument"]);
        });
        for name in ["ana", "bo", "deploy"] {
            assert_eq!(held(&plain, name), held(&coded, name));
        }
    }

    #[test]
    fn a_boundary_that_others_have_is_held_by_all_of_them() {
        let account = account(|details| {
            details["RoleDetailList"][0]["PermissionsBoundary"] =
                json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": LIMIT});
        });
        assert_eq!(
            held(&account, "deploy").last().unwrap(),
            "boundary permissions boundary limit sqs:* [role/deploy user/ana]"
        );
    }

    #[test]
    fn a_policy_that_is_also_a_boundary_says_whose() {
        let account = account(|details| {
            details["RoleDetailList"][0]["AttachedManagedPolicies"] = attached(&[LIMIT]);
        });
        assert_eq!(
            held(&account, "deploy").last().unwrap(),
            "customer managed policy limit sqs:* [role/deploy]"
        );
        let grants = account.grants(account.find("deploy").unwrap());
        let bounded = &grants.held.last().unwrap().boundary_of;
        assert!(
            matches!(bounded.as_slice(), [one] if one.ends_with(":user/ops/ana")),
            "{bounded:?}"
        );
    }

    #[test]
    fn a_policy_attached_twice_is_held_once() {
        let account = account(|details| {
            details["RoleDetailList"][0]["AttachedManagedPolicies"] = attached(&[LIMIT, LIMIT]);
        });
        let limits = held(&account, "deploy")
            .into_iter()
            .filter(|held| held.contains(" limit "));
        assert_eq!(limits.count(), 1);
    }

    #[test]
    fn an_aws_managed_policy_is_in_the_catalog_or_in_the_file() {
        let from_catalog = account(|_| {});
        let grants = from_catalog.grants(from_catalog.find("deploy").unwrap());
        let Origin::AwsManaged { arn, version, group } = &grants.held[1].origin else {
            panic!("{:?}", grants.held[1].origin);
        };
        assert_eq!((arn.as_str(), group), (POWER, &None));
        assert!(version.as_deref().is_some_and(|version| version.starts_with('v')));
        assert!(grants.held[1].document.source.contains("NotAction"));
        // The account's own copy says what is in force there.
        let from_file = account(|details| {
            let versions =
                json!([{"VersionId": "v99", "IsDefaultVersion": true, "Document": allow("ec2:*")}]);
            details["Policies"]
                .as_array_mut()
                .unwrap()
                .push(managed(POWER, versions));
        });
        let grants = from_file.grants(from_file.find("deploy").unwrap());
        assert_eq!(action(&grants.held[1].document), "ec2:*");
        assert!(
            matches!(&grants.held[1].origin, Origin::AwsManaged { version: Some(version), .. } if version == "v99")
        );
        assert_eq!(grants.held[1].origin.editable(), Editable::DetachOnly);
    }

    #[test]
    fn what_is_named_and_not_given_is_kept_by_name() {
        let gone = "arn:aws:iam::111122223333:policy/gone";
        let account = account(|details| {
            details["RoleDetailList"][0]["AttachedManagedPolicies"] =
                attached(&[gone, "arn:aws:iam::aws:policy/NoSuchPolicyOfAws"]);
            details["RoleDetailList"][0]["PermissionsBoundary"] =
                json!({"PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/fence"});
        });
        let grants = account.grants(account.find("deploy").unwrap());
        let names: Vec<String> = grants.not_given.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "customer managed policy gone",
                "AWS managed policy NoSuchPolicyOfAws",
                "permissions boundary fence"
            ]
        );
        assert_eq!(grants.held.len(), 1);
    }

    #[test]
    fn when_a_principal_was_made_is_read_in_both_forms() {
        let account = account(|_| {});
        let created = |name| account.find(name).unwrap().created.unwrap().to_string();
        assert_eq!(created("ana"), "2019-05-06T07:08:09Z");
        assert_eq!(created("deploy"), "2024-01-02T03:04:05Z");
    }
}

mod shapes {
    use super::*;

    #[test]
    fn pages_stand_one_after_the_other_or_in_a_list() {
        let whole = account(|_| {});
        let mut first = details();
        let mut second = json!({"IsTruncated": false});
        for list in ["UserDetailList", "Policies"] {
            second[list] = first.as_object_mut().unwrap().remove(list).unwrap();
        }
        for text in [
            format!("{first}\n{second}\n"),
            format!("{second}{first}"),
            json!([second, first]).to_string(),
        ] {
            let (paged, diagnostics) = read(&text);
            assert_eq!(diagnostics, []);
            for name in ["ana", "bo", "deploy"] {
                assert_eq!(held(&whole, name), held(&paged, name));
            }
        }
    }

    #[test]
    fn a_list_of_one_may_be_its_element() {
        let whole = account(|_| {});
        let single = account(|details| {
            fn single(value: &mut Value) {
                match value {
                    Value::Array(list) => {
                        list.iter_mut().for_each(single);
                        if let [one] = list.as_mut_slice() {
                            *value = one.take();
                        }
                    }
                    Value::Object(object) => object.values_mut().for_each(single),
                    _ => {}
                }
            }
            single(details);
        });
        for name in ["ana", "bo", "deploy"] {
            assert_eq!(held(&whole, name).len(), held(&single, name).len(), "{name}");
            assert_eq!(account_names(&whole, name), account_names(&single, name));
        }
    }

    fn account_names(account: &Account, name: &str) -> Vec<String> {
        let grants = account.grants(account.find(name).unwrap());
        grants.held.iter().map(|held| held.origin.to_string()).collect()
    }

    #[test]
    fn a_byte_order_mark_is_nothing() {
        let (account, diagnostics) = read(&format!("\u{feff}{}", details()));
        assert_eq!((account.holders.len(), diagnostics.len()), (3, 0));
    }

    #[test]
    fn other_json_is_refused_with_what_to_give() {
        for text in ["{}", "[]", "7", r#"{"Version":"2012-10-17","Statement":[]}"#, ""] {
            let (account, diagnostics) = read_authorization_details(text, "grants.json");
            assert!(account.is_none(), "{text}");
            assert_eq!(diagnostics.len(), 1, "{text}");
            assert_eq!(diagnostics[0].code, Code::GrantsShape);
            assert!(diagnostics[0].help.is_some(), "{text}");
        }
    }

    #[test]
    fn what_breaks_off_says_where_and_keeps_the_pages_before() {
        let text = format!("{}\n{{\"RoleDetailList\": [", details());
        let (account, diagnostics) = read(&text);
        assert_eq!(account.holders.len(), 3);
        let place = diagnostics[0].place.as_ref().unwrap();
        assert_eq!((place.file.as_str(), place.line), ("grants.json", Some(2)));
        assert_eq!(diagnostics[0].severity, Severity::Error);
    }
}

mod problems {
    use super::*;

    fn messages(diagnostics: &[Diagnostic]) -> Vec<String> {
        diagnostics
            .iter()
            .map(|d| {
                let place = d.place.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{place} {}: {}", d.code.as_str(), d.message)
            })
            .collect()
    }

    #[test]
    fn a_broken_policy_is_told_and_the_others_are_kept() {
        let (account, diagnostics) = changed(|details| {
            details["UserDetailList"][1]["UserPolicyList"] = json!([
                {"PolicyName": "broken", "PolicyDocument": {"Statement": [{"Effect": "Permit", "Action": "s3:*", "Resource": "*"}]}},
                {"PolicyName": "own", "PolicyDocument": allow("sqs:SendMessage")}]);
        });
        assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
        assert_eq!(diagnostics[0].severity, Severity::Error);
        let message = &messages(&diagnostics)[0];
        assert!(
            message.starts_with("grants.json: inline policy broken of user ana:"),
            "{message}"
        );
        assert_eq!(held(&account, "ana").len(), 4);
        // What it grants or denies is not known: that is said for the principal too.
        let grants = account.grants(account.find("ana").unwrap());
        assert_eq!(
            grants.not_given,
            [Origin::Inline {
                name: "broken".to_owned()
            }]
        );
    }

    #[test]
    fn broken_policies_of_groups_and_managed_ones_are_not_given() {
        let (account, diagnostics) = changed(|details| {
            details["GroupDetailList"][0]["GroupPolicyList"][0]["PolicyDocument"] =
                json!("{\"Statement\": [");
            details["Policies"][0]["PolicyVersionList"][1]["Document"] = json!("%7Bnot json");
        });
        assert_eq!(diagnostics.len(), 2, "{diagnostics:?}");
        assert!(messages(&diagnostics)[0].contains("arn:aws:iam::111122223333:policy/team/read"));
        assert!(messages(&diagnostics)[1].contains("inline policy logs of group ops"));
        let grants = account.grants(account.find("ana").unwrap());
        let names: Vec<String> = grants.not_given.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "inline policy logs (group ops)",
                "customer managed policy read (group ops)"
            ]
        );
    }

    #[test]
    fn a_typo_is_shown_with_file_policy_line_and_near_names() {
        let (account, diagnostics) = changed(|details| {
            details["UserDetailList"][1]["UserPolicyList"][0]["PolicyDocument"] = allow("s3:GetObjct");
            details["Policies"][0]["PolicyVersionList"][1]["Document"] = allow("lamda:InvokeFunction");
        });
        assert_eq!(
            messages(&diagnostics),
            [
                "grants.json: arn:aws:iam::111122223333:policy/team/read:7:17 unknown-service: no service has the prefix \"lamda\"",
                "grants.json: inline policy own of user ana:7:17 unknown-action: there is no action \"s3:GetObjct\""
            ]
        );
        assert!(diagnostics[0].help.as_deref().unwrap().contains("lambda"));
        assert!(diagnostics[1].help.as_deref().unwrap().contains("s3:GetObject"));
        assert!(diagnostics.iter().all(|d| d.severity == Severity::Warning));
        // A typo takes nothing away.
        assert_eq!(held(&account, "ana").len(), 4);
    }

    #[test]
    fn what_aws_wrote_is_not_corrected() {
        let versions =
            json!([{"VersionId": "v2", "IsDefaultVersion": true, "Document": allow("oldservice:Gone")}]);
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let (_, diagnostics) = changed(|details| {
                let arn = format!("arn:{partition}:iam::aws:policy/Old");
                details["Policies"]
                    .as_array_mut()
                    .unwrap()
                    .push(managed(&arn, versions.clone()));
            });
            assert_eq!(diagnostics, [], "{partition}");
        }
    }

    #[test]
    fn entries_without_a_name_are_left_out_and_told() {
        let (account, diagnostics) = changed(|details| {
            for (list, key) in [
                ("UserDetailList", "UserName"),
                ("GroupDetailList", "GroupName"),
                ("RoleDetailList", "Arn"),
                ("Policies", "Arn"),
            ] {
                let mut entry = details[list][0].clone();
                entry.as_object_mut().unwrap().remove(key);
                details[list].as_array_mut().unwrap().push(entry);
            }
            details["UserDetailList"][0]["AttachedManagedPolicies"]
                .as_array_mut()
                .unwrap()
                .push(json!({"PolicyName": "nameless"}));
        });
        assert_eq!(account.holders.len(), 3);
        assert_eq!(
            messages(&diagnostics),
            [
                "grants.json grants-shape: a managed policy without `Arn` was left out",
                "grants.json grants-shape: a group without `GroupName` was left out",
                "grants.json grants-shape: a role without `Arn` was left out",
                "grants.json grants-shape: an attached policy of user bo without `PolicyArn` was left out",
                "grants.json grants-shape: a user without `UserName` was left out",
            ]
        );
    }

    #[test]
    fn a_group_that_is_not_described_is_told() {
        let (account, diagnostics) = changed(|details| {
            details["GroupDetailList"] = json!([]);
        });
        assert_eq!(
            messages(&diagnostics),
            [
                "grants.json policy-not-given: user ana is in the group ops, which is not in this file: what it grants is not known"
            ]
        );
        assert_eq!(held(&account, "ana").len(), 2);
    }
}

mod names {
    use super::*;

    #[test]
    fn a_principal_goes_by_arn_kind_and_name_path_or_bare_name() {
        let account = account(|_| {});
        for name in [
            "arn:aws:iam::111122223333:role/ci/deploy",
            // A session's ARN has no path.
            "arn:aws:iam::111122223333:role/deploy",
            "role/ci/deploy",
            "role/deploy",
            "deploy",
        ] {
            assert_eq!(
                account.find(name).unwrap().arn,
                format!("{ACCOUNT}:role/ci/deploy"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_role_and_a_user_of_one_name_are_told_apart() {
        let account = account(|details| {
            let mut user = details["UserDetailList"][0].clone();
            user["UserName"] = json!("deploy");
            user["Arn"] = json!(format!("{ACCOUNT}:user/deploy"));
            details["UserDetailList"].as_array_mut().unwrap().push(user);
        });
        assert_eq!(
            account.find("deploy").unwrap_err(),
            NotFound::Ambiguous {
                arns: vec![
                    format!("{ACCOUNT}:role/ci/deploy"),
                    format!("{ACCOUNT}:user/deploy")
                ]
            }
        );
        assert_eq!(account.find("user/deploy").unwrap().kind, HolderKind::User);
        assert_eq!(account.find("role/deploy").unwrap().kind, HolderKind::Role);
    }

    #[test]
    fn roles_of_one_name_in_several_accounts_are_ambiguous() {
        let account = account(|details| {
            let mut role = details["RoleDetailList"][0].clone();
            role["Arn"] = json!("arn:aws:iam::444455556666:role/deploy");
            details["RoleDetailList"].as_array_mut().unwrap().push(role);
        });
        assert!(matches!(account.find("role/deploy"), Err(NotFound::Ambiguous { arns }) if arns.len() == 2));
        assert!(account.find("role/ci/deploy").is_ok());
        assert_eq!(
            account.find("arn:aws:iam::444455556666:role/deploy").unwrap().arn,
            "arn:aws:iam::444455556666:role/deploy"
        );
    }

    #[test]
    fn a_name_that_is_near_is_offered() {
        let account = account(|_| {});
        let near = |name: &str| match account.find(name) {
            Err(NotFound::Unknown { near }) => near,
            other => panic!("{other:?}"),
        };
        assert_eq!(near("role/deplyo"), ["role/deploy"]);
        assert_eq!(near("deplooy"), ["role/deploy"]);
        assert_eq!(near("role/ci/deplooy"), ["role/deploy"]);
        assert_eq!(near("something-else-entirely"), Vec::<String>::new());
        assert!(account.find("group/ops").is_err());
        assert!(account.find("").is_err());
    }
}

mod catalog {
    use super::*;

    #[test]
    fn a_managed_policy_goes_by_name_or_arn() {
        for name in ["PowerUserAccess", POWER] {
            let (policy, diagnostics) = managed_from_catalog(name);
            assert_eq!(diagnostics, []);
            let (origin, document) = policy.unwrap();
            assert_eq!(origin.arn(), Some(POWER));
            assert!(document.source.contains('\n'), "laid out over lines");
        }
    }

    #[test]
    fn a_misspelt_managed_policy_is_not_found_but_guessed() {
        let (policy, diagnostics) = managed_from_catalog("PowerUserAcess");
        assert!(policy.is_none());
        assert_eq!(diagnostics[0].code, Code::PolicyNotGiven);
        assert_eq!(
            diagnostics[0].help.as_deref(),
            Some("did you mean `PowerUserAccess`?")
        );
    }

    #[test]
    fn single_policies_reach_their_principal_alone() {
        let (document, _) = crate::policy::parse(&allow("s3:*").to_string(), "p.json");
        let origin = Origin::File {
            path: "p.json".to_owned(),
        };
        let grants = Grants::from_policies(
            "arn:aws:iam::111122223333:role/x",
            vec![(origin, Layer::Identity, document.unwrap())],
        );
        assert_eq!(grants.held[0].holders, ["arn:aws:iam::111122223333:role/x"]);
        assert_eq!(grants.in_layer(Layer::Boundary).count(), 0);
        assert_eq!(grants.in_layer(Layer::Identity).count(), 1);
    }
}
