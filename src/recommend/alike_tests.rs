use super::*;

fn groups(names: &[&str]) -> Groups {
    names
        .iter()
        .map(|name| {
            let name = (*name).to_owned();
            (name.clone(), (None, BTreeSet::from([name])))
        })
        .collect()
}

fn patterns(groups: &Groups) -> Vec<&str> {
    groups.keys().map(String::as_str).collect()
}

#[test]
fn the_same_name_in_several_regions_is_one() {
    let mut found = groups(&[
        "arn:aws:sqs:eu-west-1:111122223333:jobs",
        "arn:aws:sqs:us-east-1:111122223333:jobs",
        "arn:aws:sqs:us-east-1:111122223333:other",
    ]);
    gather_regions(&mut found);
    assert_eq!(
        patterns(&found),
        [
            "arn:aws:sqs:*:111122223333:jobs",
            "arn:aws:sqs:us-east-1:111122223333:other"
        ]
    );
    // In a name the form of a region stays, and the region of the ARN, which does not vary.
    let mut found = groups(&[
        "arn:aws:dynamodb:eu-west-1:111122223333:table/logs-eu-west-1",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/logs-us-gov-east-1",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/logs-north-1",
    ]);
    gather_regions(&mut found);
    assert_eq!(
        patterns(&found),
        [
            "arn:aws:dynamodb:eu-west-1:111122223333:table/logs-??-*-?",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/logs-north-1"
        ]
    );
}

#[test]
fn one_region_says_nothing_of_others() {
    let mut found = groups(&["arn:aws:sqs:eu-west-1:111122223333:jobs-eu-west-1"]);
    let before = found.clone();
    gather_regions(&mut found);
    assert_eq!(found, before);
}

#[test]
fn versions_are_told_by_their_form() {
    let cases: [(&[&str], &[&str]); 5] = [
        (
            &["b/releases/v9.zip", "b/releases/v10.zip"],
            &["b/releases/v*.zip"],
        ),
        (&["b/app-1.2.3.jar", "b/app-1.10.0.jar"], &["b/app-*.*.*.jar"]),
        (
            &["b/build-12/x", "b/build-13/x", "b/build-13/y"],
            &["b/build-*/x", "b/build-13/y"],
        ),
        (
            &["table/orders-v2", "table/users-v2"],
            &["table/orders-v2", "table/users-v2"],
        ),
        // An address, a price and a word are no versions.
        (
            &["b/10.2", "b/10.3", "b/vat1x", "b/vat2x"],
            &["b/10.2", "b/10.3", "b/vat1x", "b/vat2x"],
        ),
    ];
    for (names, wanted) in cases {
        let mut found = groups(names);
        gather_versions(&mut found);
        assert_eq!(patterns(&found), wanted);
    }
}

#[test]
fn a_part_that_varies_in_the_middle_is_a_tenant() {
    let mut found = groups(&[
        "arn:aws:s3:::b/tenants/acme/reports/*.csv",
        "arn:aws:s3:::b/tenants/globex/reports/*.csv",
        "arn:aws:s3:::b/tenants/initech/reports/*.csv",
        "arn:aws:s3:::b/tenants/initech/secret.txt",
        "arn:aws:s3:::c/tenants/acme/reports/*.csv",
    ]);
    gather_segments(&mut found, 3, |_| true);
    assert_eq!(
        patterns(&found),
        [
            "arn:aws:s3:::b/tenants/*/reports/*.csv",
            "arn:aws:s3:::b/tenants/initech/secret.txt",
            "arn:aws:s3:::c/tenants/acme/reports/*.csv",
        ]
    );
    // Neither the bucket nor the last part.
    let names = [
        "arn:aws:s3:::a/x/1",
        "arn:aws:s3:::b/x/1",
        "arn:aws:s3:::c/x/1",
        "arn:aws:s3:::c/x/2",
        "arn:aws:s3:::c/x/3",
    ];
    let mut found = groups(&names);
    gather_segments(&mut found, 3, |_| true);
    assert_eq!(patterns(&found), names);
}

#[test]
fn the_example_is_admitted_and_was_not_seen() {
    let cases = [
        (
            "arn:aws:s3:::b/dt=*/part-*.csv",
            "arn:aws:s3:::b/dt=2026-08-01/part-00017.csv",
        ),
        (
            "arn:aws:s3:::b/in/*",
            "arn:aws:s3:::b/in/6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e5f",
        ),
        ("arn:aws:s3:::b/tenants/*/x", "arn:aws:s3:::b/tenants/acme/x"),
        (
            "arn:aws:sqs:*:111122223333:jobs",
            "arn:aws:sqs:eu-west-1:111122223333:jobs",
        ),
        ("arn:aws:s3:::logs-??-*-?", "arn:aws:s3:::logs-eu-west-1"),
        ("arn:aws:s3:::b/*.*.*", "arn:aws:s3:::b/1.2.3"),
    ];
    for (wide, name) in cases {
        let seen = BTreeSet::from([name.to_owned()]);
        let other = another(wide, &seen).unwrap();
        assert_eq!(pattern::resource_matches(wide, &other), Some(true), "{other}");
        assert_ne!(other, name);
    }
    // A pattern that admits nothing else has no example.
    let seen = BTreeSet::from(["arn:aws:s3:::b/x".to_owned()]);
    assert_eq!(another("arn:aws:s3:::b/x", &seen), None);
}
