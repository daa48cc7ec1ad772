//! Which paths open, and which do not.

use super::*;
use crate::policy::parse;

fn added(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(action, resource): &(&str, &str)| (action.to_owned(), resource.to_owned());
    pairs.iter().map(owned).collect()
}

fn names(held: &[&str], pairs: &[(&str, &str)]) -> Vec<&'static str> {
    let found = opened(&|action| held.contains(&action), &added(pairs));
    found.into_iter().map(|own| own.name).collect()
}

const ROLE: &str = "arn:aws:iam::111122223333:role/app-worker";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:orders";

#[test]
fn each_kind_opens() {
    for (action, resource, name, kind) in [
        (
            "iam:AttachRolePolicy",
            ROLE,
            "attach-role-policy",
            "privilege-escalation",
        ),
        (
            "ec2:GetPasswordData",
            "*",
            "windows-password",
            "credential-exposure",
        ),
        (
            "s3:PutBucketPolicy",
            "arn:aws:s3:::acme",
            "s3-bucket-policy",
            "public-access",
        ),
        (
            "kms:CreateGrant",
            "arn:aws:kms:eu-west-1:111122223333:key/1",
            "kms-create-grant",
            "permissions-management",
        ),
        (
            "secretsmanager:GetSecretValue",
            "*",
            "read-all-secrets",
            "data-exposure",
        ),
    ] {
        let found = opened(&|_| false, &added(&[(action, resource)]));
        assert_eq!(found.len(), 1, "{action}: {found:?}");
        assert_eq!((found[0].name, found[0].kind), (name, kind));
        assert_eq!(found[0].new, [action]);
        assert!(found[0].held.is_empty());
        assert!(found[0].title.starts_with("Can "));
        assert!(found[0].source.starts_with("https://"));
    }
}

#[test]
fn passing_a_role_and_computing_open_in_both_orders() {
    let compute = [
        ("lambda:CreateFunction", FUNCTION),
        ("lambda:InvokeFunction", FUNCTION),
    ];
    let pass = [("iam:PassRole", "arn:aws:iam::111122223333:role/app-*")];
    let found = opened(&|action| action == "iam:PassRole", &added(&compute));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "passrole-lambda");
    assert_eq!(found[0].new, ["lambda:CreateFunction", "lambda:InvokeFunction"]);
    assert_eq!(found[0].held, ["iam:PassRole"]);

    let held = |action: &str| action == "lambda:CreateFunction" || action == "lambda:InvokeFunction";
    let found = opened(&held, &added(&pass));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "passrole-lambda");
    assert_eq!(found[0].new, ["iam:PassRole"]);
    assert_eq!(found[0].held, ["lambda:CreateFunction", "lambda:InvokeFunction"]);

    let together = [&compute[..], &pass[..]].concat();
    assert_eq!(names(&[], &together), ["passrole-lambda"]);
    assert_eq!(names(&[], &compute), [""; 0]);
    assert_eq!(names(&[], &pass), [""; 0]);
}

#[test]
fn a_chosen_role_is_what_was_asked_for() {
    let held = ["lambda:CreateFunction", "lambda:InvokeFunction"];
    assert_eq!(names(&held, &[("iam:PassRole", ROLE)]), [""; 0]);
    assert_eq!(
        names(&held, &[("iam:PassRole", "*")]),
        ["pass-any-role", "passrole-lambda"]
    );
    // One that is held on a chosen role, and one that is held on more.
    let compute = added(&[("ecs:RegisterTaskDefinition", "*"), ("ecs:RunTask", "*")]);
    let on = |reach: Reach| {
        let held = move |action: &str| {
            if action == "iam:PassRole" {
                Holding::On(reach)
            } else {
                Holding::No
            }
        };
        opened(&held, &compute)
            .into_iter()
            .map(|own| own.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(on(Reach::One), [""; 0]);
    assert_eq!(on(Reach::Several), ["passrole-ecs", "passrole-ecs-override"]);
}

#[test]
fn nothing_opens_that_was_open_before() {
    let all = ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"];
    assert_eq!(
        names(&all, &[("iam:PassRole", "arn:aws:iam::111122223333:role/app-*")]),
        [""; 0]
    );
    assert_eq!(names(&all, &[("lambda:CreateFunctionUrlConfig", "*")]), [""; 0]);
    assert_eq!(
        names(&["iam:CreateAccessKey"], &[("iam:CreateAccessKey", "*")]),
        [""; 0]
    );
    // Held on a chosen role it was not open: now it is.
    let held = |action: &str| match action {
        "iam:PassRole" => Holding::On(Reach::One),
        action if all.contains(&action) => Holding::On(Reach::Wide),
        _ => Holding::No,
    };
    let found = opened(&held, &added(&[("iam:PassRole", "*")]));
    let found: Vec<&str> = found.iter().map(|own| own.name).collect();
    assert_eq!(found, ["pass-any-role", "passrole-lambda"]);
}

#[test]
fn one_resource_is_not_all_of_them() {
    for (action, one, all, name) in [
        (
            "lambda:UpdateFunctionCode",
            FUNCTION,
            "arn:aws:lambda:*:*:function:*",
            "update-function-code",
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::acme/*",
            "arn:aws:s3:::*/*",
            "read-all-objects",
        ),
        (
            "ssm:GetParameter",
            "arn:aws:ssm:eu-west-1:111122223333:parameter/app/*",
            "arn:aws:ssm:eu-west-1:111122223333:parameter/*",
            "read-all-parameters",
        ),
        ("sts:AssumeRole", ROLE, "arn:aws:iam::*:role/*", "assume-any-role"),
    ] {
        assert_eq!(names(&[], &[(action, one)]), [""; 0], "{action}");
        assert_eq!(names(&[], &[(action, all)]), [name], "{action}");
    }
    let own = "arn:aws:iam::111122223333:user/${aws:username}";
    assert_eq!(names(&[], &[("iam:CreateAccessKey", own)]), [""; 0]);
    let another = "arn:aws:iam::111122223333:user/deploy";
    assert_eq!(
        names(&[], &[("iam:CreateAccessKey", another)]),
        ["create-access-key"]
    );
}

#[test]
fn wildcards_in_actions_count_and_the_order_is_fixed() {
    let found = names(&[], &[("IAM:put*policy", "*"), ("kms:*", "*")]);
    let mut sorted = found.clone();
    sorted.sort_unstable();
    assert_eq!(found, sorted);
    assert_eq!(
        found,
        [
            "decrypt-with-all-keys",
            "kms-create-grant",
            "kms-key-policy",
            "put-group-policy",
            "put-role-policy",
            "put-user-policy"
        ]
    );
    let turned = names(&[], &[("kms:*", "*"), ("IAM:put*policy", "*")]);
    assert_eq!(found, turned);
}

#[test]
fn everything_opens_everything() {
    assert_eq!(names(&[], &[("*", "*")]).len(), escalations().len());
    assert_eq!(names(&[], &[]), [""; 0]);
}

#[test]
fn the_reach_of_patterns() {
    for (pattern, reach) in [
        ("*", Reach::Wide),
        ("arn:aws:s3:::*", Reach::Wide),
        ("arn:aws:s3:::*/*", Reach::Wide),
        ("arn:aws:s3:::acme/*", Reach::Several),
        ("arn:aws:s3:::acme*", Reach::Several),
        ("arn:aws:s3:::acme/a.txt", Reach::One),
        ("arn:aws:iam::111122223333:role/*", Reach::Wide),
        ("arn:aws:iam::111122223333:role/app*", Reach::Wide),
        ("arn:aws:iam::111122223333:role/app-*", Reach::Several),
        ("arn:aws:iam::111122223333:role/team/*", Reach::Several),
        ("arn:aws:iam::*:role/app", Reach::One),
        ("arn:aws:iam::111122223333:user/${aws:username}", Reach::One),
        ("arn:aws:rds-db:*:111122223333:dbuser:*/*", Reach::Wide),
        ("arn:aws:rds-db:*:111122223333:dbuser:*/app", Reach::Several),
        (
            "arn:aws:secretsmanager:*:111122223333:secret:app/db-??????",
            Reach::Several,
        ),
        ("arn:aws:kms:*:111122223333:key/*", Reach::Wide),
        ("arn:aws:ec2:*:*:*/*", Reach::Wide),
    ] {
        assert_eq!(Reach::of(pattern), reach, "{pattern}");
    }
}

#[test]
fn how_statements_grant_an_action() {
    let (document, _) = parse(
        r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app"},
            {"Effect":"Allow","Action":["lambda:*"],"Resource":["arn:aws:lambda:*:*:function:a","*"]},
            {"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:s3:::acme"},
            {"Effect":"Deny","Action":"s3:*","Resource":"*"},
            {"Effect":"Deny","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#,
        "policy.json",
    );
    let document = document.unwrap();
    let holding = |action: &str| Holding::of(&document.statements, action);
    assert_eq!(holding("iam:PassRole"), Holding::On(Reach::One));
    assert_eq!(holding("lambda:CreateFunction"), Holding::On(Reach::Wide));
    assert_eq!(holding("sqs:SendMessage"), Holding::On(Reach::Wide));
    assert_eq!(holding("s3:GetObject"), Holding::No);
    assert_eq!(holding("iam:CreateUser"), Holding::No);
}
