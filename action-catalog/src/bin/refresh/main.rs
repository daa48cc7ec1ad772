//! Makes `services/`, `events.json` and `managed-policies.jsonl` anew.
//!
//! `refresh FOLDER [--service-reference DIR]`: FOLDER holds the unpacked packages (see `fetch-sources`)
//! and `handover/`; DIR holds files of AWS's service reference, which are laid over the rest. Reads
//! `overrides/` in the crate's folder. Prints what changed, fit for a changelog.
#![expect(
    clippy::disallowed_methods,
    reason = "a tool of the maintainers: it reads and writes files"
)]
#![expect(
    clippy::disallowed_macros,
    reason = "a tool of the maintainers: it prints what it did"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

mod actions;
mod botocore;
mod changes;
#[path = "../../coverage.rs"]
#[allow(unreachable_pub, reason = "shared with the library")]
mod coverage;
mod events;
#[path = "../../file.rs"]
#[allow(dead_code, reason = "the build script uses the rest of it")]
#[allow(unreachable_pub, reason = "shared with the build script")]
mod file;
mod map;
mod needs;
mod operations;
mod overrides;
mod pages;
mod plausible;
mod policies;
mod recorded;
mod report;
mod seen;
#[path = "../../service_reference.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the library")]
mod service_reference;
mod sources;
#[path = "../../types.rs"]
#[allow(dead_code, unreachable_pub, reason = "the library uses the rest of it")]
mod types;
mod write;

/// What can go wrong is a file that is missing or has another form: a text says which.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, reference) = match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [folder] => ((*folder).to_owned(), None),
        [folder, "--service-reference", reference] => ((*folder).to_owned(), Some((*reference).to_owned())),
        _ => return Err("usage: refresh FOLDER [--service-reference DIR]".into()),
    };
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources::Sources::new(Path::new(&folder));
    let overrides = overrides::Overrides::read(&crate_folder.join("overrides"))?;
    let mut services = actions::read(&sources)?;
    let prefixes: std::collections::BTreeSet<String> = services.keys().cloned().collect();
    let is_prefix = |prefix: &str| prefixes.contains(prefix);
    let models = botocore::read(&sources, is_prefix, &overrides.api_prefixes)?;
    add_services_without_actions(&mut services, &models);
    pages::join(&mut services, &sources)?;
    actions::enrich(&mut services, &sources, &operations::reached(&models))?;
    let event_sources = events::sources(&sources, &overrides, &models, &prefixes)?;
    let prefix_of = |source: &str| event_sources.prefixes.get(&source.to_ascii_lowercase()).cloned();
    let observed = recorded::Observed::read(&sources, prefix_of)?;
    let map = map::MethodMap::read(&sources)?;
    let spelling = actions::spelling(&services);
    let known = needs::Known {
        services: &services,
        spelling: &spelling,
        observed: &observed,
    };
    let documented = operations::documented(&sources)?;
    let lookup = operations::Lookup {
        known: &known,
        map: &map,
        overrides: &overrides,
        documented,
    };
    let operations = operations::all(&lookup, &models);
    check_actions(&operations, &spelling)?;
    check_companions(&operations, &overrides)?;
    let rules = seen::Rules {
        overrides: &overrides,
        documented: &event_sources.documented,
    };
    seen::fill(&mut services, &operations, &rules);
    operations::into_services(&mut services, operations);
    finish(&mut services, &overrides, &event_sources);
    if let Some(reference) = reference {
        lay_over(&mut services, Path::new(&reference))?;
    }
    let before = changes::before(crate_folder)?;
    let policies_path = crate_folder.join("managed-policies.jsonl");
    let policies_before = match policies_path.exists() {
        true => changes::policies(fs::read_to_string(&policies_path)?.lines())?,
        false => BTreeMap::new(),
    };
    write_services(crate_folder, &services)?;
    write_events(crate_folder, &overrides, &event_sources)?;
    let policies = policies::lines(&sources)?;
    fs::write(policies_path, policies.join("\n") + "\n")?;
    print!("{}", changes::between(&before, &services));
    let policies_now = changes::policies(policies.iter().map(String::as_str))?;
    print!("{}", changes::between_policies(&policies_before, &policies_now));
    let counts = report::counts(&services, event_sources.prefixes.len(), policies.len());
    for (name, count) in &counts {
        println!("{count:>7} {}", name.replace('_', " "));
    }
    overrides
        .unknown_operations(&services)
        .iter()
        .for_each(|name| println!("no such operation: {name}"));
    report::write(crate_folder, &counts, &services)
}

/// A need of an action that AWS does not have is a mistake in an override.
fn check_actions(operations: &operations::Operations, spelling: &actions::Spelling) -> Outcome<()> {
    let mut wrong = Vec::new();
    for (prefix, by_name) in operations {
        for (name, found) in by_name {
            let needs = found.operation.needs.iter().map(|n| &n.action);
            let companions = found.operation.companions.iter().map(|c| &c.action);
            let unknown = needs.chain(companions).filter(|action| {
                spelling
                    .get(&action.to_ascii_lowercase())
                    .is_none_or(|spelled| spelled != *action)
            });
            wrong.extend(unknown.map(|action| format!("{prefix}:{name} needs {action:?}")));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("no such action:\n{}", wrong.join("\n")).into()),
    }
}

/// A service whose API is known and whose actions AWS does not list: its operations are known, and not
/// mapped.
fn add_services_without_actions(services: &mut actions::Services, models: &[botocore::Model]) {
    for model in models {
        let new = || types::Service::named(&model.prefix, &model.name);
        services.entry(model.prefix.clone()).or_insert_with(new);
    }
}

/// Companions of an operation that no service has are a mistake as well.
fn check_companions(operations: &operations::Operations, overrides: &overrides::Overrides) -> Outcome<()> {
    let known = |name: &str| {
        let (prefix, name) = name.split_once(':')?;
        operations.get(prefix)?.get(&name.to_ascii_lowercase())
    };
    let unknown: Vec<&String> = overrides
        .companions
        .keys()
        .filter(|n| known(n).is_none())
        .collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(format!("companions of no operation: {unknown:?}").into()),
    }
}

/// Lays the files of a folder of AWS's service reference over the services.
fn lay_over(services: &mut actions::Services, folder: &Path) -> Outcome<()> {
    let is_json = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "json");
    for path in overrides::files(folder)?.iter().filter(is_json) {
        let text = fs::read_to_string(path)?;
        let file = service_reference::ServiceReference::read(&text)
            .map_err(|e| format!("{}: {e}", path.display()))?;
        let Some(file) = file else { continue };
        let service = services
            .entry(file.name.clone())
            .or_insert_with(|| types::Service::named(&file.name, &file.name));
        let overlaid = file.apply(service);
        println!(
            "service reference {}: {} actions and {} operations differ",
            overlaid.prefix,
            overlaid.added.len() + overlaid.changed.len(),
            overlaid.operations.len()
        );
    }
    Ok(())
}

fn finish(
    services: &mut actions::Services,
    overrides: &overrides::Overrides,
    event_sources: &events::EventSources,
) {
    for (prefix, service) in services {
        service.global = overrides.global.contains(prefix);
        let of = event_sources.prefixes.iter().filter(|(_, p)| *p == prefix);
        service.event_sources = of.map(|(source, _)| source.clone()).collect();
        let network = &overrides.network_activity;
        service.network_activity = service.event_sources.iter().any(|s| network.contains(s));
        if let Some(types) = overrides.ephemeral.get(prefix) {
            for kind in &mut service.resource_types {
                kind.ephemeral = types.contains(&kind.name.to_ascii_lowercase());
            }
        }
    }
}

fn write_services(folder: &Path, services: &actions::Services) -> Outcome<()> {
    let folder = folder.join("services");
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (prefix, service) in services {
        fs::write(folder.join(format!("{prefix}.json")), write::service(service))?;
    }
    Ok(())
}

fn write_events(
    folder: &Path,
    overrides: &overrides::Overrides,
    event_sources: &events::EventSources,
) -> Outcome<()> {
    let events = types::Events {
        sources: event_sources
            .prefixes
            .iter()
            .map(|(s, p)| (s.clone(), p.clone()))
            .collect(),
        names: overrides.events.named(),
        not_authorized: overrides.events.not_authorized.clone(),
    };
    let lines = |list: Vec<String>| list.join(",\n");
    let json = |value: &serde_json::Value| value.to_string();
    let sources = events
        .sources
        .iter()
        .map(|s| json(&serde_json::json!(s)))
        .collect();
    let mut names = Vec::new();
    for name in &events.names {
        names.push(serde_json::to_string(name)?);
    }
    let mut rules = Vec::new();
    for rule in &events.not_authorized {
        rules.push(serde_json::to_string(rule)?);
    }
    let text = format!(
        "{{\n\"sources\": [\n{}\n],\n\"names\": [\n{}\n],\n\"not_authorized\": [\n{}\n]\n}}\n",
        lines(sources),
        lines(names),
        lines(rules),
    );
    fs::write(folder.join("events.json"), text)?;
    Ok(())
}
