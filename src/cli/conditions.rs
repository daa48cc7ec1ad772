//! Arguments on conditions.

use std::collections::BTreeMap;

use crate::evaluate::Network;
use crate::recommend::conditions::{Name, Wanted};

/// One or more kinds of conditions, by one word of the command line.
#[derive(Debug, Clone)]
pub(super) struct Names(Vec<Name>);

/// Reads a name, or `all`: those of which a trail shows that they held.
pub(super) fn names(text: &str) -> Result<Names, String> {
    if text == "all" {
        let recorded = Name::ALL.into_iter().filter(|name| name.is_recorded());
        return Ok(Names(recorded.collect()));
    }
    let one = Name::ALL.into_iter().find(|name| name.as_str() == text);
    one.map(|name| Names(vec![name])).ok_or_else(|| {
        let known: Vec<&str> = Name::ALL.iter().map(|name| name.as_str()).collect();
        format!("write all, or one of {}", known.join(", "))
    })
}

/// Reads a range of addresses.
pub(super) fn network(text: &str) -> Result<Network, String> {
    Network::parse(text).ok_or_else(|| "write a range of addresses: 203.0.113.0/24".to_owned())
}

/// What is known and wanted of conditions.
pub(super) fn wanted(write: &[Names], networks: &[Network], tags: BTreeMap<String, String>) -> Wanted {
    Wanted {
        write: write.iter().flat_map(|names| names.0.iter().copied()).collect(),
        networks: networks.to_vec(),
        tags,
    }
}
