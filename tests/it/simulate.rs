//! `simulate`: each option, what it prints, its JSON against the schema, exit codes, bad input.

use serde_json::{Value, json};

use crate::support::{Folder, Run, command, expect_file, finish, follows_the_schema, leastgrant};

const SCHEMA: &str = "schema/simulate.schema.json";
const USER: &str = "arn:aws:iam::111122223333:user/bob";
const OBJECT: &str = "arn:aws:s3:::b/k";

/// Policies in a folder of their own.
struct Files(Folder);

impl Files {
    fn new() -> Self {
        let files = Self(Folder::new());
        files.policy(
            "id.json",
            &json!([
                {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"},
                {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
                 "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
                {"Sid": "Never", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
                {"Effect": "Allow", "Action": ["kms:Decrypt", "sts:AssumeRole"], "Resource": "*"},
            ]),
        );
        files.policy(
            "s3.json",
            &json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]),
        );
        files.policy(
            "sqs.json",
            &json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]),
        );
        files.policy(
            "deny.json",
            &json!([{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]),
        );
        files.policy(
            "deny-all.json",
            &json!([{"Effect": "Deny", "Principal": "*", "Action": "s3:Put*", "Resource": "*"}]),
        );
        files.policy(
            "anyone.json",
            &json!([{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]),
        );
        files.policy(
            "root.json",
            &json!([{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "*", "Resource": "*"}]),
        );
        files.policy(
            "trust.json",
            &json!([{"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}]),
        );
        files.0.file("broken.json", "{\"Statement\": [");
        files
    }

    fn policy(&self, name: &str, statements: &Value) {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        self.0
            .file(name, serde_json::to_string_pretty(&document).unwrap());
    }

    /// Runs it in the folder, so that paths are short.
    fn run(&self, args: &str) -> Run {
        let args = args.split_whitespace().map(|arg| match arg {
            "USER" => USER,
            "OBJECT" => OBJECT,
            arg => arg,
        });
        finish(command().current_dir(self.0.path("")).arg("simulate").args(args))
    }

    /// The only answer, as JSON.
    fn answer(&self, args: &str) -> Value {
        let run = self.run(&format!("{args} --format json")).exits(0);
        let mut json = run.json();
        follows_the_schema(SCHEMA, leastgrant::simulate::SCHEMA_VERSION, &json);
        assert_eq!(json["answers"].as_array().unwrap().len(), 1);
        json["answers"][0].take()
    }

    /// Decision and layer of the only answer, as the matrix of decisions has them.
    fn decision(&self, args: &str) -> String {
        in_words(&self.answer(args))
    }
}

fn in_words(answer: &Value) -> String {
    let missing: Vec<&str> = answer["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m.as_str().unwrap())
        .collect();
    let rest = answer["layer"].as_str().map_or(missing.join(","), str::to_owned);
    format!("{} {rest}", answer["decision"].as_str().unwrap())
        .trim_end()
        .to_owned()
}

fn layer<'v>(answer: &'v Value, name: &str) -> &'v Value {
    let layers = answer["layers"].as_array().unwrap();
    layers
        .iter()
        .find(|own| own["layer"] == name)
        .unwrap_or_else(|| panic!("no {name} in {answer:#}"))
}

#[test]
fn the_committed_schema_is_current() {
    let schema = leastgrant::simulate::simulation_schema();
    let text = serde_json::to_string_pretty(&schema).unwrap();
    expect_file(SCHEMA, &format!("{text}\n"));
}

#[test]
fn an_answer_names_decision_layers_and_statements() {
    let files = Files::new();
    let run = files
        .run("s3:GetObject --resource OBJECT --principal USER --policy id.json --boundary sqs.json --scp FullAWSAccess")
        .exits(0);
    let expected = "\
denied   s3:GetObject on arn:aws:s3:::b/k   implicitly, by the permissions boundary
         by arn:aws:iam::111122223333:user/bob

  service control policies, level 1   allows
      Allow FullAWSAccess  statement 1
  permissions boundary                no statement allows it
  identity policies                   allows
      Allow id.json:4  Read
";
    assert_eq!(run.out, expected);
    assert_eq!(run.err, "");
    let run = files
        .run("s3:DeleteObject --resource OBJECT --policy id.json")
        .exits(0);
    let expected = "\
denied   s3:DeleteObject on arn:aws:s3:::b/k   explicitly, by the identity policies

  identity policies   denies
      Deny  id.json:20  Never
";
    assert_eq!(run.out, expected);
}

#[test]
fn what_is_unknown_comes_with_what_would_decide_it() {
    let files = Files::new();
    let run = files
        .run("s3:PutObject --policy id.json --scp FullAWSAccess --unknown-layer scp:1")
        .exits(0);
    let expected = "\
unknown  s3:PutObject on a resource that is not known   hangs on aws:SourceIp, the resource, the text of the service control policies of level 2

  service control policies, level 1   allows
      Allow FullAWSAccess  statement 1
  service control policies, level 2   not known: policies whose text is not known
  identity policies                   not known: aws:SourceIp, the resource
      Allow id.json:10  statement 2  if aws:SourceIp, the resource fits

  What would decide it:
      --context aws:SourceIp=…   or --absent aws:SourceIp
      --resource ARN
      --scp FILES   in full
";
    assert_eq!(run.out, expected);
}

#[test]
fn context_keys_are_given_absent_or_unknown() {
    let files = Files::new();
    let put = |more: &str| files.decision(&format!("s3:PutObject --resource OBJECT --policy id.json {more}"));
    assert_eq!(put(""), "unknown aws:sourceip");
    assert_eq!(put("--context AWS:sourceIp=203.0.113.7"), "allowed");
    assert_eq!(
        put("--context aws:SourceIp=198.51.100.7"),
        "implicit-deny identity"
    );
    assert_eq!(put("--absent aws:SourceIp"), "implicit-deny identity");
    assert_eq!(put("--complete"), "implicit-deny identity");
    assert_eq!(put("--complete --context aws:SourceIp=203.0.113.7"), "allowed");
    let answer = files
        .answer("s3:GetObject --policy s3.json --context a:k=1 --context A:K=2 --context a:e= --absent a:n");
    assert_eq!(
        answer["request"]["context"],
        json!({"a:e": [""], "a:k": ["1", "2"], "a:n": null})
    );
}

#[test]
fn each_layer_has_its_option() {
    let files = Files::new();
    let get = |more: &str| files.decision(&format!("s3:GetObject --resource OBJECT --principal USER {more}"));
    assert_eq!(get("--policy id.json"), "allowed");
    assert_eq!(get("--policy sqs.json --policy id.json"), "allowed");
    assert_eq!(
        get("--policy id.json --policy deny.json"),
        "explicit-deny identity"
    );
    assert_eq!(get("--policy AmazonS3ReadOnlyAccess"), "allowed");
    assert_eq!(
        get("--policy arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
        "allowed"
    );
    assert_eq!(get("--policy id.json --boundary s3.json"), "allowed");
    assert_eq!(
        get("--policy id.json --boundary AmazonSQSFullAccess"),
        "implicit-deny boundary"
    );
    assert_eq!(
        get("--policy id.json --session-policy sqs.json"),
        "implicit-deny session"
    );
    assert_eq!(
        get("--policy id.json --session-policy sqs.json --session-policy s3.json"),
        "allowed"
    );
    assert_eq!(get("--policy id.json --endpoint-policy anyone.json"), "allowed");
    assert_eq!(
        get("--policy id.json --endpoint-policy trust.json"),
        "implicit-deny endpoint"
    );
    let own = "--resource-account 111122223333";
    assert_eq!(get(&format!("--resource-policy anyone.json {own}")), "allowed");
    let other = "--resource-account 444455556666";
    assert_eq!(
        get(&format!("--policy id.json --resource-policy anyone.json {other}")),
        "allowed"
    );
    assert_eq!(
        get(&format!("--policy id.json --resource-policy trust.json {other}")),
        "implicit-deny resource"
    );
    let role = "sts:AssumeRole --resource arn:aws:iam::111122223333:role/r --principal USER";
    assert_eq!(
        files.decision(&format!("{role} --trust-policy trust.json")),
        "allowed"
    );
    assert_eq!(
        files.decision(&format!("{role} --policy id.json --trust-policy anyone.json")),
        "allowed"
    );
    let key = "kms:Decrypt --resource arn:aws:kms:eu-west-1:111122223333:key/k --principal USER --key-policy root.json";
    let answer = files.answer(&format!("{key} --policy id.json"));
    assert_eq!(in_words(&answer), "allowed");
    assert_eq!(layer(&answer, "key")["stand"], "delegates");
    assert_eq!(
        files.decision(&format!("{key} --policy sqs.json")),
        "implicit-deny identity"
    );
    let shown = files.run(&format!("{key} --policy id.json")).exits(0);
    assert!(
        shown.out.contains("allows the account, which must hand it on"),
        "{}",
        shown.out
    );
}

#[test]
fn organizations_have_levels() {
    let files = Files::new();
    let get = |more: &str| {
        files.decision(&format!(
            "s3:GetObject --resource OBJECT --principal USER --policy id.json {more}"
        ))
    };
    assert_eq!(
        get("--scp FullAWSAccess --scp s3.json,deny.json"),
        "explicit-deny scp:1"
    );
    assert_eq!(get("--scp p-FullAWSAccess --scp sqs.json"), "implicit-deny scp:1");
    assert_eq!(get("--scp sqs.json,s3.json"), "allowed");
    assert_eq!(get("--scp sqs.json --management-account 111122223333"), "allowed");
    assert_eq!(
        get("--scp sqs.json --management-account 444455556666"),
        "implicit-deny scp:0"
    );
    assert_eq!(get("--scp FullAWSAccess --unknown-layer scp:1"), "unknown scp:1");
    // An RCP stands beside RCPFullAWSAccess, which cannot be detached.
    assert_eq!(get("--rcp deny-all.json"), "allowed");
    let put = "s3:PutObject --resource OBJECT --principal USER --policy s3.json --resource-account 111122223333 --rcp RCPFullAWSAccess --rcp deny-all.json";
    assert_eq!(files.decision(put), "explicit-deny rcp:1");
    // An SCP does not.
    files
        .run("s3:GetObject --resource OBJECT --policy id.json --scp deny.json")
        .exits(0)
        .says(&["level 1 allow nothing", "--scp FullAWSAccess,FILE"]);
    // Whether a grant to everybody reaches services is not documented.
    let answer = files.answer("s3:GetObject --resource OBJECT --principal sns.amazonaws.com --resource-policy anyone.json --scp sqs.json");
    assert_eq!(in_words(&answer), "unknown principal");
    assert_eq!(layer(&answer, "scp:0")["stand"], "does-not-bind");
    assert!(layer(&answer, "scp:0")["note"].is_string());
}

/// One user in a group with a boundary, one role with a path.
fn grants(folder: &Folder) {
    let allow = |action: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
    let boundary = "arn:aws:iam::111122223333:policy/Limit";
    let details = json!({
        "UserDetailList": [{"Arn": USER, "UserName": "bob", "UserId": "AIDAEXAMPLE", "Path": "/",
            "GroupList": ["staff"], "AttachedManagedPolicies": [],
            "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}}],
        "GroupDetailList": [{"GroupName": "staff", "Arn": "arn:aws:iam::111122223333:group/staff",
            "GroupPolicyList": [{"PolicyName": "read", "PolicyDocument": allow("s3:*")}],
            "AttachedManagedPolicies": []}],
        "RoleDetailList": [{"Arn": "arn:aws:iam::111122223333:role/apps/app", "RoleName": "app", "RoleId": "AROAEXAMPLE",
            "Path": "/apps/", "AssumeRolePolicyDocument": {}, "InstanceProfileList": [], "RolePolicyList": [],
            "AttachedManagedPolicies": [
                {"PolicyName": "gone", "PolicyArn": "arn:aws:iam::111122223333:policy/gone"},
                {"PolicyName": "AmazonSQSFullAccess", "PolicyArn": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"}]}],
        "Policies": [{"Arn": boundary, "PolicyName": "Limit", "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": allow("s3:Get*")}]}],
    });
    folder.file("grants.json", details.to_string());
}

#[test]
fn the_grants_of_a_principal_are_its_policies_and_it_asks() {
    let files = Files::new();
    grants(&files.0);
    let bob = "--resource OBJECT --grants grants.json --holder user/bob";
    let answer = files.answer(&format!("s3:GetObject {bob}"));
    assert_eq!(in_words(&answer), "allowed");
    assert_eq!(answer["request"]["principal"], USER);
    let by = &layer(&answer, "identity")["allowed_by"][0];
    assert_eq!(
        *by,
        json!({"policy": "inline policy read (group staff)", "statement": 1})
    );
    assert_eq!(
        files.decision(&format!("s3:PutObject {bob}")),
        "implicit-deny boundary"
    );
    assert_eq!(
        files.decision(&format!("s3:GetObject {bob} --policy deny.json")),
        "explicit-deny identity"
    );
    let role = "--resource OBJECT --grants grants.json --holder role/app";
    // The text of one of its policies is not there: it may hold an Allow, or a Deny.
    let answer = files.answer(&format!("s3:GetObject {role}"));
    assert_eq!(in_words(&answer), "unknown identity");
    assert_eq!(
        answer["request"]["principal"],
        "arn:aws:iam::111122223333:role/apps/app"
    );
    let queue = "sqs:SendMessage --resource arn:aws:sqs:eu-west-1:111122223333:q --grants grants.json --holder role/app";
    assert_eq!(files.decision(queue), "unknown identity");
    files
        .run(&format!("s3:GetObject {role}"))
        .exits(0)
        .says(&["gone", "neither in the grants"]);
    // A session's ARN has no path; the role is the one in the grants.
    let session = "arn:aws:sts::111122223333:assumed-role/app/s1";
    let answer = files.answer(&format!("s3:GetObject {role} --principal {session}"));
    assert_eq!(
        answer["request"]["principal"],
        json!({"arn": session, "role": "arn:aws:iam::111122223333:role/apps/app"})
    );
    files
        .run(&format!("s3:GetObject {role} --principal USER"))
        .exits(0)
        .says(&["is asked with the policies of", "--holder"]);
    files
        .run("s3:GetObject --grants grants.json --holder user/bop")
        .exits(1)
        .says(&["did you mean user/bob"]);
    files
        .run("s3:GetObject --grants grants.json")
        .exits(2)
        .says(&["--holder"]);
    files
        .run("s3:GetObject --policy s3.json --holder user/bob")
        .exits(2)
        .says(&["--grants"]);
    files
        .run(&format!("s3:GetObject {bob} --boundary s3.json"))
        .exits(2)
        .says(&["--boundary"]);
}

const REQUESTS: &str = r#"{"requests": [
    {"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "principal": "arn:aws:iam::111122223333:user/ann"},
    {"action": "s3:PutObject", "context": {"a:b": ["x", "y"], "a:n": null, "a:u": {"unknown": true}}},
    {"action": "s3:DeleteObject", "resource": "*", "context": {"aws:SourceIp": "198.51.100.1"}}
]}"#;

#[test]
fn a_file_of_requests_is_answered_in_its_order() {
    let files = Files::new();
    files.0.file("requests.json", REQUESTS);
    let args = "--requests requests.json --policy id.json --resource OBJECT --principal USER --context aws:SourceIp=203.0.113.7";
    let run = files
        .run(args)
        .exits(0)
        .says(&["3 requests: 2 allowed, 1 denied, 0 unknown"]);
    let expected = "\
allowed  s3:GetObject on arn:aws:s3:::b/k
allowed  s3:PutObject on arn:aws:s3:::b/k
denied   s3:DeleteObject on *   explicitly, by the identity policies
";
    assert_eq!(run.out, expected);
    let full = files.run(&format!("{args} --verbose")).exits(0);
    assert_eq!(
        full.out.matches("identity policies   allows").count(),
        2,
        "{}",
        full.out
    );
    assert!(full.out.contains("by arn:aws:iam::111122223333:user/ann"));
    let run = files.run(&format!("{args} --format json")).exits(0);
    let report = run.json();
    follows_the_schema(SCHEMA, leastgrant::simulate::SCHEMA_VERSION, &report);
    let first = &report["answers"][0]["request"];
    assert_eq!(first["principal"], "arn:aws:iam::111122223333:user/ann");
    let second = &report["answers"][1]["request"];
    assert_eq!(
        (&second["principal"], &second["resource"]),
        (&json!(USER), &json!(OBJECT))
    );
    // What a request says itself counts for more than the options.
    assert_eq!(
        report["answers"][2]["request"]["context"],
        json!({"aws:sourceip": ["198.51.100.1"]})
    );
    // The requests of an answer can be asked again.
    let again: Vec<&Value> = report["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["request"])
        .collect();
    files.0.file("again.json", json!(again).to_string());
    let again = files
        .run("--requests again.json --policy id.json --format json")
        .exits(0);
    assert_eq!(again.out, run.out);
}

#[test]
fn requests_come_from_standard_input() {
    let files = Files::new();
    let mut command = command();
    command
        .current_dir(files.0.path(""))
        .args(["simulate", "--requests", "-", "--policy", "id.json"]);
    let run = finish(command.write_stdin(r#"{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}"#));
    assert!(run.exits(0).out.starts_with("allowed  s3:GetObject"));
    files
        .run("--requests - --policy - ")
        .exits(2)
        .says(&["standard input (-) can be read once only"]);
}

#[test]
fn exit_codes() {
    let files = Files::new();
    let get = "s3:GetObject --resource OBJECT";
    files.run(&format!("{get} --policy id.json --exit-code")).exits(0);
    files.run(&format!("{get} --policy sqs.json")).exits(0);
    files
        .run(&format!("{get} --policy sqs.json --exit-code"))
        .exits(3);
    files
        .run("s3:PutObject --resource OBJECT --policy id.json --exit-code")
        .exits(3);
    files
        .run(&format!("{get} --policy broken.json"))
        .exits(1)
        .says(&["broken.json"]);
    files
        .run(&format!("{get} --policy nope.json"))
        .exits(1)
        .says(&["nope.json"]);
    files.0.file("none.json", "[]");
    files
        .run("--requests none.json --policy id.json")
        .exits(1)
        .says(&["there is no request in it"]);
    files
        .run("--requests nope.json --policy id.json")
        .exits(1)
        .says(&["nope.json"]);
    files
        .run("--requests broken.json --policy id.json")
        .exits(1)
        .says(&["the requests are not JSON"]);
    // A policy that cannot be read might hold a Deny, or an Allow.
    let partly = files
        .run(&format!(
            "{get} --policy id.json --policy broken.json --exit-code"
        ))
        .exits(4);
    assert!(
        partly.out.contains("hangs on the text of the identity policies"),
        "{}",
        partly.out
    );
    let partly = files
        .run(&format!("{get} --policy id.json --boundary broken.json"))
        .exits(4);
    assert!(
        partly
            .out
            .contains("hangs on the text of the permissions boundary"),
        "{}",
        partly.out
    );
    files.0.file(
        "some.json",
        r#"[{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}, {"action": "GetObject"}]"#,
    );
    let partly = files
        .run("--requests some.json --policy id.json")
        .exits(4)
        .says(&["some.json", "record 2"]);
    assert!(partly.out.starts_with("allowed"));
}

#[test]
fn a_policy_that_is_of_another_kind_is_not_used() {
    let files = Files::new();
    files
        .run("s3:GetObject --policy anyone.json")
        .exits(1)
        .says(&["it names a Principal"]);
    files
        .run("s3:GetObject --resource-policy s3.json")
        .exits(1)
        .says(&["names no Principal"]);
}

#[test]
fn bad_arguments_are_explained() {
    let files = Files::new();
    let wrong = |args: &str, says: &[&str]| {
        files.run(args).exits(2).says(says);
    };
    wrong(
        "GetObject --policy s3.json",
        &["no single action", "s3:GetObject"],
    );
    wrong("s3:Get* --policy s3.json", &["no single action"]);
    wrong(
        "s3:GetObject --resource bucket --policy s3.json",
        &["neither an ARN nor *"],
    );
    wrong(
        "s3:GetObject --principal bob --policy s3.json",
        &["is no principal"],
    );
    wrong(
        "s3:GetObject --resource-account 12 --policy s3.json",
        &["twelve digits"],
    );
    wrong(
        "s3:GetObject --context aws:SourceIp --policy s3.json",
        &["KEY=VALUE", "--absent KEY"],
    );
    wrong(
        "s3:GetObject --context ip=1 --policy s3.json",
        &["a condition key is such as"],
    );
    wrong(
        "s3:GetObject --context a:b=c --absent A:B --policy s3.json",
        &["a:b is given by --context"],
    );
    wrong("s3:GetObject --scp a.json,,b.json", &["a comma between two"]);
    wrong(
        "s3:GetObject --unknown-layer ou --policy s3.json",
        &["layers are identity, boundary"],
    );
    wrong("s3:GetObject", &["--policy"]);
    wrong("--policy s3.json", &["--requests"]);
    wrong("s3:GetObject --requests r.json --policy s3.json", &["--requests"]);
    wrong(
        "s3:GetObject --resource-policy a.json --key-policy b.json",
        &["--key-policy"],
    );
    let levels = "--scp FullAWSAccess ".repeat(8);
    wrong(&format!("s3:GetObject {levels}"), &["7 levels at most"]);
}

#[test]
fn what_the_catalog_does_not_know_is_a_note_and_decided() {
    let files = Files::new();
    let run = files
        .run("s3:GetObjct --resource OBJECT --policy id.json")
        .exits(0);
    assert!(run.out.starts_with("allowed"));
    run.says(&[
        "note",
        "there is no action \"s3:GetObjct\"",
        "did you mean s3:GetObject",
    ]);
    files
        .run("s5:GetObject --resource OBJECT --policy id.json")
        .exits(0)
        .says(&["no service has the prefix \"s5\""]);
    files
        .run("s3:GetObject --resource arn:aws:s3:::b/* --policy id.json")
        .exits(0)
        .says(&["counts as a plain character"]);
}

#[test]
fn colour_repeats_what_is_said_without_it() {
    let files = Files::new();
    let args = "s3:GetObject --resource OBJECT --policy id.json";
    let (plain, coloured) = (files.run(args), files.run(&format!("{args} --color always")));
    assert!(!plain.out.contains('\u{1b}'));
    let stripped = anstream::adapter::strip_str(&coloured.out).to_string();
    assert_ne!(coloured.out, plain.out);
    assert_eq!(stripped, plain.out);
    // A name that would move the cursor does not.
    files.policy(
        "odd.json",
        &json!([{"Sid": "a\u{1b}[2J", "Effect": "Allow", "Action": "*", "Resource": "*"}]),
    );
    assert!(
        !files
            .run("s3:GetObject --policy odd.json")
            .exits(0)
            .out
            .contains('\u{1b}')
    );
}

#[test]
fn help_names_each_option() {
    let help = leastgrant(&["simulate", "--help"]).exits(0);
    for part in [
        "[ACTION]",
        "--resource",
        "--principal",
        "--resource-account",
        "--context",
        "--absent",
        "--requests",
        "--complete",
        "--policy",
        "--grants",
        "--holder",
        "--boundary",
        "--session-policy",
        "--scp",
        "--rcp",
        "--resource-policy",
        "--trust-policy",
        "--key-policy",
        "--endpoint-policy",
        "--management-account",
        "--unknown-layer",
        "--format",
        "--exit-code",
        "--verbose",
    ] {
        assert!(help.out.contains(part), "{part}");
    }
    assert!(leastgrant(&["--help"]).exits(0).out.contains("simulate"));
}
