//! What a trail is set to record: the output of `aws cloudtrail get-event-selectors`.
//!
//! Format: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Place};

/// Of which resources data events of one type are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Of all.
    pub all: bool,
    /// Of those whose ARN matches one of these patterns.
    pub patterns: BTreeSet<String>,
}

/// What trails record, several selectors together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selectors {
    /// Management events that read.
    pub management_read: bool,
    /// Management events that write.
    pub management_write: bool,
    /// Event sources whose management events are left out: `kms.amazonaws.com`.
    pub excluded_sources: BTreeSet<String>,
    /// Data events that read, by resource type.
    pub data_read: BTreeMap<String, Scope>,
    /// Data events that write, by resource type.
    pub data_write: BTreeMap<String, Scope>,
}

/// Reads the output of get-event-selectors; `file` is named in the diagnostics.
///
/// A selector that records only part of a type in a way not understood here (by event name, by
/// caller) is left out: what it records is then taken as not recorded, which only keeps more.
pub fn read_selectors(text: &str, file: &str) -> (Option<Selectors>, Vec<Diagnostic>) {
    let value: Value = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(value) => value,
        Err(error) => return (None, vec![unusable(file, &format!("not valid JSON: {error}"))]),
    };
    let mut selectors = Selectors::default();
    let mut found = false;
    for entry in list(&value, "EventSelectors") {
        found = true;
        selectors.add_basic(entry);
    }
    for entry in list(&value, "AdvancedEventSelectors") {
        found = true;
        selectors.add_advanced(entry);
    }
    if !found {
        return (
            None,
            vec![unusable(
                file,
                "neither EventSelectors nor AdvancedEventSelectors is there",
            )],
        );
    }
    (Some(selectors), Vec::new())
}

fn unusable(file: &str, why: &str) -> Diagnostic {
    Diagnostic::error(
        Code::SelectorsShape,
        format!("these are no event selectors: {why}"),
    )
    .at(Place::file(file))
    .help("give the output of `aws cloudtrail get-event-selectors --trail-name NAME`")
}

impl Selectors {
    fn add_basic(&mut self, entry: &Value) {
        let kind = entry
            .get("ReadWriteType")
            .and_then(Value::as_str)
            .unwrap_or("All");
        let (read, write) = (kind != "WriteOnly", kind != "ReadOnly");
        if entry
            .get("IncludeManagementEvents")
            .and_then(Value::as_bool)
            .unwrap_or(true)
        {
            self.management_read |= read;
            self.management_write |= write;
            let excluded = list(entry, "ExcludeManagementEventSources");
            self.excluded_sources
                .extend(excluded.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        for resource in list(entry, "DataResources") {
            let Some(kind) = resource.get("Type").and_then(Value::as_str) else {
                continue;
            };
            let mut scope = Scope::default();
            for value in list(resource, "Values").iter().filter_map(Value::as_str) {
                scope.add_prefix(value);
            }
            self.add_data(kind, read, write, scope);
        }
    }

    fn add_advanced(&mut self, entry: &Value) {
        let mut fields = AdvancedFields {
            read: true,
            write: true,
            ..AdvancedFields::default()
        };
        for field in list(entry, "FieldSelectors") {
            fields.take(field);
        }
        match fields.category.as_deref() {
            Some("Management") if !fields.partial => {
                self.management_read |= fields.read;
                self.management_write |= fields.write;
                self.excluded_sources.extend(fields.excluded_sources);
            }
            Some("Data") if !fields.partial => {
                let mut scope = Scope {
                    all: !fields.by_arn,
                    patterns: BTreeSet::new(),
                };
                scope.patterns.extend(fields.patterns);
                for kind in fields.types {
                    self.add_data(&kind, fields.read, fields.write, scope.clone());
                }
            }
            _ => {}
        }
    }

    fn add_data(&mut self, kind: &str, read: bool, write: bool, scope: Scope) {
        let sides = [(read, &mut self.data_read), (write, &mut self.data_write)];
        for (_, scopes) in sides.into_iter().filter(|(wanted, _)| *wanted) {
            let known = scopes.entry(kind.to_owned()).or_default();
            known.all |= scope.all;
            known.patterns.extend(scope.patterns.iter().cloned());
        }
    }
}

impl Scope {
    /// A basic selector's value: an ARN that is a prefix, `arn:aws:s3` for all buckets,
    /// `arn:aws:lambda` for all functions, `arn:aws:dynamodb` for all tables.
    fn add_prefix(&mut self, value: &str) {
        if value.split(':').count() <= 3 {
            self.all = true;
        } else {
            self.patterns.insert(format!("{value}*"));
        }
    }
}

#[derive(Default)]
struct AdvancedFields {
    category: Option<String>,
    types: Vec<String>,
    read: bool,
    write: bool,
    by_arn: bool,
    patterns: Vec<String>,
    excluded_sources: Vec<String>,
    partial: bool,
}

impl AdvancedFields {
    fn take(&mut self, field: &Value) {
        let equals: Vec<&str> = list(field, "Equals").iter().filter_map(Value::as_str).collect();
        match field.get("Field").and_then(Value::as_str).unwrap_or_default() {
            "eventCategory" => self.category = equals.first().map(|category| (*category).to_owned()),
            "resources.type" => self.types.extend(equals.iter().map(|kind| (*kind).to_owned())),
            "readOnly" => {
                self.read &= equals.contains(&"true");
                self.write &= equals.contains(&"false");
            }
            "resources.ARN" => self.take_arn(field, &equals),
            "eventSource" => {
                let not = list(field, "NotEquals").iter().filter_map(Value::as_str);
                self.excluded_sources.extend(not.map(str::to_owned));
                self.partial |= !equals.is_empty();
            }
            _ => self.partial = true,
        }
    }

    fn take_arn(&mut self, field: &Value, equals: &[&str]) {
        const NOT_READ_HERE: [&str; 4] = ["EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith"];
        self.by_arn = true;
        self.partial |= NOT_READ_HERE
            .iter()
            .any(|operator| field.get(*operator).is_some());
        self.patterns.extend(equals.iter().map(|arn| (*arn).to_owned()));
        let starts = list(field, "StartsWith");
        self.patterns.extend(
            starts
                .iter()
                .filter_map(Value::as_str)
                .map(|arn| format!("{arn}*")),
        );
    }
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Selectors {
        let (selectors, diagnostics) = read_selectors(text, "s.json");
        assert_eq!(diagnostics, []);
        selectors.unwrap()
    }

    #[test]
    fn basic_selectors_give_reads_writes_and_prefixes() {
        let selectors = read(
            r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,
                "DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::acme/"]},{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]}],
                "ExcludeManagementEventSources":["kms.amazonaws.com"]}]}"#,
        );
        assert!(selectors.management_write && !selectors.management_read);
        assert!(selectors.data_read.is_empty());
        assert!(selectors.data_write["AWS::Lambda::Function"].all);
        assert!(
            selectors.data_write["AWS::S3::Object"]
                .patterns
                .contains("arn:aws:s3:::acme/*")
        );
        assert!(selectors.excluded_sources.contains("kms.amazonaws.com"));
    }

    #[test]
    fn advanced_selectors_limited_by_name_prove_nothing() {
        let selectors = read(
            r#"{"AdvancedEventSelectors":[
                {"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]},
                {"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}]},
                {"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::DynamoDB::Table"]},{"Field":"eventName","Equals":["DeleteItem"]}]}]}"#,
        );
        assert!(selectors.management_read && selectors.management_write);
        assert!(selectors.data_read["AWS::S3::Object"].all);
        assert!(!selectors.data_read.contains_key("AWS::DynamoDB::Table"));
    }

    #[test]
    fn other_json_is_refused_with_what_to_give() {
        let (selectors, diagnostics) = read_selectors("{}", "s.json");
        assert!(selectors.is_none());
        assert!(
            diagnostics[0]
                .help
                .as_deref()
                .unwrap()
                .contains("get-event-selectors")
        );
    }
}
