//! Charts of decisions made by hand.
