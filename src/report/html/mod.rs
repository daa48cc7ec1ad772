//! The review as one self-contained page: no network, no code from outside; names come from outside and are
//! only ever text.

use crate::review::Review;

const PAGE: &str = include_str!("review.html");
const STYLE: &str = include_str!("review.css");
/// Pictures, one principal, the page: in the order in which they need each other.
const SCRIPTS: [&str; 3] = [
    include_str!("pictures.js"),
    include_str!("principal.js"),
    include_str!("page.js"),
];
/// Where the style goes.
const STYLE_HERE: &str = "@STYLE@";
/// Where the script goes.
const SCRIPT_HERE: &str = "@SCRIPT@";
/// Where the data goes.
const DATA: &str = "@DATA@";

/// Renders the page.
pub fn review(review: &Review) -> String {
    page(&serde_json::to_string(review).unwrap_or_default())
}

/// The page over a review that is JSON already.
pub fn page(json: &str) -> String {
    let parts = [
        (STYLE_HERE, STYLE.to_owned()),
        (DATA, inert(json)),
        (SCRIPT_HERE, SCRIPTS.concat()),
    ];
    let mut out = String::new();
    let mut rest = PAGE;
    // In the order of the page, so that nothing in the data is taken for a place.
    for (place, text) in parts {
        let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
        out.push_str(before);
        out.push_str(&text);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// JSON that no HTML parser reads as anything but text: within JSON `<`, `>` and `&` stand in strings alone,
/// where an escape means the same.
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_of_a_name_reaches_the_page() {
        let hostile = "</script><script>alert(1)</script><!-- &lt; \u{2028}";
        let json = serde_json::to_string(hostile).unwrap();
        let safe = inert(&json);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), hostile);
    }

    #[test]
    fn the_page_has_one_place_for_data_and_names_no_address() {
        for place in [STYLE_HERE, DATA, SCRIPT_HERE] {
            assert_eq!(PAGE.matches(place).count(), 1);
        }
        let page = page("{}");
        // The namespace of SVG, and `http-equiv`.
        assert_eq!(page.matches("http").count(), 2);
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!page.contains(way), "{way}");
        }
    }
}
