//! Markdown as GitHub shows it, for a pull request or an issue.
//!
//! Names, reasons and messages come from outside. Each stands in code, where nothing is read as markup, a mention
//! or a link, or is written with character references.

pub mod recommend;
pub mod review;

use std::fmt::Write;

/// Writing to a `String` cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

use line;

/// A name in text or in a cell of a table. A backtick, a pipe and a backslash each mean something in code or in a
/// table (<https://github.github.com/gfm/#tables-extension->): with one of them HTML's own element takes it.
fn code(what: &str) -> String {
    let odd = |c: char| matches!(c, '`' | '|' | '\\') || c.is_control();
    if what.trim().is_empty() {
        return "–".to_owned();
    }
    if what.contains(odd) || what.starts_with(' ') || what.ends_with(' ') {
        html_code(what)
    } else {
        format!("`{what}`")
    }
}

/// A name within HTML, as in a `<summary>`.
fn html_code(what: &str) -> String {
    format!("<code>{}</code>", referenced(what))
}

/// Letters, digits and spaces as they are, all else as character references; what breaks a line is a space.
fn referenced(what: &str) -> String {
    let mut out = String::new();
    for c in what.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            out.push(' ');
        } else if c.is_ascii_punctuation() && !matches!(c, '-' | ',') {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A sentence from outside. A character reference is no markup, but `@name` and `#1` are looked for in what is
/// shown: a space of no width parts them.
fn prose(what: &str) -> String {
    referenced(what)
        .replace("&#64;", "&#64;&#8203;")
        .replace("&#35;", "&#35;&#8203;")
}

/// Names, the first of them in full.
fn codes(list: &[String], most: usize) -> String {
    let shown: Vec<String> = list.iter().take(most).map(|own| code(own)).collect();
    if list.len() > most {
        format!("{} and {} more", shown.join(", "), list.len() - most)
    } else {
        shown.join(", ")
    }
}

/// A block of text, fenced by more backticks than it holds in a row.
fn fenced(out: &mut String, language: &str, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    line!(
        out,
        "{fence}{language}\n{}\n{fence}\n",
        text.trim_end_matches('\n')
    );
}

/// The day of a time.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

fn day_of(time: &Option<String>) -> &str {
    time.as_deref().map_or("never", day)
}

/// What a list of which `most` are shown leaves out.
fn rest(out: &mut String, all: usize, most: usize) {
    if all > most {
        line!(out, "\n… and {} more, in `--format json`.", all - most);
    }
}

fn folded(out: &mut String, summary: &str, body: impl FnOnce(&mut String)) {
    line!(out, "<details><summary>{summary}</summary>\n");
    body(out);
    line!(out, "\n</details>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What nobody may bring into a comment by the name of a role.
    const HOSTILE: &str =
        "a|b`c`<img src=x>\n# @octocat [x](https://example.com) \\| &lt; *b* www.example.com";

    #[test]
    fn plain_names_stay_readable() {
        assert_eq!(code("role/app-1"), "`role/app-1`");
        assert_eq!(
            code("arn:aws:iam::111122223333:role/a@b"),
            "`arn:aws:iam::111122223333:role/a@b`"
        );
        assert_eq!(code(" "), "–");
        assert_eq!(
            codes(&["a".to_owned(), "b".to_owned(), "c".to_owned()], 2),
            "`a`, `b` and 1 more"
        );
    }

    #[test]
    fn nothing_from_outside_is_markup() {
        for shown in [code(HOSTILE), html_code(HOSTILE), prose(HOSTILE)] {
            let inner = shown.trim_start_matches("<code>").trim_end_matches("</code>");
            let odd = |c: char| c.is_ascii_punctuation() && !"&#;-,".contains(c);
            assert!(!inner.contains(odd) && !inner.contains('\n'), "{shown}");
            // Each `&` and `#` is of a reference.
            for part in inner.split('&').skip(1) {
                let (number, _) = part.split_once(';').unwrap();
                assert!(
                    number.strip_prefix('#').unwrap().parse::<u32>().is_ok(),
                    "{shown}"
                );
            }
            assert_eq!(inner.matches('#').count(), inner.matches('&').count(), "{shown}");
        }
        assert!(prose("ask @octocat in #7").contains("&#64;&#8203;octocat in &#35;&#8203;7"));
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut out = String::new();
        fenced(&mut out, "json", "a\n````\nb");
        assert_eq!(out, "`````json\na\n````\nb\n`````\n\n");
    }
}
