//! Reading from a live account: CloudTrail, S3, Athena, IAM, Organizations.
//!
//! Nothing here yet: the module and the feature `aws` hold the clients' place.
