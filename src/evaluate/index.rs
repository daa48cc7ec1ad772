//! Which statements speak of an action: found by the action, not by asking each statement.

use rustc_hash::FxHashMap;

use crate::pattern::Pattern;
use crate::policy::Element;

/// The actions of all statements of a compiled set.
#[derive(Debug, Default)]
pub(super) struct ActionIndex {
    /// Statements that list the very action.
    exact: FxHashMap<Box<str>, Vec<usize>>,
    /// Patterns whose service prefix is plain, by that prefix.
    service: FxHashMap<Box<str>, Vec<(usize, Pattern)>>,
    /// Patterns that may match any service.
    everywhere: Vec<(usize, Pattern)>,
    /// `NotAction`.
    except: Vec<(usize, Vec<Pattern>)>,
}

impl ActionIndex {
    /// Adds a statement's actions.
    pub(super) fn add(&mut self, statement: usize, action: &Element) {
        let patterns = action.patterns().iter().map(|text| Pattern::ignoring_case(text));
        if action.is_except() {
            self.except.push((statement, patterns.collect()));
            return;
        }
        for (pattern, text) in patterns.zip(action.patterns()) {
            if let Some(exact) = pattern.as_exact() {
                self.exact.entry(exact.into()).or_default().push(statement);
                continue;
            }
            match text.split_once(':') {
                Some((service, _)) if !service.contains(['*', '?']) => {
                    let service = service.to_ascii_lowercase().into_boxed_str();
                    self.service
                        .entry(service)
                        .or_default()
                        .push((statement, pattern));
                }
                _ => self.everywhere.push((statement, pattern)),
            }
        }
    }

    /// The statements whose action element matches, ascending.
    pub(super) fn matching(&self, action: &str) -> Vec<usize> {
        let action = action.to_ascii_lowercase();
        let mut found = self.exact.get(&*action).cloned().unwrap_or_default();
        let service = action
            .split_once(':')
            .and_then(|(service, _)| self.service.get(service));
        let patterns = service.into_iter().flatten().chain(&self.everywhere);
        for (statement, pattern) in patterns {
            if found.last() != Some(statement) && pattern.matches(&action) {
                found.push(*statement);
            }
        }
        let not_listed = |(_, list): &&(usize, Vec<Pattern>)| !list.iter().any(|p| p.matches(&action));
        found.extend(
            self.except
                .iter()
                .filter(not_listed)
                .map(|(statement, _)| *statement),
        );
        found.sort_unstable();
        found.dedup();
        found
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
            prop_assert_eq!(index.matching(&action), expected);
        }
    }
}
