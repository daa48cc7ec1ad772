//! What is needed together: pieces of work for which a principal needs several actions that no single
//! operation documents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// Unique, in kebab case.
    pub name: String,
    /// What is done, in a few words.
    pub title: String,
    /// The service principals that a role trusts which does this (`ecs-tasks.amazonaws.com`). Empty: any
    /// principal does it.
    #[serde(default)]
    pub callers: Vec<String>,
    /// The tools that do just this: `terraform`, `cloudformation`, `cdk`, … Empty: any.
    #[serde(default)]
    pub clients: Vec<String>,
    /// Terraform resource types that point to it.
    #[serde(default)]
    pub terraform: Vec<String>,
    /// CloudFormation resource types that point to it.
    #[serde(default)]
    pub cloudformation: Vec<String>,
    /// What it consists of.
    pub parts: Vec<WorkflowPart>,
    /// Whether it is done so seldom that what is alike in a commoner workflow is more likely that one.
    #[serde(default)]
    pub rare: bool,
    /// The work that goes with it more than about twice in three.
    #[serde(default)]
    pub with: Vec<WorkflowWith>,
}

/// A workflow that usually goes with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowWith {
    /// Its name.
    pub workflow: String,
    /// Its placeholders by those of the other: `group` -> `/aws/lambda/{function}`.
    #[serde(default)]
    pub bind: BTreeMap<String, String>,
}

/// A part of a workflow: who needs one of its actions needs them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowPart {
    /// What is done, in a few words.
    pub title: String,
    /// How often it belongs to the work.
    pub usual: Usual,
    /// Where that is documented.
    pub source: String,
    /// What it needs.
    pub actions: Vec<WorkflowAction>,
}

/// How often a part belongs to its workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usual {
    /// Each time.
    Always,
    /// More than about twice in three.
    Often,
    /// Now and then.
    Sometimes,
}

/// An action of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowAction {
    /// With prefix: `ecr:BatchGetImage`.
    pub action: String,
    /// ARN pattern: `${Partition}`, `${Region}`, `${Account}`, and `{name}` for what the actions of the
    /// workflow share. `*`: the action has no resource.
    pub on: String,
    /// Condition operator -> key -> value, as a statement has them, with the same placeholders.
    #[serde(default)]
    pub conditions: BTreeMap<String, BTreeMap<String, String>>,
}
