//! Decoding of what the build script packed: an index, then one deflated record a service.

use std::io::Read as _;
use std::sync::OnceLock;

use crate::types::{Certainty, Index, Need, Operation, Origin, Service};

static PACK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.bin"));
static INDEX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/index.bin"));
/// Lower-cased operation name -> positions of the services that have it.
static OPERATION_NAMES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/operations.bin"));

/// A service's slot: decoded when first asked.
#[derive(Default)]
struct Slot {
    service: OnceLock<Option<Service>>,
    by_action: OnceLock<Vec<Operation>>,
}

struct Catalog {
    index: Index,
    slots: Vec<Slot>,
}

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        // The build script wrote it a moment before the library was compiled; a test decodes all of it.
        let index: Index = postcard::from_bytes(INDEX).unwrap_or_default();
        let slots = index.services.iter().map(|_| Slot::default()).collect();
        Catalog { index, slots }
    })
}

/// The table of contents.
pub(crate) fn index() -> &'static Index {
    &catalog().index
}

/// The position of a service, by lower-cased prefix.
pub(crate) fn position(prefix: &str) -> Option<usize> {
    index()
        .services
        .binary_search_by(|s| s.prefix.as_str().cmp(prefix))
        .ok()
}

/// The service at a position, decoded when first asked.
pub(crate) fn service_at(position: usize) -> Option<&'static Service> {
    let catalog = catalog();
    let record = catalog.index.services.get(position)?;
    let slot = catalog.slots.get(position)?;
    slot.service
        .get_or_init(|| postcard::from_bytes(&inflate(record.start, record.end)?).ok())
        .as_ref()
}

/// Pretended operations, one for each action of the service, for events that have an action's name
/// and no operation of that name (the console and withdrawn APIs record such).
pub(crate) fn operation_of_action(position: usize, name: &str) -> Option<&'static Operation> {
    let service = service_at(position)?;
    let list = catalog().slots.get(position)?.by_action.get_or_init(|| {
        let of = |action: &crate::types::Action| Operation {
            name: action.name.clone(),
            needs: vec![Need {
                action: format!("{}:{}", service.prefix, action.name),
                on: Vec::new(),
                params: Vec::new(),
                when: None,
                certainty: Certainty::Certain,
            }],
            origin: Origin::ActionName,
            read_only: None,
            cite: None,
            why: None,
            companions: Vec::new(),
        };
        service.actions.iter().map(of).collect()
    });
    list.iter().find(|o| o.name.eq_ignore_ascii_case(name))
}

/// Positions of the services that have an operation of that lower-cased name.
pub(crate) fn positions_of_operation(name: &str) -> &'static [u16] {
    static NAMES: OnceLock<Vec<(String, Vec<u16>)>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        inflate_slice(OPERATION_NAMES)
            .and_then(|bytes| postcard::from_bytes(&bytes).ok())
            .unwrap_or_default()
    });
    match names.binary_search_by(|(n, _)| n.as_str().cmp(name)) {
        Ok(at) => names
            .get(at)
            .map(|(_, positions)| positions.as_slice())
            .unwrap_or_default(),
        Err(_) => &[],
    }
}

/// The inflated bytes between two offsets of the pack.
pub(crate) fn inflate(start: u32, end: u32) -> Option<Vec<u8>> {
    inflate_slice(PACK.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?)
}

fn inflate_slice(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::bufread::DeflateDecoder::new(bytes)
        .read_to_end(&mut out)
        .ok()?;
    Some(out)
}
