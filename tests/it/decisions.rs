//! The decision matrix: policies, requests, answers, each rule with its source. The cases stand in
//! `decisions/`, a file a topic; `decisions/matrix.txt` is the whole behaviour on one page.
#![expect(clippy::disallowed_methods, reason = "tests read files")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails here fails its test"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use leastgrant::evaluate::{Compiled, Decision, Layer, PolicyIn, Principal, Setting};
use leastgrant::policy::{Document, parse};
use leastgrant::simulate::{Question, Unnamed, read_questions};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    topic: String,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    rule: String,
    source: String,
    mistake: Option<String>,
    policies: Vec<Policy>,
    management_account: Option<String>,
    #[serde(default)]
    unknown_layers: Vec<String>,
    requests: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    layer: String,
    document: serde_json::Value,
}

/// Who asks where a request does not say.
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/decisions")
}

fn topics() -> Vec<(String, Topic)> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let topic = serde_json::from_str(&std::fs::read_to_string(&path).unwrap());
        (
            name.clone(),
            topic.unwrap_or_else(|error| panic!("{name}: {error}")),
        )
    };
    paths.into_iter().map(read).collect()
}

fn layer(text: &str) -> Layer {
    Layer::parse(text).unwrap_or_else(|| panic!("no layer {text}"))
}

fn compiled(group: &Group) -> Compiled {
    let documents: Vec<(Layer, Document)> = group
        .policies
        .iter()
        .map(|policy| {
            let (document, said) = parse(&policy.document.to_string(), "-");
            let document = document.unwrap_or_else(|| panic!("{}: {said:?}", group.rule));
            (layer(&policy.layer), document)
        })
        .collect();
    let policies: Vec<PolicyIn<'_>> = documents
        .iter()
        .map(|(layer, document)| PolicyIn {
            layer: *layer,
            document,
        })
        .collect();
    let setting = Setting {
        unknown: group.unknown_layers.iter().map(|text| layer(text)).collect(),
        management_account: group.management_account.clone(),
    };
    Compiled::within(&policies, setting)
}

/// The question, and the answer that is expected.
fn question(group: &Group, written: &serde_json::Value) -> (Question, String) {
    let mut written = written.clone();
    let expected = written.as_object_mut().and_then(|object| object.remove("expect"));
    let expected = expected.unwrap_or_else(|| panic!("{}: a request without expect", group.rule));
    let (mut questions, said) = read_questions(&written.to_string(), "-", Unnamed::Absent);
    assert_eq!(said, [], "{}: {written}", group.rule);
    let mut question = questions.remove(0);
    question
        .principal
        .get_or_insert_with(|| Principal::parse(SESSION).unwrap());
    (question, expected.as_str().unwrap().to_owned())
}

fn in_words(decision: &Decision) -> String {
    match decision {
        Decision::Allowed { .. } => "allowed".to_owned(),
        Decision::ExplicitDeny { layer, .. } => format!("explicit-deny {layer}"),
        Decision::ImplicitDeny { layer } => format!("implicit-deny {layer}"),
        Decision::Unknown { missing } => format!("unknown {}", missing.join(",")),
    }
}

#[test]
fn every_decision_is_as_documented() {
    let (mut requests, mut wrong) = (0, Vec::new());
    for (file, topic) in topics() {
        for group in &topic.groups {
            assert!(group.source.starts_with("https://"), "{file}: {}", group.rule);
            let compiled = compiled(group);
            for written in &group.requests {
                requests += 1;
                let (question, expected) = question(group, written);
                let got = in_words(&question.ask(&compiled).decision);
                let fits = got == expected || (expected == "unknown" && got.starts_with("unknown "));
                if !fits {
                    wrong.push(format!("{file}: {}\n  {written}\n  is {got}", group.rule));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {requests}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(requests >= 300, "{requests} requests");
}

/// One line a request, under its rule and the policies: what a person reads.
#[test]
fn the_matrix_on_one_page_is_up_to_date() {
    let mut page =
        String::from("The decision matrix: every rule, its source, the policies, and what is decided.\n");
    for (_, topic) in topics() {
        write!(
            page,
            "\n{}\n{}\n",
            topic.topic,
            "=".repeat(topic.topic.chars().count())
        )
        .unwrap();
        for group in &topic.groups {
            write_group(&mut page, group);
        }
    }
    let path = folder().join("matrix.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == committed,
        "{} is out of date: UPDATE_EXPECT=1 cargo test --test it decisions",
        path.display()
    );
}

fn write_group(page: &mut String, group: &Group) {
    let compiled = compiled(group);
    write!(page, "\n{}\n  {}\n", group.rule, group.source).unwrap();
    if let Some(mistake) = &group.mistake {
        writeln!(page, "  others: {mistake}").unwrap();
    }
    if let Some(account) = &group.management_account {
        writeln!(page, "  management account {account}").unwrap();
    }
    for layer in &group.unknown_layers {
        writeln!(page, "  {layer}: not known").unwrap();
    }
    for policy in &group.policies {
        let version = policy.document.get("Version").and_then(|v| v.as_str());
        let old = if version == Some("2012-10-17") {
            ""
        } else {
            " (2008-10-17)"
        };
        let statements = match &policy.document["Statement"] {
            serde_json::Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        for statement in statements {
            writeln!(page, "  {}{old}: {statement}", policy.layer).unwrap();
        }
    }
    for written in &group.requests {
        let (question, _) = question(group, written);
        let mut rest = written.clone();
        let fields = rest.as_object_mut().unwrap();
        ["action", "resource", "expect"].into_iter().for_each(|name| {
            fields.shift_remove(name);
        });
        let resource = question.resource.as_deref().unwrap_or("(not known)");
        let decision = in_words(&question.ask(&compiled).decision);
        let more = if fields.is_empty() {
            String::new()
        } else {
            format!(" {rest}")
        };
        writeln!(page, "    {} {resource}{more} -> {decision}", question.action).unwrap();
    }
}
