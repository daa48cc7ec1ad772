//! Who the caller is: by whom its role is assumed, as far as the session's name and the role's trust
//! policy show it.

use std::collections::BTreeSet;

use super::asked::Asked;
use super::view::Finding;
use crate::denial::Client;
use crate::evaluate::PrincipalKind;
use crate::policy::{Document, Effect};

/// What is known of the caller.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller {
    /// The services that the role's trust policy names; `None`: the trust policy is not known.
    pub(super) trusts: Option<BTreeSet<String>>,
    /// The services that the session's name points to.
    pub(super) looks_like: BTreeSet<&'static str>,
}

impl Caller {
    pub(super) fn of(asked: &Asked, trust: Option<&Document>) -> Self {
        let session = session(asked).unwrap_or_default();
        Self {
            trusts: trust.map(services),
            looks_like: KINDS
                .iter()
                .filter(|kind| (kind.is)(session))
                .flat_map(|kind| kind.services)
                .copied()
                .collect(),
        }
    }

    /// Whether the caller is a service that runs what its user wrote.
    pub(super) fn runs_programs(&self) -> bool {
        PROGRAMS.iter().any(|own| {
            self.looks_like.contains(own) || self.trusts.as_ref().is_some_and(|trusts| trusts.contains(*own))
        })
    }

    /// Whether one of the services may be the caller: `Some(true)` known, `None` not known.
    pub(super) fn is_one_of(&self, wanted: &[String]) -> Option<bool> {
        if wanted.iter().any(|own| self.looks_like.contains(own.as_str())) {
            return Some(true);
        }
        match &self.trusts {
            Some(trusts) => Some(wanted.iter().any(|own| trusts.contains(own))),
            None if !self.looks_like.is_empty() => Some(false),
            None => None,
        }
    }
}

/// Whom a trust policy lets in: services, and pods where it is an `OpenID` provider of EKS.
fn services(trust: &Document) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in trust.statements.iter().filter(|own| own.effect == Effect::Allow) {
        let Some(principal) = &statement.principal else {
            continue;
        };
        let texts = |value: &serde_json::Value| -> Vec<String> {
            match value {
                serde_json::Value::String(one) => vec![one.clone()],
                serde_json::Value::Array(list) => list
                    .iter()
                    .filter_map(|own| own.as_str().map(str::to_owned))
                    .collect(),
                _ => Vec::new(),
            }
        };
        if let Some(list) = principal.get("Service") {
            // China's partition has names of its own: `ec2.amazonaws.com.cn`.
            found.extend(
                texts(list)
                    .into_iter()
                    .map(|name| name.trim_end_matches(".cn").to_owned()),
            );
        }
        if let Some(list) = principal.get("Federated") {
            let eks = |name: &String| name.contains("oidc.eks.") || name.contains("oidc-provider/oidc.eks");
            if texts(list).iter().any(eks) {
                found.insert("pods.eks.amazonaws.com".to_owned());
            }
        }
    }
    found
}

/// The name of the session, where the caller is one.
pub(super) fn session(asked: &Asked) -> Option<&str> {
    let principal = asked
        .principal
        .as_ref()
        .filter(|own| own.kind == PrincipalKind::Session)?;
    let (_, rest) = principal.name.split_once(":assumed-role/")?;
    rest.split_once('/').map(|(_, session)| session)
}

/// The name of the role, where the caller is a session of one.
pub(super) fn role(asked: &Asked) -> Option<&str> {
    asked.principal.as_ref()?.role.as_deref()?.rsplit('/').next()
}

/// Whether it is a session of a service-linked role. A session's ARN has no path: the name tells.
pub(super) fn is_service_linked(asked: &Asked) -> bool {
    asked
        .principal
        .as_ref()
        .is_some_and(crate::evaluate::Principal::is_service_linked)
        || role(asked).is_some_and(|role| role.starts_with("AWSServiceRoleFor"))
}

/// Services whose roles programs run with.
const PROGRAMS: [&str; 8] = [
    "codebuild.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "glue.amazonaws.com",
    "lambda.amazonaws.com",
    "pods.eks.amazonaws.com",
    "sagemaker.amazonaws.com",
    "tasks.apprunner.amazonaws.com",
];

/// A kind of session, known by its name.
struct Kind {
    is: fn(&str) -> bool,
    services: &'static [&'static str],
    what: &'static str,
    source: &'static str,
}

/// Session names that AWS gives.
const KINDS: [Kind; 9] = [
    Kind {
        is: |name| name.starts_with("i-") && hex(name.get(2..).unwrap_or_default(), 8),
        services: &["ec2.amazonaws.com"],
        what: "the instance profile of an EC2 instance",
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    },
    Kind {
        is: |name| name.len() == 32 && hex(name, 32),
        services: &["ecs-tasks.amazonaws.com"],
        what: "an ECS task: its task role, or its execution role where the agent pulls images, writes logs or fetches secrets",
        source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
    },
    Kind {
        is: |name| name.starts_with("AWSCodeBuild-"),
        services: &["codebuild.amazonaws.com"],
        what: "the service role of a CodeBuild project",
        source: "https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html",
    },
    Kind {
        is: |name| name == "AWSCloudFormation",
        services: &["cloudformation.amazonaws.com"],
        what: "the service role that CloudFormation was given for the stack, not who started it",
        source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html",
    },
    Kind {
        is: |name| name == "SageMaker",
        services: &["sagemaker.amazonaws.com"],
        what: "an execution role of SageMaker",
        source: "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
    },
    Kind {
        is: |name| name == "GlueJobRunnerSession" || name == "AWS-Crawler",
        services: &["glue.amazonaws.com"],
        what: "the role of a Glue job or crawler",
        source: "https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html",
    },
    Kind {
        is: |name| name.starts_with("eks-") && name.len() > 20,
        services: &["pods.eks.amazonaws.com"],
        what: "a pod of EKS with Pod Identity",
        source: "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html",
    },
    Kind {
        is: |name| name == "AWSFirehoseToS3" || name.starts_with("AWSFirehose"),
        services: &["firehose.amazonaws.com"],
        what: "the role of a Firehose stream",
        source: "https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html",
    },
    Kind {
        is: |name| name.starts_with("AWSBackup-"),
        services: &["backup.amazonaws.com"],
        what: "the role of AWS Backup",
        source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html",
    },
];

fn hex(text: &str, least: usize) -> bool {
    text.len() >= least
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// What is to be known of the caller, before anybody grants something to somebody else.
pub(super) fn findings(asked: &Asked, client: Option<Client>) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(principal) = &asked.principal else {
        return found;
    };
    let name = role(asked).unwrap_or_default();
    match principal.kind {
        PrincipalKind::Anonymous => found.push(
            Finding::new(
                "anonymous",
                "the request was not signed: no policy of a user or role is asked",
            )
            .help("give the client credentials, or let the resource's policy allow everybody"),
        ),
        PrincipalKind::Root => found.push(
            Finding::new(
                "root",
                "the caller is the account's root user, whom no identity policy binds",
            )
            .help("look at service control policies, the resource's policy and the VPC endpoint's"),
        ),
        PrincipalKind::Session if name.starts_with("AWSReservedSSO_") => found.push(
            Finding::new(
                "permission-set",
                format!(
                    "the role is made by IAM Identity Center from the permission set {}",
                    permission_set(name)
                ),
            )
            .help("change the permission set: an edit of the role itself is refused")
            .source("https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html"),
        ),
        PrincipalKind::Session if is_service_linked(asked) => {
            found.push(
                Finding::new("service-linked-role", "the caller is a service-linked role, whose policy is AWS's own")
                    .help("nothing can be granted to it; look at the resource's policy, the key's policy and service control policies")
                    .source("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html"),
            );
        }
        PrincipalKind::Session => {
            let session = session(asked).unwrap_or_default();
            if let Some(kind) = KINDS.iter().find(|kind| (kind.is)(session)) {
                found.push(
                    Finding::new(
                        "caller",
                        format!(
                            "the caller is {}, not the person or pipeline behind it",
                            kind.what
                        ),
                    )
                    .help(format!("what is granted goes to role {name}"))
                    .source(kind.source),
                );
                if session.starts_with("i-") && client != Some(Client::CloudTrail) {
                    found.push(
                        Finding::new(
                            "node-role",
                            "in a cluster, a pod that has no role of its own uses the node's role",
                        )
                        .help("give the pod a role (IRSA or EKS Pod Identity) before the node is given more")
                        .source("https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html"),
                    );
                }
            }
        }
        _ => {}
    }
    found
}

/// `AWSReservedSSO_Name_0123456789abcdef`.
fn permission_set(role: &str) -> &str {
    let name = role.trim_start_matches("AWSReservedSSO_");
    name.rsplit_once('_').map_or(name, |(name, _)| name)
}
