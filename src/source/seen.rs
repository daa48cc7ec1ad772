//! Which events have been seen: organization trails, several trails, retried deliveries and
//! LookupEvents beside S3 all hold copies of one event.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use rustc_hash::FxHasher;

/// As many sets as keep threads from waiting for each other.
const SHARDS: usize = 64;

type Shard = Mutex<HashSet<Key, BuildHasherDefault<FxHasher>>>;

/// An id: one bit whether it is kept to the end, the day of its event in 15 bits, and 112 of its own. Copies of an
/// event have its time, and an id counts within a day (UTC), so that the days of a trail can be read apart.
#[derive(Debug, Clone, Copy)]
struct Key(u128);

const OWN: u128 = u128::MAX >> 16;
const ALWAYS: u128 = 1 << 127;

impl Key {
    fn new(id: u128, day: u16) -> Self {
        Self(id & OWN | u128::from(day) << 112)
    }

    fn id(self) -> u128 {
        self.0 & !ALWAYS
    }

    /// Whether it may be forgotten before that day.
    fn is_before(self, day: u16) -> bool {
        self.0 & ALWAYS == 0 && self.0 >> 112 < u128::from(day)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let id = self.id();
        state.write_u64((id >> 64) as u64);
        state.write_u64(id as u64);
    }
}

/// A day, counted from 1970-01-01, as a key holds it: up to the year 2059.
fn held(day: i32) -> u16 {
    u16::try_from(day.clamp(0, 0x7fff)).unwrap_or(0x7fff)
}

/// A set of event ids that several threads may fill at once. An id takes 16 bytes and the set's
/// overhead, whatever its text.
///
/// Ids that are UUIDs are kept as what they are; others as 128 bits of hash.
///
/// An id may be given with the day of its event, and all ids of days before a day can be forgotten once no
/// copy of theirs can come. Which they are is for the caller to know; what comes of such a day all the same
/// is counted.
///
/// Which of two copies counts as the first depends on the threads; that one of them does, does not.
#[derive(Debug)]
pub struct Ids {
    shards: Vec<Shard>,
    /// Ids of days before it were forgotten.
    from: AtomicU16,
    late: AtomicU64,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            from: AtomicU16::new(0),
            late: AtomicU64::new(0),
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

    /// Adds an id by its [`key`]; true where it was not there before.
    pub fn insert_key(&self, key: u128) -> bool {
        self.put(Key(Key::new(key, 0).0 | ALWAYS))
    }

    /// Adds the id of an event of this time, to be kept to the end; true where it was not there before.
    pub fn insert_on(&self, id: &str, time: jiff::Timestamp) -> bool {
        let day = held(crate::evidence::day_of(time));
        self.put(Key(Key::new(key(id), day).0 | ALWAYS))
    }

    /// As [`Self::insert_on`], to be kept until its day is forgotten.
    pub fn insert_within(&self, id: &str, time: jiff::Timestamp) -> bool {
        let day = held(crate::evidence::day_of(time));
        if day < self.from.load(Ordering::Relaxed) {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
        self.put(Key::new(key(id), day))
    }

    fn put(&self, key: Key) -> bool {
        // The bits of a UUID are random but for a few: six of the upper half say the shard, and
        // the set looks at others.
        let shard = self.shards.get((key.0 >> 64) as usize % SHARDS);
        // A thread that panicked while it held the lock left the set as good as before.
        shard.is_some_and(|shard| {
            shard
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .insert(key)
        })
    }

    /// Forgets the ids of all days before this one.
    pub fn forget_before(&self, day: i32) {
        let day = held(day);
        self.from.fetch_max(day, Ordering::Relaxed);
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            shard.retain(|key| !key.is_before(day));
            shard.shrink_to_fit();
        }
    }

    /// How many events came after the ids of their day were forgotten.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
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
    fn days_are_forgotten_and_what_comes_late_is_counted() {
        let ids = Ids::new();
        let on = |day: i64| jiff::Timestamp::from_second(day * 86_400).unwrap();
        assert!(ids.insert_on("kept", on(20_000)));
        assert!(ids.insert_within("first", on(20_000)) && ids.insert_within("second", on(20_001)));
        assert!(!ids.insert_within("kept", on(20_000)) && !ids.insert_on("first", on(20_000)));
        assert!(
            ids.insert_within("first", on(20_001)),
            "an id counts within a day"
        );
        ids.forget_before(20_001);
        assert_eq!((ids.len(), ids.late()), (3, 0));
        assert!(!ids.insert_within("second", on(20_001)));
        assert!(!ids.insert_on("kept", on(20_000)));
        assert!(ids.insert_within("first", on(20_000)));
        assert_eq!(ids.late(), 1);
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
