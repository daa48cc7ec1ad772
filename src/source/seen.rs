//! Which events have been seen: organization trails, several trails, retried deliveries and
//! LookupEvents beside S3 all hold copies of one event.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};
use std::sync::Mutex;

use rustc_hash::FxHasher;

/// As many sets as keep threads from waiting for each other.
const SHARDS: usize = 64;

type Shard = Mutex<HashSet<u128, BuildHasherDefault<FxHasher>>>;

/// A set of event ids that several threads may fill at once. An id takes 16 bytes and the set's
/// overhead, whatever its text.
///
/// Ids that are UUIDs are kept as what they are; others as 128 bits of hash.
///
/// Which of two copies counts as the first depends on the threads; that one of them does, does not.
#[derive(Debug)]
pub struct Ids {
    shards: Vec<Shard>,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
        }
    }
}

impl Ids {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `id`; true where it was not there before.
    pub fn insert(&self, id: &str) -> bool {
        self.insert_key(key(id))
    }

    /// As [`Self::insert`], of an event of this time: copies of an event have its time, and an id counts
    /// within a day (UTC), so that the days of a trail can be read apart.
    pub fn insert_on(&self, id: &str, time: jiff::Timestamp) -> bool {
        let day = u128::from(crate::evidence::day_of(time).unsigned_abs());
        self.insert_key(key(id) ^ (day << 96))
    }

    /// Adds an id by its [`key`]; true where it was not there before.
    pub fn insert_key(&self, key: u128) -> bool {
        // The low bits of a UUID are random in all versions that AWS uses.
        let shard = self.shards.get(key as usize % SHARDS);
        // A thread that panicked while it held the lock left the set as good as before.
        shard.is_some_and(|shard| {
            shard
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .insert(key)
        })
    }

    /// How many ids are in the set.
    pub fn len(&self) -> usize {
        let len = |shard: &Shard| {
            shard
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .len()
        };
        self.shards.iter().map(len).sum()
    }

    /// Whether no id is in the set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// 128 bits that stand for an id: the UUID's own, else a hash with a fixed key.
pub fn key(id: &str) -> u128 {
    uuid(id.as_bytes()).unwrap_or_else(|| {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(salt);
            hasher.write(id.as_bytes());
            u128::from(hasher.finish())
        };
        half(0) << 64 | half(1)
    })
}

/// The bits of a UUID in its usual form, in either case.
fn uuid(text: &[u8]) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    let mut bits = 0u128;
    for (at, &byte) in text.iter().enumerate() {
        match (at, byte) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            _ => bits = bits << 4 | u128::from(char::from(byte).to_digit(16)?),
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once() {
        let ids = Ids::new();
        assert!(ids.is_empty());
        assert!(ids.insert("6ce47c89-5908-452d-87cc-a7c251ac4ac0"));
        assert!(!ids.insert("6CE47C89-5908-452D-87CC-A7C251AC4AC0"));
        assert!(ids.insert("6ce47c89-5908-452d-87cc-a7c251ac4ac1"));
        assert!(ids.insert("some other id") && !ids.insert("some other id"));
        assert!(ids.insert("") && !ids.insert(""));
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn a_uuid_keeps_its_bits_and_nothing_else_passes_for_one() {
        assert_eq!(key("00000000-0000-0000-0000-0000000000ff"), 0xff);
        for text in [
            "00000000-0000-0000-0000-00000000000",
            "00000000+0000-0000-0000-0000000000ff",
            "0000000000000000000000000000000000ff",
        ] {
            assert_eq!(uuid(text.as_bytes()), None, "{text}");
        }
        assert_ne!(key("a"), key("b"));
    }

    #[test]
    fn threads_agree_on_how_many_are_new() {
        let ids = Ids::new();
        let fresh: usize = std::thread::scope(|scope| {
            let work = || {
                (0..5000)
                    .filter(|n| ids.insert(&format!("id-{}", n % 1000)))
                    .count()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((fresh, ids.len()), (1000, 1000));
    }
}
