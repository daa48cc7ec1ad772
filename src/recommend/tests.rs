//! Proposals over small policies and small trails, end to end within the core.

use std::collections::BTreeMap;

use super::*;
use crate::diff::{StatementChange, edits};
use crate::evaluate::{Compiled, Context, Decision, PolicyIn, Request, Target};
use crate::evidence::{Interest, Ledger, Selectors, read_selectors};
use crate::policy::{Document, parse, print};
use crate::trail::{Event, Scratch};

const ROLE: &str = "arn:aws:iam::111122223333:role/app";

/// A call by the role: source, name, region, request, more fields.
fn call(number: usize, source: &str, name: &str, request: &str, more: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/app/s","accountId":"111122223333",
        "sessionContext":{{"sessionIssuer":{{"type":"Role","arn":"{ROLE}","accountId":"111122223333","userName":"app"}},"attributes":{{"mfaAuthenticated":"false"}}}}}},
        "eventTime":"2026-10-{:02}T00:00:00Z","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.7",
        "requestParameters":{request},"responseElements":null,"eventID":"00000000-0000-4000-8000-{number:012}","eventType":"AwsApiCall","recipientAccountId":"111122223333"{more}}}"#,
        number % 28 + 1
    )
}

const READ: &str = r#","readOnly":true,"managementEvent":true,"eventCategory":"Management""#;
const WRITE: &str = r#","readOnly":false,"managementEvent":true,"eventCategory":"Management""#;

/// An object call with its data event fields.
fn object(number: usize, name: &str, key: &str) -> String {
    let more = format!(
        r#","readOnly":{},"managementEvent":false,"eventCategory":"Data","resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::acme/{key}"}},{{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::acme","accountId":"111122223333"}}]"#,
        name == "GetObject"
    );
    call(
        number,
        "s3",
        name,
        &format!(r#"{{"bucketName":"acme","key":"{key}"}}"#),
        &more,
    )
}

/// A write of an object of a third bucket by another role: writes of objects are recorded.
fn write_of_another() -> String {
    object(800, "PutObject", "x")
        .replace("acme", "third")
        .replace("/app", "/third")
        .replace("\"app\"", "\"third\"")
}

/// Both kinds of management events, so that absence means something.
fn shown() -> Vec<String> {
    vec![
        call(900, "ec2", "DescribeRegions", "{}", READ),
        call(
            901,
            "ec2",
            "DeleteTags",
            r#"{"resourcesSet":{"items":[{"resourceId":"vpc-1"}]}}"#,
            WRITE,
        ),
        call(902, "kms", "ListKeys", "{}", READ),
        call(903, "iam", "ListUsers", "{}", READ),
    ]
}

fn ledger(records: &[String], selectors: Option<Selectors>, policies: &[Document]) -> Ledger {
    let keys = policies
        .iter()
        .flat_map(|policy| &policy.statements)
        .flat_map(|statement| &statement.conditions);
    let interest = Interest {
        condition_keys: keys.map(|condition| condition.key.to_ascii_lowercase()).collect(),
        ..Interest::default()
    };
    let mut ledger = Ledger::default();
    for record in records {
        let mut scratch = Scratch::default();
        let event = Event::parse(record.as_bytes(), &mut scratch).unwrap();
        ledger.observe(&event);
        ledger.add(&event, &interest);
    }
    ledger.visibility.selectors = selectors;
    ledger
}

fn document(text: &str) -> Document {
    let (document, diagnostics) = parse(text, "policy.json");
    assert_eq!(diagnostics, []);
    document.unwrap()
}

fn grants(policies: &[Document]) -> Grants {
    let named = policies.iter().enumerate().map(|(number, document)| {
        (
            Origin::Inline {
                name: format!("p{number}"),
            },
            Layer::Identity,
            document.clone(),
        )
    });
    Grants::from_policies(ROLE, named.collect())
}

struct Case {
    proposal: Proposal,
    grants: Grants,
}

impl Case {
    fn new(policies: &[&str], mut records: Vec<String>) -> Self {
        records.extend(shown());
        Self::with(policies, records, None, &Options::default())
    }

    fn with(
        policies: &[&str],
        records: Vec<String>,
        selectors: Option<Selectors>,
        options: &Options,
    ) -> Self {
        let documents: Vec<Document> = policies.iter().map(|text| document(text)).collect();
        let grants = grants(&documents);
        let ledger = ledger(&records, selectors, &documents);
        let subject = Subject {
            grants: &grants,
            evidence: ledger.evidence(ROLE).unwrap(),
        };
        let proposal = recommend(subject, &[], &ledger.visibility, options);
        assert_eq!(proposal.proof.lost, []);
        assert!(proposal.proof.new.is_proved(), "{:#?}", proposal.proof.new);
        Self { proposal, grants }
    }

    fn after(&self, number: usize) -> &Document {
        self.proposal.policies[number].after.as_ref().unwrap()
    }

    /// (actions, resources) of each statement after the change.
    fn statements(&self, number: usize) -> Vec<(Vec<String>, Vec<String>)> {
        let statements = &self.after(number).statements;
        let patterns = |element: &crate::policy::Element| element.patterns().to_vec();
        statements
            .iter()
            .map(|statement| {
                (
                    patterns(&statement.action),
                    statement.resource.as_ref().map(patterns).unwrap_or_default(),
                )
            })
            .collect()
    }

    fn allows(&self, action: &str, resource: &str) -> bool {
        let documents = self
            .proposal
            .policies
            .iter()
            .filter_map(|policy| Some((policy.layer, policy.after.as_ref()?)));
        let policies: Vec<PolicyIn<'_>> = documents
            .map(|(layer, document)| PolicyIn { layer, document })
            .collect();
        let context = Context::default();
        let target = if resource == "*" {
            Target::Any
        } else {
            Target::Arn(resource)
        };
        let request = Request::new(action, target, &context);
        matches!(
            Compiled::new(&policies).decide(&request),
            Decision::Allowed { .. }
        )
    }

    fn state(&self, action: &str) -> &State {
        &self.proposal.actions[action]
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn what_is_used_stays_and_what_could_have_been_seen_goes() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Fn","Effect":"Allow","Action":["lambda:GetFunctionConfiguration","lambda:DeleteFunction"],"Resource":"*"}]}"#;
    let get = call(
        1,
        "lambda",
        "GetFunctionConfiguration20150331v2",
        r#"{"functionName":"resize"}"#,
        READ,
    );
    let case = Case::new(&[policy], vec![get]);
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:resize";
    assert_eq!(
        case.statements(0),
        [(texts(&["lambda:GetFunctionConfiguration"]), texts(&[function]))]
    );
    assert_eq!(case.after(0).statements[0].sid.as_deref(), Some("Fn"));
    assert_eq!(case.state("lambda:DeleteFunction"), &State::Unused);
    assert!(!case.allows("lambda:DeleteFunction", function));
}

#[test]
fn what_is_all_used_is_left_to_the_byte() {
    let policy = "{\n   \"Version\": \"2012-10-17\",\n   \"Statement\": [ {\"Effect\": \"Allow\",\"Action\":\"ec2:DescribeRegions\",  \"Resource\":\"*\"} ]\n}\n";
    let case = Case::new(&[policy], vec![]);
    assert_eq!(case.proposal.policies[0].change, Change::Unchanged);
    assert_eq!(print::document_text(case.after(0)), policy);
    assert!(!case.proposal.changes_anything());
}

#[test]
fn data_events_that_are_not_recorded_keep_their_actions() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutBucketTagging"],"Resource":["arn:aws:s3:::acme","arn:aws:s3:::acme/*"]}]}"#;
    let case = Case::new(&[policy], vec![]);
    assert!(case.allows("s3:GetObject", "arn:aws:s3:::acme/any"));
    assert_eq!(case.state("s3:PutBucketTagging"), &State::Unused);
    let State::Kept(Reason::Unseen { switch_on, .. }) = case.state("s3:GetObject") else {
        panic!()
    };
    assert_eq!(switch_on.as_deref(), Some("data events of AWS::S3::Object"));
}

#[test]
fn dated_keys_become_a_pattern_and_next_weeks_are_allowed() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::acme/*"}]}"#;
    let mut records: Vec<String> = (1..4)
        .map(|day| object(day, "GetObject", &format!("raw/2026/10/0{day}/events.json.gz")))
        .collect();
    records.push(write_of_another());
    let case = Case::new(&[policy], records);
    assert!(case.allows("s3:GetObject", "arn:aws:s3:::acme/raw/2026/11/07/events.json.gz"));
    assert!(!case.allows("s3:GetObject", "arn:aws:s3:::acme/private/rates.csv"));
    assert!(!case.allows("s3:PutObject", "arn:aws:s3:::acme/raw/2026/11/07/events.json.gz"));
}

#[test]
fn data_events_of_one_bucket_say_nothing_of_another() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":["arn:aws:s3:::acme/*","arn:aws:s3:::other/*"]}]}"#;
    let reads = || vec![object(1, "GetObject", "a")];
    // A trail may record the reads of objects alone.
    let case = Case::new(&[policy], reads());
    assert_eq!(case.proposal.policies[0].change, Change::Unchanged);
    let case = Case::new(&[policy], [reads(), vec![write_of_another()]].concat());
    assert_eq!(
        case.statements(0),
        [(texts(&["s3:PutObject"]), texts(&["arn:aws:s3:::other/*"]))]
    );
}

#[test]
fn event_selectors_say_it_exactly() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject"],"Resource":"*"}]}"#;
    let selectors = read_selectors(
        r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]}"#,
        "s.json",
    );
    let records = vec![object(1, "PutObject", "exports/a.csv")];
    let case = Case::with(&[policy], records, selectors.0, &Options::default());
    assert!(case.allows("s3:PutObject", "arn:aws:s3:::acme/exports/a.csv"));
    assert!(!case.allows("s3:PutObject", "arn:aws:s3:::other/x"));
    // Reads are not recorded by a WriteOnly selector.
    assert!(case.allows("s3:GetObject", "arn:aws:s3:::other/x"));
}

#[test]
fn a_pass_role_is_kept_as_granted_whatever_was_seen() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app-*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}]}"#;
    let case = Case::new(&[policy], vec![]);
    assert_eq!(case.proposal.policies[0].change, Change::Unchanged);
}

#[test]
fn denies_conditions_and_variables_stay_as_they_are() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
      {"Sid":"Own","Effect":"Allow","Action":["iam:GetUser","iam:CreateAccessKey"],"Resource":"arn:aws:iam::111122223333:user/${aws:username}","Condition":{"Bool":{"aws:SecureTransport":"true"}}},
      {"Sid":"Never","Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::acme*"}]}"#;
    let case = Case::new(&[policy], vec![]);
    let after = case.after(0);
    assert_eq!(after.statements.len(), 1);
    assert_eq!(after.statements[0].sid.as_deref(), Some("Never"));
    assert!(
        print::document_text(after).contains(
            r#"{"Sid":"Never","Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::acme*"}"#
        )
    );
}

#[test]
fn a_use_that_a_condition_forbade_does_not_keep_the_statement() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
      {"Sid":"Here","Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}},
      {"Sid":"There","Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}]}"#;
    let case = Case::new(&[policy], vec![call(1, "ec2", "DescribeVpcs", "{}", READ)]);
    let sids: Vec<_> = case
        .after(0)
        .statements
        .iter()
        .map(|statement| statement.sid.as_deref())
        .collect();
    assert_eq!(sids, [Some("Here")]);
    assert!(matches!(
        case.state("ec2:DescribeVpcs"),
        State::Kept(Reason::Used)
    ));
}

#[test]
fn a_wildcard_of_which_everything_stays_is_kept_as_written() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:PartiQL*","ec2:Describe*"],"Resource":"*"}]}"#;
    let case = Case::new(&[policy], vec![]);
    let entries = &case.after(0).statements[0].action.patterns().to_vec();
    assert!(entries.contains(&"dynamodb:PartiQL*".to_owned()), "{entries:?}");
    assert!(entries.contains(&"ec2:DescribeRegions".to_owned()));
    assert!(!entries.contains(&"ec2:Describe*".to_owned()));
}

#[test]
fn an_action_that_aws_lists_as_needed_by_a_used_one_stays() {
    let (service, action) = action_catalog::action("ec2:RunInstances").unwrap();
    assert_eq!(
        (
            service.prefix.as_str(),
            action.dependents.contains(&"ec2:CreateTags".to_owned())
        ),
        ("ec2", true)
    );
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:RunInstances","ec2:CreateTags","ec2:DeleteVpc"],"Resource":"*"}]}"#;
    let run = call(
        1,
        "ec2",
        "RunInstances",
        r#"{"instancesSet":{"items":[{"imageId":"ami-0123456789abcdef0"}]},"subnetId":"subnet-0123456789abcdef0"}"#,
        WRITE,
    );
    let case = Case::new(&[policy], vec![run]);
    assert!(matches!(case.state("ec2:CreateTags"), State::Kept(_)));
    assert_eq!(case.state("ec2:DeleteVpc"), &State::Unused);
}

#[test]
fn a_refused_call_is_no_use_and_enters_only_when_asked() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeRegions","Resource":"*"}]}"#;
    let refused = |number, reason: &str| {
        let more = format!(
            r#"{WRITE},"errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: sqs:CreateQueue on resource: arn:aws:sqs:eu-west-1:111122223333:jobs {reason}""#
        );
        call(number, "sqs", "CreateQueue", r#"{"queueName":"jobs"}"#, &more)
    };
    let implicit = refused(
        1,
        "because no identity-based policy allows the sqs:CreateQueue action",
    );
    let mut records = vec![implicit];
    records.extend(shown());
    let case = Case::with(&[policy], records.clone(), None, &Options::default());
    assert_eq!(case.proposal.refused[0].settled, Settled::WouldHelp);
    assert!(!case.allows("sqs:CreateQueue", "arn:aws:sqs:eu-west-1:111122223333:jobs"));

    let asked = Options {
        include_denied: true,
        ..Options::default()
    };
    let case = Case::with(&[policy], records, None, &asked);
    assert_eq!(case.proposal.refused[0].settled, Settled::Added);
    assert!(case.allows("sqs:CreateQueue", "arn:aws:sqs:eu-west-1:111122223333:jobs"));
    assert_eq!(case.proposal.proof.requested.differences.len(), 1);

    let mut scp = vec![refused(1, "with an explicit deny in a service control policy")];
    scp.extend(shown());
    let case = Case::with(&[policy], scp, None, &asked);
    assert_eq!(case.proposal.refused[0].settled, Settled::Elsewhere);
    assert_eq!(case.proposal.refused[0].layer, Some("a service control policy"));
    assert!(!case.allows("sqs:CreateQueue", "arn:aws:sqs:eu-west-1:111122223333:jobs"));
}

#[test]
fn dangerous_additions_need_a_word_of_their_own() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeRegions","Resource":"*"}]}"#;
    let nothing = Grants::default();
    let weighed = danger::weigh(&nothing, "iam:AttachRolePolicy", "*");
    assert!(weighed.dangerous);
    assert_eq!(weighed.names, ["attach-role-policy"]);
    let one = "arn:aws:iam::111122223333:role/app-worker";
    assert!(!danger::weigh(&nothing, "iam:AttachRolePolicy", one).dangerous);
    let case = Case::new(&[policy], vec![]);
    assert_eq!(case.proposal.dangers, []);
}

#[test]
fn the_last_action_of_a_known_path_needs_its_name() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/app-*"}]}"#;
    let stack = "arn:aws:cloudformation:eu-west-1:111122223333:stack/jobs/*";
    let more = format!(
        r#"{WRITE},"errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: cloudformation:CreateStack on resource: {stack} because no identity-based policy allows the cloudformation:CreateStack action""#
    );
    let mut records = vec![call(
        1,
        "cloudformation",
        "CreateStack",
        r#"{"stackName":"jobs"}"#,
        &more,
    )];
    records.extend(shown());
    let asked = |allow_dangerous| Options {
        include_denied: true,
        allow_dangerous,
        ..Options::default()
    };
    let case = Case::with(&[policy], records.clone(), None, &asked(Allowed::Nothing));
    assert_eq!(case.proposal.refused[0].settled, Settled::Dangerous);
    assert_eq!(case.proposal.refused[0].opens, ["passrole-cloudformation"]);
    assert_eq!(case.proposal.dangers, []);

    let other = Allowed::Named(["passrole-lambda".to_owned()].into());
    let case = Case::with(&[policy], records.clone(), None, &asked(other));
    assert_eq!(case.proposal.refused[0].settled, Settled::Dangerous);

    let named = Allowed::Named(["passrole-cloudformation".to_owned()].into());
    for allowed in [named, Allowed::Everything] {
        let case = Case::with(&[policy], records.clone(), None, &asked(allowed));
        assert_eq!(case.proposal.refused[0].settled, Settled::Added);
        assert!(case.allows("cloudformation:CreateStack", &stack.replace('*', "1")));
        let [danger] = case.proposal.dangers.as_slice() else {
            panic!("{:?}", case.proposal.dangers);
        };
        assert_eq!(danger.name, Some("passrole-cloudformation"));
        assert_eq!(danger.action, "cloudformation:CreateStack");
        assert_eq!(danger.kind, "privilege-escalation");
    }

    let one = policy.replace("app-*", "app");
    let case = Case::with(&[&one], records, None, &asked(Allowed::Nothing));
    assert_eq!(case.proposal.refused[0].settled, Settled::Added);
    assert_eq!(case.proposal.dangers, []);
}

#[test]
fn an_unexplained_call_is_said_and_not_granted() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:DescribeRegions","Resource":"*"}]}"#;
    let case = Case::new(&[policy], vec![call(1, "ec2", "DescribeVpcs", "{}", READ)]);
    let actions: Vec<&str> = case
        .proposal
        .proof
        .unexplained
        .iter()
        .map(|loss| loss.action.as_str())
        .collect();
    assert!(actions.contains(&"ec2:DescribeVpcs"));
    assert!(!case.allows("ec2:DescribeVpcs", "*"));
}

#[test]
fn two_policies_that_grant_the_same_keep_it_once() {
    let wide = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]}"#;
    let case = Case::new(&[wide, wide], vec![]);
    let changes: Vec<Change> = case
        .proposal
        .policies
        .iter()
        .map(|policy| policy.change)
        .collect();
    assert_eq!(changes, [Change::Edit, Change::Delete]);
}

#[test]
fn an_aws_managed_policy_is_detached_and_replaced() {
    let (origin, document) = crate::grants::managed_from_catalog("PowerUserAccess").0.unwrap();
    let grants = Grants::from_policies(ROLE, vec![(origin, Layer::Identity, document)]);
    let ledger = ledger(&shown(), None, &[]);
    let subject = Subject {
        grants: &grants,
        evidence: ledger.evidence(ROLE).unwrap(),
    };
    let proposal = recommend(subject, &[], &ledger.visibility, &Options::default());
    assert_eq!(proposal.proof.lost, []);
    assert!(proposal.proof.new.is_proved());
    assert_eq!(proposal.policies[0].change, Change::Detach);
    assert!(proposal.policies[0].after.is_none());
    let sizes: Vec<usize> = proposal
        .policies
        .iter()
        .filter_map(|policy| policy.after.as_ref())
        .map(crate::policy::quota::size)
        .collect();
    assert!(sizes.iter().all(|size| *size <= 6144), "{sizes:?}");
    assert!(sizes.len() <= 10, "{sizes:?}");

    let options = Options {
        unseen: Unseen::UsedServices,
        ..Options::default()
    };
    let few = recommend(subject, &[], &ledger.visibility, &options);
    assert!(few.policies.len() < proposal.policies.len());
    assert!(few.actions.values().any(|state| *state == State::LeftOut));
    assert_eq!(few.proof.lost, []);
    assert!(few.proof.new.is_proved());
}

#[test]
fn a_boundary_takes_away_what_it_never_allows_and_stays() {
    let wide = document(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:SendMessage","sns:Publish"],"Resource":"*"}]}"#,
    );
    let bound = document(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#,
    );
    let boundary = Origin::Boundary {
        arn: "arn:aws:iam::111122223333:policy/Bound".to_owned(),
    };
    let inline = Origin::Inline { name: "p".to_owned() };
    let grants = Grants::from_policies(
        ROLE,
        vec![
            (inline, Layer::Identity, wide),
            (boundary, Layer::Boundary, bound),
        ],
    );
    let ledger = ledger(&shown(), None, &[]);
    let subject = Subject {
        grants: &grants,
        evidence: ledger.evidence(ROLE).unwrap(),
    };
    let proposal = recommend(subject, &[], &ledger.visibility, &Options::default());
    assert_eq!(proposal.actions["sns:Publish"], State::Ineffective);
    assert!(matches!(
        proposal.actions["sqs:SendMessage"],
        State::Kept(Reason::Unseen { .. })
    ));
    assert_eq!(proposal.policies[1].change, Change::Unchanged);
}

#[test]
fn a_shared_policy_keeps_what_any_holder_used() {
    let policy = document(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:DescribeRegions","ec2:DescribeVpcs","ec2:DescribeImages"],"Resource":"*"}]}"#,
    );
    let other_arn = "arn:aws:iam::111122223333:role/other";
    let arn = "arn:aws:iam::111122223333:policy/Shared".to_owned();
    let origin = Origin::CustomerManaged {
        arn,
        version: Some("v1".to_owned()),
        group: None,
    };
    let holding = |who: &str| {
        let mut grants = Grants::from_policies(who, vec![(origin.clone(), Layer::Identity, policy.clone())]);
        grants.held[0].holders = vec![ROLE.to_owned(), other_arn.to_owned()];
        grants
    };
    let mut records = shown();
    records.push(
        call(1, "ec2", "DescribeVpcs", "{}", READ)
            .replace("role/app", "role/other")
            .replace("assumed-role/app/", "assumed-role/other/"),
    );
    let ledger = ledger(&records, None, &[]);
    let (mine, theirs) = (holding(ROLE), holding(other_arn));
    let other = Subject {
        grants: &theirs,
        evidence: ledger.evidence(other_arn).unwrap(),
    };
    let subject = Subject {
        grants: &mine,
        evidence: ledger.evidence(ROLE).unwrap(),
    };
    let proposal = recommend(subject, &[other], &ledger.visibility, &Options::default());
    let kept = proposal.policies[0].after.as_ref().unwrap().statements[0]
        .action
        .patterns()
        .to_vec();
    assert_eq!(kept, ["ec2:DescribeRegions", "ec2:DescribeVpcs"]);
    assert!(
        proposal
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == Code::SharedPolicy)
    );
    assert!(proposal.proof.checked > ledger.evidence(ROLE).unwrap().actions.len());
}

#[test]
fn from_nothing_the_policy_is_what_was_used() {
    let grants = Grants::default();
    let ledger = ledger(&shown(), None, &[]);
    let subject = Subject {
        grants: &grants,
        evidence: ledger.evidence(ROLE).unwrap(),
    };
    let proposal = recommend(subject, &[], &ledger.visibility, &Options::default());
    assert_eq!(proposal.policies.len(), 1);
    assert_eq!(proposal.policies[0].change, Change::Create);
    let compiled = proposal.policies[0].after.as_ref().unwrap();
    let policies = [PolicyIn {
        layer: Layer::Identity,
        document: compiled,
    }];
    let context = Context::default();
    let request = Request::new("ec2:DescribeRegions", Target::Any, &context);
    assert!(matches!(
        Compiled::new(&policies).decide(&request),
        Decision::Allowed { .. }
    ));
}

#[test]
fn the_diff_names_every_statement_and_its_reason() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
      {"Sid":"Keep","Effect":"Allow","Action":"ec2:DescribeRegions","Resource":"*"},
      {"Sid":"Cut","Effect":"Allow","Action":["ec2:DeleteTags","ec2:DeleteVpc"],"Resource":"*"},
      {"Sid":"Gone","Effect":"Allow","Action":"ec2:DeleteVpc","Resource":"*"}]}"#;
    let case = Case::new(&[policy], vec![]);
    let edits = edits(&case.proposal.policies, case.grants.principal.as_deref());
    let changes: Vec<StatementChange> = edits[0]
        .statements
        .iter()
        .map(|statement| statement.change)
        .collect();
    assert_eq!(
        changes,
        [
            StatementChange::Unchanged,
            StatementChange::Narrowed,
            StatementChange::Removed
        ]
    );
    assert_eq!(edits[0].statements[2].unused, ["ec2:DeleteVpc"]);
    assert!(edits[0].statements[1].why.iter().all(|why| why.reason.is_use()));
    assert!(
        edits[0]
            .text
            .as_deref()
            .unwrap()
            .contains("-      {\"Sid\":\"Gone\"")
    );
}

#[test]
fn exact_wildcards_name_the_same_actions_and_no_others() {
    let granted = actions::Granted::new(crate::policy::Element::Only(vec!["*".to_owned()]));
    let all = |pattern: &str| -> Vec<String> {
        let found = action_catalog::matching(pattern);
        found
            .into_iter()
            .map(|(service, action)| format!("{}:{}", service.prefix, action.name))
            .collect()
    };
    for kept in [
        all("sqs:*"),
        all("s3:GetObject*"),
        all("kms:*Grant*"),
        [all("sqs:Get*"), all("sns:*Topic*")].concat(),
    ] {
        let short = actions::exact_wildcards(&kept, &granted);
        let mut named: Vec<String> = short.iter().flat_map(|entry| all(entry)).collect();
        named.sort();
        named.dedup();
        let mut wanted = kept.clone();
        wanted.sort();
        assert_eq!(named, wanted);
        assert!(short.len() <= kept.len());
    }
    assert_eq!(actions::exact_wildcards(&all("sqs:*"), &granted), ["sqs:*"]);
    let narrow = crate::policy::Element::Only(vec!["sqs:Get*".to_owned(), "sqs:SendMessage".to_owned()]);
    let narrow = actions::Granted::new(narrow);
    let short = actions::exact_wildcards(&all("sqs:*"), &narrow);
    assert!(!short.contains(&"sqs:*".to_owned()), "{short:?}");
}

#[test]
fn what_does_not_fit_goes_into_several_policies_and_nothing_is_cut() {
    let names: Vec<String> = (0..400)
        .map(|number| format!("arn:aws:sqs:eu-west-1:111122223333:queue-{number:04}-with-a-long-name"))
        .collect();
    let statements: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                r#"{{"Effect":"Allow","Action":["sqs:SendMessage","sqs:CreateQueue"],"Resource":"{name}"}}"#
            )
        })
        .collect();
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    let case = Case::new(&[&policy], vec![]);
    let sizes: BTreeMap<&str, usize> = case
        .proposal
        .policies
        .iter()
        .filter_map(|policy| {
            Some((
                policy.origin.name(),
                crate::policy::quota::size(policy.after.as_ref()?),
            ))
        })
        .collect();
    assert!(sizes.len() > 1, "{sizes:?}");
    assert!(
        sizes
            .iter()
            .all(|(name, size)| *size <= if *name == "p0" { 10_240 } else { 6_144 }),
        "{sizes:?}"
    );
    assert!(names.iter().all(|name| case.allows("sqs:SendMessage", name)));
    assert!(names.iter().all(|name| !case.allows("sqs:CreateQueue", name)));
}
