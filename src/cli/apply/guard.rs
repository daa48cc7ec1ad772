//! What stands before a change: things that are not done without a second thought, or not at all.

use jiff::Timestamp;

use crate::arn::Arn;
use crate::cli::live::failed;
use crate::diagnostic::{Code, Diagnostic};
use crate::grants::is_aws_managed;
use crate::plan::{Bearer, Plan, Step};
use crate::source::aws::Client;

/// A principal younger than this has not shown what it does once a quarter.
const PRINCIPAL_DAYS: f64 = 90.0;
/// What was granted in the last two weeks was granted for something.
const GRANTED_DAYS: f64 = 14.0;

/// Errors are never passed; warnings with `--force`.
pub(super) fn guards(
    client: &Client,
    plan: &Plan,
    steps: &[&Step],
    caller: &str,
    now: Timestamp,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let mut said = Vec::new();
    if plan.principal.contains(":role/aws-service-role/") {
        let why = "this is a service-linked role: its policies belong to the service";
        said.push(Diagnostic::error(Code::NotEditable, why));
    }
    if plan.principal.contains(":role/aws-reserved/") {
        let why = "this role belongs to IAM Identity Center: the change is made in the permission set";
        said.push(Diagnostic::error(Code::NotEditable, why));
    }
    for step in steps {
        if let Step::Version { policy_arn, .. } = step
            && is_aws_managed(policy_arn)
        {
            let why = format!("{policy_arn} is an AWS managed policy: its text belongs to AWS");
            said.push(Diagnostic::error(Code::NotEditable, why));
        }
    }
    if is_own(caller, &plan.principal) {
        let why =
            format!("{caller} would change what it holds itself, and may lose what it needs to take it back");
        said.push(Diagnostic::warning(Code::GuardRail, why));
    }
    if let Some(bearer) = Bearer::of_arn(&plan.principal)
        && let Some(days) = age(client.created(&bearer).map_err(failed)?.as_deref(), now)
        && days < PRINCIPAL_DAYS
    {
        let why = format!(
            "{} is {days:.0} days old: it has not shown yet what it does once a quarter",
            plan.principal
        );
        said.push(Diagnostic::warning(Code::GuardRail, why));
    }
    for step in steps {
        let (Step::Version { policy_arn, .. } | Step::Detach { policy_arn, .. }) = step else {
            continue;
        };
        if is_aws_managed(policy_arn) {
            // AWS changes its own policies when it likes.
            continue;
        }
        let state = client.managed_state(policy_arn).map_err(failed)?;
        if let Some(days) = age(state.and_then(|state| state.created).as_deref(), now)
            && days < GRANTED_DAYS
        {
            let why = format!(
                "{policy_arn} was last changed {days:.0} days ago: what was granted then may not have been used yet"
            );
            said.push(Diagnostic::warning(Code::GuardRail, why));
        }
    }
    Ok(said)
}

/// Days since a time as IAM writes it.
fn age(time: Option<&str>, now: Timestamp) -> Option<f64> {
    let time: Timestamp = time?.parse().ok()?;
    Some(now.duration_since(time).as_secs_f64() / 86_400.0)
}

/// Whether the caller is a session of the role, or the user.
fn is_own(caller: &str, principal: &str) -> bool {
    if caller == principal {
        return true;
    }
    let (Some(own), Some(other)) = (Arn::parse(caller), Arn::parse(principal)) else {
        return false;
    };
    let session = own
        .resource
        .strip_prefix("assumed-role/")
        .and_then(|rest| rest.split('/').next());
    let role = other
        .resource
        .strip_prefix("role/")
        .and_then(|path| path.rsplit('/').next());
    own.account == other.account && session.is_some() && session == role
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_its_role() {
        let role = "arn:aws:iam::111122223333:role/ops/admin";
        assert!(is_own("arn:aws:sts::111122223333:assumed-role/admin/me", role));
        assert!(!is_own("arn:aws:sts::444455556666:assumed-role/admin/me", role));
        assert!(!is_own("arn:aws:iam::111122223333:user/admin", role));
        assert!(is_own(role, role));
    }
}
