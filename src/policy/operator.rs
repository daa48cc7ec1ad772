//! The condition operators, as data
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).

/// How two ordered values must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Equal.
    Equal,
    /// The request's value is less than the policy's.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// The request's value is greater than the policy's.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

/// What an operator compares, negation aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Test {
    /// Texts, character by character.
    Text,
    /// Texts, upper and lower case alike.
    TextIgnoringCase,
    /// Texts with wildcards in the policy's value.
    TextLike,
    /// Decimal numbers.
    Number(Order),
    /// Points in time.
    Date(Order),
    /// `true` or `false`.
    Bool,
    /// Base64 texts.
    Binary,
    /// Addresses in ranges.
    Ip,
    /// ARNs with wildcards, part by part.
    Arn,
    /// Whether the key is missing.
    Null,
}

impl Test {
    /// Whether policy variables are replaced in the values of this operator
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).
    pub fn takes_variables(self) -> bool {
        matches!(
            self,
            Self::Text | Self::TextIgnoringCase | Self::TextLike | Self::Arn
        )
    }
}

/// `ForAllValues:` or `ForAnyValue:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qualifier {
    /// Every value of the request passes; true where there is none.
    All,
    /// At least one value of the request passes; false where there is none.
    Any,
}

/// An operator as a policy names it, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    /// The qualifier for keys with several values.
    pub qualifier: Option<Qualifier>,
    /// What is compared.
    pub test: Test,
    /// Whether the answer is turned round: `…Not…`.
    pub negated: bool,
    /// Whether it is true where the key is missing: `…IfExists`.
    pub if_exists: bool,
}

/// Every operator by name, with its test and whether it is negated.
pub const OPERATORS: [(&str, Test, bool); 27] = [
    ("StringEquals", Test::Text, false),
    ("StringNotEquals", Test::Text, true),
    ("StringEqualsIgnoreCase", Test::TextIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Test::TextIgnoringCase, true),
    ("StringLike", Test::TextLike, false),
    ("StringNotLike", Test::TextLike, true),
    ("NumericEquals", Test::Number(Order::Equal), false),
    ("NumericNotEquals", Test::Number(Order::Equal), true),
    ("NumericLessThan", Test::Number(Order::Less), false),
    ("NumericLessThanEquals", Test::Number(Order::LessOrEqual), false),
    ("NumericGreaterThan", Test::Number(Order::Greater), false),
    (
        "NumericGreaterThanEquals",
        Test::Number(Order::GreaterOrEqual),
        false,
    ),
    ("DateEquals", Test::Date(Order::Equal), false),
    ("DateNotEquals", Test::Date(Order::Equal), true),
    ("DateLessThan", Test::Date(Order::Less), false),
    ("DateLessThanEquals", Test::Date(Order::LessOrEqual), false),
    ("DateGreaterThan", Test::Date(Order::Greater), false),
    ("DateGreaterThanEquals", Test::Date(Order::GreaterOrEqual), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::Ip, false),
    ("NotIpAddress", Test::Ip, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnLike", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Null, false),
];

impl Operator {
    /// Takes a name apart; `None` where there is no such operator. `Null` takes no `IfExists`.
    pub fn parse(name: &str) -> Option<Self> {
        let (qualifier, rest) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Some(Qualifier::All), rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Some(Qualifier::Any), rest)
        } else {
            (None, name)
        };
        let base = rest.strip_suffix("IfExists");
        let if_exists = base.is_some();
        let base = base.unwrap_or(rest);
        let (_, test, negated) = OPERATORS.iter().find(|(known, ..)| *known == base)?;
        if *test == Test::Null && if_exists {
            return None;
        }
        Some(Self {
            qualifier,
            test: *test,
            negated: *negated,
            if_exists,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parsed = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        let expected = Operator {
            qualifier: Some(Qualifier::Any),
            test: Test::TextLike,
            negated: true,
            if_exists: true,
        };
        assert_eq!(parsed, expected);
        for (name, test, negated) in OPERATORS {
            let parsed = Operator::parse(name).unwrap();
            assert_eq!(
                (parsed.test, parsed.negated, parsed.qualifier),
                (test, negated, None)
            );
        }
    }

    #[test]
    fn what_does_not_exist() {
        for name in [
            "NullIfExists",
            "StringEqual",
            "ForEachValue:StringEquals",
            "",
            "IfExists",
            "ForAllValues:",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
