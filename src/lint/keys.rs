//! Whether condition keys exist, and whether an action of their statement is asked with them.

use action_catalog::{Action, Service};

use super::Matched;
use crate::diagnostic::{Code, Diagnostic};
use crate::policy::lint::{condition_span, pointed};
use crate::policy::position::Source;
use crate::policy::{Condition, Document, Statement};

/// Global condition keys, lower case; those that end in `/` take the name of a tag
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
const GLOBAL: [&str; 53] = [
    "aws:assumedroot",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:chatbotsourcearn",
    "aws:currenttime",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:epochtime",
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:principaltag/",
    "aws:principaltype",
    "aws:referer",
    "aws:requestedregion",
    "aws:requesttag/",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:resourcetag/",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceidentity",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tagkeys",
    "aws:tokenissuetime",
    "aws:useragent",
    "aws:userid",
    "aws:username",
    "aws:viaawsservice",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    // Not on that page, but in AWS's managed policies.
    "aws:ismcpserviceaction",
    "aws:principalorgmasteraccountid",
    "aws:signinsessionarn",
    "aws:viaawsmcpservice",
];

/// Keys with a service's prefix that requests to other services carry as well (same page, cross-service
/// condition keys).
const CROSS_SERVICE: [&str; 8] = [
    "ec2:roledelivery",
    "ec2:sourceinstancearn",
    "glue:credentialissuingservice",
    "glue:roleassumedby",
    "identitystore:userid",
    "lambda:sourcefunctionarn",
    "ssm:sourceinstancearn",
    "codebuild:buildarn",
];

/// Warnings on the keys of a statement's conditions.
pub(super) fn of_conditions(
    document: &Document,
    statement: &Statement,
    actions: Option<&[Matched<'_>]>,
    file: &str,
) -> Vec<Diagnostic> {
    let source = Source {
        text: &document.source,
        file,
    };
    let mut found = Vec::new();
    for condition in &statement.conditions {
        if let Some(diagnostic) = warning(actions, condition) {
            let span = condition_span(statement, &condition.operator, Some(&condition.key), source);
            found.push(pointed(source, diagnostic, span));
        }
    }
    found
}

fn warning(actions: Option<&[Matched<'_>]>, condition: &Condition) -> Option<Diagnostic> {
    let key = condition.key.to_ascii_lowercase();
    let (prefix, _) = key.split_once(':')?;
    if prefix == "aws" {
        return (!is_global(&key)).then(|| unknown(&condition.key, GLOBAL));
    }
    // Keys of identity providers (`token.actions.githubusercontent.com:sub`, `saml:aud`) are not AWS's.
    let service = action_catalog::service(prefix)?;
    if CROSS_SERVICE.contains(&key.as_str()) {
        return None;
    }
    if !service.keys.iter().any(|known| fits(&known.name, &key)) {
        let keys = service.keys.iter().map(|known| known.name.as_str());
        return Some(unknown(&condition.key, keys));
    }
    let mut matching = actions?.iter().flat_map(|matched| &matched.actions).peekable();
    let some = matching.peek().is_some();
    (some && !matching.any(|(service, action)| takes(service, action, &key))).then(|| {
        let message = format!("no action of this statement is asked with {}", condition.key);
        let help = "AWS lists the key for none of them, so a request never carries it: the condition \
                    then fails, or with IfExists never matters";
        Diagnostic::warning(Code::UnsupportedKey, message).help(help)
    })
}

fn is_global(key: &str) -> bool {
    GLOBAL.iter().any(|known| match known.strip_suffix('/') {
        Some(head) => key.strip_prefix(head).is_some_and(|rest| rest.starts_with('/')),
        None => *known == key,
    })
}

/// Whether AWS lists the key for the action, for the action on one of its resource types, or for such a type.
fn takes(service: &Service, action: &Action, key: &str) -> bool {
    let of_types = action.resources.iter().flat_map(|wanted| {
        let kind = service.resource_type(&wanted.name);
        let of_kind = kind.into_iter().flat_map(|kind| &kind.condition_keys);
        wanted.condition_keys.iter().chain(of_kind)
    });
    action
        .condition_keys
        .iter()
        .chain(of_types)
        .any(|known| fits(known, key))
}

/// Whether a key is the known one, whose `${…}` or `<…>` stand for any text. Both in any case.
fn fits(known: &str, key: &str) -> bool {
    // Some services write the name of a tag as plain text: `secretsmanager:ResourceTag/tag-key`.
    if let Some((head, _)) = known.split_once("Tag/")
        && let Some(start) = key.get(..head.len() + 4)
    {
        return start.eq_ignore_ascii_case(&format!("{head}Tag/"));
    }
    let mut pattern = String::new();
    let mut rest = known;
    while let Some(start) = rest.find(['$', '<']) {
        let (text, tail) = rest.split_at(start);
        pattern.push_str(text);
        pattern.push('*');
        rest = tail.split_once(['}', '>']).map_or("", |(_, after)| after);
    }
    pattern.push_str(rest);
    crate::pattern::matches_ignore_case(&pattern, key)
}

fn unknown<'k>(key: &str, known: impl IntoIterator<Item = &'k str>) -> Diagnostic {
    let help = match crate::near::nearest(key, known) {
        Some(near) => format!("did you mean {near}?"),
        None => "it may be newer than this catalog, or misspelt".to_owned(),
    };
    Diagnostic::warning(Code::UnknownKey, format!("AWS lists no condition key \"{key}\"")).help(help)
}
