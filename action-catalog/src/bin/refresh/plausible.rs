//! Whether a request parameter can be what an ARN variable stands for. The map fills some variables
//! from whatever the request has: Athena's work group from the name of a query. A parameter that may
//! name another resource is worse than none: without one the resource is unknown.

use crate::map::normal;
use crate::needs::variables;
use crate::types::{Action, ResourceType, Service};

/// The call that a parameter is of.
pub(crate) struct Call<'c> {
    pub(crate) service: &'c Service,
    pub(crate) action: &'c Action,
    /// `CreateNamedQuery`.
    pub(crate) operation: &'c str,
    /// Names of the members of its input.
    pub(crate) members: Vec<&'c str>,
}

impl Call<'_> {
    /// Whether the parameter at that path of member names can fill the variable, in each of the
    /// action's resource types that have it.
    pub(crate) fn fills(&self, variable: &str, path: &str) -> bool {
        let segments: Vec<String> = path.split('.').rev().map(normal).collect();
        let Some(last) = segments.first() else {
            return false;
        };
        // An ARN says of what type it is.
        if last
            .trim_end_matches("list")
            .trim_end_matches('s')
            .ends_with("arn")
        {
            return true;
        }
        let with_parent = segments.get(1).map(|parent| format!("{parent}{last}"));
        let named = |noun: &str| match with_parent.as_deref() {
            Some(path) if is_generic(last) => is_about(path, noun),
            _ => is_about(last, noun),
        };
        let of_variable = noun(variable);
        if !is_generic(&of_variable) && named(&of_variable) {
            return true;
        }
        let kinds = self
            .action
            .resources
            .iter()
            .filter_map(|r| self.service.resource_type(&r.name));
        let mut kinds = kinds
            .filter(|kind| variables(kind).iter().any(|v| v == variable))
            .peekable();
        kinds.peek().is_some()
            && kinds.all(|kind| {
                named(&normal(&kind.name)) || (is_generic(last) && self.is_of(kind, &of_variable))
            })
    }

    /// Whether the call is about that type, so that its `id` or `name` is one of the type's.
    fn is_of(&self, kind: &ResourceType, of_variable: &str) -> bool {
        let nouns = [type_noun(kind), singular(of_variable)];
        let nouns = || nouns.iter().filter(|noun| !is_generic(noun));
        let object = singular(&object(self.operation));
        // `DeleteBotAlias` has a name for the alias beside `botName`.
        let told_apart = || {
            let mut members = self.members.iter().map(|member| singular(&noun(member)));
            members.any(|member| !is_generic(&member) && nouns().any(|noun| member == *noun))
        };
        let tags = || self.operation.contains("Tag") && object.contains("resource");
        nouns().any(|noun| *noun == object)
            || tags()
            || (!makes(self.operation) && !told_apart() && nouns().any(|noun| self.part_of(&object, noun)))
    }

    /// Whether the call is about something of the noun's resource that is no resource itself
    /// (`UpdateIndexSettings`), or about one sort of it (`UpdateHttpNamespace`).
    fn part_of(&self, object: &str, noun: &str) -> bool {
        let nouns = || self.service.resource_types.iter().map(type_noun);
        let longest = |fits: &dyn Fn(&str) -> bool| {
            let other = nouns().filter(|other| fits(other)).map(|other| other.len()).max();
            other.is_none_or(|other| other <= noun.len())
        };
        object.starts_with(noun) && longest(&|other| object.starts_with(other))
            || object.ends_with(noun) && longest(&|other| object.ends_with(other))
    }
}

/// `appmonitor` of the type `AppMonitorResource`.
fn type_noun(kind: &ResourceType) -> String {
    let name = normal(&kind.name);
    let short = ["resource", "config"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    singular(short.filter(|short| !short.is_empty()).unwrap_or(&name))
}

/// Whether a parameter's name and a resource's share their noun: `applicationId` and `app`.
fn is_about(parameter: &str, of: &str) -> bool {
    let (parameter, of) = (singular(&noun(parameter)), singular(of));
    if is_generic(&parameter) || is_generic(&of) {
        return false;
    }
    parameter.contains(&of) || of.contains(&parameter)
}

/// A folded name without what says which kind of name it is.
fn noun(name: &str) -> String {
    let name = normal(name);
    let ends = [
        "identifiers",
        "identifier",
        "ids",
        "names",
        "arns",
        "id",
        "name",
        "arn",
    ];
    let end = ends.iter().find_map(|end| name.strip_suffix(end));
    end.unwrap_or(&name).to_owned()
}

fn singular(noun: &str) -> String {
    match noun.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => noun
            .strip_suffix('s')
            .filter(|one| !one.ends_with('s'))
            .unwrap_or(noun)
            .to_owned(),
    }
}

/// Whether a name says nothing of what it names.
fn is_generic(name: &str) -> bool {
    matches!(noun(name).as_str(), "" | "resource")
}

/// What an operation's name says after its verb, folded.
fn object(operation: &str) -> String {
    let operation = operation.strip_prefix("Batch").unwrap_or(operation);
    let start = operation
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_ascii_uppercase());
    start
        .map(|(at, _)| normal(operation.get(at..).unwrap_or_default()))
        .unwrap_or_default()
}

/// Whether the call's `name` is that of what it makes.
fn makes(operation: &str) -> bool {
    let verbs = [
        "Create",
        "Add",
        "Register",
        "Import",
        "Copy",
        "Allocate",
        "BatchCreate",
    ];
    verbs.iter().any(|verb| operation.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ActionResource, Level, Seen};

    fn service(types: &[(&str, &str)]) -> Service {
        let kind = |(name, arn): &(&str, &str)| ResourceType {
            name: (*name).to_owned(),
            arns: vec![(*arn).to_owned()],
            condition_keys: Vec::new(),
            ephemeral: false,
        };
        let mut kinds: Vec<ResourceType> = types.iter().map(kind).collect();
        kinds.sort_by(|a, b| a.name.cmp(&b.name));
        Service {
            prefix: "x".to_owned(),
            name: "X".to_owned(),
            resource_types: kinds,
            ..Service::default()
        }
    }

    fn action(types: &[&str]) -> Action {
        let resource = |name: &&str| ActionResource {
            name: (*name).to_owned(),
            required: true,
            condition_keys: Vec::new(),
        };
        Action {
            name: "Any".to_owned(),
            level: Level::Write,
            resources: types.iter().map(resource).collect(),
            condition_keys: Vec::new(),
            dependents: Vec::new(),
            permission_only: false,
            risks: Vec::new(),
            seen: Seen::default(),
        }
    }

    #[test]
    fn a_name_is_that_of_what_the_call_is_about() {
        let service = service(&[
            ("workgroup", "arn:aws:x:::workgroup/${WorkGroupName}"),
            ("bot", "arn:aws:x:::bot/${BotName}"),
            ("bot alias", "arn:aws:x:::alias/${BotAliasName}"),
        ]);
        let of_group = action(&["workgroup"]);
        let of_bot = action(&["bot"]);
        let call = |operation, action, members: &[&'static str]| Call {
            service: &service,
            action,
            operation,
            members: members.to_vec(),
        };
        let query = call("CreateNamedQuery", &of_group, &["Name", "WorkGroup"]);
        assert!(!query.fills("WorkGroupName", "Name") && query.fills("WorkGroupName", "WorkGroup"));
        assert!(call("CreateWorkGroup", &of_group, &["Name"]).fills("WorkGroupName", "Name"));
        assert!(!call("CreateWorkGroupRule", &of_group, &["Name"]).fills("WorkGroupName", "Name"));
        assert!(call("GetBot", &of_bot, &["name"]).fills("BotName", "name"));
        assert!(call("GetBotVersions", &of_bot, &["name"]).fills("BotName", "name"));
        assert!(!call("DeleteBotAlias", &of_bot, &["name"]).fills("BotName", "name"));
        assert!(!call("DeleteBotChannel", &of_bot, &["name", "botName"]).fills("BotName", "name"));
        assert!(call("StartTestOfBot", &of_bot, &["id"]).fills("BotName", "botArn"));
        assert!(call("GetBots", &of_bot, &[]).fills("BotName", "bots[].name"));
    }

    #[test]
    fn a_variable_of_several_types_is_filled_where_the_parameter_is_of_all() {
        let service = service(&[
            ("network", "arn:aws:x:::network/${ResourceId}"),
            ("device", "arn:aws:x:::device/${ResourceId}"),
        ]);
        let (both, one) = (action(&["network", "device"]), action(&["network"]));
        let call = |action| Call {
            service: &service,
            action,
            operation: "GetNetwork",
            members: Vec::new(),
        };
        assert!(!call(&both).fills("ResourceId", "networkId"));
        assert!(call(&one).fills("ResourceId", "networkId") && call(&one).fills("ResourceId", "id"));
        assert!(call(&both).fills("ResourceId", "resourceArn"));
    }

    #[test]
    fn names_are_compared_by_their_nouns() {
        assert!(is_about("applicationid", "app") && is_about("loadbalancernames", "loadbalancer"));
        assert!(!is_about("name", "app") && !is_about("subnetid", "vpc"));
        assert_eq!((noun("GroupIds").as_str(), noun("name").as_str()), ("group", ""));
        assert_eq!(
            (singular("policies").as_str(), singular("address").as_str()),
            ("policy", "address")
        );
        assert_eq!(object("BatchGetNamedQuery"), "namedquery");
        assert_eq!(object("Invoke"), "");
    }
}
