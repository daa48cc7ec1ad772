//! What a trail shows of one principal, read for a set of policies.

use std::collections::BTreeSet;

use super::policies::{ambiguous, unknown_principal};
use crate::diagnostic::Diagnostic;
use crate::evidence::{Evidence, Ledger};
use crate::grants;
use crate::policy::Document;

/// The condition keys that the policies ask about, in lower case.
pub(super) fn condition_keys<'d>(documents: impl Iterator<Item = &'d Document>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for document in documents {
        let conditions = document
            .statements
            .iter()
            .flat_map(|statement| &statement.conditions);
        keys.extend(conditions.map(|condition| condition.key.to_ascii_lowercase()));
        // Policy variables ask about keys as well.
        if document.source.contains("${") {
            keys.extend(["aws:username", "aws:userid", "aws:principalaccount"].map(str::to_owned));
        }
    }
    keys
}

/// The one principal of the trail that goes by the name.
pub(super) fn only_principal<'l>(
    ledger: &'l Ledger,
    name: &str,
) -> Result<(String, &'l Evidence), Box<Diagnostic>> {
    let entries: Vec<_> = ledger.entries.values().collect();
    match entries.as_slice() {
        [one] => Ok((one.principal.name.clone(), &one.evidence)),
        [] => {
            let arns = ledger.principals.keys().map(|principal| principal.name.as_str());
            let near = grants::near_names(name, arns);
            Err(Box::new(unknown_principal(name, &near)))
        }
        many => {
            let arns: Vec<String> = many.iter().map(|entry| entry.principal.name.clone()).collect();
            Err(Box::new(ambiguous(name, &arns)))
        }
    }
}
