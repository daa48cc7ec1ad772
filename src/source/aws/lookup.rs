//! CloudTrail's event history: `cloudtrail:`, the management events of the last 90 days by LookupEvents.
//!
//! It takes two calls a second in each account and region, of 50 events each
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>), newest first.
//! With a folder to keep them in, pages are written as they come, and a later run goes on where an earlier
//! one ended, and asks for what is newer.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::iam::set;
use super::operation;
use super::paged::Paged;
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::source::{Item, Store, Window};

/// Two calls a second, with a little room for the clock's own grain.
const PACE: Duration = Duration::from_millis(510);
/// The most events of a page.
const PAGE: u32 = 50;

/// The one attribute that narrows the search: LookupEvents takes one only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attribute {
    /// `Username`, `AccessKeyId`, `EventName`, `ResourceName`, ….
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The event history of an account.
pub struct EventHistory<'c> {
    client: &'c Client,
    account: String,
    regions: Vec<String>,
    attribute: Option<Attribute>,
    window: Window,
    keep: Option<PathBuf>,
    stopped: Mutex<Option<Diagnostic>>,
}

impl<'c> EventHistory<'c> {
    /// The history of `account` in `regions`, in a window.
    pub fn new(
        client: &'c Client,
        account: &str,
        regions: Vec<String>,
        attribute: Option<Attribute>,
        window: Window,
        keep: Option<PathBuf>,
    ) -> Self {
        Self {
            client,
            account: account.to_owned(),
            regions,
            attribute,
            window,
            keep,
            stopped: Mutex::new(None),
        }
    }

    fn folder(&self, region: &str) -> Option<PathBuf> {
        let narrowed = match &self.attribute {
            None => "all".to_owned(),
            Some(attribute) => format!("{}={}", attribute.key, super::wire::encoded(&attribute.value)),
        };
        let keep = self.keep.as_ref()?;
        Some(
            keep.join("event-history")
                .join(&self.account)
                .join(region)
                .join(narrowed),
        )
    }
}

impl Store for EventHistory<'_> {
    fn name(&self) -> String {
        "cloudtrail:".to_owned()
    }

    fn list(&self) -> (Vec<Item>, Vec<Diagnostic>) {
        let items = self.regions.iter().map(|region| Item {
            name: format!("cloudtrail:{region}"),
            size: 0,
            version: String::new(),
        });
        (items.collect(), Vec::new())
    }

    fn open(&self, item: usize) -> Result<Box<dyn Read + '_>, Option<Box<Diagnostic>>> {
        let region = self.regions.get(item).ok_or(None)?;
        let place = |why: &io::Error| {
            let name = format!("cloudtrail:{region}");
            let said = Diagnostic::error(Code::UnreadableFile, why.to_string());
            Some(Box::new(said.at(Place::file(name))))
        };
        let plan = Plan::new(self.folder(region), self.window).map_err(|error| place(&error))?;
        let mut pages = Pages {
            history: self,
            region,
            plan,
            last_call: None,
        };
        Ok(Box::new(Paged::new(move || pages.next_page())))
    }

    fn cut_short(&self) -> Option<Diagnostic> {
        let stopped = self
            .stopped
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        stopped.clone()
    }
}

/// A stretch of time that is asked for, newest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stretch {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// How far back it was read: the time of the oldest event of the last page.
    reached: Option<Timestamp>,
    done: bool,
}

/// What is kept of a region, and what is still to be asked for.
struct Plan {
    folder: Option<PathBuf>,
    /// Pages of earlier runs, to be read first.
    kept: Vec<PathBuf>,
    stretches: Vec<Stretch>,
    /// The stretch that is being read.
    current: usize,
    /// The next page of it.
    token: Option<String>,
    pages: usize,
}

const STATE: &str = "state.json";

impl Plan {
    fn new(folder: Option<PathBuf>, window: Window) -> io::Result<Self> {
        let mut plan = Self {
            folder,
            kept: Vec::new(),
            stretches: Vec::new(),
            current: 0,
            token: None,
            pages: 0,
        };
        if let Some(folder) = &plan.folder
            && let Ok(state) = std::fs::read(folder.join(STATE))
        {
            plan.stretches = serde_json::from_slice(&state).map_err(|error| {
                io::Error::other(format!(
                    "{}: {error}; delete the folder to fetch it anew",
                    folder.join(STATE).display()
                ))
            })?;
            plan.kept = pages_in(folder)?;
            plan.pages = plan.kept.len();
        }
        plan.add_missing(window);
        Ok(plan)
    }

    /// What of the window no earlier run has asked for: before the first stretch, and after the last.
    fn add_missing(&mut self, window: Window) {
        let newest = self.stretches.iter().filter_map(|stretch| stretch.until).max();
        let oldest = self.stretches.iter().map(|stretch| stretch.from).min().flatten();
        let fresh = |from, until| Stretch {
            from,
            until,
            reached: None,
            done: false,
        };
        if self.stretches.is_empty() {
            self.stretches.push(fresh(window.from, window.until));
            return;
        }
        if newest.is_some_and(|newest| window.until.is_none_or(|until| until > newest)) {
            self.stretches.push(fresh(newest, window.until));
        }
        if let (Some(oldest), from) = (oldest, window.from)
            && from.is_none_or(|from| from < oldest)
        {
            self.stretches.push(fresh(from, Some(oldest)));
        }
    }

    fn stretch(&mut self) -> Option<&mut Stretch> {
        while self
            .stretches
            .get(self.current)
            .is_some_and(|stretch| stretch.done)
        {
            self.current += 1;
            self.token = None;
        }
        self.stretches.get_mut(self.current)
    }

    /// Writes a page, then how far the reading is: a stop between the two only has a page fetched twice.
    fn keep(&mut self, page: &[u8]) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        self.pages += 1;
        super::write_whole(&folder.join(format!("page-{:06}.json", self.pages)), page)?;
        let state = serde_json::to_vec_pretty(&self.stretches).map_err(io::Error::other)?;
        super::write_whole(&folder.join(STATE), &state)
    }
}

fn pages_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.starts_with("page-") && name.ends_with(".json") {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}

/// The events of one region, a record a line, page after page.
struct Pages<'h> {
    history: &'h EventHistory<'h>,
    region: &'h str,
    plan: Plan,
    last_call: Option<Instant>,
}

impl Pages<'_> {
    /// The next page's records; `None` at the end.
    fn next_page(&mut self) -> io::Result<Option<Vec<u8>>> {
        if !self.plan.kept.is_empty() {
            let path = self.plan.kept.remove(0);
            return std::fs::read(path).map(Some);
        }
        let Some(stretch) = self.plan.stretch().map(|stretch| stretch.clone()) else {
            return Ok(None);
        };
        let mut parameters = json!({ "MaxResults": PAGE });
        if let Some(from) = stretch.from {
            set(&mut parameters, "StartTime", json!(from.as_second()));
        }
        // A run that was stopped goes on from the oldest event that it saw: events of that very second may
        // come twice, and count once.
        let until = match self.plan.token {
            Some(_) => stretch.until,
            None => stretch
                .reached
                .and_then(|time| time.checked_add(jiff::SignedDuration::from_secs(1)).ok())
                .or(stretch.until),
        };
        if let Some(until) = until {
            set(&mut parameters, "EndTime", json!(until.as_second()));
        }
        if let Some(attribute) = &self.history.attribute {
            let only = json!([{ "AttributeKey": attribute.key, "AttributeValue": attribute.value }]);
            set(&mut parameters, "LookupAttributes", only);
        }
        if let Some(token) = &self.plan.token {
            set(&mut parameters, "NextToken", json!(token));
        }
        let call = Call::new(&operation::LOOKUP_EVENTS, parameters).region(self.region);
        self.pace();
        let page = match self.history.client.call(&call) {
            Ok(page) => page,
            Err(failure) => {
                let said = failure.diagnostic(Severity::Error, "the events before are missing");
                let mut stopped = self
                    .history
                    .stopped
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                let message = said.message.clone();
                stopped.get_or_insert(said);
                return Err(io::Error::other(message));
            }
        };
        let (records, oldest) = records(&page);
        let next = text(&page, &["NextToken"]).map(str::to_owned);
        if let Some(stretch) = self.plan.stretch() {
            stretch.reached = oldest.or(stretch.reached);
            stretch.done = next.is_none();
        }
        self.plan.token = next;
        self.plan.keep(&records)?;
        Ok(Some(records))
    }

    fn pace(&mut self) {
        if let Some(last) = self.last_call
            && let Some(rest) = PACE.checked_sub(last.elapsed())
        {
            self.history.client.sleep(rest);
        }
        self.last_call = Some(Instant::now());
    }
}

/// The records of a page, one a line, and the time of the oldest.
fn records(page: &Value) -> (Vec<u8>, Option<Timestamp>) {
    let mut lines = Vec::new();
    let mut oldest = None;
    for event in list(page, &["Events"]) {
        if let Some(record) = text(event, &["CloudTrailEvent"]) {
            lines.extend_from_slice(record.trim().as_bytes());
            lines.push(b'\n');
        }
        let time = event.get("EventTime").and_then(time_of);
        oldest = match (oldest, time) {
            (Some(oldest), Some(time)) if time >= oldest => Some(oldest),
            (known, None) => known,
            (_, time) => time,
        };
    }
    (lines, oldest)
}

/// A time as JSON protocols write it: seconds since 1970, with a fraction; or as text.
fn time_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => Timestamp::from_second(number.as_f64()?.floor() as i64).ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_later_run_goes_on_and_asks_for_what_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Some(folder.path().join("eu-west-1"));
        let window = |from, until| Window {
            from: Some(time(from)),
            until: Some(time(until)),
        };
        let mut plan = Plan::new(keep.clone(), window(100, 200)).unwrap();
        plan.stretch().unwrap().reached = Some(time(150));
        plan.keep(b"{}\n").unwrap();

        let mut plan = Plan::new(keep.clone(), window(120, 300)).unwrap();
        assert_eq!(plan.kept.len(), 1);
        assert_eq!(plan.stretch().unwrap().reached, Some(time(150)));
        plan.stretch().unwrap().done = true;
        let next = plan.stretch().unwrap();
        assert_eq!((next.from, next.until), (Some(time(200)), Some(time(300))));
        next.done = true;
        assert!(plan.stretch().is_none());
        plan.keep(b"{}\n").unwrap();

        let mut plan = Plan::new(keep, window(50, 300)).unwrap();
        assert_eq!(plan.kept.len(), 2);
        let earlier = plan.stretch().unwrap();
        assert_eq!((earlier.from, earlier.until), (Some(time(50)), Some(time(100))));
    }

    #[test]
    fn records_stand_a_line_each() {
        let page = json!({"Events": [
            {"EventTime": 1700000010.5, "CloudTrailEvent": "{\"eventID\":\"1\"}"},
            {"EventTime": 1700000000.0, "CloudTrailEvent": "{\"eventID\":\"2\"}"},
            {"EventTime": 1700000005.0},
        ]});
        let (lines, oldest) = records(&page);
        assert_eq!(lines, b"{\"eventID\":\"1\"}\n{\"eventID\":\"2\"}\n");
        assert_eq!(oldest, Some(time(1_700_000_000)));
    }
}
