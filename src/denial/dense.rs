//! Text without blanks and emphasis, to find words that a wrap has cut.

/// The letters of a text, in lower case, without blanks, `*` and backticks; each knows its place.
pub(super) struct Dense {
    bytes: Vec<u8>,
    at: Vec<u32>,
    end: usize,
}

impl Dense {
    /// The letters of `text`, which is shorter than 4 GiB.
    pub(super) fn new(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len());
        let mut at = Vec::with_capacity(text.len());
        for (place, byte) in text.bytes().enumerate() {
            if !is_filler(byte) {
                bytes.push(byte.to_ascii_lowercase());
                at.push(u32::try_from(place).unwrap_or(u32::MAX));
            }
        }
        Self {
            bytes,
            at,
            end: text.len(),
        }
    }

    /// Where `phrase` (written without blanks) stands: start and end in the text.
    pub(super) fn all<'d>(&'d self, phrase: &'d str) -> impl Iterator<Item = (usize, usize)> + 'd {
        memchr::memmem::find_iter(&self.bytes, phrase.as_bytes())
            .map(|from| (self.place(from), self.place_after(from + phrase.len())))
    }

    /// The first place of `phrase` at or after `from` and before `to` of the text.
    pub(super) fn first(&self, phrase: &str, from: usize, to: usize) -> Option<(usize, usize)> {
        let start = self.index(from);
        let end = self.index(to);
        let within = self.bytes.get(start..end)?;
        let found = start + memchr::memmem::find(within, phrase.as_bytes())?;
        Some((self.place(found), self.place_after(found + phrase.len())))
    }

    fn index(&self, place: usize) -> usize {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        self.at.partition_point(|at| *at < place)
    }

    fn place(&self, index: usize) -> usize {
        self.at.get(index).map_or(self.end, |at| *at as usize)
    }

    /// Just behind the letter before `index`.
    fn place_after(&self, index: usize) -> usize {
        let last = index.checked_sub(1).and_then(|last| self.at.get(last));
        last.map_or(0, |at| *at as usize + 1)
    }
}

/// Whether the byte says nothing in a phrase.
pub(super) fn is_filler(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'*' | b'`')
}

/// Where `phrase` ends in `text`, if it stands at `at`, whatever the blanks in either.
pub(super) fn eat(text: &str, at: usize, phrase: &str) -> Option<usize> {
    let mut rest = text.as_bytes().get(at..)?.iter();
    let mut end = at;
    for wanted in phrase.bytes().filter(|byte| !is_filler(*byte)) {
        let byte = rest.find(|byte| !is_filler(**byte))?;
        if !byte.eq_ignore_ascii_case(&wanted) {
            return None;
        }
        end = text.len() - rest.as_slice().len();
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_across_wraps_and_emphasis() {
        let text = "x is **not** author\nized to  perform: y";
        let dense = Dense::new(text);
        let (from, to) = dense.all("notauthorizedtoperform").next().unwrap();
        assert_eq!(&text[from..to], "not** author\nized to  perform");
        assert_eq!(dense.first("isnot", 0, 4), None);
        assert!(dense.first("isnot", 0, text.len()).is_some());
        assert_eq!(eat("on re\nsource: x", 0, "on resource:"), Some(13));
        assert_eq!(eat("on x", 0, "on resource"), None);
    }
}
