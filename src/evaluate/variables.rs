//! Policy variables: `${aws:username}`, `${key, 'default'}`, `${*}`
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).
//!
//! Only version 2012-10-17 of the language has them; before, the text is what it says. What comes
//! out of a variable is plain text: a `*` in it is no wildcard.

use std::borrow::Cow;

use super::{Context, Lookup};
use crate::pattern::{Atom, Pattern, push_literal, push_wild};
use crate::policy::Version;

/// A part of a text that may hold variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// As written; wildcards count where the place takes them.
    Written(String),
    /// A character that stands for itself: out of `${*}`, `${?}`, `${$}`.
    Plain(char),
    /// A variable.
    Variable {
        /// The key, in lower case.
        key: String,
        /// What stands in where the key has no value.
        default: Option<String>,
    },
}

/// Takes a text apart; `None` where a `${` is not a variable that AWS documents. Under
/// [`Version::V2008`] all is one written piece.
pub fn pieces(text: &str, version: Version) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while version == Version::V2012
        && let Some((before, after)) = rest.split_once("${")
    {
        if !before.is_empty() {
            pieces.push(Piece::Written(before.to_owned()));
        }
        let (piece, after) = variable(after)?;
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Written(rest.to_owned()));
    }
    Some(pieces)
}

/// Whether the global key (in lower case) carries several values: such a key is no variable
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
pub(super) fn is_multivalued(key: &str) -> bool {
    const KEYS: [&str; 5] = [
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:tagkeys",
    ];
    KEYS.contains(&key)
}

/// One variable, from behind its `${`, and what follows its `}`.
fn variable(text: &str) -> Option<(Piece, &str)> {
    let end = text.find(['}', ','])?;
    let (name, rest) = text.split_at_checked(end)?;
    let mut chars = name.chars();
    if let (Some(c @ ('*' | '?' | '$')), None) = (chars.next(), chars.next()) {
        return Some((Piece::Plain(c), rest.strip_prefix('}')?));
    }
    let key = name.to_ascii_lowercase();
    let spaced = key.trim() != key;
    if key.is_empty() || spaced || is_multivalued(&key) || key.contains(['$', '{', '\'', '*', '?']) {
        return None;
    }
    if let Some(after) = rest.strip_prefix('}') {
        return Some((Piece::Variable { key, default: None }, after));
    }
    let (default, after) = rest
        .strip_prefix(',')?
        .trim_start()
        .strip_prefix('\'')?
        .split_once('\'')?;
    // Whether a wildcard works in a default is not documented.
    if default.contains(['*', '?', '$']) {
        return None;
    }
    let default = Some(default.to_owned());
    Some((
        Piece::Variable { key, default },
        after.trim_start().strip_prefix('}')?,
    ))
}

/// Splits an ARN pattern on its first five colons, those within a variable aside; `None` where
/// there are fewer than six parts.
pub(super) fn split_parts(text: &str, version: Version) -> Option<[&str; 6]> {
    if version == Version::V2008 || !text.contains("${") {
        return crate::arn::split_pattern(text);
    }
    let mut parts = [""; 6];
    let mut rest = text;
    let (last, first) = parts.split_last_mut()?;
    for part in first {
        let end = colon_outside_variables(rest)?;
        (*part, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
    }
    *last = rest;
    Some(parts)
}

fn colon_outside_variables(text: &str) -> Option<usize> {
    let mut inside = false;
    let mut last = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if last == '$' => inside = true,
            '}' => inside = false,
            ':' if !inside => return Some(at),
            _ => {}
        }
        last = c;
    }
    None
}

/// How a text compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// Character by character.
    Exact,
    /// The same, ASCII case folded.
    IgnoringCase,
    /// With wildcards.
    Like,
}

/// A text of a policy, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    /// Without variables.
    Fixed(Pattern),
    /// With variables: made anew for each request.
    Template(Vec<Piece>, Mode),
    /// A `${` that is not documented.
    Undocumented,
}

/// A text for one request.
pub(super) enum Resolved<'t> {
    /// What it matches. The keys are those whose value is not known: the pattern has a `*` in
    /// their place, so that it matches too much, never too little.
    Pattern(Cow<'t, Pattern>, Vec<String>),
    /// A variable has no value and no default: nothing matches.
    NoValue,
    /// Not documented.
    Undocumented,
}

impl Text {
    pub(super) fn new(text: &str, version: Version, mode: Mode) -> Self {
        match pieces(text, version) {
            None => Self::Undocumented,
            Some(pieces) if pieces.iter().any(|p| matches!(p, Piece::Variable { .. })) => {
                Self::Template(pieces, mode)
            }
            Some(pieces) => {
                let mut atoms = Vec::with_capacity(text.len());
                pieces
                    .iter()
                    .for_each(|piece| push_piece(piece, mode, &mut atoms));
                Self::Fixed(pattern(atoms, mode))
            }
        }
    }

    pub(super) fn resolve(&self, context: &Context) -> Resolved<'_> {
        let (pieces, mode) = match self {
            Self::Fixed(pattern) => return Resolved::Pattern(Cow::Borrowed(pattern), Vec::new()),
            Self::Undocumented => return Resolved::Undocumented,
            Self::Template(pieces, mode) => (pieces, *mode),
        };
        let (mut atoms, mut missing) = (Vec::new(), Vec::new());
        for piece in pieces {
            let Piece::Variable { key, default } = piece else {
                push_piece(piece, mode, &mut atoms);
                continue;
            };
            match (context.get_lower(key), default) {
                (Lookup::Values(values), _) if values.len() == 1 && values.iter().all(|v| !v.is_empty()) => {
                    values.iter().for_each(|value| push_literal(value, &mut atoms));
                }
                (Lookup::Values(values), None) if values.is_empty() => return Resolved::NoValue,
                (Lookup::Absent, None) => return Resolved::NoValue,
                (Lookup::Absent, Some(default)) => push_literal(default, &mut atoms),
                // Not recorded; or several values or an empty one, for which AWS gives no rule.
                _ => {
                    atoms.push(Atom::Many);
                    missing.push(key.clone());
                }
            }
        }
        Resolved::Pattern(Cow::Owned(pattern(atoms, mode)), missing)
    }
}

fn push_piece(piece: &Piece, mode: Mode, atoms: &mut Vec<Atom>) {
    match piece {
        Piece::Written(text) if mode == Mode::Like => push_wild(text, atoms),
        Piece::Written(text) => push_literal(text, atoms),
        Piece::Plain(c) => atoms.push(Atom::Char(*c)),
        Piece::Variable { .. } => {}
    }
}

fn pattern(atoms: Vec<Atom>, mode: Mode) -> Pattern {
    Pattern::from_atoms(atoms, mode == Mode::IgnoringCase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Piece {
        Piece::Written(text.into())
    }

    fn variable(key: &str, default: Option<&str>) -> Piece {
        Piece::Variable {
            key: key.into(),
            default: default.map(Into::into),
        }
    }

    #[test]
    fn texts_are_taken_apart() {
        let parse = |text| pieces(text, Version::V2012);
        assert_eq!(parse("a/*"), Some(vec![written("a/*")]));
        assert_eq!(parse(""), Some(vec![written("")]));
        assert_eq!(
            parse("x${aws:UserName}/${*}${?}${$}"),
            Some(vec![
                written("x"),
                variable("aws:username", None),
                written("/"),
                Piece::Plain('*'),
                Piece::Plain('?'),
                Piece::Plain('$')
            ])
        );
        let tagged = parse("${aws:PrincipalTag/team, 'all of us'}-x");
        assert_eq!(
            tagged,
            Some(vec![
                variable("aws:principaltag/team", Some("all of us")),
                written("-x")
            ])
        );
        assert_eq!(parse("$a {b} $"), Some(vec![written("$a {b} $")]));
    }

    #[test]
    fn what_is_not_documented_is_not_guessed() {
        for text in [
            "${",
            "${}",
            "${a",
            "${a,b}",
            "${a, 'b}",
            "${a, 'b'",
            "${${a}}",
            "${a*}",
            "${a, '*'}",
        ] {
            assert_eq!(pieces(text, Version::V2012), None, "{text}");
        }
    }

    #[test]
    fn the_old_version_has_no_variables() {
        assert_eq!(
            pieces("${aws:username}/*", Version::V2008),
            Some(vec![written("${aws:username}/*")])
        );
    }

    #[test]
    fn values_are_plain_text() {
        let text = Text::new("home/${aws:username}/*", Version::V2012, Mode::Like);
        let mut context = Context::default();
        context.set("AWS:UserName", Lookup::Values(vec!["a*".into()]));
        let Resolved::Pattern(pattern, missing) = text.resolve(&context) else {
            panic!()
        };
        assert!(missing.is_empty());
        assert!(pattern.matches("home/a*/x") && !pattern.matches("home/abc/x"));

        let Resolved::Pattern(pattern, missing) = text.resolve(&Context::default()) else {
            panic!()
        };
        assert_eq!(missing, ["aws:username"]);
        assert!(pattern.matches("home/b/x") && !pattern.matches("house/b/x"));

        context.set("aws:username", Lookup::Absent);
        assert!(matches!(text.resolve(&context), Resolved::NoValue));
    }

    #[test]
    fn colons_within_a_variable_do_not_split() {
        let parts = split_parts("arn:aws:s3:::${aws:username}:x/*", Version::V2012).unwrap();
        assert_eq!(parts, ["arn", "aws", "s3", "", "", "${aws:username}:x/*"]);
        let parts = split_parts("arn:aws:iam::${aws:PrincipalAccount}:role/x", Version::V2012).unwrap();
        assert_eq!(parts[4], "${aws:PrincipalAccount}");
        assert_eq!(split_parts("arn:aws:s3::${aws:username}", Version::V2012), None);
        let old = split_parts("arn:aws:iam::${aws:PrincipalAccount}:role/x", Version::V2008).unwrap();
        assert_eq!(old[4], "${aws");
    }
}
