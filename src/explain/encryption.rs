//! A key that was refused once is met by every call on what it encrypts.

use std::collections::BTreeSet;

use action_catalog::By;

use super::asked::{Asked, known};
use super::wanted::{Conditions, Wanted};

/// What else the caller needs of a refused key, for the calls that it makes besides.
pub(super) fn besides(asked: &Asked, company: &BTreeSet<String>) -> Vec<Wanted> {
    let mut found: Vec<Wanted> = Vec::new();
    let (Some(action), Some(key)) = (&asked.action, &asked.resource) else {
        return found;
    };
    if !action.starts_with("kms:") || !key.contains(":key/") {
        return found;
    }
    for call in company.iter().filter(|own| !own.starts_with("kms:")) {
        let Some((service, name)) = known(call)
            .map(|(service, _)| service)
            .zip(call.split(':').nth(1))
        else {
            continue;
        };
        let Some(operation) = service.operation(name) else {
            continue;
        };
        for own in operation
            .companions
            .iter()
            .filter(|own| own.action.starts_with("kms:"))
        {
            if own.by != By::Service
                || own.action == *action
                || found.iter().any(|other| other.action == own.action)
            {
                continue;
            }
            found.push(Wanted {
                action: own.action.clone(),
                resource: key.clone(),
                conditions: Conditions::new(),
                why: format!(
                    "{call} is granted, and asks for it of the same key: {}",
                    own.because
                ),
                source: Some(own.cite.clone()),
            });
        }
    }
    found
}
