//! Times in what a store keeps: two small numbers in place of a text, which takes four times the room and is parsed
//! again for every count. Formats that people read have the text.

use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds and nanoseconds since 1970-01-01 (UTC).
type Numbers = (i64, i32);

fn numbers(time: Timestamp) -> Numbers {
    (time.as_second(), time.subsec_nanosecond())
}

fn time<E: Error>((second, nanosecond): Numbers) -> Result<Timestamp, E> {
    Timestamp::new(second, nanosecond).map_err(E::custom)
}

/// For `#[serde(with = "…")]` on a time.
pub(super) mod one {
    use super::*;

    pub(in crate::evidence) fn serialize<S: Serializer>(own: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        match to.is_human_readable() {
            true => own.serialize(to),
            false => numbers(*own).serialize(to),
        }
    }

    pub(in crate::evidence) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Timestamp, D::Error> {
        match from.is_human_readable() {
            true => Timestamp::deserialize(from),
            false => time(Numbers::deserialize(from)?),
        }
    }
}

/// For `#[serde(with = "…")]` on a first and a last time.
pub(super) mod span {
    use super::*;
    use crate::evidence::sums::Span;

    pub(in crate::evidence) fn serialize<S: Serializer>(own: &Span, to: S) -> Result<S::Ok, S::Error> {
        match to.is_human_readable() {
            true => own.serialize(to),
            false => own
                .map(|(first, last)| (numbers(first), numbers(last)))
                .serialize(to),
        }
    }

    pub(in crate::evidence) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        if from.is_human_readable() {
            return Span::deserialize(from);
        }
        let own = Option::<(Numbers, Numbers)>::deserialize(from)?;
        own.map(|(first, last)| Ok((time(first)?, time(last)?)))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::sums::Span;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "one")]
        one: Timestamp,
        #[serde(with = "span")]
        span: Span,
    }

    #[test]
    fn times_come_back_from_bytes_and_from_texts() {
        for text in [
            "2026-10-31T23:59:59Z",
            "1969-12-31T23:59:58.25Z",
            "-009999-01-02T01:59:59Z",
        ] {
            let one: Timestamp = text.parse().unwrap();
            for span in [None, Some((one, Timestamp::UNIX_EPOCH))] {
                let both = Both { one, span };
                let bytes = postcard::to_allocvec(&both).unwrap();
                assert_eq!(postcard::from_bytes::<Both>(&bytes).unwrap(), both);
                let json = serde_json::to_string(&both).unwrap();
                assert!(json.contains(text));
                assert_eq!(serde_json::from_str::<Both>(&json).unwrap(), both);
            }
        }
        let bytes = postcard::to_allocvec(&(i64::MAX, 0_i32, None::<u8>)).unwrap();
        assert!(postcard::from_bytes::<Both>(&bytes).is_err());
    }
}
