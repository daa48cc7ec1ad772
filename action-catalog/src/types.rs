//! What the catalog says: services, actions, resource types, condition keys, operations.
//!
//! The build script compiles this file too, so that what it packs is what the library decodes.

use serde::{Deserialize, Serialize};

/// One IAM service: everything that shares an action prefix.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Service {
    /// The IAM prefix in lower case: `s3`.
    pub prefix: String,
    /// AWS's name of the service: `Amazon S3`.
    pub name: String,
    /// CloudTrail event sources that record this service: `s3.amazonaws.com`; sorted. Empty: none is known.
    pub event_sources: Vec<String>,
    /// Whether its management events are recorded in us-east-1 whatever the caller's region.
    pub global: bool,
    /// Whether calls through a VPC endpoint can be recorded as network activity events, beside the call's
    /// own event; off unless a trail selects them.
    ///
    /// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html>
    pub network_activity: bool,
    /// Sorted by name, ASCII case folded.
    pub actions: Vec<Action>,
    /// Sorted by name, ASCII case folded.
    pub resource_types: Vec<ResourceType>,
    /// API operations whose calls this service records; sorted by name, ASCII case folded.
    pub operations: Vec<Operation>,
    /// Condition keys that the service's actions and resource types name; sorted.
    pub keys: Vec<ConditionKey>,
}

impl Service {
    /// A service of which nothing is known but its names.
    pub fn named(prefix: &str, name: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The action of that name without prefix (`PutObject`), ASCII case folded.
    pub fn action(&self, name: &str) -> Option<&Action> {
        find(&self.actions, name, |a| &a.name)
    }

    /// The resource type of that name (`bucket`), ASCII case folded.
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        find(&self.resource_types, name, |r| &r.name)
    }

    /// The operation of that name (`CopyObject`), ASCII case folded.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        find(&self.operations, name, |o| &o.name)
    }

    /// The condition key of that name (`s3:prefix`), ASCII case folded.
    pub fn key(&self, name: &str) -> Option<&ConditionKey> {
        find(&self.keys, name, |k| &k.name)
    }
}

/// Binary search in a list that is sorted by ASCII-folded name.
fn find<'a, T>(list: &'a [T], name: &str, name_of: impl Fn(&T) -> &str) -> Option<&'a T> {
    let wanted = name.bytes().map(|b| b.to_ascii_lowercase());
    let at = list
        .binary_search_by(|item| {
            name_of(item)
                .bytes()
                .map(|b| b.to_ascii_lowercase())
                .cmp(wanted.clone())
        })
        .ok()?;
    list.get(at)
}

/// One IAM action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Without prefix, in AWS's spelling: `PutObject`.
    pub name: String,
    /// AWS's access level.
    pub level: Level,
    /// Resource types that the action can be limited to. Empty: only `*` applies.
    pub resources: Vec<ActionResource>,
    /// Condition keys that apply whatever the resource; sorted.
    pub condition_keys: Vec<String>,
    /// Actions that AWS says one may also need, with prefix (`iam:PassRole`); sorted.
    pub dependents: Vec<String>,
    /// Whether AWS says that no API operation corresponds to it.
    pub permission_only: bool,
    /// What holding it may expose; sorted.
    pub risks: Vec<Risk>,
    /// By what events its use can show in a trail.
    pub seen: Seen,
}

/// AWS's access level of an action.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Lists resources.
    List,
    /// Reads content or attributes of resources.
    Read,
    /// Creates, changes or deletes resources.
    Write,
    /// Only changes tags.
    Tagging,
    /// Grants or changes permissions.
    PermissionsManagement,
}

/// A resource type that an action can be limited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionResource {
    /// Name of the [`ResourceType`].
    pub name: String,
    /// Whether AWS marks it required (`*` after its name in the Service Authorization Reference).
    pub required: bool,
    /// Condition keys that apply to the action on this type only; sorted.
    pub condition_keys: Vec<String>,
}

/// A resource type of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceType {
    /// AWS's name: `object`.
    pub name: String,
    /// ARN templates with `${Variable}` parts; at least one.
    pub arns: Vec<String>,
    /// Condition keys of the type; sorted.
    pub condition_keys: Vec<String>,
    /// Whether AWS makes a new id for each use, so that the next run meets another one.
    pub ephemeral: bool,
}

/// A condition key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionKey {
    /// `s3:prefix`, `aws:ResourceTag/${TagKey}`.
    pub name: String,
    /// AWS's type: `String`, `ARN`, `Bool`, `ArrayOfString`, …
    pub kind: String,
}

/// What holding an action may expose, as the iam-dataset project classifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Risk {
    /// Its holder can get more permissions.
    PrivilegeEscalation,
    /// Its answer can hold credentials.
    CredentialExposure,
    /// It reads data.
    DataAccess,
    /// It can open a resource to others.
    ResourceExposure,
}

/// By what events the use of an action can show in a trail. All of what is listed must be recorded
/// before the absence of events says that the action was not used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Some operation that needs the action is a management event.
    pub management: Option<Rw>,
    /// Data event resource types (`AWS::S3::Object`) of operations that need the action; sorted.
    pub data: Vec<String>,
    /// Why a use can happen that no event shows. `None`: every known use shows.
    pub never: Option<String>,
}

/// Whether management events are of reads, of writes, or of both (a trail can record one of them only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rw {
    /// Only read events.
    Read,
    /// Only write events.
    Write,
    /// Events of both kinds, or it is not known which.
    Both,
}

/// An API operation (or a CloudTrail event name that has none) and the actions it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// In the SDK's spelling: `CopyObject`.
    pub name: String,
    /// The actions a call needs. Empty: [`Operation::why`] says why.
    pub needs: Vec<Need>,
    /// How the needs came to be known.
    pub origin: Origin,
    /// Whether it only reads. `None`: not known.
    pub read_only: Option<bool>,
    /// Where the mapping is documented; overrides have it.
    pub cite: Option<String>,
    /// Why there are no needs: IAM asks for no permission (origin [`Origin::Override`]), or no source
    /// tells (origin [`Origin::Unmapped`]). `None` exactly where there are needs.
    pub why: Option<String>,
    /// What comes with the operation without being a condition of the call itself, sorted.
    pub companions: Vec<Companion>,
}

impl Operation {
    /// An operation of which nothing is known but its name.
    pub fn unmapped(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            needs: Vec::new(),
            origin: Origin::Unmapped,
            read_only: None,
            cite: None,
            why: None,
            companions: Vec::new(),
        }
    }
}

/// An action that comes with an operation: asked for by the service with the caller's identity, or
/// called before or after it by the tool that makes the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companion {
    /// With prefix: `kms:Decrypt`.
    pub action: String,
    /// Who brings it.
    pub by: By,
    /// On which resources, as in [`Need::on`]. Empty: neither request nor response tells.
    pub on: Vec<On>,
    /// Under what condition on the request. `None`: the request does not tell.
    pub when: Option<When>,
    /// Condition keys that a grant of it can be limited by: `kms:ViaService` ->
    /// `s3.${Region}.amazonaws.com`.
    pub conditions: Vec<(String, String)>,
    /// In which case it is asked for, in words.
    pub because: String,
    /// Where that is documented.
    pub cite: String,
}

/// Who brings a companion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum By {
    /// The service asks for it with the caller's identity (forward access session).
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>
    Service,
    /// The service makes its service-linked role at first use.
    ServiceLinkedRole,
    /// AWS's console calls it beside the operation.
    Console,
    /// A command of the AWS CLI or a method of an SDK makes this call as well.
    Sdk,
    /// CloudFormation's handler of the resource type calls it.
    CloudFormation,
    /// Terraform's AWS provider calls it.
    Terraform,
}

/// How a mapping came to be known, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// Written by hand with a citation.
    Override,
    /// AWS's machine-readable service reference, laid over the catalog.
    ServiceReference,
    /// The iam-dataset project's map of SDK methods.
    Map,
    /// API Gateway authorizes its management API by HTTP verb and path.
    HttpVerb,
    /// An action has the operation's name.
    SameName,
    /// AWS's API model says that no IAM principal signs the call.
    ApiModel,
    /// The operation's own API documentation names exactly one action.
    ApiDocumentation,
    /// The event's name without its API date has a mapping.
    NameWithoutDate,
    /// The event has an action's name and no operation has it.
    ActionName,
    /// No source tells.
    Unmapped,
}

/// One action that a call needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// With prefix: `s3:PutObject`.
    pub action: String,
    /// On which resources. Empty: fill the ARN templates of the action's resource types.
    pub on: Vec<On>,
    /// ARN template variable -> request parameter path in the syntax of a `{path}` in [`On::template`].
    /// A variable may have several: the first that is present counts. A value that is itself an ARN
    /// of the service is the resource. Where a *required* type of the action has a variable that none
    /// fills, the resources of the call are not fully known.
    pub params: Vec<(String, String)>,
    /// Under what condition on the request. `None`: always.
    pub when: Option<When>,
    /// How sure it is.
    pub certainty: Certainty,
}

/// A resource that a need is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct On {
    /// ARN template: `${Partition}`, `${Region}`, `${Account}` come from the event, `{path}` from its
    /// request parameters. `*`: authorized on `*` only. `unknown`: the record does not tell.
    pub template: String,
    /// Why the template holds a literal `*`: `generated-id`, `name-suffix`, `alias`, `any-version`, or a text.
    pub because: Option<String>,
}

/// A condition on a call's request parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// The parameter at the path is there.
    Present(String),
    /// The parameter at the path is not there.
    Absent(String),
    /// The parameter at the path has that value.
    Equals {
        /// Request parameter path.
        path: String,
        /// The value, as text.
        value: String,
    },
    /// The parameter at the path matches the pattern, whatever the case: `*` is any run of
    /// characters, `?` exactly one.
    Matches {
        /// Request parameter path.
        path: String,
        /// The pattern.
        pattern: String,
    },
    /// All hold.
    All(Vec<When>),
    /// At least one holds.
    Any(Vec<When>),
    /// It does not hold.
    Not(Box<When>),
}

/// How sure a need is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Certainty {
    /// Documented for this call with these parameters.
    Certain,
    /// A usual companion.
    Likely,
}

/// A rule for events that IAM does not authorize.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NotAuthorizedRule {
    /// Event source, or `*`.
    pub source: String,
    /// Event name; `*` and `?` are wildcards.
    pub name: String,
    /// `sign-in`, `service-event`, `console-only`, `insight`, `no-permission-needed`, …
    pub class: String,
    /// One sentence for the reader.
    pub reason: String,
    /// Where that is documented.
    pub cite: Option<String>,
}

/// An event name that stands for an operation of another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamedEvent {
    /// Event source.
    pub source: String,
    /// Event name.
    pub name: String,
    /// The operation; `prefix:Operation` where it is another service's.
    pub operation: String,
    /// Where that is documented.
    pub cite: Option<String>,
}

/// What is known of CloudTrail events apart from the services.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Events {
    /// Event source in lower case -> IAM prefix; sorted.
    pub sources: Vec<(String, String)>,
    /// Sorted by source and name.
    pub names: Vec<NamedEvent>,
    /// In the order in which they are tried.
    pub not_authorized: Vec<NotAuthorizedRule>,
}

/// Index record of one AWS managed policy; the documents are packed apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    /// `AmazonS3ReadOnlyAccess`.
    pub name: String,
    /// `None`: a deprecated policy whose path is not known.
    pub arn: Option<String>,
    /// `v3`.
    pub version: String,
    /// Whether AWS has withdrawn it.
    pub deprecated: bool,
    /// Which block of documents it is in.
    pub block: u32,
    /// Where its document starts in the inflated block.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

/// Where one packed service stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServiceRecord {
    /// IAM prefix.
    pub prefix: String,
    /// Where its deflated record starts in the pack.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

/// The pack's table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Index {
    /// Sorted by prefix.
    pub services: Vec<ServiceRecord>,
    /// Sorted by name.
    pub policies: Vec<PolicyRecord>,
    /// Where each deflated block of policy documents starts and ends in the pack.
    pub policy_blocks: Vec<(u32, u32)>,
    /// Events.
    pub events: Events,
}
