//! The catalog's parameter paths against those that published CloudTrail records hold: a path that no
//! record writes fills no resource.

use std::collections::{BTreeMap, BTreeSet};

use action_catalog::Need;

/// (IAM prefix, operation) -> lower-cased parameter paths without list marks, as recorded.
type Observed = BTreeMap<(String, String), BTreeSet<String>>;

/// Paths of calls that need no such parameter, each with the reason.
const ELSEWHERE: [(&str, &str); 2] = [
    (
        "kms:Decrypt",
        "the key of a decryption is in the ciphertext, and in resources[]",
    ),
    (
        "ec2:RunInstances",
        "the default security group is in the response",
    ),
];

fn observed(csv: &str) -> Observed {
    let mut found = Observed::new();
    for line in csv.lines().skip(1) {
        let mut cells = line.split(',');
        let (Some(source), Some(name), Some(path)) = (cells.next(), cells.next(), cells.next()) else {
            continue;
        };
        if let action_catalog::EventMapping::Needs {
            service, operation, ..
        } = action_catalog::event(source, name)
        {
            found
                .entry((service.prefix.clone(), operation.name.clone()))
                .or_default()
                .insert(plain(path));
        }
    }
    found
}

fn plain(path: &str) -> String {
    path.replace("[]", "").to_ascii_lowercase()
}

/// The request parameters of a need's templates; each a list of alternatives.
fn placeholders(need: &Need) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for on in &need.on {
        for part in on.template.split('{').skip(1) {
            let inside = part.split('}').next().unwrap_or_default();
            let path = inside.split(':').next().unwrap_or_default();
            let standard = ["Partition", "Region", "Account"].contains(&path);
            let alternatives = path.split('|').filter(|a| !a.starts_with("response."));
            let alternatives: Vec<String> = alternatives.map(plain).collect();
            if !standard && !alternatives.is_empty() {
                found.push(alternatives);
            }
        }
    }
    found
}

/// Whether records write the path, whole or as the beginning of a longer one, in a wrapper or not.
fn is_written(recorded: &BTreeSet<String>, path: &str) -> bool {
    recorded.iter().any(|written| {
        let inner = written
            .split_once('.')
            .filter(|(wrapper, _)| wrapper.ends_with("request"))
            .map_or(written.as_str(), |(_, inner)| inner);
        [written.as_str(), inner]
            .iter()
            .any(|text| *text == path || text.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    })
}

#[test]
fn what_fills_a_resource_is_what_records_write() {
    let Some(folder) = crate::shared::folder("catalog-sources") else {
        return;
    };
    let csv = crate::support::read(&folder.join("derived/observed_request_parameters.csv"));
    let observed = observed(&csv);
    let (mut held, mut missing) = (0, Vec::new());
    for ((prefix, name), recorded) in &observed {
        let Some((_, operation)) = action_catalog::operations(&format!("{prefix}:{name}")).pop() else {
            continue;
        };
        // A parameter that a condition asks for need not be in any record.
        for need in operation.needs.iter().filter(|need| need.when.is_none()) {
            for alternatives in placeholders(need) {
                held += 1;
                let written = alternatives.iter().any(|path| is_written(recorded, path));
                let call = format!("{prefix}:{name}");
                if !written && !ELSEWHERE.iter().any(|(known, _)| *known == call) {
                    missing.push(format!("{call}: {alternatives:?}"));
                }
            }
        }
    }
    assert!(held >= 160, "{held}");
    assert!(missing.is_empty(), "{missing:#?}");
}
