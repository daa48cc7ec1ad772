//! Published account authorization details and service control policies.
#![expect(clippy::disallowed_methods, reason = "tests read files")]
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

use std::path::{Path, PathBuf};

use leastgrant::diagnostic::{Code, Severity};
use leastgrant::evidence::{Evidence, Visibility};
use leastgrant::grants::read_authorization_details;
use leastgrant::policy;
use leastgrant::recommend::{Options, Subject, recommend};

use crate::checks;

const ACCOUNTS: [&str; 2] = [
    "gaad-cloudmapper-demo/us-east-1/iam-get-account-authorization-details.json",
    "gaad-airiam/tests/iam_data.json",
];

#[test]
fn every_principal_of_published_accounts_is_found_and_an_empty_trail_takes_nothing() {
    let Some(folder) = crate::shared::folder("grants") else {
        return;
    };
    for file in ACCOUNTS {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let (account, said) = read_authorization_details(&text, file);
        let errors: Vec<_> = said
            .iter()
            .filter(|said| said.severity == Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let account = account.unwrap();
        assert!(account.holders.len() > 1, "{file}");
        for holder in &account.holders {
            assert_eq!(account.find(&holder.arn).unwrap().arn, holder.arn);
            let grants = account.grants(holder);
            let (evidence, seen) = (Evidence::default(), Visibility::default());
            let proposal = recommend(
                Subject {
                    grants: &grants,
                    evidence: &evidence,
                },
                &[],
                &seen,
                &Options::default(),
            );
            checks::holds(&proposal, &grants);
            assert!(!proposal.changes_anything(), "{}", holder.arn);
        }
    }
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        }
    }
}

#[test]
fn published_service_control_policies_are_read() {
    let Some(folder) = crate::shared::folder("grants") else {
        return;
    };
    let mut files = Vec::new();
    json_files(&folder.join("scp-aws-samples"), &mut files);
    json_files(&folder.join("scp-welldone"), &mut files);
    assert!(files.len() > 40, "{}", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let (document, said) = policy::parse(&text, &file.to_string_lossy());
        // One sample carries comments, which JSON has not: it is named with its place.
        let Some(document) = document else {
            assert!(
                said.iter()
                    .all(|said| said.code == Code::Comment && said.place.is_some()),
                "{said:#?}"
            );
            continue;
        };
        assert!(!document.statements.is_empty());
        let printed = policy::print::document_text(&document);
        let again = policy::parse(&printed, "printed").0.unwrap();
        assert!(
            again
                .statements
                .iter()
                .zip(&document.statements)
                .all(|(a, b)| a.same_text_as(b)),
            "{printed}"
        );
    }
}
