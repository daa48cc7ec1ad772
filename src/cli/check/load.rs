//! The policies of `check`, read.

use super::arguments::Args;
use crate::cli::policies::{is_managed, load_policy, misplaced, read_document};
use crate::cli::simulate::{Loaded, incomplete, levels, managed};
use crate::diagnostic::Diagnostic;
use crate::evaluate::Layer;
use crate::policy::Document;
use crate::simulate::Given;

/// Both sides, the limits that bind both among the policies of each.
pub(super) struct Sides {
    pub(super) new: Vec<Given>,
    pub(super) old: Vec<Given>,
    /// What the policies are attached to.
    pub(super) kind: Layer,
    pub(super) said: Vec<Diagnostic>,
}

/// Reads all policies.
///
/// `Err`: one could not be read, so nothing can be said.
pub(super) fn load(args: &Args) -> Result<Sides, Vec<Diagnostic>> {
    let mut said = Vec::new();
    let mut new = read(&args.policy, args, &mut said);
    let mut old = read(&args.against, args, &mut said);
    let kind = match args.kind {
        Some(kind) => kind.layer(),
        None => guessed(new.iter().chain(&old).map(|given| &given.document)),
    };
    for given in new.iter_mut().chain(&mut old) {
        given.layer = kind;
        said.extend(misplaced(&given.document, &given.name, kind));
    }
    let limits = limits(args, &mut said);
    if incomplete(&said) {
        return Err(said);
    }
    new.extend(limits.iter().cloned());
    if !args.against.is_empty() {
        old.extend(limits);
    }
    Ok(Sides { new, old, kind, said })
}

fn read(policies: &[String], args: &Args, said: &mut Vec<Diagnostic>) -> Vec<Given> {
    let of_identity = args.kind.is_none_or(|kind| kind.layer() == Layer::Identity);
    let given = |name: String, is_file: bool, document: Document| Given {
        name,
        is_file,
        layer: Layer::Identity,
        document,
    };
    let mut found = Vec::new();
    for policy in policies {
        if of_identity && is_managed(policy, Layer::Identity) {
            let loaded = load_policy(policy, Layer::Identity, said);
            found.extend(loaded.map(|(origin, document)| {
                given(managed(origin.arn().unwrap_or(origin.name())), false, document)
            }));
        } else {
            found.extend(read_document(policy, said).map(|document| given(policy.clone(), true, document)));
        }
    }
    found
}

/// The boundary and the service control policies.
fn limits(args: &Args, said: &mut Vec<Diagnostic>) -> Vec<Given> {
    let mut loaded = Loaded::default();
    if let Some(boundary) = &args.boundary {
        loaded.policy(Layer::Boundary, boundary);
    }
    for (layer, policy) in levels(&args.scp, Layer::Scp) {
        loaded.policy(layer, policy);
    }
    loaded.full_access(&args.scp, &[]);
    said.append(&mut loaded.said);
    loaded.policies
}

/// What the policies of both sides are attached to: those that name principals to a resource; where all
/// that they speak of is `sts` and no resource, to a role.
fn guessed<'d>(documents: impl Iterator<Item = &'d Document>) -> Layer {
    let statements: Vec<_> = documents.flat_map(|document| &document.statements).collect();
    if statements.iter().all(|statement| statement.principal.is_none()) {
        return Layer::Identity;
    }
    let of_trust = |text: &String| {
        text.get(..4)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("sts:"))
    };
    let trusts = statements
        .iter()
        .all(|statement| statement.resource.is_none() && statement.action.patterns().iter().all(of_trust));
    if trusts { Layer::Trust } else { Layer::Resource }
}
