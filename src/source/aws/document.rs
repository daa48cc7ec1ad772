//! Answers in XML as JSON values, in the shape that the AWS CLI prints them.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// Reads an XML answer: an element of texts becomes a string, one of elements an object; elements of one
/// name become a list, as do those of a list's `member` or `entry`. An empty element is null.
///
/// # Errors
/// What is wrong with the XML, in words.
pub(super) fn from_xml(text: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(text);
    let mut stack: Vec<Open> = vec![Open::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => stack.push(Open {
                name: start.local_name().as_ref().to_owned(),
                ..Open::default()
            }),
            Event::Empty(empty) => {
                let name = empty.local_name().as_ref().to_owned();
                if let Some(parent) = stack.last_mut() {
                    parent.add(name, Value::Null);
                }
            }
            Event::End(_) => {
                let (Some(closed), Some(parent)) = (stack.pop(), stack.last_mut()) else {
                    return Err("an element ends that never began".to_owned());
                };
                let name = closed.name.clone();
                parent.add(name, closed.value());
            }
            Event::Text(piece) => {
                if let Some(open) = stack.last_mut() {
                    open.text.push_str(&piece);
                }
            }
            Event::CData(piece) => {
                if let Some(open) = stack.last_mut() {
                    open.text.push_str(&piece);
                }
            }
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(char)) => char.to_string(),
                    _ => quick_xml::escape::resolve_predefined_entity(name)
                        .ok_or_else(|| format!("an entity that XML does not know: {name}"))?
                        .to_owned(),
                };
                if let Some(open) = stack.last_mut() {
                    open.text.push_str(&resolved);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match stack.len() {
        1 => Ok(stack.pop().map(Open::value).unwrap_or_default()),
        _ => Err("it ends in the middle of an element".to_owned()),
    }
}

#[derive(Default)]
struct Open {
    name: String,
    text: String,
    fields: Map<String, Value>,
    /// How many fields came, those of one name each counted.
    members: Vec<Value>,
    only_members: bool,
}

impl Open {
    fn add(&mut self, name: String, value: Value) {
        if self.fields.is_empty() && self.members.is_empty() {
            self.only_members = name == "member" || name == "entry";
        }
        if self.only_members && (name == "member" || name == "entry") {
            self.members.push(value);
            return;
        }
        match self.fields.get_mut(&name) {
            Some(Value::Array(values)) => values.push(value),
            Some(first) => {
                let one = std::mem::take(first);
                *first = Value::Array(vec![one, value]);
            }
            None => {
                self.fields.insert(name, value);
            }
        }
    }

    fn value(self) -> Value {
        if !self.members.is_empty() {
            return Value::Array(self.members);
        }
        if !self.fields.is_empty() {
            return Value::Object(self.fields);
        }
        if self.text.is_empty() || (self.text.contains('\n') && self.text.trim().is_empty()) {
            return Value::Null;
        }
        Value::String(self.text)
    }
}

/// A field's text, however deep.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path)?.as_str()
}

/// What stands at the path.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.get(*name))
}

/// The elements of a list: what XML has only once is a list of one.
pub(super) fn list<'v>(value: &'v Value, path: &[&str]) -> Vec<&'v Value> {
    match at(value, path) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(one) => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_objects_and_texts() {
        let xml = "<?xml version=\"1.0\"?>\n<R xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><A><member>1</member></A><B/>\
                   <C><X>a&amp;b</X><X>&#x41;</X></C><D> </D></R>";
        assert_eq!(
            from_xml(xml).unwrap(),
            json!({"R": {"A": ["1"], "B": null, "C": {"X": ["a&b", "A"]}, "D": " "}})
        );
        assert!(from_xml("<A><B></A>").is_err());
        assert!(from_xml("<A>").is_err());
        let value = from_xml("<A><K>1</K></A>").unwrap();
        assert_eq!(list(&value, &["A", "K"]), [&json!("1")]);
        assert!(list(&value, &["A", "L"]).is_empty());
    }
}
