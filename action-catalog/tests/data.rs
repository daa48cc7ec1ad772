//! The committed data as a whole: complete, sorted, consistent.

#![expect(clippy::disallowed_methods, reason = "the tests read the committed files")]
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use action_catalog::{Origin, action, action_names, coverage, prefixes, service, stats};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Counts may grow only; what AWS withdraws is confirmed by hand in `counts.json`.
#[test]
fn counts_do_not_fall() {
    let floor: BTreeMap<String, usize> = serde_json::from_str(include_str!("../counts.json")).unwrap();
    let now = stats();
    let counts = BTreeMap::from([
        ("services", now.services),
        ("actions", now.actions),
        ("resource_types", now.resource_types),
        ("keys", now.keys),
        ("dependents", now.dependents),
        ("permission_only", now.permission_only),
        ("operations", now.operations),
        ("mapped_operations", now.mapped_operations),
        ("event_sources", now.event_sources),
        ("managed_policies", now.managed_policies),
    ]);
    for (name, count) in &counts {
        assert!(*count >= floor[*name], "{name}: {count} < {}", floor[*name]);
    }
    assert_eq!(counts.len(), floor.len());
}

/// What is packed beside the services says the same as they do.
#[test]
fn the_names_of_actions_are_those_of_the_services() {
    let of_services: Vec<String> = prefixes()
        .filter_map(service)
        .flat_map(|service| {
            let names = service.actions.iter();
            names.map(move |action| format!("{}:{}", service.prefix, action.name))
        })
        .collect();
    assert_eq!(action_names(), of_services);
}

/// The table by service and origin is that of the catalog; `refresh` writes no worse one over it.
#[test]
fn the_table_of_coverage_is_the_catalog_s() {
    let table = coverage(prefixes().filter_map(service));
    let committed = include_str!("../coverage.csv");
    for (now, committed) in table.lines().zip(committed.lines()) {
        assert_eq!(now, committed);
    }
    assert_eq!(table.lines().count(), committed.lines().count());
}

#[test]
fn every_operation_is_mapped_or_says_why_not() {
    for service in prefixes().filter_map(service) {
        for operation in &service.operations {
            let name = format!("{}:{}", service.prefix, operation.name);
            let why = operation.why.as_deref().unwrap_or_default();
            assert_eq!(operation.needs.is_empty(), !why.is_empty(), "{name}");
            let by_hand = operation.origin == Origin::Override;
            let cited = operation
                .cite
                .as_deref()
                .is_some_and(|c| c.starts_with("https://"));
            assert!(cited || !by_hand, "{name} cites nothing");
        }
    }
}

/// The services that make up nearly all traffic.
const REVIEWED: [&str; 38] = [
    "acm",
    "apigateway",
    "athena",
    "autoscaling",
    "bedrock",
    "cloudformation",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "config",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "eks",
    "elasticloadbalancing",
    "events",
    "firehose",
    "glue",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "rds",
    "route53",
    "s3",
    "s3express",
    "sagemaker",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sso",
    "states",
    "sts",
    "tag",
];

#[test]
fn every_operation_of_the_reviewed_services_is_written_by_hand_or_has_no_action() {
    for prefix in REVIEWED {
        let service = service(prefix).unwrap();
        let derived = service
            .operations
            .iter()
            .filter(|o| !matches!(o.origin, Origin::Override | Origin::Unmapped | Origin::ApiModel));
        let names: Vec<&str> = derived.map(|o| o.name.as_str()).collect();
        assert!(names.is_empty(), "{prefix}: {names:?}");
    }
}

#[test]
fn the_packed_catalog_is_small() {
    let bytes = stats().packed_bytes;
    assert!((1_000_000..2_000_000).contains(&bytes), "{bytes}");
}

#[test]
fn every_committed_service_is_packed() {
    let files = std::fs::read_dir(folder().join("services")).unwrap();
    let files: BTreeSet<String> = files
        .map(|f| {
            f.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let packed: BTreeSet<String> = prefixes().map(str::to_owned).collect();
    assert_eq!(files, packed);
    for prefix in prefixes() {
        let service = service(prefix).unwrap_or_else(|| panic!("{prefix} does not decode"));
        assert_eq!(service.prefix, prefix);
    }
}

/// The lines of one block of a service's file, in their order.
fn names(text: &str, block: &str) -> Vec<String> {
    let head = format!("\n\"{block}\": {{\n");
    let Some((_, rest)) = text.split_once(&head) else {
        return Vec::new();
    };
    let (lines, _) = rest.split_once("\n}").unwrap();
    lines
        .lines()
        .map(|line| line.split('"').nth(1).unwrap().to_ascii_lowercase())
        .collect()
}

#[test]
fn every_line_stands_in_order() {
    let mut lines = 0;
    for prefix in prefixes() {
        let text = std::fs::read_to_string(folder().join(format!("services/{prefix}.json"))).unwrap();
        for block in ["keys", "resource_types", "actions", "operations"] {
            let names = names(&text, block);
            lines += names.len();
            assert!(names.is_sorted_by(|a, b| a < b), "{prefix}: {block}");
        }
    }
    let now = stats();
    assert_eq!(
        lines,
        now.keys + now.resource_types + now.actions + now.operations
    );
}

#[test]
fn every_action_that_is_named_exists() {
    let exists = |name: &str| action(name).is_some_and(|(s, a)| format!("{}:{}", s.prefix, a.name) == name);
    for service in prefixes().filter_map(service) {
        for a in &service.actions {
            let wrong: Vec<_> = a.dependents.iter().filter(|d| !exists(d)).collect();
            assert!(wrong.is_empty(), "{}:{}: {wrong:?}", service.prefix, a.name);
        }
        for operation in &service.operations {
            let wrong: Vec<_> = operation.needs.iter().filter(|n| !exists(&n.action)).collect();
            assert!(
                wrong.is_empty(),
                "{}:{}: {wrong:?}",
                service.prefix,
                operation.name
            );
            let unmapped = operation.origin == Origin::Unmapped;
            assert!(
                !unmapped || operation.needs.is_empty(),
                "{}:{}",
                service.prefix,
                operation.name
            );
        }
    }
}

#[test]
fn every_resource_type_of_an_action_exists() {
    for service in prefixes().filter_map(service) {
        for a in &service.actions {
            for resource in &a.resources {
                assert!(
                    service.resource_type(&resource.name).is_some(),
                    "{}:{} {}",
                    service.prefix,
                    a.name,
                    resource.name
                );
            }
        }
    }
}

/// `${Variable}` and `{path}` are closed and not empty, and it is an ARN of six parts.
fn is_arn_template(template: &str) -> bool {
    let mut depth = 0usize;
    for c in template.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return false,
            '}' => depth -= 1,
            _ => {}
        }
        if depth > 1 {
            return false;
        }
    }
    // `{streamARN}/consumer/{name}` begins with a parameter that is an ARN; of `arn:…:iam::{value}` the
    // parameter is one of that service, or counts for nothing.
    let parts = template.split(':').count();
    let arn = template.starts_with("arn:") && (parts >= 6 || template.ends_with('}'));
    depth == 0 && !template.contains("{}") && (arn || template.starts_with('{'))
}

#[test]
fn every_arn_template_parses() {
    for service in prefixes().filter_map(service) {
        for kind in &service.resource_types {
            assert!(!kind.arns.is_empty(), "{}:{}", service.prefix, kind.name);
            for arn in &kind.arns {
                assert!(
                    is_arn_template(arn) && !arn.contains(", "),
                    "{}:{} {arn}",
                    service.prefix,
                    kind.name
                );
            }
        }
        for need in service.operations.iter().flat_map(|o| &o.needs) {
            for on in &need.on {
                let path = on.template.starts_with('{') && on.template.ends_with('}');
                let good =
                    matches!(on.template.as_str(), "*" | "unknown") || path || is_arn_template(&on.template);
                assert!(good, "{}: {}", need.action, on.template);
                // A literal wildcard must say why. Elsewhere than in an ARN's end it is a variable's.
                let literal = on.template != "*" && on.template.contains('*');
                assert!(
                    !literal || on.because.is_some(),
                    "{}: {}",
                    need.action,
                    on.template
                );
            }
        }
    }
}

/// What is filled in a template is one of three things of the event, or a parameter's path with transforms
/// that the reader of templates has (`require::templates`): a mistyped one would be passed over.
#[test]
fn every_placeholder_is_understood() {
    const TRANSFORMS: [&str; 12] = [
        "decode",
        "family",
        "head6",
        "head7",
        "kmskey",
        "last",
        "loggroup",
        "nocolon",
        "noslash",
        "profilemodel",
        "queueurl",
        "s3source",
    ];
    let is_path = |path: &str| {
        !path.is_empty()
            && path
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-[]|".contains(c))
    };
    for service in prefixes().filter_map(service) {
        let needs = service
            .operations
            .iter()
            .flat_map(|o| &o.needs)
            .flat_map(|n| &n.on);
        let companions = service
            .operations
            .iter()
            .flat_map(|o| &o.companions)
            .flat_map(|c| &c.on);
        for on in needs.chain(companions) {
            let parts: Vec<&str> = on.template.split('{').collect();
            for pair in parts.windows(2) {
                let [before, part] = pair else { continue };
                let inside = part.split('}').next().unwrap_or_default();
                let known = match before.ends_with('$') {
                    true => ["Partition", "Region", "Account"].contains(&inside),
                    false => {
                        let mut words = inside.split(':');
                        words.next().is_some_and(is_path) && words.all(|word| TRANSFORMS.contains(&word))
                    }
                };
                assert!(known, "{}: {} in {}", service.prefix, inside, on.template);
            }
        }
    }
}

/// A parameter path belongs to a variable that a type of the action has.
#[test]
fn every_parameter_is_of_a_variable() {
    for (prefix, need) in prefixes().filter_map(service).flat_map(|s| {
        s.operations
            .iter()
            .flat_map(move |o| o.needs.iter().map(move |n| (&s.prefix, n)))
    }) {
        let (service, action) = action(&need.action).unwrap();
        let arns: String = action
            .resources
            .iter()
            .filter_map(|r| service.resource_type(&r.name))
            .flat_map(|r| r.arns.iter().map(String::as_str))
            .collect();
        for (variable, path) in &need.params {
            assert!(
                arns.contains(&format!("${{{variable}}}")),
                "{prefix} {}: {variable}",
                need.action
            );
            assert!(
                !path.is_empty() && !path.contains(['$', '%', '{', '}', ' ']),
                "{}: {path}",
                need.action
            );
        }
    }
}

#[test]
fn an_operation_by_map_or_name_never_needs_another_service_s_tags_or_roles_unasked() {
    for service in prefixes().filter_map(service) {
        for operation in service.operations.iter().filter(|o| o.origin != Origin::Override) {
            for need in operation.needs.iter().filter(|n| n.action == "iam:PassRole") {
                let own = service.prefix == "iam";
                assert!(
                    own || need.when.is_some(),
                    "{}:{}",
                    service.prefix,
                    operation.name
                );
            }
        }
    }
}
