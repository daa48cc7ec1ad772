//! Makes an AWS account with a trail of which it is known what each principal truly needs: to
//! measure what a review takes away too much, and leaves too much.
//!
//! The same plan gives the same bytes. Nothing is random, no clock is asked; account ids, keys and
//! addresses are those that documentation uses.
//!
//! ```text
//! grants.json                 as `aws iam get-account-authorization-details` prints it
//! credential-report.csv       as `aws iam get-credential-report` does, decoded
//! account-summary.json        as `aws iam get-account-summary` does
//! password-policy.json        as `aws iam get-account-password-policy` does
//! event-selectors.json        as `aws cloudtrail get-event-selectors` does: all management and data events
//! trail/YYYY-MM-DD.jsonl.gz   CloudTrail records of a day, one a line
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it writes an account into files"
)]

pub mod call;
pub mod circumstances;
pub mod kinds;
pub mod random;

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use call::Call;
use kinds::{Day, KINDS, Kind, Who};
use random::Random;

/// The account.
pub const ACCOUNT: &str = "111122223333";
/// The last day of every trail.
pub const LAST_DAY: jiff::civil::Date = jiff::civil::date(2026, 10, 31);

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many principals.
    pub principals: u64,
    /// How many days the trail reaches over.
    pub days: u64,
    /// Another account for each.
    pub seed: u64,
    /// Each call so many times, with ids and keys of its own where it is of a kind that comes often.
    pub load: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            principals: 1000,
            days: 180,
            seed: 1,
            load: 1,
        }
    }
}

impl Plan {
    /// The principals.
    pub fn principals(&self) -> impl Iterator<Item = Who> {
        let seed = self.seed;
        (0..self.principals)
            .zip(KINDS.into_iter().cycle())
            .map(move |(number, kind)| Who { number, kind, seed })
    }

    /// The days, first to last.
    pub fn days(&self) -> impl Iterator<Item = Day> {
        let count = self.days;
        (0..count).map(move |number| {
            let back = jiff::Span::new().days((count - 1 - number) as i64);
            let date = LAST_DAY.saturating_sub(back);
            let working = !matches!(
                date.weekday(),
                jiff::civil::Weekday::Saturday | jiff::civil::Weekday::Sunday
            );
            Day {
                number,
                date,
                working,
            }
        })
    }

    /// The records of one day, in order of time.
    pub fn records(&self, day: Day) -> Vec<String> {
        let mut records = Vec::new();
        for who in self.principals() {
            let mut random = Random::new(&[self.seed, who.number, day.number, 11]);
            for (at, call) in who.does(day).iter().enumerate() {
                for again in 0..self.load {
                    let second = (at as u64 * 1373 + again * 211 + who.number * 17) % 86_400;
                    records.push((
                        second,
                        record(&who, call, (day, self.days), second, &mut random).to_string(),
                    ));
                }
            }
        }
        records.sort();
        records.into_iter().map(|(_, text)| text).collect()
    }

    /// The whole account into a folder.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, folder: &Path) -> std::io::Result<u64> {
        let trail = folder.join("trail");
        std::fs::create_dir_all(&trail)?;
        let pretty = |value: &Value| format!("{value:#}\n");
        std::fs::write(folder.join("grants.json"), pretty(&self.grants()))?;
        std::fs::write(folder.join("credential-report.csv"), self.credential_report())?;
        std::fs::write(folder.join("account-summary.json"), pretty(&account_summary()))?;
        std::fs::write(folder.join("password-policy.json"), pretty(&password_policy()))?;
        std::fs::write(folder.join("event-selectors.json"), pretty(&event_selectors()))?;
        let mut count = 0;
        for day in self.days() {
            let file = std::fs::File::create(trail.join(format!("{}.jsonl.gz", day.date)))?;
            let mut out =
                flate2::write::GzEncoder::new(std::io::BufWriter::new(file), flate2::Compression::new(4));
            for record in self.records(day) {
                writeln!(out, "{record}")?;
                count += 1;
            }
            out.finish()?.flush()?;
        }
        Ok(count)
    }

    /// The account's authorization details.
    pub fn grants(&self) -> Value {
        let mut users = Vec::new();
        let mut roles = Vec::new();
        for who in self.principals() {
            let attached: Vec<Value> = who
                .kind
                .policies()
                .iter()
                .map(|name| json!({"PolicyName": name, "PolicyArn": managed(name)}))
                .collect();
            let name = who.name();
            let tags =
                json!([{"Key": "app", "Value": who.app()}, {"Key": "kind", "Value": who.kind.as_str()}]);
            if who.kind.is_user() {
                users.push(json!({
                    "Path": "/", "UserName": name, "UserId": format!("AIDAEXAMPLE{:08}", who.number),
                    "Arn": who.arn(), "CreateDate": "2024-03-01T09:00:00+00:00", "GroupList": [],
                    "AttachedManagedPolicies": attached, "Tags": tags,
                }));
            } else {
                roles.push(json!({
                    "Path": "/", "RoleName": name, "RoleId": format!("AROAEXAMPLE{:08}", who.number),
                    "Arn": who.arn(), "CreateDate": "2024-03-01T09:00:00+00:00",
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                        {"Effect": "Allow", "Principal": who.kind.trusted(), "Action": "sts:AssumeRole"}
                    ]},
                    "InstanceProfileList": [], "RolePolicyList": [], "AttachedManagedPolicies": attached, "Tags": tags,
                }));
            }
        }
        json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": roles, "Policies": [], "IsTruncated": false})
    }

    /// The account's credential report.
    pub fn credential_report(&self) -> String {
        let mut text = String::from(
            "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,\
             mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
             access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,\
             access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,\
             access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n",
        );
        text.push_str(&format!(
            "<root_account>,arn:aws:iam::{ACCOUNT}:root,2020-01-01T00:00:00+00:00,not_supported,2026-10-20T10:00:00+00:00,\
             not_supported,not_supported,false,true,2020-01-02T00:00:00+00:00,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,\
             false,N/A,false,N/A\n"
        ));
        for who in self.principals().filter(|who| who.kind.is_user()) {
            let person = matches!(who.kind, Kind::Analyst | Kind::Intern | Kind::Operator);
            let mfa = who.kind == Kind::Analyst;
            text.push_str(&format!(
                "{},{},2024-03-01T09:00:00+00:00,{person},{},2024-03-01T09:00:00+00:00,N/A,{mfa},{},\
                 2024-03-01T09:00:00+00:00,2026-10-30T09:00:00+00:00,eu-west-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n",
                who.name(),
                who.arn(),
                if person { "2026-10-30T09:00:00+00:00" } else { "N/A" },
                !person,
            ));
        }
        text
    }
}

fn managed(name: &str) -> String {
    let path = match name {
        "ViewOnlyAccess" => "job-function/",
        _ => "",
    };
    format!("arn:aws:iam::aws:policy/{path}{name}")
}

fn account_summary() -> Value {
    json!({"SummaryMap": {"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1, "Users": 400, "Roles": 600}})
}

/// The trail records all that is called here.
fn event_selectors() -> Value {
    let data = |kind: &str| {
        json!({"Name": kind, "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": [kind]}]})
    };
    json!({
        "TrailARN": format!("arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"),
        "AdvancedEventSelectors": [
            {"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
            data("AWS::S3::Object"), data("AWS::DynamoDB::Table"), data("AWS::SQS::Queue"),
            data("AWS::SNS::Topic"), data("AWS::Lambda::Function"),
        ],
    })
}

fn password_policy() -> Value {
    json!({"PasswordPolicy": {"MinimumPasswordLength": 8, "RequireSymbols": false, "RequireNumbers": true,
        "RequireUppercaseCharacters": false, "RequireLowercaseCharacters": true, "AllowUsersToChangePassword": true,
        "ExpirePasswords": false}})
}

impl Kind {
    fn trusted(self) -> Value {
        match self {
            Self::Pipeline => json!({"AWS": "arn:aws:iam::222233334444:role/runner"}),
            Self::WebService => json!({"Service": "ecs-tasks.amazonaws.com"}),
            Self::DataJob | Self::Quarterly => json!({"Service": "glue.amazonaws.com"}),
            Self::Function => json!({"Service": "lambda.amazonaws.com"}),
            _ => json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}),
        }
    }
}

impl Who {
    /// Its name without path.
    pub fn name(&self) -> String {
        format!("{}-{:05}", self.kind.as_str(), self.number)
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        let kind = if self.kind.is_user() { "user" } else { "role" };
        format!("arn:aws:iam::{ACCOUNT}:{kind}/{}", self.name())
    }
}

fn record(who: &Who, call: &Call, (day, days): (Day, u64), second: u64, random: &mut Random) -> Value {
    let time = format!(
        "{}T{:02}:{:02}:{:02}Z",
        day.date,
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    let name = who.name();
    let mut identity = if who.kind.is_user() {
        json!({"type": "IAMUser", "principalId": format!("AIDAEXAMPLE{:08}", who.number), "arn": who.arn(),
            "accountId": ACCOUNT, "accessKeyId": format!("AKIAEXAMPLE{:08}", who.number), "userName": name})
    } else {
        let session = match who.kind {
            Kind::Function => name.clone(),
            Kind::WebService => random.hex(12),
            _ => format!("run-{}", day.number),
        };
        json!({"type": "AssumedRole", "principalId": format!("AROAEXAMPLE{:08}:{session}", who.number),
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"), "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": format!("AROAEXAMPLE{:08}", who.number),
                "arn": who.arn(), "accountId": ACCOUNT, "userName": name},
                "attributes": {"creationDate": format!("{}T00:00:00Z", day.date), "mfaAuthenticated": "false"}}})
    };
    let people = if who.kind == Kind::SharedUser { 6 } else { 1 };
    let person = random.below(people);
    let own = circumstances::of(who, day, days, person);
    let address = own
        .address
        .unwrap_or_else(|| format!("198.51.100.{}", 1 + (who.number + person * 31) % 250));
    if let Some(fields) = identity.as_object_mut().filter(|_| own.mfa) {
        let attributes =
            json!({"creationDate": format!("{}T00:00:00Z", day.date), "mfaAuthenticated": "true"});
        fields.insert("sessionContext".to_owned(), json!({"attributes": attributes}));
    }
    let probe = who.kind == Kind::Intruder && call.refused;
    let mut record = json!({
        "eventVersion": "1.11", "userIdentity": identity, "eventTime": time,
        "eventSource": format!("{}.amazonaws.com", call.source), "eventName": call.name, "awsRegion": call.region,
        "sourceIPAddress": if probe { "203.0.113.66".to_owned() } else { address },
        "userAgent": if who.kind == Kind::SharedUser { format!("aws-cli/2.{}", random.below(people)) } else { "aws-sdk-go-v2/1.30".to_owned() },
        "requestParameters": call.parameters, "responseElements": null,
        "requestID": random.uuid(), "eventID": random.uuid(), "readOnly": call.reads, "eventType": "AwsApiCall",
        "managementEvent": call.data.is_none(), "recipientAccountId": ACCOUNT,
        "eventCategory": if call.data.is_some() { "Data" } else { "Management" },
    });
    if let Some(fields) = record.as_object_mut() {
        if let Some(endpoint) = own.endpoint {
            fields.insert("vpcEndpointId".to_owned(), json!(endpoint));
        }
        if call.refused {
            let (action, resource) = call.needs.first().cloned().unwrap_or_default();
            let who = fields
                .get("userIdentity")
                .and_then(|own| own.get("arn"))
                .and_then(Value::as_str)
                .unwrap_or_default();
            let message = format!(
                "User: {who} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
            );
            fields.insert("errorCode".to_owned(), json!("AccessDenied"));
            fields.insert("errorMessage".to_owned(), json!(message));
        }
        if !call.resources.is_empty() {
            let resources: Vec<Value> = call
                .resources
                .iter()
                .enumerate()
                .map(|(at, arn)| {
                    let kind = match (call.data, at) {
                        (Some("AWS::S3::Object"), 1) => "AWS::S3::Bucket",
                        (Some("AWS::S3::Object"), _) if !arn.contains('/') => "AWS::S3::Bucket",
                        (Some(kind), _) => kind,
                        (None, _) => "AWS::KMS::Key",
                    };
                    json!({"accountId": ACCOUNT, "type": kind, "ARN": arn})
                })
                .collect();
            fields.insert("resources".to_owned(), Value::Array(resources));
        }
    }
    record
}
