//! Subset and intersection of patterns, as walks over their automata.
//!
//! A pattern of *n* atoms is an automaton of *n + 1* states. Letters are the characters that
//! occur, the variables that occur, and *any other character*: where the inner pattern has a
//! wildcard, it is enough to follow that last letter, for whatever in the outer pattern takes an
//! unnamed character takes every character.

use rustc_hash::FxHashSet;

use super::Atom;

/// How many states a subset question may visit before it is answered `false`.
pub const MOST_STATES: usize = 20_000;

/// What the inner pattern puts out next.
#[derive(Clone, Copy)]
enum Letter {
    Char(char),
    Other,
    Variable(u32),
}

/// The states of one outer pattern that are alive, ascending.
type Alive = Vec<usize>;

/// Whether every text of `inner` is in one of `outers`; `false` past [`MOST_STATES`].
pub(super) fn is_subset_of_union(inner: &[Atom], outers: &[&[Atom]]) -> bool {
    let start: Vec<Alive> = outers.iter().map(|outer| closed(vec![0], outer)).collect();
    let mut seen = FxHashSet::default();
    let mut open = vec![(0, start)];
    while let Some((at, alive)) = open.pop() {
        if takes_all(&alive, outers) || !seen.insert((at, alive.clone())) {
            continue;
        }
        if seen.len() > MOST_STATES || alive.iter().all(Vec::is_empty) {
            // Every inner state can still end in a text, so none alive outside is a counterexample.
            return false;
        }
        match inner.get(at) {
            None => {
                if !alive
                    .iter()
                    .zip(outers)
                    .any(|(states, outer)| states.contains(&outer.len()))
                {
                    return false;
                }
            }
            Some(Atom::Char(c)) => open.push((at + 1, step(&alive, outers, Letter::Char(*c)))),
            Some(Atom::One) => open.push((at + 1, step(&alive, outers, Letter::Other))),
            Some(Atom::Variable(v)) => open.push((at + 1, step(&alive, outers, Letter::Variable(*v)))),
            Some(Atom::Many) => {
                open.push((at, step(&alive, outers, Letter::Other)));
                open.push((at + 1, alive));
            }
        }
    }
    true
}

fn step(alive: &[Alive], outers: &[&[Atom]], letter: Letter) -> Vec<Alive> {
    alive
        .iter()
        .zip(outers)
        .map(|(states, outer)| closed(after(states, outer, letter), outer))
        .collect()
}

/// The states that `letter` leads to, before following `*`.
fn after(states: &[usize], outer: &[Atom], letter: Letter) -> Alive {
    let to = |&state: &usize| match (outer.get(state)?, letter) {
        (Atom::Many, _) => Some(state),
        (Atom::One, Letter::Char(_) | Letter::Other) => Some(state + 1),
        (Atom::Char(own), Letter::Char(c)) if *own == c => Some(state + 1),
        (Atom::Variable(own), Letter::Variable(v)) if *own == v => Some(state + 1),
        _ => None,
    };
    states.iter().filter_map(to).collect()
}

/// Adds what `*` reaches by taking nothing; drops what stands before the last `*` reached, because
/// that `*` takes up all that the earlier states could still match.
fn closed(states: Alive, outer: &[Atom]) -> Alive {
    let is_star = |state: &usize| outer.get(*state) == Some(&Atom::Many);
    let mut all = states;
    let further: Vec<usize> = all.iter().filter(|s| is_star(s)).map(|s| s + 1).collect();
    all.extend(further);
    all.sort_unstable();
    all.dedup();
    if let Some(last) = all.iter().copied().filter(|s| is_star(s)).max() {
        all.retain(|state| *state >= last);
    }
    all
}

/// Whether some outer pattern now matches whatever follows.
fn takes_all(alive: &[Alive], outers: &[&[Atom]]) -> bool {
    alive.iter().zip(outers).any(|(states, outer)| {
        outer.last() == Some(&Atom::Many) && states.contains(&outer.len().saturating_sub(1))
    })
}

/// Whether some text is in both. A variable counts as any text.
pub(super) fn intersects(a: &[Atom], b: &[Atom]) -> bool {
    let width = b.len() + 1;
    let mut seen = vec![false; (a.len() + 1) * width];
    let mut open = vec![(0, 0)];
    while let Some((i, j)) = open.pop() {
        match seen.get_mut(i * width + j) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let (left, right) = (a.get(i), b.get(j));
        if left.is_none() && right.is_none() {
            return true;
        }
        if left.is_some_and(is_run) {
            open.push((i + 1, j));
        }
        if right.is_some_and(is_run) {
            open.push((i, j + 1));
        }
        let (Some(left), Some(right)) = (left, right) else {
            continue;
        };
        if let (Atom::Char(x), Atom::Char(y)) = (left, right)
            && x != y
        {
            continue;
        }
        open.push((i + usize::from(!is_run(left)), j + usize::from(!is_run(right))));
    }
    false
}

fn is_run(atom: &Atom) -> bool {
    matches!(atom, Atom::Many | Atom::Variable(_))
}
