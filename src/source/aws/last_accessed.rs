//! When a principal last used what it may use, from IAM's own report.

use std::time::Duration;

use serde_json::json;

use super::client::{Call, Client};
use super::document::text;
use super::failure::{Failure, Kind};
use super::operation;
use crate::evidence::{LastAccessed, last_accessed_of_page};

/// A report is made in seconds; one that is not there by then is not waited for.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(750);

impl Client {
    /// Has the report of a principal made, action by action, and reads it.
    ///
    /// # Errors
    /// [`Failure`]: refused, or not ready after half a minute.
    pub fn last_accessed(&self, arn: &str) -> Result<LastAccessed, Failure> {
        let asked = json!({ "Arn": arn, "Granularity": "ACTION_LEVEL" });
        let started = Call::new(&operation::GENERATE_SERVICE_LAST_ACCESSED_DETAILS, asked).on(arn);
        let answer = self.call(&started)?;
        let job = text(&answer, &["JobId"]).unwrap_or_default().to_owned();
        let of = &operation::GET_SERVICE_LAST_ACCESSED_DETAILS;
        let mut found = LastAccessed::default();
        let mut asked = json!({ "JobId": job, "MaxItems": 1000 });
        for _ in 0..TRIES {
            let mut page = self.call(&Call::new(of, asked.clone()).on(arn))?;
            super::iam::tidy(&mut page);
            match text(&page, &["JobStatus"]) {
                Some("COMPLETED") => {}
                Some("FAILED") => {
                    let why = text(&page, &["Error", "Message"]).unwrap_or("the report could not be made");
                    return Err(Failure::new(of, Kind::Other, "FAILED", why));
                }
                _ => {
                    self.sleep(PAUSE);
                    continue;
                }
            }
            found.merge(last_accessed_of_page(&page).unwrap_or_default());
            let truncated = page.get("IsTruncated").and_then(serde_json::Value::as_bool);
            match text(&page, &["Marker"]) {
                Some(marker) if truncated == Some(true) => {
                    super::iam::set(&mut asked, "Marker", json!(marker));
                }
                _ => return Ok(found),
            }
        }
        Err(Failure::new(
            of,
            Kind::Other,
            "no report",
            "the report is not ready",
        ))
    }
}
