//! How often each service was used on each day: for the picture, and to tell what is steady from what is
//! not. Kept only where it is asked for, since it grows with the days.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Days;

/// Calls by service (the prefix of `eventSource`) and day (UTC, counted from 1970-01-01).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    services: BTreeMap<Box<str>, Days>,
}

/// The day of a time, counted from 1970-01-01 (UTC).
pub fn day_of(time: jiff::Timestamp) -> i32 {
    i32::try_from(time.as_second().div_euclid(86_400)).unwrap_or(i32::MAX)
}

/// The date of such a day; `None` beyond the calendar.
pub fn date_of(day: i32) -> Option<jiff::civil::Date> {
    let time = jiff::Timestamp::from_second(i64::from(day) * 86_400).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(time).date())
}

impl Activity {
    /// Adds calls to a service on a day.
    pub fn add(&mut self, service: &str, day: i32, calls: u64) {
        let days = match self.services.get_mut(service) {
            Some(days) => days,
            None => self.services.entry(service.into()).or_default(),
        };
        days.add(day, calls);
    }

    /// Adds what another part of the trail shows.
    pub fn merge(&mut self, other: Self) {
        for (service, days) in other.services {
            self.services.entry(service).or_default().merge(days);
        }
    }

    /// Each service with its days, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[(i32, u64)])> {
        self.services
            .iter()
            .map(|(service, days)| (&**service, days.as_slice()))
    }

    /// On how many days anything was done.
    pub fn days(&self) -> usize {
        let mut days: Vec<i32> = self
            .services
            .values()
            .flat_map(Days::iter)
            .map(|(day, _)| day)
            .collect();
        days.sort_unstable();
        days.dedup();
        days.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_in_any_order() {
        let mut one = Activity::default();
        one.add("s3", 20_000, 2);
        one.add("kms", 20_001, 1);
        let mut other = Activity::default();
        other.add("s3", 19_999, 1);
        other.add("s3", 20_000, 3);
        let mut together = one.clone();
        together.merge(other.clone());
        let mut back = other;
        back.merge(one);
        assert_eq!(together, back);
        assert_eq!(together.days(), 3);
        let s3 = together.iter().find(|(service, _)| *service == "s3");
        assert_eq!(s3.map(|(_, days)| days), Some(&[(19_999, 1), (20_000, 5)][..]));
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let time: jiff::Timestamp = "2026-10-31T23:59:59Z".parse().unwrap();
        assert_eq!(date_of(day_of(time)), Some(jiff::civil::date(2026, 10, 31)));
    }
}
