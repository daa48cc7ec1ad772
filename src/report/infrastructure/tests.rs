use super::*;
use crate::evaluate::Layer;

fn document(resource: &str) -> Document {
    let text = format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"{resource}\"}}]}}"
    );
    crate::policy::parse(&text, "p").0.unwrap()
}

fn change(origin: Origin, change: Change, replaces: Option<Origin>) -> PolicyChange {
    let gone = matches!(change, Change::Detach | Change::Delete);
    PolicyChange {
        layer: Layer::Identity,
        before: (!matches!(origin, Origin::New { .. })).then(|| document("*")),
        before_statements: Vec::new(),
        after: (!gone).then(|| document("arn:aws:s3:::home/${aws:username}/*")),
        after_statements: Vec::new(),
        holders: vec!["arn:aws:iam::111122223333:role/app".to_owned()],
        origin,
        change,
        replaces,
    }
}

const WHO: &str = "arn:aws:iam::111122223333:role/team/app";

fn proposal() -> Vec<PolicyChange> {
    let managed = Origin::CustomerManaged {
        arn: "arn:aws:iam::111122223333:policy/team/Own".to_owned(),
        version: None,
        group: None,
    };
    let aws = Origin::AwsManaged {
        arn: "arn:aws:iam::aws:policy/AmazonS3FullAccess".to_owned(),
        version: None,
        group: None,
    };
    let new = |name: &str| Origin::New {
        name: name.to_owned(),
    };
    vec![
        change(managed, Change::Edit, None),
        change(aws.clone(), Change::Detach, None),
        change(
            Origin::Inline {
                name: "in \"line".to_owned(),
            },
            Change::Edit,
            None,
        ),
        change(new("AmazonS3FullAccess-used"), Change::Create, Some(aws)),
        change(new("7"), Change::Create, None),
    ]
}

#[test]
fn terraform_has_resources_imports_and_what_is_by_hand() {
    let text = terraform::render(&proposal(), WHO);
    for part in [
        "import {\n  to = aws_iam_policy.Own\n  id = \"arn:aws:iam::111122223333:policy/team/Own\"\n}",
        "  name = \"Own\"\n  path = \"/team/\"\n",
        "home/$${aws:username}/*",
        "  id = \"app:in \\\"line\"\n",
        "resource \"aws_iam_role_policy_attachment\" \"AmazonS3FullAccess_used\" {\n  role       = \"app\"\n",
        "resource \"aws_iam_policy\" \"policy_7\"",
        "# To do by hand, or by removing its resource: detach arn:aws:iam::aws:policy/AmazonS3FullAccess from role/app.",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
}

#[test]
fn cloudformation_has_logical_ids_and_identifiers() {
    let template = cloudformation::template(&proposal(), WHO);
    let resources = template["Resources"].as_object().unwrap();
    assert!(
        resources
            .keys()
            .all(|id| id.chars().all(|c| c.is_ascii_alphanumeric()))
    );
    assert_eq!(resources["Own"]["DeletionPolicy"], "Retain");
    assert_eq!(
        resources["AmazonS3FullAccessUsed"]["Properties"]["Roles"][0],
        "app"
    );
    assert_eq!(
        template["Metadata"]["ImportBy"]["Own"]["PolicyArn"],
        "arn:aws:iam::111122223333:policy/team/Own"
    );
    assert_eq!(template["Metadata"]["ByHand"].as_array().unwrap().len(), 1);
}
