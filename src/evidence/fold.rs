//! Folds the variable parts of resource names while a trail is read, so that memory is bounded by
//! the shapes of names and not by their number.
//!
//! Level 0 keeps names. Level 1 replaces dates, ids and numbers by `*`. Each further level keeps
//! one path segment less of what follows the fifth colon. A deeper level folds whatever a shallower
//! one leaves, so folding step by step and folding at once agree.

use std::borrow::Cow;

use crate::arn::split_pattern;
use crate::require::{Resource, Widened};
use crate::variable_parts::push_starred;

/// The deepest level: all of the name but its first segment is folded.
pub(super) const LAST_LEVEL: usize = 10;

/// The resource as it is kept at `level`.
pub(super) fn at_level(resource: &Resource, level: usize) -> Cow<'_, Resource> {
    deeper(resource, 0, level)
}

/// The same of a resource as it is kept at level `from`.
pub(super) fn deeper(resource: &Resource, from: usize, level: usize) -> Cow<'_, Resource> {
    let text = match resource {
        Resource::Arn(text) | Resource::Pattern { pattern: text, .. } if level > from => text.as_str(),
        _ => return Cow::Borrowed(resource),
    };
    let Some([.., name]) = split_pattern(text) else {
        return Cow::Borrowed(resource);
    };
    let head = text.len() - name.len();
    // A star in place of a number of its length, or behind a slash.
    let mut pattern = String::with_capacity(text.len() + 1);
    pattern.push_str(text.get(..head).unwrap_or_default());
    match from {
        0 => push_starred(name, &mut pattern),
        // What varies has its star already.
        _ => pattern.push_str(name),
    }
    if level > 1 {
        shorten(&mut pattern, head, LAST_LEVEL - level + 1);
    }
    if pattern == text {
        return Cow::Borrowed(resource);
    }
    Cow::Owned(Resource::Pattern {
        pattern,
        because: Widened::Folded,
    })
}

/// Leaves the first `segments` `/`-separated segments behind `head`, then `*`.
fn shorten(pattern: &mut String, head: usize, segments: usize) {
    let name = pattern.get(head..).unwrap_or_default();
    let Some((at, _)) = name.match_indices('/').nth(segments.saturating_sub(1)) else {
        return;
    };
    let kept = head + at + 1;
    if kept < pattern.len() {
        pattern.truncate(kept);
        pattern.push('*');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arn(text: &str) -> Resource {
        Resource::Arn(text.to_owned())
    }

    #[test]
    fn folding_at_once_and_step_by_step_agree() {
        let name = "arn:aws:s3:::acme/a/b/c/dt=2026-08-01/part-00001.parquet";
        for level in 1..=LAST_LEVEL {
            let step = |resource: Resource, level| at_level(&resource, level).into_owned();
            let stepped = (1..=level).fold(arn(name), step);
            assert_eq!(
                stepped.shown(),
                at_level(&arn(name), level).shown(),
                "level {level}"
            );
        }
    }

    #[test]
    fn the_folded_pattern_admits_what_it_folds() {
        let name = "arn:aws:s3:::acme/a/b/c/dt=2026-08-01/part-00001.parquet";
        for level in 0..=LAST_LEVEL {
            assert!(
                crate::pattern::matches(at_level(&arn(name), level).shown(), name),
                "level {level}"
            );
        }
    }

    /// Names as they come in trails: fixed words, dates, ids, numbers, in any mix.
    fn names() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("raw"),
            Just("dt=2026-08-01"),
            Just("2026"),
            Just("08"),
            Just("01"),
            Just("part-00017"),
            Just("year=2026"),
            Just("6f1c2e34-9a7b-4c5d-8e9f-0a1b2c3d4e5f"),
            Just("i-0123456789abcdef0"),
            Just("a1"),
            Just("x_y.z"),
            Just("*"),
            Just("20260801T101112Z"),
            Just("é"),
            Just("month="),
            Just("12345678"),
            Just("111122223333"),
            Just("")
        ];
        let glue = prop_oneof![4 => Just("/"), 1 => Just("-"), 1 => Just(":"), 1 => Just("")];
        proptest::collection::vec((word, glue), 1..14)
            .prop_map(|parts| parts.into_iter().flat_map(|(word, glue)| [word, glue]).collect())
    }

    proptest! {
        #[test]
        fn folding_is_the_same_in_any_number_of_steps(name in names(), from in 0..=LAST_LEVEL, to in 0..=LAST_LEVEL) {
            let arn = arn(&format!("arn:aws:s3:::{name}"));
            let (low, high) = (from.min(to), from.max(to));
            let stepped = at_level(&at_level(&arn, low), high).into_owned();
            prop_assert_eq!(stepped, at_level(&arn, high).into_owned());
            let deeper = deeper(&at_level(&arn, low), low, high).into_owned();
            prop_assert_eq!(deeper, at_level(&arn, high).into_owned());
        }

        #[test]
        fn what_is_folded_is_admitted_and_never_of_another_place(name in names(), level in 0..=LAST_LEVEL) {
            let text = format!("arn:aws:s3:eu-west-1:111122223333:{name}");
            let folded = at_level(&arn(&text), level).into_owned();
            prop_assert!(crate::pattern::matches(folded.shown(), &text), "{}", folded.shown());
            prop_assert!(folded.shown().starts_with("arn:aws:s3:eu-west-1:111122223333:"));
        }
    }

    #[test]
    fn what_is_no_name_is_left_alone() {
        for resource in [Resource::Any, Resource::Unknown, arn("not-an-arn/2026-08-01")] {
            assert_eq!(*at_level(&resource, LAST_LEVEL), resource);
        }
    }
}
