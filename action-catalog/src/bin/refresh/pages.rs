//! Services that AWS documents on several pages (the two Elastic Load Balancings, API Gateway's two
//! APIs, Lex, Greengrass, SES, …): the newest list keeps the resource types of one page's row of an
//! action only; tobilg's list has a row for each.

use std::collections::{BTreeMap, HashMap};

use crate::Outcome;
use crate::actions::Services;
use crate::sources::{Sources, field};
use crate::types::{Action, ActionResource, Service};

/// Resource type in lower case -> whether the page marks it required.
type Page = BTreeMap<String, bool>;

/// Gives each action the resource types of all pages that have it.
pub(crate) fn join(services: &mut Services, sources: &Sources) -> Outcome<()> {
    let pages = read(sources)?;
    for service in services.values_mut() {
        let Service {
            prefix,
            actions,
            resource_types,
            ..
        } = service;
        let spelling: BTreeMap<String, &str> = resource_types
            .iter()
            .map(|r| (r.name.to_ascii_lowercase(), r.name.as_str()))
            .collect();
        for action in actions {
            let full = format!("{prefix}:{}", action.name).to_ascii_lowercase();
            if let Some(pages) = pages.get(&full) {
                join_pages(action, pages, &spelling);
            }
        }
    }
    Ok(())
}

/// The pages of every action that has more than one.
fn read(sources: &Sources) -> Outcome<HashMap<String, Vec<Page>>> {
    let folder = "tobilg-aws-iam-data";
    let types: HashMap<String, String> = sources
        .csv(&format!("{folder}/aws_resource_types.csv"))?
        .iter()
        .map(|row| (field(row, 0).to_owned(), field(row, 2).to_ascii_lowercase()))
        .collect();
    let mut by_action: HashMap<String, Page> = HashMap::new();
    for row in sources.csv(&format!("{folder}/aws_actions_resource_types.csv"))? {
        if let Some(kind) = types.get(field(&row, 2)) {
            let page = by_action.entry(field(&row, 1).to_owned()).or_default();
            *page.entry(kind.clone()).or_default() |= field(&row, 3) == "true";
        }
    }
    let mut pages: HashMap<String, Vec<Page>> = HashMap::new();
    for row in sources.csv(&format!("{folder}/aws_actions.csv"))? {
        let page = by_action.remove(field(&row, 0)).unwrap_or_default();
        pages
            .entry(field(&row, 2).to_ascii_lowercase())
            .or_default()
            .push(page);
    }
    pages.retain(|_, pages| pages.len() > 1);
    Ok(pages)
}

/// A type that is required on one page only is not required: the other page's do as well.
fn join_pages(action: &mut Action, pages: &[Page], spelling: &BTreeMap<String, &str>) {
    let required = |kind: &str| pages.iter().all(|page| page.get(kind) == Some(&true));
    for resource in &mut action.resources {
        resource.required &= required(&resource.name.to_ascii_lowercase());
    }
    for kind in pages.iter().flat_map(BTreeMap::keys) {
        let have = action.resources.iter().any(|r| r.name.eq_ignore_ascii_case(kind));
        if let Some(name) = spelling.get(kind).filter(|_| !have) {
            action.resources.push(ActionResource {
                name: (*name).to_owned(),
                required: required(kind),
                condition_keys: Vec::new(),
            });
        }
    }
    action.resources.sort_by_key(|r| r.name.to_ascii_lowercase());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Level, Seen};

    fn page(types: &[(&str, bool)]) -> Page {
        types
            .iter()
            .map(|(name, required)| ((*name).to_owned(), *required))
            .collect()
    }

    #[test]
    fn types_of_all_pages_count_and_only_common_ones_are_required() {
        let resource = |name: &str| ActionResource {
            name: name.to_owned(),
            required: true,
            condition_keys: Vec::new(),
        };
        let mut action = Action {
            name: "Do".to_owned(),
            level: Level::Write,
            resources: vec![resource("Classic"), resource("common")],
            condition_keys: Vec::new(),
            dependents: Vec::new(),
            permission_only: false,
            risks: Vec::new(),
            seen: Seen::default(),
        };
        let pages = [
            page(&[("classic", true), ("common", true)]),
            page(&[("app", true), ("common", true), ("gone", false)]),
        ];
        let spelling = BTreeMap::from([("app".to_owned(), "App"), ("classic".to_owned(), "Classic")]);
        join_pages(&mut action, &pages, &spelling);
        let found: Vec<_> = action
            .resources
            .iter()
            .map(|r| (r.name.as_str(), r.required))
            .collect();
        assert_eq!(found, [("App", false), ("Classic", false), ("common", true)]);
    }
}
