//! Counts by name where nearly always there is one name: without a tree's node for it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

/// How often each of a few things, in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct Counts<K>(SmallVec<[(K, u64); 1]>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(SmallVec::new())
    }
}

impl<K: Ord> Counts<K> {
    /// Adds to one that `is` the wanted one; `false` where there is none yet.
    pub(super) fn add_known(&mut self, is: impl Fn(&K) -> bool, times: u64) -> bool {
        let known = self.0.iter_mut().find(|(own, _)| is(own));
        known.map(|(_, count)| *count += times).is_some()
    }

    /// Adds to one.
    pub fn add(&mut self, key: K, times: u64) {
        match self.0.binary_search_by(|(own, _)| own.cmp(&key)) {
            Ok(at) => {
                if let Some((_, count)) = self.0.get_mut(at) {
                    *count += times;
                }
            }
            Err(at) => self.0.insert(at, (key, times)),
        }
    }

    /// Adds the counts of another part.
    pub fn merge(&mut self, other: Self) {
        if self.0.is_empty() {
            *self = other;
            return;
        }
        other.0.into_iter().for_each(|(key, times)| self.add(key, times));
    }
}

impl<K> Counts<K> {
    /// Each with its count, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, u64)> {
        self.0.iter().map(|(key, count)| (key, *count))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: fmt::Debug> fmt::Debug for Counts<K> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Serialize> Serialize for Counts<K> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de, K: Deserialize<'de> + Ord> Deserialize<'de> for Counts<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Map<K>(PhantomData<K>);
        impl<'de, K: Deserialize<'de> + Ord> Visitor<'de> for Map<K> {
            type Value = Counts<K>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("counts by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut counts = Counts::default();
                while let Some((key, times)) = map.next_entry()? {
                    counts.add(key, times);
                }
                Ok(counts)
            }
        }
        from.deserialize_map(Map(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_in_any_order_and_come_back_from_bytes() {
        let of = |names: &[&str]| {
            let mut counts = Counts::default();
            names.iter().for_each(|name| counts.add((*name).to_owned(), 1));
            counts
        };
        let (one, other) = (of(&["b", "a", "b"]), of(&["c", "b"]));
        let mut together = one.clone();
        together.merge(other.clone());
        let mut back = other;
        back.merge(one);
        assert_eq!(together, back);
        let shown: Vec<(&str, u64)> = together
            .iter()
            .map(|(name, times)| (name.as_str(), times))
            .collect();
        assert_eq!(shown, [("a", 1), ("b", 3), ("c", 1)]);
        let bytes = postcard::to_allocvec(&together).unwrap();
        assert_eq!(postcard::from_bytes::<Counts<String>>(&bytes).unwrap(), together);
    }
}
