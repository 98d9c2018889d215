use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::{FromRequestParts, Needs, OptionalFromRequestParts, Scope};
use crate::error::HttpError;

/// The number that the scripts and styles of a page prove by that the app has written them: `<script nonce="..">`
/// (W3C CSP 3 §2.3.1).
///
/// Made for each request by [`SecurityHeaders`](crate::middleware::SecurityHeaders) whose policy has `'nonce-{nonce}'`: 144 random
/// bits as 24 characters of Base64, which need no escape in HTML. An app whose handlers take one that is not made does not start.
///
/// # Examples
///
/// ```
/// use wharf_core::extract::CspNonce;
/// use wharf_core::middleware::SecurityHeaders;
/// use wharf_core::{App, Html, get};
///
/// async fn index(nonce: CspNonce) -> Html<String> {
///     Html(format!(r#"<script nonce="{nonce}">console.log("ahoy")</script>"#))
/// }
///
/// let headers = SecurityHeaders::new().content_security_policy("script-src 'nonce-{nonce}'");
/// let app = App::new().wrap(headers).routes([get("/", index)]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut answer = app.start().await.unwrap().handle(Default::default()).await;
/// let page = answer.body_mut().bytes(None).await.unwrap();
/// let nonce = std::str::from_utf8(&page).unwrap().split('"').nth(1).unwrap().to_owned();
/// assert_eq!(answer.headers()["content-security-policy"], format!("script-src 'nonce-{nonce}'"));
/// # });
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CspNonce {
    text: Arc<str>,
}

/// RFC 4648 §4. Each character is six of the bits.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl CspNonce {
    /// Makes one that nobody can guess.
    pub(crate) fn fresh() -> Result<Self, HttpError> {
        let mut random = [0; 24];
        getrandom::fill(&mut random)?;
        let text = random.map(|byte| char::from(ALPHABET[usize::from(byte & 63)]));
        Ok(Self {
            text: text.iter().collect::<String>().into(),
        })
    }

    /// Returns the text of the attribute `nonce`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for CspNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for CspNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CspNonce").finish_non_exhaustive()
    }
}

impl FromRequestParts for CspNonce {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, HttpError> {
        // The check before the start leaves only middleware that declares to provide one and does not.
        parts.extensions.get().cloned().ok_or_else(|| {
            HttpError::internal("the app is misconfigured")
                .because("no nonce was made for this request")
        })
    }

    fn needs(needs: &mut Needs) {
        needs.extension::<Self>();
    }
}

impl OptionalFromRequestParts for CspNonce {
    type Rejection = Infallible;

    async fn from_request_parts_optional(
        parts: &mut Parts,
        _scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}
