//! Counts of what was made, held against those of the last time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::actions::Services;
use crate::coverage::coverage;
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
pub(crate) fn write(folder: &Path, counts: &Counts, services: &Services) -> Outcome<()> {
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
    fs::write(&path, serde_json::to_string_pretty(&guarded)? + "\n")?;
    write_coverage(folder, services)
}

/// Writes `coverage.csv`, unless some service has fewer mapped operations than the table says, or more
/// that are not: what AWS has withdrawn is confirmed by taking the service's line out of the table.
fn write_coverage(folder: &Path, services: &Services) -> Outcome<()> {
    let path = folder.join("coverage.csv");
    let before = match path.exists() {
        true => fs::read_to_string(&path)?,
        false => String::new(),
    };
    let now = coverage(services.values());
    let fallen = worse(&before, &now);
    if !fallen.is_empty() {
        return Err(format!("coverage.csv would get worse: {}", fallen.join(", ")).into());
    }
    Ok(fs::write(&path, now)?)
}

/// Services that an earlier table has better: fewer operations without mapping, or more with.
fn worse(before: &str, now: &str) -> Vec<String> {
    let rows = |text: &str| -> BTreeMap<String, (usize, usize)> {
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |at: usize| cells.get(at)?.parse::<usize>().ok();
            let (all, unmapped) = (number(1)?, number(2)?);
            Some(((*cells.first()?).to_owned(), (all - unmapped.min(all), unmapped)))
        };
        // A new service may come with operations that nobody knows the actions of: no sum is held.
        text.lines()
            .filter(|line| !line.starts_with('('))
            .filter_map(row)
            .collect()
    };
    let now = rows(now);
    let of = |(prefix, (mapped, unmapped)): (String, (usize, usize))| {
        let (mapped_now, unmapped_now) = now.get(&prefix).copied().unwrap_or((0, 0));
        let worse = mapped_now < mapped || unmapped_now > unmapped;
        worse.then(|| {
            format!("{prefix}: {mapped} mapped and {unmapped} not -> {mapped_now} and {unmapped_now}")
        })
    };
    rows(before).into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_lost_a_mapping_is_worse() {
        let before = "service,operations,unmapped\na,3,1\nb,2,0\ngone,1,0\n";
        assert!(worse(before, "a,4,1\nb,2,0\ngone,1,0\n").is_empty());
        assert!(worse("(all),3,1\n", "new,2,2\n(all),5,3\n").is_empty());
        assert_eq!(
            worse(before, "a,3,2\nb,3,0\n"),
            [
                "a: 2 mapped and 1 not -> 1 and 2",
                "gone: 1 mapped and 0 not -> 0 and 0"
            ]
        );
    }
}
