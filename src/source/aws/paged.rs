//! Pages that are fetched as they are read.

use std::io::{self, Read};

/// Reads what `next` gives, page after page, until it gives none.
pub(super) struct Paged<N> {
    next: N,
    page: io::Cursor<Vec<u8>>,
}

impl<N: FnMut() -> io::Result<Option<Vec<u8>>>> Paged<N> {
    pub(super) fn new(next: N) -> Self {
        Self {
            next,
            page: io::Cursor::default(),
        }
    }
}

impl<N: FnMut() -> io::Result<Option<Vec<u8>>>> Read for Paged<N> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.page.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            match (self.next)()? {
                Some(page) => self.page = io::Cursor::new(page),
                None => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_pages_are_not_the_end() {
        let mut pages = vec![None, Some(b"cd".to_vec()), Some(Vec::new()), Some(b"ab".to_vec())];
        let mut text = String::new();
        Paged::new(|| Ok(pages.pop().flatten()))
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "abcd");
    }
}
