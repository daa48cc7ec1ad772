//! IAM wildcards: `*` stands for any run of characters, `?` for exactly one.
//!
//! Three exact questions, none of them sampled: does a text match, is one pattern's language a
//! subset of another's, do two patterns share a text. Resource patterns are matched part by part,
//! as IAM does: the wildcard of one ARN part does not cross into the next.

/// Whether `text` matches `pattern`, case-sensitively.
pub fn matches(pattern: &str, text: &str) -> bool {
    let _ = (pattern, text);
    todo!()
}

/// Whether `text` matches `pattern`, ASCII case folded: how actions and condition key names match.
pub fn matches_ignore_case(pattern: &str, text: &str) -> bool {
    let _ = (pattern, text);
    todo!()
}

/// Whether every text that `inner` matches is matched by `outer`. Exact.
pub fn is_subset(inner: &str, outer: &str) -> bool {
    let _ = (inner, outer);
    todo!()
}

/// [`is_subset`] over ASCII-case-folded patterns (actions).
pub fn is_subset_ignore_case(inner: &str, outer: &str) -> bool {
    let _ = (inner, outer);
    todo!()
}

/// Whether some text matches both. Exact.
pub fn intersects(a: &str, b: &str) -> bool {
    let _ = (a, b);
    todo!()
}

/// [`intersects`] over ASCII-case-folded patterns (actions).
pub fn intersects_ignore_case(a: &str, b: &str) -> bool {
    let _ = (a, b);
    todo!()
}

/// Whether the resource `arn` (no wildcards: `*` in it is a plain character) matches the resource
/// pattern of a statement. `*` alone matches all. `None` where the pattern has fewer than six
/// parts and is not `*`: AWS does not document what that means.
pub fn resource_matches(pattern: &str, arn: &str) -> Option<bool> {
    let _ = (pattern, arn);
    todo!()
}

/// Whether every resource that `inner` matches is matched by `outer`; part by part. `None` as in
/// [`resource_matches`].
pub fn resource_is_subset(inner: &str, outer: &str) -> Option<bool> {
    let _ = (inner, outer);
    todo!()
}

/// Whether some resource matches both; part by part. `None` as in [`resource_matches`].
pub fn resource_intersects(a: &str, b: &str) -> Option<bool> {
    let _ = (a, b);
    todo!()
}
