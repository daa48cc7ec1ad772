//! Resource patterns: `*`, or six parts matched one by one.

use super::Pattern;
use crate::arn::split_pattern;

/// A compiled resource pattern, without policy variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ResourcePattern {
    /// `*`.
    All,
    /// Six parts: what stands between the first five colons, and the rest.
    Parts(Box<[Pattern; 6]>),
    /// Fewer than six parts and not `*`: AWS does not document what it matches. The text, because
    /// the same text means the same, whatever that is.
    Unusual(Box<str>),
}

impl ResourcePattern {
    /// Compiles a pattern as a policy writes it.
    pub fn new(text: &str) -> Self {
        if text == "*" {
            return Self::All;
        }
        match split_pattern(text) {
            Some(parts) => Self::Parts(Box::new(parts.map(Pattern::new))),
            None => Self::Unusual(text.into()),
        }
    }

    /// Whether the resource with these parts matches; `None` where it is not documented.
    pub fn matches_parts(&self, parts: Option<&[&str; 6]>) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Unusual(_) => None,
            Self::Parts(own) => {
                let Some(parts) = parts else { return Some(false) };
                // The last part differs most often: ask it first.
                Some(
                    own.iter()
                        .zip(parts)
                        .rev()
                        .all(|(pattern, part)| pattern.matches(part)),
                )
            }
        }
    }

    /// Whether every part matches everything: all ARNs, but not surely `*` itself.
    pub fn is_every_arn(&self) -> bool {
        match self {
            Self::All => true,
            Self::Parts(parts) => parts.iter().all(Pattern::is_all),
            Self::Unusual(_) => false,
        }
    }

    /// As [`resource_is_subset`].
    pub fn is_subset(&self, outer: &Self) -> Option<bool> {
        match (self, outer) {
            (_, Self::All) => Some(true),
            (Self::Unusual(a), Self::Unusual(b)) if a == b => Some(true),
            (Self::Unusual(_), _) | (_, Self::Unusual(_)) => None,
            (Self::All, outer) => Some(outer.is_every_arn()),
            (Self::Parts(inner), Self::Parts(outer)) => Some(
                inner
                    .iter()
                    .zip(outer.iter())
                    .all(|(inner, outer)| inner.is_subset(outer)),
            ),
        }
    }

    /// As [`resource_intersects`].
    pub fn intersects(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Unusual(_), _) | (_, Self::Unusual(_)) => None,
            (Self::All, _) | (_, Self::All) => Some(true),
            (Self::Parts(a), Self::Parts(b)) => {
                Some(a.iter().zip(b.iter()).rev().all(|(a, b)| a.intersects(b)))
            }
        }
    }

    /// As [`resource_is_subset_of_union`].
    pub fn is_subset_of_union(&self, outers: &[&Self]) -> bool {
        if outers.iter().any(|outer| self.is_subset(outer) == Some(true)) {
            return true;
        }
        let Self::Parts(inner) = self else { return false };
        let [head @ .., last] = &**inner;
        let lasts: Vec<&Pattern> = outers
            .iter()
            .filter_map(|outer| match outer {
                Self::Parts(parts) => {
                    let [outer_head @ .., outer_last] = &**parts;
                    head.iter()
                        .zip(outer_head)
                        .all(|(a, b)| a.is_subset(b))
                        .then_some(outer_last)
                }
                _ => None,
            })
            .collect();
        lasts.len() > 1 && last.is_subset_of_union(&lasts)
    }
}

/// Whether the resource `arn` (no wildcards: `*` in it is a plain character) matches the resource
/// pattern of a statement. `*` alone matches all. `None` where the pattern has fewer than six
/// parts and is not `*`: AWS does not document what that means.
pub fn resource_matches(pattern: &str, arn: &str) -> Option<bool> {
    ResourcePattern::new(pattern).matches_parts(split_pattern(arn).as_ref())
}

/// Whether every resource that `inner` matches is matched by `outer`; part by part. `None` where
/// either is undocumented as in [`resource_matches`], unless `outer` is `*` or the texts are equal.
///
/// `*` alone is a subset of `*` and of a pattern whose six parts are all `*`.
pub fn resource_is_subset(inner: &str, outer: &str) -> Option<bool> {
    ResourcePattern::new(inner).is_subset(&ResourcePattern::new(outer))
}

/// Whether some resource matches both; part by part. `None` as in [`resource_matches`].
pub fn resource_intersects(a: &str, b: &str) -> Option<bool> {
    ResourcePattern::new(a).intersects(&ResourcePattern::new(b))
}

/// Whether every resource that `inner` matches is matched by one or the other of `outers`.
///
/// `true` is a proof. `false` is none: unions are taken over the last part only, among the
/// patterns whose first five parts cover those of `inner`.
pub fn resource_is_subset_of_union<'a>(inner: &str, outers: impl IntoIterator<Item = &'a str>) -> bool {
    let outers: Vec<ResourcePattern> = outers.into_iter().map(ResourcePattern::new).collect();
    ResourcePattern::new(inner).is_subset_of_union(&outers.iter().collect::<Vec<_>>())
}
