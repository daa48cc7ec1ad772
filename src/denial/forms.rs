//! Every form of a refusal in a text, and what stands around it.

use super::clean::{Clean, clean};
use super::dense::Dense;
use super::sentence::{self, PERFORM, Sentence};
use super::wrapper::{self, Wrapper, actions_of};
use super::{Client, Denial, DeniedBy, Kind, LookAlike, NotByPolicy, encoded, token};

/// How far from a refusal its wrapper may stand, in bytes.
const BEFORE: usize = 700;
const AFTER: usize = 2500;

/// A place in the text that may be a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    from: usize,
    to: usize,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// `… not authorized to perform: …`
    Sentence,
    /// What AWS's services say in their own words.
    Special(Special),
    /// `An error occurred (AccessDenied) when calling the X operation`
    Python,
    /// `operation error S3: X`
    Go,
    /// An action named beside words for a missing permission.
    Missing,
    /// An error code alone.
    Code,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Special {
    Encoded,
    Endpoint,
    Kms,
    Sqs,
    ExecutionRole,
    LakeFormation,
    Model,
    Billing,
    NotShared,
    BlockPublicAccess,
    Tags,
    Authorizer,
    Console,
    AssumeRole,
}

/// Phrases of the forms, without blanks.
const PHRASES: [(&str, Form); 47] = [
    (
        "encodedauthorizationfailuremessage",
        Form::Special(Special::Encoded),
    ),
    ("deniedduetoavpcendpointpolicy", Form::Special(Special::Endpoint)),
    ("youarenotallowedtoaccess", Form::Special(Special::Kms)),
    ("noresource-basedpoliciesallowaccess", Form::Special(Special::Kms)),
    ("accesstokmsisnotallowed", Form::Special(Special::Kms)),
    ("kmsaccesswasdenied", Form::Special(Special::Kms)),
    ("accesstotheresource", Form::Special(Special::Sqs)),
    (
        "executionroledoesnothavepermissionstocall",
        Form::Special(Special::ExecutionRole),
    ),
    (
        "insufficientlakeformationpermission",
        Form::Special(Special::LakeFormation),
    ),
    ("accesstothemodel", Form::Special(Special::Model)),
    ("iamuseraccessnotactivated", Form::Special(Special::Billing)),
    ("iamuseraccessisnotactivated", Form::Special(Special::Billing)),
    ("notauthorizedforimages", Form::Special(Special::NotShared)),
    ("blockpublicaccess", Form::Special(Special::BlockPublicAccess)),
    ("iampermissionstoprocesstags", Form::Special(Special::Tags)),
    (
        "userisnotauthorizedtoaccessthisresource",
        Form::Special(Special::Authorizer),
    ),
    ("onresource(s):", Form::Special(Special::Console)),
    ("notauthorizedtoassumeiamrole", Form::Special(Special::AssumeRole)),
    ("whencallingthe", Form::Python),
    ("operationerror", Form::Go),
    ("nothavepermission", Form::Missing),
    ("thavepermission", Form::Missing),
    ("nothavethepermission", Form::Missing),
    ("nothavetherequiredpermission", Form::Missing),
    ("nothaverequiredpermission", Form::Missing),
    ("nothavethenecessarypermission", Form::Missing),
    ("nothavenecessarypermission", Form::Missing),
    ("nothavesufficientpermission", Form::Missing),
    ("nothaveenoughpermission", Form::Missing),
    ("missingpermission", Form::Missing),
    ("missingthepermission", Form::Missing),
    ("missingrequiredpermission", Form::Missing),
    ("missingiampermission", Form::Missing),
    ("lackspermission", Form::Missing),
    ("lackspermissions", Form::Missing),
    ("lackstherequiredpermission", Form::Missing),
    ("insufficientpermission", Form::Missing),
    ("insufficientiampermission", Form::Missing),
    ("insufficientprivileges", Form::Missing),
    ("permissiondenied", Form::Missing),
    ("requirespermission", Form::Missing),
    ("requiresthepermission", Form::Missing),
    ("nopermissionto", Form::Missing),
    ("isnotauthorizedto", Form::Missing),
    ("isunauthorizedto", Form::Missing),
    ("accessdenied", Form::Code),
    ("unauthorizedoperation", Form::Code),
];

/// Errors that look like refusals: phrase without blanks, code, what it means.
const LOOK_ALIKES: [(&str, &str, &str); 14] = [
    ("expiredtoken", "ExpiredToken", EXPIRED),
    ("tokenincludedintherequestisexpired", "ExpiredToken", EXPIRED),
    ("requestexpired", "RequestExpired", EXPIRED),
    ("tokenhasexpired", "ExpiredToken", EXPIRED),
    ("unabletolocatecredentials", "NoCredentials", NONE_FOUND),
    ("nocredentialproviders", "NoCredentials", NONE_FOUND),
    ("novalidcredentialsources", "NoCredentials", NONE_FOUND),
    ("couldnotloadcredentials", "NoCredentials", NONE_FOUND),
    ("invalidclienttokenid", "InvalidClientTokenId", WRONG_KEY),
    (
        "unrecognizedclientexception",
        "UnrecognizedClientException",
        WRONG_KEY,
    ),
    ("invalidaccesskeyid", "InvalidAccessKeyId", WRONG_KEY),
    ("signaturedoesnotmatch", "SignatureDoesNotMatch", WRONG_SECRET),
    (
        "optinrequired",
        "OptInRequired",
        "the account or the region is not subscribed to the service: subscribe, or enable the region; no policy helps",
    ),
    (
        "dryrunoperation",
        "DryRunOperation",
        "a dry run that would have been allowed: nothing is missing",
    ),
];

const EXPIRED: &str =
    "the credentials have expired: sign in again, or start a new session; no policy is missing";
const NONE_FOUND: &str =
    "the client found no credentials at all: check profile, environment and role; no policy is missing";
const WRONG_KEY: &str = "AWS does not know the access key: it was deleted, belongs to another partition, or lacks its session token; no policy is missing";
const WRONG_SECRET: &str =
    "the signature is wrong: secret key, clock, or a proxy that changes the request; no policy is missing";

/// Finds the refusals in a text.
pub(super) fn read(paste: &str) -> (Vec<Denial>, Vec<LookAlike>) {
    let clean = clean(paste);
    let dense = Dense::new(&clean.text);
    let mut marks: Vec<Mark> = Vec::new();
    let sentences = PERFORM.iter().map(|phrase| (*phrase, Form::Sentence));
    for (phrase, form) in sentences.chain(PHRASES) {
        marks.extend(dense.all(phrase).map(|(from, to)| Mark { from, to, form }));
    }
    marks.sort_unstable();
    marks.dedup_by_key(|mark| (mark.from, mark.form));
    let text = Text {
        clean: &clean,
        dense: &dense,
    };
    let mut found = text.sentences(&marks);
    for pass in [Pass::Special, Pass::Wrapped, Pass::Missing, Pass::Code] {
        let more = text.others(&marks, &found, pass);
        found.extend(more);
        found.sort_by_key(|own| own.from);
    }
    let denials = found.into_iter().filter_map(|own| own.denial).collect();
    (denials, text.look_alikes())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Special,
    Wrapped,
    Missing,
    Code,
}

impl Pass {
    fn of(form: Form) -> Option<Self> {
        match form {
            Form::Sentence => None,
            Form::Special(_) => Some(Self::Special),
            Form::Python | Form::Go => Some(Self::Wrapped),
            Form::Missing => Some(Self::Missing),
            Form::Code => Some(Self::Code),
        }
    }
}

/// A refusal with its place in the text; none, where the place only keeps others away.
struct Found {
    from: usize,
    to: usize,
    denial: Option<Denial>,
}

struct Text<'t> {
    clean: &'t Clean,
    dense: &'t Dense,
}

impl Text<'_> {
    fn sentences(&self, marks: &[Mark]) -> Vec<Found> {
        let own: Vec<&Mark> = marks.iter().filter(|mark| mark.form == Form::Sentence).collect();
        let mut found: Vec<Found> = Vec::new();
        for (index, mark) in own.iter().enumerate() {
            let floor = found.last().map_or(0, |last| last.to);
            let ceiling = own.get(index + 1).map_or(self.clean.text.len(), |next| next.from);
            if mark.from < floor {
                continue;
            }
            let read = sentence::read(self.clean, self.dense, (mark.from, mark.to), floor, ceiling);
            if read.action.is_none() && read.principal.is_none() {
                // EC2's plain sentence: what it means comes from the client.
                if self.says_this_operation(mark.to) && !self.goes_on(mark.to) {
                    found.extend(self.plain_operation(mark, floor, ceiling));
                }
                continue;
            }
            if read.action.is_none() {
                continue;
            }
            let from = read.from;
            let (denial, to) = self.around(read, floor, ceiling);
            found.push(Found {
                from,
                to,
                denial: Some(denial),
            });
        }
        // EC2 says its plain sentence before the full one.
        let full: Vec<usize> = found
            .iter()
            .filter(|own| own.denial.as_ref().is_some_and(|d| d.principal.is_some()))
            .map(|own| own.from)
            .collect();
        found.retain(|own| {
            let plain = own.denial.as_ref().is_some_and(|denial| {
                denial.principal.is_none() && denial.encoded.is_none() && denial.resource.is_none()
            });
            !(plain && full.iter().any(|from| *from > own.from && *from < own.to + 60))
        });
        found
    }

    fn says_this_operation(&self, at: usize) -> bool {
        [
            "this operation",
            "this action",
            "this request",
            "the requested operation",
        ]
        .iter()
        .any(|words| super::dense::eat(&self.clean.text, at, words).is_some())
    }

    /// "You are not authorized to perform this operation", with or without an encoded message.
    fn plain_operation(&self, mark: &Mark, floor: usize, ceiling: usize) -> Option<Found> {
        let mut denial = Denial::new();
        let end = self.encoded(&mut denial, mark.to, ceiling);
        let wrapper = self.wrapper(mark.from, end, floor, ceiling);
        let code = self
            .slice(mark.from.saturating_sub(200), mark.from)
            .contains("UnauthorizedOperation");
        if wrapper.operation.is_none() && denial.encoded.is_none() && !code {
            return None;
        }
        self.apply(&mut denial, &wrapper);
        if denial.service.is_none() && (code || denial.encoded.is_some()) {
            denial.service = Some("ec2".to_owned());
        }
        self.action_from_operation(&mut denial, false);
        self.finish(&mut denial, mark.from, end);
        Some(Found {
            from: mark.from,
            to: end,
            denial: Some(denial),
        })
    }

    /// Whether the full sentence follows EC2's plain one.
    fn goes_on(&self, at: usize) -> bool {
        let behind = self.slice(at, at + 60).to_ascii_lowercase();
        let words = behind.split_whitespace().skip_while(|word| *word != "user:");
        behind.starts_with([' ', '\n', '.']) && words.count() > 0
    }

    /// The sentence with what stands around it, and where that ends.
    fn around(&self, read: Sentence, floor: usize, ceiling: usize) -> (Denial, usize) {
        let mut denial = Denial::new();
        let (from, to) = (read.from, read.to);
        denial.principal = read.principal;
        denial.action = read.action;
        denial.resource = read.resource;
        denial.layer = read.layer;
        denial.kind = read.kind;
        denial.policy_arn = read.policy_arn;
        let end = self.encoded(&mut denial, to, ceiling);
        let wrapper = self.wrapper(from, end, floor, ceiling);
        self.apply(&mut denial, &wrapper);
        refine_layer(&mut denial);
        self.finish(&mut denial, from, end);
        (denial, end)
    }

    /// Reads an encoded message close behind `at`; where what was read ends.
    fn encoded(&self, denial: &mut Denial, at: usize, ceiling: usize) -> usize {
        let near = ceiling.min(at + 400);
        let mark = self.dense.first("encodedauthorizationfailuremessage", at, near);
        match mark.and_then(|(_, to)| encoded::read(self.clean, to)) {
            Some((message, end)) => {
                denial.encoded = Some(message);
                end
            }
            None => at,
        }
    }

    fn slice(&self, from: usize, to: usize) -> &str {
        let text = &self.clean.text;
        let mut from = from.min(text.len());
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let mut to = to.min(text.len()).max(from);
        while !text.is_char_boundary(to) {
            to -= 1;
        }
        text.get(from..to.max(from)).unwrap_or_default()
    }

    /// The wrapper of what stands at `from..to`.
    fn wrapper(&self, from: usize, to: usize, floor: usize, ceiling: usize) -> Wrapper {
        let start = floor.max(from.saturating_sub(BEFORE));
        let window = self.slice(start, from);
        let mut found = wrapper::before(window);
        let gap = window.get(found.to.min(window.len())..).unwrap_or_default();
        if found.operation.is_some() && (gap.len() > 360 || gap.matches('\n').count() > 8) {
            found = Wrapper::default();
        }
        let behind = wrapper::after(self.slice(to, ceiling.min(to + AFTER)));
        if found.operation.is_none() {
            found.operation = behind.operation;
            found.client = found.client.or(behind.client);
        }
        found.service = found
            .service
            .or(behind.service)
            .or_else(|| wrapper::exception_service(window));
        found
    }

    fn apply(&self, denial: &mut Denial, wrapper: &Wrapper) {
        denial.operation.clone_from(&wrapper.operation);
        denial.service.clone_from(&wrapper.service);
        denial.client = wrapper.client;
    }

    /// Client, lines and neighbours.
    fn finish(&self, denial: &mut Denial, from: usize, to: usize) {
        let around = self.slice(from.saturating_sub(900), to + 900);
        // The words of botocore are its own; other clients' are those of what is built upon them.
        if denial.client != Some(Client::Python) {
            denial.client = wrapper::client(around).or(denial.client);
        }
        denial.lines = vec![self.clean.line(from)];
        for found in BESIDE.find_iter(around) {
            let name = found.as_str().trim_end_matches(['.', ',', ')', '"']).to_owned();
            if !denial.beside.contains(&name) && denial.beside.len() < 12 {
                denial.beside.push(name);
            }
        }
        let quarantine = |text: &str| text.contains("AWSCompromisedKeyQuarantine");
        if denial.policy_arn.as_deref().is_some_and(quarantine) || quarantine(self.slice(from, to + 300)) {
            denial.not_by_policy = Some(NotByPolicy::Quarantine);
        }
        let behind = self.slice(to, to + 200);
        if behind.contains("BlockPublic") && behind.contains("prevented") {
            denial.not_by_policy = Some(NotByPolicy::BlockPublicAccess);
        }
    }

    fn action_from_operation(&self, denial: &mut Denial, plain_s3: bool) {
        if let Some(operation) = &denial.operation
            && denial.action.is_none()
        {
            denial.action = actions_of(denial.service.as_deref(), operation, plain_s3)
                .into_iter()
                .next();
        }
    }

    /// The refusals of one pass, of those that stand apart from what was found.
    fn others(&self, marks: &[Mark], found: &[Found], pass: Pass) -> Vec<Found> {
        let mut more: Vec<Found> = Vec::new();
        let mut next = 0;
        for mark in marks.iter().filter(|mark| Pass::of(mark.form) == Some(pass)) {
            while found.get(next).is_some_and(|own| own.from <= mark.from) {
                next += 1;
            }
            let before = next.checked_sub(1).and_then(|index| found.get(index));
            let last = more.last();
            let floor = before.map_or(0, |own| own.to).max(last.map_or(0, |own| own.to));
            if mark.from < floor {
                continue;
            }
            let behind = found.get(next).map_or(self.clean.text.len(), |own| own.from);
            if self.belongs_to_a_neighbour(mark, before, found.get(next), pass) {
                continue;
            }
            if pass == Pass::Code && last.is_some_and(|own| self.close(own.to, mark.from)) {
                continue;
            }
            more.extend(self.other(mark, floor, behind));
        }
        more
    }

    /// Whether the mark is a part of a refusal that was found already.
    fn belongs_to_a_neighbour(
        &self,
        mark: &Mark,
        before: Option<&Found>,
        behind: Option<&Found>,
        pass: Pass,
    ) -> bool {
        match pass {
            // KMS gives its reasons behind the sentence.
            Pass::Special => {
                let kms = |own: &Found| {
                    let action = own.denial.as_ref().and_then(|denial| denial.action.as_deref());
                    action.is_some_and(|action| action.starts_with("kms:"))
                };
                mark.form == Form::Special(Special::Kms)
                    && before.is_some_and(|own| kms(own) && mark.from.saturating_sub(own.to) < 240)
            }
            // A wrapper introduces the sentence that follows it at once.
            Pass::Wrapped => behind.is_some_and(|own| {
                let gap = self.slice(mark.to, own.from);
                gap.len() <= 420
                    && !gap.contains("\n\n")
                    && gap.matches('\n').count() <= 6
                    && !gap.contains("when calling the")
            }),
            Pass::Missing | Pass::Code => {
                before.is_some_and(|own| self.close(own.to, mark.from))
                    || behind.is_some_and(|own| self.close(mark.to, own.from))
            }
        }
    }

    fn close(&self, from: usize, to: usize) -> bool {
        to.saturating_sub(from) <= 900 && self.slice(from, to).matches('\n').count() <= 24
    }

    fn other(&self, mark: &Mark, floor: usize, ceiling: usize) -> Option<Found> {
        match mark.form {
            Form::Sentence => None,
            Form::Special(special) => self.special(mark, special, floor, ceiling),
            Form::Python | Form::Go => self.wrapped(mark, floor, ceiling),
            Form::Missing => self.missing(mark, floor, ceiling),
            Form::Code => self.code(mark, floor, ceiling),
        }
    }

    /// A wrapper with a refusing code and a message that says no more.
    fn wrapped(&self, mark: &Mark, floor: usize, ceiling: usize) -> Option<Found> {
        let start = floor.max(mark.from.saturating_sub(160));
        let window = self.slice(start, ceiling.min(mark.to + 500));
        let local = mark.from - start;
        let from = if mark.form == Form::Python {
            window.get(..local)?.rfind('(').unwrap_or(local)
        } else {
            local
        };
        let head = window.get(from..)?;
        let wrapper = if mark.form == Form::Python {
            wrapper::python_at(head)
        } else {
            wrapper::go_at(head)
        }?;
        let end = start + from + wrapper.to;
        let message = self.paragraph(end, ceiling);
        // The next error's code is not this one's.
        let message = message.split("operation error ").next().unwrap_or(message);
        let refused = match (&wrapper.code, mark.form) {
            (Some(code), _) => wrapper::refuses(code, message),
            (None, Form::Go) => GO_REFUSED.is_match(message),
            _ => false,
        };
        if !refused || NOT_PERMISSIONS.iter().any(|words| message.contains(words)) {
            return None;
        }
        let mut denial = Denial::new();
        self.apply(&mut denial, &wrapper);
        self.action_from_operation(&mut denial, true);
        let to = end + message.split('\n').next().map_or(0, str::len);
        self.finish(&mut denial, start + from, to);
        Some(Found {
            from: start + from,
            to,
            denial: Some(denial),
        })
    }

    fn paragraph(&self, from: usize, ceiling: usize) -> &str {
        let window = self.slice(from, ceiling.min(from + 500));
        window.split("\n\n").next().unwrap_or_default()
    }

    fn special(&self, mark: &Mark, special: Special, floor: usize, ceiling: usize) -> Option<Found> {
        let mut denial = Denial::new();
        let around = self.slice(
            floor.max(mark.from.saturating_sub(400)),
            ceiling.min(mark.to + 300),
        );
        let lowered = around.to_ascii_lowercase();
        let (mut from, mut to) = (mark.from, mark.to);
        let wrapper = self.wrapper(from, to, floor, ceiling);
        self.apply(&mut denial, &wrapper);
        match special {
            Special::Encoded => {
                let (message, end) = encoded::read(self.clean, mark.to)?;
                denial.encoded = Some(message);
                denial.service.get_or_insert_with(|| "ec2".to_owned());
                to = end;
                self.action_from_operation(&mut denial, false);
            }
            Special::Endpoint => {
                denial.layer = DeniedBy::Endpoint;
                self.action_from_operation(&mut denial, true);
            }
            Special::Kms => {
                if !["key", "ciphertext", "kms"]
                    .iter()
                    .any(|word| lowered.contains(word))
                {
                    return None;
                }
                let own = denial
                    .operation
                    .as_deref()
                    .and_then(|name| actions_of(Some("kms"), name, false).into_iter().next());
                denial.action = own.or_else(|| Some("kms:Decrypt".to_owned()));
                from = floor.max(mark.from.saturating_sub(200));
            }
            Special::Sqs => {
                let end = self
                    .dense
                    .first("isdenied", mark.to, ceiling.min(mark.to + 300))?;
                let url = self.slice(mark.to, end.0).trim().to_owned();
                denial.resource =
                    Some(url.split_whitespace().collect::<String>()).filter(|url| !url.is_empty());
                denial.service.get_or_insert_with(|| "sqs".to_owned());
                to = end.1;
                self.action_from_operation(&mut denial, false);
            }
            Special::ExecutionRole => {
                let all = CALLED_ON.captures(self.slice(mark.to, mark.to + 120))?;
                let service = wrapper::service(all.get(2)?.as_str())?;
                denial.action = Some(token::spelt(&format!("{service}:{}", all.get(1)?.as_str())));
                denial.operation = denial.operation.filter(|name| name.len() > 3);
            }
            Special::LakeFormation => denial.not_by_policy = Some(NotByPolicy::LakeFormation),
            Special::Authorizer => {
                let behind = self.slice(mark.to, ceiling.min(mark.to + 40));
                let deny = behind.trim_start().starts_with("with an explicit deny");
                if !deny && !lowered.contains("\"message\"") {
                    return None;
                }
                if deny {
                    denial.kind = Kind::Explicit;
                }
            }
            Special::Console => {
                let start = floor.max(mark.from.saturating_sub(500));
                let all = CONSOLE
                    .captures_iter(self.slice(start, ceiling.min(mark.to + 1500)))
                    .last()?;
                let part = |number: usize| {
                    all.get(number)
                        .map(|part| token::trimmed(part.as_str()).to_owned())
                };
                denial.principal = part(1);
                denial.action = part(2).map(|action| token::spelt(&action));
                denial.resource = part(3);
                (denial.layer, denial.kind) = sentence::context(part(4).as_deref().unwrap_or_default());
                refine_layer(&mut denial);
                (from, to) = (start + all.get(0)?.start(), start + all.get(0)?.end());
                denial.operation = None;
            }
            Special::AssumeRole => {
                let role = token::name(self.clean, mark.to + 1)?;
                denial.resource = Some(token::trimmed(&role.0).to_owned());
                denial.action = Some("sts:AssumeRole".to_owned());
                let line = self.slice(floor.max(mark.from.saturating_sub(300)), mark.from);
                let caller = line
                    .rfind("arn:")
                    .and_then(|at| line.get(at..)?.split_whitespace().next());
                denial.principal = caller.map(|arn| token::trimmed(arn).to_owned());
                denial.operation = None;
                to = role.1;
            }
            Special::Model => {
                if !lowered.contains("don't have access") && !lowered.contains("do not have access") {
                    return None;
                }
                denial.not_by_policy = Some(NotByPolicy::ModelAccess);
                self.action_from_operation(&mut denial, false);
            }
            Special::Billing => {
                denial.not_by_policy = Some(NotByPolicy::BillingAccess);
                self.action_from_operation(&mut denial, false);
            }
            Special::NotShared => denial.not_by_policy = Some(NotByPolicy::NotShared),
            Special::BlockPublicAccess => {
                let refused = ["prevent", "blocked", "because public", "not allowed"];
                if !refused.iter().any(|word| lowered.contains(word)) || !lowered.contains("denied") {
                    return None;
                }
                denial.not_by_policy = Some(NotByPolicy::BlockPublicAccess);
            }
            Special::Tags => {}
        }
        self.finish(&mut denial, from, to);
        Some(Found {
            from,
            to,
            denial: Some(denial),
        })
    }

    /// Words for a missing permission with the action beside them.
    fn missing(&self, mark: &Mark, floor: usize, ceiling: usize) -> Option<Found> {
        let from = floor.max(mark.from.saturating_sub(200));
        let to = ceiling.min(mark.to + 260);
        let behind = self.slice(mark.to, to);
        let behind = behind.split("\n\n").next().unwrap_or_default();
        let before = self.slice(from, mark.from);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let named = |text: &str| -> Option<(usize, String)> {
            ACTION.captures_iter(text).find_map(|all| {
                let found = all.get(1)?;
                let name = found.as_str();
                action_catalog::action(name).map(|_| (found.end(), token::spelt(name)))
            })
        };
        let (end, action) = named(behind)
            .map(|(end, action)| (mark.to + end, action))
            .or_else(|| named(line).map(|(_, action)| (mark.to, action)))?;
        let mut denial = Denial::new();
        denial.action = Some(action);
        let caller = before
            .rfind("arn:")
            .map(|at| before.get(at..).unwrap_or_default());
        denial.principal = caller
            .and_then(|text| text.split_whitespace().next())
            .map(token::trimmed)
            .filter(|arn| arn.contains(":role/") || arn.contains(":user/") || arn.contains(":assumed-role/"))
            .map(str::to_owned);
        denial.resource = RESOURCE_BEHIND
            .captures(self.slice(end, ceiling.min(end + 400)))
            .and_then(|all| Some(token::trimmed(all.get(1)?.as_str()).to_owned()));
        let wrapper = self.wrapper(mark.from, end, floor, ceiling);
        self.apply(&mut denial, &wrapper);
        self.finish(&mut denial, mark.from, end);
        Some(Found {
            from: mark.from,
            to: end,
            denial: Some(denial),
        })
    }

    /// An error code with nothing but stack frames and service names around it.
    fn code(&self, mark: &Mark, floor: usize, ceiling: usize) -> Option<Found> {
        let word = self.slice(mark.from, mark.to);
        let behind = self.slice(mark.to, mark.to + 60);
        let before = self.slice(mark.from.saturating_sub(40), mark.from);
        let exact = [
            "AccessDenied",
            "Access Denied",
            "UnauthorizedOperation",
            "ACCESS_DENIED",
        ];
        let lower = word.chars().next().is_some_and(char::is_lowercase) || word == "Access denied";
        if !(exact.contains(&word) || lower || word.contains('\n'))
            || behind.starts_with("Handler")
            || behind.starts_with("Page")
            || behind.trim_start().starts_with("for user")
            || before.ends_with(['-', '_', '/'])
        {
            return None;
        }
        let paragraph = self.slice(
            floor.max(mark.from.saturating_sub(600)),
            ceiling.min(mark.to + 900),
        );
        let aws = AWS.is_match(paragraph) || (exact.contains(&word) && self.clean.text.len() < 160);
        if !aws || NOT_PERMISSIONS.iter().any(|words| paragraph.contains(words)) {
            return None;
        }
        let strict = exact.contains(&word) || word.contains('\n');
        let mut denial = Denial::new();
        let wrapper = self.wrapper(mark.from, mark.to, floor, ceiling);
        self.apply(&mut denial, &wrapper);
        if denial.operation.is_none() && denial.service.is_none() && !strict {
            return None;
        }
        self.action_from_operation(&mut denial, true);
        let to = mark.to;
        self.finish(&mut denial, mark.from, to);
        Some(Found {
            from: mark.from,
            to,
            denial: Some(denial),
        })
    }

    fn look_alikes(&self) -> Vec<LookAlike> {
        let mut found: Vec<LookAlike> = Vec::new();
        for (phrase, what, means) in LOOK_ALIKES {
            let first = self.dense.all(phrase).next();
            if let Some((from, _)) = first
                && !found.iter().any(|own| own.what == what)
            {
                found.push(LookAlike {
                    line: self.clean.line(from),
                    what: what.to_owned(),
                    means: means.to_owned(),
                });
            }
        }
        found.sort();
        found
    }
}

/// The layer as the resource makes it: the policy of a key, of a role.
fn refine_layer(denial: &mut Denial) {
    let Some(action) = denial
        .action
        .as_deref()
        .filter(|_| denial.layer == DeniedBy::Resource)
    else {
        return;
    };
    let prefix = action.split(':').next().unwrap_or_default();
    if prefix.eq_ignore_ascii_case("kms") {
        denial.layer = DeniedBy::Key;
    } else if prefix.eq_ignore_ascii_case("sts") && action.contains("AssumeRole") {
        denial.layer = DeniedBy::Trust;
    }
}

/// Messages behind a refusing code that are about credentials or sharing.
const NOT_PERMISSIONS: [&str; 9] = [
    "ExpiredToken",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "token is expired",
    "token has expired",
    "security token included in the request is invalid",
    "Request has expired",
    "Access Key Id you provided",
    "signature we calculated",
];

patterns! {
    GO_REFUSED = r"(?:StatusCode:[ \n]*403|api error (?:AccessDenied|Forbidden|UnauthorizedOperation|AuthorizationError|NotAuthorized))";
    CALLED_ON = r"^[ \n]+([A-Za-z0-9]+)[ \n]+on[ \n]+([A-Za-z0-9 ]+?)[ ]*(?:[.,\n()]|$)";
    CONSOLE = r"(?:User:[ \n]*([^ \n]+)[ \n]+)?Action:[ \n]*([A-Za-z0-9-]+:[A-Za-z0-9]+)[ \n]+On resource\(s\):[ \n]*([^ \n]+)(?:[ \n]+Context:[ \n]*([^\n]*))?";
    ACTION = r"(?:^|[^A-Za-z0-9:/._-])([a-z][a-z0-9-]{1,30}:[A-Za-z][A-Za-z0-9]{2,60})(?:$|[^A-Za-z0-9:/])";
    RESOURCE_BEHIND = r"^[^.\n]{0,20}?on (?:the )?(?:resource:? )?([^ \n]*arn:[^ \n]+)";
    AWS = r"(?i:amazonaws|arn:aws|s3://|(?-u:\b)aws|(?-u:\b)s3(?-u:\b)|boto|amazon|request ?id|host ?id|status ?code:? ?403|HandlerErrorCode|<Code>|lambda|dynamodb|(?-u:\b)kms(?-u:\b)|(?-u:\b)ec2(?-u:\b)|__type)";
    BESIDE = r#"(?:module\.[A-Za-z0-9_.\[\]"-]+\.)?(?:data\.)?(?-u:\b)aws_[a-z0-9_]+\.[A-Za-z0-9_-]+|AWS::[A-Za-z0-9]+::[A-Za-z0-9]+|s3://[A-Za-z0-9._/-]+"#;
}
