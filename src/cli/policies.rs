//! Policies as the command line names them: files, AWS managed policies, the grants of a principal.

use std::path::Path;

use super::live::{Live, is_live};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::evaluate::Layer;
use crate::grants::{self, Account, Grants, NotFound, Organization, Origin};
use crate::policy::Document;
use crate::source::read_text;
use crate::source::snapshot::Snapshot;

/// A policy file, or an AWS managed policy where no such file is there.
pub(super) fn load_policy(
    policy: &str,
    layer: Layer,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Origin, Document)> {
    if is_managed(policy, layer) {
        let (found, problems) = grants::managed_from_catalog(policy);
        diagnostics.extend(problems);
        return found.map(|(origin, document)| (as_layer(origin, layer), document));
    }
    let document = read_document(policy, diagnostics)?;
    if let Some(problem) = misplaced(&document, policy, layer) {
        diagnostics.push(problem);
        return None;
    }
    let path = policy.to_owned();
    Some((as_layer(Origin::File { path }, layer), document))
}

/// The policy in a file, whatever it is attached to.
pub(super) fn read_document(file: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Document> {
    let text = read_text(Path::new(file)).map_err(|problem| diagnostics.push(*problem));
    let (document, problems) = crate::policy::parse(&text.ok()?, file);
    diagnostics.extend(problems);
    let document = document?;
    diagnostics.extend(crate::lint::names(&document, file));
    Some(document)
}

/// Whether the name is that of a managed policy: only users, roles and their sessions have such.
pub(super) fn is_managed(policy: &str, layer: Layer) -> bool {
    matches!(layer, Layer::Identity | Layer::Boundary | Layer::Session)
        && policy != "-"
        && !Path::new(policy).exists()
        && (policy.starts_with("arn:") || !policy.contains(['/', '.', '\\']))
}

/// A policy of a principal that names one, or a policy of a resource that names none.
pub(super) fn misplaced(document: &Document, file: &str, layer: Layer) -> Option<Diagnostic> {
    let named = |named: bool| {
        document
            .statements
            .iter()
            .any(|statement| statement.principal.is_some() == named)
    };
    let (message, help) = match layer.names_principals() {
        false if named(true) => (
            "this is a resource-based policy: it names a Principal",
            "give a policy that is attached to a user, a role or a group",
        ),
        true if named(false) => (
            "a statement names no Principal: this is no policy of a resource",
            "give each statement a \"Principal\", or the file as a policy of a user, a role or a group",
        ),
        _ => return None,
    };
    let diagnostic = Diagnostic::error(Code::Unsupported, message);
    Some(diagnostic.at(Place::file(file)).help(help))
}

fn as_layer(origin: Origin, layer: Layer) -> Origin {
    match layer {
        Layer::Boundary => Origin::Boundary {
            arn: origin.arn().unwrap_or(origin.name()).to_owned(),
        },
        _ => origin,
    }
}

/// What the organization lays over the account, where the grants come from the account itself or from a
/// snapshot of it.
pub(super) fn read_organization(
    path: &Path,
    live: &Live<'_>,
) -> Result<Option<Organization>, Vec<Diagnostic>> {
    if is_live(path) {
        return live.organization().map(Some);
    }
    let found = Snapshot::at(path).map(|snapshot| snapshot.organization());
    found.transpose().map_err(|problem| vec![*problem])
}

/// The account in a file of authorization details, or behind `aws:`; there `principal` is read alone where
/// the whole account may not be read.
pub(super) fn read_account(
    path: &Path,
    principal: Option<&str>,
    live: &Live<'_>,
) -> Result<(Account, Vec<Diagnostic>), Vec<Diagnostic>> {
    if is_live(path) {
        return live.account(principal);
    }
    let snapshot = Snapshot::at(path).map(|snapshot| snapshot.grants());
    let path = snapshot.as_deref().unwrap_or(path);
    let text = read_text(path).map_err(|error| vec![*error])?;
    let (account, diagnostics) = grants::read_authorization_details(&text, &path.to_string_lossy());
    match account {
        Some(account) => Ok((account, diagnostics)),
        None => Err(diagnostics),
    }
}

/// The account in a file of authorization details, and what `principal` holds in it.
pub(super) fn load_account(
    path: &Path,
    principal: &str,
    live: &Live<'_>,
) -> Result<(Account, Grants, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (account, mut diagnostics) = read_account(path, Some(principal), live)?;
    let grants = match account.find(principal) {
        Ok(holder) => account.grants(holder),
        Err(NotFound::Unknown { near }) => {
            diagnostics.push(unknown_principal(principal, &near).at(Place::file(path.to_string_lossy())));
            return Err(diagnostics);
        }
        Err(NotFound::Ambiguous { arns }) => {
            diagnostics.push(ambiguous(principal, &arns));
            return Err(diagnostics);
        }
    };
    Ok((account, grants, diagnostics))
}

/// What to say of policies whose text nobody gave; `help`: what follows from it.
pub(super) fn not_given(grants: &Grants, help: &str) -> Vec<Diagnostic> {
    let warning = |origin: &Origin| {
        Diagnostic::warning(
            Code::PolicyNotGiven,
            format!("the text of {origin} is neither in the grants nor in the catalog"),
        )
        .help(help)
    };
    grants.not_given.iter().map(warning).collect()
}

pub(super) fn unknown_principal(principal: &str, near: &[String]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::UnknownPrincipal,
        format!("there is no principal `{principal}`"),
    );
    if near.is_empty() {
        diagnostic.help("name it by ARN, role/NAME or user/NAME")
    } else {
        diagnostic.help(format!("did you mean {}?", near.join(", ")))
    }
}

pub(super) fn ambiguous(principal: &str, arns: &[String]) -> Diagnostic {
    Diagnostic::error(
        Code::AmbiguousPrincipal,
        format!("`{principal}` may be any of {}", arns.join(", ")),
    )
    .help("name it by its ARN")
}
