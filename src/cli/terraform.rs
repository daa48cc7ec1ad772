//! `recommend --format terraform --terraform DIR`: a patch of the person's own files.
#![expect(clippy::disallowed_methods, reason = "an edge: it reads files")]

use std::path::{Path, PathBuf};

use super::Exit;
use super::output::Output;
use crate::recommend::Proposal;
use crate::report::infrastructure::patch::{self, File};

/// Prints the patch; what could not be placed is said.
pub(super) fn run(folder: &Path, proposal: &Proposal, principal: &str, output: &Output) -> Exit {
    let files = match read(folder) {
        Ok(files) if files.is_empty() => {
            output.say(&format!("error: there is no .tf file in {}", folder.display()));
            return Exit::Failed;
        }
        Ok(files) => files,
        Err(why) => {
            output.say(&format!("error: {why}"));
            return Exit::Failed;
        }
    };
    let patch = patch::patch(&files, &proposal.policies, principal);
    output.diagnostics(&patch.diagnostics);
    output.bytes(patch.diff.as_bytes())
}

/// Every `.tf` file below the folder but what Terraform downloads; sorted.
fn read(folder: &Path) -> Result<Vec<File>, String> {
    let mut folders = vec![folder.to_owned()];
    let mut paths: Vec<PathBuf> = Vec::new();
    while let Some(own) = folders.pop() {
        let entries =
            std::fs::read_dir(&own).map_err(|error| format!("{} cannot be read: {error}", own.display()))?;
        for entry in entries {
            let entry = entry.map_err(|error| format!("{} cannot be read: {error}", own.display()))?;
            let (path, name) = (entry.path(), entry.file_name());
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            // A link to a folder may lead around in a circle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|own| own == "tf") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let file = |path: &PathBuf| {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let below = path.strip_prefix(folder).unwrap_or(path);
        let names: Vec<String> = below
            .iter()
            .map(|own| own.to_string_lossy().into_owned())
            .collect();
        Ok(File {
            name: names.join("/"),
            text,
        })
    };
    paths.iter().map(file).collect()
}
