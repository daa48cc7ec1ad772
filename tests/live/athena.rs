//! Trails in Athena: moto queues the results of queries, the fake adds what moto has not.

use serde_json::{Value, json};

use crate::fake::{Fake, Reply};
use crate::program::Program;
use crate::servers::{ACCOUNT, calls, moto};

const COLUMNS: [&str; 15] = [
    "identity_type",
    "identity_account",
    "issuer_type",
    "issuer_arn",
    "issuer_account",
    "issuer_user",
    "event_source",
    "event_name",
    "event_category",
    "region",
    "request_parameters",
    "resources",
    "event_id",
    "first_time",
    "last_time",
];

fn row(values: &[Option<&str>]) -> Value {
    let data: Vec<Value> = values
        .iter()
        .map(|value| value.map_or_else(|| json!({}), |value| json!({ "VarCharValue": value })))
        .collect();
    json!({ "Data": data })
}

/// A role that sent 400 messages, and put 7 objects of two days.
fn results() -> Value {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/team/app");
    let mut header: Vec<Option<&str>> = COLUMNS.iter().copied().map(Some).collect();
    header.extend([Some("identity_arn"), Some("read_only"), Some("times")]);
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/run");
    let queue = format!(r#"{{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs"}}"#);
    let call = |source: &'static str,
                name: &'static str,
                category: &'static str,
                parameters: &'static str,
                resources: Option<&'static str>,
                id: &'static str,
                times: &'static str| {
        [
            Some("AssumedRole"),
            Some(ACCOUNT),
            Some("Role"),
            None,
            Some(ACCOUNT),
            Some("app"),
            Some(source),
            Some(name),
            Some(category),
            Some("eu-west-1"),
            Some(parameters),
            resources,
            Some(id),
            Some("2026-11-01T08:00:00Z"),
            Some("2026-11-20T08:00:00Z"),
            None,
            Some("true"),
            Some(times),
        ]
    };
    let mut rows = vec![row(&header)];
    let objects =
        r#"[{"ARN":"arn:aws:s3:::reports/2026-11-01.csv","accountId":null,"type":"AWS::S3::Object"}]"#;
    for (mut values, own) in [
        (
            call(
                "sqs.amazonaws.com",
                "GetQueueAttributes",
                "Management",
                "",
                None,
                "a",
                "400",
            ),
            Some(queue.as_str()),
        ),
        (
            call(
                "s3.amazonaws.com",
                "GetObject",
                "Data",
                r#"{"bucketName":"reports","key":"2026-11-01.csv"}"#,
                Some(objects),
                "b",
                "7",
            ),
            None,
        ),
    ] {
        values[3] = Some(&role);
        values[15] = Some(&session);
        if own.is_some() {
            values[10] = own;
        }
        rows.push(row(&values));
    }
    json!({"account_id": ACCOUNT, "region": "eu-west-1", "results": [{"rows": rows, "column_info": []}]})
}

fn table() -> Value {
    json!({"TableMetadata": {"Name": "cloudtrail", "PartitionKeys": [
            {"Name": "account", "Type": "string"}, {"Name": "region", "Type": "string"}, {"Name": "day", "Type": "string"}],
        "Parameters": {"location": "s3://audit/AWSLogs/", "projection.day.format": "yyyy/MM/dd"}}})
}

fn seed(url: &str) {
    let object = |day: u32| {
        json!(["s3", "put_object", {"Bucket": "audit", "Body": {"bytes": "x".repeat(1000)},
            "Key": format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/11/{day:02}/x.json.gz")}])
    };
    calls(
        url,
        &json!([
            ["s3", "create_bucket", {"Bucket": "audit", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}],
            object(1), object(10), object(20),
            ["athena", "create_work_group", {"Name": "audit", "Configuration": {"ResultConfiguration": {"OutputLocation": "s3://audit/results/"}}}],
            ["http", "/moto-api/static/athena/query-results", results()],
        ]),
    );
}

const TRAIL: &str = "athena:audit/default.cloudtrail";

#[test]
fn rows_come_back_as_evidence() {
    let server = moto();
    seed(&server.url);
    let fake = Fake::start(Some(server.port), |request, _| {
        match request.operation().as_str() {
            "GetTableMetadata" => Reply::json(200, &table()),
            _ => Reply::Forward,
        }
    });
    let program = Program::new(&fake.url);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/team/app");
    let run = program.run(&[
        "recommend",
        &role,
        "--trail",
        TRAIL,
        "--since",
        "2026-11-01",
        "--until",
        "2026-11-12",
        "--region",
        "eu-west-1",
        "--format",
        "json",
    ]);
    let run = run.exits(0).says("the query reads 2 files, 2.0 kB");
    let report = run.json();
    assert_eq!(report["summary"]["events"], 407);
    assert_eq!(report["visibility"]["last"], "2026-11-20T08:00:00Z");
    let used = report["used"].as_array().unwrap();
    let of = |action: &str| {
        used.iter()
            .find(|own| own["action"] == action)
            .unwrap_or_else(|| panic!("{used:#?}"))
    };
    assert_eq!(of("sqs:GetQueueAttributes")["succeeded"], 400);
    assert_eq!(of("s3:GetObject")["succeeded"], 7);
    assert_eq!(
        of("s3:GetObject")["resources"][0]["resource"],
        "arn:aws:s3:::reports/2026-11-01.csv"
    );

    let requests = fake.requests();
    let started = requests
        .iter()
        .find(|own| own.operation() == "StartQueryExecution")
        .unwrap();
    let asked: Value = serde_json::from_str(&started.body).unwrap();
    let query = asked["QueryString"].as_str().unwrap();
    for part in [
        "FROM \"default\".\"cloudtrail\"",
        "\"day\" >= '2026/11/01'",
        "\"day\" <= '2026/11/13'",
        "eventtime < '2026-11-12T00:00:00Z'",
        &format!("\"account\" = '{ACCOUNT}'"),
        "\"region\" IN ('eu-west-1')",
        &format!("useridentity.arn) = '{role}'"),
    ] {
        assert!(query.contains(part), "`{part}` is not in {query}");
    }
    assert_eq!(asked["WorkGroup"], "audit");
}

#[test]
fn nothing_runs_that_would_scan_too_much() {
    let server = moto();
    seed(&server.url);
    let fake = Fake::start(Some(server.port), |request, _| {
        match request.operation().as_str() {
            "GetTableMetadata" => Reply::json(200, &table()),
            _ => Reply::Forward,
        }
    });
    let program = Program::new(&fake.url);
    let arguments = [
        "recommend",
        "role/app",
        "--trail",
        TRAIL,
        "--since",
        "2026-11-01",
        "--max-scan",
        "2kB",
    ];
    program
        .run(&arguments)
        .exits(1)
        .says("3 files, 3.0 kB")
        .says("--max-scan");
    assert!(!fake.operations().contains(&"StartQueryExecution".to_owned()));

    // What is not known beforehand is stopped on the way.
    let fake = Fake::start(Some(server.port), |request, _| {
        match request.operation().as_str() {
            "GetTableMetadata" => {
                let mut table = table();
                table["TableMetadata"]["Parameters"] = json!({});
                Reply::json(200, &table)
            }
            "GetQueryExecution" => Reply::json(
                200,
                &json!({"QueryExecution": {"Status": {"State": "RUNNING"},
            "Statistics": {"DataScannedInBytes": 5_000_000_000_u64}}}),
            ),
            "StopQueryExecution" => Reply::json(200, &json!({})),
            _ => Reply::Forward,
        }
    });
    let program = Program::new(&fake.url);
    let arguments = ["recommend", "role/app", "--trail", TRAIL, "--max-scan", "1GB"];
    program
        .run(&arguments)
        .exits(1)
        .says("it is stopped at 1.0 GB")
        .says("it had scanned 5.0 GB");
    assert!(fake.operations().contains(&"StopQueryExecution".to_owned()));
}

#[test]
fn a_table_without_days_and_a_query_that_fails_are_said() {
    let fake = Fake::start(None, |request, _| match request.operation().as_str() {
        "GetTableMetadata" => Reply::json(
            200,
            &json!({"TableMetadata": {"PartitionKeys": [], "Parameters": {}}}),
        ),
        "GetCallerIdentity" => Reply::caller_identity(),
        _ => Reply::failure(request, 400, "InvalidRequestException", "no"),
    });
    let program = Program::new(&fake.url);
    program
        .run(&["recommend", "role/app", "--trail", TRAIL])
        .exits(1)
        .says("has no partition by day")
        .says("leastgrant sql table");
    program
        .run(&["recommend", "role/app", "--trail", "athena:here"])
        .exits(1)
        .says("athena:WORKGROUP/DATABASE.TABLE");

    let fake = Fake::start(None, |request, _| match request.operation().as_str() {
        "GetTableMetadata" => Reply::json(200, &table()),
        "StartQueryExecution" => Reply::json(200, &json!({"QueryExecutionId": "q"})),
        "GetQueryExecution" => Reply::json(
            200,
            &json!({"QueryExecution": {"Status": {"State": "FAILED",
            "StateChangeReason": "COLUMN_NOT_FOUND: line 7"}}}),
        ),
        _ => Reply::failure(request, 403, "AccessDeniedException", "no"),
    });
    let program = Program::new(&fake.url);
    let role = format!("arn:aws:iam::{ACCOUNT}:role/team/app");
    program
        .run(&["recommend", &role, "--trail", TRAIL])
        .exits(1)
        .says("COLUMN_NOT_FOUND");
}

#[test]
fn the_table_is_printed_ready_to_run() {
    let program = Program::new("http://127.0.0.1:9");
    let run = program.run(&[
        "sql",
        "table",
        "--name",
        "audit.cloudtrail",
        "--location",
        "s3://audit/AWSLogs/o-abc/",
        "--accounts",
        "111122223333,444455556666",
        "--regions",
        "eu-west-1,us-east-1",
        "--from",
        "2026-01-01",
    ]);
    let run = run.exits(0);
    for part in [
        "CREATE EXTERNAL TABLE audit.cloudtrail (",
        "'projection.account.values' = '111122223333,444455556666'",
        "'projection.day.range' = '2026/01/01,NOW'",
        "'storage.location.template' = 's3://audit/AWSLogs/o-abc/${account}/CloudTrail/${region}/${day}'",
    ] {
        assert!(run.out.contains(part), "{}", run.out);
    }
    assert!(
        !run.out.contains('{') || run.out.matches('{').count() == 3,
        "only Athena's own placeholders are left"
    );
    program.run(&["sql", "evidence", "--name", "a'b"]).exits(2);
}
