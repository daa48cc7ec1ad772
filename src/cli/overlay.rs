//! `--service-reference DIR`: AWS's files, laid over the catalog before anything asks it.

use std::path::{Path, PathBuf};

use action_catalog::{Overlaid, ServiceReference};

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::source::read_text;

/// Reads the folder and lays it over the catalog. What is said: a note of what differs, and an error for
/// each file that could not be used; the others count all the same.
pub(super) fn lay(folder: Option<&Path>) -> Vec<Diagnostic> {
    let Some(folder) = folder else {
        return Vec::new();
    };
    let (files, mut said) = read(folder);
    let shown = folder.to_string_lossy();
    if files.is_empty() {
        let message = "no file of AWS's service reference was found";
        let diagnostic = Diagnostic::error(Code::ServiceReference, message).at(Place::file(shown));
        let help = "give a folder with files such as s3.json, as AWS publishes one for each service";
        said.push(diagnostic.help(help));
        return said;
    }
    match action_catalog::overlay(files) {
        Ok(overlaid) => said.push(note(&overlaid).at(Place::file(shown))),
        Err(asked) => said.push(Diagnostic::error(Code::ServiceReference, asked.to_string())),
    }
    said
}

fn read(folder: &Path) -> (Vec<ServiceReference>, Vec<Diagnostic>) {
    let (mut files, mut said) = (Vec::new(), Vec::new());
    let failed = |path: &Path, message: String| {
        Diagnostic::error(Code::ServiceReference, message).at(Place::file(path.to_string_lossy()))
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return (files, vec![failed(folder, format!("cannot be read: {error}"))]),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    for path in paths {
        match read_text(&path).map(|text| ServiceReference::read(&text)) {
            Ok(Ok(Some(file))) => files.push(file),
            // The folder's other files (the list of services, the mapping of SDK names) say nothing here.
            Ok(Ok(None)) => {}
            Ok(Err(error)) => said.push(failed(
                &path,
                format!("is not of the form of AWS's service reference: {error}"),
            )),
            Err(error) => said.push(*error),
        }
    }
    (files, said)
}

fn note(overlaid: &[Overlaid]) -> Diagnostic {
    let sum = |of: fn(&Overlaid) -> usize| overlaid.iter().map(of).sum::<usize>();
    let message = format!(
        "AWS's service reference counts for {}: {} and {} differ from the bundled catalog",
        counted(overlaid.len(), "service"),
        counted(sum(|o| o.added.len() + o.changed.len()), "action"),
        counted(sum(|o| o.operations.len()), "operation"),
    );
    let names: Vec<&str> = overlaid
        .iter()
        .flat_map(|o| o.added.iter().chain(&o.changed).chain(&o.operations))
        .map(String::as_str)
        .collect();
    let diagnostic = Diagnostic::note(Code::ServiceReference, message);
    match names.as_slice() {
        [] => diagnostic,
        names => {
            let mut shown = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
            if names.len() > MOST {
                shown.push_str(&format!(" and {} more", names.len() - MOST));
            }
            diagnostic.help(shown)
        }
    }
}

/// More names than this are counted.
const MOST: usize = 8;

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
