//! JSON values read for what they are worth: a field of an unexpected type is a field that is not
//! there, never the end of the record.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A string, borrowed where its text has no escapes. Numbers and booleans count as their text;
/// `null`, lists and objects as nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    /// What deserializing gives for a value's text in compact JSON: a string without escapes or `null`, else `None`.
    pub(crate) fn of_compact(value: &'a str) -> Option<Self> {
        match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(text) => (!text.contains('\\')).then_some(Self(Some(Cow::Borrowed(text)))),
            None => (value == "null").then_some(Self(None)),
        }
    }

    /// The text, if there is one and it is not empty.
    pub(crate) fn filled(self) -> Option<Cow<'a, str>> {
        self.0.filter(|text| !text.is_empty())
    }

    /// The same, borrowed from this.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

/// A boolean, or its text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) Option<bool>);

/// An object of a known shape; anything else counts as nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object<T>(pub(crate) Option<T>);

/// A list of objects of a known shape; anything else counts as an empty one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

/// A field that is there, whatever it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct There(pub(crate) bool);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(if value { "true" } else { "false" }))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Text(None))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Ok(Self(match text.get() {
            Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }))
    }
}

impl<'de> Deserialize<'de> for There {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

/// Visits everything but objects and lists as nothing.
macro_rules! nothing_else {
    ($nothing:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    nothing_else!(Object(None));

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| Object(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|value| Object(Some(value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    nothing_else!(List(Vec::new()));

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        let all = Vec::<Object<T>>::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(List(all.into_iter().filter_map(|object| object.0).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_map(map).map(|_| List(Vec::new()))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner<'a> {
        #[serde(borrow, default)]
        name: Text<'a>,
    }

    #[derive(Debug, Deserialize)]
    struct Outer<'a> {
        #[serde(borrow, default)]
        text: Text<'a>,
        #[serde(default)]
        flag: Flag,
        #[serde(borrow, default)]
        object: Object<Inner<'a>>,
        #[serde(borrow, default)]
        list: List<Inner<'a>>,
        #[serde(default)]
        there: There,
    }

    const VALUES: [&str; 9] = [
        "null",
        "true",
        "-1",
        "7",
        "1.5",
        r#""word""#,
        r#""q\"uote""#,
        r#"["a",{}]"#,
        r#"{"name":"x"}"#,
    ];

    #[test]
    fn no_type_of_any_field_breaks_the_record() {
        for value in VALUES {
            for field in ["text", "flag", "object", "list", "there", "other"] {
                let json = format!(r#"{{"{field}":{value}}}"#);
                let outer: Outer<'_> = serde_json::from_str(&json).unwrap();
                assert_eq!(outer.there.0, field == "there", "{json}");
                assert_eq!(
                    outer.object.0.is_some(),
                    field == "object" && value.starts_with('{'),
                    "{json}"
                );
            }
        }
    }

    #[test]
    fn a_plain_string_is_borrowed_and_an_escaped_one_is_not() {
        let outer: Outer<'_> = serde_json::from_str(r#"{"text":"plain"}"#).unwrap();
        assert!(matches!(outer.text.0, Some(Cow::Borrowed("plain"))));
        let outer: Outer<'_> = serde_json::from_str(r#"{"text":"a\nb"}"#).unwrap();
        assert_eq!(outer.text.get(), Some("a\nb"));
    }

    #[test]
    fn a_flag_may_be_text() {
        for (json, flag) in [
            ("true", Some(true)),
            (r#""False""#, Some(false)),
            (r#""yes""#, None),
            ("1", None),
        ] {
            let json = format!(r#"{{"flag":{json}}}"#);
            let outer: Outer<'_> = serde_json::from_str(&json).unwrap();
            assert_eq!(outer.flag.0, flag, "{json}");
        }
    }

    #[test]
    fn a_list_keeps_its_objects_and_drops_the_rest() {
        let outer: Outer<'_> =
            serde_json::from_str(r#"{"list":[1,{"name":"a"},null,{"name":2},"x"]}"#).unwrap();
        let names: Vec<_> = outer
            .list
            .0
            .iter()
            .map(|inner| inner.name.get().unwrap())
            .collect();
        assert_eq!(names, ["a", "2"]);
    }
}
