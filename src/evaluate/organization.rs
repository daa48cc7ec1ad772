//! Whom service and resource control policies bind
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>).

use super::decide::Setting;
use super::{Layer, Principal, Request, Target};

/// Why a layer does not bind a request; `None` where it does.
pub(super) fn why_not_bound(layer: Layer, request: &Request<'_>, setting: &Setting) -> Option<&'static str> {
    let management = setting.management_account.as_deref();
    let service_linked = request.principal.is_some_and(Principal::is_service_linked);
    match layer {
        Layer::Scp(_) if service_linked => Some("SCPs do not bind service-linked roles"),
        Layer::Scp(_) if request.principal.is_some_and(|principal| !principal.is_iam()) => {
            Some("SCPs bind the users and roles of the organization's accounts only")
        }
        Layer::Scp(_) => {
            let account = request
                .principal
                .and_then(|principal| principal.account.as_deref());
            (account.is_some() && account == management).then_some("SCPs do not bind the management account")
        }
        Layer::Rcp(_) if service_linked => Some("RCPs do not bind calls of service-linked roles"),
        Layer::Rcp(_) if request.aws_managed_key => Some("RCPs do not bind AWS managed KMS keys"),
        Layer::Rcp(_) if !covered(request.action) => Some("RCPs do not cover this service"),
        Layer::Rcp(_) => {
            let account = request.account_of_resource();
            (account.is_some() && account == management)
                .then_some("RCPs do not bind resources of the management account")
        }
        // Nobody holds a boundary, a session or identity policy but users and roles.
        Layer::Identity | Layer::Boundary | Layer::Session
            if request.principal.is_some_and(|principal| !principal.is_iam()) =>
        {
            Some("the caller is no IAM principal: it holds no policies")
        }
        _ => None,
    }
}

fn prefix(action: &str) -> &str {
    action.split(':').next().unwrap_or(action)
}

fn covered(action: &str) -> bool {
    let listed = |service: &str| service.eq_ignore_ascii_case(prefix(action));
    RCP_SERVICES.iter().any(|service| listed(service)) || listed(UNCLEAR)
}

/// What would have to be known to say that the layer binds, where [`why_not_bound`] does not say that
/// it does not.
pub(super) fn unclear(layer: Layer, request: &Request<'_>) -> Option<&'static str> {
    if !matches!(layer, Layer::Rcp(_)) {
        return None;
    }
    // Which RCPs apply to an action without a resource is not documented.
    let nowhere = request.target == Target::Any || request.target == Target::Arn("*");
    if nowhere || prefix(request.action).eq_ignore_ascii_case(UNCLEAR) {
        return Some("resource");
    }
    request
        .account_of_resource()
        .is_none()
        .then_some("resource account")
}

/// AWS's list names OpenSearch as `opensearch`; its actions begin with this.
const UNCLEAR: &str = "es";

/// Prefixes of the services that RCPs cover, as AWS listed them on 2026-09-26
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>).
const RCP_SERVICES: [&str; 62] = [
    "aoss",
    "appconfig",
    "appstream",
    "autoscaling",
    "autoscaling-plans",
    "budgets",
    "clouddirectory",
    "cloudfront",
    "cloudsearch",
    "cloudtrail-data",
    "codeartifact",
    "codebuild",
    "codecommit",
    "codepipeline",
    "cognito-identity",
    "cognito-idp",
    "comprehend",
    "comprehendmedical",
    "compute-optimizer",
    "cost-optimization-hub",
    "dax",
    "dsql",
    "dynamodb",
    "ecr",
    "ecr-public",
    "events",
    "firehose",
    "fis",
    "fms",
    "gamelift",
    "health",
    "inspector-scan",
    "kendra",
    "kinesisvideo",
    "kms",
    "logs",
    "memorydb",
    "networkmonitor",
    "notifications",
    "opensearch",
    "pca-connector-ad",
    "personalize",
    "polly",
    "pricing",
    "resource-groups",
    "rolesanywhere",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "signin",
    "sqs",
    "sts",
    "support",
    "swf",
    "textract",
    "timestream-influxdb",
    "transcribe",
    "transfer",
    "translate",
    "wafv2",
    "workspaces",
    "xray",
];
