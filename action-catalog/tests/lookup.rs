//! Well-known facts, looked up the way leastgrant does.
#![expect(missing_docs, reason = "tests")]

use action_catalog::*;

#[test]
fn an_object_write_is_on_objects() {
    let (service, put) = action("S3:putobject").unwrap();
    assert_eq!((service.prefix.as_str(), put.name.as_str()), ("s3", "PutObject"));
    assert_eq!(put.level, Level::Write);
    assert!(put.resources.iter().any(|r| r.name == "object"));
    let object = service.resource_type("object").unwrap();
    assert_eq!(object.arns, ["arn:${Partition}:s3:::${BucketName}/${ObjectName}"]);
}
