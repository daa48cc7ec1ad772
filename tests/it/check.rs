//! `check`: each question, both verdicts, where findings point, its JSON against the schema, exit codes,
//! bad input.

use serde_json::{Value, json};

use crate::support::{
    Folder, Run, command, expect_file, finish, follows_the_schema, leastgrant, log, queue_call,
};

const SCHEMA: &str = "schema/check.schema.json";

const OLD: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "arn:aws:s3:::b/*"},
    {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
    {
      "Sid": "Never",
      "Effect": "Deny",
      "Action": "iam:PassRole",
      "Resource": "*"
    }
  ]
}
"#;

const NEW: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "s3:Get*",
        "s3:PutObject"
      ],
      "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::c/*"],
      "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    },
    {"Sid": "Pass", "Effect": "Allow", "Action": "iam:Pass*", "Resource": "arn:aws:iam::111122223333:role/x"},
    {"Effect": "Allow", "Action": ["sqs:*", "made:Up"], "Resource": "*"}
  ]
}
"#;

/// Policies in a folder of their own.
struct Files(Folder);

impl Files {
    fn new() -> Self {
        let files = Self(Folder::new());
        files.0.file("old.json", OLD);
        files.0.file("new.json", NEW);
        let allow = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        files.policy("s3.json", &json!([allow("s3:*")]));
        files.policy("s3-get.json", &json!([allow("s3:Get*")]));
        files.policy("all.json", &json!([allow("*")]));
        let role = json!({"AWS": "arn:aws:iam::111122223333:role/app"});
        let get = |principal: &Value, more: &str| json!({"Effect": "Allow", "Principal": principal, "Action": ["s3:GetObject", more], "Resource": "arn:aws:s3:::b/*"});
        files.policy("bucket.json", &json!([get(&role, "s3:GetObject")]));
        files.policy("bucket-more.json", &json!([get(&role, "s3:PutObject")]));
        files.policy(
            "bucket-open.json",
            &json!([get(&json!({"AWS": "*"}), "s3:GetObject")]),
        );
        let trust =
            |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
        let lambda = trust(json!({"Service": "lambda.amazonaws.com"}));
        let other = trust(json!({"AWS": "arn:aws:iam::444455556666:root"}));
        files.policy("trust.json", &json!([lambda]));
        files.policy("trust-more.json", &json!([lambda, other]));
        files
    }

    fn policy(&self, name: &str, statements: &Value) {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        self.0
            .file(name, serde_json::to_string_pretty(&document).unwrap());
    }

    /// Runs it in the folder, so that paths are short.
    fn run(&self, args: &str) -> Run {
        let mut command = command();
        command.current_dir(self.0.path("")).arg("check");
        finish(command.args(args.split_whitespace()))
    }

    #[track_caller]
    fn json(&self, args: &str) -> Value {
        let json = self.run(&format!("{args} --format json")).exits(0).json();
        follows_the_schema(SCHEMA, leastgrant::check::SCHEMA_VERSION, &json);
        json
    }

    #[track_caller]
    fn verdict(&self, args: &str) -> String {
        self.json(args)["verdict"].as_str().unwrap().to_owned()
    }
}

#[test]
fn the_committed_schema_is_current() {
    let schema = leastgrant::check::check_schema();
    let text = serde_json::to_string_pretty(&schema).unwrap();
    expect_file(SCHEMA, &format!("{text}\n"));
}

#[test]
fn new_access_points_to_the_entry_that_grants_it() {
    let files = Files::new();
    let run = files
        .run("--policy new.json --against old.json --exit-code")
        .exits(3);
    let expected = "\
error[new-access]: grants s3:PutObject on arn:aws:s3:::b/* that old.json does not allow
 --> new.json:8:9
  |
8 |         \"s3:PutObject\"
  |         ^^^^^^^^^^^^^^
  |
  = help: no statement of old.json allows it; for example s3:PutObject on arn:aws:s3:::b/example with aws:SourceVpce = vpce-1
";
    assert!(run.out.starts_with(expected), "{}", run.out);
    for part in [
        "grants s3:Get* (also ones that the catalog does not know) on",
        "--> new.json:7:9",
        "grants iam:Pass* on arn:aws:iam::111122223333:role/x that old.json",
        "help: statement 3 (Never) of old.json:6 denies it; for example iam:PassRole on",
        "grants sqs:* (and made:Up, which the catalog does not know) on *",
        "\npermits 2^",
    ] {
        assert!(run.out.contains(part), "no `{part}` in {}", run.out);
    }
    files.run("--policy new.json --against old.json").exits(0);
}

#[test]
fn the_json_names_statement_actions_reason_and_an_example() {
    let files = Files::new();
    let report = files.json("--policy new.json --against old.json");
    assert_eq!(report["verdict"], "differs");
    assert_eq!(report["checks"], json!({"new_access": "differs"}));
    let findings = report["findings"].as_array().unwrap();
    let pass = findings
        .iter()
        .find(|finding| finding["statement"]["sid"] == "Pass" && finding["because"]["kind"] == "denied")
        .unwrap();
    assert_eq!(
        pass["statement"],
        json!({"policy": "new.json", "statement": 2, "sid": "Pass", "line": 13})
    );
    assert_eq!(
        (&pass["code"], &pass["place"]["line"]),
        (&json!("new-access"), &json!(13))
    );
    assert_eq!(pass["actions"], json!({"known": ["iam:PassRole"]}));
    assert_eq!(
        pass["because"]["by"],
        json!({"policy": "old.json", "statement": 3, "sid": "Never", "line": 6})
    );
    assert_eq!(
        pass["example"],
        json!({"action": "iam:PassRole", "resource": "arn:aws:iam::111122223333:role/x", "context": {}})
    );
    // The examples are requests that `simulate` answers: allowed by the new, refused by the old.
    for finding in findings {
        files
            .0
            .file("requests.json", json!([finding["example"]]).to_string());
        for (policy, code) in [("new.json", 0), ("old.json", 3)] {
            let args = [
                "simulate",
                "--requests",
                "requests.json",
                "--complete",
                "--exit-code",
                "--policy",
                policy,
            ];
            finish(command().current_dir(files.0.path("")).args(args)).exits(code);
        }
    }
}

#[test]
fn a_change_that_grants_nothing_new_is_proved() {
    let files = Files::new();
    let run = files
        .run("--policy s3-get.json --against s3.json --exit-code")
        .exits(0);
    let expected = "no new access: everything that s3-get.json allows, s3.json allows (proved over all actions, resources and conditions)\npermits 2^";
    assert!(run.out.starts_with(expected), "{}", run.out);
    assert_eq!(files.verdict("--policy s3.json --against s3-get.json"), "differs");
    // Policies of one side add up.
    assert_eq!(
        files.verdict("--policy s3-get.json --policy old.json --against old.json s3.json"),
        "proved"
    );
    // A boundary and SCPs bind both sides.
    assert_eq!(
        files.verdict("--policy all.json --against s3.json --boundary s3-get.json"),
        "proved"
    );
    assert_eq!(
        files.verdict("--policy all.json --against s3-get.json --scp FullAWSAccess --scp s3-get.json"),
        "proved"
    );
    assert_eq!(
        files.verdict("--policy all.json --against s3-get.json --boundary s3.json"),
        "differs"
    );
}

#[test]
fn managed_policies_are_compared_by_name() {
    let files = Files::new();
    let proved = files.json("--policy ReadOnlyAccess --against AdministratorAccess");
    assert_eq!(proved["verdict"], "proved");
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let differs = files.json(&format!("--policy {arn} --against ReadOnlyAccess"));
    assert_eq!(differs["verdict"], "differs");
    let finding = &differs["findings"][0];
    assert_eq!(
        finding["statement"],
        json!({"policy": "AWS managed policy AdministratorAccess", "statement": 1})
    );
    assert!(finding["place"]["line"].is_null());
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains(" services (") && message.len() < 300,
        "{message}"
    );
    assert!(finding["actions"]["unknown"].is_string());
}

#[test]
fn what_must_not_be_allowed_is_found() {
    let files = Files::new();
    let run = files
        .run("--policy new.json --deny-access s3:Put* iam:PassRole --on arn:aws:s3:::c/* --exit-code")
        .exits(3);
    let message = "grants s3:PutObject on arn:aws:s3:::c/*, which must not be allowed\n --> new.json:8:9";
    assert!(run.out.contains(message), "{}", run.out);
    assert!(
        run.out
            .contains("help: --deny-access 's3:Put*'; for example s3:PutObject on arn:aws:s3:::c/example")
    );
    let report = files.json("--policy new.json --deny-access iam:*");
    assert_eq!(report["findings"][0]["code"], "denied-access");
    assert_eq!(
        report["findings"][0]["because"],
        json!({"kind": "forbidden", "by": ["iam:*"]})
    );
    let run = files
        .run("--policy new.json --deny-access s3:Delete* --against all.json --exit-code")
        .exits(0);
    assert!(
        run.out
            .contains("no new access: everything that new.json allows, all.json allows")
    );
    assert!(
        run.out
            .contains("no denied access: new.json allows nothing of s3:Delete* on * (proved")
    );
    files
        .run("--policy new.json --deny-access s3:PutObjekt")
        .exits(0)
        .says(&["the catalog knows no such action", "did you mean s3:PutObject?"]);
    files
        .run("--policy bucket-open.json --deny-access s3:GetObject --exit-code")
        .exits(3);
}

#[test]
fn policies_of_resources_are_compared_by_whom_they_name() {
    let files = Files::new();
    assert_eq!(
        files.verdict("--policy bucket.json --against bucket-more.json"),
        "proved"
    );
    let report = files.json("--policy bucket-more.json --against bucket.json");
    let finding = &report["findings"][0];
    assert_eq!(
        finding["principals"],
        json!(["arn:aws:iam::111122223333:role/app"])
    );
    assert_eq!(
        finding["because"],
        json!({"kind": "not-allowed", "layer": "resource"})
    );
    assert_eq!(finding["actions"]["known"], json!(["s3:PutObject"]));
    assert_eq!(
        files.verdict("--policy bucket.json --against bucket-open.json"),
        "proved"
    );
    let open = files.json("--policy bucket-open.json --against bucket.json");
    let principals = open["findings"][0]["principals"].to_string();
    assert!(principals.contains("any other account"), "{principals}");
    // A role's trust policy is told by what it speaks of.
    let run = files
        .run("--policy trust-more.json --against trust.json")
        .exits(0);
    assert!(
        run.out
            .contains("grants sts:AssumeRole to account 444455556666 that trust.json does not allow"),
        "{}",
        run.out
    );
    for kind in ["resource", "trust", "key"] {
        let args = format!("--policy bucket-more.json --against bucket.json --kind {kind}");
        assert_eq!(files.verdict(&args), "differs");
    }
    files
        .run("--policy bucket.json --against bucket.json --kind identity")
        .exits(1)
        .says(&["it names a Principal"]);
    files
        .run("--policy bucket.json --against s3.json")
        .exits(1)
        .says(&["a statement names no Principal"]);
    files
        .run("--policy bucket.json --against bucket.json --boundary s3.json")
        .exits(2)
        .says(&["--boundary and --scp limit identity policies"]);
    files
        .run("--policy bucket.json --trail . --principal role/app")
        .exits(2)
        .says(&["--trail is held against identity policies"]);
}

#[test]
fn what_aws_does_not_document_is_undecided() {
    let files = Files::new();
    let statement =
        |resource: &str| json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]);
    files.policy("unusual.json", &statement("arn:aws:s3"));
    files.policy("one.json", &statement("arn:aws:s3:::b/k"));
    let run = files
        .run("--policy unusual.json --against one.json --exit-code")
        .exits(3);
    assert!(
        run.out
            .contains("warning[undecided-access]: may grant s3:GetObject"),
        "{}",
        run.out
    );
    assert!(
        run.out.contains("\n1 finding: it could not be decided\n"),
        "{}",
        run.out
    );
    let report = files.json("--policy unusual.json --against one.json");
    assert_eq!(report["verdict"], "undecided");
    assert!(report["findings"][0]["because"].is_null());
}

const TRAIL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci-deploy/trail");

#[test]
fn observed_use_must_stay_allowed() {
    let files = Files::new();
    files.policy(
        "trim.json",
        &json!([
            {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*", "ecs:UpdateService"], "Resource": "*"},
            {"Effect": "Deny", "Action": "lambda:Update*", "Resource": "*"},
        ]),
    );
    let who = format!("--trail {TRAIL} --principal role/ci-deploy");
    let run = files
        .run(&format!(
            "--policy trim.json --against PowerUserAccess {who} --exit-code"
        ))
        .exits(3);
    for part in [
        "no new access: everything that trim.json allows, PowerUserAccess allows",
        "error[lost-use]: no statement of trim.json allows ecs:UpdateService on arn:aws:ecs:",
        "error[lost-use]: denies lambda:UpdateFunctionCode on arn:aws:lambda:",
        "used it 38 times, last on 2026-10-29",
        "--> trim.json:",
        "observed uses of arn:aws:iam::111122223333:role/ci/ci-deploy: ",
        " lost, 6 not allowed by the old policies either",
    ] {
        assert!(run.out.contains(part), "no `{part}` in {}", run.out);
    }
    let report = files.json(&format!("--policy AdministratorAccess {who}"));
    assert_eq!(report["verdict"], "proved");
    let uses = &report["checks"]["lost_use"];
    assert_eq!((&uses["lost"], &uses["observed"]), (&json!(0), &uses["allowed"]));
    files
        .run(&format!(
            "--policy trim.json --trail {TRAIL} --principal role/ci-deploi"
        ))
        .exits(1)
        .says(&["did you mean role/ci-deploy?"]);
}

#[test]
fn use_that_hangs_on_what_was_not_recorded_is_undecided_or_carried() {
    let files = Files::new();
    files.0.file("trail/log.json", log(&[queue_call(1, "q")]));
    let allow = |org: &str| {
        json!([{"Effect": "Allow", "Action": "sqs:*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": org}}}])
    };
    files.policy("org.json", &allow("o-1"));
    files.policy("other.json", &allow("o-2"));
    let who = "--trail trail --principal role/worker";
    let report = files.json(&format!("--policy org.json --against org.json {who}"));
    assert_eq!(
        (&report["verdict"], &report["checks"]["lost_use"]["carried"]),
        (&json!("proved"), &json!(1))
    );
    let report = files.json(&format!("--policy other.json {who}"));
    assert_eq!(report["verdict"], "undecided");
    assert_eq!(report["findings"][0]["about"], json!(["aws:principalorgid"]));
    let help = report["findings"][0]["help"].as_str().unwrap();
    assert!(
        help.starts_with("it hangs on aws:PrincipalOrgID, which the trail does not say"),
        "{help}"
    );
    // Part of the trail that cannot be read is said.
    files
        .0
        .file("trail/broken.json", "{\"Records\": [{\"eventName\": 1}, ");
    files
        .run(&format!("--policy s3.json {who}"))
        .exits(4)
        .says(&["were left out"]);
    files.0.file("empty/x.json", "{\"Records\": []}");
    files
        .run("--policy s3.json --trail empty --principal role/worker")
        .exits(1);
}

#[test]
fn a_policy_that_cannot_be_read_is_an_error_at_its_place() {
    let files = Files::new();
    for (name, bytes, place) in [
        ("cut.json", b"{\n \"Statement\": [".as_slice(), "cut.json:2:"),
        ("bytes.json", b"\n  \xff\xfe\x00", "bytes.json:2:3"),
        ("text.json", b"hello", "text.json:1:1"),
        ("colon.json", b"{\"Statement\" []}", "colon.json:1:"),
        (
            "effect.json",
            b"{\"Statement\": [{\"Effect\": \"May\", \"Action\": \"*\", \"Resource\": \"*\"}]}",
            "effect.json:1:",
        ),
    ] {
        files.0.file(name, bytes);
        for args in [
            format!("--policy {name} --against old.json"),
            format!("--policy old.json --against {name}"),
            format!("--policy old.json --against old.json --boundary {name}"),
        ] {
            let run = files.run(&args).exits(1).says(&["error[", place]);
            assert_eq!(run.out, "");
        }
    }
    files
        .run("--policy gone.json --against old.json")
        .exits(1)
        .says(&["gone.json"]);
    files
        .run("--policy ReadOnlyAcces --against old.json")
        .exits(1)
        .says(&["did you mean `ReadOnlyAccess`?"]);
}

#[test]
fn the_command_line_is_held_to_what_can_be_asked() {
    let files = Files::new();
    for (args, says) in [
        ("--policy new.json", "--against"),
        ("--against old.json", "--policy"),
        ("--policy new.json --against old.json --on *", "--deny-access"),
        ("--policy new.json --trail .", "--principal"),
        (
            "--policy new.json --against old.json --principal role/x",
            "--trail",
        ),
        ("--policy new.json --deny-access PutObject", "s3:PutBucketAcl"),
        (
            "--policy new.json --deny-access s3:* --on bucket",
            "a resource is an ARN",
        ),
        (
            "--policy new.json --deny-access s3:* --on arn:aws:s3:::${x}",
            "variables",
        ),
        ("--policy - --against -", "standard input"),
        ("--policy new.json --against old.json --kind group", "identity"),
    ] {
        files.run(args).exits(2).says(&[says]);
    }
    let help = leastgrant(&["check", "--help"]).exits(0);
    for option in [
        "--policy",
        "--against",
        "--deny-access",
        "--on",
        "--trail",
        "--principal",
        "--boundary",
        "--scp",
        "--kind",
        "--exit-code",
    ] {
        assert!(help.out.contains(option), "no {option}");
    }
    let mut from_input = command();
    from_input.current_dir(files.0.path("")).write_stdin(NEW);
    let run = finish(from_input.args(["check", "--policy", "-", "--against", "old.json"])).exits(0);
    assert!(run.out.contains("--> -:8:9"), "{}", run.out);
}
