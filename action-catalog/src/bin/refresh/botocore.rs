//! AWS's API models: operations, their HTTP method and path, and their input.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Outcome;
use crate::sources::{BOTOCORE, Sources, entries, field, strings, text};

/// The model of one API.
pub(crate) struct Model {
    /// botocore's name: `elbv2`.
    pub(crate) service: String,
    /// `Elastic Load Balancing v2`.
    pub(crate) service_id: String,
    /// `Elastic Load Balancing`, as AWS writes it in full.
    pub(crate) name: String,
    /// First label of its host name: `monitoring`.
    pub(crate) endpoint: String,
    /// Name in signatures; may be empty.
    pub(crate) signing: String,
    /// `ec2`, `query`, `json`, `rest-json`, `rest-xml`.
    pub(crate) protocol: String,
    /// IAM prefix.
    pub(crate) prefix: String,
    json: Value,
}

/// One operation of a model.
#[derive(Clone, Copy)]
pub(crate) struct Api<'m> {
    pub(crate) model: &'m Model,
    pub(crate) name: &'m str,
    value: &'m Value,
}

/// A member of an input, as far down as asked.
#[derive(Clone)]
pub(crate) struct Member<'m> {
    /// Path in member names: `A.B[].C`.
    pub(crate) path: String,
    /// Name of the last member.
    pub(crate) name: &'m str,
    /// Its name on the wire, where that differs.
    pub(crate) location_name: &'m str,
    shape: &'m Value,
}

/// All models, by name, latest API version of each. `by_hand`: IAM prefixes of APIs that are not named like
/// their service. A model of a service whose actions AWS does not list has its signing name for prefix.
pub(crate) fn read(
    sources: &Sources,
    is_prefix: impl Fn(&str) -> bool,
    by_hand: &BTreeMap<String, String>,
) -> Outcome<Vec<Model>> {
    let mut models = Vec::new();
    for row in sources.csv("derived/botocore_service_to_prefix.csv")? {
        let service = field(&row, 0).to_owned();
        let by_hand = by_hand.get(&service).map_or("", String::as_str);
        let prefix = [by_hand, field(&row, 4), field(&row, 3), field(&row, 2)]
            .into_iter()
            .find(|candidate| !candidate.is_empty() && is_prefix(candidate));
        // Folders are API dates, so the last one is the latest.
        let versions = sources.list(&format!("{BOTOCORE}/{service}"))?;
        let Some(version) = versions.last() else { continue };
        let json = sources.gzipped_json(&format!("{BOTOCORE}/{service}/{version}/service-2.json.gz"))?;
        let metadata = json.get("metadata").unwrap_or(&Value::Null);
        let signing = [text(metadata, "signingName"), text(metadata, "endpointPrefix")];
        let signing = signing.into_iter().find(|name| !name.is_empty());
        let prefix = prefix
            .or(signing)
            .unwrap_or(service.as_str())
            .to_ascii_lowercase();
        models.push(Model {
            name: text(metadata, "serviceFullName").to_owned(),
            service_id: text(metadata, "serviceId").to_owned(),
            endpoint: text(metadata, "endpointPrefix").to_owned(),
            signing: text(metadata, "signingName").to_owned(),
            protocol: text(metadata, "protocol").to_owned(),
            prefix,
            service,
            json,
        });
    }
    models.sort_by(|a, b| a.service.cmp(&b.service));
    Ok(models)
}

impl Model {
    /// Operations in the order of the model.
    pub(crate) fn operations(&self) -> impl Iterator<Item = Api<'_>> {
        let operations = self.json.get("operations").into_iter().flat_map(entries);
        operations.map(|(name, value)| Api {
            model: self,
            name,
            value,
        })
    }

    fn shape(&self, name: &str) -> &Value {
        self.json
            .get("shapes")
            .and_then(|s| s.get(name))
            .unwrap_or(&Value::Null)
    }

    /// Members of a structure, paths under `parent`.
    fn members<'m>(&'m self, structure: &'m Value, parent: &str) -> Vec<Member<'m>> {
        let members = structure.get("members").into_iter().flat_map(entries);
        let member = |(name, value): (&'m String, &'m Value)| Member {
            path: if parent.is_empty() {
                name.clone()
            } else {
                format!("{parent}.{name}")
            },
            name,
            location_name: text(value, "locationName"),
            shape: self.shape(text(value, "shape")),
        };
        members.map(member).collect()
    }
}

impl<'m> Api<'m> {
    /// Why no IAM permission can be asked for: the call carries no signature of an IAM principal.
    pub(crate) fn unsigned(&self) -> Option<&'static str> {
        let one = |auth: Option<&Value>, name: &str| {
            auth.is_some_and(|auth| strings(auth).iter().all(|a| a == name) && !strings(auth).is_empty())
        };
        let own = self.value.get("auth");
        let metadata = self.model.json.get("metadata");
        let service = metadata.and_then(|m| m.get("auth"));
        // Older models say it by the version of their signature.
        let bearer = metadata.is_some_and(|m| text(m, "signatureVersion") == "bearer");
        if one(own, "smithy.api#noAuth") {
            return Some("the call is not signed: no IAM principal makes it");
        }
        (own.is_none() && (bearer || one(service, "smithy.api#httpBearerAuth")))
            .then_some("the call carries a bearer token of the service's own: no IAM principal signs it")
    }

    /// `GET`, `POST`, …
    pub(crate) fn method(&self) -> &'m str {
        self.value
            .get("http")
            .map(|http| text(http, "method"))
            .unwrap_or_default()
    }

    /// `/restapis/{restapi_id}`.
    pub(crate) fn uri(&self) -> &'m str {
        self.value
            .get("http")
            .map(|http| text(http, "requestUri"))
            .unwrap_or_default()
    }

    fn input(&self) -> &'m Value {
        self.value
            .get("input")
            .map(|i| self.model.shape(text(i, "shape")))
            .unwrap_or(&Value::Null)
    }

    /// Members of the input itself.
    pub(crate) fn members(&self) -> Vec<Member<'m>> {
        self.model.members(self.input(), "")
    }

    /// Whether the input cannot do without the member.
    pub(crate) fn requires(&self, member: &str) -> bool {
        strings(self.input().get("required").unwrap_or(&Value::Null))
            .iter()
            .any(|m| m == member)
    }

    /// The member at a path such as `A.B[].C`, names ASCII case folded.
    pub(crate) fn member(&self, path: &str) -> Option<Member<'m>> {
        let mut structure = self.input();
        let mut at: Option<Member<'m>> = None;
        for segment in path.split('.') {
            let name = segment.trim_end_matches("[]");
            let parent = at.as_ref().map(|m| m.path.clone()).unwrap_or_default();
            let mut members = self.model.members(structure, &parent).into_iter();
            let mut found = members.find(|m| m.name.eq_ignore_ascii_case(name))?;
            structure = found.shape;
            if segment.ends_with("[]") {
                found.path.push_str("[]");
                structure = self.model.shape(text(structure.get("member")?, "shape"));
            }
            at = Some(found);
        }
        at
    }

    /// Text members down to three levels that `wanted` accepts.
    pub(crate) fn find(&self, wanted: &dyn Fn(&Member<'m>) -> bool) -> Vec<Member<'m>> {
        let mut found = Vec::new();
        self.find_in(self.input(), "", 3, wanted, &mut found);
        found
    }

    fn find_in(
        &self,
        structure: &'m Value,
        parent: &str,
        depth: usize,
        wanted: &dyn Fn(&Member<'m>) -> bool,
        found: &mut Vec<Member<'m>>,
    ) {
        for mut member in self.model.members(structure, parent) {
            let mut shape = member.shape;
            if text(shape, "type") == "list" {
                member.path.push_str("[]");
                shape = shape
                    .get("member")
                    .map_or(&Value::Null, |m| self.model.shape(text(m, "shape")));
            }
            match text(shape, "type") {
                "string" if shape.get("enum").is_none() && wanted(&member) => found.push(member),
                "structure" if depth > 0 => self.find_in(shape, &member.path, depth - 1, wanted, found),
                _ => {}
            }
        }
    }
}

impl Member<'_> {
    /// Whether it is a text.
    pub(crate) fn is_text(&self) -> bool {
        text(self.shape, "type") == "string"
    }
}
