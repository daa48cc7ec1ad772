use proptest::prelude::*;

use super::*;
use crate::policy::{Condition, Document, Statement, parse};

fn document(json: &str) -> Document {
    let (document, problems) = parse(json, "-");
    assert_eq!(problems.len(), 0, "{problems:?}");
    document.unwrap()
}

/// A document of statements; quotes are written `'`.
fn policy(statements: &str) -> Document {
    let text = format!("{{'Version': '2012-10-17', 'Statement': [{statements}]}}");
    document(&text.replace('\'', "\""))
}

fn of(policies: &[(Layer, &Document)]) -> Measure {
    let placed = policies.iter().map(|(layer, document)| PolicyIn {
        layer: *layer,
        document,
    });
    measure(&placed.collect::<Vec<_>>())
}

fn identity(statements: &str) -> Measure {
    of(&[(Layer::Identity, &policy(statements))])
}

fn allow(action: &str, resource: &str) -> String {
    format!("{{'Effect': 'Allow', 'Action': '{action}', 'Resource': '{resource}'}}")
}

fn managed(name: &str) -> Document {
    document(action_catalog::managed_policy(name).unwrap().document)
}

/// Level and breadth of the one action that is permitted.
fn only(measure: &Measure) -> (Level, Breadth) {
    assert_eq!(measure.total.actions, 1, "{measure:?}");
    *measure.by.keys().next().unwrap()
}

#[test]
fn managed_policies_come_in_the_order_of_their_power() {
    let names = [
        "AdministratorAccess",
        "PowerUserAccess",
        "ReadOnlyAccess",
        "ViewOnlyAccess",
        "AmazonS3ReadOnlyAccess",
    ];
    let measures: Vec<Measure> = names
        .iter()
        .map(|name| of(&[(Layer::Identity, &managed(name))]))
        .collect();
    for (pair, names) in measures.windows(2).zip(names.windows(2)) {
        assert!(pair[0].bits > pair[1].bits, "{names:?} {pair:?}");
        assert!(
            pair[0].total.actions > pair[1].total.actions,
            "{names:?} {pair:?}"
        );
    }
    let all = action_catalog::stats().actions;
    assert_eq!(
        measures[0].total,
        Count {
            actions: all,
            conditional: 0
        }
    );
    assert_eq!(
        measures
            .iter()
            .map(|measure| measure.open_ended)
            .collect::<Vec<_>>(),
        [true, true, false, false, false]
    );
    assert!(
        measures[0]
            .by
            .keys()
            .all(|(_, breadth)| matches!(breadth, Breadth::Everything | Breadth::Unscoped))
    );
}

#[test]
fn nothing_permitted_has_no_logarithm() {
    let deny = "{'Effect': 'Deny', 'Action': '*', 'Resource': '*'}";
    assert_eq!(measure(&[]), Measure::default());
    assert_eq!(identity(""), Measure::default());
    assert_eq!(
        identity(&format!("{}, {deny}", allow("*", "*"))),
        Measure::default()
    );
    let boundary = policy(&allow("*", "*"));
    assert_eq!(of(&[(Layer::Boundary, &boundary)]), Measure::default());
}

#[test]
fn one_request_is_no_bits() {
    let one = identity(&allow("s3:GetObject", "arn:aws:s3:::b/key"));
    assert_eq!((one.bits, only(&one)), (Some(0.0), (Level::Read, Breadth::Named)));
    let unscoped = identity(&allow("ec2:DescribeInstances", "*"));
    assert_eq!(unscoped.bits, Some(0.0));
    assert_eq!(only(&unscoped), (Level::List, Breadth::Unscoped));
}

#[test]
fn the_breadth_is_that_of_the_widest_pattern() {
    let arn = |rest: &str| format!("arn:aws:lambda:{rest}");
    for (resource, breadth, bits) in [
        ("*".to_owned(), Breadth::Everything, 93.0),
        (arn("*:*:*"), Breadth::Everything, 93.0),
        (arn("*:*:function:*"), Breadth::Everything, 93.0),
        (arn("*:111122223333:function:*"), Breadth::Account, 53.0),
        (arn("eu-west-1:111122223333:*"), Breadth::Account, 48.0),
        (
            arn("eu-west-1:111122223333:function:orders-*"),
            Breadth::Prefix,
            24.0,
        ),
        (arn("eu-west-1:111122223333:function:orders"), Breadth::Named, 0.0),
        (arn("eu-west-1:*:function:orders"), Breadth::Named, 40.0),
    ] {
        let found = identity(&allow("lambda:DeleteFunction", &resource));
        assert_eq!((only(&found).1, found.bits), (breadth, Some(bits)), "{resource}");
    }
    let elsewhere = identity(&allow("lambda:DeleteFunction", "arn:aws:s3:::b"));
    assert_eq!(elsewhere.bits, None);
    // The bucket's own actions do not work on its keys, nor those of the keys on the bucket.
    let keys = identity(&allow("s3:*", "arn:aws:s3:::b/*"));
    assert!(keys.by.keys().all(|(_, breadth)| *breadth == Breadth::Prefix));
    assert!(
        identity(&allow("s3:ListBucket", "arn:aws:s3:::b/*"))
            .bits
            .is_none()
    );
}

#[test]
fn layers_intersect() {
    let wide = policy(&allow("*", "*"));
    let narrow = policy(&allow("s3:Get*", "arn:aws:s3:::b/*"));
    let alone = of(&[(Layer::Identity, &narrow)]);
    for layer in [Layer::Boundary, Layer::Session, Layer::Scp(0)] {
        assert_eq!(of(&[(Layer::Identity, &wide), (layer, &narrow)]), alone);
        assert_eq!(of(&[(Layer::Identity, &narrow), (layer, &wide)]), alone);
    }
    let other = policy(&allow("s3:Get*", "arn:aws:s3:::c/*"));
    assert_eq!(
        of(&[(Layer::Identity, &narrow), (Layer::Boundary, &other)]),
        Measure::default()
    );
    // Each part is as narrow as the narrower layer has it.
    let region = policy(&allow("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:*:*"));
    let account = policy(&allow("lambda:*", "arn:aws:lambda:*:111122223333:function:*"));
    let both = of(&[(Layer::Identity, &region), (Layer::Boundary, &account)]);
    assert_eq!(both.bits, Some(48.0));
}

#[test]
fn a_deny_takes_what_it_covers() {
    let granted = allow("s3:GetObject', 's3:PutObject", "*");
    let granted = granted.replace(
        "'Action': 's3:GetObject', 's3:PutObject'",
        "'Action': ['s3:GetObject', 's3:PutObject']",
    );
    let count = |deny: &str| identity(&format!("{granted}, {{'Effect': 'Deny', {deny}}}")).total;
    let actions = |actions, conditional| Count { actions, conditional };
    assert_eq!(count("'Action': 's3:Put*', 'Resource': '*'"), actions(1, 0));
    assert_eq!(count("'NotAction': 's3:Put*', 'Resource': '*'"), actions(1, 0));
    assert_eq!(
        count("'Action': '*', 'Resource': 'arn:aws:s3:*:*:*'"),
        actions(0, 0)
    );
    assert_eq!(
        count("'Action': '*', 'Resource': 'arn:aws:s3:::b/*'"),
        actions(2, 0)
    );
    assert_eq!(
        count("'Action': '*', 'NotResource': 'arn:aws:sqs:*:*:*'"),
        actions(0, 0)
    );
    assert_eq!(
        count("'Action': '*', 'NotResource': 'arn:aws:s3:::b/*'"),
        actions(2, 0)
    );
    let only_if = "'Condition': {'Bool': {'aws:SecureTransport': 'false'}}";
    assert_eq!(
        count(&format!("'Action': 's3:Get*', 'Resource': '*', {only_if}")),
        actions(2, 1)
    );
}

#[test]
fn what_is_permitted_only_under_a_condition_is_counted_apart() {
    let statement = "{'Effect': 'Allow', 'Action': 's3:GetObject', 'Resource': 'arn:aws:s3:::b/*',
        'Condition': {'Bool': {'aws:SecureTransport': 'true'}}}";
    let under = identity(statement);
    assert_eq!(
        under.total,
        Count {
            actions: 1,
            conditional: 1
        }
    );
    assert_eq!(
        under.bits,
        identity(&allow("s3:GetObject", "arn:aws:s3:::b/*")).bits
    );
    let also = identity(&format!(
        "{statement}, {}",
        allow("s3:GetObject", "arn:aws:s3:::b/x")
    ));
    assert_eq!((also.total.conditional, also.bits), (0, under.bits));
}

#[test]
fn the_complement_of_resources_is_all_but_what_it_holds() {
    let all_but = |list: &str| {
        let statement = format!(
            "{{'Effect': 'Allow', 'Action': ['s3:GetObject', 'ec2:DescribeInstances'], 'NotResource': '{list}'}}"
        );
        identity(&statement).total.actions
    };
    assert_eq!(all_but("arn:aws:s3:::b/*"), 2);
    assert_eq!(all_but("arn:aws:s3:*:*:*"), 1);
    assert_eq!(all_but("*"), 0);
}

#[test]
fn whole_services_take_in_what_is_not_known_yet() {
    for (action, open) in [
        ("s3:*", true),
        ("*", true),
        ("new-service:*", true),
        ("s3:Get*", false),
        ("s3:NewOne", false),
    ] {
        assert_eq!(identity(&allow(action, "*")).open_ended, open, "{action}");
    }
    let all_but = "{'Effect': 'Allow', 'NotAction': 'iam:*', 'Resource': 'arn:aws:s3:::b'}";
    assert!(identity(all_but).open_ended);
    let deny = "{'Effect': 'Deny', 'Action': 's3:*', 'Resource': '*'}";
    assert!(!identity(&format!("{}, {deny}", allow("s3:*", "*"))).open_ended);
    let (wide, narrow) = (policy(&allow("*", "*")), policy(&allow("s3:Get*", "*")));
    assert!(!of(&[(Layer::Identity, &wide), (Layer::Boundary, &narrow)]).open_ended);
}

#[test]
fn a_resource_policy_is_measured_alone() {
    let text = "{'Effect': 'Allow', 'Principal': {'AWS': '444455556666'}, 'Action': 's3:GetObject', 'Resource': 'arn:aws:s3:::b/*'}";
    let grant = policy(text);
    assert_eq!(of(&[(Layer::Resource, &grant)]).bits, Some(46.0));
    let wide = policy(&allow("iam:GetRole", "*"));
    let beside = of(&[(Layer::Identity, &wide), (Layer::Resource, &grant)]);
    assert_eq!(beside, of(&[(Layer::Identity, &wide)]));
    let deny = |principal: &str| {
        let deny =
            format!("{text}, {{'Effect': 'Deny', 'Principal': {principal}, 'Action': '*', 'Resource': '*'}}");
        of(&[(Layer::Resource, &policy(&deny))]).total
    };
    assert_eq!(deny("'*'").actions, 0);
    assert_eq!(deny("{'AWS': '*'}").actions, 0);
    assert_eq!(
        deny("{'AWS': '123456789012'}"),
        Count {
            actions: 1,
            conditional: 1
        }
    );
    let trust = policy(
        "{'Effect': 'Allow', 'Principal': {'Service': 'ec2.amazonaws.com'}, 'Action': 'sts:AssumeRole'}",
    );
    let trust = of(&[(Layer::Trust, &trust)]);
    assert_eq!((only(&trust).1, trust.bits), (Breadth::Named, Some(0.0)));
}

#[test]
fn actions_that_are_asked_on_arns_without_a_type_are_permitted_there() {
    let clusters = identity(&allow(
        "eks:CreateCluster",
        "arn:aws:eks:*:111122223333:cluster/*",
    ));
    assert_eq!(clusters.bits, Some(0.0));
}

fn element(except: bool, list: Vec<String>) -> Element {
    if except {
        Element::Except(list)
    } else {
        Element::Only(list)
    }
}

fn resources() -> impl Strategy<Value = String> {
    let arn = "arn:aws:(s3:::|s3:\\*:\\*:|sqs:\\*:1:|sqs:eu:\\*:|\\*:\\*:1:)([ab]{0,2}[/?*]{0,2}){1,2}";
    prop_oneof![1 => Just("*".to_owned()), 4 => arn]
}

prop_compose! {
    fn statement()(
        deny in prop::bool::weighted(0.25),
        not_action in prop::bool::weighted(0.1),
        not_resource in prop::bool::weighted(0.15),
        condition in prop::bool::weighted(0.2),
        actions in prop::collection::vec("s3:(Get|Put)Object|s3:Get\\*|s3:\\*|sqs:SendMessage|sqs:\\*|\\*", 1..3),
        list in prop::collection::vec(resources(), 1..3),
    ) -> Statement {
        let effect = if deny { Effect::Deny } else { Effect::Allow };
        // `*` and NotAction make every service be asked: too slow for many cases.
        let (actions, not_action) = if effect == Effect::Allow {
            (actions.into_iter().map(|a| if a == "*" { "s3:*".to_owned() } else { a }).collect(), false)
        } else {
            (actions, not_action)
        };
        let mut statement = Statement::new(effect, element(not_action, actions), Some(element(not_resource, list)));
        if condition {
            statement.conditions.push(Condition {
                operator: "Bool".to_owned(),
                key: "aws:SecureTransport".to_owned(),
                values: vec!["true".to_owned()],
            });
        }
        statement
    }
}

fn layered() -> impl Strategy<Value = Vec<Vec<Statement>>> {
    prop::collection::vec(prop::collection::vec(statement(), 1..4), 1..4)
}

fn bits(layers: &[Vec<Statement>]) -> (Option<f64>, usize) {
    let names = [Layer::Identity, Layer::Boundary, Layer::Scp(0)];
    let documents: Vec<Document> = layers.iter().map(|list| Document::new(list.clone())).collect();
    let placed: Vec<(Layer, &Document)> = names.into_iter().zip(&documents).collect();
    let measure = of(&placed);
    assert!(measure.bits.is_none_or(f64::is_finite));
    assert_eq!(measure.bits.is_some(), measure.total.actions > 0);
    (measure.bits, measure.total.actions)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn without_an_allow_or_with_a_deny_it_is_never_more(layers in layered(), layer in 0..3_usize, at in 0..4_usize, more in statement()) {
        let before = bits(&layers);
        let layer = layer % layers.len();
        let mut less = layers.clone();
        let at = at % less[layer].len();
        if less[layer][at].effect == Effect::Allow {
            less[layer].remove(at);
            let after = bits(&less);
            prop_assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} {after:?}");
        }
        let mut denied = layers;
        denied[layer].push(Statement { effect: Effect::Deny, ..more });
        let after = bits(&denied);
        prop_assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} {after:?}");
    }

    #[test]
    fn with_a_subset_in_place_of_a_pattern_it_is_never_more(
        layers in layered(), layer in 0..3_usize, at in 0..4_usize, fill in "[ab/*?:]{0,3}", part in 2..6_usize
    ) {
        let before = bits(&layers);
        let mut less = layers;
        let layer = layer % less.len();
        let at = at % less[layer].len();
        let statement = &mut less[layer][at];
        let (Effect::Allow, Some(Element::Only(list))) = (statement.effect, &mut statement.resource) else {
            return Ok(());
        };
        let Some([a, b, c, d, e, f]) = crate::arn::split_pattern(&list[0]) else {
            list[0] = format!("arn:aws:s3:::{fill}");
            let after = bits(&less);
            prop_assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} {after:?}");
            return Ok(());
        };
        let mut parts = [a, b, c, d, e, f].map(str::to_owned);
        let fill = if part == 5 { fill } else { fill.replace([':', '/'], "") };
        parts[part] = parts[part].replacen('*', &fill, 1);
        let inner = parts.join(":");
        prop_assert_eq!(pattern::resource_is_subset(&inner, &list[0]), Some(true));
        list[0] = inner;
        let after = bits(&less);
        prop_assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} {after:?}");
    }
}
