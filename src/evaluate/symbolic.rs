//! Resource entries with policy variables, as patterns: the same variable is the same symbol, or any
//! text.

use rustc_hash::FxHashMap;

use super::variables;
use crate::pattern::{Atom, Pattern, ResourcePattern, push_wild};
use crate::policy::Version;

/// A resource entry: with its variables as symbols, and with `*` in their place.
pub(crate) struct Resource {
    pub(crate) symbolic: ResourcePattern,
    pub(crate) widened: ResourcePattern,
}

/// Variables by number: the same variable is the same text wherever it stands.
#[derive(Default)]
pub(crate) struct Variables(FxHashMap<variables::Piece, u32>);

impl Variables {
    fn number(&mut self, piece: variables::Piece) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(piece).or_insert(next)
    }
}

/// The entry as patterns. One that is not documented equals the same text under the same version, and
/// nothing else.
pub(crate) fn resource(text: &str, version: Version, variables: &mut Variables) -> Resource {
    if version == Version::V2008 || !text.contains("${") {
        let symbolic = ResourcePattern::new(text);
        return Resource {
            widened: symbolic.clone(),
            symbolic,
        };
    }
    symbolic_resource(text, version, variables).unwrap_or_else(|| {
        // Not documented: equal to the same text under the same version, and to nothing else.
        let unusual = ResourcePattern::Unusual(format!("{version:?} {text}").into());
        Resource {
            symbolic: unusual.clone(),
            widened: unusual,
        }
    })
}

pub(super) fn symbolic_resource(text: &str, version: Version, variables: &mut Variables) -> Option<Resource> {
    let [head @ .., last] = variables::split_parts(text, version)?;
    if head.iter().any(|part| part.contains("${")) {
        return None;
    }
    let (mut symbols, mut wide) = (Vec::new(), Vec::new());
    for piece in variables::pieces(last, version)? {
        match piece {
            variables::Piece::Written(text) => {
                push_wild(&text, &mut symbols);
                push_wild(&text, &mut wide);
            }
            variables::Piece::Plain(c) => {
                symbols.push(Atom::Char(c));
                wide.push(Atom::Char(c));
            }
            variable @ variables::Piece::Variable { .. } => {
                symbols.push(Atom::Variable(variables.number(variable)));
                wide.push(Atom::Many);
            }
        }
    }
    let [a, b, c, d, e] = head;
    let whole = |last: Vec<Atom>| {
        let [a, b, c, d, e] = [a, b, c, d, e].map(Pattern::new);
        ResourcePattern::Parts(Box::new([a, b, c, d, e, Pattern::from_atoms(last, false)]))
    };
    Some(Resource {
        symbolic: whole(symbols),
        widened: whole(wide),
    })
}
