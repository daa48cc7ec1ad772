//! Condition operators: three-valued, by the documented rules
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>).

use std::net::IpAddr;

use jiff::Timestamp;

use super::target::ArnText;
use super::value::{Decimal, Network, date};
use super::variables::{Mode, Text};
use super::{Context, Lookup, Truth};
use crate::arn::split_pattern;
use crate::policy::operator::{Operator, Order, Qualifier, Test};
use crate::policy::{Condition, Version};

/// Whether the condition holds in the context. `missing` collects the keys without whose value it
/// cannot be decided.
pub fn holds(condition: &Condition, version: Version, context: &Context, missing: &mut Vec<String>) -> Truth {
    Compiled::new(condition, version).holds(context, missing)
}

/// A value of the policy, read once. `None`: the text is no such value.
#[derive(Debug, Clone)]
enum Value {
    Text(Text),
    Arn(ArnText),
    Number(Option<Decimal>),
    Date(Option<Timestamp>),
    Bool(Option<bool>),
    Binary(Option<String>),
    Ip(Option<Network>),
}

/// A condition, compiled.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    /// `None`: there is no such operator.
    operator: Option<Operator>,
    /// In lower case.
    key: String,
    values: Vec<Value>,
}

impl Compiled {
    pub(super) fn new(condition: &Condition, version: Version) -> Self {
        let operator = Operator::parse(&condition.operator);
        let values = operator.map_or_else(Vec::new, |operator| {
            condition
                .values
                .iter()
                .map(|text| value(operator.test, text, version))
                .collect()
        });
        Self {
            operator,
            key: condition.key.to_ascii_lowercase(),
            values,
        }
    }

    /// As [`holds`].
    pub(super) fn holds(&self, context: &Context, missing: &mut Vec<String>) -> Truth {
        let mut variables = Vec::new();
        let truth = self.decide(context, &mut variables);
        if truth == Truth::Unknown {
            if variables.is_empty() {
                variables.push(self.key.clone());
            }
            missing.append(&mut variables);
        }
        truth
    }

    fn decide(&self, context: &Context, missing: &mut Vec<String>) -> Truth {
        let Some(operator) = self.operator else {
            return Truth::Unknown;
        };
        let values = match context.get_lower(&self.key) {
            Lookup::Unknown => return Truth::Unknown,
            Lookup::Absent => [].as_slice(),
            Lookup::Values(values) => values,
        };
        if operator.test == Test::Null {
            return self.null(operator, values);
        }
        if values.is_empty() {
            return on_missing_key(operator);
        }
        let each = values
            .iter()
            .map(|value| self.passes(operator, value, context, missing));
        match operator.qualifier {
            Some(qualifier) => over_several(qualifier, values, each),
            None => {
                let (all, any) = each.fold((Truth::True, Truth::False), |(all, any), t| {
                    (all.and(t), any.or(t))
                });
                // Several values without a qualifier: AWS gives no rule, so both readings must agree.
                if all == any { all } else { Truth::Unknown }
            }
        }
    }

    fn null(&self, operator: Operator, values: &[String]) -> Truth {
        let empty = !values.is_empty() && values.iter().all(String::is_empty);
        let several = super::variables::is_multivalued(&self.key);
        // A key with several values counts as missing where they are empty; of a key with one value
        // AWS does not say so.
        if operator.qualifier.is_some() || empty && !several {
            return Truth::Unknown;
        }
        let absent = values.is_empty() || empty;
        any(self.values.iter().map(|value| match value {
            Value::Bool(Some(expected)) => Truth::from(*expected == absent),
            _ => Truth::Unknown,
        }))
    }

    /// Whether one value of the request passes: one of the policy's values matches it, or, where
    /// the operator is negated, none does.
    fn passes(&self, operator: Operator, asked: &str, context: &Context, missing: &mut Vec<String>) -> Truth {
        let asked = Asked::read(operator.test, asked);
        let matched = any(self
            .values
            .iter()
            .map(|own| own.matches(&asked, context, missing)));
        if operator.negated { matched.not() } else { matched }
    }
}

/// A value of the request, read once for all values of the policy.
enum Asked<'a> {
    Text(&'a str),
    Arn(Option<[&'a str; 6]>),
    Number(Order, Option<Decimal>),
    Date(Order, Option<Timestamp>),
    Bool(Option<bool>),
    Ip(Option<IpAddr>),
}

impl<'a> Asked<'a> {
    fn read(test: Test, text: &'a str) -> Self {
        match test {
            Test::Text | Test::TextIgnoringCase | Test::TextLike | Test::Binary => Self::Text(text),
            Test::Arn => Self::Arn(split_pattern(text)),
            Test::Number(order) => Self::Number(order, Decimal::parse(text)),
            Test::Date(order) => Self::Date(order, date(text)),
            Test::Bool | Test::Null => Self::Bool(boolean(text)),
            Test::Ip => Self::Ip(text.trim().parse().ok()),
        }
    }
}

/// What an operator says where the request does not carry the key.
fn on_missing_key(operator: Operator) -> Truth {
    match operator.qualifier {
        // `IfExists` says yes, `ForAnyValue` no; AWS names no winner.
        Some(Qualifier::Any) if operator.if_exists => Truth::Unknown,
        _ if operator.if_exists => Truth::True,
        Some(Qualifier::All) => Truth::True,
        Some(Qualifier::Any) => Truth::False,
        None => operator.negated.into(),
    }
}

fn over_several(qualifier: Qualifier, values: &[String], each: impl Iterator<Item = Truth>) -> Truth {
    // An empty text counts as no value at all for ForAllValues; for ForAnyValue the documents do
    // not say so, and a yes would be a guess.
    let nothing = values.iter().all(String::is_empty);
    match qualifier {
        Qualifier::All if nothing => Truth::True,
        Qualifier::All => each.fold(Truth::True, Truth::and),
        Qualifier::Any if nothing => any(each).and(Truth::Unknown),
        Qualifier::Any => any(each),
    }
}

fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    truths.fold(Truth::False, Truth::or)
}

fn value(test: Test, text: &str, version: Version) -> Value {
    match test {
        Test::Text => Value::Text(Text::new(text, version, Mode::Exact)),
        Test::TextIgnoringCase => Value::Text(Text::new(text, version, Mode::IgnoringCase)),
        Test::TextLike => Value::Text(Text::new(text, version, Mode::Like)),
        Test::Arn => Value::Arn(ArnText::new(text, version)),
        Test::Number(_) => Value::Number(Decimal::parse(text)),
        Test::Date(_) => Value::Date(date(text)),
        Test::Bool | Test::Null => Value::Bool(boolean(text)),
        Test::Binary => Value::Binary(is_base64(text).then(|| text.to_owned())),
        Test::Ip => Value::Ip(Network::parse(text)),
    }
}

fn is_base64(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b))
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        t if t.eq_ignore_ascii_case("true") => Some(true),
        t if t.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

impl Value {
    /// Whether the request's value matches; unknown where either side is no value of the kind.
    fn matches(&self, asked: &Asked<'_>, context: &Context, missing: &mut Vec<String>) -> Truth {
        let known = match (self, asked) {
            (Self::Text(text), Asked::Text(asked)) => return text.matches(asked, context, missing),
            (Self::Arn(arn), Asked::Arn(parts)) => return arn.matches(parts.as_ref(), context, missing),
            (Self::Number(Some(own)), Asked::Number(order, Some(asked))) => order.allows(asked.cmp(own)),
            (Self::Date(Some(own)), Asked::Date(order, Some(asked))) => order.allows(asked.cmp(own)),
            (Self::Bool(Some(own)), Asked::Bool(Some(asked))) => asked == own,
            (Self::Binary(Some(own)), Asked::Text(asked)) => asked == own,
            (Self::Ip(Some(own)), Asked::Ip(Some(asked))) => own.contains(*asked),
            _ => return Truth::Unknown,
        };
        known.into()
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
