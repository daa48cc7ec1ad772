//! Several patterns at once: which of them a text can match together, with a text for each case.
//!
//! The walk determinizes the patterns' automata jointly. A letter is followed only if some pattern
//! asks for it there, and one more letter stands for all the others; so the walk is exact over
//! every text of its alphabet.

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashSet};
use smallvec::SmallVec;

use super::Atom;

/// One step of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// This character.
    Char(char),
    /// This letter (given in lower case), ASCII case folded.
    Fold(char),
    /// One character; a colon only if so.
    One { colon: bool },
    /// Any run of characters, colons only if so.
    Run { colon: bool },
}

impl Step {
    /// The steps of a pattern; a variable stands for any run.
    pub(crate) fn of(atoms: &[Atom], fold: bool, colon: bool) -> impl Iterator<Item = Self> {
        atoms.iter().map(move |atom| match atom {
            Atom::Char(c) if fold => Self::Fold(c.to_ascii_lowercase()),
            Atom::Char(c) => Self::Char(*c),
            Atom::One => Self::One { colon },
            Atom::Many | Atom::Variable(_) => Self::Run { colon },
        })
    }

    fn accepts(self, letter: char) -> bool {
        match self {
            Self::Char(own) => own == letter,
            Self::Fold(own) => own == letter.to_ascii_lowercase(),
            Self::One { colon } | Self::Run { colon } => colon || letter != ':',
        }
    }

    fn is_run(self) -> bool {
        matches!(self, Self::Run { .. })
    }
}

/// A set of texts, by its pattern.
#[derive(Debug, Clone)]
pub(crate) struct Language {
    /// Its steps.
    pub(crate) steps: Vec<Step>,
    /// Languages of one group count as their union.
    pub(crate) group: usize,
    /// Whether texts outside of all relevant languages are of interest through this one.
    pub(crate) relevant: bool,
}

/// Numbers of groups, as a set.
pub(crate) type Groups = SmallVec<[u64; 4]>;

/// Adds a number to a set.
pub(crate) fn insert(groups: &mut Groups, number: usize) {
    let word = number / 64;
    if word >= groups.len() {
        groups.resize(word + 1, 0);
    }
    if let Some(bits) = groups.get_mut(word) {
        *bits |= 1 << (number % 64);
    }
}

/// Whether a number is in a set.
pub(crate) fn contains(groups: &Groups, number: usize) -> bool {
    groups
        .get(number / 64)
        .is_some_and(|bits| bits >> (number % 64) & 1 == 1)
}

/// Texts that match the same groups.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    /// The groups that match; trailing zero words are cut.
    pub(crate) groups: Groups,
    /// One of the texts: a shortest.
    pub(crate) example: String,
}

/// The walk would visit more states than its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

/// How many states one walk may visit.
pub(crate) const MOST_STATES: usize = 400_000;

/// The letters that may stand for all the others, best first; without a limit, any character may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alphabet {
    /// Letters to try.
    pub(crate) fresh: &'static str,
    /// Whether there are no others.
    pub(crate) closed: bool,
}

/// Every combination of groups that some text of `domain` matches, with an example each. Only texts
/// that at least one relevant language can still take are followed.
pub(crate) fn regions(
    languages: &[Language],
    domain: &[Step],
    alphabet: Alphabet,
) -> Result<Vec<Region>, TooMany> {
    Walk::new(languages, domain, alphabet).run()
}

/// A state: positions in the steps of all languages, ascending; the domain's come first.
type State = SmallVec<[u32; 8]>;

struct Walk<'l> {
    languages: &'l [Language],
    alphabet: Alphabet,
    /// All steps, one language behind the other, with a place for the end of each.
    steps: Vec<Option<Step>>,
    /// Which language a position belongs to; the domain is 0, languages count from 1.
    owner: Vec<u32>,
    colons: bool,
}

impl<'l> Walk<'l> {
    fn new(languages: &'l [Language], domain: &[Step], alphabet: Alphabet) -> Self {
        let mut walk = Self {
            languages,
            alphabet,
            steps: Vec::new(),
            owner: Vec::new(),
            colons: false,
        };
        walk.push(domain, 0);
        for (number, language) in languages.iter().enumerate() {
            walk.push(&language.steps, number as u32 + 1);
        }
        walk.colons = walk
            .steps
            .iter()
            .flatten()
            .any(|step| matches!(step, Step::One { colon: false } | Step::Run { colon: false }));
        walk
    }

    fn push(&mut self, steps: &[Step], owner: u32) {
        self.steps.extend(steps.iter().copied().map(Some));
        self.steps.push(None);
        self.owner.resize(self.steps.len(), owner);
    }

    fn step(&self, at: u32) -> Option<Step> {
        self.steps.get(at as usize).copied().flatten()
    }

    fn owner(&self, at: u32) -> u32 {
        self.owner.get(at as usize).copied().unwrap_or_default()
    }

    /// The language of a position; `None` for the domain's.
    fn language(&self, at: u32) -> Option<&Language> {
        let number = self.owner(at).checked_sub(1)?;
        self.languages.get(number as usize)
    }

    fn run(&self) -> Result<Vec<Region>, TooMany> {
        let mut starts: State = SmallVec::from_slice(&[0]);
        for at in 1..self.owner.len() {
            if self.owner.get(at) != self.owner.get(at - 1) {
                starts.push(at as u32);
            }
        }
        // Where each state came from, and by which letter. The states stand in the order in which
        // they are found, which is the order in which they are left: the set is the queue.
        let mut trail: Vec<(usize, char)> = vec![(0, ' ')];
        let mut seen: IndexSet<State, FxBuildHasher> = IndexSet::default();
        let mut found: FxHashSet<Groups> = FxHashSet::default();
        let mut order: Vec<Region> = Vec::new();
        seen.insert(self.closed(starts));
        let mut node = 0;
        while let Some(state) = seen.get_index(node).cloned() {
            if let Some(groups) = self.accepted(&state)
                && found.insert(groups.clone())
            {
                order.push(Region {
                    groups,
                    example: spelled(&trail, node),
                });
            }
            let ways = Ways::new(self, &state);
            for letter in self.letters(&ways) {
                let next = self.closed(ways.after(self, letter));
                if !self.matters(&next) || !seen.insert(next) {
                    continue;
                }
                if seen.len() > MOST_STATES {
                    return Err(TooMany);
                }
                trail.push((node, letter));
            }
            node += 1;
        }
        Ok(order)
    }

    /// Whether the domain can still be met, and a relevant language too.
    fn matters(&self, state: &State) -> bool {
        state.first().is_some_and(|at| self.owner(*at) == 0)
            && state
                .iter()
                .any(|at| self.language(*at).is_some_and(|language| language.relevant))
    }

    /// The groups that match here, where the domain does.
    fn accepted(&self, state: &State) -> Option<Groups> {
        let ends = || state.iter().filter(|at| self.step(**at).is_none());
        ends().find(|at| self.owner(**at) == 0)?;
        let mut groups = Groups::new();
        for at in ends() {
            if let Some(language) = self.language(*at) {
                insert(&mut groups, language.group);
            }
        }
        Some(groups)
    }

    /// The letters that tell something here, and one for all the others.
    fn letters(&self, ways: &Ways) -> Vec<char> {
        let mut letters: Vec<char> = ways.named.iter().map(|(letter, _)| *letter).collect();
        if self.colons {
            letters.push(':');
        }
        letters.sort_unstable();
        letters.dedup();
        let taken = |c: &char| letters.binary_search(c).is_ok();
        let other = self.alphabet.fresh.chars().find(|c| !taken(c)).or_else(|| {
            (!self.alphabet.closed)
                .then(|| ('\u{4e00}'..).find(|c| !taken(c)))
                .flatten()
        });
        if self.alphabet.closed {
            letters.retain(|c| self.alphabet.fresh.contains(*c) || *c == ':');
        }
        letters.extend(other);
        letters
    }

    /// Adds what a run reaches by taking nothing; drops what stands before the last run reached in a
    /// language, because that run takes all that the earlier positions could still match. (Runs that
    /// take no colon stand in one part of an ARN: all positions alive are in the same part.)
    fn closed(&self, state: State) -> State {
        let mut all = State::new();
        for at in state {
            let mut at = at;
            loop {
                if all.last() != Some(&at) {
                    all.push(at);
                }
                match self.step(at) {
                    Some(step) if step.is_run() => at += 1,
                    _ => break,
                }
            }
        }
        if !all.is_sorted() {
            all.sort_unstable();
        }
        all.dedup();
        let mut last_run: Option<u32> = None;
        let mut kept = all.len();
        for from in (0..all.len()).rev() {
            let Some(at) = all.get(from).copied() else {
                continue;
            };
            if last_run.is_some_and(|run| self.owner(run) == self.owner(at)) {
                continue;
            }
            if self.step(at).is_some_and(Step::is_run) {
                last_run = Some(at);
            }
            kept -= 1;
            if let Some(slot) = all.get_mut(kept) {
                *slot = at;
            }
        }
        all.drain(..kept);
        self.settle(&mut all);
        all
    }

    /// Once a language takes whatever follows, the others of its group say nothing new: they are
    /// dropped. Without that, entries like `/apis/*/models/*` would be told apart in all combinations.
    fn settle(&self, state: &mut State) {
        let mut settled: SmallVec<[(usize, bool, u32); 4]> = SmallVec::new();
        for at in state.iter() {
            if let Some(language) = self.language(*at)
                && self.step(*at) == Some(Step::Run { colon: true })
                && self.step(at + 1).is_none()
                && !settled
                    .iter()
                    .any(|(group, relevant, _)| (*group, *relevant) == (language.group, language.relevant))
            {
                settled.push((language.group, language.relevant, self.owner(*at)));
            }
        }
        if settled.is_empty() {
            return;
        }
        state.retain(|at| {
            let Some(own) = self.language(*at) else {
                return true;
            };
            // A relevant language is followed until a relevant one takes all.
            let mut by = settled
                .iter()
                .filter(|(group, relevant, _)| *group == own.group && (*relevant || !own.relevant));
            by.clone().next().is_none() || by.any(|(.., owner)| *owner == self.owner(*at))
        });
    }
}

/// The ways out of a state, sorted, so that each letter finds its own without asking every position.
struct Ways {
    /// The letters that are asked for, and where each leads.
    named: Vec<(char, u32)>,
    /// The positions that take more than one letter.
    wild: SmallVec<[u32; 8]>,
}

impl Ways {
    fn new(walk: &Walk<'_>, state: &State) -> Self {
        let mut ways = Self {
            named: Vec::with_capacity(state.len()),
            wild: SmallVec::new(),
        };
        for at in state {
            match walk.step(*at) {
                Some(Step::Char(c)) => ways.named.push((c, at + 1)),
                Some(Step::Fold(c)) => ways.named.extend([(c, at + 1), (c.to_ascii_uppercase(), at + 1)]),
                Some(Step::One { .. } | Step::Run { .. }) => ways.wild.push(*at),
                None => {}
            }
        }
        ways.named.sort_unstable();
        ways.named.dedup();
        ways
    }

    /// Where a letter leads, ascending.
    fn after(&self, walk: &Walk<'_>, letter: char) -> State {
        let first = self.named.partition_point(|(own, _)| *own < letter);
        let named = self.named.get(first..).unwrap_or_default();
        let mut next: State = named
            .iter()
            .take_while(|(own, _)| *own == letter)
            .map(|(_, at)| *at)
            .collect();
        let wild = self.wild.iter().filter_map(|at| {
            let step = walk.step(*at).filter(|step| step.accepts(letter))?;
            Some(if step.is_run() { *at } else { at + 1 })
        });
        next.extend(wild);
        if !next.is_sorted() {
            next.sort_unstable();
        }
        next
    }
}

fn spelled(trail: &[(usize, char)], node: usize) -> String {
    let mut letters = Vec::new();
    let mut at = node;
    while let Some((before, letter)) = trail.get(at)
        && at != 0
    {
        letters.push(*letter);
        at = *before;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::{Pattern, matches};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const ALPHABET: Alphabet = Alphabet {
        fresh: "abc",
        closed: true,
    };

    fn language(text: &str, group: usize) -> Language {
        let pattern = Pattern::new(text);
        Language {
            steps: Step::of(pattern.atoms(), false, true).collect(),
            group,
            relevant: true,
        }
    }

    const ALL: [Step; 1] = [Step::Run { colon: true }];

    /// Every text over a, b, c up to this length.
    fn texts(length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..length {
            last = last
                .iter()
                .flat_map(|text| ["a", "b", "c"].map(|c| format!("{text}{c}")))
                .collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    proptest! {
        #[test]
        fn the_walk_finds_every_combination(patterns in prop::collection::vec("[ab*?]{0,4}", 1..4)) {
            let languages: Vec<Language> =
                patterns.iter().enumerate().map(|(n, p)| language(p, n)).collect();
            let signature = |text: &str| -> Vec<usize> {
                (0..patterns.len()).filter(|n| matches(&patterns[*n], text)).collect()
            };
            let regions = regions(&languages, &ALL, ALPHABET).unwrap();
            let mut found = BTreeSet::new();
            for region in &regions {
                let own: Vec<usize> =
                    (0..patterns.len()).filter(|n| contains(&region.groups, *n)).collect();
                // The example is one.
                prop_assert_eq!(&own, &signature(&region.example), "{:?}", region);
                found.insert(own);
            }
            for text in texts(7) {
                let own = signature(&text);
                prop_assert!(own.is_empty() || found.contains(&own), "{text} {own:?}");
            }
        }
    }

    #[test]
    fn a_run_without_colons_stays_in_its_part() {
        let own = Language {
            steps: vec![
                Step::Run { colon: false },
                Step::Char(':'),
                Step::Run { colon: true },
            ],
            group: 0,
            relevant: true,
        };
        let other = Language {
            steps: vec![
                Step::Char('a'),
                Step::Char(':'),
                Step::Char(':'),
                Step::One { colon: false },
            ],
            group: 1,
            relevant: true,
        };
        let regions = regions(
            &[own, other],
            &ALL,
            Alphabet {
                fresh: "xyz",
                closed: false,
            },
        )
        .unwrap();
        let both = regions
            .iter()
            .find(|r| contains(&r.groups, 0) && contains(&r.groups, 1));
        assert_eq!(both.map(|r| r.example.chars().count()), Some(4));
        assert!(
            regions
                .iter()
                .any(|r| contains(&r.groups, 0) && !contains(&r.groups, 1))
        );
        assert!(
            !regions
                .iter()
                .any(|r| !contains(&r.groups, 0) && contains(&r.groups, 1))
        );
    }

    #[test]
    fn letters_of_either_case_fold() {
        let fold = Language {
            steps: vec![Step::Fold('a')],
            group: 0,
            relevant: true,
        };
        let exact = Language {
            steps: vec![Step::Char('A')],
            group: 1,
            relevant: true,
        };
        let regions = regions(
            &[fold, exact],
            &ALL,
            Alphabet {
                fresh: "x",
                closed: false,
            },
        )
        .unwrap();
        assert!(regions.iter().any(|r| r.example == "A" && contains(&r.groups, 1)));
        assert!(
            regions
                .iter()
                .any(|r| r.example == "a" && !contains(&r.groups, 1))
        );
    }
}
