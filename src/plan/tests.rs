use super::*;
use crate::evaluate::Layer;
use crate::policy::parse;
use crate::recommend::Proof;

const ROLE: &str = "arn:aws:iam::111122223333:role/team/app";

fn document(action: &str) -> Option<crate::policy::Document> {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
    );
    parse(&text, "test").0
}

fn change(origin: Origin, change: Change, replaces: Option<Origin>) -> PolicyChange {
    let keeps = matches!(change, Change::Edit | Change::Create);
    PolicyChange {
        before: (change != Change::Create).then(|| document("s3:*").unwrap()),
        after: keeps.then(|| document("s3:GetObject").unwrap()),
        origin,
        layer: Layer::Identity,
        change,
        holders: vec![ROLE.to_owned()],
        before_statements: Vec::new(),
        after_statements: Vec::new(),
        replaces,
    }
}

fn plan(changes: Vec<PolicyChange>) -> Option<Plan> {
    let proposal = Proposal {
        policies: changes,
        actions: std::collections::BTreeMap::new(),
        refused: Vec::new(),
        dangers: Vec::new(),
        conditions: Vec::new(),
        conditions_tried: Vec::new(),
        proof: Proof::default(),
        diagnostics: Vec::new(),
    };
    let grants = Grants {
        principal: Some(ROLE.to_owned()),
        ..Grants::default()
    };
    Plan::of(&proposal, &grants)
}

#[test]
fn what_is_added_comes_before_what_goes() {
    let aws = Origin::AwsManaged {
        arn: "arn:aws:iam::aws:policy/PowerUserAccess".to_owned(),
        version: Some("v5".to_owned()),
        group: None,
    };
    let plan = plan(vec![
        change(aws.clone(), Change::Detach, None),
        change(Origin::Inline { name: "x".to_owned() }, Change::Delete, None),
        change(Origin::Inline { name: "y".to_owned() }, Change::Edit, None),
        change(
            Origin::New {
                name: "app-used".to_owned(),
            },
            Change::Create,
            Some(aws),
        ),
    ])
    .unwrap();
    let said: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "make customer managed policy app-used and attach it to role/app",
            "change inline policy y of role/app",
            "detach PowerUserAccess from role/app",
            "delete inline policy x of role/app",
        ]
    );
    assert_eq!(plan.account, "111122223333");
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

#[test]
fn policies_of_a_group_change_there() {
    let through = |arn: &str| Origin::AwsManaged {
        arn: arn.to_owned(),
        version: None,
        group: Some("ops".to_owned()),
    };
    let aws = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let plan = plan(vec![
        change(through(aws), Change::Detach, None),
        change(
            Origin::New { name: "n".to_owned() },
            Change::Create,
            Some(through(aws)),
        ),
    ])
    .unwrap();
    let group = Bearer::Group("ops".to_owned());
    assert!(matches!(&plan.steps[0], Step::Create { attach: AttachTo::One(to), .. } if *to == group));
    assert!(matches!(&plan.steps[1], Step::Detach { of, .. } if *of == group));
}

#[test]
fn files_have_no_place_in_an_account() {
    let file = Origin::File {
        path: "p.json".to_owned(),
    };
    assert_eq!(plan(vec![change(file, Change::Edit, None)]), None);
    let inline = Origin::Inline { name: "x".to_owned() };
    assert_eq!(plan(vec![change(inline, Change::Unchanged, None)]), None);
}
