//! JUnit: one test case an objective, for the test page of a build server.
//!
//! A missed objective is a failure, an open one an error, since nobody can say yet; a scenario
//! without objectives is a suite without cases. No time of day and no duration: the same result
//! gives the same bytes. Format: the `testsuite` element of
//! <https://github.com/testmoapp/junitxml>.

use crate::analysis::{ObjectiveResult, ResultDocument, Verdict};

/// The objectives of a result as JUnit XML; ends with a line feed.
#[must_use]
pub fn junit(document: &ResultDocument) -> String {
    let all = &document.objectives;
    let with = |verdict| all.iter().filter(|each| each.verdict == verdict).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{}\" tests=\"{}\" \
         failures=\"{}\" errors=\"{}\">\n",
        escaped(&document.scenario.name),
        all.len(),
        with(Verdict::Fail),
        with(Verdict::Inconclusive),
    );
    for objective in all {
        text.push_str(&case(&document.scenario.name, objective));
    }
    text.push_str("</testsuite>\n");
    text
}

fn case(scenario: &str, objective: &ObjectiveResult) -> String {
    let subject = objective.subject.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let name = escaped(&format!("{}{subject}", objective.name));
    let head = format!("  <testcase classname=\"{}\" name=\"{name}\"", escaped(scenario));
    let element = match objective.verdict {
        Verdict::Fail => "failure",
        Verdict::Inconclusive => "error",
        Verdict::Pass | Verdict::None => return format!("{head}/>\n"),
    };
    let value = objective.value.map_or("not observed".to_owned(), |value| value.to_string());
    let interval = objective
        .ci95
        .map(|[low, high]| format!(", 95 % interval from {low} to {high}"))
        .unwrap_or_default();
    let note = objective.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
    let message = escaped(&format!("{value}{interval}, at most {}{note}", objective.target));
    format!("{head}>\n    <{element} message=\"{message}\"/>\n  </testcase>\n")
}

/// Text within an attribute of XML 1.0, without characters that it cannot hold.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ if character.is_control() => safe.push(' '),
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::document;

    #[test]
    fn a_missed_objective_is_a_failure_with_its_numbers() {
        let text = junit(&document());
        assert!(text.contains("<testsuite name=\"orders\" tests=\"2\" failures=\"1\""), "{text}");
        assert!(text.contains("name=\"write_throttled\">\n    <failure message=\"0."), "{text}");
        assert!(text.contains("name=\"iterator_age_p99 of lake\"/>"), "{text}");
        assert_eq!(text.matches("<testcase").count(), 2);
    }

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        assert_eq!(escaped("a<b>&\"c\"\u{7}"), "a&lt;b&gt;&amp;&quot;c&quot; ");
    }
}
