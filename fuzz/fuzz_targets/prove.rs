//! The proof over two sets of policies against the evaluator.

#![no_main]

use arbitrary::Arbitrary;
use leastgrant::evaluate::{
    Comparison, Compiled, Context, Decision, Layer, PolicyIn, Request, Target, compare,
};
use leastgrant::policy::Document;
use leastgrant_fuzz::policies::{ACTIONS, Known, Policy, RESOURCES, few, policies};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    odd: u8,
    /// How the new set comes about: by itself, or from the old one.
    near: u8,
    #[arbitrary(with = few)]
    old: Vec<Policy>,
    #[arbitrary(with = few)]
    new: Vec<Policy>,
    contexts: [Known; 3],
}

const LAYERS: [Layer; 6] = [
    Layer::Identity,
    Layer::Identity,
    Layer::Identity,
    Layer::Boundary,
    Layer::Scp(0),
    Layer::Scp(1),
];

fn documents(list: &[Policy], odd: bool) -> Vec<(Layer, Document)> {
    let document = |policy: &Policy| {
        let layer = *policy.layer.of(&LAYERS);
        (layer, policy.document(layer, odd))
    };
    list.iter().map(document).collect()
}

/// The old set with a statement of the new one in the place of one of its own, or added, or with one
/// left out: then there often is a proof.
fn near(old: &[(Layer, Document)], new: Vec<(Layer, Document)>, how: u8) -> Vec<(Layer, Document)> {
    let mut changed = old.to_vec();
    let other = new
        .iter()
        .flat_map(|(_, document)| &document.statements)
        .next()
        .cloned();
    let place = usize::from(how >> 2);
    let count = changed.len().max(1);
    let Some((_, document)) = changed.get_mut(place % count) else {
        return new;
    };
    let at = (place / count) % document.statements.len().max(1);
    match (how & 3, document.statements.get_mut(at), other) {
        (1, Some(own), Some(other)) => *own = other,
        (2, Some(_), _) => drop(document.statements.remove(at)),
        (3, _, Some(other)) => document.statements.push(other),
        _ => return new,
    }
    changed
}

fn allows(decision: &Decision) -> bool {
    matches!(decision, Decision::Allowed { .. })
}

fn refuses(decision: &Decision) -> bool {
    matches!(
        decision,
        Decision::ExplicitDeny { .. } | Decision::ImplicitDeny { .. }
    )
}

fn examples_differ(old: &Compiled, new: &Compiled, comparison: &Comparison) {
    for difference in &comparison.differences {
        let example = &difference.example;
        let target = example.resource.as_deref().map_or(Target::Any, Target::Arn);
        let request = Request::new(&example.action, target, &example.context);
        let (before, after) = (old.decide(&request), new.decide(&request));
        assert!(
            refuses(&before) && allows(&after),
            "{before:?} {after:?} {difference:?}"
        );
    }
}

/// `surely`: the old set must refuse it, not only leave it open.
fn contradiction(old: &Compiled, new: &Compiled, contexts: &[Context], surely: bool) {
    for context in contexts {
        for action in ACTIONS {
            for resource in RESOURCES {
                let request = Request::new(action, Target::Arn(resource), context);
                if !allows(&new.decide(&request)) {
                    continue;
                }
                let before = old.decide(&request);
                let fine = allows(&before) || surely && !refuses(&before);
                assert!(fine, "{action} on {resource} with {context:?}: {before:?}");
            }
        }
    }
}

fn proved_same(policies: &[PolicyIn<'_>]) {
    let same = compare(policies, policies);
    assert!(same.is_proved(), "not the same as itself: {same:?}");
}

fuzz_target!(|input: Input| {
    let odd = input.odd & 3 == 0;
    let old = documents(&input.old, odd);
    let mut new = documents(&input.new, odd);
    if input.near & 3 != 0 {
        new = near(&old, new, input.near);
    }
    let (old, new) = (policies(&old), policies(&new));
    let comparison = compare(&old, &new);
    let (before, after) = (Compiled::new(&old), Compiled::new(&new));
    examples_differ(&before, &after, &comparison);
    if comparison.is_proved() {
        let contexts = input.contexts.map(|known| known.usual());
        contradiction(&before, &after, &contexts, odd);
    }
    // It costs as much as all the rest: not every time.
    match input.odd >> 5 {
        0 => proved_same(&old),
        1 => proved_same(&new),
        _ => {}
    }
});
