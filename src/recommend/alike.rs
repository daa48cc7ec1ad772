//! Names that are alike but for one thing: a region, a version, one part of a path. What is wider than the
//! names is shown by a name that was not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::resources::{Groups, Rule, replace};
use crate::pattern;

/// A part of a name that may vary, and the pattern for it.
struct Token {
    from: usize,
    to: usize,
    star: String,
}

/// From so many regions or versions on the name is taken to be one that others follow.
const SEVERAL: usize = 2;

/// `arn:aws:sqs:eu-west-1:…:jobs` and `arn:aws:sqs:us-east-1:…:jobs`, `logs-eu-west-1` and `logs-us-east-1`:
/// any region. In a name the pattern keeps the form of a region.
pub(super) fn gather_regions(groups: &mut Groups) {
    gather(groups, Rule::Region, |name| {
        words(name)
            .filter_map(|from| {
                let to = from + region_length(name.get(from..)?)?;
                // The field of an ARN is a region or nothing.
                let field = name.get(..from)?.matches(':').count() == 3 && name.get(to..)?.starts_with(':');
                Some(Token {
                    from,
                    to,
                    star: if field { "*" } else { "??-*-?" }.to_owned(),
                })
            })
            .collect()
    });
}

/// `v12`, `1.2.3`, `build-1234`.
pub(super) fn gather_versions(groups: &mut Groups) {
    gather(groups, Rule::Version, |name| {
        words(name)
            .filter_map(|at| {
                let (skip, length, star) = version(name.get(at..)?)?;
                Some(Token {
                    from: at + skip,
                    to: at + skip + length,
                    star,
                })
            })
            .collect()
    });
}

/// Patterns that are the same but for their tokens become one, with a wildcard where the tokens differ.
fn gather(groups: &mut Groups, rule: Rule, tokens: impl Fn(&str) -> Vec<Token>) {
    let mut alike: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in groups.keys() {
        let found = tokens(name);
        if !found.is_empty() {
            let skeleton = rewritten(name, &found, |_, token| format!("\0{}", token.star));
            alike.entry(skeleton).or_default().push(name.clone());
        }
    }
    for names in alike.into_values().filter(|names| names.len() >= SEVERAL) {
        let mut values: Vec<BTreeSet<&str>> = Vec::new();
        for name in &names {
            for (at, token) in tokens(name).iter().enumerate() {
                if values.len() <= at {
                    values.push(BTreeSet::new());
                }
                if let (Some(set), Some(text)) = (values.get_mut(at), name.get(token.from..token.to)) {
                    set.insert(text);
                }
            }
        }
        let Some(first) = names.first() else { continue };
        let pattern = rewritten(first, &tokens(first), |at, token| {
            if values.get(at).is_some_and(|set| set.len() >= SEVERAL) {
                token.star.clone()
            } else {
                first.get(token.from..token.to).unwrap_or_default().to_owned()
            }
        });
        replace(groups, &names, pattern, rule.clone());
    }
}

fn rewritten(name: &str, tokens: &[Token], with: impl Fn(usize, &Token) -> String) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (number, token) in tokens.iter().enumerate() {
        out.push_str(name.get(at..token.from).unwrap_or_default());
        out.push_str(&with(number, token));
        at = token.to;
    }
    out.push_str(name.get(at..).unwrap_or_default());
    out
}

/// Where words begin: behind what is neither letter nor digit.
fn words(name: &str) -> impl Iterator<Item = usize> {
    let bytes = name.as_bytes();
    let starts = move |at: &usize| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        bytes.get(*at).is_some_and(u8::is_ascii_alphanumeric)
            && before.is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    (0..bytes.len()).filter(starts)
}

/// `eu-west-1`, `us-gov-east-1`: two letters, a direction, a digit
/// (<https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>).
fn region_length(rest: &str) -> Option<usize> {
    const DIRECTIONS: [&str; 9] = [
        "northeast",
        "northwest",
        "southeast",
        "southwest",
        "north",
        "south",
        "east",
        "west",
        "central",
    ];
    const PARTITIONS: [&str; 6] = ["gov-", "isob-", "isoe-", "isof-", "iso-", ""];
    let two = rest.get(..2)?;
    let after = rest.get(2..)?.strip_prefix('-')?;
    if !two.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let after = PARTITIONS.iter().find_map(|own| after.strip_prefix(own))?;
    let after = DIRECTIONS.iter().find_map(|own| after.strip_prefix(own))?;
    let digit = after.strip_prefix('-')?;
    let mut chars = digit.chars();
    let ends = chars.next()?.is_ascii_digit() && !chars.next().is_some_and(|c| c.is_ascii_alphanumeric());
    ends.then(|| rest.len() - digit.len() + 1)
}

/// How many bytes before the version, of the version, and the pattern for it.
fn version(rest: &str) -> Option<(usize, usize, String)> {
    const WORDS: [&str; 5] = ["build", "release", "revision", "rev", "version"];
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let ends = |text: &str, at: usize| {
        text.as_bytes()
            .get(at)
            .is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    if let Some(number) = rest.strip_prefix('v') {
        let (length, _) = dotted(number);
        return (length > 0 && ends(number, length)).then(|| (1, length, "*".to_owned()));
    }
    let (length, dots) = dotted(rest);
    if dots >= 2 && ends(rest, length) {
        return Some((0, length, ["*"].repeat(dots + 1).join(".")));
    }
    let word = WORDS.iter().find(|word| rest.starts_with(**word))?;
    let after = rest.get(word.len()..)?;
    let mark = usize::from(after.starts_with(['-', '_', '.', '=', '/']));
    let number = after.get(mark..)?;
    let length = digits(number);
    (length > 0 && ends(number, length)).then(|| (word.len() + mark, length, "*".to_owned()))
}

/// The length of `1.2.3` and how many dots it has; a dot counts only between digits.
fn dotted(text: &str) -> (usize, usize) {
    let digits = |from: usize| {
        let rest = text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let (mut length, mut dots) = (digits(0), 0);
    while length > 0 && text.as_bytes().get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
        dots += 1;
    }
    (length, dots)
}

/// `tenants/*/reports/…`: paths that differ in one part only become one, the part with most values first. The
/// first part (a bucket, a type) and the last (siblings) stay.
pub(super) fn gather_segments(groups: &mut Groups, least: usize, is_path: impl Fn(&str) -> bool) {
    loop {
        let mut alike: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for name in groups.keys().filter(|name| is_path(name)) {
            let slashes: Vec<usize> = name.match_indices('/').map(|(at, _)| at).collect();
            for pair in slashes.windows(2) {
                let &[from, to] = pair else { continue };
                let (before, after) = (name.get(..=from), name.get(to..));
                if let (Some(before), Some(after)) = (before, after)
                    && name.get(from + 1..to) != Some("*")
                {
                    let around = (before.to_owned(), after.to_owned());
                    alike.entry(around).or_default().push(name.clone());
                }
            }
        }
        let most = alike
            .into_iter()
            .filter(|(_, names)| names.len() >= least)
            .max_by(|(a, one), (b, other)| (one.len(), b).cmp(&(other.len(), a)));
        let Some(((before, after), names)) = most else {
            return;
        };
        replace(groups, &names, format!("{before}*{after}"), Rule::Segment);
    }
}

/// A name that the pattern admits and that is not among those seen, as like them as it can be.
pub(super) fn another(wide: &str, seen: &BTreeSet<String>) -> Option<String> {
    let last = seen.last()?;
    let is_new = |name: &String| {
        !seen.contains(name) && !name.contains('*') && pattern::resource_matches(wide, name) == Some(true)
    };
    const REGIONS: [&str; 4] = ["eu-west-1", "us-east-1", "ap-southeast-2", "eu-central-1"];
    let held = words(last).find_map(|from| Some((from, region_length(last.get(from..)?)?)));
    if let Some((from, length)) = held {
        let (before, after) = (last.get(..from)?, last.get(from + length..)?);
        let mut elsewhere = REGIONS.iter().map(|region| format!("{before}{region}{after}"));
        if let Some(found) = elsewhere.find(is_new) {
            return Some(found);
        }
    }
    let stars = captures(wide, last)?;
    stars.iter().rev().find_map(|(from, to)| {
        let (before, own, after) = (last.get(..*from)?, last.get(*from..*to)?, last.get(*to..)?);
        let next = [next_number(own)?, format!("{own}-2"), "another".to_owned()];
        next.iter()
            .map(|next| format!("{before}{next}{after}").replace('*', "another"))
            .find(is_new)
    })
}

/// With the last number in it one up, in as many digits; of days and months never beyond a month's end.
fn next_number(text: &str) -> Option<String> {
    let to = text.rfind(|c: char| c.is_ascii_digit()).map(|at| at + 1);
    let Some(to) = to else {
        return Some("another".to_owned());
    };
    let digits = text
        .get(..to)?
        .bytes()
        .rev()
        .take_while(u8::is_ascii_digit)
        .count();
    let own = text.get(to - digits..to)?;
    let next = match own.parse::<u64>().ok()? {
        value if digits == 2 && value >= 12 => value - 1,
        value => value + 1,
    };
    let width = digits.min(19);
    let number = format!("{next:0width$}");
    let number = number.get(number.len().saturating_sub(width)..)?;
    Some(format!("{}{number}{}", text.get(..to - digits)?, text.get(to..)?))
}

/// What each `*` of the pattern stands for in the name, leftmost first.
fn captures(wide: &str, name: &str) -> Option<Vec<(usize, usize)>> {
    let fits = |piece: &[u8], at: usize| {
        let there = name.as_bytes().get(at..at + piece.len());
        there.is_some_and(|there| {
            piece
                .iter()
                .zip(there)
                .all(|(want, byte)| want == byte || *want == b'?')
        })
    };
    let pieces: Vec<&[u8]> = wide.split('*').map(str::as_bytes).collect();
    let (first, rest) = pieces.split_first()?;
    let (end, middle) = rest.split_last()?;
    if !fits(first, 0) {
        return None;
    }
    let last = name.len().checked_sub(end.len())?;
    let mut found = Vec::new();
    let mut at = first.len();
    for piece in middle {
        let to = (at..=last).find(|to| fits(piece, *to))?;
        found.push((at, to));
        at = to + piece.len();
    }
    (fits(end, last) && at <= last).then(|| found.push((at, last)))?;
    Some(found)
}

#[cfg(test)]
#[path = "alike_tests.rs"]
mod tests;
