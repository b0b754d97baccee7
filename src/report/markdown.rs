//! x
use crate::analysis::ResultDocument;
/// x
/// # Errors
/// x
pub fn markdown(_d: &ResultDocument) -> Result<String, std::fmt::Error> {
    Ok("x".into())
}
