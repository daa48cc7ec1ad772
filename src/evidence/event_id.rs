//! Ids of events, as they are kept behind counts.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An `eventID`. One that is a UUID as CloudTrail writes it takes sixteen bytes in place of a text: a trail of
/// dated objects keeps one behind nearly every event.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Kept);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Kept {
    Uuid([u8; 16]),
    Text(Box<str>),
}

/// Where a UUID has its dashes.
const DASHES: [usize; 4] = [8, 13, 18, 23];
const UUID_LENGTH: usize = 36;

impl EventId {
    /// Keeps the id: [`fmt::Display`] gives the very text back.
    pub fn new(text: &str) -> Self {
        Self(match packed(text.as_bytes()) {
            Some(bytes) => Kept::Uuid(bytes),
            None => Kept::Text(text.into()),
        })
    }
}

/// The bytes of a UUID in lower case; `None` for any other text.
fn packed(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != UUID_LENGTH {
        return None;
    }
    let mut bytes = [0; 16];
    let mut at = 0;
    for (place, letter) in text.iter().enumerate() {
        if DASHES.contains(&place) {
            if *letter != b'-' {
                return None;
            }
            continue;
        }
        let half = match letter {
            b'0'..=b'9' => letter - b'0',
            b'a'..=b'f' => letter - b'a' + 10,
            _ => return None,
        };
        let byte = bytes.get_mut(at / 2)?;
        *byte = *byte << 4 | half;
        at += 1;
    }
    Some(bytes)
}

impl fmt::Display for EventId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::Text(text) => to.write_str(text),
            Kept::Uuid(bytes) => {
                for (at, byte) in bytes.iter().enumerate() {
                    if matches!(at, 4 | 6 | 8 | 10) {
                        to.write_str("-")?;
                    }
                    write!(to, "{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:?}", self.to_string())
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match to.is_human_readable() {
            true => to.collect_str(self),
            false => self.0.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Ok(Self(Kept::deserialize(from)?));
        }
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        Ok(Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was() {
        for text in [
            "6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e5f",
            "6F1C2E34-9a7b-4c5d-8e9f-0a1b2c3d4e5f",
            "6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e5g",
            "6f1c2e3499a7b-4c5d-8e9f-0a1b2c3d4e5f",
            "6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e5",
            "0007",
            "é",
            "",
        ] {
            let id = EventId::new(text);
            assert_eq!(id.to_string(), text);
            let bytes = postcard::to_allocvec(&id).unwrap();
            assert_eq!(postcard::from_bytes::<EventId>(&bytes).unwrap(), id);
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<EventId>(&json).unwrap(), id);
            assert_eq!(
                matches!(id.0, Kept::Uuid(_)),
                text.starts_with("6f1c2e34-") && text.ends_with("4e5f")
            );
        }
    }

    #[test]
    fn uuids_sort_as_their_texts_do() {
        let low = EventId::new("6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e5f");
        let high = EventId::new("6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e60");
        assert!(low < high);
    }
}
