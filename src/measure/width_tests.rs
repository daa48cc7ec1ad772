use proptest::prelude::*;

use super::*;

fn parts(text: &str) -> Parts {
    let [_, _, service, region, account, name] = split_pattern(text).unwrap();
    Parts {
        heads: [service, region, account].map(Pattern::new),
        last: Pattern::new(name),
        wide: Pattern::new(name),
    }
}

fn taken(template: &str, pattern: &str) -> Option<(u16, u16, u16)> {
    let service = action_catalog::service("s3").unwrap();
    let widths = Template::new(template).unwrap().taken(&parts(pattern), service)?;
    Some((widths.name, widths.account, widths.region))
}

#[test]
fn all_arns_of_a_type_have_the_same_bits() {
    for prefix in ["s3", "lambda", "iam", "logs", "ecs", "ec2"] {
        let service = action_catalog::service(prefix).unwrap();
        for arn in service.resource_types.iter().flat_map(|kind| &kind.arns) {
            let template = Template::new(arn).unwrap();
            if arn.rsplit(':').next().unwrap().contains("${") {
                assert_eq!(template.full.total(), NAME + ACCOUNT + REGION, "{arn}");
            }
            let all = template.taken(&Parts::all(), service);
            assert_eq!(all, Some(template.full), "{arn}");
        }
    }
}

#[test]
fn fixed_parts_and_characters_take_bits() {
    let function = "arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}";
    for (pattern, widths) in [
        ("arn:aws:lambda:*:*:function:*", (48, 40, 5)),
        ("arn:aws:lambda:eu-*:*:*", (48, 40, 5)),
        ("arn:aws:lambda:eu-west-1:111122223333:function:*", (48, 0, 0)),
        ("arn:aws:lambda:eu-west-1:111122223333:function:a*", (42, 0, 0)),
        (
            "arn:aws:lambda:eu-west-1:111122223333:function:orders-*",
            (24, 0, 0),
        ),
        (
            "arn:aws:lambda:eu-west-1:111122223333:function:orders-??",
            (12, 0, 0),
        ),
        ("arn:aws:lambda:*:111122223333:function:orders", (0, 0, 5)),
    ] {
        assert_eq!(taken(function, pattern), Some(widths), "{pattern}");
    }
    assert_eq!(taken(function, "arn:aws:lambda:*:*:layer:*"), None);
    assert_eq!(taken(function, "arn:aws:sns:*:*:*"), None);
}

#[test]
fn bucket_and_key_share_the_bits() {
    let (bucket, object) = ("arn:${Partition}:s3:::${B}", "arn:${Partition}:s3:::${B}/${K}");
    let name = |template, pattern| taken(template, pattern).map(|(name, _, _)| name);
    assert_eq!(name(object, "arn:aws:s3:::logs-x/*"), Some(46));
    assert_eq!(name(object, "arn:aws:s3:::logs-x/2024/*"), Some(23));
    assert_eq!(name(object, "arn:aws:s3:::logs-x/key"), Some(0));
    assert_eq!(name(object, "arn:aws:s3:::logs-*"), Some(23 + 46));
    assert_eq!(name(object, "arn:aws:s3:::logs-x"), None);
    assert_eq!(name(bucket, "arn:aws:s3:::logs-x/*"), None);
    assert_eq!(name(bucket, "arn:aws:s3:::*"), Some(93));
}

#[test]
fn a_policy_variable_counts_as_a_fixed_text() {
    let template = Template::new("arn:${Partition}:s3:::${B}/${K}").unwrap();
    let mut pattern = parts("arn:aws:s3:::b/*");
    let mut atoms: Vec<Atom> = "b/".chars().map(Atom::Char).collect();
    atoms.push(Atom::Variable(0));
    pattern.last = Pattern::from_atoms(atoms.clone(), false);
    let service = action_catalog::service("s3").unwrap();
    assert_eq!(template.taken(&pattern, service).unwrap().name, 0);
    atoms.extend([Atom::Char('/'), Atom::Many]);
    pattern.last = Pattern::from_atoms(atoms, false);
    assert_eq!(template.taken(&pattern, service).unwrap().name, 23);
}

fn text() -> impl Strategy<Value = String> {
    "[ab/:?*]{0,7}"
}

/// A pattern within the given one: what its wildcards stand for is written out in part.
fn within(outer: &str, fill: &[String]) -> String {
    let mut fill = fill.iter().cycle();
    let mut inner = String::new();
    for c in outer.chars() {
        match c {
            '*' => inner.push_str(fill.next().map_or("", String::as_str)),
            '?' => inner.push(
                fill.next()
                    .and_then(|f| f.chars().find(|c| *c != '*'))
                    .unwrap_or('?'),
            ),
            c => inner.push(c),
        }
    }
    inner
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn a_subset_is_never_wider(
        outer in text(),
        fill in prop::collection::vec(text(), 1..4),
        template in prop::sample::select(vec!["${B}", "${B}/${K}", "a:${B}:b/${C}", "a${B}/${C}/*", "ab"]),
    ) {
        let inner = within(&outer, &fill);
        prop_assert!(crate::pattern::is_subset(&inner, &outer), "{inner} {outer}");
        let template = format!("arn:aws:s3:::{template}");
        let width = |name: &str| taken(&template, &format!("arn:aws:s3:::{name}"));
        prop_assert!(width(&inner) <= width(&outer), "{inner} {outer}: {:?} {:?}", width(&inner), width(&outer));
    }
}
