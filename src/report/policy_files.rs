//! The policy documents alone, ready for the AWS CLI.

use crate::policy::print;
use crate::recommend::{Change, PolicyChange};

/// One document to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// A file name that no other document of the proposal has: `ci-deploy-PowerUserAccess-used.json`.
    pub file_name: String,
    /// What it is, in words.
    pub title: String,
    /// The document's text, ending in a newline.
    pub text: String,
}

/// The documents that change or are made, in order. Nothing changes: the documents as they are.
pub fn policy_files(policies: &[PolicyChange]) -> Vec<PolicyFile> {
    let changes = |policy: &&PolicyChange| matches!(policy.change, Change::Edit | Change::Create);
    let changed: Vec<&PolicyChange> = policies.iter().filter(changes).collect();
    let shown = if policies.iter().all(|policy| policy.change == Change::Unchanged) {
        policies.iter().collect()
    } else {
        changed
    };
    let mut files: Vec<PolicyFile> = Vec::new();
    for policy in shown {
        let Some(document) = &policy.after else { continue };
        let name: String = policy
            .origin
            .name()
            .rsplit('/')
            .next()
            .unwrap_or("policy")
            .trim_end_matches(".json")
            .to_owned();
        let mut file_name = format!("{name}.json");
        let mut number = 2;
        while files.iter().any(|file| file.file_name == file_name) {
            file_name = format!("{name}-{number}.json");
            number += 1;
        }
        files.push(PolicyFile {
            file_name,
            title: policy.origin.to_string(),
            text: print::document_text(document),
        });
    }
    files
}
