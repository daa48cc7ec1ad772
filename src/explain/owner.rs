//! Who can change what refused.

use super::asked::Asked;
use super::caller;
use crate::denial::{Denial, DeniedBy, NotByPolicy};

/// Who can settle a refusal by this layer, in words. `None`: it is not known which layer it is.
pub(super) fn of(layer: DeniedBy, denial: &Denial, asked: &Asked) -> Option<String> {
    if let Some(other) = denial.not_by_policy {
        return Some(of_other(other).to_owned());
    }
    let in_account = |account: Option<&str>| account.map_or(String::new(), |id| format!(" of account {id}"));
    let what = asked
        .resource
        .as_deref()
        .filter(|own| *own != "*")
        .unwrap_or("the resource");
    Some(match layer {
        DeniedBy::Identity if caller::role(asked).is_some_and(|role| role.starts_with("AWSReservedSSO_")) => {
            "whoever manages permission sets in IAM Identity Center".to_owned()
        }
        DeniedBy::Identity => format!("the IAM owner{}", in_account(asked.account())),
        DeniedBy::Boundary => format!(
            "whoever manages permissions boundaries{}",
            in_account(asked.account())
        ),
        DeniedBy::Session => {
            "whoever started the session: the policy was passed to AssumeRole, GetFederationToken or by the service".to_owned()
        }
        DeniedBy::Scp | DeniedBy::Rcp => "the organization's administrator".to_owned(),
        DeniedBy::Endpoint => "the owner of the VPC endpoint".to_owned(),
        DeniedBy::Key => format!("the owner of the key{}", in_account(asked.owner())),
        DeniedBy::Trust => format!("the IAM owner{} (the role's trust policy)", in_account(asked.owner())),
        DeniedBy::Resource if what.starts_with("arn:") && what.contains(":s3:::") => {
            let bucket = what.rsplit(":::").next().unwrap_or(what);
            format!("the owner of bucket {}", bucket.split('/').next().unwrap_or(bucket))
        }
        DeniedBy::Resource => format!("the owner of {what}"),
        DeniedBy::Unknown => return None,
    })
}

fn of_other(what: NotByPolicy) -> &'static str {
    match what {
        NotByPolicy::LakeFormation => "the Lake Formation administrator",
        NotByPolicy::ModelAccess => "whoever manages model access in Bedrock",
        NotByPolicy::BillingAccess => "the account's root user, or the organization's management account",
        NotByPolicy::NotShared => "the owner of the image or snapshot",
        NotByPolicy::BlockPublicAccess => "the owner of the bucket or account that blocks public access",
        NotByPolicy::Quarantine => "the account's security owner: the access key was leaked",
    }
}

/// What to do where no policy settles it.
pub(super) fn remedy(what: NotByPolicy) -> (&'static str, &'static str, &'static str) {
    match what {
        NotByPolicy::LakeFormation => (
            "lake-formation",
            "Lake Formation refuses: it has permissions of its own beside IAM",
            "grant the principal the database, table or location in Lake Formation (aws lakeformation grant-permissions)",
        ),
        NotByPolicy::ModelAccess => (
            "model-access",
            "the account has no access to the model, whatever policies say",
            "ask for model access in Bedrock, in the region of the call",
        ),
        NotByPolicy::BillingAccess => (
            "billing-access",
            "IAM users and roles may not see billing until it is activated for the account",
            "activate IAM access to Billing as root user, then grant the action",
        ),
        NotByPolicy::NotShared => (
            "not-shared",
            "the image or snapshot is not shared with the caller's account",
            "its owner shares it (modify-image-attribute, modify-snapshot-attribute), and the key it is encrypted with",
        ),
        NotByPolicy::BlockPublicAccess => (
            "block-public-access",
            "S3 Block Public Access refuses what would open the bucket to the public, whatever policies allow",
            "serve the content by CloudFront, or leave Block Public Access out only where the bucket is meant to be public",
        ),
        NotByPolicy::Quarantine => (
            "quarantine",
            "AWS attached a quarantine policy because the access key was found in public",
            "rotate the key and look at what it did; then detach the quarantine policy",
        ),
    }
}
