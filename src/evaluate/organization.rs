//! Whom service and resource control policies bind
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>).

use super::decide::Setting;
use super::{Layer, Principal, Request};

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

fn covered(action: &str) -> bool {
    let prefix = action.split(':').next().unwrap_or(action);
    RCP_SERVICES
        .iter()
        .any(|service| service.eq_ignore_ascii_case(prefix))
}

/// Prefixes of the services that RCPs cover.
const RCP_SERVICES: [&str; 5] = ["s3", "sts", "kms", "sqs", "secretsmanager"];
