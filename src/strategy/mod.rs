//! Ways to run IAM for a principal, side by side, each with its price: what it permits beyond what was
//! used, how much of IAM's quotas it takes, and, with a later part of the trail, what it would have refused.
//!
//! A strategy is a whole set of identity policies. Those that stand on AWS's own policies can permit what
//! the principal does not hold today; that is counted apart ([`Price::beyond_grants`]), for nobody would
//! notice it otherwise.

mod managed;
mod observed;
mod price;
mod proposal;
mod shapes;
mod side_by_side;

#[cfg(test)]
mod tests;

pub use managed::ManagedPolicies;
pub use observed::{Observed, Share};
pub use price::{Price, price};
pub use proposal::proposal;
pub use side_by_side::{Compared, Quotas, SCHEMA_VERSION, SideBySide, side_by_side_schema};

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnostic::{Code, Severity};
use crate::evaluate::{Layer, PolicyIn};
use crate::evidence::Visibility;
use crate::grants::{Grants, Held};
use crate::policy::Document;
use crate::recommend::{Generalise, Options, Proposal, Subject, Unseen, recommend};

/// A way to run IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// As it is.
    Present,
    /// What was used and what cannot be seen, narrowed: what `recommend` proposes.
    Minimal,
    /// As minimal, but of services of which nothing was used what cannot be seen goes as well.
    MinimalUsedServices,
    /// Of the services and access levels of which anything was used, all that is granted today.
    Service,
    /// The smallest set of AWS managed policies that covers the use, and what they leave open.
    Managed,
    /// The nearest AWS managed policy for a job function, and what must be added.
    JobFunction,
    /// PowerUserAccess with a Deny on services that were never used, and what must be added.
    PowerUser,
    /// To compare: exactly the actions that were used, on exactly those resources.
    ExactActions,
    /// To compare: everything of each service that was used.
    WholeServices,
}

/// All of them, in the order of the tables.
pub const ALL: [Strategy; 9] = [
    Strategy::Present,
    Strategy::ExactActions,
    Strategy::Minimal,
    Strategy::MinimalUsedServices,
    Strategy::Service,
    Strategy::Managed,
    Strategy::JobFunction,
    Strategy::PowerUser,
    Strategy::WholeServices,
];

impl Strategy {
    /// Its name, as the command line and JSON have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Minimal => "minimal",
            Self::MinimalUsedServices => "minimal-used-services",
            Self::Service => "service",
            Self::Managed => "managed",
            Self::JobFunction => "job-function",
            Self::PowerUser => "power-user",
            Self::ExactActions => "exact-actions",
            Self::WholeServices => "whole-services",
        }
    }

    /// One sentence for a reader.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Present => "the grants as they are",
            Self::Minimal => "what was used, and what this trail could not have shown",
            Self::MinimalUsedServices => "what was used, and what could not be seen of the services used",
            Self::Service => "all that is granted of the services and access levels used",
            Self::Managed => "the fewest AWS managed policies that cover the use",
            Self::JobFunction => "the nearest AWS job-function policy, and what it lacks",
            Self::PowerUser => "PowerUserAccess less the services never used, and what it lacks",
            Self::ExactActions => "to compare: the very actions and resources seen, nothing else",
            Self::WholeServices => "to compare: everything of each service used",
        }
    }
}

impl std::str::FromStr for Strategy {
    type Err = String;

    /// By its name; AWS writes `PowerUser` as one word, so that is taken as well.
    fn from_str(text: &str) -> Result<Self, String> {
        let name = if text == "poweruser" { "power-user" } else { text };
        let names: Vec<&str> = ALL.iter().map(|own| own.as_str()).collect();
        let found = ALL.into_iter().find(|own| own.as_str() == name);
        found.ok_or_else(|| format!("write one of {}", names.join(", ")))
    }
}

/// A strategy, and how far it widens resources, where that is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Choice {
    /// Which.
    pub strategy: Strategy,
    /// `None` for those that do not go by observed resources alone.
    pub generalise: Option<Generalise>,
}

impl Choice {
    /// The strategy at each of the levels, or by itself where it knows none.
    pub fn all(strategy: Strategy, levels: &[Generalise]) -> Vec<Self> {
        match strategy {
            Strategy::Minimal | Strategy::MinimalUsedServices => levels
                .iter()
                .map(|level| Self {
                    strategy,
                    generalise: Some(*level),
                })
                .collect(),
            _ => vec![Self {
                strategy,
                generalise: None,
            }],
        }
    }

    /// What `recommend` is asked for; `None` for strategies that are not narrowed grants.
    pub fn options(self) -> Option<Options> {
        let unseen = match self.strategy {
            Strategy::Minimal => Unseen::Keep,
            Strategy::MinimalUsedServices => Unseen::UsedServices,
            _ => return None,
        };
        Some(Options {
            unseen,
            generalise: self.generalise.unwrap_or_default(),
            ..Options::default()
        })
    }
}

/// `minimal`, `minimal wide`: the usual level goes without saying.
impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.generalise {
            Some(level) if level != Generalise::default() => {
                write!(f, "{} {}", self.strategy.as_str(), level.as_str())
            }
            _ => f.write_str(self.strategy.as_str()),
        }
    }
}

/// A set of identity policies.
#[derive(Debug, Clone, Default)]
pub struct Candidate {
    /// Names of AWS managed policies that are attached as they are, and documents of one's own.
    pub policies: Vec<(String, Document)>,
    /// Whether it does not fit into IAM's quotas.
    pub overflow: bool,
}

impl Candidate {
    /// The identity policies that a proposal leaves.
    pub fn of(proposal: &Proposal) -> Self {
        let documents = proposal
            .policies
            .iter()
            .filter(|policy| policy.layer == Layer::Identity)
            .filter_map(|policy| Some((policy.origin.name().to_owned(), policy.after.clone()?)));
        Self {
            policies: documents.collect(),
            overflow: proposal
                .diagnostics
                .iter()
                .any(|said| said.code == Code::Quota && said.severity == Severity::Error),
        }
    }

    /// As layers, with the limits of the present grants (boundaries) over it.
    pub fn in_force<'c>(&'c self, grants: &'c Grants) -> Vec<PolicyIn<'c>> {
        let own = self.policies.iter().map(|(_, document)| PolicyIn {
            layer: Layer::Identity,
            document,
        });
        own.chain(limits(grants)).collect()
    }
}

fn limits(grants: &Grants) -> impl Iterator<Item = PolicyIn<'_>> {
    let held = grants.held.iter().filter(|held| held.layer != Layer::Identity);
    held.map(Held::policy)
}

/// The policies of a strategy for a principal, from its evidence.
pub fn candidate(
    choice: Choice,
    subject: Subject<'_>,
    visibility: &Visibility,
    managed: &ManagedPolicies,
) -> Candidate {
    if let Some(options) = choice.options() {
        return minimal(subject, visibility, &options);
    }
    match choice.strategy {
        Strategy::Service => shapes::by_level(subject),
        Strategy::Managed => managed.cover(subject),
        Strategy::JobFunction => managed.job_function(subject),
        Strategy::PowerUser => managed.power_user(subject),
        Strategy::ExactActions => shapes::exact(subject),
        Strategy::WholeServices => shapes::whole_services(subject),
        Strategy::Present | Strategy::Minimal | Strategy::MinimalUsedServices => Candidate {
            policies: identity(subject.grants),
            overflow: false,
        },
    }
}

fn identity(grants: &Grants) -> Vec<(String, Document)> {
    grants
        .in_layer(Layer::Identity)
        .map(|held| (held.origin.name().to_owned(), held.document.clone()))
        .collect()
}

fn minimal(subject: Subject<'_>, visibility: &Visibility, options: &Options) -> Candidate {
    Candidate::of(&recommend(subject, &[], visibility, options))
}
