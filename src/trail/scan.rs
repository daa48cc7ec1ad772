//! The bytes that matter for the structure of JSON: brackets, quotes, and what has no place.

use memchr::memchr3;

/// What a byte outside of strings means for the structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing: white space, `:`, `,`, numbers, `true`, `false`, `null`.
    Plain,
    Quote,
    Open,
    Close,
    /// No JSON has it outside of strings.
    Foreign,
}

const fn class_of(byte: u8) -> Class {
    match byte {
        b'"' => Class::Quote,
        b'{' | b'[' => Class::Open,
        b'}' | b']' => Class::Close,
        b' ' | b'\t' | b'\r' | b'\n' | b':' | b',' | b'0'..=b'9' | b'+' | b'-' | b'.' | b'E' => Class::Plain,
        // The letters of `true`, `false`, `null`, and of exponents.
        b't' | b'r' | b'u' | b'e' | b'f' | b'a' | b'l' | b's' | b'n' => Class::Plain,
        _ => Class::Foreign,
    }
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Foreign; 256];
    let mut rest: &mut [Class] = &mut classes;
    let mut byte = 0;
    while let Some((first, others)) = rest.split_first_mut() {
        *first = class_of(byte);
        byte = byte.wrapping_add(1);
        rest = others;
    }
    classes
};

#[inline]
pub(super) fn class(byte: u8) -> Class {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Foreign)
}

/// How a string ends, seen from inside it.
pub(super) enum TextEnd {
    /// The index after its closing quote.
    Closed(usize),
    /// The index of a raw line break in it.
    Newline(usize),
    /// Not in these bytes; whether they end between a backslash and what it escapes.
    Unfinished { escaped: bool },
}

#[inline]
pub(super) fn end_of_text(bytes: &[u8], mut at: usize) -> TextEnd {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(step) = memchr3(b'"', b'\\', b'\n', rest) else {
            return TextEnd::Unfinished { escaped: false };
        };
        at += step;
        match rest.get(step) {
            Some(b'"') => return TextEnd::Closed(at + 1),
            Some(b'\n') => return TextEnd::Newline(at),
            _ => at += 2,
        }
        if at > bytes.len() {
            return TextEnd::Unfinished { escaped: true };
        }
    }
}

/// What stands before a byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// The byte right before it.
    pub(super) raw: u8,
    /// The last byte before it that is not white space.
    pub(super) solid: u8,
    /// Whether there is a line break after that.
    pub(super) newline: bool,
}

impl Before {
    /// Before the first byte of a stream, where a line starts.
    pub(super) const START: Self = Self {
        raw: b'\n',
        solid: 0,
        newline: true,
    };

    /// What stands before the byte after `bytes`, where this stands before `bytes`.
    pub(super) fn then(self, bytes: &[u8]) -> Self {
        let raw = bytes.last().copied().unwrap_or(self.raw);
        let mut newline = false;
        for &byte in bytes.iter().rev() {
            match byte {
                b'\n' => newline = true,
                b' ' | b'\t' | b'\r' => {}
                solid => return Self { raw, solid, newline },
            }
        }
        Self {
            raw,
            solid: self.solid,
            newline: newline || self.newline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_json_outside_of_strings_is_known() {
        for byte in br#" 	,:-+.0123456789eEtruefalsnl"#.iter().chain(b"\r\n") {
            assert_eq!(class(*byte), Class::Plain, "{}", char::from(*byte));
        }
        for byte in *b"'<>xyzA_;\\/\0\xff" {
            assert_eq!(class(byte), Class::Foreign, "{}", char::from(byte));
        }
    }

    #[test]
    fn strings_end_at_their_quote() {
        assert!(matches!(end_of_text(br#"a\"b\\" x"#, 0), TextEnd::Closed(7)));
        assert!(matches!(end_of_text(b"ab\ncd\"", 0), TextEnd::Newline(2)));
        assert!(matches!(
            end_of_text(b"ab", 0),
            TextEnd::Unfinished { escaped: false }
        ));
        assert!(matches!(
            end_of_text(b"ab\\", 0),
            TextEnd::Unfinished { escaped: true }
        ));
    }

    #[test]
    fn white_space_is_seen_through_even_over_a_cut() {
        let whole = Before::START.then(b"{\"a\":1}, \n  ");
        let cut = Before::START
            .then(b"{\"a\":1}, \n")
            .then(b"")
            .then(b" ")
            .then(b" ");
        assert_eq!((whole.raw, whole.solid, whole.newline), (b' ', b',', true));
        assert_eq!((cut.raw, cut.solid, cut.newline), (b' ', b',', true));
    }
}
