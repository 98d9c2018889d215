//! Why a cookie was not taken.

use std::error::Error as StdError;
use std::fmt;

/// A cookie that a jar does not take. It names the cookie and the rule, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCookie {
    name: String,
    why: &'static str,
}

impl RefusedCookie {
    pub(super) fn new(name: &str, why: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            why,
        }
    }
}

impl fmt::Display for RefusedCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "the cookie is refused: {}", self.why),
            name => write!(f, "the cookie {name:?} is refused: {}", self.why),
        }
    }
}

impl StdError for RefusedCookie {}
