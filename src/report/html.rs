//! HTML: the whole report as one file that needs nothing from elsewhere.
//!
//! `page.html` is the template, `style.css` and `script.js` stand in it. Without the script
//! everything is readable; with it tables sort and charts show values. A policy in the head
//! forbids every request, so a key or a name that got through could not call anywhere either.

use minijinja::value::Serde;
use minijinja::{AutoEscape, context};

use super::chart::{Chart, chart_style};
use super::template::{View, environment};
use crate::analysis::ResultDocument;

const TEMPLATE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// The report of a run with its charts.
///
/// # Errors
/// When the template does not fit the result, which would be a defect.
pub fn html(document: &ResultDocument, charts: &[Chart]) -> Result<String, minijinja::Error> {
    page(&View::of(document), charts)
}

/// What a template is to say, as a page.
pub(super) fn page(view: &View, charts: &[Chart]) -> Result<String, minijinja::Error> {
    let style = format!("{STYLE}{}", chart_style());
    environment(AutoEscape::Html).render_str(
        TEMPLATE,
        context! {
            view => Serde(view),
            charts => Serde(charts),
            values => values(charts),
            style => style,
            script => SCRIPT,
        },
    )
}

/// What stands under the pointer, by chart, as JSON that cannot end its element.
fn values(charts: &[Chart]) -> String {
    let pairs = charts.iter().filter_map(|chart| Some((chart.id, chart.hover.as_ref()?)));
    let all: serde_json::Map<String, serde_json::Value> = pairs
        .map(|(id, hover)| (id.to_owned(), serde_json::to_value(hover).unwrap_or_default()))
        .collect();
    serde_json::Value::Object(all).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Options, analyse, picture, testing};
    use crate::report::charts;

    fn page(name: &str) -> String {
        let (mut scenario, mut observation) = (testing::scenario(), testing::observation());
        scenario.question = Some(name.to_owned());
        scenario.consumers[0].name = name.to_owned();
        observation.shards[0].hottest_keys[0].key = name.to_owned();
        let picture = picture(&scenario, &observation);
        let document = analyse(&scenario, &[observation], &Options::default());
        html(&document, &charts(&document, &picture).unwrap()).unwrap()
    }

    #[test]
    fn the_page_says_the_question_and_the_verdict_and_holds_every_chart() {
        let page = page("Do four shards do?");
        assert!(page.contains("<h1>Do four shards do?</h1>"), "the question leads");
        assert!(page.contains(">FAIL<"), "the verdict follows");
        for id in crate::report::CHART_IDS {
            assert!(page.contains(&format!("id=\"{id}-title\"")), "{id}");
        }
    }

    #[test]
    fn nothing_on_the_page_comes_from_elsewhere() {
        let page = page("plain");
        // Namespaces and sources of facts are names, not requests.
        for word in ["src=", "@import", "url(", "<link rel=\"stylesheet", "fetch(", "<iframe"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let page = page("</script><script>alert(1)</script><img onerror=x>\"'");
        assert!(!page.contains("<script>alert"), "a script got in");
        assert!(!page.contains("<img"), "an element got in");
        assert_eq!(page.matches("</script>").count(), 2);
    }
}
