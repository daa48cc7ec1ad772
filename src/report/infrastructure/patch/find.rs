//! Where a policy stands in the files.

use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::template::Element;

use super::edit::{Replace, without};
use super::statement::{literal, span_of};
use super::{File, Why, blocks, object};
use crate::arn::Arn;
use crate::diagnostic::{Code, Diagnostic};
use crate::grants::Origin;
use crate::plan::Bearer;
use crate::recommend::PolicyChange;

/// The files as they were parsed.
pub(super) struct Module<'f> {
    pub(super) files: &'f [File],
    bodies: Vec<(usize, Body)>,
}

/// What came of looking for a policy.
pub(super) enum Finding {
    /// It stands in this file, and these replacements bring the change about.
    Placed(usize, Vec<Replace>),
    /// No file has it.
    Nowhere,
    /// It may be there, and cannot be changed by a program.
    Not(Why),
}

/// A block, and its file.
#[derive(Clone, Copy)]
pub(super) struct At<'m> {
    pub(super) file: usize,
    pub(super) block: &'m Block,
}

/// What is known of a name.
enum Known {
    Text(String),
    Open,
    Absent,
}

impl<'f> Module<'f> {
    /// Parses the files; what cannot be parsed is said and left out.
    pub(super) fn read(files: &'f [File], said: &mut Vec<Diagnostic>) -> Self {
        let mut bodies = Vec::new();
        for (at, file) in files.iter().enumerate() {
            match hcl_edit::parser::parse_body(&file.text) {
                Ok(body) => bodies.push((at, body)),
                Err(error) => {
                    let place = super::line_of(&file.name, error.location().line());
                    let message = format!("it is not HCL, and is left out: {}", error.message());
                    said.push(Diagnostic::error(Code::PolicySyntax, message).at(place));
                }
            }
        }
        Self { files, bodies }
    }

    pub(super) fn text(&self, file: usize) -> &'f str {
        self.files.get(file).map_or("", |file| &file.text)
    }

    /// All blocks of a kind: `resource` and `aws_iam_policy`.
    pub(super) fn blocks(&self, ident: &'static str, kind: &str) -> Vec<At<'_>> {
        let mut found = Vec::new();
        for (file, body) in &self.bodies {
            for block in body.blocks().filter(|block| block.has_ident(ident)) {
                if block.labels.first().is_some_and(|label| label.as_str() == kind) {
                    found.push(At { file: *file, block });
                }
            }
        }
        found
    }

    fn labelled(&self, ident: &'static str, kind: &str, label: &str) -> Option<At<'_>> {
        let mut all = self.blocks(ident, kind).into_iter();
        all.find(|at| at.block.labels.get(1).is_some_and(|own| own.as_str() == label))
    }

    /// How often the files speak of this, as a whole word.
    pub(super) fn mentions(&self, what: &str) -> usize {
        let word = |text: &str, at: usize| {
            let next = text.as_bytes().get(at + what.len());
            !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-')
        };
        let texts = self.files.iter().map(|file| file.text.as_str());
        texts
            .map(|text| text.match_indices(what).filter(|(at, _)| word(text, *at)).count())
            .sum()
    }

    /// What a text attribute says: itself, a name that a resource beside it has, a local value.
    fn known(&self, body: &Body, key: &str) -> Known {
        match body.get_attribute(key) {
            Some(attribute) => self.says(&attribute.value).map_or(Known::Open, Known::Text),
            None => Known::Absent,
        }
    }

    fn says(&self, expression: &Expression) -> Option<String> {
        if let Some(text) = literal(expression).as_ref().and_then(|own| own.as_str()) {
            return Some(text.to_owned());
        }
        match path_of(expression)?
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["local", name] => {
                let mut bodies = self.bodies.iter();
                bodies.find_map(|(_, body)| {
                    let locals = body.get_blocks("locals");
                    let found = locals.filter_map(|block| block.body.get_attribute(name)).next()?;
                    literal(&found.value)?.as_str().map(str::to_owned)
                })
            }
            [
                kind @ ("aws_iam_role" | "aws_iam_user" | "aws_iam_group" | "aws_iam_policy"),
                label,
                "name" | "id" | "arn",
            ] => {
                let at = self.labelled("resource", kind, label)?;
                match self.known(&at.block.body, "name") {
                    Known::Text(text) => Some(text),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// `data.aws_iam_policy_document.app.json` as its names.
pub(super) fn path_of(expression: &Expression) -> Option<Vec<String>> {
    let expression = match expression {
        Expression::Parenthesis(inner) => inner.inner(),
        // `"${…}"` around one reference says no more than the reference.
        Expression::StringTemplate(template) => match template.iter().collect::<Vec<_>>().as_slice() {
            [Element::Interpolation(own)] => &own.expr,
            _ => return None,
        },
        other => other,
    };
    let Expression::Traversal(traversal) = expression else {
        return None;
    };
    let mut path = vec![traversal.expr.as_variable()?.as_str().to_owned()];
    for operator in &traversal.operators {
        match operator.value() {
            TraversalOperator::GetAttr(name) => path.push(name.as_str().to_owned()),
            _ => return None,
        }
    }
    Some(path)
}

/// The bearer of an inline policy.
fn bearer(origin: &Origin, principal: &str) -> Option<Bearer> {
    match origin.group() {
        Some(group) => Some(Bearer::Group(group.to_owned())),
        None => Bearer::of_arn(principal),
    }
}

/// Finds the policy, and what brings the change about.
pub(super) fn policy(module: &Module<'_>, policy: &PolicyChange, principal: &str) -> Finding {
    let (kind, name, of) = match &policy.origin {
        Origin::CustomerManaged { arn, .. } => {
            let name = Arn::parse(arn).and_then(|arn| arn.resource.rsplit('/').next().map(str::to_owned));
            ("aws_iam_policy".to_owned(), name, None)
        }
        Origin::Inline { name } | Origin::GroupInline { name, .. } => {
            let Some(of) = bearer(&policy.origin, principal) else {
                return Finding::Nowhere;
            };
            let kind = format!("aws_iam_{}_policy", of.kind().to_lowercase());
            (kind, Some(name.clone()), Some(of))
        }
        _ => return Finding::Nowhere,
    };
    let Some(name) = name else { return Finding::Nowhere };
    let mut doubtful = None;
    for at in module.blocks("resource", &kind) {
        match is_it(module, at, &name, of.as_ref()) {
            Some(true) => return edited(module, at, policy),
            Some(false) => {}
            None => doubtful = doubtful.or(Some(at)),
        }
    }
    match doubtful {
        Some(at) => Finding::Not(Why {
            file: at.file,
            at: span_of(at.block).start,
            text: format!("its name or bearer hangs on something else: this may be {name}, or not"),
        }),
        None => Finding::Nowhere,
    }
}

/// Whether a resource is the policy; `None` where that hangs on something else.
fn is_it(module: &Module<'_>, at: At<'_>, name: &str, of: Option<&Bearer>) -> Option<bool> {
    let body = &at.block.body;
    let named = match module.known(body, "name") {
        Known::Text(text) => Some(text == name),
        Known::Open => None,
        // Terraform makes a name of its own.
        Known::Absent if body.has_attribute("name_prefix") => None,
        Known::Absent => None,
    };
    let borne = match of {
        None => Some(true),
        Some(of) => match module.known(body, &of.kind().to_lowercase()) {
            Known::Text(text) => Some(text == of.name()),
            _ => None,
        },
    };
    match (named, borne) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn edited(module: &Module<'_>, at: At<'_>, policy: &PolicyChange) -> Finding {
    let not = |place: usize, text: String| {
        Finding::Not(Why {
            file: at.file,
            at: place,
            text,
        })
    };
    let body = &at.block.body;
    if let Some(many) = body
        .attributes()
        .find(|own| own.has_key("for_each") || own.has_key("count"))
    {
        let text = format!(
            "it is made by `{}`: a change would reach the others as well",
            many.key.as_str()
        );
        return not(span_of(many).start, text);
    }
    let Some(attribute) = body.get_attribute("policy") else {
        return not(span_of(at.block).start, "it has no attribute `policy`".to_owned());
    };
    let place = span_of(attribute).start;
    let (Some(before), Some(after)) = (&policy.before, &policy.after) else {
        return Finding::Nowhere;
    };
    let text = module.text(at.file);
    let value = match &attribute.value {
        Expression::Parenthesis(inner) => inner.inner(),
        other => other,
    };
    let done = match value {
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" => {
            match call.args.iter().next() {
                Some(Expression::Object(own)) => object::edited(text, own, (policy, before, after)),
                _ => Err("what it encodes is not written here".to_owned()),
            }
        }
        Expression::HeredocTemplate(_) => object::heredoc(text, value, (policy, before, after)),
        Expression::String(_) => object::string(text, value, (before, after)),
        other => match path_of(other).as_deref() {
            Some([data, kind, label, json])
                if data == "data" && kind == "aws_iam_policy_document" && json == "json" =>
            {
                return match module.labelled("data", kind, label) {
                    Some(own) => blocks::edited(module, own, (policy, before, after)),
                    None => not(place, format!("data.{kind}.{label} is not in these files")),
                };
            }
            _ => Err("its policy comes from a variable, a module, a file or a function".to_owned()),
        },
    };
    match done {
        Ok(replaces) => Finding::Placed(at.file, replaces),
        Err(why) => not(place, why),
    }
}

/// The resource of a policy that goes, or of its attachment.
pub(super) fn what_goes(module: &Module<'_>, policy: &PolicyChange, principal: &str) -> Finding {
    let Some(of) = bearer(&policy.origin, principal) else {
        return Finding::Nowhere;
    };
    let kind = of.kind().to_lowercase();
    let (resource, wanted) = match &policy.origin {
        Origin::Inline { name } | Origin::GroupInline { name, .. } => {
            (format!("aws_iam_{kind}_policy"), name.clone())
        }
        Origin::CustomerManaged { arn, .. } | Origin::AwsManaged { arn, .. } => {
            (format!("aws_iam_{kind}_policy_attachment"), arn.clone())
        }
        _ => return Finding::Nowhere,
    };
    for at in module.blocks("resource", &resource) {
        let body = &at.block.body;
        let is_many = body.has_attribute("for_each") || body.has_attribute("count");
        let attached = match module.known(body, "policy_arn") {
            Known::Text(text) => text == wanted || wanted.rsplit('/').next() == Some(text.as_str()),
            _ => false,
        };
        let named = resource.ends_with("_attachment") && attached
            || is_it(module, at, &wanted, Some(&of)) == Some(true);
        let borne = matches!(module.known(body, &kind), Known::Text(text) if text == of.name());
        if !(named && borne) {
            continue;
        }
        let span = span_of(at.block);
        let label = at.block.labels.get(1).map_or("", |label| label.as_str());
        if is_many || module.mentions(&format!("{resource}.{label}")) > 0 {
            return Finding::Not(Why {
                file: at.file,
                at: span.start,
                text: "it goes, and other parts of the files hang on it".to_owned(),
            });
        }
        let text = module.text(at.file);
        let before = text.get(..span.start).map_or(0, |own| own.trim_end().len());
        let mut gone = without(text, span, before);
        // The empty line that kept it apart goes with it, and at the start of a file the end of its own line.
        let lines = if gone.from == 0 { 2 } else { 1 };
        for _ in 0..lines {
            if text.get(gone.to..).is_some_and(|rest| rest.starts_with('\n')) {
                gone.to += 1;
            }
        }
        return Finding::Placed(at.file, vec![gone]);
    }
    Finding::Nowhere
}

/// Members of a body that no rule here reads.
pub(super) fn has_other(body: &Body, attributes: &[&str], nested: &[&str]) -> Option<(usize, String)> {
    body.iter().find_map(|own| match own {
        Structure::Attribute(own) if !attributes.contains(&own.key.as_str()) => {
            Some((span_of(own).start, own.key.as_str().to_owned()))
        }
        Structure::Block(own) if !nested.contains(&own.ident.as_str()) => {
            Some((span_of(own).start, own.ident.as_str().to_owned()))
        }
        _ => None,
    })
}
