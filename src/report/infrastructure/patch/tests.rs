use serde_json::{Value, json};

use super::*;
use crate::evaluate::Layer;
use crate::grants::Origin;
use crate::policy::{Document, parse, print};
use crate::recommend::{After, Before};

const WHO: &str = "arn:aws:iam::111122223333:role/team/app";

fn document(statements: Value) -> Document {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    parse(&text, "p").0.unwrap()
}

/// Before: three statements. After: the first narrowed, the second gone, the third as it was, one more.
fn before() -> Document {
    document(json!([
        {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
        {"Sid": "Gone", "Effect": "Allow", "Action": "sqs:*", "Resource": "*"},
        {"Sid": "Own", "Effect": "Allow", "Action": "s3:GetObject",
         "Resource": ["arn:aws:s3:::home/${aws:username}/*"],
         "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
    ]))
}

fn change(origin: Origin) -> PolicyChange {
    let after = document(json!([
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject",
         "Resource": ["arn:aws:s3:::data/in/*", "arn:aws:s3:::home/${aws:username}/x"]},
        {"Sid": "Own", "Effect": "Allow", "Action": "s3:GetObject",
         "Resource": ["arn:aws:s3:::home/${aws:username}/*"],
         "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
        {"Sid": "Read2", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::data/out/*"},
    ]));
    let from = |from, untouched| After {
        from,
        untouched,
        kept: Vec::new(),
        forced: BTreeMap::new(),
    };
    PolicyChange {
        layer: Layer::Identity,
        before: Some(before()),
        before_statements: vec![Before::default(); 3],
        after: Some(after),
        after_statements: vec![from(Some(0), false), from(Some(2), true), from(Some(0), false)],
        holders: vec![WHO.to_owned()],
        origin,
        change: Change::Edit,
        replaces: None,
    }
}

fn managed() -> Origin {
    Origin::CustomerManaged {
        arn: "arn:aws:iam::111122223333:policy/team/Own".to_owned(),
        version: None,
        group: None,
    }
}

fn inline() -> Origin {
    Origin::Inline {
        name: "app".to_owned(),
    }
}

/// The file after `git apply`, which checks the patch first.
fn after(text: &str, policies: &[PolicyChange]) -> (String, Patch) {
    let file = File {
        name: "iam/main.tf".to_owned(),
        text: text.to_owned(),
    };
    let patch = patch(&[file], policies, WHO);
    let folder = tempfile::tempdir().unwrap();
    let git = apply(folder.path(), text, &patch.diff);
    (git, patch)
}

#[expect(clippy::disallowed_methods, reason = "git reads and writes files")]
fn apply(folder: &std::path::Path, text: &str, diff: &str) -> String {
    let path = folder.join("iam/main.tf");
    std::fs::create_dir_all(folder.join("iam")).unwrap();
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.join("p.diff"), diff).unwrap();
    for args in [&["apply", "--check", "p.diff"][..], &["apply", "p.diff"]] {
        let run = std::process::Command::new("git")
            .args(args)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{}\n{diff}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
    let made = std::fs::read_to_string(&path).unwrap();
    assert!(hcl_edit::parser::parse_body(&made).is_ok(), "{made}");
    made
}

/// The lines that did not change, comments among them, are there in order.
fn keeps(text: &str, made: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "{line}");
        assert!(made.contains(line), "{line}\n---\n{made}");
    }
}

const JSONENCODE: &str = r#"# Kept by the platform team.
resource "aws_iam_policy" "own" {
  name = "Own" # the name in IAM
  path = "/team/"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Read"
        Effect = "Allow"
        # Both, for now.
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "*"
      },
      # Nobody remembers why.
      {
        Sid      = "Gone"
        Effect   = "Allow"
        Action   = "sqs:*"
        Resource = "*"
      }, # really
      {
        Sid    = "Own" # each its own
        Effect = "Allow"
        Action = "s3:GetObject"
        Resource = [
          "${aws_s3_bucket.home.arn}/$${aws:username}/*",
        ]
        Condition = { StringEquals = { "aws:RequestedRegion" = "eu-west-1" } }
      }
    ]
  })
}
"#;

#[test]
fn jsonencode_is_edited_in_place() {
    let (made, patch) = after(JSONENCODE, &[change(managed())]);
    assert_eq!(patch.diagnostics, []);
    keeps(
        JSONENCODE,
        &made,
        &[
            "# Kept by the platform team.",
            "# the name in IAM",
            "        # Both, for now.\n",
            "\"${aws_s3_bucket.home.arn}/$${aws:username}/*\",",
            "Sid    = \"Own\" # each its own",
        ],
    );
    for gone in ["Nobody remembers", "sqs:*", "# really"] {
        assert!(!made.contains(gone), "{gone}\n{made}");
    }
    assert!(
        made.contains("Action = [\"s3:GetObject\"]") || made.contains("Action   = [\"s3:GetObject\"]"),
        "{made}"
    );
    assert!(
        made.contains("\"arn:aws:s3:::home/$${aws:username}/x\""),
        "{made}"
    );
    assert!(made.contains("Sid      = \"Read2\""), "{made}");
    assert!(!patch.diff.contains("+++ b/leastgrant.tf"));
}

const HEREDOC: &str = r#"resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "app" {
  name = "app"
  role = aws_iam_role.app.id

  policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Read",
          "Effect": "Allow",
          "Action": ["s3:GetObject", "s3:PutObject"],
          "Resource": "*"
        },
        {
          "Sid": "Gone",
          "Effect": "Allow",
          "Action": "sqs:*",
          "Resource": "*"
        },
        {
          "Sid": "Own", "Effect": "Allow",   "Action": "s3:GetObject",
          "Resource": ["${aws_s3_bucket.home.arn}/$${aws:username}/*"],
          "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
        }
      ]
    }
  EOF
}
"#;

#[test]
fn json_in_a_heredoc_keeps_its_lines() {
    let (made, patch) = after(HEREDOC, &[change(inline())]);
    assert_eq!(patch.diagnostics, []);
    keeps(
        HEREDOC,
        &made,
        &[
            "\"Sid\": \"Own\", \"Effect\": \"Allow\",   \"Action\": \"s3:GetObject\",",
            "\"Resource\": [\"${aws_s3_bucket.home.arn}/$${aws:username}/*\"],",
            "  role = aws_iam_role.app.id",
        ],
    );
    assert!(
        !made.contains("sqs:*") && made.contains("home/$${aws:username}/x"),
        "{made}"
    );
    let policy = text_of(&made);
    let wanted = change(inline())
        .after
        .map(|own| print::document_value(&own))
        .unwrap();
    let policy = policy.replace("${aws_s3_bucket.home.arn}", "arn:aws:s3:::home");
    let (found, _) = parse(&policy.replace("$${", "${"), "p");
    assert_eq!(print::document_value(&found.unwrap()), wanted);
}

fn text_of(made: &str) -> String {
    let from = made.find("<<-EOF\n").unwrap() + "<<-EOF\n".len();
    let to = made.find("\n  EOF").unwrap();
    made[from..to].to_owned()
}

const BLOCKS: &str = r#"data "aws_iam_policy_document" "own" {
  statement {
    sid = "Read"
    actions = [
      "s3:GetObject", # downloads
      "s3:PutObject",
    ]
    resources = ["*"]
  }

  # Nobody remembers why.
  statement {
    sid       = "Gone"
    actions   = ["sqs:*"]
    resources = ["*"]
  }

  statement {
    sid       = "Own"
    effect    = "Allow" # each its own
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::home/&{aws:username}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = ["eu-west-1"]
    }
  }
}

resource "aws_iam_policy" "own" {
  name   = "Own"
  policy = data.aws_iam_policy_document.own.json
}
"#;

#[test]
fn a_policy_document_is_edited_block_by_block() {
    let (made, patch) = after(BLOCKS, &[change(managed())]);
    assert_eq!(patch.diagnostics, []);
    keeps(
        BLOCKS,
        &made,
        &[
            "    effect    = \"Allow\" # each its own",
            "resources = [\"arn:aws:s3:::home/&{aws:username}/*\"]",
        ],
    );
    assert!(!made.contains("sqs:*") && !made.contains("Nobody"), "{made}");
    assert!(made.contains("\"arn:aws:s3:::home/&{aws:username}/x\""), "{made}");
    assert!(made.contains("sid       = \"Read2\""), "{made}");
}

#[test]
fn what_cannot_be_placed_is_said_with_its_line_and_comes_by_itself() {
    let cases = [
        (
            "resource \"aws_iam_policy\" \"own\" {\n  name   = \"Own\"\n  policy = var.policy\n}\n",
            3,
            "variable",
        ),
        (
            "resource \"aws_iam_policy\" \"own\" {\n  for_each = toset([\"a\"])\n  name     = \"Own\"\n  policy   = jsonencode({})\n}\n",
            2,
            "for_each",
        ),
        (
            "# x\nresource \"aws_iam_policy\" \"own\" {\n  name   = \"${var.stage}-own\"\n  policy = \"{}\"\n}\n",
            2,
            "its name",
        ),
        (
            "resource \"aws_iam_policy\" \"own\" {\n  name   = \"Own\"\n  policy = jsonencode({ Version = \"2012-10-17\", Statement = [] })\n}\n",
            3,
            "differ",
        ),
    ];
    for (text, line, word) in cases {
        let (made, patch) = after(text, &[change(managed())]);
        assert_eq!(made, text);
        let said = patch.diagnostics.first().unwrap();
        assert!(said.message.contains(word), "{}", said.message);
        let place = said.place.as_ref().unwrap();
        assert_eq!((place.file.as_str(), place.line), ("iam/main.tf", Some(line)));
        assert!(
            patch.diff.contains("+++ b/leastgrant.tf") && patch.diff.contains("+import {"),
            "{}",
            patch.diff
        );
    }
}

#[test]
fn what_goes_is_taken_out_where_nothing_hangs_on_it() {
    let text = "resource \"aws_iam_role_policy_attachment\" \"power\" {\n  role       = \"app\"\n  policy_arn = \"arn:aws:iam::aws:policy/PowerUserAccess\"\n}\n\nlocals {\n  x = 1\n}\n";
    let gone = PolicyChange {
        change: Change::Detach,
        after: None,
        after_statements: Vec::new(),
        ..change(Origin::AwsManaged {
            arn: "arn:aws:iam::aws:policy/PowerUserAccess".to_owned(),
            version: None,
            group: None,
        })
    };
    let (made, patch) = after(text, std::slice::from_ref(&gone));
    assert_eq!(made, "locals {\n  x = 1\n}\n");
    assert_eq!(patch.diagnostics, []);
    let hangs = format!("{text}output \"x\" {{\n  value = aws_iam_role_policy_attachment.power.id\n}}\n");
    let (made, patch) = after(&hangs, &[gone]);
    assert_eq!(made, hangs);
    assert_eq!(patch.diagnostics.len(), 1);
}
