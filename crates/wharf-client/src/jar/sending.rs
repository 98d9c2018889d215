//! What of a jar goes with a request.

use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderValue;
use url::Url;

use super::{Cookie, CookieJar, RefusedCookie, domain, set_cookie};

impl CookieJar {
    /// Makes the value of the `Cookie` field for a request to `url`; `None` when no cookie goes there.
    ///
    /// Cookies with a longer path come first, of equal ones the oldest. The value is marked as sensitive, so that HTTP/2 does
    /// not index it.
    #[must_use]
    pub fn header(&self, url: &Url) -> Option<HeaderValue> {
        line(self.matching(url).iter().map(|cookie| cookie.pair()))
    }

    /// Makes the value of the `Cookie` field with cookies of one request, which the jar does not keep.
    ///
    /// They come last, and those of the jar with one of their names stay out.
    ///
    /// # Errors
    ///
    /// When one of `own` could not be [added](Self::add) for what its name and value are.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_client::jar::CookieJar;
    ///
    /// let jar = CookieJar::new();
    /// let url = "https://quay.test/".parse()?;
    /// jar.add(&url, "theme", "dark")?;
    /// jar.add(&url, "session", "abc")?;
    /// let value = jar.header_with(&url, [("theme", "light")])?.unwrap();
    /// assert_eq!(value, "session=abc; theme=light");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn header_with<'a>(
        &self,
        url: &Url,
        own: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Option<HeaderValue>, RefusedCookie> {
        let own: Vec<_> = own.into_iter().collect();
        for (name, value) in &own {
            set_cookie::check_own(name, value).map_err(|why| RefusedCookie::new(name, why))?;
        }
        let kept = self.matching(url);
        let kept = kept.iter().map(|cookie| cookie.pair());
        let kept = kept.filter(|(name, _)| own.iter().all(|(other, _)| name != other));
        Ok(line(kept.chain(own.iter().copied())))
    }

    /// Returns the cookies of a request in the order in which they are sent.
    pub(super) fn matching(&self, url: &Url) -> Vec<Arc<Cookie>> {
        let Some(host) = domain::host_of(url) else {
            return Vec::new();
        };
        let secure = self.inner.rules.is_secure(url);
        self.storage(self.now())
            .of_request(&host, url.path(), secure)
    }
}

/// Writes the pairs of a `Cookie` field.
fn line<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<HeaderValue> {
    let mut line = String::new();
    for (name, value) in pairs {
        if !line.is_empty() {
            line.push_str("; ");
        }
        if !name.is_empty() {
            line.push_str(name);
            line.push('=');
        }
        line.push_str(value);
    }
    if line.is_empty() {
        return None;
    }
    // No cookie with a control character is let in, and nothing else is refused here.
    let mut value = HeaderValue::from_maybe_shared(Bytes::from(line)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
