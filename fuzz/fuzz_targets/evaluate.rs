//! The decision: never a panic, the same however it is asked, and never contradicted by more knowledge.

#![no_main]

use arbitrary::Arbitrary;
use leastgrant::evaluate::{
    Compiled, Decision, Layer, Principal, PrincipalKind, Request, Setting, Stand, StatementRef, Target, Truth,
};
use leastgrant::policy::{Document, Effect, Element, Statement};
use leastgrant_fuzz::policies::{ACTIONS, Known, Pick, Policy, RESOURCES, few, policies};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    #[arbitrary(with = few)]
    policies: Vec<Policy>,
    #[arbitrary(with = few)]
    others: Vec<Policy>,
    unknown: u16,
    /// Layers that allow everything besides, so that one layer more often decides alone.
    generous: u16,
    management: u8,
    requests: [Asked; 2],
    deny_in: Pick,
    known_layer: Policy,
}

#[derive(Debug, Arbitrary)]
struct Asked {
    action: Pick,
    target: u8,
    resource: Pick,
    principal: Pick,
    owner: u8,
    fill: bool,
    context: Known,
    more: Known,
    exact: Pick,
}

const LAYERS: [Layer; 12] = [
    Layer::Identity,
    Layer::Resource,
    Layer::Identity,
    Layer::Boundary,
    Layer::Session,
    Layer::Scp(0),
    Layer::Scp(1),
    Layer::Rcp(0),
    Layer::Rcp(1),
    Layer::Endpoint,
    Layer::Trust,
    Layer::Key,
];

const ASKED_PATTERNS: [&str; 6] = [
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::?/k",
    "*",
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:*:*:*:*",
    "arn:aws",
];

fn principals() -> Vec<Option<Principal>> {
    let mut all = vec![None, Some(Principal::federated("accounts.google.com"))];
    for text in [
        "anonymous",
        "111122223333",
        "lambda.amazonaws.com",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:user/a",
        "arn:aws:iam::444455556666:user/a",
        "arn:aws:iam::111122223333:role/r",
        "arn:aws:iam::111122223333:role/p/r",
        "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/r",
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "arn:aws:sts::444455556666:assumed-role/r/s",
        "arn:aws:sts::111122223333:federated-user/f",
    ] {
        all.push(Principal::parse(text));
    }
    let mut session = Principal::parse("arn:aws:sts::111122223333:assumed-role/r/s");
    if let Some(session) = &mut session {
        session.id = Some("AROAEXAMPLEEXAMPLE00:s".to_owned());
    }
    let mut federated = Principal::parse("arn:aws:sts::111122223333:federated-user/f");
    if let Some(federated) = &mut federated {
        federated.user = Some("arn:aws:iam::111122223333:user/a".to_owned());
    }
    all.extend([session, federated]);
    all
}

/// The decision in a word, with what does not hang on the order in which policies are given.
fn kind(decision: &Decision) -> String {
    match decision {
        Decision::Allowed { .. } => "allowed".to_owned(),
        Decision::ExplicitDeny { .. } => "denied".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Whether what was certain is still so. A lack of an Allow may turn out to be a Deny as well.
fn stays(before: &Decision, after: &Decision) -> bool {
    match before {
        Decision::Unknown { .. } => true,
        Decision::Allowed { .. } => matches!(after, Decision::Allowed { .. }),
        Decision::ExplicitDeny { .. } => matches!(after, Decision::ExplicitDeny { .. }),
        Decision::ImplicitDeny { .. } => {
            matches!(
                after,
                Decision::ExplicitDeny { .. } | Decision::ImplicitDeny { .. }
            )
        }
    }
}

fn compiled(documents: &[(Layer, Document)], setting: &Setting) -> Compiled {
    Compiled::within(&policies(documents), setting.clone())
}

fn everything(layer: Layer, effect: Effect) -> Document {
    let all = Element::Only(vec!["*".to_owned()]);
    let mut statement = Statement::new(effect, all.clone(), Some(all));
    if layer.names_principals() {
        statement.principal = Some("*".into());
    }
    Document::new(vec![statement])
}

struct Sets {
    documents: Vec<(Layer, Document)>,
    plain: Compiled,
    reversed: Compiled,
    denied: (Layer, Compiled),
    /// A layer of which nothing was known, with a policy.
    learnt: Option<Compiled>,
}

fn sets(input: &Input) -> Sets {
    let document = |policy: &Policy| {
        let layer = *policy.layer.of(&LAYERS);
        (layer, policy.document(layer, true))
    };
    let mut documents: Vec<(Layer, Document)> =
        input.policies.iter().chain(&input.others).map(document).collect();
    let generous = LAYERS.iter().enumerate().filter(|(number, layer)| {
        let in_force = documents.iter().any(|(own, _)| own == *layer) || **layer == Layer::Identity;
        in_force && input.generous >> number & 1 == 1
    });
    let generous: Vec<_> = generous
        .map(|(_, layer)| (*layer, everything(*layer, Effect::Allow)))
        .collect();
    documents.extend(generous);
    // Seldom more than one, for then little is certain.
    let unknown = LAYERS
        .iter()
        .enumerate()
        .filter(|(number, _)| input.unknown >> number & 1 == 1);
    let setting = Setting {
        unknown: unknown
            .map(|(_, layer)| *layer)
            .take(usize::from(input.management >> 6))
            .collect(),
        management_account: match input.management & 3 {
            0 => Some("111122223333".to_owned()),
            1 => Some("444455556666".to_owned()),
            _ => None,
        },
    };
    let mut reversed = documents.clone();
    reversed.reverse();
    for (_, document) in &mut reversed {
        document.statements.reverse();
    }
    let deny_in = *input.deny_in.of(&LAYERS);
    let with = |layer: Layer, document: Document| {
        let mut all = documents.clone();
        all.push((layer, document));
        all
    };
    let learnt = setting.unknown.first().map(|layer| {
        let mut known = setting.clone();
        known.unknown.retain(|own| own != layer);
        compiled(&with(*layer, input.known_layer.document(*layer, true)), &known)
    });
    Sets {
        plain: compiled(&documents, &setting),
        reversed: compiled(&reversed, &setting),
        denied: (
            deny_in,
            compiled(&with(deny_in, everything(deny_in, Effect::Deny)), &setting),
        ),
        learnt,
        documents,
    }
}

fn ask(sets: &Sets, asked: &Asked) {
    let principals = principals();
    let principal = asked.principal.of(&principals).as_ref();
    let mut context = asked.context.anything();
    let mut more = Known::learn(&context, &asked.more.anything());
    if asked.fill {
        for context in [&mut context, &mut more] {
            principal.inspect(|principal| principal.fill(context));
        }
    }
    let exact = *asked.exact.of(&RESOURCES);
    let target = match asked.target & 7 {
        0 => Target::Unknown,
        1 => Target::Any,
        2 => Target::Pattern(asked.resource.of(&ASKED_PATTERNS)),
        _ => Target::Arn(asked.resource.of(&RESOURCES)),
    };
    let mut request = Request::new(asked.action.of(&ACTIONS), target, &context);
    request.principal = principal;
    request.resource_account = match asked.owner & 7 {
        0..=2 => Some("111122223333"),
        3 => Some("444455556666"),
        _ => None,
    };
    request.aws_managed_key = asked.owner >> 4 == 15;

    let decision = sets.plain.decide(&request);
    explained(sets, &request, &decision);
    assert_eq!(
        kind(&decision),
        kind(&sets.reversed.decide(&request)),
        "the order decides"
    );
    denied(sets, &request);

    let wiser = Request {
        context: &more,
        ..request
    };
    let after = sets.plain.decide(&wiser);
    assert!(
        stays(&decision, &after),
        "{decision:?} with more context {after:?}\n{request:?}\n{more:?}"
    );
    if let Some(learnt) = &sets.learnt {
        let after = learnt.decide(&request);
        assert!(
            stays(&decision, &after),
            "{decision:?} with the layer's text {after:?}\n{request:?}"
        );
    }
    // What holds for all that a resource may be holds for each; its account may not come in by it.
    let may_be = match target {
        Target::Unknown => exact != "*",
        Target::Pattern(pattern) => {
            exact != "*" && leastgrant::pattern::resource_matches(pattern, exact) == Some(true)
        }
        _ => false,
    };
    if may_be && request.resource_account.is_some() {
        let after = sets.plain.decide(&Request {
            target: Target::Arn(exact),
            ..request
        });
        assert!(
            stays(&decision, &after),
            "{decision:?} on {exact} {after:?}\n{request:?}"
        );
    }
}

fn explained(sets: &Sets, request: &Request<'_>, decision: &Decision) {
    let explanation = sets.plain.explain(request);
    assert_eq!(explanation.decision, *decision);
    let stand = |layer: Layer| {
        explanation
            .layers
            .iter()
            .find(|own| own.layer == layer)
            .map(|own| own.stand)
    };
    match decision {
        Decision::ExplicitDeny { by, layer } => {
            assert_eq!(stand(*layer), Some(Stand::ExplicitDeny));
            let own = explanation.layers.iter().find(|own| own.layer == *layer);
            assert!(own.is_some_and(|own| own.denied_by.contains(by)));
        }
        _ => assert!(
            explanation
                .layers
                .iter()
                .all(|own| own.stand != Stand::ExplicitDeny)
        ),
    }
    if let Decision::Allowed { by } = decision {
        let root = request
            .principal
            .is_some_and(|own| own.kind == PrincipalKind::Root);
        assert!(!by.is_empty() || root, "allowed by nothing");
        for own in &explanation.layers {
            // Identity, boundary and session may be open beside a grant of the resource's own policy.
            let gate = matches!(own.layer, Layer::Scp(_) | Layer::Rcp(_) | Layer::Endpoint);
            assert!(
                !gate || own.stand != Stand::Unknown,
                "allowed, but {:?} is open",
                own.layer
            );
            for (open, _) in &own.open {
                let effect = sets.documents[open.policy].1.statements[open.statement].effect;
                assert_ne!(effect, Effect::Deny, "allowed, but {open:?} may deny");
            }
        }
    }
    for (policy, (layer, document)) in sets.documents.iter().enumerate() {
        for statement in 0..document.statements.len() {
            let reference = StatementRef { policy, statement };
            let truth = sets.plain.matches(reference, request);
            let own = explanation.layers.iter().find(|own| own.layer == *layer);
            let listed = own
                .is_some_and(|own| own.allowed_by.contains(&reference) || own.denied_by.contains(&reference));
            assert!(!listed || truth == Truth::True);
        }
    }
}

fn denied(sets: &Sets, request: &Request<'_>) {
    let (layer, compiled) = &sets.denied;
    let decision = compiled.decide(request);
    let explanation = compiled.explain(request);
    let own = explanation.layers.iter().find(|own| own.layer == *layer);
    let binds = own.is_some_and(|own| own.stand != Stand::DoesNotBind);
    if !binds {
        return;
    }
    match layer {
        // Whether it binds may hang on what is not known.
        Layer::Rcp(_) => assert!(!matches!(decision, Decision::Allowed { .. }), "{decision:?}"),
        _ => assert!(
            matches!(decision, Decision::ExplicitDeny { .. }),
            "{decision:?} for {layer}"
        ),
    }
}

fuzz_target!(|input: Input| {
    let sets = sets(&input);
    for asked in &input.requests {
        ask(&sets, asked);
    }
});
