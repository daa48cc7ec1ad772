//! Packs `services/`, `events.json`, `managed-policies.jsonl`, `workflows/` and `escalations.json` into
//! binary files that the library includes: an index, one deflated record a service, deflated blocks of policy documents. An entry
//! that does not say where it comes from fails the build.
#![expect(clippy::disallowed_methods, reason = "a build script reads and writes files")]
#![expect(
    clippy::disallowed_macros,
    reason = "a build script talks to cargo by printing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/escalation.rs"]
#[allow(unreachable_pub, dead_code, reason = "the library uses the rest of it")]
mod escalation;
#[path = "src/file.rs"]
#[allow(unreachable_pub, dead_code, reason = "the library uses the rest of it")]
mod file;
#[path = "src/types.rs"]
#[allow(unreachable_pub, dead_code, reason = "the library uses the rest of it")]
mod types;
#[path = "src/workflow.rs"]
#[allow(unreachable_pub, dead_code, reason = "the library uses the rest of it")]
mod workflow;

use types::{Events, Index, Origin, PolicyRecord, Service, ServiceRecord};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(serde::Deserialize)]
struct PolicyLine {
    name: String,
    arn: Option<String>,
    version: String,
    deprecated: bool,
    document: Box<serde_json::value::RawValue>,
}

fn main() -> Outcome<()> {
    for path in [
        "build.rs",
        "src/file.rs",
        "src/types.rs",
        "services",
        "events.json",
        "managed-policies.jsonl",
        "src/workflow.rs",
        "workflows",
        "workflows-together.json",
        "src/escalation.rs",
        "escalations.json",
    ] {
        println!("cargo::rerun-if-changed={path}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut pack = Vec::new();
    let mut names: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    let mut index = Index {
        events: read_events()?,
        ..Index::default()
    };
    let services = read_services()?;
    let actions = action_names(&services);
    let escalations = read_escalations(&actions)?;
    fs::write(
        out.join("escalations.bin"),
        deflate(&postcard::to_allocvec(&escalations)?)?,
    )?;
    let workflows = read_workflows(&actions)?;
    fs::write(
        out.join("workflows.bin"),
        deflate(&postcard::to_allocvec(&workflows)?)?,
    )?;
    for (position, service) in services.iter().enumerate() {
        for operation in &service.operations {
            let positions = names.entry(operation.name.to_ascii_lowercase()).or_default();
            positions.push(u16::try_from(position)?);
        }
        let (start, end) = append(&mut pack, &postcard::to_allocvec(service)?)?;
        index.services.push(ServiceRecord {
            prefix: service.prefix.clone(),
            start,
            end,
        });
    }
    for block in read_policies()?.chunks(POLICIES_IN_A_BLOCK) {
        let mut documents = Vec::new();
        for policy in block {
            let start = u32::try_from(documents.len())?;
            documents.extend(policy.document.get().as_bytes());
            index.policies.push(PolicyRecord {
                name: policy.name.clone(),
                arn: policy.arn.clone(),
                version: policy.version.clone(),
                deprecated: policy.deprecated,
                block: u32::try_from(index.policy_blocks.len())?,
                start,
                end: u32::try_from(documents.len())?,
            });
        }
        index.policy_blocks.push(append(&mut pack, &documents)?);
    }
    let names: Vec<(String, Vec<u16>)> = names.into_iter().collect();
    fs::write(
        out.join("operations.bin"),
        deflate(&postcard::to_allocvec(&names)?)?,
    )?;
    let by_service: Vec<Vec<String>> = services.iter().map(names_of).collect();
    fs::write(
        out.join("actions.bin"),
        deflate(&postcard::to_allocvec(&by_service)?)?,
    )?;
    fs::write(out.join("index.bin"), postcard::to_allocvec(&index)?)?;
    fs::write(out.join("catalog.bin"), pack)?;
    Ok(())
}

/// Documents that are deflated together: alone, most of each is what all of them have in common.
const POLICIES_IN_A_BLOCK: usize = 32;

/// Fails where an operation does not say where its mapping comes from, or why it has none.
fn check_sources(service: &Service) -> Outcome<()> {
    for operation in &service.operations {
        let name = format!("{}:{}", service.prefix, operation.name);
        let cited = |cite: &str| cite.starts_with("https://");
        let by_hand = matches!(operation.origin, Origin::Override | Origin::ServiceReference);
        if by_hand && !operation.cite.as_deref().is_some_and(cited) {
            return Err(format!("{name} is mapped by hand and cites no document").into());
        }
        if operation.needs.is_empty() != operation.why.is_some() {
            return Err(format!("{name} has neither needs nor a reason for having none, or both").into());
        }
        if let Some(companion) = operation.companions.iter().find(|c| !cited(&c.cite)) {
            return Err(format!("{name}: {} comes with it and cites no document", companion.action).into());
        }
    }
    Ok(())
}

/// All of `services/`, sorted by prefix. Before the first refresh there is none.
fn read_services() -> Outcome<Vec<Service>> {
    let mut services = Vec::new();
    if Path::new("services").is_dir() {
        for entry in fs::read_dir("services")? {
            let path = entry?.path();
            let text = fs::read_to_string(&path)?;
            let service = file::read_service(&text).map_err(|e| format!("{}: {e}", path.display()))?;
            check_sources(&service)?;
            services.push(service);
        }
    }
    services.sort_by(|a, b| a.prefix.cmp(&b.prefix));
    Ok(services)
}

/// Every action of the catalog, with prefix.
fn action_names(services: &[Service]) -> BTreeSet<String> {
    services.iter().flat_map(names_of).collect()
}

/// The actions of a service, with prefix.
fn names_of(service: &Service) -> Vec<String> {
    let names = service.actions.iter();
    names
        .map(|action| format!("{}:{}", service.prefix, action.name))
        .collect()
}

/// A file of `workflows/`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkflowFile {
    workflows: Vec<workflow::Workflow>,
}

/// `workflows-together.json`: which workflows are rare, and which go with others.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct TogetherFile {
    rare: Vec<String>,
    together: Vec<Together>,
}

/// Each of `of` is usually done with each of `with`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Together {
    of: Vec<String>,
    with: Vec<String>,
    #[serde(default)]
    bind: BTreeMap<String, String>,
    #[expect(dead_code, reason = "for readers of the file")]
    why: String,
}

/// Marks what is rare and what goes together. Fails where a name is not that of a workflow.
fn together(all: &mut [workflow::Workflow]) -> Outcome<()> {
    let file = "workflows-together.json";
    if !Path::new(file).exists() {
        return Ok(());
    }
    let read: TogetherFile = serde_json::from_str(&fs::read_to_string(file)?)?;
    let names: BTreeSet<String> = all.iter().map(|own| own.name.clone()).collect();
    let named = read
        .together
        .iter()
        .flat_map(|own| own.of.iter().chain(&own.with));
    if let Some(wrong) = named.chain(&read.rare).find(|name| !names.contains(*name)) {
        return Err(format!("{file}: there is no workflow {wrong}").into());
    }
    for own in all {
        own.rare |= read.rare.contains(&own.name);
        for link in read.together.iter().filter(|link| link.of.contains(&own.name)) {
            let others = link.with.iter().filter(|other| **other != own.name);
            own.with.extend(others.map(|other| workflow::WorkflowWith {
                workflow: other.clone(),
                bind: link.bind.clone(),
            }));
        }
    }
    Ok(())
}

/// All of `workflows/`, sorted by name. Fails where one names an action that does not exist, or cites
/// nothing.
fn read_workflows(actions: &BTreeSet<String>) -> Outcome<Vec<workflow::Workflow>> {
    let mut all: Vec<workflow::Workflow> = Vec::new();
    if Path::new("workflows").is_dir() {
        for entry in fs::read_dir("workflows")? {
            let path = entry?.path();
            let text = fs::read_to_string(&path)?;
            let read: WorkflowFile =
                serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
            all.extend(read.workflows);
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    for (number, own) in all.iter().enumerate() {
        if all.get(number + 1).is_some_and(|next| next.name == own.name) {
            return Err(format!("two workflows are called {}", own.name).into());
        }
        for part in &own.parts {
            if !part.source.starts_with("https://") {
                return Err(format!("{}: \"{}\" cites no document", own.name, part.title).into());
            }
            if let Some(wrong) = part.actions.iter().find(|own| !actions.contains(&own.action)) {
                return Err(format!("{}: there is no action {}", own.name, wrong.action).into());
            }
        }
    }
    together(&mut all)?;
    Ok(all)
}

/// `escalations.json`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EscalationFile {
    escalations: Vec<escalation::Escalation>,
}

/// All of `escalations.json`, sorted by name. Fails where one names an action that does not exist, or
/// cites nothing.
fn read_escalations(actions: &BTreeSet<String>) -> Outcome<Vec<escalation::Escalation>> {
    if !Path::new("escalations.json").exists() {
        return Ok(Vec::new());
    }
    let read: EscalationFile = serde_json::from_str(&fs::read_to_string("escalations.json")?)?;
    let mut all = read.escalations;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    for (number, own) in all.iter().enumerate() {
        if all.get(number + 1).is_some_and(|next| next.name == own.name) {
            return Err(format!("two escalations are called {}", own.name).into());
        }
        if !own.source.starts_with("https://") {
            return Err(format!("escalation {} cites no document", own.name).into());
        }
        if own.all.is_empty() || own.all.iter().any(Vec::is_empty) {
            return Err(format!("escalation {} rests on nothing", own.name).into());
        }
        // Before the first refresh the catalog has no actions at all.
        let mut named = own.all.iter().flatten();
        if let Some(wrong) = named.find(|action| !actions.is_empty() && !actions.contains(*action)) {
            return Err(format!("escalation {}: there is no action {wrong}", own.name).into());
        }
    }
    Ok(all)
}

fn read_events() -> Outcome<Events> {
    if !Path::new("events.json").exists() {
        return Ok(Events::default());
    }
    Ok(serde_json::from_str(&fs::read_to_string("events.json")?)?)
}

fn read_policies() -> Outcome<Vec<PolicyLine>> {
    if !Path::new("managed-policies.jsonl").exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string("managed-policies.jsonl")?;
    let mut policies = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<Vec<PolicyLine>, _>>()?;
    policies.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(policies)
}

/// Appends the deflated bytes; returns where they start and end.
fn append(pack: &mut Vec<u8>, bytes: &[u8]) -> Outcome<(u32, u32)> {
    let start = u32::try_from(pack.len())?;
    pack.extend(deflate(bytes)?);
    Ok((start, u32::try_from(pack.len())?))
}

fn deflate(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
