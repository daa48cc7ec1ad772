//! Reads the credential report, as `aws iam get-credential-report` prints it or decoded.
//!
//! Columns: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use crate::diagnostic::{Code, Diagnostic, Place};

/// A credential report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialReport {
    /// When IAM made it, where that is known.
    pub generated: Option<Timestamp>,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

/// One user, or the root user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The name; `<root_account>` of the root user.
    pub user: String,
    /// The ARN.
    pub arn: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Whether it has a password; `None` where the report does not say (of root).
    pub password: Option<bool>,
    /// When the password was last used; `None` where never.
    pub password_used: Option<Timestamp>,
    /// When it was last changed.
    pub password_changed: Option<Timestamp>,
    /// Whether it has a second factor.
    pub mfa: Option<bool>,
    /// Its two places for access keys.
    pub keys: [Key; 2],
}

/// An access key of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// Whether it works.
    pub active: bool,
    /// When it was made or last changed.
    pub rotated: Option<Timestamp>,
    /// When it was last used; `None` where never.
    pub used: Option<Timestamp>,
}

impl Row {
    /// Whether it is the root user's.
    pub fn is_root(&self) -> bool {
        self.user == "<root_account>" || self.arn.ends_with(":root")
    }

    /// Its active keys with their numbers.
    pub fn active_keys(&self) -> impl Iterator<Item = (usize, &Key)> {
        (1..).zip(&self.keys).filter(|(_, key)| key.active)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    content: String,
    #[serde(default)]
    generated_time: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    user: String,
    arn: String,
    #[serde(default)]
    user_creation_time: String,
    password_enabled: String,
    #[serde(default)]
    password_last_used: String,
    #[serde(default)]
    password_last_changed: String,
    mfa_active: String,
    access_key_1_active: String,
    #[serde(default)]
    access_key_1_last_rotated: String,
    #[serde(default)]
    access_key_1_last_used_date: String,
    access_key_2_active: String,
    #[serde(default)]
    access_key_2_last_rotated: String,
    #[serde(default)]
    access_key_2_last_used_date: String,
}

/// Reads a report; `file` names it in diagnostics. A row that is none is said and skipped; `None` where there is
/// no report at all.
pub fn read_credential_report(text: &str, file: &str) -> (Option<CredentialReport>, Vec<Diagnostic>) {
    let mut report = CredentialReport::default();
    let decoded;
    let mut csv_text = text.trim_start_matches('\u{feff}');
    if csv_text.trim_start().starts_with('{') {
        match decode(csv_text) {
            Ok((content, generated)) => {
                report.generated = generated;
                decoded = content;
                csv_text = &decoded;
            }
            Err(why) => return (None, vec![wrong(file, None, &why)]),
        }
    }
    let mut said = Vec::new();
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    for (number, line) in (2..).zip(reader.deserialize::<Line>()) {
        match line {
            Ok(line) => report.rows.push(row(line)),
            Err(error) => said.push(wrong(file, Some(number), &error.to_string())),
        }
    }
    if report.rows.is_empty() {
        if said.is_empty() {
            said.push(wrong(file, None, "it has no rows"));
        }
        said.truncate(1);
        return (None, said);
    }
    (Some(report), said)
}

fn decode(text: &str) -> Result<(String, Option<Timestamp>), String> {
    let answer: Answer = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let packed: String = answer.content.split_whitespace().collect();
    // Clients that decode blobs themselves have the rows here.
    let content = if answer.content.starts_with("user,") {
        answer.content
    } else {
        let bytes = STANDARD.decode(packed).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())?
    };
    Ok((content, answer.generated_time.as_deref().and_then(time)))
}

fn row(line: Line) -> Row {
    let key = |active: &str, rotated: &str, used: &str| Key {
        active: flag(active) == Some(true),
        rotated: time(rotated),
        used: time(used),
    };
    Row {
        created: time(&line.user_creation_time),
        password: flag(&line.password_enabled),
        password_used: time(&line.password_last_used),
        password_changed: time(&line.password_last_changed),
        mfa: flag(&line.mfa_active),
        keys: [
            key(
                &line.access_key_1_active,
                &line.access_key_1_last_rotated,
                &line.access_key_1_last_used_date,
            ),
            key(
                &line.access_key_2_active,
                &line.access_key_2_last_rotated,
                &line.access_key_2_last_used_date,
            ),
        ],
        user: line.user,
        arn: line.arn,
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// `N/A`, `no_information` and `not_supported` are no times: never, as far as IAM knows.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn wrong(file: &str, line: Option<u64>, why: &str) -> Diagnostic {
    let place = Place {
        line,
        ..Place::file(file)
    };
    Diagnostic::error(
        Code::SettingsShape,
        format!("this is no credential report: {why}"),
    )
    .at(place)
    .help("give what `aws iam get-credential-report` prints, or its content decoded")
}

#[cfg(test)]
pub(super) const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n";

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: &str = "ana,arn:aws:iam::111122223333:user/ana,2024-03-01T09:00:00+00:00,true,no_information,2026-01-01T00:00:00+00:00,N/A,false,true,2025-01-01T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n";

    #[test]
    fn as_the_command_prints_it_and_decoded_is_the_same() {
        let plain = format!("{HEADER}{ANA}");
        let (report, said) = read_credential_report(&plain, "r.csv");
        let report = report.unwrap();
        assert!(said.is_empty());
        let row = &report.rows[0];
        assert_eq!(
            (row.password, row.mfa, row.password_used),
            (Some(true), Some(false), None)
        );
        assert_eq!(row.active_keys().map(|(at, _)| at).collect::<Vec<_>>(), [1]);
        let answer = serde_json::json!({"Content": STANDARD.encode(&plain), "ReportFormat": "text/csv",
            "GeneratedTime": "2026-10-31T12:00:00+00:00"});
        let (again, _) = read_credential_report(&answer.to_string(), "r.json");
        let again = again.unwrap();
        assert_eq!(again.rows, report.rows);
        assert!(again.generated.is_some());
    }

    #[test]
    fn what_is_no_report_is_said() {
        for text in ["", "{}", "{\"Content\": \"%%\"}", "a,b\n1,2\n", HEADER] {
            let (report, said) = read_credential_report(text, "r");
            assert!(report.is_none() && said.len() == 1, "{text}: {said:?}");
        }
        let (report, said) = read_credential_report(&format!("{HEADER}{ANA}short,row\n"), "r");
        assert_eq!(report.unwrap().rows.len(), 1);
        assert_eq!(said[0].place.as_ref().unwrap().line, Some(3));
    }
}
