//! The parts of a resource name that vary from run to run: dates, generated ids, shard numbers.
//!
//! Found by form alone, so that the same name always gives the same answer.

/// Which kind of part varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A calendar date or time: `2026-08-01`, `20260801`, `year=2026`, `2026/08/01`.
    Date,
    /// A generated id: a UUID, sixteen or more hexadecimal digits, `i-0123456789abcdef0`.
    Id,
    /// A number of a shard or sequence: `part-00017`.
    Number,
}

/// A run of bytes that varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    from: usize,
    to: usize,
    kind: Kind,
}

/// The name with each part that varies replaced by `*`.
pub fn starred(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    push_starred(name, &mut out);
    out
}

/// The kinds of parts that vary in the name, in order of first appearance, each once.
pub fn kinds(name: &str) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for part in parts(name) {
        if !kinds.contains(&part.kind) {
            kinds.push(part.kind);
        }
    }
    kinds
}

/// Adds the name to `out`, with each part that varies replaced by `*`.
pub(crate) fn push_starred(name: &str, out: &mut String) {
    let from = out.len();
    let ends_with_star = |out: &String| out.len() > from && out.ends_with('*');
    let mut at = 0;
    for part in parts(name) {
        out.push_str(name.get(at..part.from).unwrap_or_default());
        if !ends_with_star(out) {
            out.push('*');
        }
        at = part.to;
    }
    let rest = name.get(at..).unwrap_or_default();
    // `*` after `*` says nothing more.
    out.push_str(if ends_with_star(out) {
        rest.trim_start_matches('*')
    } else {
        rest
    });
}

fn parts(name: &str) -> Vec<Part> {
    let bytes = name.as_bytes();
    let mut found: Vec<Part> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let starts = at == 0
            || bytes
                .get(at - 1)
                .is_some_and(|byte| !byte.is_ascii_alphanumeric());
        let length = word_length(bytes, at);
        let part = match starts && may_vary(bytes.get(at..).unwrap_or_default(), length) {
            true => dated_field(bytes, at).or_else(|| part_at(bytes, at)),
            false => None,
        };
        match part {
            Some(part) => {
                at = part.to;
                found.push(part);
            }
            // No part starts within a word.
            None => at += length.max(1),
        }
    }
    found
}

fn word_length(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count()
}

/// Whether a part may start with the word of that length: most words are plain, and this tells them fast.
fn may_vary(rest: &[u8], length: usize) -> bool {
    let Some(word) = rest.get(..length) else {
        return false;
    };
    // Only an id that goes on behind a dash has no digit in its first word.
    length > 0 && (rest.get(length) == Some(&b'-') || word.iter().any(u8::is_ascii_digit))
}

/// The longest part that varies and starts at `at`, where a word starts.
fn part_at(bytes: &[u8], at: usize) -> Option<Part> {
    let rest = bytes.get(at..)?;
    let uuid = uuid_length(rest);
    let date = date_length(rest);
    let (length, kind) = if let Some(length) = uuid {
        (length, Kind::Id)
    } else if let Some(length) = date {
        (length, Kind::Date)
    } else if let Some(length) = resource_id_length(rest) {
        (length, Kind::Id)
    } else {
        word(rest)?
    };
    Some(Part {
        from: at,
        to: at + length,
        kind,
    })
}

/// The digits behind `month=`, `day=`, `hour=` and the like: partitions of a data lake.
fn dated_field(bytes: &[u8], at: usize) -> Option<Part> {
    const FIELDS: [&[u8]; 5] = [b"year=", b"month=", b"day=", b"hour=", b"minute="];
    let before = bytes.get(..at)?;
    FIELDS.iter().find(|field| before.ends_with(field))?;
    let digits = bytes
        .get(at..)?
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (digits > 0 && ends(bytes.get(at..)?, digits)).then_some(Part {
        from: at,
        to: at + digits,
        kind: Kind::Date,
    })
}

/// A whole word of hexadecimal digits (an id) or decimal digits (a number).
fn word(rest: &[u8]) -> Option<(usize, Kind)> {
    let length = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let word = rest.get(..length)?;
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    if length >= 4 && digits == length && length != 12 {
        // Twelve digits are an account id, which does not vary.
        return Some((length, Kind::Number));
    }
    let hex = word.iter().all(u8::is_ascii_hexdigit);
    if hex && length >= 16 && digits > 0 && length != 12 {
        return Some((length, Kind::Id));
    }
    // ULIDs and KSUID-like tokens: long, upper case and digits mixed.
    let token = word
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (token && length >= 20 && digits >= 4).then_some((length, Kind::Id))
}

/// `8-4-4-4-12` hexadecimal digits.
fn uuid_length(rest: &[u8]) -> Option<usize> {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let mut at = 0;
    for (number, group) in GROUPS.iter().enumerate() {
        if number > 0 {
            (rest.get(at)? == &b'-').then_some(())?;
            at += 1;
        }
        let digits = rest.get(at..at + group)?;
        digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
        at += group;
    }
    ends(rest, at).then_some(at)
}

/// `i-0123456789abcdef0`: a short lower-case prefix, then 8 or 17 hexadecimal digits
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>).
fn resource_id_length(rest: &[u8]) -> Option<usize> {
    let prefix = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    if prefix == 0 || prefix > 10 || rest.get(prefix)? != &b'-' {
        return None;
    }
    let digits = rest
        .get(prefix + 1..)?
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let to = prefix + 1 + digits;
    let body = rest.get(prefix + 1..to)?;
    let numeric = body.iter().any(u8::is_ascii_digit);
    (numeric && (digits == 17 || digits == 8) && ends(rest, to)).then_some(to)
}

/// Forms of dates; `year=`, `month=`, `day=`, `hour=`, `dt=` keep their name.
fn date_length(rest: &[u8]) -> Option<usize> {
    const FORMS: [&str; 8] = [
        "####-##-##T##:##:##Z",
        "####-##-##T##",
        "####-##-##-##",
        "####-##-##",
        "####/##/##/##",
        "####/##/##",
        "####-##",
        "########T######Z",
    ];
    let form = FORMS
        .iter()
        .find(|form| follows(rest, form) && ends(rest, form.len()) && is_date(rest));
    if let Some(form) = form {
        return Some(form.len());
    }
    let compact = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (matches!(compact, 8 | 10 | 14) && ends(rest, compact) && is_date(rest)).then_some(compact)
}

fn follows(rest: &[u8], form: &str) -> bool {
    form.bytes()
        .enumerate()
        .all(|(at, want)| match (want, rest.get(at)) {
            (b'#', Some(byte)) => byte.is_ascii_digit(),
            (want, Some(byte)) => want == *byte,
            (_, None) => false,
        })
}

/// The first four digits are a year of our time, and the next two a month.
fn is_date(rest: &[u8]) -> bool {
    let digits: Vec<u8> = rest
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .take(6)
        .map(|byte| byte - b'0')
        .collect();
    match digits.as_slice() {
        [a, b, c, d, e, f] => {
            let year = [a, b, c, d]
                .iter()
                .fold(0u32, |year, digit| year * 10 + u32::from(**digit));
            let month = u32::from(*e) * 10 + u32::from(*f);
            (1990..=2099).contains(&year) && (1..=12).contains(&month)
        }
        _ => false,
    }
}

/// Whether the run ends at `at`: nothing follows that would make it a longer word.
fn ends(rest: &[u8], at: usize) -> bool {
    rest.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_ids_and_shards_vary() {
        let cases = [
            (
                "exports/dt=2026-08-01/part-00017-6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e5f.snappy.parquet",
                "exports/dt=*/part-*-*.snappy.parquet",
            ),
            ("raw/2026/08/01/a.json", "raw/*/a.json"),
            ("logs/20260801/x", "logs/*/x"),
            ("year=2026/month=08/day=01/x", "year=*/month=*/day=*/x"),
            ("instance/i-0123456789abcdef0", "instance/*"),
            ("key/0a1b2c3d-1111-2222-3333-444455556666", "key/*"),
            ("function:shop-orders", "function:shop-orders"),
            ("role/app-111122223333", "role/app-111122223333"),
            ("table/orders-v2", "table/orders-v2"),
            ("job/2026-08", "job/*"),
        ];
        for (name, starred_name) in cases {
            assert_eq!(starred(name), starred_name, "{name}");
        }
    }

    proptest::proptest! {
        /// Plain words are passed over without a look at what they could be.
        #[test]
        fn words_that_are_passed_over_hold_no_part(name in "[a-f0-9A-Z/=:._-]{0,24}|([a-z]{1,10}-?|[0-9a-f]{4,17}|year=|-|/|[0-9]{2,8}){0,9}") {
            let bytes = name.as_bytes();
            for at in 0..bytes.len() {
                let starts = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
                if starts && !may_vary(&bytes[at..], word_length(bytes, at)) {
                    proptest::prop_assert_eq!(dated_field(bytes, at).or_else(|| part_at(bytes, at)), None, "{} {}", name, at);
                }
            }
        }
    }

    #[test]
    fn the_starred_name_admits_the_name() {
        for name in ["a/2026-08-01/b", "part-00001", "x/i-0123456789abcdef0/y", "plain"] {
            assert!(crate::pattern::matches(&starred(name), name), "{name}");
            assert_eq!(starred(&starred(name)), starred(name), "{name}");
        }
    }

    #[test]
    fn kinds_are_named() {
        assert_eq!(kinds("dt=2026-08-01/part-00017"), [Kind::Date, Kind::Number]);
        assert_eq!(kinds("plain"), []);
    }
}
