//! Markdown: the answer for a pull request or a decision record, on one screen.

use minijinja::value::Serde;
use minijinja::{AutoEscape, context};

use super::bill::bill_markdown;
use super::template::{View, environment};
use crate::analysis::ResultDocument;

const TEMPLATE: &str = include_str!("markdown/summary.md.jinja");

/// The summary of a run.
///
/// # Errors
/// When the template does not fit the result, which would be a defect.
pub fn markdown(document: &ResultDocument) -> Result<String, minijinja::Error> {
    summary(&View::of(document), document.cost.as_ref().map(bill_markdown))
}

/// What a template is to say, as a summary, with a bill where there is one.
pub(super) fn summary(view: &View, bill: Option<String>) -> Result<String, minijinja::Error> {
    environment(AutoEscape::None).render_str(TEMPLATE, context! { view => Serde(view), bill })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::document;

    #[test]
    fn the_question_the_verdict_and_the_objectives_are_there() {
        let text = markdown(&document()).unwrap();
        assert!(text.starts_with("# Do four shards carry the orders of a busy evening?\n"));
        assert!(text.contains("**FAIL**: 1 of 2 objectives missed"), "{text}");
        assert!(text.contains("| FAIL | write\\_throttled |"), "{text}");
        assert!(text.contains("| **Total** |"), "{text}");
        assert!(text.lines().count() < 80, "{text}");
        assert!(!text.contains("\n\n\n"), "{text}");
    }
}
