//! The policy document as a value.

use serde::Serialize;

/// Byte offsets into the text that a policy was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub from: usize,
    /// One past the last byte.
    pub to: usize,
}

/// `Version`: it decides whether policy variables are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Version {
    /// `2012-10-17`: variables work.
    V2012,
    /// `2008-10-17`, or none given: variables are plain text.
    V2008,
}

/// `Effect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// `Action`/`NotAction`, `Resource`/`NotResource`: a list, or all but a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Element {
    /// `Action`, `Resource`.
    Only(Vec<String>),
    /// `NotAction`, `NotResource`.
    Except(Vec<String>),
}

impl Element {
    /// The patterns as written, whichever form.
    pub fn patterns(&self) -> &[String] {
        match self {
            Self::Only(list) | Self::Except(list) => list,
        }
    }
}

impl Element {
    /// Whether it is `NotAction` or `NotResource`.
    pub fn is_except(&self) -> bool {
        matches!(self, Self::Except(_))
    }
}

/// One operator with one key: `StringEquals: {"aws:PrincipalOrgID": ["o-1"]}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition {
    /// The operator as written, qualifier and `IfExists` included: `ForAnyValue:StringLikeIfExists`.
    pub operator: String,
    /// The key as written.
    pub key: String,
    /// The values, numbers and booleans as text.
    pub values: Vec<String>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `Sid`.
    pub sid: Option<String>,
    /// `Effect`.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal` as it stands (resource and trust policies only).
    pub principal: Option<serde_json::Value>,
    /// Whether `principal` was written as `NotPrincipal`.
    pub not_principal: bool,
    /// `Action` or `NotAction`.
    pub action: Element,
    /// `Resource` or `NotResource`; trust policies have none.
    pub resource: Option<Element>,
    /// `Condition`, flattened, in the order it is written.
    pub conditions: Vec<Condition>,
    /// Where the statement stands in the text it was read from; default for statements made here.
    pub span: Span,
    /// Where each entry of `action` stands, in the same order; empty for statements made here.
    pub action_spans: Vec<Span>,
    /// Where each entry of `resource` stands; empty for statements made here.
    pub resource_spans: Vec<Span>,
}

impl Statement {
    /// A statement of its own, not read from a text: no Sid, no conditions.
    pub fn new(effect: Effect, action: Element, resource: Option<Element>) -> Self {
        Self {
            sid: None,
            effect,
            principal: None,
            not_principal: false,
            action,
            resource,
            conditions: Vec::new(),
            span: Span::default(),
            action_spans: Vec::new(),
            resource_spans: Vec::new(),
        }
    }

    /// Whether both would be written the same in canonical form: all but the positions is equal.
    pub fn same_text_as(&self, other: &Self) -> bool {
        let parts = |s: &Self| (s.sid.clone(), s.effect, s.principal.clone(), s.not_principal);
        parts(self) == parts(other)
            && self.action == other.action
            && self.resource == other.resource
            && self.conditions == other.conditions
    }
}

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// `Version`.
    pub version: Version,
    /// `Id`.
    pub id: Option<String>,
    /// `Statement`, in order.
    pub statements: Vec<Statement>,
    /// The text it was read from, for positions and for printing what was not touched as it was.
    pub source: std::sync::Arc<str>,
}

impl Document {
    /// A document of its own, not read from a text, in the current version of the language.
    pub fn new(statements: Vec<Statement>) -> Self {
        Self {
            version: Version::V2012,
            id: None,
            statements,
            source: "".into(),
        }
    }
}
