//! IAM wildcards: `*` stands for any run of characters, `?` for exactly one.
//!
//! Three exact questions, none of them sampled: does a text match, is one pattern's language a
//! subset of another's, do two patterns share a text. Resource patterns are matched part by part,
//! as IAM does: the wildcard of one ARN part does not cross into the next
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>).
//!
//! The functions on texts compile their patterns each time (but for the question whether one text matches);
//! who asks often keeps a [`Pattern`] or a [`ResourcePattern`].

mod automaton;
pub(crate) mod joint;
mod resource;

pub use resource::{
    ResourcePattern, resource_intersects, resource_is_subset, resource_is_subset_of_union, resource_matches,
};

/// Whether `text` matches `pattern`, case-sensitively.
pub fn matches(pattern: &str, text: &str) -> bool {
    matches_as_written(pattern, text, false)
}

/// Whether `text` matches `pattern`, ASCII case folded: how actions and condition key names match.
pub fn matches_ignore_case(pattern: &str, text: &str) -> bool {
    matches_as_written(pattern, text, true)
}

/// Nothing is compiled for a single question: most are settled by the first characters.
fn matches_as_written(pattern: &str, text: &str, fold: bool) -> bool {
    general_match(pattern.chars().map(atom_of), text, fold)
}

/// Whether every text that `inner` matches is matched by `outer`. Exact; see
/// [`Pattern::is_subset_of_union`] for the one limit there is.
pub fn is_subset(inner: &str, outer: &str) -> bool {
    Pattern::new(inner).is_subset(&Pattern::new(outer))
}

/// [`is_subset`] over ASCII-case-folded patterns (actions).
pub fn is_subset_ignore_case(inner: &str, outer: &str) -> bool {
    Pattern::ignoring_case(inner).is_subset(&Pattern::ignoring_case(outer))
}

/// Whether some text matches both. Exact.
pub fn intersects(a: &str, b: &str) -> bool {
    Pattern::new(a).intersects(&Pattern::new(b))
}

/// [`intersects`] over ASCII-case-folded patterns (actions).
pub fn intersects_ignore_case(a: &str, b: &str) -> bool {
    Pattern::ignoring_case(a).intersects(&Pattern::ignoring_case(b))
}

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// This character and no other: also a `*` that came out of a variable's value.
    Char(char),
    /// `?`: one character.
    One,
    /// `*`: any run of characters, none included.
    Many,
    /// A policy variable whose value is not known, by number: the same number is the same value.
    /// Only the proof uses it; no text matches it.
    Variable(u32),
}

/// Appends the atoms of a pattern as a policy writes it.
pub(crate) fn push_wild(text: &str, atoms: &mut Vec<Atom>) {
    atoms.extend(text.chars().map(atom_of));
}

fn atom_of(c: char) -> Atom {
    match c {
        '*' => Atom::Many,
        '?' => Atom::One,
        c => Atom::Char(c),
    }
}

/// Appends a text whose `*` and `?` are plain characters.
pub(crate) fn push_literal(text: &str, atoms: &mut Vec<Atom>) {
    atoms.extend(text.chars().map(Atom::Char));
}

/// What a pattern comes down to, for the quick ways of answering.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Shape {
    /// No wildcard.
    Exact(Box<str>),
    /// `*`.
    All,
    /// A text and then `*`.
    Prefix(Box<str>),
    /// Anything else.
    General,
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    atoms: Box<[Atom]>,
    shape: Shape,
    fold: bool,
}

impl Pattern {
    /// Compiles a case-sensitive pattern.
    pub fn new(text: &str) -> Self {
        let mut atoms = Vec::with_capacity(text.len());
        push_wild(text, &mut atoms);
        Self::from_atoms(atoms, false)
    }

    /// Compiles a pattern that does not distinguish ASCII case.
    pub fn ignoring_case(text: &str) -> Self {
        let mut atoms = Vec::with_capacity(text.len());
        push_wild(text, &mut atoms);
        Self::from_atoms(atoms, true)
    }

    /// A pattern of atoms; `fold` as in [`Pattern::ignoring_case`].
    pub fn from_atoms(atoms: Vec<Atom>, fold: bool) -> Self {
        let atoms = normal_form(atoms, fold);
        let shape = shape_of(&atoms);
        Self {
            atoms: atoms.into_boxed_slice(),
            shape,
            fold,
        }
    }

    /// Its atoms, in normal form: within a run of wildcards the `?` come first, then at most one
    /// `*`; lower case where case does not count.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// The one text it matches, where it has no wildcard (lower case where case does not count).
    pub fn as_exact(&self) -> Option<&str> {
        match &self.shape {
            Shape::Exact(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it matches every text.
    pub fn is_all(&self) -> bool {
        self.shape == Shape::All
    }

    /// Whether `text` matches. Time: at most the product of the lengths.
    pub fn matches(&self, text: &str) -> bool {
        match (&self.shape, self.fold) {
            (Shape::All, _) => true,
            (Shape::Exact(exact), false) => **exact == *text,
            (Shape::Exact(exact), true) => exact.eq_ignore_ascii_case(text),
            (Shape::Prefix(prefix), false) => text.starts_with(&**prefix),
            (Shape::Prefix(prefix), true) => text
                .as_bytes()
                .get(..prefix.len())
                .is_some_and(|t| t.eq_ignore_ascii_case(prefix.as_bytes())),
            (Shape::General, fold) => general_match(self.atoms.iter().copied(), text, fold),
        }
    }

    /// Whether every text that `self` matches is matched by `outer`. Exact, see
    /// [`Pattern::is_subset_of_union`].
    pub fn is_subset(&self, outer: &Self) -> bool {
        self.is_subset_quick(outer)
            .unwrap_or_else(|| automaton::is_subset_of_union(&self.atoms, &[&*outer.atoms]))
    }

    /// Whether every text that `self` matches is matched by one or the other of `outers`.
    ///
    /// Exact, but for a limit on the work: a question that would visit more than
    /// [`MOST_STATES`] states is answered `false`. Only patterns with dozens of `?` behind several
    /// `*` get there, and `false` is the side on which nothing is granted or proved.
    pub fn is_subset_of_union(&self, outers: &[&Self]) -> bool {
        if outers
            .iter()
            .any(|outer| self.is_subset_quick(outer) == Some(true))
        {
            return true;
        }
        let near: Vec<&[Atom]> = outers
            .iter()
            .filter(|outer| self.intersects(outer))
            .map(|outer| &*outer.atoms)
            .collect();
        !near.is_empty() && automaton::is_subset_of_union(&self.atoms, &near)
    }

    /// The answers that need no automaton.
    fn is_subset_quick(&self, outer: &Self) -> Option<bool> {
        if outer.is_all() || self.atoms == outer.atoms {
            return Some(true);
        }
        match (&self.shape, &outer.shape) {
            (Shape::Exact(text), _) => Some(outer.matches(text)),
            // A wildcard stands for more than one text. A variable may stand for one alone.
            (Shape::All | Shape::Prefix(_), Shape::Exact(_)) => Some(false),
            (Shape::All, Shape::Prefix(_)) => Some(false),
            (Shape::Prefix(inner), Shape::Prefix(prefix)) => Some(inner.starts_with(&**prefix)),
            _ => None,
        }
    }

    /// Whether some text matches both. Exact. Time: the product of the lengths.
    pub fn intersects(&self, other: &Self) -> bool {
        match (&self.shape, &other.shape) {
            (Shape::All, _) | (_, Shape::All) => true,
            (Shape::Exact(text), _) => other.matches(text),
            (_, Shape::Exact(text)) => self.matches(text),
            (Shape::Prefix(a), Shape::Prefix(b)) => a.starts_with(&**b) || b.starts_with(&**a),
            _ => automaton::intersects(&self.atoms, &other.atoms),
        }
    }
}

/// Whether `text` matches atoms, as they would as a [`Pattern`], for who has them only once.
pub(crate) fn atoms_match(atoms: &[Atom], text: &str, fold: bool) -> bool {
    general_match(atoms.iter().copied(), text, fold)
}

pub use automaton::MOST_STATES;

/// Lower case if asked for; `?` before `*` within a run of wildcards, and one `*` for many.
fn normal_form(atoms: Vec<Atom>, fold: bool) -> Vec<Atom> {
    let mut out = Vec::with_capacity(atoms.len());
    let mut star = false;
    for atom in atoms {
        match atom {
            Atom::Many => {
                star = true;
                continue;
            }
            Atom::One => {}
            Atom::Char(_) | Atom::Variable(_) => {
                if std::mem::take(&mut star) {
                    out.push(Atom::Many);
                }
            }
        }
        out.push(match atom {
            Atom::Char(c) if fold => Atom::Char(c.to_ascii_lowercase()),
            other => other,
        });
    }
    if star {
        out.push(Atom::Many);
    }
    out
}

fn shape_of(atoms: &[Atom]) -> Shape {
    let text: String = atoms
        .iter()
        .map_while(|atom| if let Atom::Char(c) = atom { Some(*c) } else { None })
        .collect();
    let wild = atoms.len() - text.chars().count();
    match (wild, atoms.last()) {
        (0, _) => Shape::Exact(text.into_boxed_str()),
        (1, Some(Atom::Many)) if text.is_empty() => Shape::All,
        (1, Some(Atom::Many)) => Shape::Prefix(text.into_boxed_str()),
        _ => Shape::General,
    }
}

/// Goes through the text once, and back to the last `*` on a mismatch: no earlier `*` needs to be
/// tried again, because the last can take up all that they could.
fn general_match(atoms: impl Iterator<Item = Atom> + Clone, text: &str, fold: bool) -> bool {
    let mut pattern = atoms;
    let mut rest = text.chars();
    let mut retry = None;
    loop {
        let mut ahead = pattern.clone();
        match ahead.next() {
            Some(Atom::Many) => {
                pattern = ahead;
                retry = Some((pattern.clone(), rest.clone()));
                continue;
            }
            Some(atom) => {
                let mut after = rest.clone();
                if after.next().is_some_and(|c| accepts(atom, c, fold)) {
                    (pattern, rest) = (ahead, after);
                    continue;
                }
            }
            None if rest.as_str().is_empty() => return true,
            None => {}
        }
        let Some((from, start)) = retry.as_mut() else {
            return false;
        };
        if start.next().is_none() {
            return false;
        }
        (pattern, rest) = (from.clone(), start.clone());
    }
}

fn accepts(atom: Atom, c: char, fold: bool) -> bool {
    match atom {
        Atom::Char(own) if fold => own.eq_ignore_ascii_case(&c),
        Atom::Char(own) => own == c,
        Atom::One | Atom::Many => true,
        Atom::Variable(_) => false,
    }
}

#[cfg(test)]
mod tests;
