//! Condition operators: three-valued, by the documented rules
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>).

use jiff::Timestamp;

use super::target::ArnText;
use super::value::{Decimal, Network, date};
use super::variables::{Mode, Resolved, Text};
use super::{Context, Lookup, Truth};
use crate::policy::operator::{Operator, Qualifier, Test};
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
        let matched = any(self
            .values
            .iter()
            .map(|own| own.matches(operator.test, asked, context, missing)));
        if operator.negated { matched.not() } else { matched }
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
    fn matches(&self, test: Test, asked: &str, context: &Context, missing: &mut Vec<String>) -> Truth {
        let order = match test {
            Test::Number(order) | Test::Date(order) => order,
            _ => crate::policy::operator::Order::Equal,
        };
        let known = match self {
            Self::Text(text) => return text_matches(text.resolve(context), asked, missing),
            Self::Arn(arn) => return arn.matches(asked, context, missing),
            Self::Number(own) => own
                .as_ref()
                .zip(Decimal::parse(asked))
                .map(|(own, asked)| asked.cmp(own)),
            Self::Date(own) => own.zip(date(asked)).map(|(own, asked)| asked.cmp(&own)),
            Self::Bool(own) => own.zip(boolean(asked)).map(|(own, asked)| asked.cmp(&own)),
            Self::Binary(own) => own.as_deref().map(|own| asked.cmp(own)),
            Self::Ip(own) => {
                let inside = own
                    .zip(asked.trim().parse().ok())
                    .map(|(own, asked)| own.contains(asked));
                return inside.map_or(Truth::Unknown, Truth::from);
            }
        };
        known.map_or(Truth::Unknown, |ordering| order.allows(ordering).into())
    }
}

fn text_matches(text: Resolved<'_>, asked: &str, missing: &mut Vec<String>) -> Truth {
    match text {
        Resolved::NoValue => Truth::False,
        Resolved::Undocumented => Truth::Unknown,
        Resolved::Pattern(pattern, _) if !pattern.matches(asked) => Truth::False,
        Resolved::Pattern(_, unknown) if unknown.is_empty() => Truth::True,
        Resolved::Pattern(_, mut unknown) => {
            missing.append(&mut unknown);
            Truth::Unknown
        }
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
