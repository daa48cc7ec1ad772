//! Pastes, and what is read from them.

use super::*;

#[test]
fn a_terraform_error_is_read_through_its_margins() {
    let paste = "\u{1b}[31m│\u{1b}[0m Error: creating S3 Bucket (acme-logs): operation error S3: CreateBucket, https response\n\
        │ error StatusCode: 403, RequestID: X, HostID: Y, api error AccessDenied: User:\n\
        │ arn:aws:sts::111122223333:assumed-role/deployer/ci is not authorized to perform:\n\
        │ s3:CreateBucket on resource: \"arn:aws:s3:::acme-logs\" because no identity-based\n\
        │ policy allows the s3:CreateBucket action\n│ \n│   with aws_s3_bucket.logs,\n│   on main.tf line 1, in resource \"aws_s3_bucket\" \"logs\":\n";
    let found = read(paste).denials;
    assert_eq!(found.len(), 1, "{found:#?}");
    let denial = &found[0];
    assert_eq!(
        denial.principal.as_deref(),
        Some("arn:aws:sts::111122223333:assumed-role/deployer/ci")
    );
    assert_eq!(denial.action.as_deref(), Some("s3:CreateBucket"));
    assert_eq!(denial.resource.as_deref(), Some("arn:aws:s3:::acme-logs"));
    assert_eq!(denial.operation.as_deref(), Some("CreateBucket"));
    assert_eq!(denial.client, Some(Client::Terraform));
    assert_eq!((denial.layer, denial.kind), (DeniedBy::Identity, Kind::Implicit));
    assert_eq!(denial.beside, ["aws_s3_bucket.logs"]);
}
