//! Reading a body as a whole or by pieces.

use bytes::Bytes;
use http::HeaderMap;

use super::{Response, charset};
use crate::Error;

impl Response {
    /// Reads the whole body and keeps it: a second call, or `text` after `json`, reads the same bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) when it is larger than the
    /// [limit](crate::ClientBuilder::body_limit), 64 MiB by default; a time-out of phase
    /// [`BodyRead`](crate::Phase::BodyRead); [`ErrorKind::ResponseBody`](crate::ErrorKind::ResponseBody) when it broke off.
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        let limit = self.inner.scope.settings.body_limit;
        let result = self.inner.response.body_mut().bytes(limit).await;
        result.map_err(|error| Error::body(error).at_url(&self.inner.url))
    }

    /// Reads the whole body as text, in the charset that a byte order mark tells, or else that `content-type` names.
    ///
    /// Where neither does, the [guess](crate::ClientBuilder::charset_guess) of the client is asked; without one the text is
    /// UTF-8. JSON is UTF-8 in any case (RFC 8259 §8.1).
    ///
    /// UTF-8, US-ASCII, ISO 8859-1 and windows-1252 are always known, the latter three as one (WHATWG Encoding Standard §4.2);
    /// the feature `charset` brings all others that browsers know.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when the charset is not known, or the bytes are not valid in it; else
    /// as [`bytes`](Self::bytes). The bytes are kept and can still be read.
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    pub async fn text(&mut self) -> Result<String, Error> {
        let guess = self.inner.scope.settings.charset_guess.clone();
        self.text_with(move |content_type, bytes| guess?(content_type, bytes))
            .await
    }

    /// Reads the whole body as [`text`](Self::text) does, and asks `guess` for the charset where nothing tells it.
    ///
    /// `guess` gets `content-type` and the bytes, and returns the name of a charset; `None` is UTF-8.
    ///
    /// # Errors
    ///
    /// As [`text`](Self::text).
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    pub async fn text_with(
        &mut self,
        guess: impl FnOnce(Option<&str>, &[u8]) -> Option<String>,
    ) -> Result<String, Error> {
        let bytes = self.bytes().await?;
        charset::decode(self.content_type(), &bytes, guess).map_err(|why| self.undecodable(why))
    }

    /// Reads the whole body as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) when `content-type` names something else than JSON or a format that
    /// ends in `+json`, or when the body is not JSON or does not fit `T`; else as [`bytes`](Self::bytes).
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub async fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Error> {
        use wharf_http::json::{JsonCodec, SerdeJson};
        if let Some(value) = self.content_type()
            && !charset::is_json(value)
        {
            let why = format!("expected JSON, got `{value}`");
            return Err(self.undecodable(why));
        }
        let bytes = self.bytes().await?;
        // RFC 8259 §8.1: whoever reads JSON may pass over the mark that nobody should have written.
        let decoded = SerdeJson::decode(charset::unmarked(&bytes));
        decoded.map_err(|error| self.undecodable(error))
    }

    /// Returns the next piece of the body, in the size it arrived in; `None` at the end.
    ///
    /// # Errors
    ///
    /// A time-out of phase [`BodyRead`](crate::Phase::BodyRead);
    /// [`ErrorKind::ResponseBody`](crate::ErrorKind::ResponseBody) when the body broke off.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let piece = self.inner.response.body_mut().chunk().await.transpose();
        piece.map_err(|error| Error::body(error).at_url(&self.inner.url))
    }

    /// Returns the trailer fields (RFC 9110 §6.5), once the body was read to its end; `None` before, and when there are none.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.inner.response.body().trailers()
    }
}
