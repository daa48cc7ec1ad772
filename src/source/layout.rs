//! Where log files lie, and what their paths tell before one is opened.
//!
//! `…/AWSLogs/[ORGANIZATION/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE.json.gz`
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>).

use jiff::civil::Date;

use super::Window;

/// Which files are worth opening: what a path does not tell is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only events of this time.
    pub window: Window,
    /// Only these regions; empty for all.
    pub regions: Vec<String>,
    /// Only this account.
    pub account: Option<String>,
}

impl Scope {
    /// The first and the last day of files that can hold events of the window. Files are named by when they
    /// were delivered, minutes after the events: around midnight that is the day after.
    pub fn days(&self) -> (Option<Date>, Option<Date>) {
        let day = |time: jiff::Timestamp| jiff::tz::Offset::UTC.to_datetime(time).date();
        let last = self.window.until.map(day);
        let last = last.map(|day| day.tomorrow().unwrap_or(day));
        (self.window.from.map(day), last)
    }

    /// Whether a file at this path may hold something of it.
    pub(super) fn may_hold(&self, path: &str) -> bool {
        let Some(rest) = log_path(path) else { return true };
        let (first, last) = self.days();
        if let Some(day) = day_of(path)
            && (first.is_some_and(|first| day < first) || last.is_some_and(|last| day > last))
        {
            return false;
        }
        let region = rest.split_once('/').map(|(region, _)| region);
        let other_region = region.is_some_and(|region| !self.wants_region(region));
        let other_account = account_of(path)
            .zip(self.account.as_deref())
            .is_some_and(|(of_path, wanted)| of_path != wanted);
        !other_region && !other_account
    }

    /// Whether a folder of this name holds a region that is wanted.
    pub fn wants_region(&self, name: &str) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|region| region == name)
    }

    /// Whether a folder of this name, as far as it is an account's, is wanted.
    pub fn wants_account(&self, name: &str) -> bool {
        !is_account(name) || self.account.as_deref().is_none_or(|account| account == name)
    }
}

/// Whether it is an account's id.
pub(in crate::source) fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// What follows `CloudTrail/` in a path: `REGION/2026/…`.
pub(in crate::source) fn log_path(path: &str) -> Option<&str> {
    match path.split_once("/CloudTrail/") {
        Some((_, rest)) => Some(rest),
        None => path.strip_prefix("CloudTrail/"),
    }
    .filter(|rest| !rest.is_empty())
}

/// The account in a log file's path.
fn account_of(path: &str) -> Option<&str> {
    let (head, _) = path.split_once("/CloudTrail/")?;
    head.rsplit('/').next().filter(|name| is_account(name))
}

/// The day in a log file's path.
pub(in crate::source) fn day_of(path: &str) -> Option<Date> {
    let mut parts = log_path(path)?.split('/').skip(1);
    let mut number = || parts.next()?.parse::<i16>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The same, counted from 1970-01-01.
pub(in crate::source) fn day_number(path: &str) -> Option<i32> {
    let midnight = day_of(path)?.at(0, 0, 0, 0);
    let time = jiff::tz::Offset::UTC.to_timestamp(midnight).ok()?;
    Some(crate::evidence::day_of(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "audit/AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/2026/11/09/111122223333_CloudTrail_eu-west-1_20261109T0005Z_x.json.gz";

    #[test]
    fn paths_tell_their_day() {
        assert_eq!(day_of(PATH), Some(Date::constant(2026, 11, 9)));
        assert_eq!(day_number("/CloudTrail/r/1970/01/11/x"), Some(10));
        assert_eq!(day_of("AWSLogs/1/CloudTrail/eu-west-1/2026/13/09/x"), None);
        assert_eq!(day_of("elsewhere/2026/11/09/x.json"), None);
        assert_eq!(log_path("AWSLogs/1/CloudTrail/"), None);
        assert_eq!(log_path("AWSLogs/1/CloudTrail/eu-west-1/"), Some("eu-west-1/"));
        assert_eq!(account_of(PATH), Some("111122223333"));
        assert_eq!(account_of("x/CloudTrail/eu-west-1/2026/11/09/x"), None);
    }

    #[test]
    fn a_file_is_opened_unless_its_path_speaks_against_it() {
        let scope = |from: &str, until: &str| Scope {
            window: Window {
                from: from.parse().ok(),
                until: until.parse().ok(),
            },
            ..Scope::default()
        };
        for (from, until, opened) in [
            ("", "", true),
            ("2026-11-09T23:00:00Z", "", true),
            ("2026-11-10T00:00:00Z", "", false),
            // Delivered the day after.
            ("", "2026-11-08T12:00:00Z", true),
            ("", "2026-11-07T12:00:00Z", false),
        ] {
            assert_eq!(scope(from, until).may_hold(PATH), opened, "{from} {until}");
            assert!(scope(from, until).may_hold("a/file.json"));
        }
        let of = |regions: &[&str], account: Option<&str>| Scope {
            regions: regions.iter().map(|&region| region.to_owned()).collect(),
            account: account.map(str::to_owned),
            ..Scope::default()
        };
        assert!(of(&["eu-west-1"], Some("111122223333")).may_hold(PATH));
        assert!(!of(&["us-east-1"], None).may_hold(PATH));
        assert!(!of(&[], Some("444455556666")).may_hold(PATH));
        assert!(of(&["us-east-1"], Some("444455556666")).may_hold("trail/a.json.gz"));
    }
}
