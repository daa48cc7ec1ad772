//! The twelve kinds of principals: what each does, how often, and what it was given.

use crate::call::{self, Call};
use crate::random::Random;

/// A kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Deploys functions and services on working days.
    Pipeline,
    /// A service under steady load.
    WebService,
    /// A nightly job that writes dated keys.
    DataJob,
    /// A person who asks questions of the data.
    Analyst,
    /// A person who is there for ten weeks.
    Intern,
    /// A role for emergencies.
    BreakGlass,
    /// A job that runs every 91 days.
    Quarterly,
    /// A user that several people use.
    SharedUser,
    /// A user whose access key somebody else has as well.
    Intruder,
    /// Looks at everything and changes nothing.
    Auditor,
    /// A small function that does one thing.
    Function,
    /// A person with a long tail of things to do.
    Operator,
}

/// All kinds; principal *n* is of kind *n* modulo twelve.
pub const KINDS: [Kind; 12] = [
    Kind::Pipeline,
    Kind::WebService,
    Kind::DataJob,
    Kind::Analyst,
    Kind::Intern,
    Kind::BreakGlass,
    Kind::Quarterly,
    Kind::SharedUser,
    Kind::Intruder,
    Kind::Auditor,
    Kind::Function,
    Kind::Operator,
];

impl Kind {
    /// Its name, as names of principals begin.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pipeline => "pipeline",
            Self::WebService => "web-service",
            Self::DataJob => "data-job",
            Self::Analyst => "analyst",
            Self::Intern => "intern",
            Self::BreakGlass => "break-glass",
            Self::Quarterly => "quarterly",
            Self::SharedUser => "shared-user",
            Self::Intruder => "intruder",
            Self::Auditor => "auditor",
            Self::Function => "function",
            Self::Operator => "operator",
        }
    }

    /// Whether it is a user; the others are roles.
    pub fn is_user(self) -> bool {
        matches!(
            self,
            Self::Analyst | Self::Intern | Self::SharedUser | Self::Intruder | Self::Operator
        )
    }

    /// The AWS managed policies that it was given.
    pub fn policies(self) -> &'static [&'static str] {
        match self {
            Self::Pipeline => &["PowerUserAccess", "IAMReadOnlyAccess"],
            Self::WebService => &[
                "AmazonDynamoDBFullAccess",
                "AmazonS3FullAccess",
                "AmazonSQSFullAccess",
                "SecretsManagerReadWrite",
            ],
            Self::DataJob => &[
                "AmazonS3FullAccess",
                "AmazonAthenaFullAccess",
                "CloudWatchFullAccessV2",
            ],
            Self::Analyst => &["AmazonAthenaFullAccess", "AmazonS3FullAccess"],
            Self::Intern | Self::SharedUser | Self::Intruder => &["PowerUserAccess"],
            Self::BreakGlass | Self::Operator => &["AdministratorAccess"],
            Self::Quarterly => &["AmazonRDSFullAccess", "AmazonS3FullAccess", "AmazonEC2FullAccess"],
            Self::Auditor => &["SecurityAudit", "ViewOnlyAccess"],
            Self::Function => &[
                "AmazonS3FullAccess",
                "AmazonSNSFullAccess",
                "CloudWatchLogsFullAccess",
            ],
        }
    }
}

/// A principal: its number, and what follows from it.
#[derive(Debug, Clone)]
pub struct Who {
    /// Its number in the account.
    pub number: u64,
    /// Its kind.
    pub kind: Kind,
    /// What makes it differ from others of its kind.
    pub seed: u64,
}

/// A day: its number from the start of the trail, and its date.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    /// From 0.
    pub number: u64,
    /// The date.
    pub date: jiff::civil::Date,
    /// Whether people work on it.
    pub working: bool,
}

impl Who {
    /// The application that it belongs to: its resources are named after it.
    pub fn app(&self) -> String {
        format!("app{:03}", self.number / 12 % 200)
    }

    /// What it does on a day: legitimate calls, and an intruder's refused ones.
    pub fn does(&self, day: Day) -> Vec<Call> {
        let mut fixed = Random::new(&[self.seed, self.number]);
        let mut now = Random::new(&[self.seed, self.number, day.number, 7]);
        // Some of every kind stopped long ago, and some never began.
        let fate = fixed.below(100);
        if fate < 4 || (fate < 10 && day.number > 20) {
            return Vec::new();
        }
        let mut calls = Vec::new();
        let app = self.app();
        match self.kind {
            Kind::Pipeline => pipeline(&app, day, &mut fixed, &mut now, &mut calls),
            Kind::WebService => web_service(&app, day, &mut fixed, &mut now, &mut calls),
            Kind::DataJob => data_job(&app, day, &mut now, &mut calls),
            Kind::Analyst => analyst(&app, day, &mut now, &mut calls),
            Kind::Intern => intern(&app, day, &mut fixed, &mut now, &mut calls),
            Kind::BreakGlass => break_glass(&app, day, &mut fixed, &mut now, &mut calls),
            Kind::Quarterly => quarterly(&app, day, &mut fixed, &mut calls),
            Kind::SharedUser => shared_user(&app, day, &mut now, &mut calls),
            Kind::Intruder => intruder(&app, day, &mut fixed, &mut now, &mut calls),
            Kind::Auditor => auditor(day, &mut now, &mut calls),
            Kind::Function => function(&app, day, &mut fixed, &mut now, &mut calls),
            Kind::Operator => operator(&app, day, &mut now, &mut calls),
        }
        calls
    }
}

fn pipeline(app: &str, day: Day, fixed: &mut Random, now: &mut Random, calls: &mut Vec<Call>) {
    let functions = 1 + fixed.below(3);
    let id = fixed.uuid();
    if !day.working || now.in_thousand(400) {
        return;
    }
    calls.push(call::look("sts", "GetCallerIdentity", "sts:GetCallerIdentity"));
    for number in 0..functions {
        let name = format!("{app}-fn{number}");
        calls.push(call::function(
            "GetFunction20150331v2",
            "lambda:GetFunction",
            true,
            &name,
        ));
        calls.push(call::function(
            "UpdateFunctionCode20150331v2",
            "lambda:UpdateFunctionCode",
            false,
            &name,
        ));
        calls.push(call::put_object(
            &format!("{app}-artifacts"),
            &format!("builds/{}/{}.zip", day.date, now.uuid()),
        ));
    }
    calls.push(call::stack(
        "DescribeStacks",
        "cloudformation:DescribeStacks",
        true,
        app,
        &id,
    ));
    calls.push(call::ecs_service(
        "DescribeServices",
        "ecs:DescribeServices",
        true,
        "prod",
        app,
    ));
    calls.push(call::ecs_service(
        "UpdateService",
        "ecs:UpdateService",
        false,
        "prod",
        app,
    ));
    if now.in_thousand(60) {
        calls.push(call::stack(
            "UpdateStack",
            "cloudformation:UpdateStack",
            false,
            app,
            &id,
        ));
        calls.push(call::function(
            "UpdateFunctionConfiguration20150331v2",
            "lambda:UpdateFunctionConfiguration",
            false,
            &format!("{app}-fn0"),
        ));
    }
    if now.in_thousand(15) {
        // What goes wrong is taken back.
        calls.push(call::stack(
            "CancelUpdateStack",
            "cloudformation:CancelUpdateStack",
            false,
            app,
            &id,
        ));
        calls.push(call::stack(
            "DescribeStackEvents",
            "cloudformation:DescribeStackEvents",
            true,
            app,
            &id,
        ));
    }
}

/// Regions besides the usual one.
const REGIONS: [&str; 4] = ["us-east-1", "ap-southeast-2", "eu-central-1", "us-west-2"];

/// Customers, as a service's keys name them.
const CUSTOMERS: [&str; 16] = [
    "acme",
    "globex",
    "initech",
    "umbrella",
    "hooli",
    "vandelay",
    "stark",
    "wayne",
    "tyrell",
    "cyberdyne",
    "soylent",
    "wonka",
    "oscorp",
    "aperture",
    "massive",
    "virtucon",
];

fn web_service(app: &str, day: Day, fixed: &mut Random, now: &mut Random, calls: &mut Vec<Call>) {
    let tenants = 3 + fixed.below(12);
    for name in ["GetItem", "PutItem", "Query", "UpdateItem"] {
        calls.push(call::item(name, &format!("{app}-orders")));
    }
    let tenant = now.below(tenants);
    let key = format!("tenant-{tenant:04}/uploads/{}.jpg", now.uuid());
    calls.push(call::put_object(&format!("{app}-uploads"), &key));
    calls.push(call::get_object(&format!("{app}-uploads"), &key));
    calls.push(call::send_message(&format!("{app}-events")));
    if now.in_thousand(250) {
        // The rest of the world is served from wherever is nearest.
        calls.push(call::send_message_in(now.of(&REGIONS), &format!("{app}-events")));
    }
    // Of the customers each service has its own, and now and then one more.
    let customers = 4 + day.number as usize / 45;
    let first = fixed.below(CUSTOMERS.len() as u64) as usize;
    let customer = (first + now.below(customers as u64) as usize) % CUSTOMERS.len();
    if let Some(customer) = CUSTOMERS.get(customer) {
        let key = format!("tenants/{customer}/reports/{}.csv", day.date);
        calls.push(call::put_object("shared-reports", &key));
    }
    if now.in_thousand(300) {
        // A new container asks for its secrets.
        calls.push(call::secret(&format!("{app}/db")));
    }
    if now.in_thousand(20) {
        calls.push(call::item("DeleteItem", &format!("{app}-orders")));
        calls.push(call::delete_object(&format!("{app}-uploads"), &key));
    }
}

fn data_job(app: &str, day: Day, now: &mut Random, calls: &mut Vec<Call>) {
    let lake = format!("{app}-lake");
    let yesterday = day.date.yesterday().unwrap_or(day.date);
    calls.push(call::list_objects(&lake, &format!("raw/dt={yesterday}/")));
    for part in 0..2 {
        calls.push(call::get_object(
            &lake,
            &format!("raw/dt={yesterday}/part-{part:05}.parquet"),
        ));
        calls.push(call::put_object(
            &lake,
            &format!("daily/dt={}/part-{part:05}-{}.parquet", day.date, now.uuid()),
        ));
    }
    calls.push(call::query(&format!("{app}-wg")));
    if day.date.day() == 1 {
        calls.push(call::put_object(
            &lake,
            &format!("monthly/{}/{:02}/summary.csv", day.date.year(), day.date.month()),
        ));
    }
}

fn analyst(app: &str, day: Day, now: &mut Random, calls: &mut Vec<Call>) {
    if !day.working || now.in_thousand(300) {
        return;
    }
    for _ in 0..1 + now.below(3) {
        calls.push(call::query("analysts"));
        calls.push(call::get_object(
            "query-results",
            &format!("{app}/{}.csv", now.uuid()),
        ));
    }
    if now.in_thousand(80) {
        let word = now.of(&["sales", "churn", "stock", "returns", "finance"]);
        calls.push(call::get_object(
            "analytics-shared",
            &format!("reports/{word}.xlsx"),
        ));
    }
}

fn intern(app: &str, day: Day, fixed: &mut Random, now: &mut Random, calls: &mut Vec<Call>) {
    let start = fixed.below(110);
    if !day.working || !(start..start + 70).contains(&day.number) || now.in_thousand(300) {
        return;
    }
    calls.push(call::look("ec2", "DescribeInstances", "ec2:DescribeInstances"));
    if now.in_thousand(500) {
        calls.push(call::get_object(
            &format!("{app}-artifacts"),
            "docs/onboarding.pdf",
        ));
    }
    if now.in_thousand(120) {
        let (name, action) = now.of(&[
            ("DescribeAlarms", "cloudwatch:DescribeAlarms"),
            ("DescribeAlarmHistory", "cloudwatch:DescribeAlarmHistory"),
        ]);
        calls.push(call::look("monitoring", name, action));
    }
    if now.in_thousand(60) {
        calls.push(call::iam_role("GetRole", "iam:GetRole", true, "admin").refused());
    }
}

fn break_glass(app: &str, day: Day, fixed: &mut Random, now: &mut Random, calls: &mut Vec<Call>) {
    let days = [20 + fixed.below(60), 90 + fixed.below(80)];
    if !days.contains(&day.number) {
        return;
    }
    calls.push(call::iam_role(
        "GetRole",
        "iam:GetRole",
        true,
        &format!("{app}-prod"),
    ));
    let id = format!("i-{}0", now.hex(16));
    let (name, action) = now.of(&[
        ("StopInstances", "ec2:StopInstances"),
        ("RebootInstances", "ec2:RebootInstances"),
        ("TerminateInstances", "ec2:TerminateInstances"),
    ]);
    calls.push(call::instance(name, action, &id));
}

fn quarterly(app: &str, day: Day, fixed: &mut Random, calls: &mut Vec<Call>) {
    if day.number % 91 != fixed.below(91) {
        return;
    }
    let name = format!("{app}-db");
    calls.push(call::look(
        "rds",
        "DescribeDBInstances",
        "rds:DescribeDBInstances",
    ));
    calls.push(call::db_snapshot(&name, &format!("{name}-{}", day.date)));
    calls.push(call::put_object(
        "audit-archive",
        &format!("{app}/{}-q/report.pdf", day.date),
    ));
}

fn shared_user(app: &str, day: Day, now: &mut Random, calls: &mut Vec<Call>) {
    for _ in 0..now.below(4) {
        calls.push(call::get_object(
            &format!("{app}-artifacts"),
            &format!("releases/v{}.zip", day.number / 7),
        ));
        if now.in_thousand(300) {
            calls.push(call::look("ec2", "DescribeInstances", "ec2:DescribeInstances"));
        }
        if now.in_thousand(40) {
            calls.push(call::publish("team-alerts"));
        }
    }
}

fn intruder(app: &str, day: Day, fixed: &mut Random, now: &mut Random, calls: &mut Vec<Call>) {
    let found = 60 + fixed.below(80);
    if day.working {
        calls.push(call::put_object(
            &format!("{app}-backup"),
            &format!("db/{}.dump", day.date),
        ));
    }
    if (found..found + 3).contains(&day.number) {
        let probes = [
            call::look("iam", "ListUsers", "iam:ListUsers"),
            call::look("iam", "ListRoles", "iam:ListRoles"),
            call::iam_role(
                "CreateRole",
                "iam:CreateRole",
                false,
                &format!("svc-{}", now.hex(4)),
            ),
            call::iam_role("PutRolePolicy", "iam:PutRolePolicy", false, "admin"),
            call::look("organizations", "ListAccounts", "organizations:ListAccounts"),
        ];
        calls.extend(probes.into_iter().map(Call::refused));
    }
}

/// What an auditor looks at; the later ones now and then only.
const LOOKS: [(&str, &str, &str); 16] = [
    ("ec2", "DescribeInstances", "ec2:DescribeInstances"),
    ("ec2", "DescribeSecurityGroups", "ec2:DescribeSecurityGroups"),
    ("ec2", "DescribeVpcs", "ec2:DescribeVpcs"),
    ("iam", "ListUsers", "iam:ListUsers"),
    ("iam", "ListRoles", "iam:ListRoles"),
    ("iam", "GetAccountSummary", "iam:GetAccountSummary"),
    ("rds", "DescribeDBInstances", "rds:DescribeDBInstances"),
    ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
    ("lambda", "ListFunctions20150331", "lambda:ListFunctions"),
    ("cloudtrail", "DescribeTrails", "cloudtrail:DescribeTrails"),
    (
        "config",
        "DescribeConfigurationRecorders",
        "config:DescribeConfigurationRecorders",
    ),
    (
        "elasticloadbalancing",
        "DescribeLoadBalancers",
        "elasticloadbalancing:DescribeLoadBalancers",
    ),
    ("ecs", "ListClusters", "ecs:ListClusters"),
    ("route53", "ListHostedZones", "route53:ListHostedZones"),
    ("redshift", "DescribeClusters", "redshift:DescribeClusters"),
    (
        "elasticache",
        "DescribeCacheClusters",
        "elasticache:DescribeCacheClusters",
    ),
];

fn auditor(_: Day, now: &mut Random, calls: &mut Vec<Call>) {
    for (at, (source, name, action)) in LOOKS.into_iter().enumerate() {
        if at < 8 || now.in_thousand(1000 / (at as u64 - 5)) {
            calls.push(call::look(source, name, action));
        }
    }
}

fn function(app: &str, day: Day, fixed: &mut Random, now: &mut Random, calls: &mut Vec<Call>) {
    let name = format!("{app}-thumbs{}", fixed.below(3));
    let group = format!("/aws/lambda/{name}");
    let stream = format!(
        "{}/[$LATEST]{}{}",
        day.date.strftime("%Y/%m/%d"),
        now.hex(16),
        now.hex(16)
    );
    calls.push(call::log_stream(&group, &stream));
    for _ in 0..1 + now.below(2) {
        let id = now.uuid();
        calls.push(call::get_object(
            &format!("{app}-uploads"),
            &format!("in/{id}.jpg"),
        ));
        calls.push(call::put_object(
            &format!("{app}-uploads"),
            &format!("thumbs/{id}.jpg"),
        ));
    }
    if now.in_thousand(200) {
        // A cold start reads the settings of its build, and the model that goes with it.
        let build = 900 + day.number / 4;
        calls.push(call::get_object(
            &format!("{app}-config"),
            &format!("build-{build}/settings.json"),
        ));
        calls.push(call::get_object(
            &format!("{app}-config"),
            &format!("models/thumbs-2.{}.0.bin", day.number / 30),
        ));
    }
    if now.in_thousand(30) {
        calls.push(call::publish(&format!("{app}-failed")));
    }
}

fn operator(app: &str, day: Day, now: &mut Random, calls: &mut Vec<Call>) {
    if !day.working || now.in_thousand(200) {
        return;
    }
    // The tail is long: the n-th thing is done a fraction 1/n as often as the first.
    for (at, (source, name, action)) in LOOKS.into_iter().enumerate() {
        if now.in_thousand(600 / (at as u64 + 1)) {
            calls.push(call::look(source, name, action));
        }
    }
    if now.in_thousand(150) {
        let id = format!("i-{}0", now.hex(16));
        calls.push(call::instance("StartInstances", "ec2:StartInstances", &id));
        if now.in_thousand(300) {
            calls.push(call::instance("StopInstances", "ec2:StopInstances", &id));
        }
    }
    if now.in_thousand(40) {
        let role = format!("{app}-prod");
        calls.push(call::iam_role("GetRole", "iam:GetRole", true, &role));
        calls.push(call::iam_role(
            "UpdateAssumeRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            false,
            &role,
        ));
    }
    if now.in_thousand(30) {
        calls.push(call::parameter(&format!("{app}/prod/flags")));
    }
}
