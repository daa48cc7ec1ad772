//! A second, independent account of what patterns mean: sets of texts as nondeterministic automata
//! over a small alphabet, compared by building every set of states that can be reached.

use std::collections::HashSet;

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// This character.
    Char(char),
    /// One character; `true`: a colon too.
    One(bool),
    /// Any run of characters; `true`: colons too.
    Many(bool),
}

/// A pattern as a list of steps; at most 63.
pub type Steps = Vec<Step>;

/// A pattern of a plain text.
pub fn plain(pattern: &str) -> Steps {
    steps(pattern, true)
}

fn steps(pattern: &str, colon: bool) -> Steps {
    pattern
        .chars()
        .map(|c| match c {
            '*' => Step::Many(colon),
            '?' => Step::One(colon),
            c => Step::Char(c),
        })
        .collect()
}

/// A resource pattern, over texts of six parts and more; `None` where it has no meaning.
pub fn resource(pattern: &str) -> Option<Steps> {
    let pattern = if pattern == "*" { "*:*:*:*:*:*" } else { pattern };
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let (last, head) = parts.split_last()?;
    if head.len() < 5 {
        return None;
    }
    let mut all = Vec::new();
    for part in head {
        all.extend(steps(part, false));
        all.push(Step::Char(':'));
    }
    all.extend(steps(last, true));
    Some(all)
}

/// Adds what the runs reach by taking nothing.
fn closed(mut states: u64, steps: &[Step]) -> u64 {
    for (at, step) in steps.iter().enumerate() {
        if states >> at & 1 == 1 && matches!(step, Step::Many(_)) {
            states |= 1 << (at + 1);
        }
    }
    states
}

fn after(states: u64, steps: &[Step], c: char) -> u64 {
    let mut next = 0;
    for (at, step) in steps.iter().enumerate() {
        if states >> at & 1 == 0 {
            continue;
        }
        match step {
            Step::Char(own) if *own == c => next |= 1 << (at + 1),
            Step::One(colon) if *colon || c != ':' => next |= 1 << (at + 1),
            Step::Many(colon) if *colon || c != ':' => next |= 1 << at,
            _ => {}
        }
    }
    closed(next, steps)
}

fn ends(states: u64, steps: &[Step]) -> bool {
    states >> steps.len() & 1 == 1
}

/// Whether `text` is in the set.
pub fn holds(steps: &[Step], text: &str) -> bool {
    let end = text
        .chars()
        .fold(closed(1, steps), |states, c| after(states, steps, c));
    ends(end, steps)
}

/// Looks at every combination of membership that some text has, and says whether one is wanted.
/// The alphabet must have each character of the patterns and one more.
pub fn some_text(sets: &[&[Step]], alphabet: &[char], wanted: impl Fn(&[bool]) -> bool) -> bool {
    let start: Vec<u64> = sets.iter().map(|steps| closed(1, steps)).collect();
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(states) = open.pop() {
        let members: Vec<bool> = states
            .iter()
            .zip(sets)
            .map(|(s, steps)| ends(*s, steps))
            .collect();
        if wanted(&members) {
            return true;
        }
        for c in alphabet {
            let next: Vec<u64> = states
                .iter()
                .zip(sets)
                .map(|(s, steps)| after(*s, steps, *c))
                .collect();
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    false
}

/// The plain recursive definition of a match.
pub fn by_definition(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&'*', rest)), _) => {
            by_definition(rest, text)
                || text
                    .split_first()
                    .is_some_and(|(_, tail)| by_definition(pattern, tail))
        }
        (Some((&'?', rest)), Some((_, tail))) => by_definition(rest, tail),
        (Some((own, rest)), Some((c, tail))) => own == c && by_definition(rest, tail),
        (Some(_), None) => false,
    }
}
