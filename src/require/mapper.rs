//! Maps events to requirements one after the other, looking each operation up once.

use std::borrow::Cow;
use std::sync::Arc;

use action_catalog::{Action, Certainty, EventMapping, Need, Operation, Service, Unmapped};
use rustc_hash::FxHashMap;

use super::parameters::Condition;
use super::resource::OnTemplate;
use super::{Mapped, Requirement, class_by_type, only_refused, resource, undecided};
use crate::trail::{Event, Outcome};

/// So many operations are remembered; a trail has some hundreds.
const MOST: usize = 16_384;

/// What events need, with what was looked up for earlier ones. The answers are those of
/// [`requirements`](super::requirements).
#[derive(Debug, Default)]
pub struct Mapper {
    /// The places of `SOURCE/NAME`.
    places: FxHashMap<String, usize>,
    #[expect(
        clippy::vec_box,
        reason = "a list of hundreds of large things grows through large blocks"
    )]
    known: Vec<Box<Known>>,
    /// Where a name is put together.
    name: String,
}

/// What is known of all events of a source and name.
#[derive(Debug)]
enum Known {
    /// The same of each.
    Always(Mapped),
    /// It hangs on the event, unless the needs do not: then `steady` is what a call needs that was not refused.
    Needs {
        service: &'static Service,
        operation: &'static Operation,
        needs: Vec<KnownNeed>,
        steady: Option<Mapped>,
    },
}

#[derive(Debug)]
struct KnownNeed {
    need: &'static Need,
    when: Option<Condition<'static>>,
    on: Vec<OnTemplate>,
    /// As the catalog spells it.
    action: Arc<str>,
    known: Option<(&'static Service, &'static Action)>,
}

impl Mapper {
    /// What must be allowed for the event to succeed.
    pub fn map(&mut self, event: &Event<'_>) -> Cow<'_, Mapped> {
        if let Some((class, reason)) = class_by_type(&event.kind) {
            return Cow::Owned(Mapped::NotAuthorized {
                class: class.to_owned(),
                reason: reason.to_owned(),
            });
        }
        match self.look_up(&event.source, &event.name) {
            None => Cow::Owned(Mapped::Unmapped {
                reason: "unknown-event",
            }),
            Some(Known::Always(mapped)) => Cow::Borrowed(mapped),
            Some(Known::Needs {
                service,
                operation,
                needs,
                steady,
            }) => {
                let refused = matches!(event.outcome, Outcome::Refused { action: Some(_), .. });
                if refused || !needs.iter().all(KnownNeed::is_steady) {
                    return Cow::Owned(needed(service, operation, needs, event));
                }
                Cow::Borrowed(steady.get_or_insert_with(|| needed(service, operation, needs, event)))
            }
        }
    }

    /// Never `None`: the place is in the list.
    fn look_up(&mut self, source: &str, name: &str) -> Option<&mut Known> {
        self.name.clear();
        self.name.extend([source, "/", name]);
        let place = match self.places.get(&self.name) {
            Some(&place) => place,
            None => {
                if self.known.len() >= MOST {
                    self.known.clear();
                    self.places.clear();
                }
                self.known.push(Box::new(Known::new(source, name)));
                self.places.insert(self.name.clone(), self.known.len() - 1);
                self.known.len() - 1
            }
        };
        self.known.get_mut(place).map(|known| &mut **known)
    }
}

impl Known {
    fn new(source: &str, name: &str) -> Self {
        let unmapped = |reason| Self::Always(Mapped::Unmapped { reason });
        match action_catalog::event(source, name) {
            EventMapping::Needs {
                service, operation, ..
            } => Self::Needs {
                service,
                operation,
                needs: operation.needs.iter().map(KnownNeed::new).collect(),
                steady: None,
            },
            EventMapping::NotAuthorized { class, reason } => {
                Self::Always(Mapped::NotAuthorized { class, reason })
            }
            EventMapping::Unmapped(Unmapped::UnknownSource) => unmapped("unknown-source"),
            EventMapping::Unmapped(Unmapped::UnknownEvent) => unmapped("unknown-event"),
        }
    }
}

impl KnownNeed {
    fn new(need: &'static Need) -> Self {
        let known = action_catalog::action(&need.action);
        let action = match known {
            Some((service, action)) => format!("{}:{}", service.prefix, action.name).into(),
            None => need.action.as_str().into(),
        };
        Self {
            need,
            when: need.when.as_ref().map(Condition::new),
            on: need.on.iter().map(OnTemplate::new).collect(),
            action,
            known,
        }
    }

    /// Whether neither that it applies nor on what hangs on the event.
    fn is_steady(&self) -> bool {
        let no_resources = match self.known {
            Some((_, action)) => action.resources.is_empty(),
            None => true,
        };
        self.when.is_none()
            && match self.need.on.as_slice() {
                [] => no_resources,
                on => on
                    .iter()
                    .all(|on| matches!(on.template.as_str(), "*" | "unknown")),
            }
    }

    fn of(&self, event: &Event<'_>) -> impl Iterator<Item = Requirement> {
        let resources = resource::of_need((self.need, &self.on), self.known, event);
        resources.into_iter().map(|resource| Requirement {
            action: Arc::clone(&self.action),
            resource,
            certain: self.need.certainty == Certainty::Certain,
        })
    }
}

fn needed(service: &Service, operation: &Operation, needs: &[KnownNeed], event: &Event<'_>) -> Mapped {
    let mut found = Vec::new();
    for known in needs {
        if known.when.as_ref().is_none_or(|when| when.holds(event)) {
            found.extend(known.of(event));
        }
    }
    if found.is_empty() {
        found = undecided(operation, event);
    }
    if let Outcome::Refused {
        action: Some(action),
        resource,
        ..
    } = &event.outcome
    {
        found = only_refused(found, action, resource.as_deref());
    }
    if found.len() > 1 {
        found.sort();
        found.dedup_by(|later, first| {
            let same = later.action == first.action && later.resource == first.resource;
            first.certain |= same && later.certain;
            same
        });
    }
    if found.is_empty() {
        return Mapped::NotAuthorized {
            class: "no-permission-needed".to_owned(),
            reason: format!(
                "{}:{} needs no permission with these parameters",
                service.prefix, operation.name
            ),
        };
    }
    Mapped::Requires(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trail::Scratch;

    #[test]
    fn what_is_remembered_is_what_a_new_mapper_finds() {
        let record = |source: &str, name: &str, code: &str, request: &str| {
            json!({
                "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "accountId": "111122223333", "userName": "ana"},
                "eventTime": "2026-08-03T09:14:11Z", "eventSource": format!("{source}.amazonaws.com"), "eventName": name,
                "awsRegion": "eu-west-1", "requestParameters": {"bucketName": request, "roleName": request, "key": request},
                "errorCode": code,
                "errorMessage": format!("User: x is not authorized to perform: {source}:{name} on resource: arn:aws:s3:::{request}"),
            })
            .to_string()
        };
        let mut mapper = Mapper::default();
        for (source, name) in [
            ("ec2", "DescribeInstances"),
            ("s3", "GetObject"),
            ("s3", "ListBuckets"),
            ("s3", "CopyObject"),
            ("iam", "GetRole"),
            ("signin", "ConsoleLogin"),
            ("nowhere", "Nothing"),
            ("s3", "Nothing"),
            ("sts", "GetCallerIdentity"),
        ] {
            for code in ["", "AccessDenied", "NoSuchKey", ""] {
                for request in ["a", "b"] {
                    let text = record(source, name, code, request);
                    let mut scratch = Scratch::default();
                    let event = Event::parse(text.as_bytes(), &mut scratch).unwrap();
                    assert_eq!(*mapper.map(&event), super::super::requirements(&event), "{text}");
                }
            }
        }
    }
}
