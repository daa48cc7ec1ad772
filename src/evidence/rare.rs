//! Counts by name of what seldom happens: where nothing was counted they take the place of a pointer.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::sums::add_counts;

/// How often each of some things, in their order; mostly none.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::box_collection, reason = "a map takes three words where it is empty")]
pub struct Rare<K>(Option<Box<BTreeMap<K, u64>>>);

impl<K> Default for Rare<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K> Rare<K> {
    /// Each with its count, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, u64)> {
        let all = self.0.iter().flat_map(|counts| counts.iter());
        all.map(|(key, count)| (key, *count))
    }

    /// Each, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// All counts together.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |counts| counts.len())
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Ord> Rare<K> {
    /// How often one was counted; `None` where it never was.
    pub fn get(&self, key: &K) -> Option<u64> {
        self.0.as_ref()?.get(key).copied()
    }

    /// Adds to one that was counted before; `false` where it was not.
    pub(super) fn add_known<Q: Ord + ?Sized>(&mut self, key: &Q, times: u64) -> bool
    where
        K: Borrow<Q>,
    {
        let known = self.0.as_mut().and_then(|counts| counts.get_mut(key));
        known.map(|count| *count += times).is_some()
    }

    /// Adds to one.
    pub fn add(&mut self, key: K, times: u64) {
        *self.0.get_or_insert_default().entry(key).or_default() += times;
    }

    /// Adds the counts of another part.
    pub fn merge(&mut self, other: Self) {
        match (&mut self.0, other.0) {
            (_, None) => {}
            (Some(own), Some(more)) => add_counts(own, *more),
            (own, more) => *own = more,
        }
    }
}

impl<K: Ord> FromIterator<(K, u64)> for Rare<K> {
    fn from_iter<I: IntoIterator<Item = (K, u64)>>(counts: I) -> Self {
        let mut all = Self::default();
        counts.into_iter().for_each(|(key, times)| all.add(key, times));
        all
    }
}

impl<K: Clone + Ord> Rare<K> {
    /// The same as a map of its own.
    pub fn to_map(&self) -> BTreeMap<K, u64> {
        self.0.as_deref().cloned().unwrap_or_default()
    }
}

impl<K: fmt::Debug> fmt::Debug for Rare<K> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Serialize> Serialize for Rare<K> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(counts) => counts.serialize(to),
            None => to.collect_map(std::iter::empty::<(K, u64)>()),
        }
    }
}

impl<'de, K: Deserialize<'de> + Ord> Deserialize<'de> for Rare<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let counts = BTreeMap::<K, u64>::deserialize(from)?;
        Ok(Self((!counts.is_empty()).then(|| Box::new(counts))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_in_any_order_and_come_back_from_bytes() {
        let of = |names: &[&str]| Rare::from_iter(names.iter().map(|name| ((*name).to_owned(), 1)));
        let (none, one, other) = (Rare::default(), of(&["b", "a", "b"]), of(&["c", "b"]));
        let merged = |parts: [&Rare<String>; 3]| {
            let mut all = Rare::default();
            parts.into_iter().for_each(|part| all.merge(part.clone()));
            all
        };
        let all = merged([&none, &one, &other]);
        assert_eq!(all, merged([&other, &none, &one]));
        assert_eq!(
            (all.len(), all.total(), all.get(&"b".to_owned())),
            (3, 5, Some(3))
        );
        assert!(none.is_empty() && none == merged([&none, &none, &none]));
        for counts in [none, all] {
            let bytes = postcard::to_allocvec(&counts).unwrap();
            assert_eq!(bytes, postcard::to_allocvec(&counts.to_map()).unwrap());
            assert_eq!(postcard::from_bytes::<Rare<String>>(&bytes).unwrap(), counts);
        }
    }
}
