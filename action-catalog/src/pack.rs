//! Decoding of what the build script packed: an index, then one deflated record a service.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::OnceLock;

use crate::escalation::Escalation;
use crate::service_reference::{Overlaid, ServiceReference};
use crate::types::{Certainty, Index, Need, Operation, Origin, Service, ServiceRecord};
use crate::workflow::Workflow;

static PACK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.bin"));
static INDEX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/index.bin"));
/// Lower-cased operation name -> positions of the services that have it.
static OPERATION_NAMES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/operations.bin"));
/// The full names of each service's actions, as they are spelt: most questions about all actions need no more.
static ACTION_NAMES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/actions.bin"));

/// What is needed together.
static WORKFLOWS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/workflows.bin"));

/// What permissions open beyond what they say.
static ESCALATIONS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/escalations.bin"));

/// Bytes of all of them.
pub(crate) const SIZE: usize = PACK.len()
    + INDEX.len()
    + OPERATION_NAMES.len()
    + ACTION_NAMES.len()
    + WORKFLOWS.len()
    + ESCALATIONS.len();

/// A number that another catalog does not have: what events are mapped to depends on it.
pub fn fingerprint() -> u64 {
    static OWN: OnceLock<u64> = OnceLock::new();
    *OWN.get_or_init(|| {
        // FNV-1a (<https://datatracker.ietf.org/doc/draft-eastlake-fnv/>).
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        [PACK, INDEX, OPERATION_NAMES]
            .into_iter()
            .flatten()
            .fold(0xcbf2_9ce4_8422_2325, mix)
    })
}

/// What permissions open beyond what they say, by name.
pub fn escalations() -> &'static [Escalation] {
    static ALL: OnceLock<Vec<Escalation>> = OnceLock::new();
    ALL.get_or_init(|| {
        // The build script wrote it a moment before the library was compiled; a test decodes it.
        let bytes = inflate_slice(ESCALATIONS).unwrap_or_default();
        postcard::from_bytes(&bytes).unwrap_or_default()
    })
}

/// What is needed together, by name: pieces of work for which a principal needs several actions.
pub fn workflows() -> &'static [Workflow] {
    static ALL: OnceLock<Vec<Workflow>> = OnceLock::new();
    ALL.get_or_init(|| {
        // The build script wrote it a moment before the library was compiled; a test decodes it.
        let bytes = inflate_slice(WORKFLOWS).unwrap_or_default();
        postcard::from_bytes(&bytes).unwrap_or_default()
    })
}

/// A service's slot: decoded when first asked.
#[derive(Default)]
struct Slot {
    service: OnceLock<Option<Service>>,
    by_action: OnceLock<Vec<Operation>>,
}

struct Catalog {
    index: Index,
    /// How many services the pack holds; those after them are known from the overlay alone.
    packed: usize,
    slots: Vec<Slot>,
    /// Inflated blocks of policy documents.
    blocks: Vec<OnceLock<Option<String>>>,
}

/// IAM prefix -> AWS's file of the service.
static OVERLAY: OnceLock<BTreeMap<String, ServiceReference>> = OnceLock::new();

/// AWS's files, fixed with the first question to the catalog.
fn overlay() -> &'static BTreeMap<String, ServiceReference> {
    OVERLAY.get_or_init(BTreeMap::new)
}

/// Lays the files over the catalog. `false`: too late, the catalog has been asked.
pub(crate) fn install(files: Vec<ServiceReference>) -> bool {
    let files = files.into_iter().map(|file| (file.name.clone(), file)).collect();
    OVERLAY.set(files).is_ok()
}

/// What the overlay changed, by prefix.
pub(crate) fn overlaid() -> Vec<Overlaid> {
    let changed = |(prefix, file): (&String, &ServiceReference)| {
        let mut service = packed(position(prefix)?)?;
        Some(file.apply(&mut service))
    };
    overlay().iter().filter_map(changed).collect()
}

/// Positions of the services that the overlay speaks of.
pub(crate) fn overlaid_positions() -> impl Iterator<Item = usize> {
    overlay().keys().filter_map(|prefix| position(prefix))
}

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| {
        // The build script wrote it a moment before the library was compiled; a test decodes all of it.
        let mut index: Index = postcard::from_bytes(INDEX).unwrap_or_default();
        let packed = index.services.len();
        let known = |prefix: &String| {
            let services = index.services.iter().take(packed);
            services.map(|s| &s.prefix).any(|p| p == prefix)
        };
        let new: Vec<&String> = overlay().keys().filter(|prefix| !known(prefix)).collect();
        for prefix in new {
            index.services.push(ServiceRecord {
                prefix: prefix.clone(),
                start: 0,
                end: 0,
            });
        }
        let slots = index.services.iter().map(|_| Slot::default()).collect();
        let blocks = index.policy_blocks.iter().map(|_| OnceLock::new()).collect();
        Catalog {
            index,
            packed,
            slots,
            blocks,
        }
    })
}

/// The table of contents.
pub(crate) fn index() -> &'static Index {
    &catalog().index
}

/// The position of a service, by lower-cased prefix.
pub(crate) fn position(prefix: &str) -> Option<usize> {
    let catalog = catalog();
    let (packed, new) = catalog
        .index
        .services
        .split_at_checked(catalog.packed)
        .unwrap_or_default();
    let found = packed.binary_search_by(|s| s.prefix.as_str().cmp(prefix)).ok();
    found.or_else(|| Some(catalog.packed + new.iter().position(|s| s.prefix == prefix)?))
}

/// The service at a position as the pack has it; an empty one where only the overlay knows it.
fn packed(position: usize) -> Option<Service> {
    let catalog = catalog();
    let record = catalog.index.services.get(position)?;
    if position >= catalog.packed {
        return Some(Service::named(&record.prefix, &record.prefix));
    }
    postcard::from_bytes(&inflate(record.start, record.end)?).ok()
}

/// The service at a position, decoded when first asked.
pub(crate) fn service_at(position: usize) -> Option<&'static Service> {
    let slot = catalog().slots.get(position)?;
    let decoded = || {
        let mut service = packed(position)?;
        if let Some(file) = overlay().get(&service.prefix) {
            file.apply(&mut service);
        }
        Some(service)
    };
    slot.service.get_or_init(decoded).as_ref()
}

/// Pretended operations, one for each action of the service, for events that have an action's name
/// and no operation of that name (the console and withdrawn APIs record such).
pub(crate) fn operation_of_action(position: usize, name: &str) -> Option<&'static Operation> {
    let service = service_at(position)?;
    let list = catalog().slots.get(position)?.by_action.get_or_init(|| {
        let of = |action: &crate::types::Action| Operation {
            needs: vec![Need {
                action: format!("{}:{}", service.prefix, action.name),
                on: Vec::new(),
                params: Vec::new(),
                when: None,
                certainty: Certainty::Certain,
            }],
            origin: Origin::ActionName,
            ..Operation::unmapped(&action.name)
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

/// The full names of all actions, by service in the order of the index; services that are not overlaid stay packed.
pub(crate) fn action_names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let named: Vec<Vec<String>> = inflate_slice(ACTION_NAMES)
            .and_then(|bytes| postcard::from_bytes(&bytes).ok())
            .unwrap_or_default();
        let mut named = named.into_iter();
        let of = |record: &ServiceRecord| {
            let packed = named.next();
            match overlay().contains_key(&record.prefix) {
                false => packed.unwrap_or_default(),
                true => {
                    let service = position(&record.prefix).and_then(service_at);
                    let actions = service.into_iter().flat_map(|service| &service.actions);
                    actions
                        .map(|action| format!("{}:{}", record.prefix, action.name))
                        .collect()
                }
            }
        };
        catalog().index.services.iter().flat_map(of).collect()
    })
}

/// A block of policy documents, inflated when first asked.
pub(crate) fn policy_block(block: usize) -> Option<&'static str> {
    let catalog = catalog();
    let (start, end) = *catalog.index.policy_blocks.get(block)?;
    let inflated = || String::from_utf8(inflate(start, end)?).ok();
    catalog.blocks.get(block)?.get_or_init(inflated).as_deref()
}

/// The inflated bytes between two offsets of the pack.
fn inflate(start: u32, end: u32) -> Option<Vec<u8>> {
    inflate_slice(PACK.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?)
}

fn inflate_slice(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::bufread::DeflateDecoder::new(bytes)
        .read_to_end(&mut out)
        .ok()?;
    Some(out)
}
