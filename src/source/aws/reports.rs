//! What findings of hygiene are read from, besides grants and the trail: the account's reports and settings, in the
//! form that the AWS CLI prints them.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::{Failure, Kind};
use super::operation::{self, Operation};
use crate::diagnostic::{Diagnostic, Severity};

/// What could be read of an account; what could not is `None`, and said.
#[derive(Debug, Default)]
pub struct AccountReports {
    /// As `aws iam get-credential-report` prints it.
    pub credential_report: Option<Value>,
    /// As `aws iam get-account-summary` does.
    pub summary: Option<Value>,
    /// As `aws iam get-account-password-policy` does; an empty object where the account has none.
    pub password_policy: Option<Value>,
    /// A list of what describe-trails, get-trail-status and get-event-selectors print.
    pub trails: Option<Value>,
    /// A list of what describe-configuration-recorders and describe-configuration-recorder-status print.
    pub config: Option<Value>,
    /// What is to be said.
    pub said: Vec<Diagnostic>,
}

/// AWS makes a credential report in seconds, of a large account in a minute or two
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>).
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_secs(2);

const CONSEQUENCE: &str = "what it would show is not looked for";

impl Client {
    /// Reads all of them. What is refused is left out and said.
    ///
    /// # Errors
    /// [`Failure`], where nothing more can be asked at all.
    pub fn account_reports(&self) -> Result<AccountReports, Failure> {
        let mut said = Vec::new();
        let mut kept = |read: Result<Value, Failure>| match read {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.is_hopeless() => Err(failure),
            Err(failure) => {
                said.push(failure.diagnostic(Severity::Warning, CONSEQUENCE));
                Ok(None)
            }
        };
        let credential_report = kept(self.credential_report())?;
        let summary = kept(self.plain(&operation::GET_ACCOUNT_SUMMARY))?;
        let password_policy = match self.plain(&operation::GET_ACCOUNT_PASSWORD_POLICY) {
            Err(failure) if failure.is_not_found() => Some(json!({})),
            answer => kept(answer)?,
        };
        let (trails, of_trails) = self.trail_settings()?;
        let config = kept(self.config_settings())?;
        said.extend(of_trails);
        Ok(AccountReports {
            credential_report,
            summary,
            password_policy,
            trails,
            config,
            said,
        })
    }

    fn plain(&self, operation: &'static Operation) -> Result<Value, Failure> {
        self.call(&Call::new(operation, json!({})))
    }

    /// Has the report made, which AWS does at most every four hours, and reads it.
    fn credential_report(&self) -> Result<Value, Failure> {
        for _ in 0..TRIES {
            let answer = self.plain(&operation::GENERATE_CREDENTIAL_REPORT)?;
            if text(&answer, &["State"]) == Some("COMPLETE") {
                return self.plain(&operation::GET_CREDENTIAL_REPORT);
            }
            self.sleep(PAUSE);
        }
        let of = &operation::GENERATE_CREDENTIAL_REPORT;
        Err(Failure::new(
            of,
            Kind::Other,
            "no report",
            "the report is not ready",
        ))
    }

    /// The trails, each with whether it is on and what it records; `None` where they may not be listed.
    fn trail_settings(&self) -> Result<(Option<Value>, Vec<Diagnostic>), Failure> {
        let shadows = json!({ "includeShadowTrails": true });
        let answer = match self.call(&Call::new(&operation::DESCRIBE_TRAILS, shadows)) {
            Ok(answer) => answer,
            Err(failure) if failure.is_hopeless() => return Err(failure),
            Err(failure) => return Ok((None, vec![failure.diagnostic(Severity::Warning, CONSEQUENCE)])),
        };
        let mut found = Vec::new();
        let mut said = Vec::new();
        for trail in list(&answer, &["trailList"]) {
            let Some(name) = text(trail, &["TrailARN"]).or_else(|| text(trail, &["Name"])) else {
                continue;
            };
            let asked = [
                (&operation::GET_TRAIL_STATUS, json!({ "Name": name })),
                (&operation::GET_EVENT_SELECTORS, json!({ "TrailName": name })),
            ];
            for (operation, parameters) in asked {
                let mut call = Call::new(operation, parameters).on(name);
                call.region = text(trail, &["HomeRegion"]).map(str::to_owned);
                match self.call(&call) {
                    Ok(Value::Object(mut own)) => {
                        // The status does not say of which trail it is.
                        own.insert("TrailARN".to_owned(), json!(name));
                        found.push(Value::Object(own));
                    }
                    Ok(_) => {}
                    Err(failure) if failure.is_hopeless() => return Err(failure),
                    Err(failure) => said.push(failure.diagnostic(Severity::Warning, CONSEQUENCE)),
                }
            }
        }
        found.insert(0, answer);
        Ok((Some(Value::Array(found)), said))
    }

    /// AWS Config in the region of the client.
    fn config_settings(&self) -> Result<Value, Failure> {
        let recorders = self.plain(&operation::DESCRIBE_CONFIGURATION_RECORDERS)?;
        let status = self.plain(&operation::DESCRIBE_CONFIGURATION_RECORDER_STATUS)?;
        Ok(json!([recorders, status]))
    }
}
