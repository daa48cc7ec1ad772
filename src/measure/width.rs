//! How many ARNs of a resource type a pattern takes, as powers of two.

use std::cell::OnceCell;

use action_catalog::Service;

use crate::arn::split_pattern;
use crate::pattern::{Atom, Pattern};
use crate::require::starred;

/// Bits of a wildcard in the region part.
pub(super) const REGION: u16 = 5;
/// Bits of a wildcard in the account part: about as many as there are ids of twelve digits.
pub(super) const ACCOUNT: u16 = 40;
/// Bits of a free name: eight characters of an alphabet of 64.
pub(super) const NAME: u16 = 48;
/// Bits of a `?`, and what a fixed character takes from a name.
const CHARACTER: u16 = 6;
/// A policy variable is a text of its own: it counts as this many fixed characters.
const VARIABLE: u16 = 8;

/// An ARN pattern without its partition: `arn:aws:…` and `arn:*:…` permit the same, since an account
/// lies in one partition (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
#[derive(Debug)]
pub(super) struct Parts {
    /// Service, region, account.
    pub(super) heads: [Pattern; 3],
    /// The resource part; policy variables are symbols.
    pub(super) last: Pattern,
    /// The resource part with `*` for each policy variable.
    pub(super) wide: Pattern,
}

impl Parts {
    /// Every ARN.
    pub(super) fn all() -> Self {
        let star = || Pattern::new("*");
        Self {
            heads: [star(), star(), star()],
            last: star(),
            wide: star(),
        }
    }

    /// `arn:${Partition}:s3:::${BucketName}` with `*` for its variables; `None` where it has not six parts.
    fn of_template(template: &str) -> Option<Self> {
        let form = starred(template);
        let [_, _, service, region, account, name] = split_pattern(&form)?;
        Some(Self {
            heads: [service, region, account].map(Pattern::new),
            last: Pattern::new(name),
            wide: Pattern::new(name),
        })
    }

    /// Whether some ARN is in both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let mut heads = self.heads.iter().zip(&other.heads);
        self.wide.intersects(&other.wide) && heads.all(|(a, b)| a.intersects(b))
    }

    /// Whether it takes every ARN.
    pub(super) fn is_all(&self) -> bool {
        self.last.is_all() && self.heads.iter().all(Pattern::is_all)
    }
}

/// The bits of a pattern on the ARNs of a resource type, part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Widths {
    pub(super) name: u16,
    pub(super) account: u16,
    pub(super) region: u16,
}

impl Widths {
    /// All parts together.
    pub(super) fn total(self) -> u16 {
        self.name + self.account + self.region
    }

    /// The narrower of both in each part: what two patterns can have in common.
    pub(super) fn min(self, other: Self) -> Self {
        Self {
            name: self.name.min(other.name),
            account: self.account.min(other.account),
            region: self.region.min(other.region),
        }
    }
}

/// A piece of a template's resource part.
#[derive(Debug, Clone, Copy)]
enum Piece {
    Char(char),
    /// A variable of so many bits. It does not hold the character that follows it in the template.
    Free {
        bits: u16,
        stop: Option<char>,
    },
}

/// An ARN template of a resource type.
#[derive(Debug)]
pub(super) struct Template {
    /// With `*` for its variables.
    pub(super) parts: Parts,
    /// The bits of all its ARNs.
    pub(super) full: Widths,
    pieces: Vec<Piece>,
    /// Whether a variable at the end stops at a `/`, because what follows is another type's
    /// (`bucket/key` is no bucket).
    closed: OnceCell<bool>,
}

impl Template {
    /// As [`Parts::of_template`].
    pub(super) fn new(template: &str) -> Option<Self> {
        let parts = Parts::of_template(template)?;
        let [_, region, account] = &parts.heads;
        let (regions, accounts) = (kept(region, REGION), kept(account, ACCOUNT));
        // Where an ARN has no region or account, the name alone tells the resource from all others.
        let pieces = pieces(
            parts.last.atoms(),
            NAME + (REGION - regions) + (ACCOUNT - accounts),
        );
        let free = pieces.iter().map(|piece| match piece {
            Piece::Free { bits, .. } => *bits,
            Piece::Char(_) => 0,
        });
        Some(Self {
            full: Widths {
                name: free.sum(),
                account: accounts,
                region: regions,
            },
            parts,
            pieces,
            closed: OnceCell::new(),
        })
    }

    /// The bits of what the pattern takes of its ARNs; `None` where it takes none. A subset of a
    /// pattern never has more in any part.
    pub(super) fn taken(&self, pattern: &Parts, service: &Service) -> Option<Widths> {
        let mut heads = pattern.heads.iter().zip(&self.parts.heads);
        if !heads.all(|(own, part)| own.intersects(part)) {
            return None;
        }
        let [_, region, account] = &pattern.heads;
        let name = if pattern.last.is_all() {
            self.full.name
        } else if pattern.wide.intersects(&self.parts.last) {
            self.name(pattern.last.atoms(), service)?
        } else {
            return None;
        };
        Some(Widths {
            name,
            account: kept(account, self.full.account),
            region: kept(region, self.full.region),
        })
    }

    /// The most bits over all ways to lay the pattern along the template.
    fn name(&self, atoms: &[Atom], service: &Service) -> Option<u16> {
        let closed = *self.closed.get_or_init(|| has_closer(service, &self.parts));
        let mut rest: Vec<Option<u16>> = (0..=atoms.len()).map(|from| nothing_more(atoms, from)).collect();
        for (at, piece) in self.pieces.iter().enumerate().rev() {
            rest = match *piece {
                Piece::Char(c) => along_char(atoms, c, &rest),
                Piece::Free { bits, stop } => {
                    let end = closed && at + 1 == self.pieces.len();
                    along_free(atoms, bits, if end { Some('/') } else { stop }, &rest)
                }
            };
        }
        rest.first().copied().flatten()
    }
}

/// What a wildcard in a part counts, where there is one.
fn kept(part: &Pattern, bits: u16) -> u16 {
    if part.as_exact().is_none() { bits } else { 0 }
}

/// The pieces of a template's resource part; `bits` are shared out among its variables.
fn pieces(atoms: &[Atom], bits: u16) -> Vec<Piece> {
    let all = atoms.iter().filter(|atom| **atom == Atom::Many).count();
    let all = u16::try_from(all).unwrap_or(u16::MAX).max(1);
    let (share, mut more) = (bits / all, bits % all);
    let follows = atoms.iter().skip(1).map(Some).chain([None]);
    let pieces = atoms.iter().zip(follows).map(|(atom, next)| match (atom, next) {
        (Atom::Char(c), _) => Piece::Char(*c),
        (_, next) => {
            let one = u16::from(more > 0);
            more -= one;
            let stop = next.and_then(|next| if let Atom::Char(c) = next { Some(*c) } else { None });
            Piece::Free {
                bits: share + one,
                stop,
            }
        }
    });
    pieces.collect()
}

/// Whether a type of the service describes some of the template's ARNs closer, by a further `/`.
fn has_closer(service: &Service, own: &Parts) -> bool {
    let slashes = own.last.atoms().iter().filter(|atom| **atom == Atom::Char('/'));
    let slashes = slashes.count();
    let within = |other: &Parts| {
        let mut heads = other.heads.iter().zip(&own.heads);
        other.last.is_subset(&own.last) && heads.all(|(other, own)| other.is_subset(own))
    };
    let arns = service.resource_types.iter().flat_map(|kind| &kind.arns);
    // Counted in the text first: to compile every pattern for every other would take long.
    arns.filter(|arn| arn.bytes().filter(|byte| *byte == b'/').count() > slashes)
        .filter_map(|arn| Parts::of_template(arn))
        .any(|other| within(&other))
}

fn nothing_more(atoms: &[Atom], from: usize) -> Option<u16> {
    let mut rest = atoms.iter().skip(from);
    rest.all(|atom| matches!(atom, Atom::Many | Atom::Variable(_)))
        .then_some(0)
}

/// `rest`: the most bits from each atom on, behind this piece. The answer is the same before it.
fn along_char(atoms: &[Atom], c: char, rest: &[Option<u16>]) -> Vec<Option<u16>> {
    let behind = |at: usize| rest.get(at).copied().flatten();
    let mut found = vec![None];
    for (at, atom) in atoms.iter().enumerate().rev() {
        let skipped: Option<u16> = found.last().copied().flatten();
        found.push(match atom {
            Atom::Char(own) if *own == c => behind(at + 1),
            Atom::Char(_) => None,
            Atom::One => behind(at + 1),
            Atom::Many | Atom::Variable(_) => behind(at).max(skipped),
        });
    }
    found.reverse();
    found
}

/// As [`along_char`], for a variable of the template: it takes at least one character.
fn along_free(atoms: &[Atom], bits: u16, stop: Option<char>, rest: &[Option<u16>]) -> Vec<Option<u16>> {
    let from = |start: usize| {
        let mut best = None;
        let mut run = Run::default();
        for (end, behind) in rest.iter().enumerate().skip(start) {
            let atom = atoms.get(end).copied();
            // A wildcard can reach over the end of the variable.
            let whole = match atom {
                Some(Atom::Many | Atom::Variable(_)) => run.and(atom),
                _ => run,
            };
            best = best.max(behind.and_then(|behind| Some(behind + whole.bits(bits)?)));
            if atom.is_some() && atom == stop.map(Atom::Char) {
                break;
            }
            run = run.and(atom);
        }
        best
    };
    (0..=atoms.len()).map(from).collect()
}

/// The atoms that stand in one variable of a template.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    fixed: u16,
    ones: u16,
    many: bool,
}

impl Run {
    fn and(mut self, atom: Option<Atom>) -> Self {
        match atom {
            Some(Atom::Char(_)) => self.fixed = self.fixed.saturating_add(1),
            Some(Atom::One) => self.ones = self.ones.saturating_add(1),
            Some(Atom::Many) => self.many = true,
            Some(Atom::Variable(_)) => self.fixed = self.fixed.saturating_add(VARIABLE),
            None => {}
        }
        self
    }

    /// Of a variable of `all` bits: each fixed character takes some, down to half of them.
    fn bits(self, all: u16) -> Option<u16> {
        let most = all
            .saturating_sub(self.fixed.saturating_mul(CHARACTER))
            .max(all / 2);
        if self.many {
            return Some(most);
        }
        (self.fixed > 0 || self.ones > 0).then(|| most.min(self.ones.saturating_mul(CHARACTER)))
    }
}

#[cfg(test)]
#[path = "width_tests.rs"]
mod tests;
