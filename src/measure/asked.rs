//! What is permitted of each action of a service.

use action_catalog::{Action, Service};
use rustc_hash::FxHashMap;

use super::Breadth;
use super::reach::{Permitted, Set};
use super::width::{Template, Widths};

/// One service while its actions are asked for.
pub(super) struct Asked {
    service: &'static Service,
    /// By set of statements and name of a resource type: actions share both.
    known: FxHashMap<(usize, &'static str), Option<(Permitted, Breadth)>>,
    /// By name of a resource type.
    templates: FxHashMap<&'static str, Vec<Template>>,
    /// ARNs that actions without resource types are asked on after all.
    others: Option<FxHashMap<String, Vec<Template>>>,
}

impl Asked {
    pub(super) fn new(service: &'static Service) -> Self {
        Self {
            service,
            known: FxHashMap::default(),
            templates: FxHashMap::default(),
            others: None,
        }
    }

    /// What is permitted of the action, on the type of which that is most.
    pub(super) fn answer(
        &mut self,
        action: &'static Action,
        set: (usize, &Set<'_>),
    ) -> Option<(Permitted, Breadth)> {
        let (number, set) = set;
        if set.layers.iter().any(Vec::is_empty) {
            return None;
        }
        if action.resources.is_empty() {
            let permitted = set.on_star().or_else(|| self.on_others(action, set))?;
            return Some((permitted, Breadth::Unscoped));
        }
        let names = action.resources.iter().map(|wanted| wanted.name.as_str());
        names
            .filter_map(|name| self.on_type(name, number, set))
            .reduce(wider)
    }

    fn on_type(&mut self, name: &'static str, number: usize, set: &Set<'_>) -> Option<(Permitted, Breadth)> {
        if let Some(known) = self.known.get(&(number, name)) {
            return *known;
        }
        let service = self.service;
        let templates = self.templates.entry(name).or_insert_with(|| {
            let arns = service
                .resource_type(name)
                .into_iter()
                .flat_map(|kind| &kind.arns);
            arns.filter_map(|arn| Template::new(arn)).collect()
        });
        let found = templates.iter().filter_map(|template| {
            let permitted = set.on(template, service)?;
            Some((permitted, breadth(permitted.widths, template.full)))
        });
        let found = found.reduce(wider);
        self.known.insert((number, name), found);
        found
    }

    /// Calls are known to ask some actions on ARNs, though AWS lists no resource type for them:
    /// `eks:CreateCluster` on the cluster.
    fn on_others(&mut self, action: &Action, set: &Set<'_>) -> Option<Permitted> {
        let service = self.service;
        let others = self.others.get_or_insert_with(|| asked_on(service));
        let templates = others.get(&action.name.to_ascii_lowercase())?;
        let any = templates.iter().find_map(|template| set.on(template, service))?;
        Some(Permitted {
            widths: Widths::default(),
            ..any
        })
    }
}

fn wider(a: (Permitted, Breadth), b: (Permitted, Breadth)) -> (Permitted, Breadth) {
    let key = |one: &(Permitted, Breadth)| (one.0.widths.total(), one.1);
    let (best, other) = if key(&a) >= key(&b) { (a, b) } else { (b, a) };
    let conditional = best.0.conditional && other.0.conditional;
    (
        Permitted {
            conditional,
            ..best.0
        },
        best.1,
    )
}

fn breadth(widths: Widths, full: Widths) -> Breadth {
    if widths == full {
        Breadth::Everything
    } else if widths.name == full.name {
        Breadth::Account
    } else if widths.name > 0 {
        Breadth::Prefix
    } else {
        Breadth::Named
    }
}

/// The ARNs that the service's operations ask actions without resource types on.
fn asked_on(service: &Service) -> FxHashMap<String, Vec<Template>> {
    let mut found: FxHashMap<String, Vec<Template>> = FxHashMap::default();
    let needs = service.operations.iter().flat_map(|operation| &operation.needs);
    for need in needs {
        let Some((prefix, name)) = need.action.split_once(':') else {
            continue;
        };
        if prefix != service.prefix
            || service
                .action(name)
                .is_none_or(|action| !action.resources.is_empty())
        {
            continue;
        }
        let arns = need.on.iter().filter(|on| on.template.starts_with("arn:"));
        let templates = arns.filter_map(|on| Template::new(&with_stars(&on.template)));
        found
            .entry(name.to_ascii_lowercase())
            .or_default()
            .extend(templates);
    }
    found
}

/// A template of the catalog's own, whose `{path}` are variables as well.
fn with_stars(template: &str) -> String {
    template.replace("${", "{").replace('{', "${")
}
