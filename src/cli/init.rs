//! `init`: a commented scenario to start from, on standard output.

use clap::Args;

use super::failure::{Failure, Outcome};
use super::terminal::Terminal;

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// Which one; see `--list`.
    #[arg(default_value = "starter")]
    template: String,
    /// List the templates instead.
    #[arg(long)]
    list: bool,
}

/// A scenario to start from.
struct Template {
    name: &'static str,
    about: &'static str,
    text: &'static str,
}

const TEMPLATES: [Template; 4] = [
    Template {
        name: "starter",
        about: "one producer, one polling consumer, the objectives that most people have",
        text: include_str!("templates/starter.yaml"),
    },
    Template {
        name: "change-data-capture",
        about: "a day of database changes in batches, uneven keys, a lake and an alerting consumer",
        text: include_str!("templates/change-data-capture.yaml"),
    },
    Template {
        name: "hot-key",
        about: "one tenant far larger than the others: no shard count helps",
        text: include_str!("templates/hot-key.yaml"),
    },
    Template {
        name: "shared-readers",
        about: "six teams poll one stream and share five calls a second on each shard",
        text: include_str!("templates/shared-readers.yaml"),
    },
];

pub(super) fn execute(arguments: &InitArguments, terminal: &Terminal) -> Result<Outcome, Failure> {
    if arguments.list {
        terminal.print(list().as_bytes())?;
        return Ok(Outcome::Done);
    }
    let wanted = &arguments.template;
    let Some(template) = TEMPLATES.iter().find(|template| template.name == wanted) else {
        return Err(Failure::Usage(unknown(wanted)));
    };
    terminal.print(template.text.as_bytes())?;
    Ok(Outcome::Done)
}

fn list() -> String {
    TEMPLATES
        .iter()
        .map(|template| format!("{:<20}  {}\n", template.name, template.about))
        .collect()
}

fn unknown(wanted: &str) -> String {
    let distance = |template: &&Template| strsim::damerau_levenshtein(template.name, wanted);
    let nearest = TEMPLATES.iter().min_by_key(distance).filter(|template| {
        distance(template) <= 3 || template.name.starts_with(wanted) && !wanted.is_empty()
    });
    let hint =
        nearest.map(|template| format!("; did you mean `{}`?", template.name)).unwrap_or_default();
    format!("there is no template `{wanted}`{hint}\n\n{}", list())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_passes_check() {
        for template in &TEMPLATES {
            let bytes = template.text.as_bytes().to_vec();
            let source = crate::scenario::Source::from_bytes(template.name.to_owned(), bytes);
            let read = crate::scenario::read(&source.unwrap(), &[], &mut |name| {
                Err(format!("a template names the file {name}"))
            });
            let problems = read.err().map(|diagnostics| diagnostics.render(false));
            assert_eq!(problems, None, "{}", template.name);
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        assert!(unknown("hotkey").contains("did you mean `hot-key`?"));
        assert!(!unknown("zzzzzzzzzz").contains("did you mean"));
        assert!(unknown("zzzzzzzzzz").contains("starter"));
    }
}
