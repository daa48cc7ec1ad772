//! An earlier review, as far as a later one is compared with it.

use serde::Deserialize;

use super::SCHEMA_VERSION;
use super::view::{Levels, Standing};
use crate::diagnostic::{Code, Diagnostic, Place};

/// An earlier review.
#[derive(Debug, Clone, Deserialize)]
pub struct Baseline {
    /// The last event of its trail.
    pub last: Option<String>,
    /// Its principals.
    pub principals: Vec<BaselinePrincipal>,
    /// What it found of hygiene; what an exception left alone is not among it.
    #[serde(default)]
    pub findings: Vec<BaselineFinding>,
}

/// A finding of an earlier review.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct BaselineFinding {
    /// Its kind.
    pub code: String,
    /// Who or what it is about.
    pub subject: String,
}

/// A principal of an earlier review.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct BaselinePrincipal {
    /// Its ARN.
    pub arn: String,
    /// How it stood.
    pub standing: Option<Standing>,
    /// Its policies.
    pub holds: Vec<String>,
    /// A digest of the text of each.
    pub digests: Vec<String>,
    /// Its services.
    pub services: Vec<BaselineService>,
    /// The services of which nothing was used that do not stand among `services`.
    #[serde(default)]
    pub other_services: BaselineOthers,
    /// Known dangerous paths that its grants were enough for.
    pub dangers: Vec<String>,
    /// What was refused.
    pub refusals: Vec<BaselineRefusal>,
}

/// Services of which nothing was used, together.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct BaselineOthers {
    /// Their prefixes.
    pub services: Vec<String>,
}

/// A service of a principal of an earlier review.
#[derive(Debug, Clone, Deserialize)]
pub struct BaselineService {
    /// Its prefix.
    pub service: String,
    /// Actions that were used.
    pub used: Levels,
    /// Actions that went.
    pub goes: Levels,
    /// The first of their names, where anything of the service stayed by use.
    #[serde(default)]
    pub unused: Vec<String>,
}

/// A refusal of an earlier review.
#[derive(Debug, Clone, Deserialize)]
pub struct BaselineRefusal {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
}

/// Reads what `review --format json` printed earlier; `file` is its name.
///
/// # Errors
/// Where it is no review, or one of a version that cannot be compared.
pub fn read_baseline(text: &str, file: &str) -> Result<Baseline, Box<Diagnostic>> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: Option<u64>,
        principals: Option<serde::de::IgnoredAny>,
    }
    let at = |error: &serde_json::Error| {
        let (line, column) = (error.line() as u64, error.column() as u64);
        Place {
            line: (line > 0).then_some(line),
            column: (line > 0).then_some(column),
            ..Place::file(file)
        }
    };
    let unlike = |error: &serde_json::Error| {
        let said = Diagnostic::error(Code::BaselineShape, format!("this is no earlier review: {error}"))
            .at(at(error))
            .help("give what `leastgrant review --format json` printed");
        Box::new(said)
    };
    let said: Version = serde_json::from_str(text).map_err(|error| unlike(&error))?;
    let own = u64::from(SCHEMA_VERSION);
    let message = match said.schema_version {
        Some(version) if said.principals.is_some() && version < own => Some((
            format!(
                "this review is of version {version} of the format; this program compares with version {own}"
            ),
            "review the earlier trail again with this version of leastgrant, or begin with a new baseline",
        )),
        Some(version) if said.principals.is_some() && version > own => Some((
            format!(
                "this review is of version {version} of the format, which is newer than this program ({own})"
            ),
            "use the version of leastgrant that wrote it, or a later one",
        )),
        Some(_) if said.principals.is_some() => None,
        _ => Some((
            "this is no earlier review: it has no schema_version and principals".to_owned(),
            "give what `leastgrant review --format json` printed",
        )),
    };
    if let Some((message, help)) = message {
        let said = Diagnostic::error(Code::BaselineShape, message)
            .at(Place::file(file))
            .help(help);
        return Err(Box::new(said));
    }
    serde_json::from_str(text).map_err(|error| unlike(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let said = read_baseline(text, "b.json").unwrap_err();
        assert_eq!(said.code, Code::BaselineShape);
        assert!(said.help.is_some() && said.place.unwrap().file == "b.json");
        said.message
    }

    #[test]
    fn other_versions_and_other_files_are_told_apart() {
        assert!(
            wrong(r#"{"schema_version": 1, "principals": []}"#).contains("of version 1 of the format; this")
        );
        assert!(wrong(r#"{"schema_version": 9999, "principals": []}"#).contains("newer than this program"));
        assert!(wrong(r#"{"schema_version": 2}"#).contains("no earlier review"));
        assert!(wrong(r#"{"principals": []}"#).contains("no earlier review"));
        assert!(wrong("[]").contains("no earlier review"));
        assert!(wrong("").contains("no earlier review"));
        let own = format!(r#"{{"schema_version": {SCHEMA_VERSION}, "principals": [{{"arn": 7}}]}}"#);
        assert!(wrong(&own).contains("no earlier review"));
        let good = format!(
            r#"{{"schema_version": {SCHEMA_VERSION}, "principals": [], "last": "2026-01-01T00:00:00Z"}}"#
        );
        assert!(read_baseline(&good, "b.json").unwrap().principals.is_empty());
    }
}
