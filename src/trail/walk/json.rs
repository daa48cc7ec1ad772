//! Walks forward over compact JSON and checks all of it, building nothing.
//!
//! What it accepts `serde_json` accepts; it refuses more (white space between tokens, nesting deeper
//! than [`DEEPEST`]), and whoever is refused asks `serde_json`.

use wide::u8x16;

/// Values nested deeper are not walked over.
const DEEPEST: u32 = 63;

/// A string in a text, by the bytes between its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whether there is a backslash in it.
    pub(super) escaped: bool,
}

impl Span {
    /// The byte after the closing quote.
    pub(super) fn next(self) -> usize {
        self.to + 1
    }
}

/// The string whose opening quote is right before `from`.
#[inline]
pub(super) fn string(bytes: &[u8], from: usize) -> Option<Span> {
    let mut at = from;
    let mut escaped = false;
    loop {
        at = stop(bytes, at)?;
        match bytes.get(at)? {
            b'"' => {
                return Some(Span {
                    from,
                    to: at,
                    escaped,
                });
            }
            b'\\' => {
                escaped = true;
                at = escape(bytes, at + 1)?;
            }
            _ => return None,
        }
    }
}

/// The next quote, backslash or control character.
#[inline]
fn stop(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let block = u8x16::new(*block);
        let found = block.simd_eq(b'"') | block.simd_eq(b'\\') | block.simd_lt(0x20);
        let mask = found.to_bitmask();
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += 16;
    }
    let rest = bytes.get(at..)?;
    let step = rest
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)?;
    Some(at + step)
}

/// After a backslash: the byte after what it escapes.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 1),
        b'u' => {
            let digits = bytes.get(at + 1..at + 5)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(at + 5)
        }
        _ => None,
    }
}

/// The byte after the value that starts at `at`.
pub(super) fn value(bytes: &[u8], mut at: usize) -> Option<usize> {
    // One bit a level: whether it is an object.
    let mut objects = 0u64;
    let mut depth = 0;
    loop {
        match bytes.get(at)? {
            b'"' => at = string(bytes, at + 1)?.next(),
            open @ (b'{' | b'[') => {
                let is_object = *open == b'{';
                at += 1;
                if *bytes.get(at)? == if is_object { b'}' } else { b']' } {
                    at += 1;
                } else {
                    if depth == DEEPEST {
                        return None;
                    }
                    depth += 1;
                    objects = objects << 1 | u64::from(is_object);
                    if is_object {
                        at = name(bytes, at)?;
                    }
                    continue;
                }
            }
            _ => at = plain(bytes, at)?,
        }
        loop {
            if depth == 0 {
                return Some(at);
            }
            let is_object = objects & 1 == 1;
            match bytes.get(at)? {
                b',' if is_object => {
                    at = name(bytes, at + 1)?;
                    break;
                }
                b',' => {
                    at += 1;
                    break;
                }
                b'}' if is_object => {}
                b']' if !is_object => {}
                _ => return None,
            }
            at += 1;
            depth -= 1;
            objects >>= 1;
        }
    }
}

/// A member's name and its colon: the byte where the value starts.
#[inline]
pub(super) fn name(bytes: &[u8], at: usize) -> Option<usize> {
    if *bytes.get(at)? != b'"' {
        return None;
    }
    let next = string(bytes, at + 1)?.next();
    (*bytes.get(next)? == b':').then_some(next + 1)
}

/// `true`, `false`, `null` or a number.
#[inline]
fn plain(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    match rest.first()? {
        b't' => rest.starts_with(b"true").then_some(at + 4),
        b'f' => rest.starts_with(b"false").then_some(at + 5),
        b'n' => rest.starts_with(b"null").then_some(at + 4),
        _ => number(rest).map(|len| at + len),
    }
}

/// How long the number at the start is.
fn number(rest: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let all = rest.get(from..).unwrap_or_default();
        all.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(rest.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && rest.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if rest.get(at) == Some(&b'.') {
        let part = digits(at + 1);
        at += 1 + part;
        if part == 0 {
            return None;
        }
    }
    if let Some(b'e' | b'E') = rest.get(at) {
        at += 1 + usize::from(matches!(rest.get(at + 1), Some(b'+' | b'-')));
        let power = digits(at);
        at += power;
        if power == 0 {
            return None;
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn is_walked(text: &str) -> bool {
        value(text.as_bytes(), 0) == Some(text.len())
    }

    fn is_json(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn compact_json_is_walked_to_its_end() {
        for text in [
            "null",
            "true",
            "false",
            "0",
            "-1.5e+10",
            "12E3",
            "\"\"",
            "[]",
            "{}",
            "[[],{}]",
            r#""a\"b\\""#,
            r#"{"a":[1,"b",{"c":null}],"d":"long enough to leave the first block of sixteen"}"#,
            r#""\u00e9é""#,
        ] {
            assert!(is_walked(text) && is_json(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "nul",
            "01",
            "-",
            "1.",
            "1e",
            ".5",
            "+1",
            "\"a",
            "\"\u{1}\"",
            "\"\n\"",
            r#""\x""#,
            r#""\u12g4""#,
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "[1",
            "{a:1}",
            "[1}",
            "{\"a\":1]",
            "{1:2}",
            "tru e",
            "[,1]",
        ] {
            assert!(!is_walked(text) && !is_json(text), "{text}");
        }
    }

    #[test]
    fn nesting_is_walked_to_a_bound() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_walked(&nested(60)));
        assert!(!is_walked(&nested(200)));
    }

    proptest! {
        /// Tokens in any order: seldom JSON, and then both say so.
        #[test]
        fn whatever_is_walked_is_json(parts in proptest::collection::vec(prop_oneof![
            Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just("\"a\""), Just("\"a\":"), Just("1"),
            Just("-0.5"), Just("null"), Just("true"), Just("\"\\u00e9\""), Just("\\"), Just("\""), Just("é"), Just("0"), Just("\u{1f}"),
        ], 0..24)) {
            let text = parts.concat();
            let walked = value(text.as_bytes(), 0);
            if let Some(end) = walked {
                prop_assert!(is_json(&text[..end]), "{}", text);
            }
            // Compact JSON that is not deep is walked: nothing here has white space.
            if is_json(&text) {
                prop_assert_eq!(walked, Some(text.len()), "{}", text);
            }
        }
    }
}
