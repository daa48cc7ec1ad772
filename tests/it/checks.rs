//! What must hold of every proposal, whoever asks: checked against the events themselves and the
//! written text, not against the proposal's own proof.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::collections::BTreeSet;

use leastgrant::diagnostic::{Code, Severity};
use leastgrant::evaluate::{Compiled, Context, Decision, Layer, PolicyIn, Request, Target};
use leastgrant::grants::{Grants, Origin};
use leastgrant::policy::{self, Document, print::document_text, quota};
use leastgrant::recommend::{Change, Proposal, Settled};
use leastgrant::require::{Mapped, Requirement, Resource, context_of, requirements};
use leastgrant::trail::{Event, Outcome};

/// The policies of a principal before a proposal, and after it as a reader of its text sees them.
pub(crate) struct Sides {
    before: Vec<(Layer, Document)>,
    after: Vec<(Layer, Document)>,
}

impl Sides {
    pub(crate) fn of(grants: &Grants, proposal: &Proposal) -> Self {
        let before = grants
            .held
            .iter()
            .map(|held| (held.layer, held.document.clone()))
            .collect();
        let written = proposal
            .policies
            .iter()
            .filter_map(|policy| Some((policy.layer, policy.after.as_ref()?)));
        let after = written
            .map(|(layer, document)| (layer, read_again(document)))
            .collect();
        Self { before, after }
    }

    pub(crate) fn compiled(&self) -> (Compiled, Compiled) {
        (compiled(&self.before), compiled(&self.after))
    }
}

fn compiled(policies: &[(Layer, Document)]) -> Compiled {
    let policies: Vec<PolicyIn<'_>> = policies
        .iter()
        .map(|(layer, document)| PolicyIn {
            layer: *layer,
            document,
        })
        .collect();
    Compiled::new(&policies)
}

/// The document from its own text: it parses, says the same, and its Sids are its own.
fn read_again(document: &Document) -> Document {
    let text = document_text(document);
    let (read, said) = policy::parse(&text, "after");
    assert!(
        said.iter().all(|said| said.severity != Severity::Error),
        "{said:#?}\n{text}"
    );
    let read = read.unwrap();
    assert_eq!(read.statements.len(), document.statements.len(), "{text}");
    for (written, meant) in read.statements.iter().zip(&document.statements) {
        assert!(
            written.same_text_as(meant),
            "{written:#?}\nis not\n{meant:#?}\n{text}"
        );
    }
    let sids: Vec<&String> = read
        .statements
        .iter()
        .filter_map(|statement| statement.sid.as_ref())
        .collect();
    assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), sids.len(), "{text}");
    read
}

/// The requirements of an event and the context in which they were asked.
pub(crate) fn asked(event: &Event<'_>, keys: &BTreeSet<String>) -> (Vec<Requirement>, Context) {
    let list = match requirements(event) {
        Mapped::Requires(list) => list,
        Mapped::NotAuthorized { .. } | Mapped::Unmapped { .. } => Vec::new(),
    };
    (list, context_of(event, keys.iter().map(String::as_str)))
}

/// How many requirements of one event were certainly allowed before; each of them is after.
pub(crate) fn still_allowed(
    (old, new): (&Compiled, &Compiled),
    event: &Event<'_>,
    keys: &BTreeSet<String>,
) -> usize {
    if matches!(event.outcome, Outcome::Refused { .. }) {
        return 0;
    }
    let (list, context) = asked(event, keys);
    let mut allowed = 0;
    for requirement in &list {
        // A throttled call has lost its parameters: on what it was asked, nobody knows.
        let throttled = matches!(event.outcome, Outcome::Inconclusive { .. });
        if throttled && requirement.resource == Resource::Unknown {
            continue;
        }
        let request = Request::new(&requirement.action, requirement.resource.target(), &context);
        let after = new.decide(&request);
        match old.decide(&request) {
            Decision::Allowed { .. } => {
                allowed += 1;
                assert!(
                    matches!(after, Decision::Allowed { .. }),
                    "{requirement:?} is lost: {after:?}"
                );
            }
            Decision::Unknown { .. } => assert!(
                matches!(after, Decision::Allowed { .. } | Decision::Unknown { .. }),
                "{requirement:?} was open and is refused: {after:?}"
            ),
            Decision::ExplicitDeny { .. } | Decision::ImplicitDeny { .. } => {}
        }
    }
    allowed
}

/// What is allowed after was allowed before, for each pair of these actions and targets.
pub(crate) fn nothing_allowed_anew(
    (old, new): (&Compiled, &Compiled),
    actions: &[String],
    targets: &[Target<'_>],
    except: &dyn Fn(&str, &Target<'_>) -> bool,
) -> usize {
    let context = Context::default();
    let mut allowed = 0;
    for action in actions {
        for target in targets {
            let request = Request::new(action, *target, &context);
            if matches!(new.decide(&request), Decision::Allowed { .. }) && !except(action, target) {
                allowed += 1;
                let was = old.decide(&request);
                assert!(
                    matches!(was, Decision::Allowed { .. }),
                    "{action} on {target:?} is new: {was:?}"
                );
            }
        }
    }
    allowed
}

/// What the proposal says of itself holds, and its documents fit.
pub(crate) fn holds(proposal: &Proposal, grants: &Grants) {
    let proof = &proposal.proof;
    assert!(proof.lost.is_empty(), "{:#?}", proof.lost);
    assert!(proof.new.is_proved(), "{:#?}", proof.new);
    assert!(proof.unknown.is_empty(), "{:#?}", proof.unknown);
    assert!(
        proposal
            .diagnostics
            .iter()
            .all(|said| said.code != Code::ProofFailed)
    );
    let overflow = proposal
        .diagnostics
        .iter()
        .any(|said| said.code == Code::Quota && said.severity == Severity::Error);
    let mut inline = 0;
    let mut attached = 0;
    for policy in &proposal.policies {
        let Some(after) = &policy.after else { continue };
        let size = quota::size(after);
        match policy.origin {
            Origin::Inline { .. } => inline += size,
            Origin::GroupInline { .. } | Origin::Boundary { .. } => continue,
            _ => attached += usize::from(policy.origin.group().is_none()),
        }
        if policy.change == Change::Create || policy.change == Change::Edit && policy.origin.arn().is_some() {
            assert!(
                size <= quota::MANAGED_POLICY.limit || overflow,
                "{}: {size}",
                policy.origin
            );
        }
        assert!(
            after
                .statements
                .iter()
                .all(|statement| !statement.action.patterns().is_empty()),
            "{}",
            policy.origin
        );
    }
    let before: usize = grants
        .held
        .iter()
        .filter(|held| matches!(held.origin, Origin::Inline { .. }))
        .map(|held| quota::size(&held.document))
        .sum();
    assert!(
        inline <= before.max(quota::INLINE_OF_USER.limit) || overflow,
        "{inline} inline, {before} before"
    );
    let held = grants
        .held
        .iter()
        .filter(|held| held.layer == Layer::Identity)
        .count();
    assert!(
        attached <= quota::ATTACHED.limit.max(held) || overflow,
        "{attached} attached"
    );
}

/// The grants as they are once the proposal is applied.
pub(crate) fn applied(grants: &Grants, proposal: &Proposal) -> Grants {
    let mut next = grants.clone();
    next.held = proposal
        .policies
        .iter()
        .filter_map(|policy| {
            let origin = match &policy.origin {
                Origin::New { name } => {
                    let arn = format!("arn:aws:iam::111122223333:policy/{name}");
                    Origin::CustomerManaged {
                        arn,
                        version: Some("v1".to_owned()),
                        group: None,
                    }
                }
                other => other.clone(),
            };
            let document = read_again(policy.after.as_ref()?);
            let holders = grants.principal.iter().cloned().collect();
            Some(leastgrant::grants::Held {
                origin,
                layer: policy.layer,
                document,
                holders,
                boundary_of: Vec::new(),
            })
        })
        .collect();
    next
}

/// Whether a proposal adds this on request.
pub(crate) fn is_asked_for(proposal: &Proposal, action: &str) -> bool {
    let added = |refused: &&leastgrant::recommend::Refused| refused.settled == Settled::Added;
    proposal
        .refused
        .iter()
        .filter(added)
        .any(|refused| refused.action == action)
}
