//! What a trail is set to record: the output of `aws cloudtrail get-event-selectors`.
//!
//! Format: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventSelectors.html>.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Place};

/// Of which resources data events of one type are recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    /// Of all.
    pub all: bool,
    /// Of those whose ARN matches one of these patterns.
    pub patterns: BTreeSet<String>,
}

/// What trails record, several selectors together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
                scope.add_value(kind, value);
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
            Some("Data") if !fields.partial && fields.excluded_sources.is_empty() => {
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
    /// A basic selector's value: `arn:aws:s3`, `arn:aws:lambda`, `arn:aws:dynamodb` for all of a
    /// type, a bucket with a prefix of its keys, or the ARN of one function or table. Another whose
    /// name only starts like it is not meant
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html>).
    fn add_value(&mut self, kind: &str, value: &str) {
        if value.trim_end_matches(':').split(':').count() <= 3 {
            self.all = true;
        } else if kind == "AWS::S3::Object" && value.contains('/') {
            self.patterns.insert(format!("{value}*"));
        } else {
            let below = if kind == "AWS::Lambda::Function" { ':' } else { '/' };
            self.patterns.insert(value.to_owned());
            self.patterns.insert(format!("{value}{below}*"));
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
            "readOnly" if equals.is_empty() => self.partial = true,
            "readOnly" => {
                self.read &= equals.contains(&"true");
                self.write &= equals.contains(&"false");
            }
            "resources.ARN" => self.take_arn(field, &equals),
            "eventSource" if only(field, &["NotEquals"]) => {
                let not = list(field, "NotEquals").iter().filter_map(Value::as_str);
                self.excluded_sources.extend(not.map(str::to_owned));
            }
            _ => self.partial = true,
        }
    }

    fn take_arn(&mut self, field: &Value, equals: &[&str]) {
        // Two conditions on the ARN hold together, which is not read here.
        self.partial |= self.by_arn || !only(field, &["Equals", "StartsWith"]);
        self.by_arn = true;
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

/// Whether a field selector has no operators but these. An operator with an empty list is none.
fn only(field: &Value, operators: &[&str]) -> bool {
    field.as_object().is_some_and(|object| {
        object
            .iter()
            .filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty()))
            .all(|(name, _)| name == "Field" || operators.contains(&name.as_str()))
    })
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
    fn a_basic_selector_names_one_function_or_table_and_keys_of_a_bucket() {
        let selectors = read(
            r#"{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":false,"DataResources":[
                {"Type":"AWS::S3::Object","Values":["arn:aws:s3:::acme/raw/","arn:aws:s3:::other"]},
                {"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda:eu-west-1:111122223333:function:resize"]},
                {"Type":"AWS::DynamoDB::Table","Values":["arn:aws:dynamodb:eu-west-1:111122223333:table/orders"]}]}]}"#,
        );
        assert!(!selectors.management_read && !selectors.management_write);
        let patterns = |kind: &str| {
            let scope = &selectors.data_read[kind];
            assert!(!scope.all, "{kind}");
            scope.patterns.iter().map(String::as_str).collect::<Vec<_>>()
        };
        assert_eq!(
            patterns("AWS::S3::Object"),
            [
                "arn:aws:s3:::acme/raw/*",
                "arn:aws:s3:::other",
                "arn:aws:s3:::other/*"
            ]
        );
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:resize";
        assert_eq!(
            patterns("AWS::Lambda::Function"),
            [function.to_owned(), format!("{function}:*")]
        );
        let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders";
        assert_eq!(
            patterns("AWS::DynamoDB::Table"),
            [table.to_owned(), format!("{table}/*")]
        );
    }

    #[test]
    fn all_buckets_may_be_written_with_or_without_colons() {
        for value in ["arn:aws:s3", "arn:aws:s3:::"] {
            let selectors = read(&format!(
                r#"{{"EventSelectors":[{{"DataResources":[{{"Type":"AWS::S3::Object","Values":["{value}"]}}]}}]}}"#
            ));
            assert!(selectors.data_read["AWS::S3::Object"].all, "{value}");
        }
    }

    fn advanced(fields: &str) -> Selectors {
        read(&format!(
            r#"{{"AdvancedEventSelectors":[{{"FieldSelectors":[{fields}]}}]}}"#
        ))
    }

    #[test]
    fn advanced_selectors_leave_sources_out_by_name_only() {
        let management = r#"{"Field":"eventCategory","Equals":["Management"]}"#;
        let without = advanced(&format!(
            r#"{management},{{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}},{{"Field":"readOnly","Equals":["false"]}}"#
        ));
        assert!(without.management_write && !without.management_read);
        assert!(without.excluded_sources.contains("kms.amazonaws.com"));
        for other in [
            r#"{"Field":"eventSource","Equals":["iam.amazonaws.com"]}"#,
            r#"{"Field":"eventSource","NotStartsWith":["iam"]}"#,
            r#"{"Field":"eventName","NotEquals":["AssumeRole"]}"#,
            r#"{"Field":"userIdentity.arn","NotEndsWith":["x"]}"#,
            r#"{"Field":"readOnly","NotEquals":["true"]}"#,
        ] {
            let some = advanced(&format!("{management},{other}"));
            assert!(!some.management_read && !some.management_write, "{other}");
        }
    }

    #[test]
    fn advanced_data_selectors_say_which_resources() {
        let data = r#"{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]}"#;
        let some = advanced(&format!(
            r#"{data},{{"Field":"resources.ARN","StartsWith":["arn:aws:s3:::acme/"],"Equals":["arn:aws:s3:::b/k"],"NotEquals":[]}},{{"Field":"readOnly","Equals":["true"]}}"#
        ));
        let scope = &some.data_read["AWS::S3::Object"];
        assert!(!scope.all && some.data_write.is_empty());
        let patterns: Vec<&str> = scope.patterns.iter().map(String::as_str).collect();
        assert_eq!(patterns, ["arn:aws:s3:::acme/*", "arn:aws:s3:::b/k"]);
        for partly in [
            r#"{"Field":"resources.ARN","NotStartsWith":["arn:aws:s3:::acme/"]}"#,
            r#"{"Field":"resources.ARN","StartsWith":["arn:aws:s3:::a"]},{"Field":"resources.ARN","StartsWith":["arn:aws:s3:::ab"]}"#,
            r#"{"Field":"eventSource","NotEquals":["s3.amazonaws.com"]}"#,
        ] {
            assert!(
                advanced(&format!("{data},{partly}")).data_read.is_empty(),
                "{partly}"
            );
        }
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
