//! From text to scenario, through every step in order.

use super::diagnostic::{Diagnostics, Problems};
use super::source::{Override, Source};
use super::trace::StreamedFile;
use super::tree::{Node, Place, Value};
use super::validate::Files;
use super::variants::without;
use super::{Scenario, digest, raw, schema, source, structure, validate, yaml};
use crate::quotas::Quotas;
use crate::time::Timestamp;

/// A scenario whose structure is right, between the steps.
pub(super) struct Reading {
    /// The whole file with overrides, variants included.
    pub(super) root: Node,
    pub(super) schema: schema::Schema,
    pub(super) problems: Problems,
}

/// Reads a scenario: the text, the overrides laid over it in order, and the files that it names,
/// which `open` is asked for by the path as it is written.
///
/// # Errors
/// Everything that is wrong, in the order of the text: first all problems of structure, then,
/// when there are none, all problems of meaning.
pub fn read(
    source: &Source,
    overrides: &[Override],
    open: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<Scenario, Diagnostics> {
    start(source, overrides)?.resolve_base(&mut Files::new(open))
}

/// The same, where `open_stream` is asked for files of any length, which are not to be held in
/// memory as a whole.
///
/// # Errors
/// As [`read`].
pub fn read_streaming(
    source: &Source,
    overrides: &[Override],
    open: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    open_stream: &mut dyn FnMut(&str) -> Result<StreamedFile, String>,
) -> Result<Scenario, Diagnostics> {
    start(source, overrides)?.resolve_base(&mut Files::streaming(open, open_stream))
}

/// Reads the text with its overrides and checks its structure.
pub(super) fn start(source: &Source, overrides: &[Override]) -> Result<Reading, Diagnostics> {
    source.check_size()?;
    let texts: Vec<_> = overrides.iter().map(Override::text).collect();
    let names = std::iter::once((source.name.as_str(), source.text.as_str()))
        .chain(texts.iter().map(|text| (Override::name(), text.as_str())));
    let mut problems = Problems::new(names);
    let schema = schema::Schema::new();
    let Some(mut root) = read_tree(&source.text, &mut problems) else {
        return Err(problems.into_diagnostics());
    };
    for (number, over) in (1..).zip(overrides) {
        source::apply(over, number, &mut root, schema.root(), &mut problems);
    }
    structure::check(&schema, &root, &mut problems);
    let mut reading = Reading { root, schema, problems };
    reading.check()?;
    Ok(reading)
}

impl Reading {
    /// All problems so far, when there are any.
    pub(super) fn check(&mut self) -> Result<(), Diagnostics> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let none = Problems::new(std::iter::empty());
        Err(std::mem::replace(&mut self.problems, none).into_diagnostics())
    }

    /// The end of the reading: all problems, when there are any.
    pub(super) fn done(mut self) -> Result<(), Diagnostics> {
        self.check()
    }

    /// The scenario of the file itself.
    pub(super) fn resolve_base(&mut self, files: &mut Files<'_>) -> Result<Scenario, Diagnostics> {
        let root = self.root.clone();
        let scenario = self.resolve(&root, files);
        self.check()?;
        match scenario {
            Some(scenario) => Ok(scenario),
            // A scenario that is not there without a problem would be a defect of the checks.
            None => {
                self.problems.add("not-decodable", root.place, "the scenario cannot be resolved");
                self.check().and_then(|()| self.resolve_base(files))
            }
        }
    }

    /// The scenario of a tree; nothing when it has a problem, which is then reported.
    pub(super) fn resolve(&mut self, root: &Node, files: &mut Files<'_>) -> Option<Scenario> {
        let root = without(root);
        let before = self.problems.len();
        structure::check(&self.schema, &root, &mut self.problems);
        if self.problems.len() > before {
            return None;
        }
        let json = root.to_json();
        let digest = digest::Digest::new(&json);
        let raw: raw::Scenario = match serde_json::from_value(json) {
            Ok(raw) => raw,
            Err(error) => {
                // The schema comes from the same types, so this means that a rule is missing there.
                let message = format!("the scenario: {error}");
                self.problems.add("not-decodable", root.place, message);
                return None;
            }
        };
        let (quotas, duration) = (Quotas::default(), raw.duration.0);
        let starts_at =
            raw.starts_at.as_ref().map_or(Timestamp::DEFAULT_START, |written| written.0);
        let problems = &mut self.problems;
        let context = validate::Context { problems, files, digest, quotas, duration, starts_at };
        let scenario = validate::scenario(raw, &root, context);
        (self.problems.len() == before).then_some(scenario)
    }
}

/// The tree of the file, which must be a map.
fn read_tree(text: &str, problems: &mut Problems) -> Option<Node> {
    let start = Place { source: 0, start: 0, end: 0 };
    let template = "a scenario starts with `version: 1` and `name: NAME`";
    match yaml::read(text, 0, 0) {
        Ok(Node { value: Value::Null, place }) => {
            problems.add("empty-file", place, "the scenario is empty").help(template);
            None
        }
        Ok(root) => Some(root),
        Err(error) => {
            let place = Place { start: error.start, end: error.end, ..start };
            let problem = problems.add(error.code, place, error.message);
            if let Some(help) = error.help.or((error.code == "empty-file").then_some(template)) {
                problem.help(help);
            }
            None
        }
    }
}
