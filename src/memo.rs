//! Answers that are worked out once and asked for many times. They are facts of what is asked alone, so that
//! keeping them changes no answer.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHasher;

/// Answers kept, from which on all are forgotten: enough for the policies of a large account, and no more than
/// some tens of megabytes.
const MOST: usize = 512;

type Known<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;

/// Kept answers.
#[derive(Debug)]
pub(crate) struct Memo<K, V> {
    known: Mutex<Known<K, V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Memo<K, V> {
    pub(crate) const fn new() -> Self {
        Self {
            known: Mutex::new(HashMap::with_hasher(BuildHasherDefault::new())),
        }
    }

    /// The answer, worked out where it is not known. Two threads may work one out at once.
    pub(crate) fn get(&self, asked: &K, answer: impl FnOnce() -> V) -> V {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(asked) {
            return found.clone();
        }
        let found = answer();
        let mut known = known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(asked.clone(), found.clone());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_worked_out_once_and_many_are_forgotten() {
        let memo: Memo<usize, usize> = Memo::new();
        let mut asked = 0;
        for _ in 0..3 {
            let twice = memo.get(&7, || {
                asked += 1;
                14
            });
            assert_eq!(twice, 14);
        }
        assert_eq!(asked, 1);
        for number in 0..MOST * 2 {
            memo.get(&number, || number);
        }
        assert!(memo.known.lock().unwrap().len() <= MOST);
    }
}
