//! What harbour keeps.

use serde::{Deserialize, Serialize};

/// The most characters that a name may have.
const NAME_LIMIT: usize = 100;

/// One thing in the harbour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The number that names it in URLs.
    pub id: i64,
    /// What it is called.
    pub name: Name,
    /// Whatever else there is to say.
    pub note: String,
}

/// A resource as clients send it: it has no id yet, or the id is in the URL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What it is to be called.
    pub name: Name,
    /// Whatever else there is to say. Default: nothing.
    #[serde(default)]
    pub note: String,
}

impl Draft {
    /// Makes the resource with this id.
    #[must_use]
    pub fn with_id(self, id: i64) -> Resource {
        Resource {
            id,
            name: self.name,
            note: self.note,
        }
    }
}

/// A name of 1 to 100 characters.
///
/// There is no other way to make one, so that whoever has a `Name` need not check it: JSON with a bad one is refused before
/// the handler is called, with the field and the reason in the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.chars().count() {
            1..=NAME_LIMIT => Ok(Self(text)),
            count => Err(format!(
                "a name has 1 to {NAME_LIMIT} characters, not {count}"
            )),
        }
    }
}
