//! What the message of a refusal says.
//!
//! `User: <arn> is not authorized to perform: <action> [on resource: <arn>] [<reason>]`, where the
//! reason is `because no <layer> allows the <action> action` or `with an explicit deny in a
//! <layer>`: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.

use super::RefusedBy;

/// What could be read from a message. Borrows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal<'m> {
    /// The layer that is named.
    pub by: RefusedBy,
    /// Whether an explicit deny is named.
    pub explicit: bool,
    /// The action that is missing, as written. Where the reason names another than the sentence
    /// before it, the reason's is the one that is missing.
    pub action: Option<&'m str>,
    /// The resource, as written; never the caller, unless the message names the caller as resource.
    pub resource: Option<&'m str>,
    /// Whether the message names a caller that is not authorized to perform an action: a refusal
    /// whatever the error code says.
    pub certain: bool,
}

/// How messages name the layers.
const LAYERS: [(&str, RefusedBy); 8] = [
    ("identity-based polic", RefusedBy::Identity),
    ("permissions boundar", RefusedBy::Boundary),
    ("resource control polic", RefusedBy::Rcp),
    ("resource-based polic", RefusedBy::Resource),
    ("role trust polic", RefusedBy::Trust),
    ("service control polic", RefusedBy::Scp),
    ("session polic", RefusedBy::Session),
    ("vpc endpoint polic", RefusedBy::Endpoint),
];

const NOT_AUTHORIZED: &str = "not authorized to perform";
const IMPLICIT: &str = " because no ";
const EXPLICIT: &str = "explicit deny";

/// Where a resource ends when no reason follows it.
const AFTER_RESOURCE: [&str; 4] = [
    ". Encoded authorization failure message",
    " (Service: ",
    "; ",
    "\n",
];

/// Reads `message`, an `errorMessage` of CloudTrail (cut at 1 KB there).
pub fn read(message: &str) -> Refusal<'_> {
    let mut refusal = Refusal {
        by: RefusedBy::Unnamed,
        explicit: false,
        action: None,
        resource: None,
        certain: false,
    };
    let mut rest = message;
    if let Some((caller, action, after)) = sentence(message) {
        refusal.action = Some(action);
        refusal.certain = caller;
        refusal.resource = resource(after);
        rest = after;
    }
    if let Some((_, reason)) = rest.split_once(IMPLICIT) {
        refusal.by = layer(reason);
        refusal.action = reason
            .split_once(" allows the ")
            .and_then(|(_, text)| action(text))
            .map_or(refusal.action, |(action, _)| Some(action));
    } else if let Some((_, reason)) = rest.split_once(EXPLICIT) {
        refusal.explicit = true;
        refusal.by = layer(reason.strip_prefix(" in ").unwrap_or_default());
    } else if let Some((_, reason)) = rest.split_once("denied due to ") {
        // Network activity events: they do not say whether a deny or the lack of an allow.
        refusal.by = layer(reason);
    }
    refusal
}

/// The first `… not authorized to perform: <action>`: whether a caller stands before it, the
/// action, and what follows.
fn sentence(message: &str) -> Option<(bool, &str, &str)> {
    let mut from = 0;
    loop {
        let at = from + message.get(from..)?.find(NOT_AUTHORIZED)?;
        from = at + NOT_AUTHORIZED.len();
        let after = message.get(from..)?;
        if let Some((action, after)) = action(after.trim_start_matches([':', ' '])) {
            let before = message.get(..at)?;
            return Some((names_caller(before), action, after));
        }
    }
}

/// Whether what stands before the sentence is the caller. Where there is more than that, the caller
/// named may be another: a service's role, say, in a message about that service.
fn names_caller(before: &str) -> bool {
    const EC2: &str = "You are not authorized to perform this operation.";
    let before = before.trim_start();
    let before = before.strip_prefix(EC2).unwrap_or(before).trim_start();
    before.starts_with("User:") || before.starts_with("arn:")
}

/// The action (`s3:GetObject`) at the start of `text`, and what follows it.
fn action(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(QUOTES);
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '*')))
        .unwrap_or(text.len());
    let (action, after) = text.split_at_checked(end)?;
    let (service, name) = action.split_once(':')?;
    let good = !service.is_empty() && !name.is_empty() && !name.contains(':');
    good.then(|| (action, after.strip_prefix(QUOTES).unwrap_or(after)))
}

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// The resource in what follows the action.
fn resource(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let text = ["on resource:", "on resource", "on the resource:"]
        .iter()
        .find_map(|lead| text.strip_prefix(lead))?;
    let text = text.trim_start();
    if let Some(quote) = text.chars().next().filter(|c| QUOTES.contains(c)) {
        let inner = text.strip_prefix(quote)?;
        let end = inner.find(QUOTES).unwrap_or(inner.len());
        return inner.get(..end).filter(|text| !text.is_empty());
    }
    let reason = [IMPLICIT, " with an explicit deny"]
        .iter()
        .filter_map(|lead| text.find(lead))
        .min();
    let text = match reason {
        // A dot before the reason belongs to the name.
        Some(end) => text.get(..end)?,
        None => {
            let end = AFTER_RESOURCE
                .iter()
                .filter_map(|lead| text.find(lead))
                .min()
                .unwrap_or(text.len());
            let text = text.get(..end)?.trim_end();
            // CloudTrail cuts long messages and marks it; a cut ARN is no resource.
            if text.ends_with("...") {
                return None;
            }
            text.strip_suffix('.').unwrap_or(text)
        }
    };
    let text = text.trim();
    (!text.is_empty() && text != "this resource").then_some(text)
}

/// The layer named at the start of `text`.
fn layer(text: &str) -> RefusedBy {
    let text = ["a ", "an ", "the "]
        .iter()
        .find_map(|article| text.strip_prefix(article))
        .unwrap_or(text);
    let named = |name: &str| {
        text.get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    LAYERS
        .iter()
        .find(|(name, _)| named(name))
        .map_or(RefusedBy::Unnamed, |(_, by)| *by)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str =
        "User: arn:aws:sts::111122223333:assumed-role/deploy/ci is not authorized to perform: ";

    fn case(rest: &str) -> (RefusedBy, bool, Option<String>, Option<String>) {
        let message = format!("{ROLE}{rest}");
        let refusal = read(&message);
        assert!(refusal.certain);
        let own = |text: Option<&str>| text.map(str::to_owned);
        (
            refusal.by,
            refusal.explicit,
            own(refusal.action),
            own(refusal.resource),
        )
    }

    #[test]
    fn each_layer_is_told_apart_where_nothing_allows() {
        for (words, by) in [
            ("identity-based policy", RefusedBy::Identity),
            ("resource-based policy", RefusedBy::Resource),
            ("permissions boundary", RefusedBy::Boundary),
            ("session policy", RefusedBy::Session),
            ("service control policy", RefusedBy::Scp),
            ("VPC endpoint policy", RefusedBy::Endpoint),
            ("role trust policy", RefusedBy::Trust),
        ] {
            let (layer, explicit, action, resource) = case(&format!(
                "s3:GetObject on resource: arn:aws:s3:::data.example.com/a.b because no {words} allows the s3:GetObject action"
            ));
            assert_eq!((layer, explicit), (by, false), "{words}");
            assert_eq!(action.as_deref(), Some("s3:GetObject"));
            assert_eq!(resource.as_deref(), Some("arn:aws:s3:::data.example.com/a.b"));
        }
    }

    #[test]
    fn each_layer_is_told_apart_where_one_denies() {
        for (words, by) in [
            ("an identity-based policy", RefusedBy::Identity),
            ("a resource-based policy", RefusedBy::Resource),
            ("a permissions boundary", RefusedBy::Boundary),
            ("a session policy", RefusedBy::Session),
            (
                "a service control policy: arn:aws:organizations::111122223333:policy/o-x/service_control_policy/p-x",
                RefusedBy::Scp,
            ),
            ("a resource control policy", RefusedBy::Rcp),
            (
                "a VPC endpoint policy transitively through a service control policy",
                RefusedBy::Endpoint,
            ),
            ("the role trust policy", RefusedBy::Trust),
        ] {
            let (layer, explicit, _, resource) = case(&format!(
                "sqs:SendMessage on resource: arn:aws:sqs:eu-west-1:111122223333:q with an explicit deny in {words}"
            ));
            assert_eq!((layer, explicit), (by, true), "{words}");
            assert_eq!(resource.as_deref(), Some("arn:aws:sqs:eu-west-1:111122223333:q"));
        }
    }

    #[test]
    fn the_action_that_nothing_allows_is_the_missing_one() {
        let (_, _, action, _) = case(
            "s3:PutObject on resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:PutObjectTagging action",
        );
        assert_eq!(action.as_deref(), Some("s3:PutObjectTagging"));
    }

    #[test]
    fn without_a_resource_the_caller_is_not_taken_for_one() {
        let (by, explicit, action, resource) = case("rds:DeleteDBInstance");
        assert_eq!((by, explicit, resource), (RefusedBy::Unnamed, false, None));
        assert_eq!(action.as_deref(), Some("rds:DeleteDBInstance"));
        let (.., resource) = case(
            "ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action",
        );
        assert_eq!(resource, None);
    }

    #[test]
    fn resources_come_quoted_bare_starred_and_with_a_full_stop() {
        for (text, resource) in [
            (
                "\"arn:aws:s3:::b/my file.txt\" because no resource-based policy allows the s3:GetObject action",
                "arn:aws:s3:::b/my file.txt",
            ),
            (
                "arn:aws:s3:::b/my file.txt because no identity-based policy allows the s3:GetObject action",
                "arn:aws:s3:::b/my file.txt",
            ),
            ("role deploy", "role deploy"),
            ("policy path /", "policy path /"),
            ("*", "*"),
            (
                "arn:aws:iam::111122223333:role/x.",
                "arn:aws:iam::111122223333:role/x",
            ),
            (
                "`arn:aws:ses:eu-west-1:111122223333:identity/a.example.com'",
                "arn:aws:ses:eu-west-1:111122223333:identity/a.example.com",
            ),
            (
                "arn:aws:ec2:eu-west-1:111122223333:instance/*. Encoded authorization failure message: abc.",
                "arn:aws:ec2:eu-west-1:111122223333:instance/*",
            ),
        ] {
            let (.., found) = case(&format!("x:Y on resource: {text}"));
            assert_eq!(found.as_deref(), Some(resource), "{text}");
        }
        for text in ["this resource", "arn:aws:s3:::very-long-na..."] {
            let (.., found) = case(&format!("x:Y on resource: {text}"));
            assert_eq!(found, None, "{text}");
        }
    }

    #[test]
    fn the_sentence_of_ec2_before_the_real_one_is_passed_over() {
        let message = format!(
            "You are not authorized to perform this operation. {ROLE}ec2:RunInstances on resource: \
             arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-1 because no identity-based policy allows \
             the ec2:RunInstances action. Encoded authorization failure message: Zm9v"
        );
        let refusal = read(&message);
        assert_eq!(refusal.action, Some("ec2:RunInstances"));
        assert_eq!(
            refusal.resource,
            Some("arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-1")
        );
        assert_eq!(refusal.by, RefusedBy::Identity);
    }

    #[test]
    fn another_principal_in_the_message_is_not_the_caller() {
        let message = format!("The service role lacks the permissions. Error: {ROLE}codecommit:GetBranch");
        let refusal = read(&message);
        assert_eq!(refusal.action, Some("codecommit:GetBranch"));
        assert!(!refusal.certain);
    }

    #[test]
    fn a_message_that_says_little_gives_little() {
        for message in [
            "Access Denied",
            "",
            "You are not authorized to perform this operation.",
            "You are not authorized to perform this operation. Encoded authorization failure message: Zm9v",
            "not authorized to perform",
            "not authorized to perform: :",
        ] {
            let refusal = read(message);
            assert_eq!(
                (refusal.action, refusal.resource, refusal.certain),
                (None, None, false),
                "{message}"
            );
            assert_eq!(refusal.by, RefusedBy::Unnamed);
        }
        assert_eq!(
            read("The request was denied due to a VPC endpoint policy").by,
            RefusedBy::Endpoint
        );
    }

    proptest::proptest! {
        #[test]
        fn no_message_panics(message in "\\PC*", cut in 0usize..200) {
            let text = format!("{ROLE}{message} on resource: {message} because no {message}");
            let _ = read(&message);
            let _ = read(text.get(..cut).unwrap_or(&text));
        }
    }
}
