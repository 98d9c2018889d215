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
#[derive(Clone, Copy, Default)]
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    /// Empty for a file.
    pub(super) text: &'a str,
    /// The number of a file.
    pub(super) file: Option<u32>,
}

impl<'a> Given<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Self {
        Self {
            name,
            text,
            file: None,
        }
    }

    fn of((name, text): &'a Pair<'_>) -> Self {
        Self::new(name, text)
    }
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
    let mut few = [Given::default(); FEW];
    if let Some(few) = few.get_mut(..pairs.len()) {
        for (place, pair) in few.iter_mut().zip(pairs) {
            *place = Given::of(pair);
        }
        return decode_given(few, layout);
    }
    decode_given(&pairs.iter().map(Given::of).collect::<Vec<_>>(), layout)
}

/// How many names are put together without an allocation: a path has few, and they are read for each request.
pub(super) const FEW: usize = 4;

/// Makes a value of texts and files.
pub(super) fn decode_given<T: DeserializeOwned>(
    written: &[Given<'_>],
    layout: Layout,
) -> Result<T, TextError> {
    let (mut few, mut many);
    let grouped = match layout {
        // Each name is there once.
        Layout::Path => written,
        Layout::Form => {
            (few, many) = ([Given::default(); FEW], Vec::new());
            let sorted: &mut [Given<'_>] = match few.get_mut(..written.len()) {
                Some(few) => {
                    few.copy_from_slice(written);
                    few
                }
                None => {
                    many.extend_from_slice(written);
                    &mut many
                }
            };
            sorted.sort_by_key(|given| given.name);
            sorted
        }
    };
    let attempt = |hints: &Hints| {
        T::deserialize(Fields {
            written,
            grouped,
            layout,
            hints,
        })
    };
    // Nearly always there is nothing to learn, and so nothing to make and drop.
    static NONE: Hints = Hints::new();
    let mut result = match attempt(&NONE) {
        Ok(value) => return Ok(value),
        failed => failed,
    };
    let mut hints = Hints::new();
    loop {
        if let Some(value) = hints
            .learn(result, grouped, layout)
            .map_err(|error| error.located(written))?
        {
            return Ok(value);
        }
        result = attempt(&hints);
    }
}

#[cfg(test)]
mod tests;
