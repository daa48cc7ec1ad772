//! A file of exceptions, as commands take it.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::exception::{self, Exceptions};
use crate::source::read_text;

/// Reads the file.
///
/// # Errors
/// All that is wrong with it, where anything is.
pub(super) fn read(path: &Path) -> Result<Exceptions, Vec<Diagnostic>> {
    let text = read_text(path).map_err(|error| vec![*error])?;
    let (read, said) = exception::read(&text, &path.to_string_lossy());
    if said.is_empty() { Ok(read) } else { Err(said) }
}
