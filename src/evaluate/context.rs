//! Condition keys and what is known of their values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is known of a key's value in one request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lookup {
    /// The request carried these values.
    Values(Vec<String>),
    /// The request did not carry the key: certain.
    Absent,
    /// Nobody recorded whether it did.
    Unknown,
}

/// The condition keys of one request. Key names are case-insensitive. A key that was never set is
/// [`Lookup::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Context {
    keys: BTreeMap<String, Lookup>,
    /// Whether keys that were never set are absent instead.
    others_absent: bool,
}

impl Context {
    /// Sets a key (lower-cased here).
    pub fn set(&mut self, key: &str, value: Lookup) {
        self.keys.insert(key.to_ascii_lowercase(), value);
    }

    /// What is known of the key.
    pub fn get(&self, key: &str) -> &Lookup {
        self.keys.get(&key.to_ascii_lowercase()).unwrap_or(self.other())
    }

    /// [`Context::get`] for a key that is in lower case already.
    pub(super) fn get_lower(&self, key: &str) -> &Lookup {
        self.keys.get(key).unwrap_or(self.other())
    }

    /// Whether the key (in lower case) was set.
    pub fn names(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    fn other(&self) -> &Lookup {
        if self.others_absent {
            &Lookup::Absent
        } else {
            &Lookup::Unknown
        }
    }

    /// From now on a key that was never set is [`Lookup::Absent`]: all that the request carries is
    /// known.
    pub fn others_absent(&mut self) {
        self.others_absent = true;
    }

    /// Forgets the keys (in lower case) that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.keys.retain(|key, _| keep(key));
    }

    /// Whether anything was said of the key.
    pub fn is_set(&self, key: &str) -> bool {
        self.keys.contains_key(&key.to_ascii_lowercase())
    }

    /// Keys that are set, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Lookup)> {
        self.keys.iter().map(|(key, value)| (key.as_str(), value))
    }
}
