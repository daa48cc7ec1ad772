//! What the splitter finds in a stream.

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
        /// The byte it starts at, from 0.
        offset: u64,
    },
    /// A record that could not be told apart (it breaks off, or its brackets do not match).
    Broken {
        /// The number it would have had.
        number: u64,
        /// The line where it starts.
        line: u64,
        /// The byte where it starts, from 0.
        offset: u64,
        /// What is wrong.
        why: Defect,
    },
}

/// Why a record could not be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Defect {
    /// Something that no JSON has at this place.
    #[error("this is not JSON")]
    NotJson,
    /// A raw line break inside a string: its closing quote is missing.
    #[error("a string has no closing quote")]
    OpenString,
    /// A bracket closes another kind, or a record starts inside another.
    #[error("its brackets do not match")]
    Brackets,
    /// The input ends inside the record.
    #[error("the input ends inside this record")]
    EndsInRecord,
    /// The input ends after a whole record, but before the list of records is closed.
    #[error("the input ends before the list of records is closed")]
    EndsInList,
    /// More than 64 MiB without an end.
    #[error("more than 64 MiB without an end")]
    TooLarge,
    /// After an earlier break no start of a record was found again.
    #[error("nothing after the broken record could be read")]
    RestLost,
}
