//! What the account's trails are set to record, so that nothing is called unused that no trail could show.

use serde_json::{Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::Failure;
use super::operation;
use crate::diagnostic::{Diagnostic, Severity};

/// What LookupEvents can show: all management events, no data events
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>).
const HISTORY: &str =
    r#"{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[]}]}"#;

/// What the event history records, as `aws cloudtrail get-event-selectors` would say it.
pub fn history_selectors() -> Value {
    serde_json::from_str(HISTORY).unwrap_or_default()
}

impl Client {
    /// What the trail that delivers into `bucket` records, as GetEventSelectors says it; `None` where no trail of this account and region
    /// does, or that may not be read. What is to be said comes along.
    ///
    /// # Errors
    /// [`Failure`], where nothing more can be asked at all.
    pub fn selectors_of(&self, bucket: &str) -> Result<(Option<Value>, Vec<Diagnostic>), Failure> {
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
        let mut found: Vec<Value> = Vec::new();
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
        // Several trails into one bucket: which events came of which is not known here.
        let one = (found.len() == 1).then(|| found.pop()).flatten();
        Ok((one, said))
    }
}
