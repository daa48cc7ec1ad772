//! The fewest characters that name exactly these actions of a service: wildcards that match, of all
//! actions in the catalog, only what is kept.
//!
//! IAM matches actions in any case, so `*Acl*` also names `OracleX`: everything here is compared in
//! lower case.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use action_catalog::Service;

/// A wildcard entry by its literal parts; either may be empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// `Get*`, `*Policy`, `Get*Policy`.
    Ends(String, String),
    /// `*Snapshot*`.
    Inside(String),
}

impl Form {
    /// Whether it matches a name; both in lower case.
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Ends(start, end) => {
                name.len() >= start.len() + end.len()
                    && name.starts_with(start.as_str())
                    && name.ends_with(end.as_str())
            }
            Self::Inside(part) => name.contains(part.as_str()),
        }
    }
}

/// What a wildcard entry costs in a policy: its text, two quotes and a comma.
fn cost(entry: &str) -> usize {
    entry.len() + 3
}

/// Entries with prefix for the `kept` names of the service: wildcards where they are shorter and
/// `may` allows them, names for the rest.
pub(crate) fn cover(service: &Service, kept: &BTreeSet<&str>, may: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut left: BTreeMap<String, &str> = BTreeMap::new();
    let mut forbidden: Vec<String> = Vec::new();
    for action in &service.actions {
        let lower = action.name.to_ascii_lowercase();
        if kept.contains(action.name.as_str()) {
            left.insert(lower, &action.name);
        } else {
            forbidden.push(lower);
        }
    }
    let whole = format!("{}:*", service.prefix);
    if forbidden.is_empty() && left.len() > 1 && may(&whole) {
        return vec![whole];
    }
    let candidates = candidates(service, &left)
        .into_iter()
        .filter(|(form, _)| !forbidden.iter().any(|name| form.matches(name)));
    let mut choice = Choice::new(candidates.collect(), &left, &service.prefix);
    let mut entries = Vec::new();
    while let Some((at, entry)) = choice.best() {
        if may(&entry) {
            choice.take(at);
            entries.push(entry);
        }
    }
    let unnamed = left.values().zip(&choice.left).filter(|(_, left)| **left);
    entries.extend(unnamed.map(|(name, _)| format!("{}:{name}", service.prefix)));
    entries.sort();
    entries
}

/// The candidates, the one that saves most characters first; ties go to the entry that sorts first.
struct Choice {
    /// By candidate, the numbers of the names that it matches.
    matched: Vec<Vec<usize>>,
    /// By name, what naming it costs.
    costs: Vec<usize>,
    /// By name, whether no entry that was taken matches it.
    left: Vec<bool>,
    /// What each candidate saved when it was last asked. That only falls: who still saves as much
    /// as is noted here, and stands on top, is the best.
    noted: BinaryHeap<(usize, Reverse<String>, usize)>,
}

impl Choice {
    fn new(candidates: Vec<(Form, String)>, names: &BTreeMap<String, &str>, prefix: &str) -> Self {
        let matches = |form: &Form| {
            let named = names.keys().enumerate().filter(|(_, name)| form.matches(name));
            named.map(|(at, _)| at).collect()
        };
        let mut choice = Self {
            matched: candidates.iter().map(|(form, _)| matches(form)).collect(),
            costs: names.keys().map(|name| name.len() + prefix.len() + 4).collect(),
            left: vec![true; names.len()],
            noted: BinaryHeap::new(),
        };
        for (at, (_, entry)) in candidates.into_iter().enumerate() {
            choice.note(at, entry);
        }
        choice
    }

    /// Candidates that save nothing never will again, and go.
    fn note(&mut self, at: usize, entry: String) {
        let saved = self.saved(at, &entry);
        if saved > 0 {
            self.noted.push((saved, Reverse(entry), at));
        }
    }

    fn saved(&self, at: usize, entry: &str) -> usize {
        let matched = self.matched.get(at).into_iter().flatten();
        let left = matched.filter(|name| self.left.get(**name) == Some(&true));
        let named: usize = left.filter_map(|name| self.costs.get(*name)).sum();
        named.saturating_sub(cost(entry))
    }

    /// The best candidate, which then is none any more.
    fn best(&mut self) -> Option<(usize, String)> {
        while let Some((noted, Reverse(entry), at)) = self.noted.pop() {
            if self.saved(at, &entry) == noted {
                return Some((at, entry));
            }
            self.note(at, entry);
        }
        None
    }

    fn take(&mut self, at: usize) {
        for name in self.matched.get(at).into_iter().flatten() {
            if let Some(left) = self.left.get_mut(*name) {
                *left = false;
            }
        }
    }
}

/// Wildcards made of the words of at least two of the names, sorted by entry.
fn candidates(service: &Service, left: &BTreeMap<String, &str>) -> Vec<(Form, String)> {
    let mut seen: BTreeMap<String, (Form, usize)> = BTreeMap::new();
    for name in left.values() {
        for (entry, form) in forms(name) {
            seen.entry(format!("{}:{entry}", service.prefix))
                .or_insert((form, 0))
                .1 += 1;
        }
    }
    seen.into_iter()
        .filter(|(_, (_, count))| *count > 1)
        .map(|(entry, (form, _))| (form, entry))
        .collect()
}

/// Every wildcard that the words of one name give, each once.
fn forms(name: &str) -> BTreeMap<String, Form> {
    let words = words(name);
    let mut forms = BTreeMap::new();
    let text = |from: usize, to: usize| -> String { words.get(from..to).unwrap_or_default().concat() };
    for start in 0..words.len() {
        let (head, tail) = (text(0, start), text(start, words.len()));
        if start > 0 {
            forms.insert(
                format!("{head}*"),
                Form::Ends(head.to_ascii_lowercase(), String::new()),
            );
            forms.insert(
                format!("*{tail}"),
                Form::Ends(String::new(), tail.to_ascii_lowercase()),
            );
        }
        for end in start + 1..=words.len() {
            let inner = text(start, end);
            if inner.len() > 2 {
                forms.insert(format!("*{inner}*"), Form::Inside(inner.to_ascii_lowercase()));
            }
            if start > 0 && end > start {
                let last = text(end, words.len());
                if !last.is_empty() {
                    let form = Form::Ends(head.to_ascii_lowercase(), last.to_ascii_lowercase());
                    forms.insert(format!("{head}*{last}"), form);
                }
            }
        }
    }
    forms
}

/// `GetBucketACL` as `Get`, `Bucket`, `ACL`.
fn words(name: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let bytes = name.as_bytes();
    for (at, pair) in bytes.windows(2).enumerate() {
        if let [before, here] = pair
            && here.is_ascii_uppercase()
            && !before.is_ascii_uppercase()
        {
            starts.push(at + 1);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([name.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(from, to)| name.get(*from..to))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(prefix: &str, keep: impl Fn(&str) -> bool) {
        let service = action_catalog::service(prefix).unwrap();
        let kept: BTreeSet<&str> = service
            .actions
            .iter()
            .map(|action| action.name.as_str())
            .filter(|name| keep(name))
            .collect();
        let entries = cover(service, &kept, &|_| true);
        let named: BTreeSet<&str> = entries
            .iter()
            .flat_map(|entry| action_catalog::matching(entry))
            .map(|(_, action)| action.name.as_str())
            .collect();
        assert_eq!(named, kept, "{entries:?}");
        let by_name: usize = kept.iter().map(|name| cost(name) + prefix.len() + 1).sum();
        assert!(entries.iter().map(|entry| cost(entry)).sum::<usize>() <= by_name);
    }

    #[test]
    fn a_cover_names_what_is_kept_and_nothing_else() {
        covered("s3", |name| name.contains("Object"));
        covered("ec2", |name| name.len() % 3 == 0);
        covered("kms", |_| true);
        covered("iam", |name| name.starts_with("List") && name.len() > 12);
        covered("logs", |_| false);
    }

    #[test]
    fn words_part_where_a_capital_follows_a_small_letter() {
        assert_eq!(words("GetBucketACL"), ["Get", "Bucket", "ACL"]);
        assert_eq!(words("ListThingsV2"), ["List", "Things", "V2"]);
        assert_eq!(words("x"), ["x"]);
    }

    #[test]
    fn a_wildcard_that_may_not_be_is_not_used() {
        let service = action_catalog::service("sqs").unwrap();
        let kept: BTreeSet<&str> = service
            .actions
            .iter()
            .map(|action| action.name.as_str())
            .collect();
        assert_eq!(cover(service, &kept, &|_| true), ["sqs:*"]);
        assert!(
            cover(service, &kept, &|_| false)
                .iter()
                .all(|entry| !entry.contains('*'))
        );
    }
}
