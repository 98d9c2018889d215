use http::StatusCode;
use http::header;
use http::response::Parts;
pub use wharf_http::cookie::{SameSite, SetCookie};

use super::IntoResponseParts;
use crate::error::HttpError;

impl IntoResponseParts for SetCookie {
    /// Adds the cookie to those that are set already. One that cannot be set is logged and answered 500.
    fn into_response_parts(self, head: &mut Parts) -> Result<(), HttpError> {
        match self.into_value() {
            Ok(value) => {
                head.headers.append(header::SET_COOKIE, value);
                Ok(())
            }
            Err(error) => Err(HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).because(error)),
        }
    }
}

impl IntoResponseParts for Vec<SetCookie> {
    /// Adds all of them.
    fn into_response_parts(self, head: &mut Parts) -> Result<(), HttpError> {
        self.into_iter()
            .try_for_each(|cookie| cookie.into_response_parts(head))
    }
}

impl HttpError {
    /// Sets a cookie with the answer. One that cannot be set makes this a 500 with that cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::HttpError;
    /// use wharf_core::response::SetCookie;
    ///
    /// let error = HttpError::unauthorized("sign in again").cookie(SetCookie::removal("session"));
    /// assert!(error.headers().contains_key("set-cookie"));
    /// ```
    #[must_use]
    pub fn cookie(self, cookie: SetCookie) -> Self {
        match cookie.into_value() {
            Ok(value) => self.header(header::SET_COOKIE, value),
            Err(error) => Self::new(StatusCode::INTERNAL_SERVER_ERROR).because(error),
        }
    }
}
