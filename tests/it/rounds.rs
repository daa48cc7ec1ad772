//! Rounds to green: a principal starts with nothing, meets the first refusal of its work, pastes it
//! in, gets an answer, goes on. How many tickets until the work is done, and how much of what was
//! granted was never needed?
//!
//! `rounds/` holds the work with its true requirements, each with AWS's page for it; they were
//! written apart from the catalog of workflows and are not seen by the code under test.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it reads files, and prints its table"
)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use leastgrant::denial::{self, DeniedBy};
use leastgrant::evaluate::{
    Compiled, Context, Decision, Layer, Lookup, PolicyIn, Principal, Request, Target,
};
use leastgrant::explain::{Known, Options, explain};
use leastgrant::grants::read_authorization_details;
use leastgrant::policy;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Work {
    name: String,
    #[expect(dead_code, reason = "for readers of the file")]
    title: String,
    client: String,
    principal: String,
    role: String,
    trust: Vec<String>,
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    operation: String,
    terraform: Option<String>,
    cloudformation: Option<String>,
    requirements: Vec<Requirement>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    action: String,
    resource: String,
    #[serde(default)]
    context: std::collections::BTreeMap<String, String>,
    source: String,
}

/// How much of an answer is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    OneAction,
    Certain,
    Likely,
}

#[derive(Debug)]
struct Outcome {
    rounds: usize,
    /// Grants (action on resource) made, and those of them that nothing needed.
    granted: usize,
    idle: BTreeSet<String>,
    /// What could not be had by tickets.
    stuck: Option<String>,
}

fn works() -> Vec<Work> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/rounds");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: &Path| -> Work {
        serde_json::from_str(&fs::read_to_string(path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.iter().map(|path| read(path)).collect()
}

/// The refusal as the client shows it.
fn refusal(work: &Work, operation: &Operation, requirement: &Requirement) -> String {
    let (prefix, name) = operation.operation.split_once(':').unwrap();
    let service = service_id(prefix);
    let Requirement { action, resource, .. } = requirement;
    let user = &work.principal;
    let core = format!(
        "User: {user} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    );
    let code = if prefix == "ec2" {
        "UnauthorizedOperation"
    } else {
        "AccessDenied"
    };
    match work.client.as_str() {
        "terraform" => {
            let address = operation.terraform.as_deref().unwrap_or("aws_resource.this");
            let kind = address.split('.').next().unwrap();
            format!(
                "\u{1b}[31m╷\u{1b}[0m\n│ Error: creating {kind}: operation error {service}: {name}, https response error StatusCode: 403, RequestID: 6f0c5a44-2222-4b0a-9d6e-0123456789ab, api error {code}: {core}\n│ \n│   with {address},\n│   on main.tf line 12, in resource \"{kind}\":\n╵\n"
            )
        }
        "cloudformation" => {
            let kind = operation
                .cloudformation
                .as_deref()
                .unwrap_or("AWS::CloudFormation::Stack");
            format!(
                "CREATE_FAILED | {kind} | Thing | Resource handler returned message: \"{core} (Service: {service}, Status Code: 403, Request ID: 6f0c5a44-2222-4b0a-9d6e-0123456789ab)\" (RequestToken: 0a1b2c3d-1111-2222-3333-444455556666, HandlerErrorCode: AccessDenied)"
            )
        }
        "cli" => format!("An error occurred ({code}) when calling the {name} operation: {core}"),
        "boto3" => format!(
            "Traceback (most recent call last):\n  File \"app.py\", line 12, in <module>\nbotocore.exceptions.ClientError: An error occurred ({code}) when calling the {name} operation: {core}"
        ),
        "go" => format!(
            "operation error {service}: {name}, https response error StatusCode: 403, RequestID: 6f0c5a44, api error {code}: {core}"
        ),
        "java" => {
            let method = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
            format!(
                "software.amazon.awssdk.services.{prefix}.model.{service}Exception: {core} (Service: {service}, Status Code: 403, Request ID: 6f0c5a44)\n\tat software.amazon.awssdk.services.{prefix}.Default{service}Client.{method}(Default{service}Client.java:512)"
            )
        }
        "javascript" => format!(
            "AccessDeniedException: {core}\n    at de_{name}CommandError (/app/node_modules/@aws-sdk/client-{prefix}/dist-cjs/index.js:100:21)"
        ),
        _ => core,
    }
}

/// The service as SDKs call it.
fn service_id(prefix: &str) -> String {
    let known = match prefix {
        "states" => "SFN",
        "logs" => "CloudWatch Logs",
        "events" => "EventBridge",
        "elasticloadbalancing" => "Elastic Load Balancing v2",
        "autoscaling" => "Auto Scaling",
        "acm" => "ACM",
        "secretsmanager" => "Secrets Manager",
        "route53" => "Route 53",
        "dynamodb" => "DynamoDB",
        "cloudfront" => "CloudFront",
        "lambda" => "Lambda",
        "kinesis" => "Kinesis",
        "firehose" => "Firehose",
        "sagemaker" => "SageMaker",
        "glue" => "Glue",
        "athena" => "Athena",
        _ => return prefix.to_uppercase(),
    };
    known.to_owned()
}

/// The account with the principal and what it was granted so far.
fn account(work: &Work, granted: &Value) -> String {
    let principals: Vec<Value> = work
        .trust
        .iter()
        .map(|who| {
            let principal = match who {
                who if who.contains(":oidc-provider/") || who.contains(":saml-provider/") => {
                    json!({"Federated": who})
                }
                who if who.starts_with("arn:") || who.bytes().all(|byte| byte.is_ascii_digit()) => {
                    json!({"AWS": who})
                }
                who => json!({"Service": who}),
            };
            json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
        })
        .collect();
    let name = work.role.rsplit('/').next().unwrap();
    let inline = match granted["Statement"].as_array() {
        Some(list) if !list.is_empty() => json!([{"PolicyName": "work", "PolicyDocument": granted}]),
        _ => json!([]),
    };
    json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{
            "RoleName": name, "Arn": work.role, "Path": "/", "RoleId": "AROAEXAMPLEEXAMPLE",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": principals},
            "RolePolicyList": inline, "AttachedManagedPolicies": [],
        }],
    })
    .to_string()
}

/// Whether the policy allows the requirement.
fn allows(work: &Work, granted: &Value, requirement: &Requirement) -> bool {
    let (Some(document), _) = policy::parse(&granted.to_string(), "granted") else {
        return false;
    };
    let compiled = Compiled::new(&[PolicyIn {
        layer: Layer::Identity,
        document: &document,
    }]);
    let mut context = Context::default();
    let principal = Principal::parse(&work.principal).unwrap();
    principal.fill(&mut context);
    for (key, value) in &requirement.context {
        context.set(key, Lookup::Values(vec![value.clone()]));
    }
    let target = match requirement.resource.as_str() {
        "*" => Target::Any,
        arn => Target::Arn(arn),
    };
    // What the other account's side allows is not asked of this principal.
    let own = principal.account.clone().unwrap_or_default();
    let request = Request::new(&requirement.action, target, &context)
        .by(&principal)
        .owned_by(&own);
    matches!(compiled.decide(&request), Decision::Allowed { .. })
}

fn run(work: &Work, how: How) -> Outcome {
    let options = Options {
        only_certain: how == How::Certain,
        only_this: how == How::OneAction,
        ..Options::default()
    };
    let mut granted = json!({"Version": "2012-10-17", "Statement": []});
    let mut outcome = Outcome {
        rounds: 0,
        granted: 0,
        idle: BTreeSet::new(),
        stuck: None,
    };
    let steps: Vec<(&Operation, &Requirement)> = work
        .operations
        .iter()
        .flat_map(|operation| {
            operation
                .requirements
                .iter()
                .map(move |requirement| (operation, requirement))
        })
        .collect();
    while let Some((operation, requirement)) = steps
        .iter()
        .find(|(_, requirement)| !allows(work, &granted, requirement))
    {
        let text = refusal(work, operation, requirement);
        let (account, said) = read_authorization_details(&account(work, &granted), "grants.json");
        assert!(said.is_empty(), "{said:?}");
        let known = Known {
            account,
            ..Known::default()
        };
        let explained = explain(&denial::read(&text), &known, &options);
        outcome.rounds += 1;
        if std::env::var_os("ROUNDS_TRACE").is_some_and(|name| work.name.contains(&*name.to_string_lossy())) {
            println!(
                "{} {how:?} {}: {} {} on {}",
                work.name, outcome.rounds, operation.operation, requirement.action, requirement.resource
            );
            for own in &explained.refusals {
                for (kind, list) in [
                    ("certain", &own.next.certain),
                    ("likely", &own.next.likely),
                    ("possible", &own.next.possible),
                ] {
                    for want in list {
                        println!("      {kind} {} on {}: {}", want.action, want.resource, want.why);
                    }
                }
            }
        }
        let mut changes = explained
            .refusals
            .iter()
            .flat_map(|own| own.change.iter().chain(&own.also));
        let document = changes
            .find(|own| own.layer == DeniedBy::Identity)
            .and_then(|own| own.document.clone());
        let Some(document) = document else {
            outcome.stuck = Some(format!("no answer to {text}"));
            break;
        };
        granted = document;
        if !allows(work, &granted, requirement) {
            outcome.stuck = Some(format!("the answer does not settle {text}: {granted}"));
            break;
        }
    }
    let (count, idle) = idle(work, &granted);
    (outcome.granted, outcome.idle) = (count, idle);
    outcome
}

/// Each action on each resource that is granted; those that no requirement needs.
fn idle(work: &Work, granted: &Value) -> (usize, BTreeSet<String>) {
    let list = |value: &Value| -> Vec<String> {
        match value {
            Value::String(one) => vec![one.clone()],
            Value::Array(list) => list.iter().map(|own| own.as_str().unwrap().to_owned()).collect(),
            _ => Vec::new(),
        }
    };
    let (mut count, mut idle) = (0, BTreeSet::new());
    for statement in granted["Statement"].as_array().unwrap() {
        for action in list(&statement["Action"]) {
            for resource in list(&statement["Resource"]) {
                count += 1;
                let mut alone = statement.clone();
                alone["Action"] = json!(action);
                alone["Resource"] = json!(resource);
                let alone = json!({"Version": "2012-10-17", "Statement": [alone]});
                let mut needed = work
                    .operations
                    .iter()
                    .flat_map(|operation| &operation.requirements);
                if !needed.any(|requirement| allows(work, &alone, requirement)) {
                    idle.insert(format!("{action} on {resource}"));
                }
            }
        }
    }
    (count, idle)
}

fn median(mut list: Vec<usize>) -> usize {
    list.sort_unstable();
    list[list.len() / 2]
}

#[test]
fn rounds_to_green() {
    let works = works();
    assert!(works.len() >= 25, "{} pieces of work", works.len());
    let sources = works
        .iter()
        .flat_map(|work| &work.operations)
        .flat_map(|operation| &operation.requirements);
    for requirement in sources {
        assert!(requirement.source.starts_with("https://"), "{requirement:?}");
    }
    let mut table = format!(
        "{:<44} {:>5} | {:>8} | {:>8} {:>6} | {:>8} {:>6}\n",
        "work", "needs", "one each", "certain", "idle", "+likely", "idle"
    );
    let mut all = [Vec::new(), Vec::new(), Vec::new()];
    let mut totals = [(0, 0); 3];
    let mut stuck = Vec::new();
    for work in &works {
        let needs: usize = work
            .operations
            .iter()
            .map(|operation| operation.requirements.len())
            .sum();
        let outcomes = [How::OneAction, How::Certain, How::Likely].map(|how| run(work, how));
        for (number, outcome) in outcomes.iter().enumerate() {
            all[number].push(outcome.rounds);
            totals[number].0 += outcome.granted;
            totals[number].1 += outcome.idle.len();
            stuck.extend(outcome.stuck.iter().map(|text| format!("{}: {text}", work.name)));
        }
        let [one, certain, likely] = &outcomes;
        let _ = writeln!(
            table,
            "{:<44} {needs:>5} | {:>8} | {:>8} {:>3}/{:<3}| {:>8} {:>3}/{:<3}",
            work.name,
            one.rounds,
            certain.rounds,
            certain.idle.len(),
            certain.granted,
            likely.rounds,
            likely.idle.len(),
            likely.granted
        );
        if std::env::var_os("ROUNDS_IDLE").is_some() {
            for idle in &likely.idle {
                let _ = writeln!(table, "        not needed: {idle}");
            }
        }
    }
    let worst = |list: &[usize]| list.iter().copied().max().unwrap_or_default();
    for (name, number) in [
        ("one action a ticket", 0),
        ("certain", 1),
        ("certain + likely", 2),
    ] {
        let (granted, idle) = totals[number];
        let _ = writeln!(
            table,
            "{name}: median {} rounds, worst {}, {idle} of {granted} grants not needed ({:.0} %)",
            median(all[number].clone()),
            worst(&all[number]),
            100.0 * idle as f64 / granted.max(1) as f64
        );
    }
    println!("{table}");
    // What was reached; the aim is a median of 1, 2 at worst, 20 % not needed.
    let share = |number: usize| {
        let (granted, idle): (usize, usize) = totals[number];
        100 * idle / granted.max(1)
    };
    assert!(median(all[2].clone()) <= 3 && worst(&all[2]) <= 8, "{table}");
    assert!(share(1) <= 2 && share(2) <= 34, "{table}");
    assert!(stuck.is_empty(), "{}", stuck.join("\n"));
}
