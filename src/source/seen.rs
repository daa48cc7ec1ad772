//! Which events have been seen: organization trails, several trails, retried deliveries and
//! LookupEvents beside S3 all hold copies of one event.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHasher;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// As many as keep threads from waiting for each other.
const SHARDS: usize = 64;

type Keys = HashSet<u64, BuildHasherDefault<FxHasher>>;

/// The ids whose keys begin with the same bits.
#[derive(Debug, Default)]
struct Shard {
    /// To the end.
    kept: Keys,
    /// Until their day is forgotten; a trail is read in the order of its days, so the last is asked for most.
    days: Vec<(u16, Keys)>,
}

impl Shard {
    fn of(&self, day: u16) -> Option<usize> {
        self.days.iter().rposition(|(own, _)| *own == day)
    }

    fn insert_kept(&mut self, key: u64, day: u16) -> bool {
        let days = self.of(day).and_then(|at| self.days.get(at));
        !days.is_some_and(|(_, keys)| keys.contains(&key)) && self.kept.insert(key)
    }

    fn insert_within(&mut self, key: u64, day: u16) -> bool {
        if !self.kept.is_empty() && self.kept.contains(&key) {
            return false;
        }
        match self.of(day).and_then(|at| self.days.get_mut(at)) {
            Some((_, keys)) => keys.insert(key),
            None => {
                self.days.push((day, Keys::from_iter([key])));
                true
            }
        }
    }

    fn len(&self) -> usize {
        self.kept.len() + self.days.iter().map(|(_, keys)| keys.len()).sum::<usize>()
    }
}

/// A day, counted from 1970-01-01, as it is held: up to the year 2059.
fn held(day: i32) -> u16 {
    u16::try_from(day.clamp(0, 0x7fff)).unwrap_or(0x7fff)
}

/// A set of event ids that several threads may fill at once. An id takes 8 bytes and the set's overhead, whatever
/// its text.
///
/// Of an id and its day 64 bits are kept: of ten million events of a day, one is taken for the copy of
/// another once in 400,000 such days.
///
/// An id may be given with the day of its event: copies of an event have its time, and an id counts within
/// a day (UTC), so that the days of a trail can be read apart. All ids of days before a day can be forgotten
/// once no copy of theirs can come. Which they are is for the caller to know; what comes of such a day
/// all the same is counted.
///
/// Which of two copies counts as the first depends on the threads; that one of them does, does not.
#[derive(Debug)]
pub struct Ids {
    shards: Vec<Mutex<Shard>>,
    /// Ids of days before it were forgotten.
    from: AtomicU16,
    late: AtomicU64,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            from: AtomicU16::new(0),
            late: AtomicU64::new(0),
        }
    }
}

/// Locks also where a thread panicked with the lock held: its panic is what ends the run, and a set of ids is whole.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.put(key, 0, Shard::insert_kept)
    }

    /// Adds the id of an event of this time, to be kept to the end; true where it was not there before.
    pub fn insert_on(&self, id: &str, time: jiff::Timestamp) -> bool {
        self.put(key(id), held(crate::evidence::day_of(time)), Shard::insert_kept)
    }

    /// As [`Self::insert_on`], to be kept until its day is forgotten.
    pub fn insert_within(&self, id: &str, time: jiff::Timestamp) -> bool {
        let day = held(crate::evidence::day_of(time));
        if day < self.from.load(Ordering::Relaxed) {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
        self.put(key(id), day, Shard::insert_within)
    }

    fn put(&self, key: u128, day: u16, insert: impl FnOnce(&mut Shard, u64, u16) -> bool) -> bool {
        let key = xxh3_64_with_seed(&key.to_le_bytes(), u64::from(day));
        // The set looks at other bits than these.
        let shard = self.shards.get((key >> 32) as usize % SHARDS);
        shard.is_some_and(|shard| insert(&mut locked(shard), key, day))
    }

    /// Forgets the ids of all days before this one.
    pub fn forget_before(&self, day: i32) {
        let day = held(day);
        self.from.fetch_max(day, Ordering::Relaxed);
        for shard in &self.shards {
            locked(shard).days.retain(|(own, _)| *own >= day);
        }
    }

    /// How many events came after the ids of their day were forgotten.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }

    /// How many ids are in the set.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| locked(shard).len()).sum()
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
    let is_form = text.len() == 36 && [8, 13, 18, 23].iter().all(|dash| text.get(*dash) == Some(&b'-'));
    if !is_form {
        return None;
    }
    let digits = |digits: &[u8]| {
        digits.iter().try_fold(0u64, |bits, &digit| {
            Some(bits << 4 | u64::from(char::from(digit).to_digit(16)?))
        })
    };
    let high = digits(text.get(..8)?)? << 32 | digits(text.get(9..13)?)? << 16 | digits(text.get(14..18)?)?;
    let low = digits(text.get(19..23)?)? << 48 | digits(text.get(24..)?)?;
    Some(u128::from(high) << 64 | u128::from(low))
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
