//! Which statements speak of an action: found by the action, not by asking each statement.

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use crate::pattern::Pattern;
use crate::policy::Element;

/// The actions of all statements of a compiled set.
#[derive(Debug, Default)]
pub(super) struct ActionIndex {
    /// What `Action` lists.
    listed: Entries,
    /// The statements with `NotAction`.
    except: Hits,
    /// What `NotAction` leaves out.
    left_out: Entries,
}

/// Actions and patterns of actions, in lower case, with the statements that name them.
#[derive(Debug, Default)]
struct Entries {
    /// The very action.
    exact: FxHashMap<Box<str>, Hits>,
    /// Patterns whose service prefix is plain, by that prefix.
    service: FxHashMap<Box<str>, Vec<(usize, Pattern)>>,
    /// Patterns that may match any service.
    everywhere: Vec<(usize, Pattern)>,
    /// Statements that name `*`.
    all: Hits,
}

/// Numbers of statements, as a set.
#[derive(Debug, Default, Clone)]
pub(super) struct Hits(SmallVec<[u64; 4]>);

impl Hits {
    fn insert(&mut self, number: usize) {
        let word = number / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (number % 64);
        }
    }

    fn insert_all(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    fn remove_all(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own &= !other;
        }
    }

    /// Whether the statement is among them.
    pub(super) fn contains(&self, number: usize) -> bool {
        self.0
            .get(number / 64)
            .is_some_and(|bits| bits >> (number % 64) & 1 == 1)
    }

    /// Ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let mut rest = *bits;
            std::iter::from_fn(move || {
                let next = rest.trailing_zeros();
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    word * 64 + next as usize
                })
            })
        })
    }
}

/// An action in lower case.
struct Lower(SmallVec<[u8; 64]>);

impl Lower {
    fn new(action: &str) -> Self {
        let mut bytes: SmallVec<[u8; 64]> = smallvec![0; action.len()];
        bytes.copy_from_slice(action.as_bytes());
        bytes.make_ascii_lowercase();
        Self(bytes)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl ActionIndex {
    /// Adds a statement's actions.
    pub(super) fn add(&mut self, statement: usize, action: &Element) {
        let entries = if action.is_except() {
            self.except.insert(statement);
            &mut self.left_out
        } else {
            &mut self.listed
        };
        for text in action.patterns() {
            entries.add(statement, &text.to_ascii_lowercase());
        }
    }

    /// Adds the statements whose action element matches.
    pub(super) fn matching(&self, action: &str, hits: &mut Hits) {
        let lower = Lower::new(action);
        let action = lower.as_str();
        if !self.except.0.is_empty() {
            let mut left_out = Hits::default();
            self.left_out.matching(action, &mut left_out);
            let mut except = self.except.clone();
            except.remove_all(&left_out);
            hits.insert_all(&except);
        }
        self.listed.matching(action, hits);
    }
}

impl Entries {
    fn add(&mut self, statement: usize, text: &str) {
        let pattern = Pattern::new(text);
        if let Some(exact) = pattern.as_exact() {
            return self.exact.entry(exact.into()).or_default().insert(statement);
        }
        match text.split_once(':') {
            _ if pattern.is_all() => self.all.insert(statement),
            Some((service, _)) if !service.contains(['*', '?']) => {
                let list = self.service.entry(service.into()).or_default();
                list.push((statement, pattern));
            }
            _ => self.everywhere.push((statement, pattern)),
        }
    }

    fn matching(&self, action: &str, hits: &mut Hits) {
        hits.insert_all(&self.all);
        if let Some(exact) = self.exact.get(action) {
            hits.insert_all(exact);
        }
        let service = action
            .split_once(':')
            .and_then(|(service, _)| self.service.get(service));
        let patterns = service.into_iter().flatten().chain(&self.everywhere);
        for (statement, pattern) in patterns {
            if !hits.contains(*statement) && pattern.matches(action) {
                hits.insert(*statement);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::matches_ignore_case;
    use proptest::prelude::*;

    fn element() -> impl Strategy<Value = Element> {
        let texts = prop::collection::vec("[sS*?]{1,2}:[gG*?]{0,2}|\\*|s\\*|s3", 1..4);
        (any::<bool>(), texts).prop_map(|(except, list)| {
            if except {
                Element::Except(list)
            } else {
                Element::Only(list)
            }
        })
    }

    proptest! {
        #[test]
        fn the_index_finds_what_the_statements_say(
            elements in prop::collection::vec(element(), 0..5), action in "[sS]{1,2}:[gG]{0,2}"
        ) {
            let mut index = ActionIndex::default();
            for (number, element) in elements.iter().enumerate() {
                index.add(number, element);
            }
            let says = |element: &Element| {
                element.patterns().iter().any(|p| matches_ignore_case(p, &action)) != element.is_except()
            };
            let expected: Vec<usize> = (0..elements.len()).filter(|n| says(&elements[*n])).collect();
            let mut hits = Hits::default();
            index.matching(&action, &mut hits);
            prop_assert_eq!(hits.iter().collect::<Vec<_>>(), expected);
        }
    }
}
