//! What AWS publishes about IAM: every service's actions with access level, resource types, condition
//! keys and dependent actions; which actions each API call needs; and the AWS managed policies.
//!
//! Pure: the facts are compiled in, decoded service by service when first asked. `services/`, the
//! sources they come from and their licences are described in `SOURCES.md`.

mod coverage;
mod escalation;
mod lookup;
mod pack;
mod policies;
mod service_reference;
mod types;
mod workflow;

pub use coverage::coverage;
pub use escalation::{Escalation, EscalationKind, EscalationOn};
pub use lookup::{
    AlreadyAsked, EventMapping, Stats, Unmapped, action, action_names, event, matching, operations, overlay,
    prefix_of_source, prefixes, service, stats,
};
pub use pack::{escalations, fingerprint, workflows};
pub use policies::{ManagedPolicy, managed_policies, managed_policy};
pub use service_reference::{Overlaid, ServiceReference};
pub use types::{
    Action, ActionResource, By, Certainty, Companion, ConditionKey, Level, Need, On, Operation, Origin,
    ResourceType, Risk, Rw, Seen, Service, When,
};
pub use workflow::{Usual, Workflow, WorkflowAction, WorkflowPart, WorkflowWith};
