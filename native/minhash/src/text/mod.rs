//! Words of a text, by Unicode rules and in lower case.
