//! Lists of actions, as short as they can be without granting more.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use action_catalog::Service;

use crate::memo::Memo;
use crate::pattern::Pattern;
use crate::policy::Element;

/// An action element that granted something before, with what it means worked out once: a draft is
/// written many times over while it is fitted into the quotas.
#[derive(Debug)]
pub(super) struct Granted {
    element: Element,
    /// Beside the element's entries, which actions of the catalog each names.
    named: OnceLock<Vec<Vec<String>>>,
    /// Beside the element's entries, compiled.
    compiled: OnceLock<Vec<(Option<String>, Pattern)>>,
    /// The shortest lists found, by what they name.
    shortened: Memo<String, Vec<String>>,
}

impl Granted {
    /// The same element is one for all principals of a review: what it means is worked out once.
    pub(super) fn new(element: Element) -> Arc<Self> {
        static KNOWN: Memo<Element, Arc<Granted>> = Memo::new();
        KNOWN.get(&element, || {
            Arc::new(Self {
                element: element.clone(),
                named: OnceLock::new(),
                compiled: OnceLock::new(),
                shortened: Memo::new(),
            })
        })
    }

    /// The entries of an `Action` with the actions that each names; none of a `NotAction`.
    fn entries(&self) -> impl Iterator<Item = (&String, &Vec<String>)> {
        let patterns = match &self.element {
            Element::Only(patterns) => patterns.as_slice(),
            Element::Except(_) => &[],
        };
        let named = self
            .named
            .get_or_init(|| patterns.iter().map(|entry| named_by(entry)).collect());
        patterns.iter().zip(named)
    }

    /// Whether everything that the wildcard could ever name was granted.
    pub(super) fn holds(&self, wildcard: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| {
            let entries = self.element.patterns().iter();
            entries
                .map(|entry| (service_of(entry), Pattern::ignoring_case(entry)))
                .collect()
        });
        let (service, wildcard) = (service_of(wildcard), Pattern::ignoring_case(wildcard));
        let mut near = compiled
            .iter()
            .filter(|(own, _)| own.is_none() || service.is_none() || *own == service)
            .map(|(_, entry)| entry);
        match &self.element {
            Element::Only(_) => near.any(|entry| wildcard.is_subset(entry)),
            Element::Except(_) => !near.any(|entry| wildcard.intersects(entry)),
        }
    }
}

/// The service of an entry, in lower case; `None` where a wildcard leaves it open.
fn service_of(entry: &str) -> Option<String> {
    let (service, _) = entry.split_once(':')?;
    (!service.contains(['*', '?'])).then(|| service.to_ascii_lowercase())
}

/// The action entries for the `kept` actions: an entry that granted before stays as it is written
/// where everything that it names is kept; the rest is named one by one.
pub(super) fn entries(granted: &[Arc<Granted>], kept: &BTreeSet<String>) -> Vec<String> {
    let mut left: BTreeSet<&str> = kept.iter().map(String::as_str).collect();
    let mut entries = Vec::new();
    for (entry, named) in granted.iter().flat_map(|granted| granted.entries()) {
        let known_and_kept = !named.is_empty() && named.iter().all(|action| kept.contains(action));
        if (known_and_kept || kept.contains(entry)) && !entries.contains(entry) {
            entries.push(entry.clone());
            left.remove(entry.as_str());
            named.iter().for_each(|action| {
                left.remove(action.as_str());
            });
        }
    }
    entries.extend(left.into_iter().map(str::to_owned));
    entries
}

fn named_by(entry: &str) -> Vec<String> {
    action_catalog::matching(entry)
        .into_iter()
        .map(|(service, action)| format!("{}:{}", service.prefix, action.name))
        .collect()
}

/// Shorter entries that name, of all actions in the catalog, exactly the same. Only used where a
/// quota forces it, and only within `granted`.
pub(super) fn exact_wildcards(entries: &[String], granted: &Granted) -> Vec<String> {
    let mut short = Vec::new();
    let mut at = 0;
    while let Some(entry) = entries.get(at) {
        let Some((prefix, _)) = entry.split_once(':') else {
            short.push(entry.clone());
            at += 1;
            continue;
        };
        let run = entries
            .iter()
            .skip(at)
            .take_while(|other| other.split_once(':').is_some_and(|(p, _)| p == prefix))
            .count();
        let names: Vec<&str> = entries
            .iter()
            .skip(at)
            .take(run)
            .filter_map(|entry| entry.split_once(':'))
            .map(|(_, name)| name)
            .collect();
        match action_catalog::service(prefix) {
            Some(service) if !names.iter().any(|name| name.contains(['*', '?'])) => {
                short.extend(of_service(service, &names, granted));
            }
            _ => short.extend(entries.iter().skip(at).take(run).cloned()),
        }
        at += run;
    }
    short
}

fn of_service(service: &Service, kept: &[&str], granted: &Granted) -> Vec<String> {
    let asked = format!("{}:{}", service.prefix, kept.join(","));
    granted
        .shortened
        .get(&asked, || shortened(service, kept, granted))
}

fn shortened(service: &Service, kept: &[&str], granted: &Granted) -> Vec<String> {
    let kept: BTreeSet<&str> = kept.iter().copied().collect();
    let known: BTreeSet<&str> = service
        .actions
        .iter()
        .map(|action| action.name.as_str())
        .collect();
    let wildcards = super::wildcards::cover(service, &kept, &|wildcard| granted.holds(wildcard));
    let unknown = kept.iter().filter(|name| !known.contains(*name));
    wildcards
        .into_iter()
        .chain(unknown.map(|name| format!("{}:{name}", service.prefix)))
        .collect()
}
