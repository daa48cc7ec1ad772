//! Reads what the account is set to: its summary, its password policy, its trails, AWS Config.

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Place};

/// What `aws iam get-account-summary` says of the root user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// `AccountMFAEnabled`.
    pub root_mfa: Option<bool>,
    /// `AccountAccessKeysPresent`.
    pub root_keys: Option<bool>,
    /// `AccountPasswordPresent`.
    pub root_password: Option<bool>,
}

/// A password policy; what it leaves out is not asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// `MinimumPasswordLength`.
    pub length: i64,
    /// `RequireUppercaseCharacters`.
    pub upper: bool,
    /// `RequireLowercaseCharacters`.
    pub lower: bool,
    /// `RequireNumbers`.
    pub numbers: bool,
    /// `RequireSymbols`.
    pub symbols: bool,
    /// `PasswordReusePrevention`; 0 where old passwords may come again.
    pub reuse: i64,
    /// `MaxPasswordAge` in days; 0 where passwords never expire.
    pub max_age: i64,
}

/// A trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// Its ARN, else its name.
    pub name: String,
    /// Whether it records all regions.
    pub all_regions: bool,
    /// Whether it writes digests.
    pub validation: bool,
    /// Whether it is switched on, where that is known.
    pub logging: Option<bool>,
    /// Whether it records data events, where that is known.
    pub data_events: Option<bool>,
}

/// The trails of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailSettings {
    /// The trails of describe-trails; `None` where that was not given.
    pub trails: Option<Vec<Trail>>,
    /// Statuses that name no trail, as the AWS CLI prints them.
    pub unnamed: Vec<bool>,
}

/// AWS Config's recorders in the regions that were asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigSettings {
    /// Names of recorders; `None` where describe-configuration-recorders was not given.
    pub recorders: Option<Vec<String>>,
    /// Name and whether it records; `None` where describe-configuration-recorder-status was not given.
    pub recording: Option<Vec<(String, bool)>>,
}

/// Reads the account's summary.
pub fn read_summary(text: &str, file: &str) -> (Option<Summary>, Vec<Diagnostic>) {
    let value = match json(text, file, "get-account-summary") {
        Ok(value) => value,
        Err(said) => return (None, vec![*said]),
    };
    let map = value.get("SummaryMap").unwrap_or(&value);
    let flag = |name: &str| number(map, name).map(|count| count > 0);
    let summary = Summary {
        root_mfa: flag("AccountMFAEnabled"),
        root_keys: flag("AccountAccessKeysPresent"),
        root_password: flag("AccountPasswordPresent"),
    };
    if summary == Summary::default() {
        return (
            None,
            vec![wrong(file, "get-account-summary", "it has no SummaryMap")],
        );
    }
    (Some(summary), Vec::new())
}

/// A number of a map: an object, or the entries in which the API has it.
fn number(map: &Value, name: &str) -> Option<i64> {
    let found = match map {
        Value::Array(entries) => entries
            .iter()
            .find(|entry| entry.get("key").and_then(Value::as_str) == Some(name))?
            .get("value")?,
        _ => map.get(name)?,
    };
    found.as_i64().or_else(|| found.as_str()?.parse().ok())
}

/// Reads the password policy: inside, `None` where the account has none (an empty object, null, or the error
/// `NoSuchEntity` that the AWS CLI prints in its place).
pub fn read_password_policy(text: &str, file: &str) -> (Option<Option<PasswordPolicy>>, Vec<Diagnostic>) {
    if text.contains("NoSuchEntity") && !text.trim_start().starts_with('{') {
        return (Some(None), Vec::new());
    }
    let value = match json(text, file, "get-account-password-policy") {
        Ok(value) => value,
        Err(said) => return (None, vec![*said]),
    };
    let none = |value: &Value| value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
    if none(&value) || value.get("PasswordPolicy").is_some_and(none) {
        return (Some(None), Vec::new());
    }
    let policy = value.get("PasswordPolicy").unwrap_or(&value);
    let Some(length) = number(policy, "MinimumPasswordLength") else {
        let why = "it has no MinimumPasswordLength";
        return (None, vec![wrong(file, "get-account-password-policy", why)]);
    };
    let asked = |name: &str| truth(policy, name) == Some(true);
    let policy = PasswordPolicy {
        length,
        upper: asked("RequireUppercaseCharacters"),
        lower: asked("RequireLowercaseCharacters"),
        numbers: asked("RequireNumbers"),
        symbols: asked("RequireSymbols"),
        reuse: number(policy, "PasswordReusePrevention").unwrap_or_default(),
        max_age: number(policy, "MaxPasswordAge").unwrap_or_default(),
    };
    (Some(Some(policy)), Vec::new())
}

fn truth(value: &Value, name: &str) -> Option<bool> {
    let found = value.get(name)?;
    found.as_bool().or_else(|| found.as_str()?.parse().ok())
}

/// Takes outputs of describe-trails, get-trail-status and get-event-selectors, each text with its file's name,
/// in any order; several in one file as a list.
pub fn read_trail_settings(files: &[(String, String)]) -> (Option<TrailSettings>, Vec<Diagnostic>) {
    let (values, mut said) = values(files, "describe-trails");
    let mut settings = TrailSettings::default();
    let mut known = false;
    // Trails first: what is said of one must find it.
    for (value, _) in &values {
        for trail in array(value, "trailList") {
            let text = |name: &str| trail.get(name).and_then(Value::as_str);
            let Some(name) = text("TrailARN").or(text("Name")) else {
                continue;
            };
            let trails = settings.trails.get_or_insert_default();
            if trails.iter().all(|own: &Trail| own.name != name) {
                trails.push(Trail {
                    name: name.to_owned(),
                    all_regions: truth(trail, "IsMultiRegionTrail") == Some(true),
                    validation: truth(trail, "LogFileValidationEnabled") == Some(true),
                    ..Trail::default()
                });
            }
        }
        if value.get("trailList").is_some() {
            settings.trails.get_or_insert_default();
            known = true;
        }
    }
    for (value, file) in &values {
        let logging = truth(value, "IsLogging");
        let data = data_events(value);
        if value.get("trailList").is_none() && logging.is_none() && data.is_none() {
            said.push(wrong(file, "describe-trails", "it is none of the three outputs"));
            continue;
        }
        known = true;
        let name = value
            .get("TrailARN")
            .or(value.get("Name"))
            .and_then(Value::as_str);
        let trails = settings.trails.as_deref_mut().unwrap_or_default();
        let named = |trail: &&mut Trail| {
            name.is_some_and(|name| trail.name == name || trail.name.ends_with(&format!("/{name}")))
        };
        let own = match trails {
            [only] if name.is_none() => Some(only),
            trails => trails.iter_mut().find(named),
        };
        match own {
            Some(trail) => {
                trail.logging = logging.or(trail.logging);
                trail.data_events = data.or(trail.data_events);
            }
            None => settings.unnamed.extend(logging),
        }
    }
    if let Some(trails) = &mut settings.trails {
        trails.sort_by(|a, b| a.name.cmp(&b.name));
    }
    (known.then_some(settings), said)
}

/// Whether selectors record data events; `None` where the value holds none
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>).
fn data_events(value: &Value) -> Option<bool> {
    if value.get("EventSelectors").is_none() && value.get("AdvancedEventSelectors").is_none() {
        return None;
    }
    let basic = array(value, "EventSelectors")
        .iter()
        .any(|selector| !array(selector, "DataResources").is_empty());
    let advanced = array(value, "AdvancedEventSelectors").iter().any(|selector| {
        array(selector, "FieldSelectors").iter().any(|field| {
            field.get("Field").and_then(Value::as_str) == Some("eventCategory")
                && array(field, "Equals").iter().any(|own| own == "Data")
        })
    });
    Some(basic || advanced)
}

/// Takes outputs of describe-configuration-recorders and describe-configuration-recorder-status in any order.
pub fn read_config_settings(files: &[(String, String)]) -> (Option<ConfigSettings>, Vec<Diagnostic>) {
    let (values, mut said) = values(files, "describe-configuration-recorders");
    let mut settings = ConfigSettings::default();
    for (value, file) in &values {
        let name = |own: &Value| {
            own.get("name")
                .and_then(Value::as_str)
                .unwrap_or("default")
                .to_owned()
        };
        if value.get("ConfigurationRecorders").is_some() {
            let recorders = array(value, "ConfigurationRecorders").iter().map(name);
            settings.recorders.get_or_insert_default().extend(recorders);
        } else if value.get("ConfigurationRecordersStatus").is_some() {
            let recording = array(value, "ConfigurationRecordersStatus")
                .iter()
                .map(|own| (name(own), truth(own, "recording") == Some(true)));
            settings.recording.get_or_insert_default().extend(recording);
        } else {
            let command = "describe-configuration-recorders";
            said.push(wrong(file, command, "it is neither of the two outputs"));
        }
    }
    let known = settings.recorders.is_some() || settings.recording.is_some();
    (known.then_some(settings), said)
}

/// The values of all files, each with its file's name; a list of outputs is taken apart.
fn values<'f>(files: &'f [(String, String)], command: &str) -> (Vec<(Value, &'f str)>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut said = Vec::new();
    for (text, file) in files {
        match json(text, file, command) {
            Ok(Value::Array(list)) => found.extend(list.into_iter().map(|value| (value, file.as_str()))),
            Ok(value) => found.push((value, file.as_str())),
            Err(own) => said.push(*own),
        }
    }
    (found, said)
}

fn array<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn json(text: &str, file: &str, command: &str) -> Result<Value, Box<Diagnostic>> {
    serde_json::from_str(text).map_err(|error| Box::new(wrong(file, command, &error.to_string())))
}

fn wrong(file: &str, command: &str, why: &str) -> Diagnostic {
    Diagnostic::error(
        Code::SettingsShape,
        format!("this is no output of {command}: {why}"),
    )
    .at(Place::file(file))
    .help("give the JSON that the AWS CLI prints")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[&str]) -> Vec<(String, String)> {
        texts
            .iter()
            .map(|text| ((*text).to_owned(), "f".to_owned()))
            .collect()
    }

    #[test]
    fn outputs_find_their_trail_in_any_order() {
        let trails = r#"{"trailList": [{"Name": "org", "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org", "IsMultiRegionTrail": true, "LogFileValidationEnabled": false}]}"#;
        let status = r#"{"IsLogging": false, "LatestDeliveryTime": "2026-10-31T00:00:00Z"}"#;
        let selectors = r#"{"TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org", "AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]}"#;
        let (one, said) = read_trail_settings(&files(&[trails, status, selectors]));
        assert!(said.is_empty(), "{said:?}");
        let (other, _) = read_trail_settings(&files(&[selectors, status, trails]));
        assert_eq!(one, other);
        let trail = one.unwrap().trails.unwrap().remove(0);
        assert_eq!((trail.all_regions, trail.validation), (true, false));
        assert_eq!((trail.logging, trail.data_events), (Some(false), Some(true)));
    }

    #[test]
    fn no_trail_is_something_else_than_not_asked() {
        let (none, _) = read_trail_settings(&files(&[r#"{"trailList": []}"#]));
        assert_eq!(none.unwrap().trails, Some(Vec::new()));
        let (unknown, _) = read_trail_settings(&files(&[r#"{"IsLogging": true}"#]));
        assert_eq!(unknown.unwrap().trails, None);
        let (nothing, said) = read_trail_settings(&files(&["{}", "["]));
        assert!(nothing.is_none() && said.len() == 2);
    }

    #[test]
    fn no_policy_is_something_else_than_no_file() {
        assert_eq!(read_password_policy("{}", "f").0, Some(None));
        let error = "An error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation";
        assert_eq!(read_password_policy(error, "f").0, Some(None));
        assert_eq!(read_password_policy("nothing", "f").0, None);
        assert_eq!(read_password_policy(r#"{"x": 1}"#, "f").1.len(), 1);
    }

    #[test]
    fn a_summary_is_read_as_printed_and_as_the_api_has_it() {
        let printed = r#"{"SummaryMap": {"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1}}"#;
        let entries = r#"{"SummaryMap": [{"key": "AccountMFAEnabled", "value": "0"}, {"key": "AccountAccessKeysPresent", "value": "1"}]}"#;
        let (one, other) = (read_summary(printed, "f").0, read_summary(entries, "f").0);
        assert_eq!(one, other);
        assert_eq!(one.unwrap().root_keys, Some(true));
        assert!(read_summary("{}", "f").0.is_none());
    }

    #[test]
    fn recorders_and_their_state() {
        let (settings, said) = read_config_settings(&files(&[
            r#"{"ConfigurationRecordersStatus": [{"name": "default", "recording": false}]}"#,
            r#"{"ConfigurationRecorders": [{"name": "default"}]}"#,
            "{}",
        ]));
        let settings = settings.unwrap();
        assert_eq!(settings.recording, Some(vec![("default".to_owned(), false)]));
        assert_eq!(settings.recorders, Some(vec!["default".to_owned()]));
        assert_eq!(said.len(), 1);
    }
}
