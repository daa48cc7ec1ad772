//! Policy variables: `${aws:username}`, `${key, 'default'}`, `${*}`
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).
//!
//! Only version 2012-10-17 of the language has them; before, the text is what it says. What comes
//! out of a variable is plain text: a `*` in it is no wildcard.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{Context, Lookup, Truth};
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
    Template(Template),
    /// A `${` that is not documented.
    Undocumented,
}

/// A text with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// With the place in `variables` for each.
    atoms: Vec<Atom>,
    /// Keys in lower case, and what stands in where the key has no value.
    variables: Vec<(String, Option<String>)>,
    fold: bool,
    /// With `*` for each variable: what this does not match, no values do.
    widened: Pattern,
}

/// The atoms of a template for one request; seldom more than fit here.
type Atoms = SmallVec<[Atom; 64]>;

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
        let Some(pieces) = pieces(text, version) else {
            return Self::Undocumented;
        };
        let (mut atoms, mut variables) = (Vec::with_capacity(text.len()), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Written(text) if mode == Mode::Like => push_wild(&text, &mut atoms),
                Piece::Written(text) => push_literal(&text, &mut atoms),
                Piece::Plain(c) => atoms.push(Atom::Char(c)),
                Piece::Variable { key, default } => {
                    atoms.push(Atom::Variable(u32::try_from(variables.len()).unwrap_or(u32::MAX)));
                    variables.push((key, default));
                }
            }
        }
        let fold = mode == Mode::IgnoringCase;
        if variables.is_empty() {
            return Self::Fixed(Pattern::from_atoms(atoms, fold));
        }
        let wide = |atom: &Atom| match atom {
            Atom::Variable(_) => Atom::Many,
            other => *other,
        };
        Self::Template(Template {
            widened: Pattern::from_atoms(atoms.iter().map(wide).collect(), fold),
            atoms,
            variables,
            fold,
        })
    }

    pub(super) fn resolve(&self, context: &Context) -> Resolved<'_> {
        match self {
            Self::Fixed(pattern) => Resolved::Pattern(Cow::Borrowed(pattern), Vec::new()),
            Self::Undocumented => Resolved::Undocumented,
            Self::Template(template) => {
                let mut missing = Vec::new();
                let atoms = template.atoms(context, &mut missing);
                atoms.map_or(Resolved::NoValue, |atoms| {
                    let pattern = Pattern::from_atoms(atoms.into_vec(), template.fold);
                    Resolved::Pattern(Cow::Owned(pattern), missing)
                })
            }
        }
    }

    /// Whether the text matches. `missing` collects the keys without whose value that is not known.
    pub(super) fn matches(&self, text: &str, context: &Context, missing: &mut Vec<String>) -> Truth {
        match self {
            Self::Fixed(pattern) => pattern.matches(text).into(),
            Self::Undocumented => Truth::Unknown,
            Self::Template(template) => template.matches(text, context, missing),
        }
    }

    /// Whether the text matches for some values of the variables.
    pub(super) fn may_match(&self, text: &str) -> bool {
        match self {
            Self::Fixed(pattern) => pattern.matches(text),
            Self::Undocumented => true,
            Self::Template(template) => template.widened.matches(text),
        }
    }
}

impl Template {
    fn matches(&self, text: &str, context: &Context, missing: &mut Vec<String>) -> Truth {
        if !self.widened.matches(text) {
            return Truth::False;
        }
        let mut unknown = Vec::new();
        match self.atoms(context, &mut unknown) {
            Some(atoms) if crate::pattern::atoms_match(&atoms, text, self.fold) => {
                if unknown.is_empty() {
                    return Truth::True;
                }
                missing.append(&mut unknown);
                Truth::Unknown
            }
            _ => Truth::False,
        }
    }

    /// The atoms for a request, a `*` in place of each key that is `missing`; `None` where a variable
    /// has no value.
    fn atoms(&self, context: &Context, missing: &mut Vec<String>) -> Option<Atoms> {
        let mut atoms = Atoms::new();
        for atom in &self.atoms {
            let Atom::Variable(number) = atom else {
                atoms.push(*atom);
                continue;
            };
            let (key, default) = self.variables.get(*number as usize)?;
            let value = match (context.get_lower(key), default) {
                (Lookup::Values(values), None) if values.is_empty() => return None,
                (Lookup::Values(values), _) => match values.as_slice() {
                    [value] if !value.is_empty() => Some(value),
                    // Several values or an empty one, for which AWS gives no rule.
                    _ => None,
                },
                (Lookup::Absent, default) => Some(default.as_ref()?),
                (Lookup::Unknown, _) => None,
            };
            if let Some(value) = value {
                atoms.extend(value.chars().map(Atom::Char));
            } else {
                atoms.push(Atom::Many);
                missing.push(key.clone());
            }
        }
        Some(atoms)
    }
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
