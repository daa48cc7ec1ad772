//! What an operation needs when nobody wrote it down by hand.

use std::collections::BTreeSet;

use crate::actions::{Services, Spelling};
use crate::botocore::Api;
use crate::map::{Entry, Mapped, parameter_paths};
use crate::plausible::Call;
use crate::recorded::{Observed, paths};
use crate::types::{Action, Certainty, Level, Need, On, Origin, ResourceType, Service, When};

/// What all operations are looked up in.
pub(crate) struct Known<'k> {
    pub(crate) services: &'k Services,
    pub(crate) spelling: &'k Spelling,
    pub(crate) observed: &'k Observed,
}

impl<'k> Known<'k> {
    /// The action of that full name.
    pub(crate) fn action(&self, full: &str) -> Option<(&'k Service, &'k Action)> {
        let (prefix, name) = full.split_once(':')?;
        let service = self.services.get(prefix)?;
        Some((service, service.action(name)?))
    }

    /// How many resource types of an action have an ARN variable.
    pub(crate) fn types_with(&self, full: &str, variable: &str) -> usize {
        let Some((service, action)) = self.action(full) else {
            return 0;
        };
        let kinds = action
            .resources
            .iter()
            .filter_map(|r| service.resource_type(&r.name));
        kinds
            .filter(|kind| variables(kind).iter().any(|v| v == variable))
            .count()
    }

    /// AWS's spelling of an action that still exists.
    pub(crate) fn spelled(&self, full: &str) -> Option<&'k str> {
        self.spelling.get(&full.to_ascii_lowercase()).map(String::as_str)
    }

    /// Needs by the map; empty where it has none that can be used.
    pub(crate) fn by_map(&self, api: &Api<'_>, entry: &Entry) -> Vec<Need> {
        let same = |m: &Mapped| {
            m.action
                .split_once(':')
                .is_some_and(|(_, n)| n.eq_ignore_ascii_case(api.name))
        };
        let named = entry.actions.iter().find(|m| same(m) && m.arn_override.is_none());
        let mut needs = Vec::new();
        let mut have = BTreeSet::new();
        for mapped in &entry.actions {
            let Some(action) = self.spelled(&mapped.action) else {
                continue;
            };
            let companion = named.is_some_and(|n| n.action != mapped.action);
            // Companions that this map lists beside the call's own action are usually documentation's
            // "you may also need", not what the call is authorized for. PassRole comes later.
            if mapped.conditional || action == "iam:PassRole" || !have.insert(action) {
                continue;
            }
            let when = match (companion, self.action(action)) {
                (false, _) => None,
                (true, Some((service, known)))
                    if known.level == Level::Tagging && service.prefix == api.model.prefix =>
                {
                    match self.tags(api) {
                        Some(path) => Some(When::Present(path)),
                        None => continue,
                    }
                }
                (true, _) => continue,
            };
            needs.push(self.need(api, action, Some(mapped), when));
        }
        needs
    }

    /// The need of the action of that full name.
    pub(crate) fn plain(&self, api: &Api<'_>, action: &str) -> Need {
        self.need(api, action, None, None)
    }

    fn need(&self, api: &Api<'_>, action: &str, mapped: Option<&Mapped>, when: Option<When>) -> Need {
        let certainty = if when.is_some() {
            Certainty::Likely
        } else {
            Certainty::Certain
        };
        let mut need = Need {
            action: action.to_owned(),
            on: Vec::new(),
            params: Vec::new(),
            when,
            certainty,
        };
        if let Some(mapped) = mapped {
            self.fill_from_map(api, mapped, &mut need);
        }
        self.fill_from_names(api, &mut need);
        need
    }

    fn fill_from_map(&self, api: &Api<'_>, mapped: &Mapped, need: &mut Need) {
        let Some((service, action)) = self.action(&need.action) else {
            return;
        };
        let call = call(api, service, action);
        let recorded = |variable: Option<&str>, template: &str| -> Vec<String> {
            let found = parameter_paths(template).unwrap_or_default().into_iter();
            found
                .filter(|(path, _)| variable.is_none_or(|variable| call.fills(variable, path)))
                .flat_map(|(path, cut)| paths(self.observed, api, &path).into_iter().map(move |p| p + cut))
                .collect()
        };
        for (variable, template) in &mapped.variables {
            let Some(variable) = variable_of(service, action, variable) else {
                continue;
            };
            need.params.extend(
                recorded(Some(&variable), template)
                    .into_iter()
                    .map(|path| (variable.clone(), path)),
            );
        }
        keep_namesakes(&mut need.params);
        // A type that the action no longer has is no longer what it is authorized on.
        let has = |kind: &str| action.resources.iter().any(|r| r.name.eq_ignore_ascii_case(kind));
        for (kind, template) in mapped.arns.iter().filter(|(kind, _)| has(kind)) {
            let variable = service.resource_type(kind).and_then(last_variable);
            let found = recorded(variable.as_deref(), template);
            if template.starts_with("%%iftemplatematch") {
                if !found.is_empty() {
                    need.on.push(first_of(&found));
                }
                continue;
            }
            let Some(variable) = variable else { continue };
            need.params
                .extend(found.into_iter().map(|path| (variable.clone(), path)));
        }
        need.on.sort_by(|a, b| a.template.cmp(&b.template));
        need.on.dedup();
        dedup(&mut need.params);
    }

    /// Variables that a member of the input is named like, or, where a type has none such, a member
    /// that is the type's ARN.
    pub(crate) fn fill_from_names(&self, api: &Api<'_>, need: &mut Need) {
        let Some((service, action)) = self.action(&need.action) else {
            return;
        };
        if !need.on.is_empty() {
            return;
        }
        let members = api.members();
        let call = call(api, service, action);
        for kind in action
            .resources
            .iter()
            .filter_map(|r| service.resource_type(&r.name))
        {
            for variable in variables(kind) {
                if need.params.iter().any(|(v, _)| *v == variable) {
                    continue;
                }
                let same = |name: &str| fold(name) == fold(&variable) && call.fills(&variable, name);
                let is_last = last_variable(kind).as_ref() == Some(&variable);
                let by_kind = |name: &str| {
                    is_last && names_kind(name, &kind.name, &variable) && call.fills(&variable, name)
                };
                let member = members.iter().filter(|m| m.is_text());
                let found = member
                    .clone()
                    .find(|m| same(m.name))
                    .or_else(|| member.clone().find(|m| by_kind(m.name)));
                if let Some(member) = found {
                    let recorded = paths(self.observed, api, &member.path);
                    need.params
                        .extend(recorded.into_iter().map(|path| (variable.clone(), path)));
                }
            }
        }
        dedup(&mut need.params);
        if need.params.is_empty() {
            need.on = self.resource_arn(api, action);
        }
    }

    /// Calls on any resource of a service (tagging and the like) that name it by `ResourceArn`.
    fn resource_arn(&self, api: &Api<'_>, action: &Action) -> Vec<On> {
        let members = api.members();
        let found = members
            .iter()
            .find(|m| m.is_text() && api.requires(m.name) && is_resource_arn(m.name, api.name));
        let others = members
            .iter()
            .filter(|m| m.is_text() && fold(m.name).ends_with("arn"));
        let others = others.filter(|m| found.is_some_and(|f| f.path != m.path)).count();
        match found {
            Some(member) if others == 0 && !action.resources.is_empty() => {
                vec![first_of(&paths(self.observed, api, &member.path))]
            }
            _ => Vec::new(),
        }
    }

    /// Where the request gives tags.
    fn tags(&self, api: &Api<'_>) -> Option<String> {
        const NAMES: [&str; 5] = [
            "tags",
            "taglist",
            "tagset",
            "tagspecifications",
            "tagspecification",
        ];
        let members = api.members();
        let member = members.iter().find(|m| NAMES.contains(&fold(m.name).as_str()))?;
        if api.model.protocol == "ec2" {
            return Some("tagSpecificationSet".to_owned());
        }
        paths(self.observed, api, &member.path).into_iter().next()
    }

    /// One PassRole need for each role that the request can name, where AWS or the map says that the
    /// call passes one.
    pub(crate) fn pass_role(&self, api: &Api<'_>, needs: &[Need], entry: Option<&Entry>) -> Vec<Need> {
        const PASS: &str = "iam:PassRole";
        let of_call = needs.iter().filter(|n| n.when.is_none());
        let by_aws = of_call
            .filter_map(|n| self.action(&n.action))
            .any(|(_, action)| action.dependents.iter().any(|d| d == PASS));
        let by_map = entry.is_some_and(|e| e.actions.iter().any(|m| m.action == PASS));
        if !(by_aws || by_map) || api.model.prefix == "iam" {
            return Vec::new();
        }
        let roles = api.find(&|m| {
            let name = fold(m.name);
            ["rolearn", "rolearns", "role", "iamrolename"]
                .iter()
                .any(|end| name.ends_with(end))
        });
        let need = |path: String, is_arn: bool| Need {
            action: PASS.to_owned(),
            on: vec![On {
                template: match is_arn {
                    true => format!("{{{path}}}"),
                    false => format!("arn:${{Partition}}:iam::${{Account}}:role/{{{path}}}"),
                },
                because: None,
            }],
            params: Vec::new(),
            when: Some(When::Present(path)),
            certainty: if by_aws {
                Certainty::Certain
            } else {
                Certainty::Likely
            },
        };
        let mut passed = Vec::new();
        for member in roles.iter().take(6) {
            if let Some(path) = paths(self.observed, api, &member.path).into_iter().next() {
                passed.push(need(path, fold(member.name).contains("arn")));
            }
        }
        passed
    }

    /// API Gateway authorizes its management API by verb on the path.
    ///
    /// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html>
    pub(crate) fn by_verb(&self, api: &Api<'_>) -> Option<(Origin, Vec<Need>)> {
        if api.model.prefix != "apigateway" {
            return None;
        }
        let action = self.spelled(&format!("apigateway:{}", api.method()))?;
        let mut path = api.uri().split('?').next().unwrap_or_default().to_owned();
        if let Some(rest) = path.strip_prefix("/v2/") {
            path = format!("/{rest}");
        }
        for member in api.members() {
            if !member.location_name.is_empty() {
                let recorded = paths(self.observed, api, &member.path)
                    .into_iter()
                    .next()
                    .unwrap_or_default();
                for wire in [
                    format!("{{{}}}", member.location_name),
                    format!("{{{}+}}", member.location_name),
                ] {
                    path = path.replace(&wire, &format!("{{{recorded}}}"));
                }
            }
        }
        let on = On {
            template: format!("arn:${{Partition}}:apigateway:${{Region}}::{path}"),
            because: None,
        };
        let need = Need {
            action: action.to_owned(),
            on: vec![on],
            params: Vec::new(),
            when: None,
            certainty: Certainty::Certain,
        };
        Some((Origin::HttpVerb, vec![need]))
    }
}

fn call<'c>(api: &Api<'c>, service: &'c Service, action: &'c Action) -> Call<'c> {
    Call {
        service,
        action,
        operation: api.name,
        members: api.members().iter().map(|member| member.name).collect(),
    }
}

/// Whether a member holds the ARN of the resource that the call is on. RDS and its kin call it
/// `ResourceName` in their tagging calls, Lambda `Resource`.
fn is_resource_arn(member: &str, operation: &str) -> bool {
    match fold(member).as_str() {
        "resourcearn" | "arn" => true,
        "resourcename" | "resource" => operation.contains("Tag"),
        _ => false,
    }
}

/// Whether a member is the id, name or ARN of a resource type, of the kind that the variable asks
/// for: `TopicId` for `${ResourceId}` of type `topic`, `AnalyzerArn` for any of type `Analyzer`.
fn names_kind(member: &str, kind: &str, variable: &str) -> bool {
    let (member, kind, variable) = (fold(member), fold(kind), fold(variable));
    // Athena's `WorkGroup` is `${WorkGroupName}`.
    if variable.strip_suffix("name") == Some(member.as_str()) {
        return true;
    }
    match member.strip_prefix(kind.as_str()) {
        Some("arn") => true,
        Some(suffix @ ("id" | "name")) => variable.ends_with(suffix),
        _ => false,
    }
}

/// Lower-cased letters and digits.
pub(crate) fn fold(name: &str) -> String {
    crate::map::normal(name)
}

/// Where one parameter fills several variables and is named like one of them, the others are the
/// map's guess: `LoadBalancerNames` is no `TargetGroupName`.
fn keep_namesakes(params: &mut Vec<(String, String)>) {
    let namesake = |(variable, path): &(String, String)| fold(path).contains(&fold(variable));
    let named: Vec<_> = params.iter().filter(|p| namesake(p)).cloned().collect();
    params.retain(|p| namesake(p) || named.iter().all(|(_, path)| *path != p.1));
}

/// The resource is the value of the first of the parameters that is there.
fn first_of(paths: &[String]) -> On {
    On {
        template: format!("{{{}}}", paths.join("|")),
        because: None,
    }
}

/// Each pair once, in order.
fn dedup(pairs: &mut Vec<(String, String)>) {
    let mut seen = BTreeSet::new();
    pairs.retain(|pair| seen.insert(pair.clone()));
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
}

/// Variables of a type's ARN templates, without partition, region and account.
pub(crate) fn variables(kind: &ResourceType) -> Vec<String> {
    let mut found = Vec::new();
    for arn in &kind.arns {
        for part in arn.split("${").skip(1) {
            let name = part.split('}').next().unwrap_or_default();
            let given = matches!(name, "Partition" | "Region" | "Account");
            if !given && !found.iter().any(|f| f == name) {
                found.push(name.to_owned());
            }
        }
    }
    found
}

fn last_variable(kind: &ResourceType) -> Option<String> {
    variables(kind).pop()
}

/// AWS's spelling of a variable that one of the action's types has.
fn variable_of(service: &Service, action: &Action, variable: &str) -> Option<String> {
    let kinds = action
        .resources
        .iter()
        .filter_map(|r| service.resource_type(&r.name));
    kinds.flat_map(variables).find(|v| fold(v) == fold(variable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(arns: &[&str]) -> ResourceType {
        ResourceType {
            name: "listener".to_owned(),
            arns: arns.iter().map(|a| (*a).to_owned()).collect(),
            condition_keys: Vec::new(),
            ephemeral: false,
        }
    }

    #[test]
    fn variables_are_those_that_a_request_can_give() {
        let kind = kind(&[
            "arn:${Partition}:x:${Region}:${Account}:a/${A}/b/${B}",
            "arn:${Partition}:x:::c/${B}${C}",
        ]);
        assert_eq!(variables(&kind), ["A", "B", "C"]);
        assert_eq!(last_variable(&kind).as_deref(), Some("C"));
    }

    #[test]
    fn a_member_names_a_type_by_id_name_or_arn_of_the_variable_s_kind() {
        assert!(names_kind("TopicId", "topic", "ResourceId"));
        assert!(names_kind("analyzerArn", "Analyzer", "AnalyzerName"));
        assert!(!names_kind("WorkgroupName", "workgroup", "WorkgroupId"));
        assert!(!names_kind("TopicIdentifier", "topic", "ResourceId"));
        assert!(!names_kind("Topic", "topic", "ResourceId"));
        assert!(names_kind("WorkGroup", "workgroup", "WorkGroupName") && !names_kind("Key", "key", "KeyId"));
    }

    #[test]
    fn a_resource_is_the_first_parameter_that_is_there() {
        assert_eq!(first_of(&["a".to_owned()]).template, "{a}");
        assert_eq!(first_of(&["a".to_owned(), "b.c".to_owned()]).template, "{a|b.c}");
        assert!(
            is_resource_arn("ResourceARN", "TagResource")
                && is_resource_arn("ResourceName", "AddTagsToResource")
        );
        assert!(!is_resource_arn("ResourceName", "CreateThing") && !is_resource_arn("RoleArn", "TagRole"));
    }

    #[test]
    fn a_parameter_fills_the_variable_of_its_name_alone() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let (own, guess) = (
            pair("LoadBalancerName", "loadBalancerNames[]"),
            pair("GroupName", "loadBalancerNames[]"),
        );
        let other = pair("Other", "name");
        let mut params = vec![own.clone(), guess.clone(), other.clone()];
        keep_namesakes(&mut params);
        assert_eq!(params, [own, other]);
        let mut params = vec![guess.clone()];
        keep_namesakes(&mut params);
        assert_eq!(params, [guess]);
    }

    #[test]
    fn pairs_stay_in_order_of_preference() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let mut pairs = vec![pair("B", "y"), pair("A", "z"), pair("A", "a"), pair("A", "z")];
        dedup(&mut pairs);
        assert_eq!(pairs, [pair("A", "z"), pair("A", "a"), pair("B", "y")]);
    }
}
