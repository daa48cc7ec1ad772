//! CDK-neutral JSON: each policy with its name, to whom it belongs, and a document as
//! `iam.PolicyDocument.fromJson` takes it
//! (<https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam.PolicyDocument.html>).

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Piece, pieces};
use crate::plan::Bearer;
use crate::policy::print;
use crate::recommend::PolicyChange;

/// The version of the JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// What `--format cdk-json` prints.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Cdk {
    /// The version of this format.
    pub schema_version: u32,
    /// Whom it is about: an ARN.
    pub principal: String,
    /// The policies after the change.
    pub policies: Vec<CdkPolicy>,
    /// ARNs of AWS managed policies that are attached: `iam.ManagedPolicy.fromManagedPolicyArn`.
    pub attach: Vec<CdkAttach>,
    /// What goes, in words: no construct says it.
    pub by_hand: Vec<String>,
}

/// One policy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CdkPolicy {
    /// `managed` (`iam.ManagedPolicy`) or `inline` (`iam.Policy`).
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The path of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The ARN of a managed policy that stands already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// Whether it stands already.
    pub exists: bool,
    /// To whom it is to be attached, or whose it is; empty where the attachments of one that stands stay.
    pub attach_to: Vec<Bearer>,
    /// For `iam.PolicyDocument.fromJson`.
    pub document: Value,
}

/// An AWS managed policy, and to whom it is attached.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CdkAttach {
    /// Its ARN.
    pub arn: String,
    /// To whom.
    pub to: Bearer,
}

/// The policies after the change.
pub fn render(policies: &[PolicyChange], principal: &str) -> Cdk {
    let mut cdk = Cdk {
        schema_version: SCHEMA_VERSION,
        principal: principal.to_owned(),
        policies: Vec::new(),
        attach: Vec::new(),
        by_hand: Vec::new(),
    };
    for piece in pieces(policies, principal) {
        match piece {
            Piece::Managed {
                name,
                path,
                arn,
                document,
                attach,
                ..
            } => cdk.policies.push(CdkPolicy {
                kind: "managed",
                name,
                path: Some(path),
                arn: arn.map(str::to_owned),
                exists: arn.is_some(),
                attach_to: attach,
                document: print::document_value(document),
            }),
            Piece::Inline {
                of,
                name,
                document,
                exists,
                ..
            } => cdk.policies.push(CdkPolicy {
                kind: "inline",
                name: name.to_owned(),
                path: None,
                arn: None,
                exists,
                attach_to: vec![of],
                document: print::document_value(document),
            }),
            Piece::Attach { to, arn, .. } => cdk.attach.push(CdkAttach {
                arn: arn.to_owned(),
                to,
            }),
            Piece::Gone(what) => cdk.by_hand.push(what),
        }
    }
    cdk
}

/// The JSON schema of `--format cdk-json`.
pub fn cdk_schema() -> Value {
    crate::report::schema_of::<Cdk>()
}
