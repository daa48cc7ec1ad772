//! Policies and requests out of small pools, so that they meet.

use arbitrary::{Arbitrary, Result, Unstructured};
use leastgrant::evaluate::{Context, Layer, Lookup, PolicyIn};
use leastgrant::policy::{Condition, Document, Effect, Element, Statement, Version};
use serde_json::{Value, json};

/// Actions that are asked.
pub const ACTIONS: [&str; 8] = [
    "s3:GetObject",
    "s3:PutObject",
    "kms:Decrypt",
    "sts:AssumeRole",
    "es:ESHttpGet",
    "iam:PassRole",
    "s3:Ga",
    "foo:Bar",
];
const ACTION_PATTERNS: [&str; 14] = [
    "*",
    "s3:*",
    "S3:getobject",
    "s3:Get*",
    "s3:G?*",
    "s?:*Object",
    "kms:*",
    "sts:AssumeRole",
    "es:*",
    "iam:Pass*",
    "s3:Put*",
    "*:*a*",
    "foo:bar",
    "s3:?a",
];
/// Resources that are asked.
pub const RESOURCES: [&str; 10] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::a/k",
    "arn:aws:s3:::b",
    "arn:aws:s3:::",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:kms:us-east-1:444455556666:key/a",
    "arn:aws:kms:us-east-1:111122223333:key/k",
    "*",
    "arn:aws:s3:::b/*",
];
const RESOURCE_PATTERNS: [&str; 20] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::*",
    "arn:aws:s3:::?/k",
    "arn:aws:s3:::b/${k:k}",
    "arn:aws:s3:::${k:k, 'a'}/*",
    "arn:aws:s3:::b/${K:K}*",
    "arn:aws:s3:::b/${*}",
    "arn:aws:s3",
    "*:*:*:*:*:*",
    "arn:*:*:*:111122223333:*",
    "arn:aws:iam::*:role/*",
    "arn:aws:kms:us-east-1:444455556666:key/?",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::${",
    "arn:aws:s3:::b*",
    "arn:aws:s3:::*k",
    "arn:aws:s3::${k:k}:b",
    "arn:aws:s3:::${aws:TagKeys}/k",
];

/// A condition key with the operators and the values that go with it.
struct Kind {
    key: &'static str,
    operators: &'static [&'static str],
    written: &'static [&'static str],
    asked: &'static [&'static str],
}

const KINDS: [Kind; 8] = [
    Kind {
        key: "k:k",
        operators: &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
        ],
        written: &[
            "a",
            "b",
            "*",
            "a*",
            "?",
            "",
            "${aws:username}",
            "${*}",
            "A",
            "x${v:v, 'a'}",
        ],
        asked: &["a", "b", "ab", "A", "*", "", "k", "xa"],
    },
    Kind {
        key: "aws:username",
        operators: &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotEqualsIgnoreCase",
        ],
        written: &["a", "k", "*k", "${k:k}", "??"],
        asked: &["a", "k", "K", "ak", "b"],
    },
    Kind {
        key: "aws:TagKeys",
        operators: &["StringEquals", "StringLike", "StringNotEquals", "StringNotLike"],
        written: &["a", "b", "a*", "*"],
        asked: &["a", "b", "ab", "c", ""],
    },
    Kind {
        key: "n:n",
        operators: &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericGreaterThanEquals",
            "NumericLessThanEquals",
            "NumericGreaterThan",
        ],
        written: &["1", "2", "1.5", "-1", "0", "10", "2.0", "0.0000000001"],
        asked: &["1", "2", "1.5", "1.75", "0", "-3", "9", "10.0", "11"],
    },
    Kind {
        key: "aws:CurrentTime",
        operators: &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateGreaterThanEquals",
            "DateLessThanEquals",
            "DateGreaterThan",
        ],
        written: &[
            "2026-01-01",
            "2026-01-01T12:00:00Z",
            "1767225600",
            "2026-01-01T00:00:00.25Z",
        ],
        asked: &[
            "2025-12-31T23:59:59Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T06:00:00.5Z",
            "1767268800",
            "2030-01-01",
        ],
    },
    Kind {
        key: "aws:SecureTransport",
        operators: &["Bool"],
        written: &["true", "false", "TRUE"],
        asked: &["true", "false", "False"],
    },
    Kind {
        key: "aws:SourceIp",
        operators: &["IpAddress", "NotIpAddress"],
        written: &[
            "10.0.0.0/8",
            "10.0.0.0/9",
            "10.128.0.0/9",
            "10.0.0.1",
            "0.0.0.0/0",
            "2001:db8::/32",
            "::/0",
        ],
        asked: &[
            "10.0.0.1",
            "10.200.0.1",
            "11.0.0.1",
            "2001:db8::5",
            "::1",
            "255.255.255.255",
        ],
    },
    Kind {
        key: "aws:SourceArn",
        operators: &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        written: &[
            "arn:aws:sns:*:111122223333:*",
            "arn:aws:sns:us-east-1:111122223333:t",
            "arn:aws:*:*:*:t*",
            "arn:aws:sns:us-east-1:111122223333:${k:k}",
        ],
        asked: &[
            "arn:aws:sns:us-east-1:111122223333:t",
            "arn:aws:sns:us-east-1:111122223333:a",
            "arn:aws:sqs:us-east-1:444455556666:tt",
        ],
    },
];
/// Operators and values that fit no kind: they may be asked of any key.
const ODD_OPERATORS: [&str; 5] = [
    "BinaryEquals",
    "StringEqual",
    "NullIfExists",
    "ForEachValue:Bool",
    "",
];
const ODD_VALUES: [&str; 9] = [
    "",
    "x",
    "${",
    "é",
    "2026",
    "1e3",
    "arn:aws:s3",
    "10.0.0.0/33",
    "${aws:TagKeys}",
];

/// None to three.
pub fn few<'a, T: Arbitrary<'a>>(u: &mut Unstructured<'a>) -> Result<Vec<T>> {
    let count = u.int_in_range(0..=3)?;
    (0..count).map(|_| u.arbitrary()).collect()
}

/// One of a pool.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct Pick(u8);

impl Pick {
    /// That one.
    pub fn of<'p, T>(self, pool: &'p [T]) -> &'p T {
        &pool[usize::from(self.0) % pool.len()]
    }
}

/// `Action`, `Resource` or their complements.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct List {
    form: u8,
    one: Pick,
    two: Pick,
    three: Pick,
}

impl List {
    fn element(self, pool: &[&str]) -> Element {
        let picks = [self.one, self.two, self.three];
        let count = match self.form >> 3 & 7 {
            0..=3 => 1,
            4..=6 => 2,
            _ => 3,
        };
        let list = picks
            .iter()
            .take(count)
            .map(|pick| (*pick.of(pool)).to_owned())
            .collect();
        if self.form & 7 == 0 {
            Element::Except(list)
        } else {
            Element::Only(list)
        }
    }
}

/// One condition.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub struct When {
    key: Pick,
    operator: Pick,
    one: Pick,
    two: Pick,
    form: u8,
    odd: u8,
}

impl When {
    /// `odd`: operators and values that do not go with the key as well.
    fn condition(self, odd: bool) -> Condition {
        let kind = self.key.of(&KINDS);
        let odd_operator = odd && self.odd & 15 == 15;
        let odd_value = odd && self.odd >> 4 == 15;
        let null = self.form & 0x70 == 0x70;
        let operator = if odd_operator {
            let other = self.one.of(&KINDS).operators;
            if self.odd & 16 == 0 {
                *self.operator.of(&ODD_OPERATORS)
            } else {
                *self.operator.of(other)
            }
        } else {
            *self.operator.of(kind.operators)
        };
        let qualifier = match self.form & 7 {
            _ if kind.key == "aws:TagKeys" && self.form & 1 == 0 => "ForAllValues:",
            _ if kind.key == "aws:TagKeys" => "ForAnyValue:",
            6 => "ForAllValues:",
            7 => "ForAnyValue:",
            _ => "",
        };
        let exists = if self.form & 8 == 0 { "" } else { "IfExists" };
        let mut values = vec![*self.one.of(kind.written)];
        if self.form & 0x80 != 0 {
            values.push(self.two.of(kind.written));
        }
        if odd_value {
            values.push(self.two.of(&ODD_VALUES));
        }
        if null {
            values = vec![["true", "false"][usize::from(self.form & 1)]];
        }
        Condition {
            operator: if null {
                "Null".to_owned()
            } else {
                format!("{qualifier}{operator}{exists}")
            },
            key: if self.odd & 1 == 0 {
                kind.key.to_owned()
            } else {
                kind.key.to_ascii_uppercase()
            },
            values: values.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// One statement.
#[derive(Debug, Clone, Arbitrary)]
pub struct Says {
    form: u8,
    action: List,
    resource: List,
    principal: Pick,
    second: Pick,
    when: [Option<When>; 2],
}

impl Says {
    fn statement(&self, layer: Layer, odd: bool) -> Statement {
        let effect = if self.form & 3 == 0 {
            Effect::Deny
        } else {
            Effect::Allow
        };
        let bare = if layer.names_principals() { 0x30 } else { 0x3c };
        let resource = if odd && self.form & bare == bare {
            None
        } else {
            Some(self.resource.element(&RESOURCE_PATTERNS))
        };
        let mut statement = Statement::new(effect, self.action.element(&ACTION_PATTERNS), resource);
        let misplaced = odd && self.form >> 3 == 31;
        if layer.names_principals() != misplaced {
            let pool = principals();
            let one = self.principal.of(&pool).clone();
            statement.principal = Some(match (one, self.second.of(&pool)) {
                (Value::Object(mut one), Value::Object(two)) if self.form & 0x40 != 0 => {
                    one.extend(two.clone());
                    Value::Object(one)
                }
                (one, _) => one,
            });
            statement.not_principal = self.form >> 5 == 7 && (odd || effect == Effect::Deny);
        }
        let conditions = self.when.iter().flatten().map(|when| when.condition(odd));
        for condition in conditions {
            // In a text one key stands once below an operator.
            let twice = statement
                .conditions
                .iter()
                .any(|own| own.operator == condition.operator && own.key == condition.key);
            if !twice {
                statement.conditions.push(condition);
            }
        }
        statement
    }
}

fn principals() -> Vec<Value> {
    vec![
        json!("*"),
        json!({"AWS": "*"}),
        json!({"AWS": "111122223333"}),
        json!({"AWS": "arn:aws:iam::444455556666:root"}),
        json!({"AWS": "arn:aws:iam::111122223333:user/a"}),
        json!({"AWS": "arn:aws:iam::111122223333:role/r"}),
        json!({"AWS": ["arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:role/r", "111122223333"]}),
        json!({"AWS": "arn:aws:sts::111122223333:federated-user/f"}),
        json!({"AWS": ["AROAEXAMPLEEXAMPLE00", "arn:aws:iam::111122223333:user/*"]}),
        json!({"Service": "lambda.amazonaws.com"}),
        json!({"Service": "*"}),
        json!({"Federated": "accounts.google.com"}),
        json!({"CanonicalUser": "abc"}),
        json!({}),
        json!({"AWS": ["arn:aws:iam::111122223333:user/a", "111122223333"]}),
    ]
}

/// One policy.
#[derive(Debug, Clone, Arbitrary)]
pub struct Policy {
    /// Which layer, by number.
    pub layer: Pick,
    old: bool,
    #[arbitrary(with = few)]
    statements: Vec<Says>,
}

impl Policy {
    /// The document, for a layer. `odd`: what AWS does not document as well.
    pub fn document(&self, layer: Layer, odd: bool) -> Document {
        let mut document = Document::new(
            self.statements
                .iter()
                .map(|says| says.statement(layer, odd))
                .collect(),
        );
        if self.old {
            document.version = Version::V2008;
        }
        document
    }
}

/// The policies, as the evaluator takes them.
pub fn policies(documents: &[(Layer, Document)]) -> Vec<PolicyIn<'_>> {
    documents
        .iter()
        .map(|(layer, document)| PolicyIn {
            layer: *layer,
            document,
        })
        .collect()
}

/// What is known of the keys of [`keys`], in their order.
#[derive(Debug, Clone, Copy)]
pub struct Known([(u8, Pick, Pick); KINDS.len() + 1]);

impl<'a> Arbitrary<'a> for Known {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut known = [(0, Pick(0), Pick(0)); KINDS.len() + 1];
        for own in &mut known {
            *own = (u.arbitrary()?, u.arbitrary()?, u.arbitrary()?);
        }
        Ok(Self(known))
    }
}

/// The condition keys that the policies speak of.
pub fn keys() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.key).chain(["v:v"])
}

impl Known {
    /// Any context: also several values, values of the wrong kind, and nothing known.
    pub fn anything(&self) -> Context {
        let mut context = Context::default();
        for (number, (key, (form, one, two))) in keys().zip(self.0).enumerate() {
            let kind = KINDS.get(number).unwrap_or(&KINDS[0]);
            let value = match form & 7 {
                0 | 1 => Lookup::Unknown,
                2 => Lookup::Absent,
                3 => Lookup::Values(texts(&[one.of(kind.asked), two.of(kind.asked)])),
                4 if form & 8 == 0 => Lookup::Values(Vec::new()),
                4 => Lookup::Values(texts(&[one.of(&ODD_VALUES)])),
                _ => Lookup::Values(texts(&[one.of(kind.asked)])),
            };
            context.set(key, value);
        }
        if self.0[0].0 & 0x80 != 0 {
            context.others_absent();
        }
        context
    }

    /// A context such as a request has, all of it known: one value of its kind for each key, several
    /// only for the key that takes them, none missing that every request has.
    pub fn usual(&self) -> Context {
        let mut context = Context::default();
        for (number, (key, (form, one, two))) in keys().zip(self.0).enumerate() {
            let kind = KINDS.get(number).unwrap_or(&KINDS[0]);
            let always = ["aws:CurrentTime", "aws:SecureTransport"].contains(&key);
            let value = match form & 3 {
                0 if !always => Lookup::Absent,
                1 if key == "aws:TagKeys" => Lookup::Values(texts(&[one.of(kind.asked), two.of(kind.asked)])),
                _ => Lookup::Values(texts(&[one.of(kind.asked)])),
            };
            context.set(key, value);
        }
        context.others_absent();
        context
    }

    /// The same context, each key of which nothing is known being given what `other` has.
    pub fn learn(context: &Context, other: &Context) -> Context {
        let mut known = context.clone();
        for key in keys() {
            if *context.get(key) == Lookup::Unknown {
                known.set(key, other.get(key).clone());
            }
        }
        known
    }
}

fn texts(list: &[&&str]) -> Vec<String> {
    list.iter().map(|text| (**text).to_owned()).collect()
}
