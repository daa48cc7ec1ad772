//! API calls: how CloudTrail records them, and what AWS documents that they need.

use serde_json::{Value, json};

use crate::ACCOUNT;

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// `eventSource`, without `.amazonaws.com`.
    pub source: &'static str,
    /// `eventName`.
    pub name: &'static str,
    /// `readOnly`.
    pub reads: bool,
    /// The resource type of a data event.
    pub data: Option<&'static str>,
    /// `awsRegion`.
    pub region: &'static str,
    /// `requestParameters`.
    pub parameters: Value,
    /// ARNs in `resources`.
    pub resources: Vec<String>,
    /// What the caller must be allowed: action and resource.
    pub needs: Vec<(&'static str, String)>,
    /// Whether it is refused: nobody allowed it, and nobody should.
    pub refused: bool,
}

/// The usual region.
pub const HOME: &str = "eu-west-1";

fn call(source: &'static str, name: &'static str, reads: bool, parameters: Value) -> Call {
    Call {
        source,
        name,
        reads,
        data: None,
        region: HOME,
        parameters,
        resources: Vec::new(),
        needs: Vec::new(),
        refused: false,
    }
}

impl Call {
    fn needs(mut self, action: &'static str, resource: impl Into<String>) -> Self {
        self.needs.push((action, resource.into()));
        self
    }

    fn data(mut self, kind: &'static str, arns: &[&str]) -> Self {
        self.data = Some(kind);
        self.resources = arns.iter().map(|arn| (*arn).to_owned()).collect();
        self
    }

    /// The same call where it is not allowed.
    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }

    fn global(mut self) -> Self {
        self.region = "us-east-1";
        self
    }
}

fn arn(service: &str, name: &str) -> String {
    arn_in(HOME, service, name)
}

fn arn_in(region: &str, service: &str, name: &str) -> String {
    format!("arn:aws:{service}:{region}:{ACCOUNT}:{name}")
}

/// `s3:GetObject`.
pub fn get_object(bucket: &str, key: &str) -> Call {
    object("GetObject", "s3:GetObject", true, bucket, key)
}

/// `s3:PutObject`.
pub fn put_object(bucket: &str, key: &str) -> Call {
    object("PutObject", "s3:PutObject", false, bucket, key)
}

/// `s3:DeleteObject`.
pub fn delete_object(bucket: &str, key: &str) -> Call {
    object("DeleteObject", "s3:DeleteObject", false, bucket, key)
}

fn object(name: &'static str, action: &'static str, reads: bool, bucket: &str, key: &str) -> Call {
    let object = format!("arn:aws:s3:::{bucket}/{key}");
    call("s3", name, reads, json!({"bucketName": bucket, "key": key}))
        .data("AWS::S3::Object", &[&object, &format!("arn:aws:s3:::{bucket}")])
        .needs(action, object)
}

/// `s3:ListBucket`.
pub fn list_objects(bucket: &str, prefix: &str) -> Call {
    let own = format!("arn:aws:s3:::{bucket}");
    call(
        "s3",
        "ListObjects",
        true,
        json!({"bucketName": bucket, "prefix": prefix}),
    )
    .data("AWS::S3::Object", &[&own])
    .needs("s3:ListBucket", own)
}

/// A DynamoDB operation on a table.
pub fn item(name: &'static str, table: &str) -> Call {
    let (action, reads) = match name {
        "PutItem" => ("dynamodb:PutItem", false),
        "UpdateItem" => ("dynamodb:UpdateItem", false),
        "DeleteItem" => ("dynamodb:DeleteItem", false),
        "Query" => ("dynamodb:Query", true),
        "Scan" => ("dynamodb:Scan", true),
        _ => ("dynamodb:GetItem", true),
    };
    let own = arn("dynamodb", &format!("table/{table}"));
    call("dynamodb", name, reads, json!({"tableName": table}))
        .data("AWS::DynamoDB::Table", &[&own])
        .needs(action, own)
}

/// `lambda:InvokeFunction`.
pub fn invoke(function: &str) -> Call {
    let own = arn("lambda", &format!("function:{function}"));
    call("lambda", "Invoke", false, json!({"functionName": own}))
        .data("AWS::Lambda::Function", &[&own])
        .needs("lambda:InvokeFunction", own)
}

/// A Lambda operation on a function.
pub fn function(name: &'static str, action: &'static str, reads: bool, function: &str) -> Call {
    call("lambda", name, reads, json!({"functionName": function}))
        .needs(action, arn("lambda", &format!("function:{function}")))
}

/// `sqs:SendMessage`.
pub fn send_message(queue: &str) -> Call {
    send_message_in(HOME, queue)
}

/// `sqs:SendMessage` in a region.
pub fn send_message_in(region: &'static str, queue: &str) -> Call {
    let own = arn_in(region, "sqs", queue);
    let url = format!("https://sqs.{region}.amazonaws.com/{ACCOUNT}/{queue}");
    let mut call = call("sqs", "SendMessage", false, json!({"queueUrl": url}))
        .data("AWS::SQS::Queue", &[&own])
        .needs("sqs:SendMessage", own);
    call.region = region;
    call
}

/// `sns:Publish`.
pub fn publish(topic: &str) -> Call {
    let own = arn("sns", topic);
    call("sns", "Publish", false, json!({"topicArn": own}))
        .data("AWS::SNS::Topic", &[&own])
        .needs("sns:Publish", own)
}

/// `kms:Decrypt`.
pub fn decrypt(key: &str) -> Call {
    let own = arn("kms", &format!("key/{key}"));
    let mut call = call(
        "kms",
        "Decrypt",
        true,
        json!({"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
    )
    .needs("kms:Decrypt", own.clone());
    call.resources = vec![own];
    call
}

/// `secretsmanager:GetSecretValue`.
pub fn secret(name: &str) -> Call {
    let own = arn("secretsmanager", &format!("secret:{name}-Ab3dE6"));
    call("secretsmanager", "GetSecretValue", true, json!({"secretId": own}))
        .needs("secretsmanager:GetSecretValue", own)
}

/// `ssm:GetParameter`.
pub fn parameter(name: &str) -> Call {
    call(
        "ssm",
        "GetParameter",
        true,
        json!({"name": format!("/{name}"), "withDecryption": true}),
    )
    .needs("ssm:GetParameter", arn("ssm", &format!("parameter/{name}")))
}

/// A CloudFormation operation on a stack.
pub fn stack(name: &'static str, action: &'static str, reads: bool, stack: &str, id: &str) -> Call {
    let own = arn("cloudformation", &format!("stack/{stack}/{id}"));
    call("cloudformation", name, reads, json!({"stackName": own})).needs(action, own)
}

/// An ECS operation on a service.
pub fn ecs_service(name: &'static str, action: &'static str, reads: bool, cluster: &str, own: &str) -> Call {
    let parameters = if reads {
        json!({"cluster": cluster, "services": [own]})
    } else {
        json!({"cluster": cluster, "service": own, "forceNewDeployment": true})
    };
    call("ecs", name, reads, parameters).needs(action, arn("ecs", &format!("service/{cluster}/{own}")))
}

/// `glue:StartJobRun`.
pub fn start_job(job: &str) -> Call {
    call("glue", "StartJobRun", false, json!({"jobName": job}))
        .needs("glue:StartJobRun", arn("glue", &format!("job/{job}")))
}

/// `athena:StartQueryExecution`.
pub fn query(workgroup: &str) -> Call {
    let parameters = json!({"queryString": "***", "workGroup": workgroup});
    call("athena", "StartQueryExecution", false, parameters).needs(
        "athena:StartQueryExecution",
        arn("athena", &format!("workgroup/{workgroup}")),
    )
}

/// `logs:CreateLogStream`.
pub fn log_stream(group: &str, stream: &str) -> Call {
    let parameters = json!({"logGroupName": group, "logStreamName": stream});
    call("logs", "CreateLogStream", false, parameters).needs(
        "logs:CreateLogStream",
        arn("logs", &format!("log-group:{group}:*")),
    )
}

/// `ec2:StopInstances` or another on an instance.
pub fn instance(name: &'static str, action: &'static str, id: &str) -> Call {
    let parameters = json!({"instancesSet": {"items": [{"instanceId": id}]}});
    call("ec2", name, false, parameters).needs(action, arn("ec2", &format!("instance/{id}")))
}

/// `rds:CreateDBSnapshot`.
pub fn db_snapshot(database: &str, snapshot: &str) -> Call {
    let parameters = json!({"dBInstanceIdentifier": database, "dBSnapshotIdentifier": snapshot});
    call("rds", "CreateDBSnapshot", false, parameters)
        .needs("rds:CreateDBSnapshot", arn("rds", &format!("db:{database}")))
        .needs(
            "rds:CreateDBSnapshot",
            arn("rds", &format!("snapshot:{snapshot}")),
        )
}

/// An IAM operation on a role.
pub fn iam_role(name: &'static str, action: &'static str, reads: bool, role: &str) -> Call {
    call("iam", name, reads, json!({"roleName": role}))
        .needs(action, format!("arn:aws:iam::{ACCOUNT}:role/{role}"))
        .global()
}

/// A call that names nothing: `Describe…`, `List…`.
pub fn look(source: &'static str, name: &'static str, action: &'static str) -> Call {
    let call = call(source, name, true, Value::Null);
    // <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>: no permission is asked.
    let call = if name == "GetCallerIdentity" {
        call
    } else {
        call.needs(action, "*")
    };
    if matches!(source, "iam" | "route53" | "cloudfront" | "organizations") {
        call.global()
    } else {
        call
    }
}
