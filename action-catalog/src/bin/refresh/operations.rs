//! Every API operation and what it needs: by override, else by the map, else by API Gateway's rule,
//! else by an action of its name, else by the one action that its documentation names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::Outcome;
use crate::actions::Services;
use crate::botocore::{Api, Model};
use crate::map::{MethodMap, normal};
use crate::needs::Known;
use crate::overrides::Overrides;
use crate::sources::{Sources, field};
use crate::types::{Level, Need, Operation, Origin, When};

/// An operation with the API that it belongs to (botocore's name; empty: of no API model).
pub(crate) struct Found {
    pub(crate) api: String,
    pub(crate) operation: Operation,
}

/// Operations of one service, by lower-cased name.
pub(crate) type Operations = BTreeMap<String, BTreeMap<String, Found>>;

/// Where to look.
pub(crate) struct Lookup<'l> {
    pub(crate) known: &'l Known<'l>,
    pub(crate) map: &'l MethodMap,
    pub(crate) overrides: &'l Overrides,
    /// (IAM prefix, lower-cased operation) -> the actions that its documentation names.
    pub(crate) documented: HashMap<(String, String), Vec<String>>,
}

/// The actions that botocore's documentation of an operation names.
pub(crate) fn documented(sources: &Sources) -> Outcome<HashMap<(String, String), Vec<String>>> {
    let mut found = HashMap::new();
    for row in sources.csv("derived/botocore_ops_without_action.csv")? {
        let actions = field(&row, 3).split_whitespace().map(str::to_owned).collect();
        found.insert(
            (field(&row, 1).to_owned(), field(&row, 2).to_ascii_lowercase()),
            actions,
        );
    }
    Ok(found)
}

/// All operations of all models, of the map alone, and of overrides alone.
pub(crate) fn all(lookup: &Lookup<'_>, models: &[Model]) -> Operations {
    let mut operations = Operations::new();
    let of_several = |action: &str, variable: &str| lookup.known.types_with(action, variable) > 1;
    // The API that has the prefix's own name comes first, so that others of the prefix yield to it.
    let mut models: Vec<&Model> = models.iter().collect();
    models.sort_by_key(|m| (m.service != m.prefix && m.endpoint != m.prefix, m.service.clone()));
    for api in models.iter().flat_map(|m| m.operations()) {
        let mut operation = lookup.operation(&api);
        finish(lookup, &api.model.prefix, Some(&api), &mut operation);
        let found = Found {
            api: api.model.service.clone(),
            operation,
        };
        add(&mut operations, &api.model.prefix, found, &of_several);
    }
    for (prefix, entry) in lookup.map.all() {
        lookup.add_unmodelled(&mut operations, prefix, entry);
    }
    for (prefix, by_name) in &lookup.overrides.operations {
        for name in by_name.keys() {
            if operations
                .get(prefix)
                .is_some_and(|o| o.contains_key(&name.to_ascii_lowercase()))
            {
                continue;
            }
            let mut operation = Operation::unmapped(name);
            lookup.apply_override(prefix, None, &mut operation);
            finish(lookup, prefix, None, &mut operation);
            let found = Found {
                api: String::new(),
                operation,
            };
            add(&mut operations, prefix, found, &of_several);
        }
    }
    for (name, companions) in &lookup.overrides.companions {
        let found = name
            .split_once(':')
            .and_then(|(prefix, name)| operations.get_mut(prefix)?.get_mut(&name.to_ascii_lowercase()));
        if let Some(found) = found {
            found.operation.companions.clone_from(companions);
            found
                .operation
                .companions
                .sort_by(|a, b| (a.by, &a.action, &a.because).cmp(&(b.by, &b.action, &b.because)));
        }
    }
    operations
}

/// Adds an operation. Of two APIs' operations of one name the better known stays; the verb rule's are
/// told apart by the parameter that one of them has. `of_several`: whether several resource types of an
/// action have a variable.
fn add(operations: &mut Operations, prefix: &str, found: Found, of_several: &dyn Fn(&str, &str) -> bool) {
    let key = found.operation.name.to_ascii_lowercase();
    let service = operations.entry(prefix.to_owned()).or_default();
    let Some(old) = service.get_mut(&key) else {
        service.insert(key, found);
        return;
    };
    let (kept, new) = (&mut old.operation, found.operation);
    if kept.origin == Origin::Override || new.needs.is_empty() {
        return;
    }
    if kept.needs.is_empty() || (new.origin == Origin::Map && kept.origin > Origin::Map) {
        *kept = new;
        old.api = found.api;
    } else if kept.origin == Origin::HttpVerb && new.origin == Origin::HttpVerb {
        merge_verbs(kept, new);
    } else if let ([one], [other]) = (kept.needs.as_mut_slice(), new.needs.as_slice())
        && one.action == other.action
    {
        if let (Some(first), Some(second)) = (only_path(one), only_path(other))
            && !first.eq_ignore_ascii_case(&second)
            && one.on.is_empty() != other.on.is_empty()
        {
            one.when = Some(When::Present(first));
            kept.needs.push(Need {
                when: Some(When::Present(second)),
                ..other.clone()
            });
            return;
        }
        if !(one.on.is_empty() && other.on.is_empty()) {
            return;
        }
        // A variable that the two take from different parameters is of different resource types,
        // if several types have it.
        let of = |need: &Need, variable: &str| -> Vec<String> {
            let mine = need.params.iter().filter(|(v, _)| v == variable);
            mine.map(|(_, path)| path.to_ascii_lowercase()).collect()
        };
        let before = one.clone();
        let agree = |v: &str| of(other, v) == of(&before, v) || !of_several(&before.action, v);
        one.params.retain(|(v, _)| of(other, v).is_empty() || agree(v));
        let more = other
            .params
            .iter()
            .filter(|(v, _)| of(&before, v).is_empty() || agree(v));
        one.params.extend(more.cloned());
        let mut seen = BTreeSet::new();
        one.params
            .retain(|(v, path)| seen.insert((v.clone(), path.to_ascii_lowercase())));
        one.params.sort_by(|a, b| a.0.cmp(&b.0));
    }
}

/// The request parameter that a need takes its resource from, where it is one.
fn only_path(need: &Need) -> Option<String> {
    match (need.on.as_slice(), need.params.as_slice()) {
        ([on], []) => {
            let path = on.template.strip_prefix('{')?.strip_suffix('}')?;
            (!path.contains(['|', ':', '}'])).then(|| path.to_owned())
        }
        ([], [(_, path)]) => Some(path.clone()),
        _ => None,
    }
}

/// `CreateDeployment` is one of REST APIs and one of HTTP APIs: the request shows which.
fn merge_verbs(kept: &mut Operation, new: Operation) {
    let template = |n: &Need| {
        n.on.first()
            .map(|o| o.template.to_ascii_lowercase())
            .unwrap_or_default()
    };
    let parameter = |n: &Need| {
        let on = n.on.first()?;
        let start = on.template.find("::/")?;
        let (_, rest) = on.template.get(start..)?.split_once('{')?;
        rest.split('}').next().map(str::to_owned)
    };
    for mut need in new.needs {
        if kept.needs.iter().any(|k| template(k) == template(&need)) {
            continue;
        }
        need.when = parameter(&need).map(When::Present);
        for old in kept.needs.iter_mut().filter(|old| old.when.is_none()) {
            old.when = parameter(old).map(When::Present);
        }
        kept.needs.push(need);
    }
}

/// Puts needs in order and says whether the call only reads.
fn finish(lookup: &Lookup<'_>, prefix: &str, api: Option<&Api<'_>>, operation: &mut Operation) {
    operation
        .needs
        .sort_by_key(|n| (n.action == "iam:PassRole", n.when.is_some()));
    operation.needs.dedup();
    let own = |n: &&Need| n.when.is_none() && n.action.starts_with(&format!("{prefix}:"));
    let level = |n: &Need| lookup.known.action(&n.action).map(|(_, action)| action.level);
    let mut levels: Vec<Level> = operation.needs.iter().filter(own).filter_map(level).collect();
    if levels.is_empty() {
        levels.extend(operation.needs.first().and_then(level));
    }
    let reads = |level: &Level| matches!(level, Level::List | Level::Read);
    operation.read_only = match levels.as_slice() {
        // CopyObject reads its source and writes.
        [_, ..] => Some(levels.iter().all(reads)),
        [] if api.is_some_and(|api| api.method() == "GET") => Some(true),
        [] => None,
    };
    if operation.needs.is_empty() && operation.why.is_none() {
        let unsigned = api.and_then(Api::unsigned);
        if unsigned.is_some() {
            operation.origin = Origin::ApiModel;
        }
        let has_actions = lookup
            .known
            .services
            .get(prefix)
            .is_some_and(|service| !service.actions.is_empty());
        let why = unsigned.unwrap_or(if has_actions { NO_SOURCE } else { NO_ACTIONS });
        operation.why = Some(why.to_owned());
    }
}

/// Why an operation of a service without actions is unmapped.
const NO_ACTIONS: &str = "AWS lists no IAM actions for this service";

/// Why an operation is unmapped.
const NO_SOURCE: &str = "AWS lists no action of this name, and no source names another";

impl Lookup<'_> {
    fn operation(&self, api: &Api<'_>) -> Operation {
        let mut operation = Operation::unmapped(api.name);
        let (origin, mut needs) = self.derived(api);
        let model = api.model;
        let entry = self
            .map
            .entry([&model.service_id, &model.service], &model.prefix, api.name);
        let pass = self.known.pass_role(api, &needs, entry);
        if !needs.is_empty() {
            needs.extend(pass);
        }
        operation.origin = if needs.is_empty() {
            Origin::Unmapped
        } else {
            origin
        };
        operation.needs = needs;
        self.apply_override(&model.prefix, Some(api), &mut operation);
        operation
    }

    fn derived(&self, api: &Api<'_>) -> (Origin, Vec<Need>) {
        let model = api.model;
        let same = self.known.spelled(&format!("{}:{}", model.prefix, api.name));
        let by_name = |action: &str| (Origin::SameName, vec![self.known.plain(api, action)]);
        if let Some(found) = self.known.by_verb(api) {
            // The newest resources of API Gateway have actions of their own.
            return same.map_or(found, by_name);
        }
        if let Some(entry) = self
            .map
            .entry([&model.service_id, &model.service], &model.prefix, api.name)
        {
            let needs = self.known.by_map(api, entry);
            // An action of the call's own name that the map does not know is newer than the map.
            let newer = same.is_some_and(|same| needs.iter().all(|n| n.action != same));
            if !needs.is_empty() && !newer {
                return (Origin::Map, needs);
            }
        }
        if let Some(action) = same {
            return by_name(action);
        }
        match self.documented_action(api) {
            Some(action) => (Origin::ApiDocumentation, vec![self.known.plain(api, action)]),
            None => (Origin::Unmapped, Vec::new()),
        }
    }

    /// The one action that the documentation names, where it can be the call's own: of its service,
    /// no tagging, reading exactly where the call's verb reads.
    fn documented_action(&self, api: &Api<'_>) -> Option<&str> {
        let key = (api.model.prefix.clone(), api.name.to_ascii_lowercase());
        let [only] = self.documented.get(&key)?.as_slice() else {
            return None;
        };
        let action = self.known.spelled(only)?;
        let (prefix, _) = action.split_once(':')?;
        let related = prefix == api.model.prefix || (api.model.prefix == "s3" && prefix == "s3express");
        let level = self.known.action(action)?.1.level;
        let (reads, is_read) = (matches!(level, Level::List | Level::Read), reads(api.name));
        let verbs_agree = is_read == reads || !(is_read || writes(api.name));
        (related && level != Level::Tagging && verbs_agree).then_some(action)
    }

    /// Replaces needs by those written by hand. A need that does not say on which resources keeps the
    /// parameters that were derived for its action.
    fn apply_override(&self, prefix: &str, api: Option<&Api<'_>>, operation: &mut Operation) {
        let Some(by_name) = self.overrides.operations.get(prefix) else {
            return;
        };
        let found = by_name
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&operation.name));
        let Some((_, written)) = found else { return };
        let derived = std::mem::take(&mut operation.needs);
        operation.needs = written.needs.clone();
        for need in operation
            .needs
            .iter_mut()
            .filter(|n| n.on.is_empty() && n.params.is_empty())
        {
            match derived.iter().find(|d| d.action == need.action) {
                Some(same) => (need.on, need.params) = (same.on.clone(), same.params.clone()),
                None => {
                    if let Some(api) = api {
                        self.known.fill_from_names(api, need);
                    }
                }
            }
        }
        operation.origin = Origin::Override;
        operation.cite = Some(written.cite.clone());
        operation.why.clone_from(&written.why);
    }

    /// Methods of the map that no model has any more, where their actions still exist.
    fn add_unmodelled(&self, operations: &mut Operations, prefix: &str, entry: &crate::map::Entry) {
        let folded = entry.method.to_ascii_lowercase();
        if !self.known.services.contains_key(prefix)
            || operations.get(prefix).is_some_and(|o| o.contains_key(&folded))
        {
            return;
        }
        let own = entry
            .actions
            .iter()
            .filter(|m| !m.conditional && m.action != "iam:PassRole");
        let own: BTreeSet<&str> = own.filter_map(|m| self.known.spelled(&m.action)).collect();
        let own: BTreeSet<&str> = own
            .into_iter()
            .filter(|a| a.split_once(':').is_some_and(|(p, _)| p == prefix))
            .collect();
        let same = own
            .iter()
            .find(|a| normal(a) == normal(&format!("{prefix}{}", entry.method)));
        let action = match (same, own.len()) {
            (Some(same), _) => same,
            (None, 1) => own.iter().next().unwrap_or(&""),
            _ => return,
        };
        let mut operation = Operation::unmapped(&entry.method);
        operation.origin = Origin::Map;
        operation.needs.push(Need {
            action: (*action).to_owned(),
            on: Vec::new(),
            params: Vec::new(),
            when: None,
            certainty: crate::types::Certainty::Certain,
        });
        self.apply_override(prefix, None, &mut operation);
        finish(self, prefix, None, &mut operation);
        add(
            operations,
            prefix,
            Found {
                api: entry.service.clone(),
                operation,
            },
            &|_, _| true,
        );
    }
}

/// Whether an operation of that name reads, by its verb.
pub(crate) fn reads(name: &str) -> bool {
    const VERBS: [&str; 9] = [
        "Get", "List", "Describe", "Head", "Lookup", "Search", "Query", "BatchGet", "Scan",
    ];
    VERBS.iter().any(|verb| name.starts_with(verb))
}

/// Whether an operation of that name writes, by its verb.
pub(crate) fn writes(name: &str) -> bool {
    const VERBS: [&str; 48] = [
        "Accept",
        "Add",
        "Allocate",
        "Apply",
        "Assign",
        "Associate",
        "Attach",
        "Authorize",
        "BatchCreate",
        "BatchDelete",
        "BatchUpdate",
        "Cancel",
        "Change",
        "Copy",
        "Create",
        "Delete",
        "Deregister",
        "Detach",
        "Disable",
        "Disassociate",
        "Enable",
        "Export",
        "Import",
        "Invite",
        "Modify",
        "Move",
        "Publish",
        "Purchase",
        "Put",
        "Reboot",
        "Register",
        "Reject",
        "Release",
        "Remove",
        "Replace",
        "Reset",
        "Restore",
        "Revoke",
        "Run",
        "Set",
        "Start",
        "Stop",
        "Tag",
        "Terminate",
        "Unassign",
        "Untag",
        "Update",
        "Upload",
    ];
    VERBS.iter().any(|verb| name.starts_with(verb))
}

/// Lower-cased full names of actions that an API operation has the name of.
pub(crate) fn reached(models: &[Model]) -> BTreeSet<String> {
    let name = |api: Api<'_>| format!("{}:{}", api.model.prefix, api.name).to_ascii_lowercase();
    models.iter().flat_map(Model::operations).map(name).collect()
}

/// Moves the operations into their services.
pub(crate) fn into_services(services: &mut Services, operations: Operations) {
    for (prefix, by_name) in operations {
        if let Some(service) = services.get_mut(&prefix) {
            service.operations = by_name.into_values().map(|found| found.operation).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Certainty, On};

    fn operation(origin: Origin, needs: &[(&str, &str)]) -> Operation {
        let need = |(action, on): &(&str, &str)| Need {
            action: (*action).to_owned(),
            on: if on.is_empty() {
                Vec::new()
            } else {
                vec![On {
                    template: (*on).to_owned(),
                    because: None,
                }]
            },
            params: Vec::new(),
            when: None,
            certainty: Certainty::Certain,
        };
        Operation {
            origin,
            needs: needs.iter().map(need).collect(),
            ..Operation::unmapped("CreateThing")
        }
    }

    fn merged(first: Operation, second: Operation) -> Operation {
        let mut all = Operations::new();
        add(
            &mut all,
            "x",
            Found {
                api: "one".to_owned(),
                operation: first,
            },
            &|_, variable| variable == "Name",
        );
        add(
            &mut all,
            "x",
            Found {
                api: "two".to_owned(),
                operation: second,
            },
            &|_, variable| variable == "Name",
        );
        let mut service = all.remove("x").unwrap();
        service.remove("creatething").unwrap().operation
    }

    #[test]
    fn a_mapped_operation_replaces_an_unmapped_one_of_its_name() {
        let other = operation(Origin::SameName, &[("x:CreateThing", "")]);
        assert_eq!(merged(operation(Origin::Unmapped, &[]), other.clone()), other);
        assert_eq!(merged(other.clone(), operation(Origin::Unmapped, &[])), other);
    }

    #[test]
    fn the_first_of_two_mapped_ones_stays() {
        let first = operation(Origin::Map, &[("x:CreateThing", "")]);
        assert_eq!(
            merged(first.clone(), operation(Origin::Map, &[("x:Other", "")])),
            first
        );
        let written = operation(Origin::Override, &[]);
        assert_eq!(merged(written.clone(), first), written);
    }

    #[test]
    fn parameters_of_two_apis_are_joined_unless_they_disagree() {
        let with = |params: &[(&str, &str)]| {
            let mut operation = operation(Origin::Map, &[("x:CreateThing", "")]);
            operation.needs[0].params = params
                .iter()
                .map(|(v, p)| ((*v).to_owned(), (*p).to_owned()))
                .collect();
            operation
        };
        let first = with(&[("Name", "loadBalancerName"), ("Same", "id")]);
        let joined = merged(first, with(&[("Name", "name"), ("Same", "Id"), ("More", "arn")]));
        assert_eq!(joined.needs, with(&[("More", "arn"), ("Same", "id")]).needs);
        let one_type = merged(with(&[("Bucket", "bucketName")]), with(&[("Bucket", "bucket")]));
        assert_eq!(
            one_type.needs,
            with(&[("Bucket", "bucketName"), ("Bucket", "bucket")]).needs
        );
    }

    #[test]
    fn a_resource_by_arn_and_one_by_name_are_told_apart_by_what_is_there() {
        let mut classic = operation(Origin::Map, &[("x:CreateThing", "")]);
        classic.needs[0].params = vec![("Name".to_owned(), "names[]".to_owned())];
        let both = merged(
            classic,
            operation(Origin::Map, &[("x:CreateThing", "{resourceArns[]}")]),
        );
        let when: Vec<_> = both.needs.iter().map(|n| n.when.clone().unwrap()).collect();
        assert_eq!(
            when,
            [
                When::Present("names[]".to_owned()),
                When::Present("resourceArns[]".to_owned())
            ]
        );
    }

    #[test]
    fn verbs_on_two_paths_are_told_apart_by_their_parameter() {
        let rest = operation(
            Origin::HttpVerb,
            &[("x:POST", "arn:a:apigateway:r::/restapis/{restApiId}/stages")],
        );
        let http = operation(
            Origin::HttpVerb,
            &[("x:POST", "arn:a:apigateway:r::/apis/{apiId}/stages")],
        );
        let both = merged(rest.clone(), http);
        let when: Vec<_> = both.needs.iter().map(|n| n.when.clone().unwrap()).collect();
        assert_eq!(
            when,
            [
                When::Present("restApiId".to_owned()),
                When::Present("apiId".to_owned())
            ]
        );
        assert_eq!(merged(rest.clone(), rest.clone()), rest);
    }

    #[test]
    fn verbs_of_names_are_recognised() {
        assert!(reads("DescribeInstances") && reads("BatchGetItem") && !reads("CreateGetaway"));
        assert!(writes("TerminateInstances") && !writes("Decrypt") && !writes("AssumeRole"));
    }
}
