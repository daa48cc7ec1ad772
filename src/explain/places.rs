//! What the variable parts of an ARN template stand for in a refused resource, so that templates of
//! other actions can be filled with the same.

use std::collections::BTreeMap;

/// The variable parts of templates and what they stand for: `${Region}` under its name, `{bucket}`
/// under its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    known: BTreeMap<String, String>,
}

/// A piece of a template.
enum Piece<'t> {
    Text(&'t str),
    /// `{name}` or `${Name}`.
    Place(&'t str),
    /// `*`.
    Any,
}

impl Places {
    /// The places of a template that match a resource, where it does. In a resource a `*` is plain
    /// text: what is filled with it is a pattern, as the resource itself is.
    ///
    /// A place takes as little as it can; the last one takes the rest. `${Account}` and `${Region}`
    /// take no `:`.
    pub fn bind(template: &str, resource: &str) -> Option<Self> {
        let mut known = Vec::new();
        matches(&pieces(template), resource, &mut known).then(|| Self {
            known: known
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    }

    /// What a place stands for.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(String::as_str)
    }

    /// Says what a place stands for, unless that is known.
    pub fn set_default(&mut self, name: &str, value: &str) {
        let own = self.known.entry(name.to_owned());
        own.or_insert_with(|| value.to_owned());
    }

    /// Takes over what another knows and this one does not.
    pub fn add(&mut self, other: &Self) {
        for (name, value) in &other.known {
            self.set_default(name, value);
        }
    }

    /// The template with its places filled; those that are not known become `*`.
    pub fn fill(&self, template: &str) -> String {
        let mut filled = String::with_capacity(template.len());
        for piece in pieces(template) {
            let part = match piece {
                Piece::Text(text) => text,
                Piece::Place(name) => self.get(name).unwrap_or("*"),
                Piece::Any => "*",
            };
            // `**` says no more than `*`.
            if !(part == "*" && filled.ends_with('*')) {
                filled.push_str(part);
            }
        }
        filled
    }
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '*']) {
        let (mut text, tail) = rest.split_at(at);
        if let Some(after) = tail.strip_prefix('*') {
            rest = after;
        } else if let Some((name, after)) = tail.get(1..).and_then(|tail| tail.split_once('}')) {
            text = text.strip_suffix('$').unwrap_or(text);
            if !text.is_empty() {
                found.push(Piece::Text(text));
            }
            found.push(Piece::Place(name));
            rest = after;
            continue;
        } else {
            break;
        }
        if !text.is_empty() {
            found.push(Piece::Text(text));
        }
        found.push(Piece::Any);
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    found
}

/// Whether the pieces match the whole text; places are noted on the way.
fn matches<'t>(pieces: &[Piece<'t>], text: &'t str, known: &mut Vec<(&'t str, &'t str)>) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return text.is_empty();
    };
    let (name, least) = match first {
        Piece::Text(own) => {
            return text
                .strip_prefix(own)
                .is_some_and(|tail| matches(rest, tail, known));
        }
        Piece::Any => (None, 0),
        // Global services leave region and account empty.
        Piece::Place(name) => (Some(*name), usize::from(name.chars().all(char::is_lowercase))),
    };
    if let Some((_, value)) = known.iter().find(|(own, _)| Some(*own) == name) {
        return text
            .strip_prefix(*value)
            .is_some_and(|tail| matches(rest, tail, known));
    }
    let one_part = name.is_some_and(|name| matches!(name, "Partition" | "Region" | "Account"));
    let ends = text
        .char_indices()
        .map(|(at, _)| at)
        .chain(std::iter::once(text.len()));
    // What follows starts with a known text more often than not: only ends before it are tried.
    let next = match rest.first() {
        Some(Piece::Text(next)) => Some(*next),
        _ => None,
    };
    for end in ends {
        let (value, tail) = text.split_at(end);
        if one_part && value.ends_with(':') {
            return false;
        }
        if end < least || next.is_some_and(|next| !tail.starts_with(next)) {
            continue;
        }
        if rest.is_empty() && end < text.len() {
            continue;
        }
        let before = known.len();
        known.extend(name.map(|name| (name, value)));
        if matches(rest, tail, known) {
            return true;
        }
        known.truncate(before);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_resource_binds_fills_other_templates() {
        let logs = "arn:${Partition}:logs:${Region}:${Account}:log-group:/aws/lambda/{function}:*";
        let asked = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/resize:log-stream:x";
        let places = Places::bind(logs, asked).unwrap();
        assert_eq!(places.get("function"), Some("resize"));
        assert_eq!(
            places.fill("arn:${Partition}:lambda:${Region}:${Account}:function:{function}"),
            "arn:aws:lambda:eu-west-1:111122223333:function:resize"
        );
        assert_eq!(
            places.fill("arn:${Partition}:sqs:${Region}:${Account}:{queue}"),
            "arn:aws:sqs:eu-west-1:111122223333:*"
        );
    }

    #[test]
    fn an_object_binds_its_bucket_up_to_the_first_slash() {
        let places = Places::bind("arn:${Partition}:s3:::{bucket}/*", "arn:aws:s3:::acme/a/b").unwrap();
        assert_eq!(places.fill("arn:${Partition}:s3:::{bucket}"), "arn:aws:s3:::acme");
        assert_eq!(
            Places::bind("arn:${Partition}:s3:::{bucket}/*", "arn:aws:s3:::acme"),
            None
        );
    }

    #[test]
    fn a_place_that_stands_twice_is_the_same_both_times() {
        let twice = "arn:${Partition}:x:::{a}/{a}";
        assert!(Places::bind(twice, "arn:aws:x:::b/b").is_some());
        assert!(Places::bind(twice, "arn:aws:x:::b/c").is_none());
    }

    #[test]
    fn a_wildcard_of_the_resource_stays_one() {
        let places = Places::bind(
            "arn:${Partition}:ec2:${Region}:${Account}:vpc/{vpc}",
            "arn:aws:ec2:eu-west-1:111122223333:vpc/*",
        );
        assert_eq!(places.unwrap().get("vpc"), Some("*"));
    }
}
