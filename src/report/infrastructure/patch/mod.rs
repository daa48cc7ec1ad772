//! Terraform as a patch of the files that a person has: the resource that holds a policy is found by its name,
//! and only what changes of it is written; all else stays to the byte.
//!
//! What cannot be placed (a name or a policy that comes from a variable, a module, `for_each`) is said with file
//! and line, and comes as a resource in a file of its own.

mod blocks;
mod edit;
mod find;
mod object;
mod statement;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use edit::{Replace, applied};
use find::{Finding, Module};

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::recommend::{Change, PolicyChange};

/// A file of the person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the folder, with `/`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// A unified diff that `git apply` takes in the folder; empty where nothing changes.
    pub diff: String,
    /// What could not be placed, and why.
    pub diagnostics: Vec<Diagnostic>,
}

/// Patches the files so that they say what the proposal says.
pub fn patch(files: &[File], policies: &[PolicyChange], principal: &str) -> Patch {
    let mut patch = Patch::default();
    let module = Module::read(files, &mut patch.diagnostics);
    let mut edits: BTreeMap<usize, Vec<Replace>> = BTreeMap::new();
    let mut rest: Vec<PolicyChange> = Vec::new();
    for policy in policies
        .iter()
        .filter(|policy| policy.change != Change::Unchanged)
    {
        match placed(&module, policy, principal) {
            Finding::Placed(file, replaces) => edits.entry(file).or_default().extend(replaces),
            Finding::Nowhere => rest.push(policy.clone()),
            Finding::Not(why) => {
                patch.diagnostics.push(said(&module, policy, &why));
                rest.push(policy.clone());
            }
        }
    }
    for (at, replaces) in edits {
        let Some(file) = files.get(at) else { continue };
        let after = applied(&file.text, replaces);
        patch
            .diff
            .push_str(&unified(&file.name, Some(&file.text), &after));
    }
    let made = super::terraform::render(&rest, principal);
    if !rest.is_empty() && !made.is_empty() {
        let name = free_name(files);
        patch.diff.push_str(&unified(&name, None, &made));
    }
    patch
}

/// Why a policy was not placed: where, and in what words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Why {
    file: usize,
    at: usize,
    text: String,
}

fn said(module: &Module<'_>, policy: &PolicyChange, why: &Why) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::warning(Code::PolicyNotGiven, format!("{}: {}", policy.origin, why.text));
    if let Some(file) = module.files.get(why.file) {
        let line = file
            .text
            .get(..why.at)
            .map_or(1, |before| before.matches('\n').count() + 1);
        diagnostic = diagnostic.at(line_of(&file.name, line));
    }
    diagnostic.help("it comes as a resource in a file of its own: move it by hand to where it belongs")
}

fn line_of(file: &str, line: usize) -> Place {
    Place {
        line: Some(line as u64),
        ..Place::file(file)
    }
}

fn placed(module: &Module<'_>, policy: &PolicyChange, principal: &str) -> Finding {
    match policy.change {
        Change::Edit => find::policy(module, policy, principal),
        Change::Detach | Change::Delete => find::what_goes(module, policy, principal),
        _ => Finding::Nowhere,
    }
}

fn free_name(files: &[File]) -> String {
    let numbered = (2..).map(|number| format!("leastgrant-{number}.tf"));
    std::iter::once("leastgrant.tf".to_owned())
        .chain(numbered)
        .find(|name| files.iter().all(|file| file.name != *name))
        .unwrap_or_default()
}

fn unified(name: &str, before: Option<&str>, after: &str) -> String {
    if before == Some(after) {
        return String::new();
    }
    let diff = similar::TextDiff::from_lines(before.unwrap_or_default(), after);
    let old = before.map_or_else(|| "/dev/null".to_owned(), |_| format!("a/{name}"));
    let body = diff
        .unified_diff()
        .context_radius(3)
        .header(&old, &format!("b/{name}"))
        .to_string();
    // Git takes a file that is new only with its mode.
    let head = match before {
        Some(_) => format!("diff --git a/{name} b/{name}\n"),
        None => format!("diff --git a/{name} b/{name}\nnew file mode 100644\n"),
    };
    head + &body
}
