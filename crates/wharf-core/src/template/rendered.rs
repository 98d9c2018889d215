use http::HeaderValue;
use wharf_http::Response;

use crate::response::{IntoResponse, with_type};

/// What a template has come to, with the media type that its name says. Made by [`View::render`](super::View::render).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub(super) text: String,
    pub(super) media_type: &'static str,
}

impl Rendered {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text itself.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// Returns the media type, as the field `Content-Type` has it.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }
}

impl IntoResponse for Rendered {
    fn into_response(self) -> Response {
        with_type(self.text, HeaderValue::from_static(self.media_type))
    }
}
