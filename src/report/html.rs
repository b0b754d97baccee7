//! x
use super::Chart;
use crate::analysis::ResultDocument;
/// x
/// # Errors
/// x
pub fn html(_d: &ResultDocument, _c: &[Chart]) -> Result<String, std::fmt::Error> {
    Ok("x".into())
}
