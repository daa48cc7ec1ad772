//! What clients put around a refusal: the operation they called, the service, the kind of client.

use action_catalog::{Certainty, Operation, Service};
use schemars::JsonSchema;
use serde::Serialize;

use crate::trail::Outcome;

/// What made the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// Terraform or OpenTofu.
    Terraform,
    /// CloudFormation, and what is built upon it (CDK, SAM, Serverless Framework).
    CloudFormation,
    /// Pulumi.
    Pulumi,
    /// The AWS CLI, or boto3.
    Python,
    /// The SDK for Go.
    Go,
    /// The SDK for Java.
    Java,
    /// The SDK for JavaScript.
    JavaScript,
    /// A record of CloudTrail.
    CloudTrail,
}

/// What a wrapper says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wrapper {
    pub(super) operation: Option<String>,
    pub(super) service: Option<String>,
    pub(super) client: Option<Client>,
    /// The error code, where the wrapper has one.
    pub(super) code: Option<String>,
    /// Where it starts and ends in the text that was looked at.
    pub(super) from: usize,
    pub(super) to: usize,
}

patterns! {
    PYTHON = r"(?:\(([A-Za-z0-9.:_ /-]{1,80})\)[ \n]+(?:\(reached[ \n]+max[ \n]+retries:[ \n]+[0-9]+\)[ \n]+)?)?when[ \n]+calling[ \n]+the[ \n]+([A-Za-z0-9]+)[ \n]+operation(?:[ \n]+\(reached[ \n]+max[ \n]+retries:[ \n]+[0-9]+\))?:?";
    GO = r"operation[ \n]+error[ \n]+([A-Za-z0-9 ]{1,60}):[ \n]*([A-Za-z0-9]+),";
    CFN_API = r"API:[ \n]*([a-z0-9-]+):([A-Za-z0-9]+)";
    PHP = r#"Error executing "([A-Za-z0-9]+)" on ""#;
    JAVA_SERVICE = r"\(Service:[ \n]*([A-Za-z0-9 ]{2,60})[;,]";
    JAVA_FRAME = r"(?:Client|ClientImpl|AsyncClient)\.([a-z][A-Za-z0-9]+)\(";
    NET_FRAME = r"Amazon\.[A-Za-z0-9]+\.Amazon[A-Za-z0-9]+Client\.(?:<)?([A-Z][A-Za-z0-9]+?)(?:Async)?[>(]";
    NET_SERVICE = r"(?:Amazon|Aws)(?:\.|::)([A-Za-z0-9]+)(?:\.|::)(?:Model|Amazon|Errors)";
    EVENT = r#""eventName"[ ]*:[ ]*"([A-Za-z0-9]+)""#;
    JS_COMMAND = r"(?:(?-u:\b)at |new |de_|throwing |Error: )(?:[A-Za-z]+\.)?([A-Z][A-Za-z0-9]+)Command(?:Error)?(?-u:\b)";
    API_CALL = r"(?:calling|Calling|invoking|performing|API call|api call|Failed to call|failed to call) (?:the )?(?:([a-z0-9-]+):)?([A-Z][a-zA-Z0-9]{3,60})(?: API| operation|:|,)";
}

/// What stands last before a refusal in `text`.
pub(super) fn before(text: &str) -> Wrapper {
    let mut found: Vec<Wrapper> = Vec::new();
    if let Some(all) = PYTHON.captures_iter(text).last() {
        found.push(python(&all));
    }
    if let Some(all) = GO.captures_iter(text).last() {
        found.push(go(&all));
    }
    if let Some(all) = CFN_API.captures_iter(text).last() {
        let span = all.get(0).map(|all| (all.start(), all.end())).unwrap_or_default();
        found.push(Wrapper {
            operation: all.get(2).map(|name| name.as_str().to_owned()),
            service: all.get(1).and_then(|name| service(name.as_str())),
            client: Some(Client::CloudFormation),
            code: None,
            from: span.0,
            to: span.1,
        });
    }
    for (pattern, client) in [
        (&PHP, None),
        (&EVENT, Some(Client::CloudTrail)),
        (&JS_COMMAND, Some(Client::JavaScript)),
    ] {
        if let Some(all) = pattern.captures_iter(text).last() {
            found.push(named(&all, 1, client));
        }
    }
    if let Some(all) = API_CALL.captures_iter(text).last() {
        let mut wrapper = named(&all, 2, None);
        wrapper.service = all.get(1).and_then(|name| service(name.as_str()));
        if wrapper.operation.as_deref().is_some_and(is_operation) {
            found.push(wrapper);
        }
    }
    found
        .into_iter()
        .max_by_key(|wrapper| wrapper.to)
        .unwrap_or_default()
}

/// What stands first behind a refusal in `text`: services in brackets, frames of a stack trace.
pub(super) fn after(text: &str) -> Wrapper {
    let mut wrapper = Wrapper::default();
    if let Some(all) = JAVA_SERVICE.captures(text) {
        wrapper.service = all.get(1).and_then(|name| service(name.as_str()));
        wrapper.to = all.get(0).map_or(0, |all| all.end());
    }
    for (pattern, client) in [(&JAVA_FRAME, Client::Java), (&NET_FRAME, Client::Java)] {
        let operation = pattern
            .captures_iter(text)
            .filter_map(|all| Some(capital(all.get(1)?.as_str())))
            .find(|name| is_operation(name));
        if wrapper.operation.is_none() && operation.is_some() {
            wrapper.operation = operation;
            wrapper.client = Some(client);
        }
    }
    wrapper
}

/// The service that .NET's and Ruby's exception names tell.
pub(super) fn exception_service(text: &str) -> Option<String> {
    let all = NET_SERVICE.captures_iter(text).last()?;
    service(all.get(1)?.as_str())
}

fn python(all: &regex::Captures<'_>) -> Wrapper {
    let mut wrapper = named(all, 2, Some(Client::Python));
    wrapper.code = all.get(1).map(|code| code.as_str().to_owned());
    wrapper
}

fn go(all: &regex::Captures<'_>) -> Wrapper {
    let mut wrapper = named(all, 2, Some(Client::Go));
    wrapper.service = all.get(1).and_then(|name| service(name.as_str()));
    wrapper
}

fn named(all: &regex::Captures<'_>, group: usize, client: Option<Client>) -> Wrapper {
    let span = all.get(0).map(|all| (all.start(), all.end())).unwrap_or_default();
    Wrapper {
        operation: all.get(group).map(|name| name.as_str().to_owned()),
        client,
        from: span.0,
        to: span.1,
        ..Wrapper::default()
    }
}

/// `getObject` as the API spells it.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn is_operation(name: &str) -> bool {
    !action_catalog::operations(name).is_empty()
}

/// Which client the text around a refusal comes from.
pub(super) fn client(text: &str) -> Option<Client> {
    let has = |part: &str| memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some();
    if has("Resource handler returned message")
        || has("CREATE_FAILED")
        || has("UPDATE_FAILED")
        || has("AWS::")
    {
        return Some(Client::CloudFormation);
    }
    if has("pulumi") || has("Pulumi") {
        return Some(Client::Pulumi);
    }
    let address = text.contains("with ") && has("aws_") && has(" line ");
    if address || has("terraform") || has("Terraform") || has("tofu ") || has("provider registry") {
        return Some(Client::Terraform);
    }
    None
}

/// The IAM prefix of a service as clients name it: `S3`, `AmazonIdentityManagement`, `AWSLambda`.
pub(super) fn service(name: &str) -> Option<String> {
    let flat: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    let bare = ["amazon", "aws"]
        .iter()
        .find_map(|lead| flat.strip_prefix(lead))
        .unwrap_or(&flat);
    if let Ok(index) = NAMES.binary_search_by_key(&bare, |(name, _)| name) {
        return NAMES.get(index).map(|(_, prefix)| (*prefix).to_owned());
    }
    [name, bare, &flat]
        .iter()
        .find_map(|name| action_catalog::service(name))
        .map(|service| service.prefix.clone())
        .or_else(|| action_catalog::prefix_of_source(&format!("{bare}.amazonaws.com")).map(str::to_owned))
}

/// Names that are neither the prefix nor the event source; sorted.
const NAMES: [(&str, &str); 26] = [
    ("applicationautoscaling", "application-autoscaling"),
    ("certificatemanager", "acm"),
    ("cloudwatchevents", "events"),
    ("cloudwatchlogs", "logs"),
    ("cognitoidentityprovider", "cognito-idp"),
    ("dynamodbv2", "dynamodb"),
    ("elasticcontainerregistry", "ecr"),
    ("elasticcontainerservice", "ecs"),
    ("elasticloadbalancingv2", "elasticloadbalancing"),
    ("elasticmapreduce", "elasticmapreduce"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("identitymanagement", "iam"),
    ("identitymanagementv2", "iam"),
    ("kinesisfirehose", "firehose"),
    ("monitoring", "cloudwatch"),
    ("opensearch", "es"),
    ("securitytoken", "sts"),
    ("securitytokenservice", "sts"),
    ("sfn", "states"),
    ("simplenotificationservice", "sns"),
    ("simplequeueservice", "sqs"),
    ("simplestorageservice", "s3"),
    ("simplesystemsmanagement", "ssm"),
    ("stepfunctions", "states"),
    ("v2", "v2"),
];

/// The actions that an operation needs, the one it is named for first: those that are certain before
/// those that depend on its parameters. Without a service, `plain_s3` prefers S3's.
pub fn actions_of(service: Option<&str>, operation: &str, plain_s3: bool) -> Vec<String> {
    let mut all = action_catalog::operations(operation);
    if let Some(prefix) = service {
        all.retain(|(service, _)| service.prefix == prefix);
    }
    let s3 = all.iter().position(|(service, _)| service.prefix == "s3");
    let chosen: Option<&(&Service, &Operation)> = match (all.len(), s3) {
        (1, _) => all.first(),
        (_, Some(at)) if plain_s3 => all.get(at),
        _ => None,
    };
    let Some((service, operation)) = chosen else {
        return Vec::new();
    };
    let same_service = |action: &str| action.split(':').next() == Some(service.prefix.as_str());
    let mut needs: Vec<_> = operation.needs.iter().collect();
    needs.sort_by_key(|need| {
        let certain = need.certainty == Certainty::Certain;
        (!certain, need.when.is_some(), !same_service(&need.action))
    });
    let mut actions: Vec<String> = Vec::new();
    for need in needs {
        if !actions.contains(&need.action) {
            actions.push(need.action.clone());
        }
    }
    actions
}

/// Whether an error code is a refusal's, as clients write it.
pub(super) fn refuses(code: &str, message: &str) -> bool {
    let code = code.trim();
    code == "403" || Outcome::from_error(Some(code), Some(message)).is_refused()
}

/// Every Python wrapper in the text that starts at or behind `from`: it stands for itself.
pub(super) fn python_at(text: &str) -> Option<Wrapper> {
    PYTHON.captures(text).map(|all| python(&all))
}

/// The Go wrapper at the start of `text`.
pub(super) fn go_at(text: &str) -> Option<Wrapper> {
    GO.captures(text).map(|all| go(&all))
}
