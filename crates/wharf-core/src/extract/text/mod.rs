//! Named texts into one value of any type: what `Path`, `Query` and `Form` share.
//!
//! A text says nothing of its type, and serde asks for one in most places. Where it does not ask, in flattened and
//! untagged values, texts are read as texts first, and differently once the value turns out not to want that: see
//! [`Hints`]. So every error can name the parameter, what it was, and what it should have been.

mod error;
mod fields;
mod hints;
mod pairs;
mod value;

pub(super) use error::{Kind, TextError};
pub(super) use pairs::pairs;
#[cfg(feature = "multipart")]
pub(super) use value::UPLOAD;

use std::borrow::Cow;

use serde_core::de::DeserializeOwned;

use fields::Fields;
use hints::Hints;

/// A name and its text.
pub(super) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A name and what was given under it.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    /// Empty for a file.
    pub(super) text: &'a str,
    /// The number of a file.
    pub(super) file: Option<u32>,
}

/// What the names and texts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Path parameters: each name is there once, and their order counts.
    Path,
    /// A query or form: a name may be there any number of times, none included.
    Form,
}

/// Makes a value of all the texts.
pub(super) fn decode<T: DeserializeOwned>(
    pairs: &[Pair<'_>],
    layout: Layout,
) -> Result<T, TextError> {
    let given = pairs.iter().map(|(name, text)| Given {
        name,
        text,
        file: None,
    });
    decode_given(&given.collect::<Vec<_>>(), layout)
}

/// Makes a value of texts and files.
pub(super) fn decode_given<T: DeserializeOwned>(
    written: &[Given<'_>],
    layout: Layout,
) -> Result<T, TextError> {
    let mut grouped = written.to_vec();
    grouped.sort_by_key(|given| given.name);
    let mut hints = Hints::default();
    loop {
        let fields = Fields {
            written,
            grouped: &grouped,
            layout,
            hints: &hints,
        };
        let result = T::deserialize(fields);
        if let Some(value) = hints
            .learn(result, &grouped, layout)
            .map_err(|error| error.located(written))?
        {
            return Ok(value);
        }
    }
}

#[cfg(test)]
mod tests;
