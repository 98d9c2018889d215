//! The hook for JSON codecs: which code turns values into JSON and back.
//!
//! A codec is a type, chosen where a JSON value is named: `Json<T>` uses [`SerdeJson`], `Json<T, Fast>` uses yours. An
//! application that wants another one everywhere names it once, `type Json<T> = wharf::Json<T, Fast>`.

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::BoxError;

/// Turns values into JSON and back.
pub trait JsonCodec: Send + Sync + 'static {
    /// Encodes `value`.
    ///
    /// # Errors
    ///
    /// Why `value` cannot be written as JSON.
    fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, BoxError>;

    /// Decodes a value from the whole of `json`.
    ///
    /// # Errors
    ///
    /// Whether the text is not JSON or does not fit `T`, and where.
    fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError>;
}

/// The codec of `serde_json`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SerdeJson;

impl JsonCodec for SerdeJson {
    fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, BoxError> {
        serde_json::to_vec(value).map_err(Into::into)
    }

    fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
        serde_json::from_slice(json).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                // Decoded once more to learn where: only an error pays for the path.
                let mut again = serde_json::Deserializer::from_slice(json);
                match serde_path_to_error::deserialize::<_, T>(&mut again) {
                    Err(error) if error.path().iter().next().is_some() => {
                        let path = error.path().to_string();
                        JsonError::new(JsonErrorKind::Shape, error.into_inner()).at(path)
                    }
                    _ => JsonError::new(JsonErrorKind::Shape, error),
                }
            }
            _ => JsonError::new(JsonErrorKind::Syntax, error),
        })
    }
}

/// Why JSON could not be decoded.
#[derive(Debug)]
pub struct JsonError {
    kind: JsonErrorKind,
    path: Option<String>,
    source: BoxError,
}

/// What is wrong with a piece of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The text is not JSON.
    Syntax,
    /// The text is JSON but not of the expected shape.
    Shape,
}

impl JsonError {
    /// Creates an error with its cause.
    #[must_use]
    pub fn new(kind: JsonErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            path: None,
            source: source.into(),
        }
    }

    /// Adds the path of the bad field, such as `items[3].price`.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Returns what is wrong.
    #[must_use]
    pub fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// Returns the path of the bad field, such as `items[3].price`, where it is known.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.path) {
            (JsonErrorKind::Syntax, _) => f.write_str("not valid JSON"),
            (JsonErrorKind::Shape, Some(path)) => write!(f, "unexpected JSON at `{path}`"),
            (JsonErrorKind::Shape, None) => f.write_str("unexpected JSON"),
        }?;
        if f.alternate() {
            write!(f, ": {}", self.source)
        } else {
            Ok(())
        }
    }
}

impl StdError for JsonError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Order {
        #[expect(dead_code, reason = "only decoded")]
        items: Vec<u8>,
    }

    fn decode(json: &str) -> JsonError {
        SerdeJson::decode::<Order>(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_value_of_the_wrong_shape_is_located() {
        let error = decode(r#"{"items": [1, "two"]}"#);
        assert_eq!(error.kind(), JsonErrorKind::Shape);
        assert_eq!(error.path(), Some("items[1]"));
        assert_eq!(error.to_string(), "unexpected JSON at `items[1]`");
        assert!(format!("{error:#}").contains("expected u8"), "{error:#}");
    }

    #[test]
    fn text_that_is_no_json_is_a_syntax_error() {
        assert_eq!(decode(r#"{"items": [1,"#).kind(), JsonErrorKind::Syntax);
        assert_eq!(decode(r#"{"items": [1]} x"#).kind(), JsonErrorKind::Syntax);
        assert_eq!(decode("").kind(), JsonErrorKind::Syntax);
    }
}
