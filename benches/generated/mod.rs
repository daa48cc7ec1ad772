//! A trail made in memory, the same every time: management and data events of a size and a shape as
//! CloudTrail delivers them, about 1.5 KB each.

use std::fmt::Write;

/// Records in the trail.
pub(crate) const RECORDS: usize = 4000;

/// A fixed sequence of numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// `{"Records":[…]}` on one line.
pub(crate) fn trail() -> Vec<u8> {
    let mut numbers = Numbers(7);
    let mut text = String::from(r#"{"Records":["#);
    for n in 0..RECORDS {
        if n > 0 {
            text.push(',');
        }
        record(&mut text, &mut numbers).unwrap_or_default();
    }
    text.push_str("]}");
    text.into_bytes()
}

fn record(text: &mut String, numbers: &mut Numbers) -> std::fmt::Result {
    const CALLS: [(&str, &str, bool, &str); 4] = [
        (
            "s3",
            "GetObject",
            false,
            r#"{"bucketName":"data-lake","Host":"data-lake.s3.eu-west-1.amazonaws.com","key":"year=2026/part-00017.parquet","x-id":"GetObject"}"#,
        ),
        (
            "dynamodb",
            "Query",
            false,
            r##"{"tableName":"orders","keyConditionExpression":"#c = :v","expressionAttributeNames":{"#c":"customer \"id\""},"consistentRead":false,"limit":50}"##,
        ),
        (
            "ec2",
            "RunInstances",
            true,
            r#"{"instancesSet":{"items":[{"imageId":"ami-0123456789abcdef0","minCount":1,"maxCount":1,"keyName":"ops"}]},"instanceType":"m7g.large","blockDeviceMapping":{"items":[{"deviceName":"/dev/xvda","ebs":{"volumeSize":100,"encrypted":true}}]},"monitoring":{"enabled":false},"subnetId":"subnet-0a1b2c3d4e5f60718"}"#,
        ),
        (
            "sts",
            "AssumeRole",
            true,
            r#"{"roleArn":"arn:aws:iam::444455556666:role/deploy/release","roleSessionName":"pipeline-8812","durationSeconds":3600,"tags":[{"key":"team","value":"platform"}]}"#,
        ),
    ];
    let (service, name, management, request) =
        CALLS.get(numbers.below(4) as usize).copied().unwrap_or_default();
    let (role, session) = (numbers.below(40), numbers.next());
    write!(
        text,
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE{role:010}:{session:016x}","arn":"arn:aws:sts::111122223333:assumed-role/service-{role}/{session:016x}","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE{role:09}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{role:010}","arn":"arn:aws:iam::111122223333:role/apps/service-{role}","accountId":"111122223333","userName":"service-{role}"}},"attributes":{{"creationDate":"2026-01-02T03:04:05Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-01-02T03:{:02}:{:02}Z","eventSource":"{service}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"10.0.{}.{}","userAgent":"[aws-sdk-java/2.31.1 Linux/6.1 OpenJDK_64-Bit_Server_VM/21.0.5 Java/21.0.5 vendor/Amazon.com_Inc. exec-env/AWS_ECS_FARGATE]","requestParameters":{request},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"bytesTransferredOut":{}}},"requestID":"{:016X}","eventID":"{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}","readOnly":{},"resources":[{{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data-lake"}}],"eventType":"AwsApiCall","managementEvent":{management},"recipientAccountId":"111122223333","eventCategory":"{}","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.eu-west-1.amazonaws.com"}}}}"#,
        numbers.below(60),
        numbers.below(60),
        numbers.below(256),
        numbers.below(256),
        numbers.below(1 << 30),
        numbers.next(),
        numbers.below(1 << 32),
        numbers.below(1 << 16),
        numbers.below(1 << 12),
        numbers.below(1 << 12),
        numbers.below(1 << 48),
        name != "RunInstances",
        if management { "Management" } else { "Data" },
    )
}
