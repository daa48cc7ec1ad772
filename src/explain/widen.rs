//! Resources that carry another name at the next run: a change that grants this one only brings the
//! next ticket.

use super::asked::known;
use crate::arn::split_pattern;
use crate::variable_parts::kinds;

/// The pattern that the next run's resource matches as well, and why it is one. `None`: the resource
/// keeps its name.
pub(super) fn for_next_run(action: &str, resource: &str) -> Option<(String, &'static str)> {
    let [_, _, service, _, _, name] = split_pattern(resource)?;
    if name.contains(['*', '?']) {
        return None;
    }
    match service {
        "s3" => objects(resource, name),
        "logs" => {
            let (group, _) = resource.split_once(":log-stream:")?;
            Some((format!("{group}:*"), "each run writes a log stream of its own"))
        }
        _ => generated(action, resource),
    }
}

/// The objects of the same first prefix; of the bucket where the prefix is a date, an id or a number.
fn objects(resource: &str, name: &str) -> Option<(String, &'static str)> {
    let (bucket, key) = name.split_once('/')?;
    let head = resource.strip_suffix(name)?;
    let why = "the next run names other objects of the same prefix";
    match key.split_once('/') {
        Some((prefix, _)) if is_lasting(prefix) => Some((format!("{head}{bucket}/{prefix}/*"), why)),
        _ => Some((
            format!("{head}{bucket}/*"),
            "the next run names other objects of the bucket",
        )),
    }
}

fn is_lasting(prefix: &str) -> bool {
    !prefix.is_empty() && kinds(prefix).is_empty() && !prefix.bytes().all(|byte| byte.is_ascii_digit())
}

/// Ids that AWS makes anew. A person who changes one instance or volume means that one.
fn generated(action: &str, resource: &str) -> Option<(String, &'static str)> {
    let (prefix, verb) = action.split_once(':')?;
    let [_, _, service, ..] = split_pattern(resource)?;
    if prefix == "ec2"
        && ["Terminate", "Stop", "Reboot", "Start", "Modify"]
            .iter()
            .any(|own| verb.starts_with(own))
    {
        return None;
    }
    let (owner, _) = known(action)?;
    let service = if owner.prefix == service {
        owner
    } else {
        action_catalog::service(service)?
    };
    let (kind, template) = crate::require::type_of(service, resource)?;
    if !kind.ephemeral {
        return None;
    }
    let pattern = crate::require::any_of_type(template, resource)?;
    Some((pattern, "AWS makes a new id for each run"))
}

#[cfg(test)]
mod tests {
    use super::for_next_run;

    #[test]
    fn what_the_next_run_names_otherwise_becomes_a_pattern() {
        let cases = [
            (
                "s3:PutObject",
                "arn:aws:s3:::acme/web/a.js",
                Some("arn:aws:s3:::acme/web/*"),
            ),
            (
                "s3:PutObject",
                "arn:aws:s3:::acme/4711/a.js",
                Some("arn:aws:s3:::acme/*"),
            ),
            (
                "s3:PutObject",
                "arn:aws:s3:::acme/2026-11-23/a.js",
                Some("arn:aws:s3:::acme/*"),
            ),
            (
                "s3:PutObject",
                "arn:aws:s3:::acme/index.html",
                Some("arn:aws:s3:::acme/*"),
            ),
            ("s3:ListBucket", "arn:aws:s3:::acme", None),
            (
                "logs:PutLogEvents",
                "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/x:log-stream:2026/11/23/[1]0a",
                Some("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/x:*"),
            ),
            (
                "ec2:AttachNetworkInterface",
                "arn:aws:ec2:eu-west-1:111122223333:network-interface/eni-0123456789abcdef0",
                Some("arn:aws:ec2:eu-west-1:111122223333:network-interface/*"),
            ),
            (
                "ec2:TerminateInstances",
                "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0",
                None,
            ),
            (
                "kms:Decrypt",
                "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
                None,
            ),
            ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs", None),
        ];
        for (action, resource, wanted) in cases {
            let found = for_next_run(action, resource);
            assert_eq!(
                found.as_ref().map(|(pattern, _)| pattern.as_str()),
                wanted,
                "{action} on {resource}"
            );
        }
    }
}
