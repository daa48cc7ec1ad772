//! What the same operation needs besides: documented needs, and what comes with it.

use action_catalog::{By, Certainty, Companion, Level, Need, On, Operation, Service};

use super::Places;
use super::asked::{Asked, known};
use super::wanted::{Conditions, Wanted};
use crate::denial::{Client, Denial};

/// What an operation needs beside the refused action.
#[derive(Debug, Default)]
pub(super) struct Besides {
    pub(super) certain: Vec<Wanted>,
    pub(super) likely: Vec<Wanted>,
    pub(super) possible: Vec<Wanted>,
}

/// What the refused operation needs besides.
pub(super) fn besides(denial: &Denial, asked: &Asked) -> Besides {
    let mut found = Besides::default();
    let Some(action) = &asked.action else { return found };
    let Some((service, operation)) = operation(denial, action) else {
        return found;
    };
    let call = Call {
        service,
        operation,
        action,
        asked,
        bound: bound(operation, action, asked),
    };
    for need in operation
        .needs
        .iter()
        .filter(|need| !need.action.eq_ignore_ascii_case(action))
    {
        let wanted = call.need(need);
        match (&need.when, need.certainty) {
            (None, Certainty::Certain) => found.certain.push(wanted),
            _ if call.passes_its_role(need) => found.likely.push(wanted),
            _ => found.possible.push(wanted),
        }
    }
    for companion in &operation.companions {
        if !brings(companion.by, denial.client) || companion.action.eq_ignore_ascii_case(action) {
            continue;
        }
        let wanted = call.companion(companion);
        let reads_back = companion.when.is_none()
            && match companion.by {
                By::Terraform => true,
                // A handler declares all that it may ever call.
                By::CloudFormation => call.is_read_back(&companion.action),
                _ => false,
            };
        if reads_back {
            found.likely.push(wanted);
        } else {
            found.possible.push(wanted);
        }
    }
    found
}

/// The operation that was called: as the client names it, else the one that the action is named for.
pub(super) fn operation(denial: &Denial, action: &str) -> Option<(&'static Service, &'static Operation)> {
    let (prefix, name) = action.split_once(':')?;
    let called = denial.operation.as_deref().unwrap_or(name);
    let all = action_catalog::operations(called);
    let of = |wanted: &str| all.iter().copied().find(|(service, _)| service.prefix == wanted);
    if let Some(found) = denial.service.as_deref().and_then(of).or_else(|| of(prefix)) {
        return Some(found);
    }
    match all.as_slice() {
        [only] => Some(*only),
        // The client names a call of a service that nobody knows: the action says what it was for.
        [] if denial.operation.is_some() => {
            let named = action_catalog::operations(name);
            named.into_iter().find(|(service, _)| service.prefix == prefix)
        }
        several => {
            // Several services have a call of that name: the one that needs what was refused.
            let needs = |operation: &Operation| {
                operation
                    .needs
                    .iter()
                    .any(|need| need.action.eq_ignore_ascii_case(action))
                    || operation
                        .companions
                        .iter()
                        .any(|own| own.action.eq_ignore_ascii_case(action))
            };
            let mut found = several.iter().filter(|(_, operation)| needs(operation));
            let first = found.next().copied();
            first.filter(|_| found.next().is_none())
        }
    }
}

/// Whether this client brings such companions.
fn brings(by: By, client: Option<Client>) -> bool {
    match by {
        By::Service | By::ServiceLinkedRole => true,
        By::Console => false,
        By::Sdk => !matches!(
            client,
            Some(Client::Terraform | Client::Pulumi | Client::CloudFormation)
        ),
        By::CloudFormation => client == Some(Client::CloudFormation),
        By::Terraform => matches!(client, Some(Client::Terraform | Client::Pulumi)),
    }
}

/// A call of which one action was refused.
struct Call<'a> {
    service: &'static Service,
    operation: &'static Operation,
    action: &'a str,
    asked: &'a Asked,
    bound: Places,
}

impl Call<'_> {
    fn need(&self, need: &Need) -> Wanted {
        let when = need.when.is_some() || need.certainty == Certainty::Likely;
        Wanted {
            action: need.action.clone(),
            resource: self.on(&need.action, &need.on),
            conditions: passed_to(&self.service.prefix, &need.action),
            why: if when {
                format!("{} needs it with some parameters", self.operation.name)
            } else {
                format!("{} needs it each time", self.operation.name)
            },
            source: self.operation.cite.clone(),
        }
    }

    fn companion(&self, companion: &Companion) -> Wanted {
        let mut conditions = Conditions::new();
        for (key, value) in &companion.conditions {
            let value = self.asked.place.fill(value);
            let operator = if value.contains('*') {
                "StringLike"
            } else {
                "StringEquals"
            };
            let own = conditions.entry(operator.to_owned()).or_default();
            own.insert(key.clone(), value);
        }
        Wanted {
            action: companion.action.clone(),
            resource: self.on(&companion.action, &companion.on),
            conditions,
            why: companion.because.clone(),
            source: Some(companion.cite.clone()),
        }
    }

    /// Whether it reads what the operation made.
    fn is_read_back(&self, action: &str) -> bool {
        known(action).is_some_and(|(service, own)| {
            service.prefix == self.service.prefix && matches!(own.level, Level::Read | Level::List)
        })
    }

    /// Whether the operation hands a role of its own over: a parameter `role` at its top.
    fn passes_its_role(&self, need: &Need) -> bool {
        let path = match &need.when {
            Some(action_catalog::When::Present(path)) => path.as_str(),
            _ => return false,
        };
        let by_name = matches!(path, "role" | "roleArn" | "serviceRole" | "nodeRole");
        need.action == "iam:PassRole" && by_name && self.action_depends_on(&need.action)
    }

    fn action_depends_on(&self, other: &str) -> bool {
        let own = format!("{}:{}", self.service.prefix, self.operation.name);
        let of = |action: &str| {
            known(action).is_some_and(|(_, own)| own.dependents.iter().any(|name| name == other))
        };
        of(&own) || of(self.action)
    }

    fn on(&self, action: &str, on: &[On]) -> String {
        let mut filled = on
            .iter()
            .filter(|on| on.template != "unknown")
            .map(|on| self.bound.fill(&on.template));
        match filled.find(|text| text == "*" && takes_none(action) || text.starts_with("arn:")) {
            Some(text) => text,
            None => of_type(action, self.asked),
        }
    }
}

fn takes_none(action: &str) -> bool {
    known(action).is_none_or(|(_, own)| own.resources.is_empty())
}

/// What the refused resource says of the parameters of the call.
fn bound(operation: &Operation, action: &str, asked: &Asked) -> Places {
    let mut bound = Places::default();
    if let Some(resource) = asked.resource.as_deref().filter(|own| *own != "*") {
        let same = operation
            .needs
            .iter()
            .filter(|need| need.action.eq_ignore_ascii_case(action));
        for on in same.flat_map(|need| &need.on) {
            if let Some(places) = Places::bind(&on.template, resource) {
                bound.add(&places);
            }
        }
    }
    bound.add(&asked.place);
    bound
}

/// The resources of the type that an action takes, as far as the refused resource and the place of
/// the call tell; `*` where it takes none or several.
pub(super) fn of_type(action: &str, asked: &Asked) -> String {
    let Some((service, own)) = known(action) else {
        return "*".to_owned();
    };
    let required: Vec<_> = own.resources.iter().filter(|kind| kind.required).collect();
    let kind = match (required.as_slice(), own.resources.as_slice()) {
        ([only], _) => only,
        ([], [only]) => only,
        _ => return several(service, own, asked),
    };
    let Some(template) = service
        .resource_type(&kind.name)
        .and_then(|kind| kind.arns.first())
    else {
        return "*".to_owned();
    };
    type_places(asked).fill(template)
}

/// Several types: what is common to their ARNs, `arn:aws:ec2:eu-west-1:111122223333:*`.
fn several(service: &Service, action: &action_catalog::Action, asked: &Asked) -> String {
    let places = type_places(asked);
    let kinds = action
        .resources
        .iter()
        .filter_map(|kind| service.resource_type(&kind.name));
    let filled: Vec<String> = kinds
        .flat_map(|kind| &kind.arns)
        .map(|template| places.fill(template))
        .collect();
    let heads: std::collections::BTreeSet<String> = filled
        .iter()
        .filter_map(|arn| crate::arn::split_pattern(arn))
        .map(|[arn, partition, service, region, account, _]| {
            format!("{arn}:{partition}:{service}:{region}:{account}:*")
        })
        .collect();
    match heads.len() {
        1 => heads.into_iter().next().unwrap_or_default(),
        _ => "*".to_owned(),
    }
}

/// The variables of AWS's own templates that the refused resource fills.
fn type_places(asked: &Asked) -> Places {
    let mut places = Places::default();
    if let (Some(action), Some(resource)) = (&asked.action, &asked.resource)
        && let Some((service, own)) = known(action)
    {
        let kinds = own
            .resources
            .iter()
            .filter_map(|kind| service.resource_type(&kind.name));
        for template in kinds.flat_map(|kind| &kind.arns) {
            if let Some(bound) = Places::bind(template, resource) {
                places.add(&bound);
            }
        }
    }
    places.add(&asked.place);
    places
}

/// The service that a role is handed to, where the operation's service takes roles for one only.
pub(super) fn passed_to(prefix: &str, action: &str) -> Conditions {
    let mut conditions = Conditions::new();
    if action != "iam:PassRole" {
        return conditions;
    }
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    let service = match prefix {
        "lambda" => "lambda.amazonaws.com",
        "ecs" => "ecs-tasks.amazonaws.com",
        "states" => "states.amazonaws.com",
        "codebuild" => "codebuild.amazonaws.com",
        "codepipeline" => "codepipeline.amazonaws.com",
        "glue" => "glue.amazonaws.com",
        "sagemaker" => "sagemaker.amazonaws.com",
        "eks" => "eks.amazonaws.com",
        "scheduler" => "scheduler.amazonaws.com",
        "firehose" => "firehose.amazonaws.com",
        "cloudformation" => "cloudformation.amazonaws.com",
        "pipes" => "pipes.amazonaws.com",
        "transfer" => "transfer.amazonaws.com",
        _ => return conditions,
    };
    let own = conditions.entry("StringEquals".to_owned()).or_default();
    own.insert("iam:PassedToService".to_owned(), service.to_owned());
    conditions
}
