//! [`Draft`]: a request as far as it has come.

use http::header::AUTHORIZATION;
#[cfg(any(feature = "form", feature = "json"))]
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Extensions, HeaderMap, Method};
use url::Url;
use wharf_http::header::{Basic, TypedHeader};
use wharf_http::{Body, Request};

use super::unsendable;
use crate::redirect::to_uri;
use crate::{Error, ErrorKind};

/// A request as far as it has come.
pub(super) struct Draft {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) extensions: Extensions,
    pub(super) body: Body,
}

impl Draft {
    /// Takes out of the URL what is no part of the target: credentials, and the path of a socket.
    pub(super) fn read_url(&mut self) -> Result<(), Error> {
        let decode = |text: &str| {
            let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
            decoded.map(std::borrow::Cow::into_owned)
        };
        let invalid = |why: &str| Error::new(ErrorKind::Url).because(why);
        if !self.url.username().is_empty() || self.url.password().is_some() {
            // RFC 3986 §3.2.1; it is what people paste, and better sent as it should be than refused.
            let user = decode(self.url.username());
            let password = decode(self.url.password().unwrap_or_default());
            let (Ok(user), Ok(password)) = (user, password) else {
                return Err(invalid("its credentials are not UTF-8"));
            };
            let credentials = Basic::new(user, password).map_err(unsendable)?;
            if let Some(value) = credentials.encode() {
                self.headers.insert(AUTHORIZATION, value);
            }
            let _http_has_them = self
                .url
                .set_username("")
                .and_then(|()| self.url.set_password(None));
        }
        #[cfg(unix)]
        if self.url.scheme() == "http+unix" {
            let path = self.url.host_str().and_then(|host| decode(host).ok());
            let path = path.filter(|path| !path.is_empty());
            let path =
                path.ok_or_else(|| invalid("it names no socket: http+unix://%2Frun%2Fapp.sock/"))?;
            let mut url = String::from("http://localhost");
            url.push_str(if self.url.path().is_empty() {
                "/"
            } else {
                self.url.path()
            });
            if let Some(query) = self.url.query() {
                url.push('?');
                url.push_str(query);
            }
            self.url =
                Url::parse(&url).map_err(|error| Error::new(ErrorKind::Url).because(error))?;
            let path = std::path::Path::new(&path);
            self.extensions
                .insert(crate::connect::SocketPath(path.into()));
        }
        Ok(())
    }

    /// Sets the body and its type, unless another one is set.
    #[cfg(any(feature = "form", feature = "json"))]
    pub(super) fn set_body(&mut self, body: Body, content_type: HeaderValue) {
        self.body = body;
        self.headers.entry(CONTENT_TYPE).or_insert(content_type);
    }

    pub(super) fn into_request(self) -> Result<(Request, Url), Error> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = to_uri(&self.url)?;
        *request.headers_mut() = self.headers;
        *request.extensions_mut() = self.extensions;
        Ok((request, self.url))
    }
}
