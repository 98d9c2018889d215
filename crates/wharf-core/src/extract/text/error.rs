use std::fmt;

use serde_core::de::{Error, Expected, Unexpected};

use super::Given;

/// Why a value cannot be made of named texts.
#[derive(Debug)]
pub(crate) struct TextError {
    pub(super) name: Option<String>,
    pub(crate) kind: Kind,
}

/// What is wrong with one of the texts, or with all of them.
#[derive(Debug)]
pub(crate) enum Kind {
    /// There is none of that name.
    Missing,
    /// There are several of that name, and one is wanted.
    Repeated(usize),
    /// The text is not of the wanted type; `None` stands for the text of the field, which the error's maker did not know.
    Invalid {
        given: Option<String>,
        expected: String,
    },
    /// The text is empty where an absent value would do.
    EmptyOption,
    /// The text is none of these.
    Variant {
        given: String,
        expected: &'static [&'static str],
    },
    /// The name is none of these.
    Unknown(&'static [&'static str]),
    /// Something else, as the type tells.
    Other(String),
    /// A number of path parameters is wanted that the path does not have.
    Arity { wanted: usize, there: usize },
    /// There is a file, and text is wanted.
    File,
    /// There is text, and a file is wanted.
    NoFile,
    /// A type that can never be made of text, which is a mistake in the program.
    Unsupported(&'static str),
}

impl TextError {
    pub(super) fn new(kind: Kind) -> Self {
        Self { name: None, kind }
    }

    /// Says which text it is about, unless that is known.
    pub(super) fn of(mut self, name: &str) -> Self {
        self.name.get_or_insert_with(|| name.to_owned());
        self
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Finds out which text it is about, when a value was read only after all texts were taken in.
    pub(super) fn located(self, written: &[Given<'_>]) -> Self {
        let Kind::Invalid {
            given: Some(given), ..
        } = &self.kind
        else {
            return self;
        };
        match written.iter().find(|other| other.text == given) {
            Some(other) => self.of(other.name),
            None => self,
        }
    }

    /// Prints the error for whoever sent the texts; `what` is one of them, such as `query parameter`.
    pub(crate) fn describe(&self, what: &'static str, text: &dyn Fn(&str) -> String) -> String {
        let Some(name) = self.name.as_deref() else {
            return match &self.kind {
                Kind::Other(message) => message.clone(),
                Kind::Arity { wanted, there } => {
                    format!("expected {wanted} {what}s, there are {there}")
                }
                Kind::Unsupported(wanted) => format!("{what}s cannot be read as {wanted}"),
                Kind::Invalid { expected, .. } => format!("expected {expected}"),
                _ => format!("the {what}s do not fit"),
            };
        };
        let subject = format!("the {what} `{}`", Shown(name));
        match &self.kind {
            Kind::Missing | Kind::EmptyOption => format!("{subject} is missing"),
            Kind::Repeated(times) => format!("{subject} is given {times} times, expected once"),
            Kind::Invalid { given, expected } => {
                let given = given.clone().unwrap_or_else(|| text(name));
                format!("{subject} is `{}`, expected {expected}", Shown(&given))
            }
            Kind::Variant { given, expected } => {
                let expected = OneOf(expected);
                format!("{subject} is `{}`, expected {expected}", Shown(given))
            }
            Kind::Unknown(expected) => {
                format!(
                    "unknown {what} `{}`, expected {}",
                    Shown(name),
                    OneOf(expected)
                )
            }
            Kind::Other(message) => format!("{subject} is not valid: {message}"),
            Kind::Arity { wanted, there } => {
                format!("{subject} is given {there} times, expected {wanted} times")
            }
            Kind::File => format!("{subject} is a file, expected text"),
            Kind::NoFile => format!("{subject} is text, expected a file"),
            Kind::Unsupported(wanted) => format!("{subject} cannot be read as {wanted}"),
        }
    }
}

impl Error for TextError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Other(message.to_string()))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let given = match unexpected {
            Unexpected::Str(text) => Some(text.to_owned()),
            _ => None,
        };
        Self::new(Kind::Invalid {
            given,
            expected: expected.to_string(),
        })
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("there are {length}, expected {expected}"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::Variant {
            given: variant.to_owned(),
            expected,
        })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::Unknown(expected)).of(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Kind::Missing).of(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::custom("given under two names").of(field)
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe("parameter", &|_| String::new()))
    }
}

impl std::error::Error for TextError {}

/// Text of a client, made fit for one line of a message.
pub(super) struct Shown<'t>(pub(super) &'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 80;
        let mut chars = self.0.chars();
        for char in chars.by_ref().take(LONGEST) {
            let char = if char.is_control() { '\u{fffd}' } else { char };
            fmt::Write::write_char(f, char)?;
        }
        match chars.next() {
            Some(_) => f.write_str("…"),
            None => Ok(()),
        }
    }
}

/// Names to choose from.
struct OneOf(&'static [&'static str]);

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => return f.write_str("nothing"),
            [_] | [_, _] => {}
            _ => f.write_str("one of ")?,
        }
        for (index, name) in self.0.iter().enumerate() {
            let before = match (index, self.0.len()) {
                (0, _) => "",
                (1, 2) => " or ",
                _ => ", ",
            };
            write!(f, "{before}`{name}`")?;
        }
        Ok(())
    }
}
