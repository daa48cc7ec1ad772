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

mod seen {
    use serde_json::{Value, json};

    use super::*;
    use crate::evidence::read_selectors;
    use crate::trail::Scratch;

    /// One event; `change` is laid over it.
    fn add(visibility: &mut Visibility, source: &str, name: &str, read: Option<bool>, change: Value) {
        let mut record = json!({
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "accountId": "111122223333", "userName": "ana"},
            "eventTime": "2026-08-03T09:14:11Z", "eventSource": source, "eventName": name, "awsRegion": "eu-west-1",
            "readOnly": read, "eventType": "AwsApiCall", "recipientAccountId": "111122223333"
        });
        for (key, value) in change.as_object().into_iter().flatten() {
            record[key] = value.clone();
        }
        let text = record.to_string();
        let mut scratch = Scratch::default();
        visibility.add(&Event::parse(text.as_bytes(), &mut scratch).unwrap());
    }

    /// A trail of management events that read and write, of S3 and EC2.
    fn trail() -> Visibility {
        let mut visibility = Visibility::default();
        let management = || json!({"managementEvent": true});
        add(
            &mut visibility,
            "s3.amazonaws.com",
            "ListBuckets",
            Some(true),
            management(),
        );
        add(
            &mut visibility,
            "ec2.amazonaws.com",
            "StopInstances",
            Some(false),
            management(),
        );
        visibility
    }

    fn object(bucket: &str) -> Value {
        json!({"managementEvent": false, "eventCategory": "Data", "resources": [
            {"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{bucket}/a/b")},
            {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}")}]})
    }

    fn sight(visibility: &Visibility, action: &str, resource: &str) -> Sight {
        let (service, action) = action_catalog::action(action).unwrap();
        visibility.sight(service, action, resource)
    }

    fn shows(visibility: &Visibility, action: &str, resource: &str) -> bool {
        sight(visibility, action, resource) == Sight::Visible
    }

    fn switch_on(visibility: &Visibility, action: &str) -> String {
        match sight(visibility, action, "*") {
            Sight::Unseen { switch_on, .. } => switch_on.unwrap_or_else(|| "nothing".to_owned()),
            Sight::Visible => panic!("{action} is visible"),
        }
    }

    fn selected(text: &str) -> Visibility {
        let (selectors, diagnostics) = read_selectors(text, "s.json");
        assert_eq!(diagnostics, []);
        Visibility {
            selectors,
            ..Visibility::default()
        }
    }

    #[test]
    fn an_empty_trail_shows_nothing() {
        let none = Visibility::default();
        for action in [
            "ec2:DescribeInstances",
            "ec2:StopInstances",
            "s3:GetObject",
            "iam:PassRole",
        ] {
            assert!(!shows(&none, action, "*"), "{action}");
        }
        assert_eq!(none.days(), None);
    }

    #[test]
    fn reads_and_writes_show_apart() {
        let mut only_writes = Visibility::default();
        add(
            &mut only_writes,
            "ec2.amazonaws.com",
            "StopInstances",
            Some(false),
            json!({"managementEvent": true}),
        );
        assert!(shows(&only_writes, "ec2:StopInstances", "*"));
        assert_eq!(
            switch_on(&only_writes, "ec2:DescribeInstances"),
            "management events, read"
        );
        let mut only_reads = Visibility::default();
        add(
            &mut only_reads,
            "ec2.amazonaws.com",
            "DescribeInstances",
            Some(true),
            json!({"managementEvent": true}),
        );
        assert!(shows(&only_reads, "ec2:DescribeInstances", "*"));
        assert_eq!(
            switch_on(&only_reads, "ec2:StopInstances"),
            "management events, write"
        );
        // A record that says neither shows neither.
        let mut says_not = Visibility::default();
        add(
            &mut says_not,
            "ec2.amazonaws.com",
            "DescribeInstances",
            None,
            json!({}),
        );
        assert!(!shows(&says_not, "ec2:DescribeInstances", "*"));
    }

    #[test]
    fn selectors_say_it_whatever_the_trail_shows() {
        let mut writes =
            selected(r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}]}"#);
        writes.merge(trail());
        assert!(shows(&writes, "ec2:StopInstances", "*"));
        assert!(!shows(&writes, "ec2:DescribeInstances", "*"));
        assert!(!shows(&writes, "s3:GetObject", "arn:aws:s3:::acme/*"));
    }

    #[test]
    fn events_of_kms_can_be_left_out() {
        let mut visibility = trail();
        assert_eq!(
            switch_on(&visibility, "kms:Decrypt"),
            "management events of kms.amazonaws.com"
        );
        add(
            &mut visibility,
            "kms.amazonaws.com",
            "Decrypt",
            Some(true),
            json!({"managementEvent": true}),
        );
        assert!(shows(&visibility, "kms:Decrypt", "*"));
        let set = |excluded: &str| {
            selected(&format!(
                r#"{{"EventSelectors":[{{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":[{excluded}]}}]}}"#
            ))
        };
        assert!(shows(&set(""), "kms:Decrypt", "*"));
        assert!(!shows(&set("\"kms.amazonaws.com\""), "kms:Decrypt", "*"));
        assert!(shows(&set("\"kms.amazonaws.com\""), "ec2:StopInstances", "*"));
    }

    #[test]
    fn global_services_show_where_their_events_are_written() {
        let mut visibility = trail();
        assert_eq!(
            switch_on(&visibility, "iam:CreateRole"),
            "a trail of all regions, or one in us-east-1"
        );
        assert!(shows(&visibility, "ec2:StopInstances", "*"));
        add(
            &mut visibility,
            "sts.amazonaws.com",
            "GetCallerIdentity",
            Some(true),
            json!({"awsRegion": "us-east-1", "managementEvent": true}),
        );
        assert!(shows(&visibility, "iam:CreateRole", "*"));
    }

    #[test]
    fn some_actions_no_trail_shows() {
        assert_eq!(switch_on(&trail(), "iam:PassRole"), "nothing");
        let all = selected(
            r#"{"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]}]}]}"#,
        );
        assert_eq!(switch_on(&all, "iam:PassRole"), "nothing");
    }

    #[test]
    fn objects_show_by_bucket_reads_and_writes_apart() {
        let mut visibility = trail();
        assert_eq!(
            switch_on(&visibility, "s3:GetObject"),
            "data events of AWS::S3::Object"
        );
        add(
            &mut visibility,
            "s3.amazonaws.com",
            "GetObject",
            Some(true),
            object("acme"),
        );
        assert!(shows(&visibility, "s3:GetObject", "arn:aws:s3:::acme/*"));
        assert!(shows(&visibility, "s3:GetObject", "arn:aws:s3:::acme/raw/x"));
        for beyond in [
            "*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::acme*",
            "arn:aws:s3:::acme-other/*",
            "arn:aws:s3:::*/raw/*",
        ] {
            assert!(!shows(&visibility, "s3:GetObject", beyond), "{beyond}");
        }
        // A trail that records reads of objects may leave their writes out.
        assert!(!shows(&visibility, "s3:PutObject", "arn:aws:s3:::acme/*"));
        add(
            &mut visibility,
            "s3.amazonaws.com",
            "PutObject",
            Some(false),
            object("other"),
        );
        assert!(shows(&visibility, "s3:PutObject", "arn:aws:s3:::acme/*"));
    }

    #[test]
    fn data_events_are_no_management_events() {
        let mut visibility = Visibility::default();
        add(
            &mut visibility,
            "s3.amazonaws.com",
            "GetObject",
            Some(true),
            object("acme"),
        );
        add(
            &mut visibility,
            "s3.amazonaws.com",
            "PutObject",
            Some(false),
            object("acme"),
        );
        assert!(!shows(&visibility, "ec2:DescribeInstances", "*"));
        assert!(!shows(&visibility, "ec2:StopInstances", "*"));
        assert!(visibility.sources.is_empty());
        // Records before version 1.07 do not say which they are.
        let mut old = object("acme");
        for field in ["managementEvent", "eventCategory"] {
            old.as_object_mut().unwrap().remove(field);
        }
        let mut visibility = Visibility::default();
        add(&mut visibility, "s3.amazonaws.com", "GetObject", Some(true), old);
        assert!(visibility.data["AWS::S3::Object"].contains("arn:aws:s3:::acme"));
        assert!(!visibility.management_read);
    }

    #[test]
    fn selectors_of_data_cover_what_lies_within() {
        let visibility = selected(
            r#"{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true},
                {"ReadWriteType":"ReadOnly","IncludeManagementEvents":false,"DataResources":[
                {"Type":"AWS::S3::Object","Values":["arn:aws:s3:::acme/raw/"]},{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]}]}]}"#,
        );
        assert!(shows(&visibility, "s3:GetObject", "arn:aws:s3:::acme/raw/*"));
        assert!(!shows(&visibility, "s3:GetObject", "arn:aws:s3:::acme/*"));
        assert!(!shows(&visibility, "s3:PutObject", "arn:aws:s3:::acme/raw/*"));
        assert!(
            !shows(&visibility, "lambda:InvokeFunction", "*"),
            "an invocation writes"
        );
    }

    #[test]
    fn services_own_events_show_nothing_of_calls() {
        let mut visibility = Visibility::default();
        let own = json!({"userIdentity": {"accountId": "111122223333", "invokedBy": "kms.amazonaws.com", "type": "AWSService"},
            "eventType": "AwsServiceEvent", "managementEvent": true});
        add(
            &mut visibility,
            "kms.amazonaws.com",
            "RotateKey",
            Some(false),
            own,
        );
        assert!(!shows(&visibility, "ec2:StopInstances", "*") && visibility.events == 1);
    }

    #[test]
    fn the_window_and_the_regions_are_those_of_all_events() {
        let mut first = trail();
        let mut second = Visibility::default();
        let later = json!({"eventTime": "2026-08-05T21:14:11Z", "awsRegion": "us-west-2", "recipientAccountId": "444455556666"});
        add(
            &mut second,
            "ec2.amazonaws.com",
            "StopInstances",
            Some(false),
            later,
        );
        let mut other = second.clone();
        other.merge(first.clone());
        first.merge(second);
        assert_eq!(first, other);
        assert_eq!((first.days(), first.events), (Some(2.5), 3));
        assert_eq!(
            first.regions.iter().collect::<Vec<_>>(),
            ["eu-west-1", "us-west-2"]
        );
        assert_eq!(first.accounts.len(), 2);
    }

    #[test]
    fn more_containers_than_are_kept_are_the_same_in_any_order() {
        let part = |from: usize, to: usize| {
            let names = (from..to)
                .map(|number| format!("arn:aws:s3:::b{number:06}"))
                .collect();
            Visibility {
                data: BTreeMap::from([("AWS::S3::Object".to_owned(), names)]),
                ..Visibility::default()
            }
        };
        let (mut one, mut other) = (part(0, 8_000), part(8_000, 16_000));
        one.merge(part(8_000, 16_000));
        other.merge(part(0, 8_000));
        assert_eq!(one, other);
        assert_eq!(one.data["AWS::S3::Object"].len(), MOST_CONTAINERS);
    }
}
