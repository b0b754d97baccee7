//! What is wrong with a scenario, and how it is shown.
//!
//! A [`Diagnostic`] carries the text that it points at, so it outlives the files it came from.
//! Codes are stable and listed in `docs/scenario.md`.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::tree::{Place, floor_boundary};

/// Most diagnostics that are rendered; a broken file can have thousands that say the same.
const RENDERED_MAX: usize = 50;

/// Most problems that are kept, so that a hostile text costs bounded memory.
const FOUND_MAX: usize = 1_000;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The scenario cannot be used.
    Error,
    /// The scenario can be used; something about it is unlikely to be meant.
    Warning,
}

/// One problem and the place it is at.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    severity: Severity,
    code: &'static str,
    message: String,
    help: Option<String>,
    excerpt: Excerpt,
    context: Option<(Range<usize>, String)>,
}

/// The text that a diagnostic points at.
#[derive(Clone, Debug)]
pub(super) struct Excerpt {
    name: Arc<str>,
    text: Arc<str>,
    first_line: usize,
    span: Range<usize>,
}

impl Excerpt {
    /// A span of bytes in a text whose first line has the given number.
    pub(super) fn new(name: &str, text: &str, first_line: usize, span: Range<usize>) -> Self {
        Self { name: name.into(), text: text.into(), first_line, span }
    }
}

impl Diagnostic {
    pub(super) fn new(code: &'static str, message: impl Into<String>, excerpt: Excerpt) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            help: None,
            excerpt,
            context: None,
        }
    }

    /// Adds what to do about it.
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Points at a second place of the same text.
    pub(super) fn context(&mut self, span: Range<usize>, label: impl Into<String>) -> &mut Self {
        self.context = Some((span, label.into()));
        self
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Stable name of the kind of problem, in kebab-case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong, in one sentence without a full stop.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The file that it is in, or `--set` for an override.
    #[must_use]
    pub fn source_name(&self) -> &str {
        &self.excerpt.name
    }

    /// The line, counted from one.
    #[must_use]
    pub fn line(&self) -> usize {
        let before = &self.excerpt.text[..self.excerpt.span.start];
        self.excerpt.first_line + before.matches('\n').count()
    }

    /// The column in characters, counted from one.
    #[must_use]
    pub fn column(&self) -> usize {
        let before = &self.excerpt.text[..self.excerpt.span.start];
        before[before.rfind('\n').map_or(0, |at| at + 1)..].chars().count() + 1
    }

    /// The text that the caret marks.
    #[must_use]
    pub fn marked(&self) -> &str {
        &self.excerpt.text[self.excerpt.span.clone()]
    }

    fn group(&self) -> Group<'_> {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message.as_str()).id(self.code);
        let (start, end) = self.shown();
        let shift = |span: &Range<usize>| span.start - start..span.end - start;
        let line = self.excerpt.first_line + self.excerpt.text[..start].matches('\n').count();
        let mut snippet = Snippet::source(&self.excerpt.text[start..end])
            .line_start(line)
            .path(&*self.excerpt.name)
            .annotation(AnnotationKind::Primary.span(shift(&self.excerpt.span)));
        if let Some((span, label)) = &self.context {
            let annotation = AnnotationKind::Context.span(shift(span)).label(label.as_str());
            snippet = snippet.annotation(annotation);
        }
        let mut group = title.element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        group
    }

    /// The whole lines that the spans touch.
    fn shown(&self) -> (usize, usize) {
        let text = &self.excerpt.text;
        let (mut start, mut end) = (self.excerpt.span.start, self.excerpt.span.end);
        if let Some((span, _)) = &self.context {
            (start, end) = (start.min(span.start), end.max(span.end));
        }
        let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let carriage_return = text[end..line_end].ends_with('\r');
        (start, line_end - usize::from(carriage_return))
    }
}

/// Everything that is wrong with a scenario, in the order of its text; at least one problem.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(super) fn one(diagnostic: Diagnostic) -> Self {
        Self { all: vec![diagnostic] }
    }

    /// Every problem.
    #[must_use]
    pub fn all(&self) -> &[Diagnostic] {
        &self.all
    }

    /// Problems with the text they point at, as a compiler shows them; with terminal colours when
    /// `color` is set. Shows the first fifty and counts the others.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut rendered = String::new();
        for diagnostic in self.all.iter().take(RENDERED_MAX) {
            rendered.push_str(&renderer.render(&[diagnostic.group()]));
            rendered.push_str("\n\n");
        }
        if self.all.len() > RENDERED_MAX {
            let more = self.all.len() - RENDERED_MAX;
            rendered.push_str(&format!("... and {more} more problems\n\n"));
        }
        rendered.truncate(rendered.trim_end().len());
        rendered.push('\n');
        rendered
    }
}

impl fmt::Display for Diagnostics {
    /// One line a problem: `file:line:column: message [code]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.all.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            let (name, line, column) = (problem.source_name(), problem.line(), problem.column());
            write!(formatter, "{name}:{line}:{column}: {} [{}]", problem.message, problem.code)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The texts that places point into, and the problems found so far.
#[derive(Debug)]
pub(super) struct Problems {
    texts: Vec<(Arc<str>, Arc<str>)>,
    found: Vec<(Place, Diagnostic)>,
}

impl Problems {
    /// No problems yet; `texts` are name and content of each source.
    pub(super) fn new<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let texts = texts.into_iter().map(|(name, text)| (name.into(), text.into())).collect();
        Self { texts, found: Vec::new() }
    }

    /// Adds a problem at a place of one of the texts.
    pub(super) fn add(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let (name, text) = self.texts.get(place.source).map_or_else(
            || (Arc::from("scenario"), Arc::from("")),
            |(name, text)| (Arc::clone(name), Arc::clone(text)),
        );
        let end = floor_boundary(&text, place.end.min(text.len()));
        let start = floor_boundary(&text, place.start.min(end));
        let excerpt = Excerpt { name, text, first_line: 1, span: start..end };
        self.push(place, Diagnostic::new(code, message, excerpt))
    }

    /// Adds a problem of another file, sorted with the place that names the file.
    pub(super) fn push(&mut self, place: Place, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.found.truncate(FOUND_MAX - 1);
        let index = self.found.len();
        self.found.push((place, diagnostic));
        &mut self.found[index].1
    }

    /// Whether further problems would not be kept, so that looking for them is in vain.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= FOUND_MAX
    }

    /// How many were found so far.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Every problem in the order of the texts.
    pub(super) fn into_diagnostics(mut self) -> Diagnostics {
        self.found.sort_by_key(|(place, _)| *place);
        // What an anchor holds is checked wherever it is used, but is wrong in one place.
        self.found.dedup_by(|next, kept| {
            let same = |a: &Diagnostic, b: &Diagnostic| a.code == b.code && a.message == b.message;
            next.0 == kept.0 && same(&next.1, &kept.1)
        });
        Diagnostics { all: self.found.into_iter().map(|(_, diagnostic)| diagnostic).collect() }
    }
}
