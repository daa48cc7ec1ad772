//! The scenarios of `examples/`, each run once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]

use std::path::Path;
use std::sync::OnceLock;

use leastgrant::evaluate::{Compiled, Context, Decision, Layer, Lookup, PolicyIn, Request, Target};
use leastgrant::policy::{self, Document};
use serde_json::Value;

use crate::support::{Run, leastgrant};

/// One scenario.
pub(crate) struct Scenario {
    /// Its folder in `examples/`.
    pub(crate) name: &'static str,
    /// Whom it is about.
    pub(crate) principal: &'static str,
    report: OnceLock<Value>,
}

pub(crate) static CI_DEPLOY: Scenario = Scenario::new("ci-deploy", "role/ci-deploy");
pub(crate) static DATA_JOB: Scenario = Scenario::new("data-job", "role/nightly-export");
pub(crate) static ANALYST: Scenario = Scenario::new("analyst", "user/dana");
pub(crate) static BOUNDARY: Scenario = Scenario::new("boundary", "role/team-app-builder");

pub(crate) fn all() -> [&'static Scenario; 4] {
    [&CI_DEPLOY, &DATA_JOB, &ANALYST, &BOUNDARY]
}

impl Scenario {
    const fn new(name: &'static str, principal: &'static str) -> Self {
        Self {
            name,
            principal,
            report: OnceLock::new(),
        }
    }

    /// The folder of its trail.
    pub(crate) fn trail(&self) -> String {
        format!("examples/{}/trail", self.name)
    }

    /// The arguments but for `--trail`.
    pub(crate) fn args_without_trail(&self) -> Vec<String> {
        let grants = format!("examples/{}/grants.json", self.name);
        let mut args: Vec<String> = ["recommend", self.principal, "--grants", &grants]
            .map(str::to_owned)
            .into();
        let selectors = format!("examples/{}/event-selectors.json", self.name);
        if Path::new(env!("CARGO_MANIFEST_DIR")).join(&selectors).exists() {
            args.extend(["--event-selectors".to_owned(), selectors]);
        }
        args
    }

    /// The command of its README, with more arguments.
    pub(crate) fn run(&self, more: &[&str]) -> Run {
        let mut args = self.args_without_trail();
        args.extend(["--trail".to_owned(), self.trail()]);
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        leastgrant(&args)
    }

    /// The JSON report.
    pub(crate) fn report(&self) -> &Value {
        self.report
            .get_or_init(|| self.run(&["--format", "json"]).exits(0).json())
    }

    /// The edit of the policy whose name, or the end of whose ARN, is `name`.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str) -> &Value {
        let mut edits = self.report()["edits"].as_array().unwrap().iter();
        edits
            .find(|edit| policy_name(&edit["policy"]) == name)
            .unwrap_or_else(|| panic!("nothing is said of the policy {name}"))
    }

    /// What becomes of the statement of the policy that has this Sid.
    #[track_caller]
    pub(crate) fn statement(&self, policy: &str, sid: &str) -> &Value {
        let mut statements = self.edit(policy)["statements"].as_array().unwrap().iter();
        statements
            .find(|statement| statement["before"]["Sid"] == sid)
            .unwrap_or_else(|| panic!("nothing is said of the statement {sid}"))
    }

    /// The policies after the change, to ask.
    pub(crate) fn after(&self) -> After {
        After::new(self.report())
    }
}

/// The name of a policy by its origin.
pub(crate) fn policy_name(origin: &Value) -> &str {
    let name = origin["name"].as_str().or(origin["arn"].as_str()).unwrap();
    name.rsplit('/').next().unwrap()
}

/// The `policies` of a report, to ask what they allow.
pub(crate) struct After(Vec<(Layer, Document)>);

impl After {
    pub(crate) fn new(report: &Value) -> Self {
        let policies = report["policies"].as_array().unwrap().iter();
        Self(
            policies
                .map(|policy| {
                    let layer = match policy["origin"]["kind"].as_str().unwrap() {
                        "boundary" => Layer::Boundary,
                        _ => Layer::Identity,
                    };
                    let (document, said) = policy::parse(&policy["document"].to_string(), "after");
                    assert!(said.is_empty(), "{said:?}");
                    (layer, document.unwrap())
                })
                .collect(),
        )
    }

    fn decide(&self, action: &str, target: Target<'_>, keys: &[(&str, &str)]) -> Decision {
        let policies: Vec<PolicyIn<'_>> = self
            .0
            .iter()
            .map(|(layer, document)| PolicyIn {
                layer: *layer,
                document,
            })
            .collect();
        let mut context = Context::default();
        for (key, value) in keys {
            context.set(key, Lookup::Values(vec![(*value).to_owned()]));
        }
        Compiled::new(&policies).decide(&Request::new(action, target, &context))
    }

    /// Whether the action is certainly allowed on the resource (`*` for none), in this context.
    pub(crate) fn allows_when(&self, action: &str, resource: &str, keys: &[(&str, &str)]) -> bool {
        let target = match resource {
            "*" => Target::Any,
            arn => Target::Arn(arn),
        };
        matches!(self.decide(action, target, keys), Decision::Allowed { .. })
    }

    /// Whether the action is certainly allowed on the resource.
    pub(crate) fn allows(&self, action: &str, resource: &str) -> bool {
        self.allows_when(action, resource, &[])
    }

    /// Whether the action is certainly refused on the resource.
    pub(crate) fn refuses(&self, action: &str, resource: &str) -> bool {
        let decision = self.decide(action, Target::Arn(resource), &[]);
        matches!(
            decision,
            Decision::ImplicitDeny { .. } | Decision::ExplicitDeny { .. }
        )
    }
}
