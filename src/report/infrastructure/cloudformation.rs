//! CloudFormation: a template of the policies after the change. What stands already comes with the identifier
//! to import it by (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html>).

use serde_json::{Map, Value, json};

use super::{Piece, pieces};
use crate::policy::print;
use crate::recommend::PolicyChange;

/// The template, as JSON.
pub fn template(policies: &[PolicyChange], principal: &str) -> Value {
    let mut resources = Map::new();
    let mut by_hand = Vec::new();
    let mut import = Map::new();
    for piece in pieces(policies, principal) {
        let (label, kind, properties, identifier) = match piece {
            Piece::Gone(what) => {
                by_hand.push(Value::String(what));
                continue;
            }
            Piece::Attach { to, arn, .. } => {
                // No resource of its own attaches a policy of AWS's to what stands already.
                by_hand.push(Value::String(format!("attach {arn} to {to}")));
                continue;
            }
            Piece::Managed {
                label,
                name,
                path,
                arn,
                document,
                attach,
            } => {
                let mut properties = Map::new();
                properties.insert("ManagedPolicyName".to_owned(), json!(name));
                properties.insert("Path".to_owned(), json!(path));
                properties.insert("PolicyDocument".to_owned(), print::document_value(document));
                for bearer in &attach {
                    let list = properties
                        .entry(format!("{}s", bearer.kind()))
                        .or_insert_with(|| json!([]));
                    if let Some(list) = list.as_array_mut() {
                        list.push(json!(bearer.name()));
                    }
                }
                let identifier = arn.map(|arn| json!({"PolicyArn": arn}));
                (
                    label,
                    "AWS::IAM::ManagedPolicy".to_owned(),
                    properties,
                    identifier,
                )
            }
            Piece::Inline {
                label,
                of,
                name,
                document,
                exists,
            } => {
                let bearer = format!("{}Name", of.kind());
                let mut properties = Map::new();
                properties.insert("PolicyName".to_owned(), json!(name));
                properties.insert(bearer.clone(), json!(of.name()));
                properties.insert("PolicyDocument".to_owned(), print::document_value(document));
                let identifier = exists.then(|| json!({"PolicyName": name, bearer: of.name()}));
                let kind = format!("AWS::IAM::{}Policy", of.kind());
                (label, kind, properties, identifier)
            }
        };
        // A logical id is of letters and digits.
        let label: String = label.split('_').map(capital).collect();
        let mut free = label.clone();
        let mut number = 2;
        while resources.contains_key(&free) {
            free = format!("{label}{number}");
            number += 1;
        }
        let mut resource = Map::new();
        resource.insert("Type".to_owned(), json!(kind));
        if let Some(identifier) = identifier {
            // A resource is imported only with a DeletionPolicy.
            resource.insert("DeletionPolicy".to_owned(), json!("Retain"));
            resource.insert("UpdateReplacePolicy".to_owned(), json!("Retain"));
            import.insert(free.clone(), identifier);
        }
        resource.insert("Properties".to_owned(), Value::Object(properties));
        resources.insert(free, Value::Object(resource));
    }
    let mut template = Map::new();
    template.insert("AWSTemplateFormatVersion".to_owned(), json!("2010-09-09"));
    let mut metadata = Map::new();
    if !import.is_empty() {
        metadata.insert("ImportBy".to_owned(), Value::Object(import));
    }
    if !by_hand.is_empty() {
        metadata.insert("ByHand".to_owned(), Value::Array(by_hand));
    }
    if !metadata.is_empty() {
        template.insert("Metadata".to_owned(), Value::Object(metadata));
    }
    template.insert("Resources".to_owned(), Value::Object(resources));
    Value::Object(template)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
