use super::*;

#[test]
fn the_container_of_an_object_is_its_bucket() {
    assert_eq!(container("arn:aws:s3:::acme/raw/a.json"), "arn:aws:s3:::acme");
    assert_eq!(container("arn:aws:s3:::acme"), "arn:aws:s3:::acme");
    assert_eq!(
        container("arn:aws:dynamodb:eu-west-1:111122223333:table/orders/index/by-day"),
        "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
    );
    assert_eq!(
        container("arn:aws:lambda:eu-west-1:111122223333:function:resize:live"),
        "arn:aws:lambda:eu-west-1:111122223333:function:resize"
    );
}

#[test]
fn data_events_of_one_bucket_say_nothing_of_another() {
    let containers = BTreeSet::from(["arn:aws:s3:::acme".to_owned()]);
    assert!(within_a_container("arn:aws:s3:::acme/*", &containers));
    assert!(within_a_container("arn:aws:s3:::acme/raw/*", &containers));
    assert!(!within_a_container("arn:aws:s3:::acme*/raw/*", &containers));
    assert!(!within_a_container("arn:aws:s3:::other/*", &containers));
    assert!(!within_a_container("*", &containers));
}
