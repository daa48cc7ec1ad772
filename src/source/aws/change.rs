//! Changes of policies: what stands now, each step of a plan, and the way back.
//!
//! IAM knows no conditional write. What stands is read right before it is changed; the way back is known
//! before the first change, and each part of it can be taken twice.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::{Failure, Kind};
use super::operation::{self, Operation};
use crate::plan::{AttachTo, Bearer, Plan, Restore, Step};
use crate::policy::{parse, print, quota};

/// How a step of a plan stands to the account as it is.
#[derive(Debug, Clone)]
pub enum Standing {
    /// It can be done; this is the way back.
    Ready(Restore),
    /// It has been done already.
    Done,
    /// The account is not as the plan was made from: why.
    Stale(String),
    /// There is no room: why, and what would make some.
    NoRoom(String),
}

/// The operations that a kind of bearer has for itself.
struct Operations {
    get_inline: &'static Operation,
    put_inline: &'static Operation,
    delete_inline: &'static Operation,
    attached: &'static Operation,
    attach: &'static Operation,
    detach: &'static Operation,
}

fn operations(of: &Bearer) -> Operations {
    match of {
        Bearer::Role(_) => Operations {
            get_inline: &operation::GET_ROLE_POLICY,
            put_inline: &operation::PUT_ROLE_POLICY,
            delete_inline: &operation::DELETE_ROLE_POLICY,
            attached: &operation::LIST_ATTACHED_ROLE_POLICIES,
            attach: &operation::ATTACH_ROLE_POLICY,
            detach: &operation::DETACH_ROLE_POLICY,
        },
        Bearer::User(_) => Operations {
            get_inline: &operation::GET_USER_POLICY,
            put_inline: &operation::PUT_USER_POLICY,
            delete_inline: &operation::DELETE_USER_POLICY,
            attached: &operation::LIST_ATTACHED_USER_POLICIES,
            attach: &operation::ATTACH_USER_POLICY,
            detach: &operation::DETACH_USER_POLICY,
        },
        Bearer::Group(_) => Operations {
            get_inline: &operation::GET_GROUP_POLICY,
            put_inline: &operation::PUT_GROUP_POLICY,
            delete_inline: &operation::DELETE_GROUP_POLICY,
            attached: &operation::LIST_ATTACHED_GROUP_POLICIES,
            attach: &operation::ATTACH_GROUP_POLICY,
            detach: &operation::DETACH_GROUP_POLICY,
        },
    }
}

/// How ListEntitiesForPolicy names each kind.
type Listed = (&'static str, &'static str, fn(String) -> Bearer);
const BEARERS: [Listed; 3] = [
    ("PolicyRoles", "RoleName", Bearer::Role),
    ("PolicyUsers", "UserName", Bearer::User),
    ("PolicyGroups", "GroupName", Bearer::Group),
];

/// A bearer's name as a parameter.
fn named(of: &Bearer) -> Value {
    json!({ format!("{}Name", of.kind()): of.name() })
}

fn with(mut parameters: Value, name: &str, value: &str) -> Value {
    super::iam::set(&mut parameters, name, json!(value));
    parameters
}

/// A managed policy as it stands.
#[derive(Debug, Clone)]
pub struct ManagedState {
    /// The default version's id.
    pub version: String,
    /// Its text, to the byte.
    pub text: String,
    /// When the default version was made, as IAM writes it.
    pub created: Option<String>,
    /// All versions, oldest first: id, and whether it is the default.
    pub versions: Vec<(String, bool)>,
}

/// Whether two policy texts are the same policy.
fn same(text: &str, document: &Value) -> bool {
    value_of(text).is_some_and(|value| value == *document)
}

/// A policy's text in the form in which plans hold it.
fn value_of(text: &str) -> Option<Value> {
    parse(text, "").0.map(|document| print::document_value(&document))
}

fn compact(document: &Value) -> String {
    document.to_string()
}

impl Client {
    /// A managed policy; `None` where there is none of that ARN.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn managed_state(&self, arn: &str) -> Result<Option<ManagedState>, Failure> {
        let of = json!({ "PolicyArn": arn });
        let found = match self.iam_raw(&operation::GET_POLICY, of.clone()) {
            Ok(found) => found,
            Err(failure) if failure.is_not_found() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let Some(version) = text(&found, &["Policy", "DefaultVersionId"]).map(str::to_owned) else {
            return Ok(None);
        };
        let found = self.iam_raw(
            &operation::GET_POLICY_VERSION,
            with(of.clone(), "VersionId", &version),
        )?;
        let document = text(&found, &["PolicyVersion", "Document"]).unwrap_or_default();
        let mut versions = Vec::new();
        for page in self.pages(&operation::LIST_POLICY_VERSIONS, of)? {
            for own in list(&page, &["Versions"]) {
                let Some(id) = text(own, &["VersionId"]) else {
                    continue;
                };
                let default = own.get("IsDefaultVersion").and_then(Value::as_bool);
                versions.push((id.to_owned(), default == Some(true)));
            }
        }
        // `v2` was before `v10`.
        versions.sort_by_key(|(id, _)| id.trim_start_matches('v').parse::<u64>().unwrap_or(u64::MAX));
        Ok(Some(ManagedState {
            version,
            text: decoded(document),
            created: text(&found, &["PolicyVersion", "CreateDate"]).map(str::to_owned),
            versions,
        }))
    }

    /// An inline policy's text, to the byte.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn inline_text(&self, of: &Bearer, name: &str) -> Result<Option<String>, Failure> {
        let asked = with(named(of), "PolicyName", name);
        match self.iam_raw(operations(of).get_inline, asked) {
            Ok(found) => Ok(text(&found, &["PolicyDocument"]).map(decoded)),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// ARNs of the managed policies attached to a bearer.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn attached_to(&self, of: &Bearer) -> Result<Vec<String>, Failure> {
        let mut arns = Vec::new();
        for page in self.pages(operations(of).attached, named(of))? {
            let policies = list(&page, &["AttachedPolicies"]);
            let found = policies.iter().filter_map(|policy| text(policy, &["PolicyArn"]));
            arns.extend(found.map(str::to_owned));
        }
        Ok(arns)
    }

    /// To whom a managed policy is attached.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn bearers_of(&self, arn: &str) -> Result<Vec<Bearer>, Failure> {
        let mut bearers = Vec::new();
        for page in self.pages(&operation::LIST_ENTITIES_FOR_POLICY, json!({ "PolicyArn": arn }))? {
            for (field, name, bearer) in BEARERS {
                let entries = list(&page, &[field]);
                let names = entries.iter().filter_map(|entry| text(entry, &[name]));
                bearers.extend(names.map(|name| bearer(name.to_owned())));
            }
        }
        bearers.sort();
        Ok(bearers)
    }

    /// When a role or a user was made, as IAM writes it.
    ///
    /// # Errors
    /// [`Failure`]: also where it is gone.
    pub fn created(&self, of: &Bearer) -> Result<Option<String>, Failure> {
        let operation = match of {
            Bearer::Role(_) => &operation::GET_ROLE,
            Bearer::User(_) => &operation::GET_USER,
            Bearer::Group(_) => return Ok(None),
        };
        let found = self.iam(operation, named(of))?;
        Ok(text(&found, &[of.kind(), "CreateDate"]).map(str::to_owned))
    }

    /// How a step stands to what is in the account now.
    ///
    /// # Errors
    /// [`Failure`], where that cannot be read.
    pub fn standing(&self, plan: &Plan, step: &Step, prune: bool) -> Result<Standing, Failure> {
        Ok(match step {
            Step::Create { name, after, attach } => {
                let arn = made_arn(plan, name);
                match self.managed_state(&arn)? {
                    None => Standing::Ready(Restore::Remove {
                        policy_arn: arn,
                        made: after.clone(),
                    }),
                    Some(state) if same(&state.text, after) => {
                        let now = self.bearers_of(&arn)?;
                        let wanted = self.wanted(attach)?;
                        if wanted.iter().all(|own| now.contains(own)) {
                            Standing::Done
                        } else {
                            // Made, and not attached to everybody: a run before this one was stopped.
                            Standing::Ready(Restore::Remove {
                                policy_arn: arn,
                                made: after.clone(),
                            })
                        }
                    }
                    Some(_) => {
                        Standing::Stale(format!("there is a policy {name} already, with another text"))
                    }
                }
            }
            Step::Version {
                policy_arn,
                version,
                before,
                after,
            } => match self.managed_state(policy_arn)? {
                None => Standing::Stale(format!("{policy_arn} is gone")),
                Some(state) if same(&state.text, after) => Standing::Done,
                Some(state) if !same(&state.text, before) => Standing::Stale(format!(
                    "the text of {policy_arn} is not what the proposal was made from: its default version is {} now",
                    state.version
                )),
                Some(state) if version.as_ref().is_some_and(|version| *version != state.version) => {
                    Standing::Stale(format!(
                        "the default version of {policy_arn} is {}, not {}",
                        state.version,
                        version.as_deref().unwrap_or_default()
                    ))
                }
                Some(state) => {
                    let full = state.versions.len() >= quota::VERSIONS.limit;
                    let oldest = state.versions.iter().find(|(_, default)| !default);
                    let pruned = match oldest {
                        Some((id, _)) if full && prune => {
                            let asked = with(json!({ "PolicyArn": policy_arn }), "VersionId", id);
                            let found = self.iam_raw(&operation::GET_POLICY_VERSION, asked)?;
                            let document = text(&found, &["PolicyVersion", "Document"]).unwrap_or_default();
                            Some((id.clone(), decoded(document)))
                        }
                        Some((id, _)) if full => {
                            return Ok(Standing::NoRoom(format!(
                                "{policy_arn} has {} versions, as many as IAM keeps; --prune-versions deletes {id}, the oldest that is not the default",
                                state.versions.len()
                            )));
                        }
                        _ => None,
                    };
                    Standing::Ready(Restore::Version {
                        policy_arn: policy_arn.clone(),
                        version: state.version,
                        text: state.text,
                        made: after.clone(),
                        pruned,
                    })
                }
            },
            Step::Inline {
                of,
                name,
                before,
                after,
            } => {
                let now = self.inline_text(of, name)?;
                let is = |wanted: &Option<Value>| match (&now, wanted) {
                    (None, None) => true,
                    (Some(now), Some(wanted)) => same(now, wanted),
                    _ => false,
                };
                if is(after) {
                    Standing::Done
                } else if is(before) {
                    Standing::Ready(Restore::Inline {
                        of: of.clone(),
                        name: name.clone(),
                        text: now,
                        made: after.clone(),
                    })
                } else if now.is_none() {
                    Standing::Stale(format!("inline policy {name} of {of} is gone"))
                } else {
                    Standing::Stale(format!(
                        "the text of inline policy {name} of {of} is not what the proposal was made from"
                    ))
                }
            }
            Step::Detach {
                of,
                policy_arn,
                version,
            } => {
                if !self.attached_to(of)?.contains(policy_arn) {
                    return Ok(Standing::Done);
                }
                let now = self.managed_state(policy_arn)?.map(|state| state.version);
                match (version, now) {
                    (Some(version), Some(now)) if *version != now => Standing::Stale(format!(
                        "the default version of {policy_arn} is {now}; the proposal was made from {version}"
                    )),
                    _ => Standing::Ready(Restore::Attach {
                        of: of.clone(),
                        policy_arn: policy_arn.clone(),
                    }),
                }
            }
        })
    }

    fn wanted(&self, attach: &AttachTo) -> Result<Vec<Bearer>, Failure> {
        match attach {
            AttachTo::One(one) => Ok(vec![one.clone()]),
            AttachTo::AsIs(arn) => self.bearers_of(arn),
        }
    }

    /// Does a step.
    ///
    /// # Errors
    /// [`Failure`]: part of it may have been done.
    pub fn step(&self, plan: &Plan, step: &Step, back: &Restore) -> Result<(), Failure> {
        match step {
            Step::Create { name, after, attach } => {
                let arn = made_arn(plan, name);
                if self.managed_state(&arn)?.is_none() {
                    let asked = with(json!({ "PolicyName": name }), "PolicyDocument", &compact(after));
                    self.iam(&operation::CREATE_POLICY, asked)?;
                }
                for bearer in self.wanted(attach)? {
                    self.attach(&bearer, &arn)?;
                }
            }
            Step::Version {
                policy_arn, after, ..
            } => {
                if let Restore::Version {
                    pruned: Some((id, _)),
                    ..
                } = back
                {
                    let asked = with(json!({ "PolicyArn": policy_arn }), "VersionId", id);
                    self.gone(self.iam(&operation::DELETE_POLICY_VERSION, asked))?;
                }
                self.new_version(policy_arn, &compact(after))?;
            }
            Step::Inline {
                of,
                name,
                after: Some(after),
                ..
            } => self.put_inline(of, name, &compact(after))?,
            Step::Inline { of, name, .. } => self.delete_inline(of, name)?,
            Step::Detach { of, policy_arn, .. } => self.detach(of, policy_arn)?,
        }
        Ok(())
    }

    /// Why the way back is blocked by a change that somebody made since; `None` where it is free.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn blocked(&self, back: &Restore) -> Result<Option<String>, Failure> {
        Ok(match back {
            Restore::Remove { policy_arn, made } => self
                .managed_state(policy_arn)?
                .filter(|state| !same(&state.text, made))
                .map(|_| format!("{policy_arn} has another text by now")),
            Restore::Version {
                policy_arn,
                text,
                made,
                ..
            } => match self.managed_state(policy_arn)? {
                None => Some(format!("{policy_arn} is gone")),
                Some(state) if same(&state.text, made) || state.text == *text => None,
                Some(state) => Some(format!(
                    "the default version of {policy_arn} is {} by now, with another text",
                    state.version
                )),
            },
            Restore::Inline { of, name, text, made } => {
                let now = self.inline_text(of, name)?;
                let as_made = match (&now, made) {
                    (None, None) => true,
                    (Some(now), Some(made)) => same(now, made),
                    _ => false,
                };
                (!as_made && now != *text)
                    .then(|| format!("inline policy {name} of {of} has another text by now"))
            }
            Restore::Attach { .. } => None,
        })
    }

    /// Goes one step back. What is as it was already is left alone. Returns whether something was done.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn restore(&self, back: &Restore) -> Result<bool, Failure> {
        match back {
            Restore::Remove { policy_arn, .. } => {
                let Some(state) = self.managed_state(policy_arn)? else {
                    return Ok(false);
                };
                for bearer in self.bearers_of(policy_arn)? {
                    self.detach(&bearer, policy_arn)?;
                }
                for (id, default) in &state.versions {
                    if !default {
                        let asked = with(json!({ "PolicyArn": policy_arn }), "VersionId", id);
                        self.gone(self.iam(&operation::DELETE_POLICY_VERSION, asked))?;
                    }
                }
                self.gone(self.iam(&operation::DELETE_POLICY, json!({ "PolicyArn": policy_arn })))?;
                Ok(true)
            }
            Restore::Version {
                policy_arn,
                version,
                text: wanted,
                made,
                ..
            } => {
                let Some(state) = self.managed_state(policy_arn)? else {
                    return Ok(false);
                };
                if state.version == *version || state.text == *wanted {
                    return Ok(false);
                }
                let of = json!({ "PolicyArn": policy_arn });
                let still_there = state.versions.iter().any(|(id, _)| id == version);
                let asked = with(of.clone(), "VersionId", version);
                match still_there.then(|| self.iam(&operation::SET_DEFAULT_POLICY_VERSION, asked)) {
                    Some(Ok(_)) => {}
                    Some(Err(failure)) if failure.is_denied() || failure.is_hopeless() => {
                        return Err(failure);
                    }
                    // The text is what counts: it becomes a version of its own.
                    _ => self.new_version(policy_arn, wanted)?,
                }
                if same(&state.text, made) {
                    let asked = with(of, "VersionId", &state.version);
                    self.gone(self.iam(&operation::DELETE_POLICY_VERSION, asked))?;
                }
                Ok(true)
            }
            Restore::Inline {
                of,
                name,
                text: wanted,
                ..
            } => {
                let now = self.inline_text(of, name)?;
                match wanted {
                    _ if now == *wanted => return Ok(false),
                    Some(wanted) => self.put_inline(of, name, wanted)?,
                    None => self.delete_inline(of, name)?,
                }
                Ok(true)
            }
            Restore::Attach { of, policy_arn } => {
                if self.attached_to(of)?.contains(policy_arn) {
                    return Ok(false);
                }
                self.attach(of, policy_arn)?;
                Ok(true)
            }
        }
    }

    fn new_version(&self, arn: &str, document: &str) -> Result<(), Failure> {
        let asked = json!({ "PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true });
        self.iam(&operation::CREATE_POLICY_VERSION, asked).map(drop)
    }

    fn put_inline(&self, of: &Bearer, name: &str, document: &str) -> Result<(), Failure> {
        let asked = with(with(named(of), "PolicyName", name), "PolicyDocument", document);
        self.iam(operations(of).put_inline, asked).map(drop)
    }

    fn delete_inline(&self, of: &Bearer, name: &str) -> Result<(), Failure> {
        let asked = with(named(of), "PolicyName", name);
        self.gone(self.iam(operations(of).delete_inline, asked))
    }

    fn attach(&self, of: &Bearer, arn: &str) -> Result<(), Failure> {
        self.iam(operations(of).attach, with(named(of), "PolicyArn", arn))
            .map(drop)
    }

    fn detach(&self, of: &Bearer, arn: &str) -> Result<(), Failure> {
        self.gone(self.iam(operations(of).detach, with(named(of), "PolicyArn", arn)))
    }

    /// What is gone already need not be deleted.
    #[expect(clippy::unused_self, reason = "it reads as a part of the call")]
    fn gone(&self, result: Result<Value, Failure>) -> Result<(), Failure> {
        match result {
            Err(failure) if failure.kind == Kind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }

    /// An IAM answer with its documents as they came.
    fn iam_raw(&self, operation: &'static Operation, parameters: Value) -> Result<Value, Failure> {
        let on = super::iam::subject(&parameters);
        let mut call = Call::new(operation, parameters);
        call.on = on;
        self.call(&call)
    }
}

fn decoded(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

/// The ARN that a policy of this name gets.
fn made_arn(plan: &Plan, name: &str) -> String {
    let partition = crate::arn::Arn::parse(&plan.principal).map_or("aws", |arn| arn.partition);
    format!("arn:{partition}:iam::{}:policy/{name}", plan.account)
}
