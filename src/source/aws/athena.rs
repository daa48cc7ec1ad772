//! A trail in Athena: `athena:WORKGROUP/DATABASE.TABLE`. The aggregation runs there; rows come back as records
//! that each stand for many calls.
//!
//! The query (`sql/evidence.sql`) is held to the window, the account and the regions by the table's own
//! partitions, and what it may scan is bounded before it runs and while it does.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::{Failure, Kind};
use super::operation;
use super::paged::Paged;
use super::s3::{BucketTrail, Wanted};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::source::{Item, Store};
use crate::trail::of_row;

/// The query, as Trino and Athena take it.
const EVIDENCE_SQL: &str = include_str!("../../../sql/evidence.sql");

const PAUSE: Duration = Duration::from_millis(500);

/// A table of CloudTrail logs, and how it is partitioned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Partitions {
    account: Option<String>,
    region: Option<String>,
    /// The column of the day, and how it writes one.
    day: Option<(String, DayForm)>,
    /// Where its files lie.
    location: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayForm {
    Text(char),
    Compact,
    Date,
}

/// A trail in Athena.
pub struct AthenaTrail<'c> {
    client: &'c Client,
    workgroup: String,
    table: String,
    database: String,
    wanted: Wanted,
    principal: Option<String>,
    partitions: Partitions,
    /// In bytes.
    max_scan: u64,
    stopped: Mutex<Option<Diagnostic>>,
}

impl<'c> AthenaTrail<'c> {
    /// A trail at `athena:WORKGROUP/DATABASE.TABLE`; `principal` narrows it to one, by ARN or name.
    ///
    /// # Errors
    /// What is wrong with the address, or why the table cannot be looked at.
    pub fn new(
        client: &'c Client,
        address: &str,
        wanted: Wanted,
        principal: Option<&str>,
        max_scan: u64,
    ) -> Result<Self, Box<Diagnostic>> {
        let wrong = || {
            let said = Diagnostic::error(Code::UnreadableFile, format!("`{address}` is no table of Athena"));
            Box::new(said.help("name it athena:WORKGROUP/DATABASE.TABLE"))
        };
        let place = address.strip_prefix("athena:").unwrap_or(address);
        let (workgroup, table) = place.split_once('/').ok_or_else(wrong)?;
        let (database, table) = table.split_once('.').ok_or_else(wrong)?;
        let plain = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        };
        if !plain(database) || !plain(table) || workgroup.is_empty() {
            return Err(wrong());
        }
        let asked = json!({ "CatalogName": "AwsDataCatalog", "DatabaseName": database, "TableName": table });
        let call = Call::new(&operation::GET_TABLE_METADATA, asked).on(place);
        let answer = client.call(&call).map_err(|failure| {
            Box::new(failure.diagnostic(Severity::Error, "how the table is partitioned is not known"))
        })?;
        let partitions = Partitions::of(&answer);
        if partitions.day.is_none() {
            let why =
                format!("{place} has no partition by day: a query would read all of it, whatever the window");
            let said = Diagnostic::error(Code::Unsupported, why);
            return Err(Box::new(
                said.help("`leastgrant sql table` prints a table that has"),
            ));
        }
        Ok(Self {
            client,
            workgroup: workgroup.to_owned(),
            table: table.to_owned(),
            database: database.to_owned(),
            wanted,
            principal: principal.map(str::to_owned),
            partitions,
            max_scan,
            stopped: Mutex::new(None),
        })
    }

    /// What the query will scan, at most: the files of the partitions. To be said before it runs.
    ///
    /// # Errors
    /// More than may be scanned.
    pub fn estimate(&self) -> Result<Diagnostic, Box<Diagnostic>> {
        let most = bytes(self.max_scan);
        let unknown = |why: &str| {
            let said = format!("what the query will scan is not known ({why}); it is stopped at {most}");
            Ok(Diagnostic::note(Code::AthenaScan, said))
        };
        let Some(location) = &self.partitions.location else {
            return unknown("the table does not say where its files lie");
        };
        let files = BucketTrail::new(self.client, location, self.wanted.clone());
        let Ok(files) = files else {
            return unknown("its files lie in no bucket");
        };
        let (count, size) = match files.total() {
            Ok(total) => total,
            Err(failure) => return unknown(&failure.message),
        };
        // <https://aws.amazon.com/athena/pricing/>
        let price = size as f64 / 1e12 * 5.0;
        let said = format!(
            "the query reads {count} files, {} (about {price:.2} USD at 5 USD a terabyte)",
            bytes(size)
        );
        if size <= self.max_scan {
            return Ok(Diagnostic::note(Code::AthenaScan, said));
        }
        let said = Diagnostic::error(Code::AthenaScan, format!("{said}: more than {most}"));
        Err(Box::new(
            said.help("narrow it with --since and --region, or raise --max-scan"),
        ))
    }

    /// The query as it runs.
    fn query(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let mut conditions = Vec::new();
        let window = self.wanted.scope.window;
        let day = |time| jiff::tz::Offset::UTC.to_datetime(time).date();
        if let Some((column, form)) = &self.partitions.day {
            let of = |date: jiff::civil::Date| match form {
                DayForm::Date => format!("DATE '{date}'"),
                DayForm::Compact => quoted(&date.to_string().replace('-', "")),
                DayForm::Text(separator) => quoted(&date.to_string().replace('-', &separator.to_string())),
            };
            if let Some(from) = window.from {
                conditions.push(format!("\"{column}\" >= {}", of(day(from))));
            }
            if let Some(until) = window.until {
                // Files are named by when they were delivered.
                let last = day(until).tomorrow().unwrap_or(day(until));
                conditions.push(format!("\"{column}\" <= {}", of(last)));
            }
        }
        let seconds = |time: jiff::Timestamp| {
            let time = time.to_string();
            quoted(&format!("{}Z", time.get(..19).unwrap_or(&time)))
        };
        conditions.extend(window.from.map(|from| format!("eventtime >= {}", seconds(from))));
        conditions.extend(
            window
                .until
                .map(|until| format!("eventtime < {}", seconds(until))),
        );
        if let (Some(column), Some(account)) = (&self.partitions.account, &self.wanted.scope.account) {
            conditions.push(format!("\"{column}\" = {}", quoted(account)));
        }
        if let (Some(column), [_, ..]) = (&self.partitions.region, self.wanted.scope.regions.as_slice()) {
            let regions: Vec<String> = self
                .wanted
                .scope
                .regions
                .iter()
                .map(|region| quoted(region))
                .collect();
            conditions.push(format!("\"{column}\" IN ({})", regions.join(", ")));
        }
        if let Some(principal) = &self.principal {
            let arn = "COALESCE(useridentity.sessioncontext.sessionissuer.arn, useridentity.arn)";
            conditions.push(match crate::arn::Arn::parse(principal) {
                Some(_) => format!("{arn} = {}", quoted(principal)),
                None => {
                    let name = principal.rsplit('/').next().unwrap_or(principal);
                    let name = name.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%");
                    format!("{arn} LIKE {} ESCAPE '\\'", quoted(&format!("%/{name}")))
                }
            });
        }
        EVIDENCE_SQL
            .replace("{table}", &format!("\"{}\".\"{}\"", self.database, self.table))
            .replace("{where}", &conditions.join("\n  AND "))
    }

    /// Runs the query; the execution's id once it has succeeded.
    fn execute(&self) -> Result<String, Failure> {
        let asked = json!({
            "QueryString": self.query(),
            "WorkGroup": self.workgroup,
            "QueryExecutionContext": { "Database": self.database, "Catalog": "AwsDataCatalog" },
        });
        let answer = self
            .client
            .call(&Call::new(&operation::START_QUERY_EXECUTION, asked).on(&self.workgroup))?;
        let id = text(&answer, &["QueryExecutionId"])
            .unwrap_or_default()
            .to_owned();
        let of = json!({ "QueryExecutionId": id });
        loop {
            let answer = self
                .client
                .call(&Call::new(&operation::GET_QUERY_EXECUTION, of.clone()).on(&self.workgroup))?;
            let scanned =
                super::document::at(&answer, &["QueryExecution", "Statistics", "DataScannedInBytes"]);
            let scanned = scanned.and_then(Value::as_u64).unwrap_or(0);
            let failed = |code: &str, why: &str| {
                Err(Failure::new(
                    &operation::START_QUERY_EXECUTION,
                    Kind::Other,
                    code,
                    why,
                ))
            };
            match text(&answer, &["QueryExecution", "Status", "State"]) {
                Some("SUCCEEDED") => return Ok(id),
                Some(state @ ("FAILED" | "CANCELLED")) => {
                    let reason = text(&answer, &["QueryExecution", "Status", "StateChangeReason"]);
                    return failed(state, reason.unwrap_or_default());
                }
                _ if scanned > self.max_scan => {
                    self.client
                        .call(&Call::new(&operation::STOP_QUERY_EXECUTION, of).on(&self.workgroup))?;
                    let why = format!("it had scanned {}, more than --max-scan", bytes(scanned));
                    return failed("stopped", &why);
                }
                _ => self.client.sleep(PAUSE),
            }
        }
    }

    fn stop(&self, failure: &Failure) -> String {
        let said = failure.diagnostic(Severity::Error, "");
        let message = said.message.clone();
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.get_or_insert(said);
        message
    }
}

impl Partitions {
    fn of(answer: &Value) -> Self {
        let mut found = Self::default();
        let parameters = super::document::at(answer, &["TableMetadata", "Parameters"]);
        let parameter = |name: &str| parameters.and_then(|all| all.get(name)).and_then(Value::as_str);
        found.location = parameter("location").map(str::to_owned);
        for key in list(answer, &["TableMetadata", "PartitionKeys"]) {
            let Some(name) = text(key, &["Name"]) else {
                continue;
            };
            match name.to_ascii_lowercase().replace('_', "").as_str() {
                "account" | "accountid" | "awsaccountid" => found.account = Some(name.to_owned()),
                "region" | "awsregion" => found.region = Some(name.to_owned()),
                "day" | "date" | "dt" | "timestamp" | "eventday" | "eventdate" => {
                    let form = match parameter(&format!("projection.{name}.format")) {
                        _ if text(key, &["Type"]) == Some("date") => DayForm::Date,
                        Some("yyyy-MM-dd") => DayForm::Text('-'),
                        Some("yyyyMMdd") => DayForm::Compact,
                        _ => DayForm::Text('/'),
                    };
                    found.day = Some((name.to_owned(), form));
                }
                _ => {}
            }
        }
        found
    }
}

impl Store for AthenaTrail<'_> {
    fn name(&self) -> String {
        format!("athena:{}/{}.{}", self.workgroup, self.database, self.table)
    }

    fn list(&self) -> (Vec<Item>, Vec<Diagnostic>) {
        let item = Item {
            name: self.name(),
            size: 0,
            version: String::new(),
        };
        (vec![item], Vec::new())
    }

    fn open(&self, _: usize) -> Result<Box<dyn Read + '_>, Option<Box<Diagnostic>>> {
        match self.execute() {
            Ok(id) => {
                let mut rows = Rows {
                    trail: self,
                    id,
                    columns: Vec::new(),
                    token: None,
                    began: false,
                };
                Ok(Box::new(Paged::new(move || rows.next_page())))
            }
            Err(failure) => {
                self.stop(&failure);
                let said = failure.diagnostic(Severity::Error, "");
                Err(Some(Box::new(said.at(Place::file(self.name())))))
            }
        }
    }

    fn cut_short(&self) -> Option<Diagnostic> {
        self.stopped
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The rows of a result as records, a line each.
struct Rows<'t> {
    trail: &'t AthenaTrail<'t>,
    id: String,
    columns: Vec<String>,
    token: Option<String>,
    began: bool,
}

impl Rows<'_> {
    fn next_page(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.began && self.token.is_none() {
            return Ok(None);
        }
        let mut asked = json!({ "QueryExecutionId": self.id, "MaxResults": 1000 });
        if let Some(token) = &self.token {
            super::iam::set(&mut asked, "NextToken", json!(token));
        }
        let call = Call::new(&operation::GET_QUERY_RESULTS, asked).on(&self.trail.workgroup);
        let page = match self.trail.client.call(&call) {
            Ok(page) => page,
            Err(failure) => return Err(io::Error::other(self.trail.stop(&failure))),
        };
        let mut records = Vec::new();
        for row in list(&page, &["ResultSet", "Rows"]) {
            let values: Vec<Option<&str>> = list(row, &["Data"])
                .into_iter()
                .map(|datum| text(datum, &["VarCharValue"]))
                .collect();
            if self.columns.is_empty() {
                // The first row of the first page names the columns.
                self.columns = values
                    .into_iter()
                    .map(|name| name.unwrap_or_default().to_owned())
                    .collect();
                continue;
            }
            let named: Map<String, Value> = self
                .columns
                .iter()
                .zip(values)
                .filter_map(|(name, value)| Some((name.clone(), json!(value?))))
                .collect();
            records.extend(of_row(&named).to_string().into_bytes());
            records.push(b'\n');
        }
        self.began = true;
        self.token = text(&page, &["NextToken"]).map(str::to_owned);
        Ok(Some(records))
    }
}

/// A size for a person.
fn bytes(size: u64) -> String {
    const UNITS: [(&str, f64); 4] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let size = size as f64;
    let unit = UNITS.iter().find(|(_, one)| size >= *one);
    unit.map_or_else(
        || format!("{size:.0} bytes"),
        |(name, one)| format!("{:.1} {name}", size / one),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_recognised_by_their_names() {
        let metadata = |keys: Value, parameters: Value| json!({"TableMetadata": {"PartitionKeys": keys, "Parameters": parameters}});
        let own = metadata(
            json!([{"Name": "account", "Type": "string"}, {"Name": "region"}, {"Name": "day", "Type": "string"}]),
            json!({"projection.day.format": "yyyy/MM/dd", "location": "s3://audit/AWSLogs/"}),
        );
        let found = Partitions::of(&own);
        assert_eq!(found.day, Some(("day".to_owned(), DayForm::Text('/'))));
        assert_eq!(
            (found.account.as_deref(), found.region.as_deref()),
            (Some("account"), Some("region"))
        );
        assert_eq!(found.location.as_deref(), Some("s3://audit/AWSLogs/"));
        // AWS's own example.
        let own = metadata(json!([{"Name": "timestamp", "Type": "string"}]), json!({}));
        assert_eq!(
            Partitions::of(&own).day,
            Some(("timestamp".to_owned(), DayForm::Text('/')))
        );
        let own = metadata(json!([{"Name": "event_date", "Type": "date"}]), json!({}));
        assert_eq!(
            Partitions::of(&own).day,
            Some(("event_date".to_owned(), DayForm::Date))
        );
        assert_eq!(
            Partitions::of(&metadata(json!([]), json!({}))),
            Partitions::default()
        );
    }

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(12_300_000_000), "12.3 GB");
    }
}
