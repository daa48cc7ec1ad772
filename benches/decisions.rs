//! Decisions a second, on one core: `cargo bench --bench decisions`.
//!
//! A compiled set is asked many times over a mix of requests: allowed, refused by a Deny, refused for
//! want of an Allow, and not known. The principal is a user with ten policies and sixty statements:
//! identity policies, a permissions boundary, SCPs of two levels (`principal.json`).
#![expect(clippy::disallowed_macros, reason = "what the requests come to is printed")]

use std::collections::BTreeMap;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use leastgrant::evaluate::{Compiled, Context, Decision, Layer, Lookup, PolicyIn, Request, Target};
use leastgrant::policy::{Document, parse};
use serde_json::{Map, Value};

const POLICIES: [&str; 3] = ["principal", "AdministratorAccess", "ReadOnlyAccess"];

fn main() {
    let principal = Principal::read();
    let statements: usize = principal
        .policies
        .iter()
        .map(|(_, own)| own.statements.len())
        .sum();
    println!("{} policies, {statements} statements", principal.policies.len());
    for name in POLICIES {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let policies = policies(name);
        let compiled = compiled(&policies);
        for decision in principal.requests().map(|request| compiled.decide(&request)) {
            *counts.entry(kind(&decision)).or_default() += 1;
        }
        println!("{name}: {counts:?}");
    }
    divan::main();
}

fn kind(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allowed { .. } => "allowed",
        Decision::ExplicitDeny { .. } => "denied",
        Decision::ImplicitDeny { .. } => "not allowed",
        Decision::Unknown { .. } => "not known",
    }
}

struct Asked {
    action: String,
    resource: Option<String>,
    context: Context,
}

struct Principal {
    policies: Vec<(Layer, Document)>,
    asked: Vec<Asked>,
}

impl Principal {
    fn read() -> Self {
        let whole: Value = serde_json::from_str(include_str!("principal.json")).unwrap_or_default();
        let list = |name: &str| whole.get(name).and_then(Value::as_array).into_iter().flatten();
        let keys = whole.get("context").and_then(Value::as_object);
        Self {
            policies: list("policies").filter_map(policy).collect(),
            asked: list("requests").filter_map(|own| asked(own, keys?)).collect(),
        }
    }

    fn requests(&self) -> impl Iterator<Item = Request<'_>> {
        self.asked.iter().map(|own| {
            let target = own.resource.as_deref().map_or(Target::Any, Target::Arn);
            Request::new(&own.action, target, &own.context)
        })
    }
}

fn policy(own: &Value) -> Option<(Layer, Document)> {
    let layer = Layer::parse(own.get("layer")?.as_str()?)?;
    let (document, _) = parse(&own.get("document")?.to_string(), "-");
    Some((layer, document?))
}

/// A request; the keys that all share, and its own. What is not named is absent, or not known.
fn asked(own: &Value, keys: &Map<String, Value>) -> Option<Asked> {
    let mut context = Context::default();
    for (key, value) in keys.iter().chain(own.get("context")?.as_object()?) {
        let values = match value {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect::<Vec<_>>(),
        };
        context.set(
            key,
            Lookup::Values(values.into_iter().map(str::to_owned).collect()),
        );
    }
    if own.get("others").is_none() {
        context.others_absent();
    }
    let text = |name: &str| own.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Asked {
        action: text("action")?,
        resource: text("resource"),
        context,
    })
}

fn policies(name: &str) -> Vec<(Layer, Document)> {
    if name == "principal" {
        return Principal::read().policies;
    }
    let text = action_catalog::managed_policy(name).map_or("", |policy| policy.document);
    parse(text, name)
        .0
        .map(|document| (Layer::Identity, document))
        .into_iter()
        .collect()
}

fn compiled(policies: &[(Layer, Document)]) -> Compiled {
    let placed = policies.iter().map(|(layer, document)| PolicyIn {
        layer: *layer,
        document,
    });
    Compiled::new(&placed.collect::<Vec<_>>())
}

/// All requests, one after the other.
#[divan::bench(args = POLICIES)]
fn decide(bencher: Bencher<'_, '_>, name: &str) {
    let compiled = compiled(&policies(name));
    let principal = Principal::read();
    bencher
        .counter(ItemsCount::new(principal.asked.len()))
        .bench_local(|| {
            for request in principal.requests() {
                black_box(compiled.decide(black_box(&request)));
            }
        });
}

/// One request of each kind, asked of the principal's policies.
#[divan::bench(args = 0..24)]
fn one(bencher: Bencher<'_, '_>, number: usize) {
    let compiled = compiled(&policies("principal"));
    let principal = Principal::read();
    let Some(request) = principal.requests().nth(number) else {
        return;
    };
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(|| black_box(compiled.decide(black_box(&request))));
}

/// From documents to what can be asked.
#[divan::bench(args = POLICIES)]
fn compile(bencher: Bencher<'_, '_>, name: &str) {
    let policies = policies(name);
    bencher.bench_local(|| compiled(black_box(&policies)));
}
