//! The resources of one action, found by hash while a trail is read and told in order.

use std::fmt;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::tally::Contexts;
use crate::require::Resource;

/// Resources, each with its contexts.
#[derive(Clone)]
pub(super) struct Resources {
    own: IndexMap<Resource, Contexts, FxBuildHasher>,
    /// Whether they stand in order: what is made and then asked for much is put in order once.
    sorted: bool,
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            own: IndexMap::default(),
            sorted: true,
        }
    }
}

impl Resources {
    pub(super) fn len(&self) -> usize {
        self.own.len()
    }

    pub(super) fn get_mut(&mut self, resource: &Resource) -> Option<&mut Contexts> {
        self.own.get_mut(resource)
    }

    /// The contexts of a resource, which is added where it is not there.
    pub(super) fn of(&mut self, resource: Resource) -> &mut Contexts {
        let last = self.own.last().map(|(last, _)| last);
        self.sorted = self.sorted && last.is_none_or(|last| *last <= resource);
        self.own.entry(resource).or_default()
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Contexts> {
        self.own.values_mut()
    }

    /// Puts them in order, so that telling them costs nothing from then on, and gives back room that is not needed.
    pub(super) fn settle(&mut self) {
        if !self.sorted {
            self.own.sort_unstable_keys();
            self.sorted = true;
        }
        self.own.shrink_to_fit();
    }

    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Resource, &Contexts)> {
        let (as_they_stand, in_order) = match self.sorted {
            true => (Some(self.own.iter()), Vec::new()),
            false => {
                let mut all: Vec<_> = self.own.iter().collect();
                all.sort_unstable_by_key(|(resource, _)| *resource);
                (None, all)
            }
        };
        as_they_stand.into_iter().flatten().chain(in_order)
    }
}

impl IntoIterator for Resources {
    type Item = (Resource, Contexts);
    type IntoIter = indexmap::map::IntoIter<Resource, Contexts>;

    /// As they stand, in no order that says anything.
    fn into_iter(self) -> Self::IntoIter {
        self.own.into_iter()
    }
}

/// In which order they were met does not matter.
impl PartialEq for Resources {
    fn eq(&self, other: &Self) -> bool {
        self.own == other.own
    }
}

impl Eq for Resources {}

impl fmt::Debug for Resources {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Resources {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = to.serialize_map(Some(self.len()))?;
        for (resource, contexts) in self.iter() {
            map.serialize_entry(resource, contexts)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Resources;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("contexts by resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Resources::default();
                while let Some((resource, contexts)) = map.next_entry()? {
                    *all.of(resource) = contexts;
                }
                Ok(all)
            }
        }
        from.deserialize_map(Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Resources {
        let mut all = Resources::default();
        for name in names {
            all.of(Resource::Arn((*name).to_owned()));
        }
        all
    }

    fn told(all: &Resources) -> Vec<&str> {
        all.iter().map(|(resource, _)| resource.shown()).collect()
    }

    #[test]
    fn they_are_told_in_order_however_they_were_met() {
        let mut one = of(&["b", "a", "c", "a"]);
        assert_eq!(told(&one), ["a", "b", "c"]);
        one.settle();
        assert_eq!(told(&one), ["a", "b", "c"]);
        one.of(Resource::Arn("0".to_owned()));
        one.of(Resource::Any);
        assert_eq!(told(&one), ["*", "0", "a", "b", "c"]);
        let mut other = of(&["c", "0", "b", "a"]);
        assert_ne!(one, other);
        other.of(Resource::Any);
        assert_eq!(one, other);
    }

    #[test]
    fn they_come_back_from_bytes_in_order() {
        let all = of(&["b", "c", "a"]);
        let bytes = postcard::to_allocvec(&all).unwrap();
        assert_eq!(bytes, postcard::to_allocvec(&of(&["a", "c", "b"])).unwrap());
        let back: Resources = postcard::from_bytes(&bytes).unwrap();
        assert!(back.sorted && back == all);
    }
}
