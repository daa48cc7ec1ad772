//! The iam-dataset project's map: SDK method -> IAM actions with templates of their resources.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::Outcome;
use crate::sources::{HANDOVER, Sources, entries, text};

/// Its entries.
pub(crate) struct MethodMap {
    /// (normalised SDK service, lower-cased method) -> entry.
    by_service: HashMap<(String, String), Entry>,
    /// (IAM prefix, lower-cased method) -> normalised SDK services.
    by_prefix: BTreeMap<(String, String), Vec<String>>,
}

/// One method.
#[derive(Clone)]
pub(crate) struct Entry {
    /// Normalised SDK service.
    pub(crate) service: String,
    /// In the SDK's spelling.
    pub(crate) method: String,
    /// In the map's order.
    pub(crate) actions: Vec<Mapped>,
}

/// One action of a method.
#[derive(Clone)]
pub(crate) struct Mapped {
    /// As written.
    pub(crate) action: String,
    /// ARN variable -> template.
    pub(crate) variables: Vec<(String, String)>,
    /// Resource type -> template of its whole ARN.
    pub(crate) arns: Vec<(String, String)>,
    /// Template of the resource, whatever the action's types.
    pub(crate) arn_override: Option<String>,
    /// Guarded by a condition on the request that we do not translate.
    pub(crate) conditional: bool,
}

/// Lower-cased letters and digits.
pub(crate) fn normal(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

impl MethodMap {
    pub(crate) fn read(sources: &Sources) -> Outcome<Self> {
        let json = sources.json(&format!("{HANDOVER}/iam-dataset/map-2023-01-01.json"))?;
        let prefixes: HashMap<String, String> = json
            .get("sdk_service_mappings")
            .into_iter()
            .flat_map(entries)
            .map(|(sdk, prefix)| (normal(sdk), prefix.as_str().unwrap_or_default().to_owned()))
            .collect();
        let mut map = Self {
            by_service: HashMap::new(),
            by_prefix: BTreeMap::new(),
        };
        for (key, value) in json.get("sdk_method_iam_mappings").into_iter().flat_map(entries) {
            let Some((sdk, method)) = key.split_once('.') else {
                continue;
            };
            let (sdk, folded) = (normal(sdk), method.to_ascii_lowercase());
            let prefix = prefixes.get(&sdk).cloned().unwrap_or_else(|| sdk.clone());
            map.by_prefix
                .entry((prefix, folded.clone()))
                .or_default()
                .push(sdk.clone());
            let actions = value.as_array().into_iter().flatten().map(mapped).collect();
            map.by_service.insert(
                (sdk.clone(), folded),
                Entry {
                    service: sdk,
                    method: method.to_owned(),
                    actions,
                },
            );
        }
        Ok(map)
    }

    /// The entry of an API's method: of the SDK service of that name, else of the only one of its prefix.
    pub(crate) fn entry(&self, names: [&str; 2], prefix: &str, method: &str) -> Option<&Entry> {
        let method = method.to_ascii_lowercase();
        let named = names
            .iter()
            .find_map(|name| self.by_service.get(&(normal(name), method.clone())));
        if named.is_some() {
            return named;
        }
        match self
            .by_prefix
            .get(&(prefix.to_owned(), method.clone()))?
            .as_slice()
        {
            [only] => self.by_service.get(&(only.clone(), method)),
            _ => None,
        }
    }

    /// All entries with their IAM prefix, for methods that no API model has any more.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.by_prefix.iter().filter_map(|((prefix, method), services)| {
            let service = services.first()?;
            Some((
                prefix.as_str(),
                self.by_service.get(&(service.clone(), method.clone()))?,
            ))
        })
    }
}

fn mapped(value: &Value) -> Mapped {
    let templates = |key: &str| -> Vec<(String, String)> {
        let pairs = value.get(key).into_iter().flat_map(entries);
        pairs
            .filter(|(_, v)| v.get("conditions").is_none())
            .map(|(name, v)| {
                (
                    name.clone(),
                    v.as_str().unwrap_or_else(|| text(v, "template")).to_owned(),
                )
            })
            .collect()
    };
    Mapped {
        action: text(value, "action").to_owned(),
        variables: templates("resource_mappings"),
        arns: templates("resourcearn_mappings"),
        arn_override: value.get("arn_override").map(|v| text(v, "template").to_owned()),
        conditional: value.get("conditions").is_some() || value.get("condition_mappings").is_some(),
    }
}

/// The request parameter paths that a template of the map takes its value from; `None` where the
/// template says more than that. A cut-out of the last part of an ARN or URL becomes `:last`.
pub(crate) fn parameter_paths(template: &str) -> Option<Vec<(String, &'static str)>> {
    if let Some(path) = single(template) {
        return Some(vec![(path, "")]);
    }
    if let Some(inner) = template
        .strip_prefix("%%many%")
        .and_then(|t| t.strip_suffix("%%"))
    {
        return inner
            .split('%')
            .map(|t| single(t).map(|path| (path, "")))
            .collect();
    }
    if let Some(inner) = template
        .strip_prefix("%%iftemplatematch%")
        .and_then(|t| t.strip_suffix("%%"))
    {
        // Says which of several types the ARN is of, which the ARN itself says.
        return single(inner).filter(|p| is_arn(p)).map(|path| vec![(path, "")]);
    }
    let (inner, regex) = template
        .strip_prefix("%%regex%")?
        .strip_suffix("/g%%")?
        .split_once("%/")?;
    let last = matches!(
        regex,
        r"^(?:.+\/)?(.+)$" | r"^(?:.+?\/)?(.+)$" | r"^.+\/(.+?)$" | r"^.+\/(.+)$" | r"(?:.+\/)?(.+)"
    );
    let name_or_arn = regex.contains("function");
    match (last, name_or_arn) {
        (true, _) => Some(vec![(single(inner)?, ":last")]),
        (_, true) => Some(vec![(single(inner)?, "")]),
        _ => None,
    }
}

/// Whether a parameter is an ARN or a list of them, by its name.
fn is_arn(path: &str) -> bool {
    let path = path.trim_end_matches("[]").to_ascii_lowercase();
    path.ends_with("arn") || path.ends_with("arns")
}

/// `A.B[]` of `${A.B[]}` or `${A.B}[]`.
fn single(template: &str) -> Option<String> {
    let (inner, rest) = template.strip_prefix("${")?.split_once('}')?;
    let plain = inner
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '[' | ']' | '_' | '-'));
    match rest {
        "" if plain => Some(inner.to_owned()),
        "[]" if plain => Some(format!("{inner}[]")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(template: &str) -> Option<Vec<String>> {
        Some(
            parameter_paths(template)?
                .into_iter()
                .map(|(path, cut)| path + cut)
                .collect(),
        )
    }

    #[test]
    fn simple_templates_name_their_parameter() {
        assert_eq!(paths("${Bucket}"), Some(vec!["Bucket".to_owned()]));
        assert_eq!(paths("${A.B[].C}"), Some(vec!["A.B[].C".to_owned()]));
        assert_eq!(paths("${GroupIds}[]"), Some(vec!["GroupIds[]".to_owned()]));
        assert_eq!(
            paths("%%many%${A}%${B[]}%%"),
            Some(vec!["A".to_owned(), "B[]".to_owned()])
        );
    }

    #[test]
    fn cut_outs_of_the_last_part_become_a_transform() {
        assert_eq!(
            paths(r"%%regex%${QueueUrl}%/^.+\/(.+?)$/g%%"),
            Some(vec!["QueueUrl:last".to_owned()])
        );
        assert_eq!(
            paths(r"%%regex%${cluster}%/^(?:.+\/)?(.+)$/g%%"),
            Some(vec!["cluster:last".to_owned()])
        );
    }

    #[test]
    fn an_arn_s_type_is_left_to_the_arn() {
        assert_eq!(
            paths("%%iftemplatematch%${resourceArn}%%"),
            Some(vec!["resourceArn".to_owned()])
        );
        let list = Some(vec!["ResourceArns[]".to_owned()]);
        assert_eq!(paths("%%iftemplatematch%${ResourceArns[]}%%"), list);
        assert_eq!(paths("%%iftemplatematch%${GatewayId}%%"), None);
    }

    #[test]
    fn templates_that_say_more_are_left_out() {
        for template in [
            "*",
            "",
            "POST",
            "${S3KeyPrefix}*",
            "${A}/${B}",
            r"%%regex%${KeyId}%/^(?:.*\/)?([0-9a-f-]+)$/g%%",
            "%%iftruthy%${A}%*%%%",
            "%%many%${A}%x/${B}%%",
        ] {
            assert_eq!(paths(template), None, "{template}");
        }
    }
}
