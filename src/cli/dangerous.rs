//! `--allow-dangerous`: alone for everything, or with the names of known paths.

use action_catalog::escalations;

use crate::near;
use crate::recommend::Allowed;

/// A name of a known path.
pub(super) fn name(given: &str) -> Result<String, String> {
    let names = || escalations().iter().map(|path| path.name.as_str());
    if names().any(|name| name == given) {
        return Ok(given.to_owned());
    }
    Err(match near::nearest(given, names()) {
        Some(like) => format!("there is no path of this name: did you mean {like}?"),
        None => {
            "there is no path of this name: a report with --include-denied names those it meets".to_owned()
        }
    })
}

/// What the option says: not given, given alone, given with names.
pub(super) fn allowed(given: Option<&[String]>) -> Allowed {
    match given {
        None => Allowed::Nothing,
        Some([]) => Allowed::Everything,
        Some(names) => Allowed::Named(names.iter().cloned().collect()),
    }
}
