//! The kinds of value that conditions compare: decimal numbers, points in time, address ranges.

use std::cmp::Ordering;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::policy::operator::Order;

impl Order {
    /// Whether the request's value, standing like this to the policy's, passes.
    pub(super) fn allows(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// A decimal number of any length, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Without leading zeros.
    whole: String,
    /// Without trailing zeros.
    fraction: String,
}

impl Decimal {
    /// Reads `-12.50`; `None` for anything else (exponents included).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self {
            negative: sign && !zero,
            whole,
            fraction,
        })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            (a.whole.len(), &a.whole, &a.fraction).cmp(&(b.whole.len(), &b.whole, &b.fraction))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A point in time: a date, or date and time with zone, after ISO 8601, or seconds since 1970. Four
/// digits alone could be a year or seconds: `None`.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return if text.len() == 4 {
            None
        } else {
            Timestamp::from_second(text.parse().ok()?).ok()
        };
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"-:.TZtz+".contains(&b))
    {
        return None;
    }
    if text.contains(['T', 't']) {
        return text.parse().ok();
    }
    let day = if text.len() == 7 {
        format!("{text}-01")
    } else {
        text.to_owned()
    };
    (day.len() == 10).then(|| format!("{day}T00:00:00Z").parse().ok())?
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `203.0.113.0/24`, `2001:db8::/32`, or one address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    /// The address as it is written before the slash.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Whether all of the other range is in this one.
    pub fn covers(&self, other: &Self) -> bool {
        other.bits >= self.bits && self.contains(other.address)
    }

    /// Whether the address is in the range; never across the two families.
    pub fn contains(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, unused: u32| (a ^ b).checked_shr(unused).unwrap_or(0) == 0;
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same(own.to_bits().into(), other.to_bits().into(), 32 - self.bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128 - self.bits),
            _ => false,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimals_are_ordered_like_numbers(a in -2_000_000i64..2_000_000, b in -2_000_000i64..2_000_000) {
            let parse = |n: i64| {
                let sign = if n < 0 { "-" } else { "" };
                Decimal::parse(&format!("{sign}{:03}.{:03}", n.abs() / 1000, n.abs() % 1000)).unwrap()
            };
            prop_assert_eq!(parse(a).cmp(&parse(b)), a.cmp(&b));
        }
    }

    #[test]
    fn decimals() {
        assert_eq!(Decimal::parse("-0"), Decimal::parse("0.00"));
        assert!(Decimal::parse("10") > Decimal::parse("9.999"));
        assert!(Decimal::parse("123456789012345678901") > Decimal::parse("123456789012345678900"));
        for text in ["", "-", "1.", ".5", "1e3", "0x1", "1,0", "one"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates() {
        let noon = date("2020-04-01T12:00:00Z");
        assert!(noon.is_some());
        assert_eq!(date("1585742400"), noon);
        assert_eq!(date("2020-04-01T14:00:00+02:00"), noon);
        assert_eq!(date("2020-04-01T12:00:00.000Z"), noon);
        assert_eq!(date("2020-04"), date("2020-04-01"));
        assert!(date("2020-04-01") < noon);
        for text in [
            "",
            "2020",
            "yesterday",
            "2020-04-01T12:00:00",
            "2020-13-01",
            "2020-04-01T12:00:00Z[UTC]",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn networks() {
        let inside = |network: &str, address: &str| {
            Network::parse(network)
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(inside("203.0.113.0/24", "203.0.113.255"));
        assert!(!inside("203.0.113.0/24", "203.0.114.0"));
        assert!(inside("203.0.113.7/24", "203.0.113.1"));
        assert!(inside("203.0.113.7", "203.0.113.7"));
        assert!(!inside("203.0.113.7", "203.0.113.6"));
        assert!(inside("0.0.0.0/0", "8.8.8.8") && !inside("0.0.0.0/0", "::1"));
        assert!(inside("2001:db8::/32", "2001:db8:1::1") && !inside("2001:db8::1", "2001:db8::2"));
        assert!(inside("::/0", "2001:db8::2"));
        let covers = |outer: &str, inner: &str| {
            Network::parse(outer)
                .unwrap()
                .covers(&Network::parse(inner).unwrap())
        };
        assert!(covers("203.0.0.0/16", "203.0.113.0/24") && covers("203.0.113.0/24", "203.0.113.7"));
        assert!(!covers("203.0.113.0/24", "203.0.0.0/16") && !covers("203.0.113.0/24", "203.0.114.0/24"));
        assert_eq!(
            Network::parse("203.0.113.7").unwrap().to_string(),
            "203.0.113.7/32"
        );
        for text in ["", "203.0.113.0/33", "203.0.113", "a/8", "203.0.113.0/"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
