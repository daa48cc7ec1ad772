use super::document;

/// `line:column code: message; help` of each finding.
fn linted(text: &str) -> Vec<String> {
    let (parsed, errors) = crate::policy::parse(text, "p.json");
    assert_eq!(errors, []);
    document(&parsed.unwrap(), "p.json")
        .into_iter()
        .map(|d| {
            let place = d.place.map(|p| p.to_string()).unwrap_or_default();
            format!(
                "{place} {}: {}; {}",
                d.code.as_str(),
                d.message,
                d.help.unwrap_or_default()
            )
        })
        .collect()
}

fn of(action: &str, resource: &str, condition: &str) -> Vec<String> {
    linted(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{action},"Resource":{resource}{condition}}}]}}"#
    ))
}

fn clean(action: &str, resource: &str) {
    assert_eq!(
        of(action, resource, ""),
        Vec::<String>::new(),
        "{action} {resource}"
    );
}

#[test]
fn a_bucket_where_objects_are_meant_is_shown_and_the_reverse() {
    let got = of(r#""s3:GetObject""#, r#""arn:aws:s3:::acme""#, "");
    assert_eq!(got.len(), 2, "{got:#?}");
    assert!(got[0].contains("unsupported-resource: s3:GetObject works on no resource of this statement"));
    assert!(got[0].contains("object (arn:${Partition}:s3:::${BucketName}/${ObjectName})"));
    assert!(got[1].contains("s3:GetObject does not work on \"arn:aws:s3:::acme\""));
    let got = of(
        r#"["s3:ListBucket", "s3:GetObject"]"#,
        r#""arn:aws:s3:::acme/*""#,
        "",
    );
    assert_eq!(got.len(), 1, "{got:#?}");
    assert!(got[0].contains("unsupported-resource: s3:ListBucket works on no resource"));
}

#[test]
fn what_can_meet_is_not_warned_of() {
    clean(
        r#"["s3:ListBucket", "s3:GetObject"]"#,
        r#"["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"]"#,
    );
    clean(r#"["s3:ListBucket", "s3:GetObject"]"#, r#""arn:aws:s3:::acme*""#);
    clean(r#""s3:*""#, r#""arn:aws:s3:::acme""#);
    clean(
        r#""ec2:RunInstances""#,
        r#"["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*::image/*"]"#,
    );
    clean(
        r#""lambda:InvokeFunction""#,
        r#""arn:aws:lambda:eu-west-1:111122223333:function:a:prod""#,
    );
    clean(r#""dynamodb:Query""#, r#""arn:aws:dynamodb:*:*:table/t/index/*""#);
    clean(r#""iam:PassRole""#, r#""arn:aws:iam::111122223333:role/path/*""#);
    clean(r#""s3:GetObject""#, r#""arn:aws:s3:::${aws:username}""#);
    clean(r#""*""#, r#""arn:aws:s3:::acme""#);
}

#[test]
fn an_action_without_resources_is_asked_on_a_star_only() {
    let got = of(
        r#"["ec2:DescribeInstances", "ec2:StopInstances"]"#,
        r#""arn:aws:ec2:eu-west-1:111122223333:instance/*""#,
        "",
    );
    assert_eq!(got.len(), 1, "{got:#?}");
    assert!(got[0].contains("ec2:DescribeInstances is asked on \"*\" only"));
}

#[test]
fn the_resource_of_another_service_is_shown() {
    let got = of(
        r#"["sqs:SendMessage", "sqs:ReceiveMessage"]"#,
        r#"["arn:aws:sqs:*:*:q", "arn:aws:sns:*:*:t"]"#,
        "",
    );
    assert_eq!(got.len(), 1, "{got:#?}");
    assert!(got[0].contains("no action of this statement works on \"arn:aws:sns:*:*:t\""));
}

#[test]
fn condition_keys_are_known_or_shown() {
    let with = |condition: &str| {
        of(
            r#""s3:ListBucket""#,
            r#""arn:aws:s3:::acme""#,
            &format!(r#","Condition":{{"StringLike":{{{condition}}}}}"#),
        )
    };
    for fine in [
        r#""s3:prefix": "a/*""#,
        r#""S3:Prefix": "a/*""#,
        r#""aws:PrincipalTag/team": "x""#,
        r#""aws:SourceVpce": "vpce-1""#,
        r#""lambda:SourceFunctionArn": "arn""#,
        r#""accounts.example.com:aud": "x""#,
    ] {
        assert_eq!(with(fine), Vec::<String>::new(), "{fine}");
    }
    let got = with(r#""s3:prefx": "a/*""#);
    assert!(
        got[0].contains("unknown-key: AWS lists no condition key \"s3:prefx\"; did you mean s3:prefix?"),
        "{got:?}"
    );
    let got = with(r#""aws:SourceVcp": "x""#);
    assert!(got[0].contains("did you mean aws:sourcevpc?"), "{got:?}");
    let got = with(r#""s3:x-amz-acl": "private""#);
    assert!(
        got[0].contains("unsupported-key: no action of this statement is asked with s3:x-amz-acl"),
        "{got:?}"
    );
    assert!(got[0].starts_with("p.json:1:"), "{got:?}");
}

#[test]
fn tag_keys_of_actions_take_any_tag() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/team":"a"}}}}"#;
    assert_eq!(linted(text), Vec::<String>::new());
    let text = r#"{"Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:app":"a","kms:ViaService":"s3.eu-west-1.amazonaws.com"}}}}"#;
    assert_eq!(linted(text), Vec::<String>::new());
}

#[test]
fn names_come_with_it() {
    let got = of(r#"["s3:GetObjct"]"#, r#""*""#, "");
    assert!(got[0].contains("unknown-action"), "{got:?}");
}
