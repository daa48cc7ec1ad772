//! Finds the records in a stream of bytes, without keeping more than one.

/// What the splitter hands over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// The text of one record (a complete JSON object, not yet parsed).
    Record {
        /// The record's text.
        text: &'a [u8],
        /// Its number in the stream, from 1.
        number: u64,
        /// The line it starts on, from 1.
        line: u64,
    },
    /// A record that could not be told apart (it breaks off, or its brackets do not match).
    Broken {
        /// The number it would have had.
        number: u64,
        /// The line where it starts.
        line: u64,
        /// What is wrong.
        why: &'static str,
    },
}

/// A push parser over any of: `{"Records":[…]}`, `{"Events":[…]}` (LookupEvents), a bare array,
/// JSON lines, objects one after the other.
#[derive(Debug, Default)]
pub struct Splitter {
    _private: (),
}

impl Splitter {
    /// A splitter at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and calls `found` for each record that they complete.
    pub fn push(&mut self, bytes: &[u8], found: &mut dyn FnMut(Found<'_>)) {
        let _ = (bytes, found);
        todo!()
    }

    /// The stream has ended: reports what was left unfinished.
    pub fn finish(self, found: &mut dyn FnMut(Found<'_>)) {
        let _ = found;
        todo!()
    }
}
