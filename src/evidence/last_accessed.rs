//! IAM's own record of when a principal last used a service or an action: it reaches back 400 days, further
//! than most trails, and speaks against taking away what was used before them.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Place};

/// When services and actions were last used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAccessed {
    /// By action, in lower case, with prefix: those that IAM tracks one by one.
    actions: BTreeMap<String, Timestamp>,
    /// By service prefix: when anything of it was used, and whether its actions are tracked one by one.
    services: BTreeMap<String, (Timestamp, bool)>,
}

impl LastAccessed {
    /// Why an action that a trail beginning at `window` does not show may have been used all the same: when,
    /// and whether IAM says so of the very action.
    ///
    /// A service of which IAM tracks no action counts as a whole, where it was used before the trail begins:
    /// which of its actions that was nobody knows.
    pub fn speaks_for(&self, action: &str, window: Option<Timestamp>) -> Option<(Timestamp, bool)> {
        let action = action.to_ascii_lowercase();
        if let Some(time) = self.actions.get(&action) {
            return Some((*time, true));
        }
        let (service, _) = action.split_once(':')?;
        let (time, tracked) = self.services.get(service)?;
        let before = window.is_none_or(|window| *time < window);
        (!tracked && before).then_some((*time, false))
    }

    /// Takes in what another report says.
    pub fn merge(&mut self, other: Self) {
        for (action, time) in other.actions {
            let own = self.actions.entry(action).or_insert(time);
            *own = time.max(*own);
        }
        for (service, (time, tracked)) in other.services {
            let own = self.services.entry(service).or_insert((time, tracked));
            *own = (time.max(own.0), own.1 || tracked);
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty() && self.services.is_empty()
    }
}

/// Reads the output of `aws iam get-service-last-accessed-details`, made with `--granularity ACTION_LEVEL`
/// where it can be. `file` is named in the diagnostics. `None` where the text is something else.
pub fn read_last_accessed(text: &str, file: &str) -> (Option<LastAccessed>, Vec<Diagnostic>) {
    let wrong = |why: String| {
        let said = Diagnostic::error(Code::GrantsShape, why).at(Place::file(file));
        (
            None,
            vec![said.help("give the output of `aws iam get-service-last-accessed-details`")],
        )
    };
    match serde_json::from_str::<Value>(text) {
        Ok(value) => match of_page(&value) {
            Some(found) => (Some(found), Vec::new()),
            None => wrong("there is no ServicesLastAccessed in it".to_owned()),
        },
        Err(error) => wrong(format!("not valid JSON: {error}")),
    }
}

/// One page of the report, as JSON; `None` where it is none.
pub fn of_page(page: &Value) -> Option<LastAccessed> {
    let mut found = LastAccessed::default();
    let services = match page.get("ServicesLastAccessed")? {
        Value::Array(services) => services.as_slice(),
        Value::Null => &[],
        _ => return None,
    };
    let time = |value: &Value, name: &str| value.get(name)?.as_str()?.parse::<Timestamp>().ok();
    for service in services {
        let Some(prefix) = service.get("ServiceNamespace").and_then(Value::as_str) else {
            continue;
        };
        let tracked = service
            .get("TrackedActionsLastAccessed")
            .and_then(Value::as_array);
        let tracked = tracked.map(Vec::as_slice).unwrap_or_default();
        if let Some(time) = time(service, "LastAuthenticated") {
            found
                .services
                .insert(prefix.to_ascii_lowercase(), (time, !tracked.is_empty()));
        }
        for action in tracked {
            let name = action.get("ActionName").and_then(Value::as_str);
            if let (Some(name), Some(time)) = (name, time(action, "LastAccessedTime")) {
                found
                    .actions
                    .insert(format!("{prefix}:{name}").to_ascii_lowercase(), time);
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"JobStatus": "COMPLETED", "ServicesLastAccessed": [
        {"ServiceName": "Amazon S3", "ServiceNamespace": "s3", "LastAuthenticated": "2026-03-01T00:00:00+00:00",
         "TrackedActionsLastAccessed": [{"ActionName": "CreateBucket", "LastAccessedTime": "2026-02-01T00:00:00+00:00"},
                                        {"ActionName": "DeleteBucket"}]},
        {"ServiceName": "AWS Backup", "ServiceNamespace": "backup", "LastAuthenticated": "2026-01-01T00:00:00+00:00"},
        {"ServiceName": "Amazon EMR", "ServiceNamespace": "elasticmapreduce"}]}"#;

    #[test]
    fn an_action_counts_by_itself_and_an_untracked_service_as_a_whole() {
        let found = read_last_accessed(REPORT, "f").0.unwrap();
        let window: Timestamp = "2026-08-01T00:00:00Z".parse().unwrap();
        let speaks = |action| found.speaks_for(action, Some(window)).map(|(_, exact)| exact);
        assert_eq!(speaks("s3:CreateBucket"), Some(true));
        assert_eq!(speaks("s3:DeleteBucket"), None, "tracked, and never used");
        assert_eq!(speaks("s3:GetObject"), None, "s3's actions are tracked");
        assert_eq!(speaks("backup:StartBackupJob"), Some(false));
        assert_eq!(speaks("elasticmapreduce:RunJobFlow"), None);
        // Use within the trail's own window is the trail's to show.
        let early: Timestamp = "2025-12-01T00:00:00Z".parse().unwrap();
        assert_eq!(found.speaks_for("backup:StartBackupJob", Some(early)), None);
    }

    #[test]
    fn the_later_time_counts() {
        let mut found = read_last_accessed(REPORT, "f").0.unwrap();
        let later = REPORT.replace("2026-02-01", "2026-06-01");
        found.merge(read_last_accessed(&later, "f").0.unwrap());
        let (time, _) = found.speaks_for("s3:CreateBucket", None).unwrap();
        assert_eq!(time, "2026-06-01T00:00:00Z".parse().unwrap());
        assert!(read_last_accessed("{}", "f").0.is_none() && read_last_accessed("x", "f").0.is_none());
    }
}
