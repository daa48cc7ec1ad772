//! What the account's trails are set to record, so that nothing is called unused that no trail could show.

use serde_json::json;

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::Failure;
use super::operation;
use crate::diagnostic::{Diagnostic, Severity};
use crate::evidence::{Selectors, read_selectors};

/// What LookupEvents can show: all management events, no data events
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>).
const HISTORY: &str =
    r#"{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[]}]}"#;

/// What the event history records.
pub fn history_selectors() -> Option<Selectors> {
    read_selectors(HISTORY, "cloudtrail:").0
}

impl Client {
    /// What the trails that deliver into `bucket` record; `None` where no trail of this account and region
    /// does, or that may not be read. What is to be said comes along.
    ///
    /// # Errors
    /// [`Failure`], where nothing more can be asked at all.
    pub fn selectors_of(&self, bucket: &str) -> Result<(Option<Selectors>, Vec<Diagnostic>), Failure> {
        let known = "what the trail records is read from its events, cautiously";
        let call = Call::new(
            &operation::DESCRIBE_TRAILS,
            json!({ "includeShadowTrails": true }),
        );
        let answer = match self.call(&call) {
            Ok(answer) => answer,
            Err(failure) if failure.is_hopeless() => return Err(failure),
            Err(failure) => return Ok((None, vec![failure.diagnostic(Severity::Warning, known)])),
        };
        let mut said = Vec::new();
        let mut found: Vec<serde_json::Value> = Vec::new();
        for trail in list(&answer, &["trailList"]) {
            if text(trail, &["S3BucketName"]) != Some(bucket) {
                continue;
            }
            let Some(name) = text(trail, &["TrailARN"]).or_else(|| text(trail, &["Name"])) else {
                continue;
            };
            let mut call = Call::new(&operation::GET_EVENT_SELECTORS, json!({ "TrailName": name })).on(name);
            call.region = text(trail, &["HomeRegion"]).map(str::to_owned);
            match self.call(&call) {
                Ok(answer) => found.push(answer),
                Err(failure) if failure.is_hopeless() => return Err(failure),
                Err(failure) => said.push(failure.diagnostic(Severity::Warning, known)),
            }
        }
        // Several trails into one bucket: the reader of selectors takes their union.
        let mut all = None;
        for selectors in &found {
            let (read, diagnostics) = read_selectors(&selectors.to_string(), "GetEventSelectors");
            said.extend(diagnostics);
            all = match (all, read) {
                (None, read) => read,
                // Each may show what the other does not: which events came of which is not known here.
                (Some(_), Some(_)) => return Ok((None, said)),
                (known, None) => known,
            };
        }
        Ok((all, said))
    }
}
