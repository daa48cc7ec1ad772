//! Every finding that there is: its code, how bad it is, and the page it rests on.

use crate::diagnostic::Severity;

/// A kind of finding. The code is stable: scripts match on it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// In kebab case.
    pub code: &'static str,
    /// What is wrong, as a heading.
    pub title: &'static str,
    /// How bad it is as a rule; a finding may say less.
    pub severity: Severity,
    /// Why it matters, and what to do, in general.
    pub help: &'static str,
    /// The page it rests on.
    pub reference: &'static str,
}

/// The controls of AWS Security Hub; a control's anchor follows.
macro_rules! control {
    ($page:literal, $anchor:literal) => {
        concat!(
            "https://docs.aws.amazon.com/securityhub/latest/userguide/",
            $page,
            "-controls.html#",
            $anchor
        )
    };
}
macro_rules! iam_guide {
    ($page:literal) => {
        concat!("https://docs.aws.amazon.com/IAM/latest/UserGuide/", $page)
    };
}
pub(super) use control;

macro_rules! rules {
    ($($constant:ident = $code:literal $severity:ident $title:literal $help:literal $reference:expr;)+) => {
        $(pub(super) static $constant: Rule = Rule {
            code: $code, title: $title, severity: Severity::$severity, help: $help, reference: $reference,
        };)+
        /// All of them, in order of their codes.
        pub static RULES: &[&Rule] = &[$(&$constant),+];
    };
}

rules! {
    ACCESS_KEY_OLD = "access-key-old" Note "An access key was not rotated for 90 days"
        "A key that leaked long ago still works. Better than a new key is none: a role, or IAM Identity Center."
        control!("iam", "iam-3");
    ACCESS_KEY_ON_COMPUTE = "access-key-on-aws-compute" Warning "A long-term access key is used on AWS's own compute"
        "Lambda, ECS and EC2 get short-lived credentials of a role; a key that is stored there can be stolen."
        iam_guide!("best-practices.html#bp-workloads-use-roles");
    ACCESS_KEY_UNUSED = "access-key-unused" Warning "An active access key was not used for 90 days"
        "A credential that nobody misses is one that nobody watches: switch it off, then delete it."
        control!("iam", "iam-8");
    CONFIG_OFF = "config-recorder-off" Warning "AWS Config records nothing"
        "Without a recorder nobody can say later how a resource was set up when something happened."
        control!("config", "config-1");
    CONFIG_STOPPED = "config-recorder-stopped" Warning "Somebody switched AWS Config's recorder off"
        "Find out who and why from the events, and switch it on again."
        control!("config", "config-1");
    CROSS_ACCOUNT_UNUSED = "cross-account-trust-unused" Warning "A role trusts an account that never assumes it"
        "Every trusted account is another way in. Take the account out of the trust policy, or delete the role."
        iam_guide!("best-practices.html#bp-preview-access");
    TRUST_ANYONE = "role-anyone-may-assume" Error "A role that any AWS account may assume"
        "Name the principals in the trust policy, or narrow it by aws:PrincipalOrgID."
        iam_guide!("reference_policies_elements_principal.html#principal-anonymous");
    OIDC_WITHOUT_SUB = "oidc-trust-without-sub" Error "A role trusts every identity of an OIDC provider"
        "Without a condition on the subject every repository, cluster or user of the provider may assume the role."
        iam_guide!("id_roles_create_for-idp_oidc.html#idp_oidc_Create_GitHub");
    PASSWORD_OLD = "password-old" Note "A password was not changed for 90 days"
        "Where passwords stay, change them; better, let people sign in through IAM Identity Center."
        control!("iam", "iam-17");
    PASSWORD_POLICY_ABSENT = "password-policy-absent" Warning "The account has no password policy"
        "Without one of its own IAM asks for eight characters and never for a new password."
        control!("iam", "iam-7");
    PASSWORD_POLICY_WEAK = "password-policy-weak" Warning "The password policy asks for less than it should"
        "Set what is missing with update-account-password-policy, which sets all of it anew."
        control!("iam", "iam-7");
    PASSWORD_UNUSED = "password-unused" Warning "A password was not used for 90 days"
        "Whoever does not sign in needs no password: delete the login profile."
        control!("iam", "iam-8");
    PASS_ROLE_NEEDED = "power-user-needs-pass-role" Note "A holder of PowerUserAccess was refused iam:PassRole"
        "PowerUserAccess has no iam:PassRole. Grant it on the very role and for the very service, never on *."
        iam_guide!("id_roles_use_passrole.html");
    POLICY_ON_USER = "policy-on-user" Note "Policies are attached to a user directly"
        "Attach them to a group, or to a role that the user assumes: then who holds what is seen in one place."
        control!("iam", "iam-2");
    PRIVILEGED_WITHOUT_MFA = "privileged-user-without-mfa" Error "A privileged user without MFA"
        "One stolen password or key is then the account. Register a device and ask for it in a policy."
        control!("iam", "iam-19");
    ROLE_WOULD_DO = "role-would-do" Warning "A program uses a user's access key where a role would do"
        "Programs outside AWS get short-lived credentials by OIDC or IAM Roles Anywhere; inside, from their role."
        iam_guide!("best-practices.html#bp-workloads-use-roles");
    ROOT_ACCESS_KEY = "root-access-key" Error "The root user has an access key"
        "Nothing limits it but an organization's policies. Delete it; what used it needs a role."
        control!("iam", "iam-4");
    ROOT_USED = "root-used" Warning "The root user is in use"
        "Few tasks need it. Give people roles, and have an alarm for every use of root."
        iam_guide!("root-user-best-practices.html");
    ROOT_WITHOUT_MFA = "root-without-mfa" Error "The root user has no MFA"
        "Register a hardware key or a passkey, or delete the root user's credentials from the organization."
        control!("iam", "iam-9");
    SHARED_USER = "user-seems-shared" Warning "Several people seem to use one user"
        "Nobody can say then who did what, and nobody can be taken out. Give each person an identity."
        iam_guide!("best-practices.html#bp-users-federation-idp");
    TRAIL_CHANGED = "trail-changed" Note "Somebody changed what a trail records"
        "See from the events whether that was meant."
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html";
    TRAIL_DELETED = "trail-deleted" Error "Somebody deleted a trail"
        "Find out who and why from the events, and make it again."
        control!("cloudtrail", "cloudtrail-1");
    TRAIL_MISSING = "trail-missing" Error "The account has no trail"
        "The event history forgets after 90 days and has no data events: make a trail of all regions."
        control!("cloudtrail", "cloudtrail-1");
    TRAIL_ONE_REGION = "trail-one-region" Warning "No trail records all regions"
        "What is done in another region is not recorded: make the trail one of all regions."
        control!("cloudtrail", "cloudtrail-1");
    TRAIL_STOPPED = "trail-stopped" Error "A trail is switched off"
        "Switch it on again, and find out who switched it off."
        control!("cloudtrail", "cloudtrail-1");
    TRAIL_WITHOUT_DATA_EVENTS = "trail-without-data-events" Note "No trail records data events"
        "Reads and writes of objects, items and functions stay unseen, here as well: what is granted for them is kept."
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html";
    TRAIL_WITHOUT_VALIDATION = "trail-without-validation" Warning "A trail without log file validation"
        "Without digests nobody can prove that its files were not changed."
        control!("cloudtrail", "cloudtrail-4");
    TWO_KEYS = "two-active-access-keys" Note "A user with two active access keys"
        "Two are for the days of a rotation. Switch off the one that is used less."
        control!("iam", "iam-3");
    USER_WITHOUT_MFA = "user-without-mfa" Warning "A user with a password and without MFA"
        "Register a device, or let people sign in through IAM Identity Center."
        control!("iam", "iam-5");
}

/// The kind with this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_each_has_its_page() {
        let mut codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), RULES.len());
        for rule in RULES {
            assert!(
                rule.reference.starts_with("https://docs.aws.amazon.com/"),
                "{}",
                rule.code
            );
            assert!(
                !rule.help.is_empty() && !rule.title.ends_with('.'),
                "{}",
                rule.code
            );
        }
    }
}
