//! The review as one self-contained page: no network, no code from outside; names come from outside and are
//! only ever text.

use crate::review::Review;

const PAGE: &str = include_str!("review.html");
/// Where the data goes.
const DATA: &str = "@DATA@";

/// Renders the page.
pub fn review(review: &Review) -> String {
    page(&serde_json::to_string(review).unwrap_or_default())
}

/// The page over a review that is JSON already.
pub fn page(json: &str) -> String {
    let (before, after) = PAGE.split_once(DATA).unwrap_or((PAGE, ""));
    format!("{before}{}{after}", inert(json))
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
        assert_eq!(PAGE.matches(DATA).count(), 1);
        let addresses = PAGE.matches("http").count();
        // The namespace of SVG, and `http-equiv`.
        assert_eq!(addresses, 2);
        assert!(!PAGE.contains("innerHTML") && !PAGE.contains("document.write"));
    }
}
