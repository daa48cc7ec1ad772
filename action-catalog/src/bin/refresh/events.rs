//! CloudTrail event sources.

use std::collections::{BTreeMap, BTreeSet};

use crate::Outcome;
use crate::botocore::Model;
use crate::overrides::Overrides;
use crate::sources::{Sources, field};

/// Event sources and the IAM prefixes that they stand for.
pub(crate) struct EventSources {
    /// Lower-cased event source -> prefix.
    pub(crate) prefixes: BTreeMap<String, String>,
    /// Prefixes that an override or the iam-dataset project names an event source of.
    pub(crate) documented: BTreeSet<String>,
}

/// Event sources: by override, else by the iam-dataset project, else by the API's host name.
pub(crate) fn sources(
    sources: &Sources,
    overrides: &Overrides,
    models: &[Model],
    all: &BTreeSet<String>,
) -> Outcome<EventSources> {
    let is_prefix = |prefix: &str| all.contains(prefix);
    let mut prefixes = BTreeMap::new();
    for (source, rule) in &overrides.events.sources {
        prefixes.insert(source.to_ascii_lowercase(), rule.prefix.clone());
    }
    for row in sources.csv("iam-dataset/cloudtrail_eventsource_to_prefix.csv")? {
        let (source, prefix) = (field(&row, 0).to_ascii_lowercase(), field(&row, 1));
        if is_prefix(prefix) {
            prefixes.entry(source).or_insert_with(|| prefix.to_owned());
        }
    }
    let documented = prefixes.values().cloned().collect();
    for model in models {
        for name in [&model.endpoint, &model.signing] {
            if !name.is_empty() && !name.contains('.') {
                let source = format!("{name}.amazonaws.com").to_ascii_lowercase();
                prefixes.entry(source).or_insert_with(|| model.prefix.clone());
            }
        }
    }
    // A service without API model records under its prefix, if at all.
    for prefix in all {
        prefixes
            .entry(format!("{prefix}.amazonaws.com"))
            .or_insert_with(|| prefix.clone());
    }
    prefixes.retain(|_, prefix| is_prefix(prefix));
    Ok(EventSources { prefixes, documented })
}
