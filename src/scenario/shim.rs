//! TEMPORARY: stands in for the scenario front end until that is merged, then goes.
//!
//! It has the front end's surface and refuses every text.

use crate::scenario::Scenario;

/// The text of a scenario.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name for messages.
    pub name: String,
    /// The text.
    pub text: String,
}

/// What is wrong with a text.
#[derive(Clone, Debug)]
pub struct Diagnostics(String);

/// One `--set PATH=VALUE`.
#[derive(Clone, Debug)]
pub struct Override {
    /// Where.
    pub path: String,
    /// What.
    pub value: String,
}

impl Source {
    /// A source from the bytes of a file.
    ///
    /// # Errors
    /// When they are not UTF-8.
    pub fn from_bytes(name: String, bytes: Vec<u8>) -> Result<Self, Diagnostics> {
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(_) => Err(Diagnostics(format!("{name}: not UTF-8"))),
        }
    }
}

impl Override {
    /// Reads `PATH=VALUE`.
    ///
    /// # Errors
    /// When there is no `=`.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        let (path, value) = text
            .split_once('=')
            .ok_or_else(|| Diagnostics(format!("{text}: no `=`")))?;
        Ok(Self {
            path: path.to_owned(),
            value: value.to_owned(),
        })
    }
}

impl Diagnostics {
    /// The problems as text.
    #[must_use]
    pub fn render(&self, _color: bool) -> String {
        self.0.clone()
    }
}

/// Reads a scenario.
///
/// # Errors
/// Always.
pub fn read(
    source: &Source,
    _overrides: &[Override],
    _files: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<Scenario, Diagnostics> {
    Err(Diagnostics(format!(
        "{}: scenarios cannot be read yet",
        source.name
    )))
}

/// The schema of a scenario.
#[must_use]
pub fn schema() -> serde_json::Value {
    serde_json::json!({})
}
