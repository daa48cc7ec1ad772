//! Counts of what was made, held against those of the last time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::actions::Services;
use crate::types::{Action, Operation, Origin};

/// Name -> count.
pub(crate) type Counts = BTreeMap<&'static str, usize>;

/// Counts over the whole catalog; the names are those of `Stats`.
pub(crate) fn counts(services: &Services, event_sources: usize, policies: usize) -> Counts {
    let actions: Vec<&Action> = services.values().flat_map(|s| &s.actions).collect();
    let operations: Vec<&Operation> = services.values().flat_map(|s| &s.operations).collect();
    let of = |origin: Origin| operations.iter().filter(|o| o.origin == origin).count();
    Counts::from([
        ("services", services.len()),
        ("actions", actions.len()),
        (
            "resource_types",
            services.values().map(|s| s.resource_types.len()).sum(),
        ),
        ("keys", services.values().map(|s| s.keys.len()).sum()),
        ("dependents", actions.iter().map(|a| a.dependents.len()).sum()),
        (
            "permission_only",
            actions.iter().filter(|a| a.permission_only).count(),
        ),
        ("operations", operations.len()),
        (
            "mapped_operations",
            operations.iter().filter(|o| !o.needs.is_empty()).count(),
        ),
        ("operations by override", of(Origin::Override)),
        ("operations by map", of(Origin::Map)),
        ("operations by HTTP verb", of(Origin::HttpVerb)),
        ("operations by same name", of(Origin::SameName)),
        ("operations by API documentation", of(Origin::ApiDocumentation)),
        (
            "actions whose use is always recorded",
            actions.iter().filter(|a| a.seen.never.is_none()).count(),
        ),
        ("event_sources", event_sources),
        ("managed_policies", policies),
    ])
}

/// Writes the counts into `SOURCES.md` and, unless one that the tests guard has fallen, into
/// `counts.json`. A fall is an error after all is written: what AWS has withdrawn is confirmed by
/// editing `counts.json` by hand.
pub(crate) fn write(folder: &Path, counts: &Counts) -> Outcome<()> {
    let path = folder.join("SOURCES.md");
    let text = fs::read_to_string(&path)?;
    let (head, rest) = text
        .split_once("<!-- counts: written by refresh -->\n")
        .ok_or("SOURCES.md: no counts")?;
    let (_, tail) = rest
        .split_once("<!-- end of counts -->")
        .ok_or("SOURCES.md: no end of counts")?;
    let rows: String = counts
        .iter()
        .map(|(name, count)| format!("| {} | {count} |\n", name.replace('_', " ")))
        .collect();
    let table = format!("<!-- counts: written by refresh -->\n| what | count |\n|---|---|\n{rows}");
    fs::write(&path, format!("{head}{table}<!-- end of counts -->{tail}"))?;
    let path = folder.join("counts.json");
    let old: BTreeMap<String, usize> = match path.exists() {
        true => serde_json::from_str(&fs::read_to_string(&path)?)?,
        false => BTreeMap::new(),
    };
    let guarded: Counts = counts
        .iter()
        .filter(|(name, _)| !name.contains(' '))
        .map(|(n, c)| (*n, *c))
        .collect();
    let fallen = |(name, count): (&&str, &usize)| {
        let before = old.get(*name).copied().unwrap_or(0);
        (*count < before).then(|| format!("{name}: {before} -> {count}"))
    };
    let fallen: Vec<String> = guarded.iter().filter_map(fallen).collect();
    if !fallen.is_empty() {
        return Err(
            format!("counts fell (edit counts.json where AWS withdrew something): {fallen:?}").into(),
        );
    }
    Ok(fs::write(&path, serde_json::to_string_pretty(&guarded)? + "\n")?)
}
