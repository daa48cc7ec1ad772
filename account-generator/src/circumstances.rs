//! Where each kind's calls come from: true and stable for some, and for some only so it seems.

use crate::kinds::{Day, Kind, Who};
use crate::random::Random;

/// The VPC endpoint of functions.
pub const ENDPOINT: &str = "vpce-0aaaaaaaaaaaaaaa1";
/// The office's network, from which people, auditors and the intruder's victim work.
pub const OFFICE: &str = "198.51.100.0/24";

/// The circumstances of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Circumstances {
    /// The address; `None` for one in the office.
    pub(crate) address: Option<String>,
    /// The VPC endpoint.
    pub(crate) endpoint: Option<&'static str>,
    /// Whether the session began with a second factor.
    pub(crate) mfa: bool,
}

/// Those of a principal on a day of a trail of so many.
pub(crate) fn of(who: &Who, day: Day, days: u64, person: u64) -> Circumstances {
    let mut random = Random::new(&[who.seed, who.number, day.number, 13]);
    let host = 1 + who.number % 250;
    let mut found = Circumstances::default();
    match who.kind {
        // In a VPC, without a way out: the record has the private address.
        Kind::Function => {
            found.endpoint = Some(ENDPOINT);
            found.address = Some(format!("10.0.{}.{host}", random.below(16)));
        }
        // Hosted runners and containers with addresses of the day.
        Kind::Pipeline | Kind::WebService => {
            found.address = Some(format!("198.18.{}.{}", random.below(250), random.below(250)));
        }
        // A trap: it moves to another network half way.
        Kind::DataJob => {
            let network = if day.number * 2 < days { 7 } else { 107 };
            found.address = Some(format!("198.19.{network}.{host}"));
        }
        // Each person from home.
        Kind::SharedUser => found.address = Some(format!("198.18.{}.{host}", 31 * person)),
        Kind::Operator => found.mfa = true,
        _ => {}
    }
    found
}
