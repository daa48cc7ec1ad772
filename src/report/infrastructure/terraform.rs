//! Terraform: resources, and `import` blocks for what stands already
//! (<https://developer.hashicorp.com/terraform/language/import>).

use std::fmt::Write;

use super::{Piece, pieces};
use crate::plan::Bearer;
use crate::policy::{Document, print};
use crate::recommend::PolicyChange;

/// Writing to a `String` cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

/// The policies after the change, as `terraform fmt` leaves them.
pub fn render(policies: &[PolicyChange], principal: &str) -> String {
    let mut out = String::new();
    for piece in pieces(policies, principal) {
        if !out.is_empty() {
            line!(out);
        }
        match piece {
            Piece::Managed {
                label,
                name,
                path,
                arn,
                document,
                attach,
            } => {
                if let Some(arn) = arn {
                    import(&mut out, "aws_iam_policy", &label, arn);
                }
                line!(out, "resource \"aws_iam_policy\" \"{label}\" {{");
                line!(out, "  name = {}", quoted(&name));
                line!(out, "  path = {}", quoted(&path));
                policy(&mut out, document);
                for (at, bearer) in attach.iter().enumerate() {
                    let kind = bearer.kind().to_lowercase();
                    let suffix = if at == 0 {
                        String::new()
                    } else {
                        format!("_{}", at + 1)
                    };
                    line!(out);
                    line!(
                        out,
                        "resource \"aws_iam_{kind}_policy_attachment\" \"{label}{suffix}\" {{"
                    );
                    let width = kind.len().max("policy_arn".len());
                    line!(out, "  {kind:<width$} = {}", quoted(bearer.name()));
                    line!(out, "  policy_arn = aws_iam_policy.{label}.arn");
                    line!(out, "}}");
                }
            }
            Piece::Inline {
                label,
                of,
                name,
                document,
                exists,
            } => {
                let kind = of.kind().to_lowercase();
                let resource = format!("aws_iam_{kind}_policy");
                if exists {
                    import(&mut out, &resource, &label, &format!("{}:{name}", of.name()));
                }
                inline(&mut out, &resource, (&label, name), &of, document);
            }
            Piece::Attach { label, to, arn } => {
                let kind = to.kind().to_lowercase();
                let width = kind.len().max("policy_arn".len());
                line!(
                    out,
                    "resource \"aws_iam_{kind}_policy_attachment\" \"{label}\" {{"
                );
                line!(out, "  {kind:<width$} = {}", quoted(to.name()));
                line!(out, "  policy_arn = {}", quoted(arn));
                line!(out, "}}");
            }
            Piece::Gone(what) => {
                line!(
                    out,
                    "# To do by hand, or by removing its resource: {}.",
                    comment(&what)
                );
            }
        }
    }
    out
}

fn inline(out: &mut String, resource: &str, (label, name): (&str, &str), of: &Bearer, document: &Document) {
    let kind = of.kind().to_lowercase();
    let width = kind.len().max("name".len());
    line!(out, "resource \"{resource}\" \"{label}\" {{");
    line!(out, "  {:<width$} = {}", "name", quoted(name));
    line!(out, "  {kind:<width$} = {}", quoted(of.name()));
    policy(out, document);
}

fn import(out: &mut String, resource: &str, label: &str, id: &str) {
    line!(out, "import {{");
    line!(out, "  to = {resource}.{label}");
    line!(out, "  id = {}", quoted(id));
    line!(out, "}}\n");
}

/// The policy's text as it is, in a heredoc, and the end of the resource.
fn policy(out: &mut String, document: &Document) {
    line!(out);
    line!(out, "  policy = <<-JSON");
    for text in print::document_text(document).lines() {
        line!(out, "    {}", template(text));
    }
    line!(out, "  JSON");
    line!(out, "}}");
}

/// `${` and `%{` begin a template in strings and heredocs; doubled, they stand for themselves.
fn template(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in template(text).chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A comment ends with its line.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
