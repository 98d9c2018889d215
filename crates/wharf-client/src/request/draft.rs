//! What becomes of an [`Outgoing`] before it goes out.

use std::sync::Arc;

use http::header::AUTHORIZATION;
#[cfg(any(feature = "form", feature = "json"))]
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Uri};
use url::Url;
#[cfg(any(feature = "form", feature = "json"))]
use wharf_http::Body;
use wharf_http::Request;
use wharf_http::header::{Basic, TypedHeader};

use super::unsendable;
use crate::client::{Place, Settings};
use crate::redirect::{to_uri, to_uri_at};
use crate::send::Outgoing;
use crate::{Error, ErrorKind};

impl Outgoing {
    pub(super) fn new(method: Method, place: Place, settings: Arc<Settings>) -> Self {
        let mut request = Request::default();
        *request.method_mut() = method;
        if let Some(origin) = place.origin {
            *request.uri_mut() = origin;
        }
        Self {
            request,
            url: place.url,
            settings,
            within: None,
            cancel: None,
            upload: None,
        }
    }

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
                self.request.headers_mut().insert(AUTHORIZATION, value);
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
            *self.request.uri_mut() = Uri::default();
            self.url =
                Url::parse(&url).map_err(|error| Error::new(ErrorKind::Url).because(error))?;
            let path = std::path::Path::new(&path);
            self.request
                .extensions_mut()
                .insert(crate::connect::SocketPath(path.into()));
        }
        Ok(())
    }

    /// Sets the body and its type, unless another one is set.
    #[cfg(any(feature = "form", feature = "json"))]
    pub(super) fn set_body(&mut self, body: Body, content_type: HeaderValue) {
        *self.request.body_mut() = body;
        let headers = self.request.headers_mut();
        headers.entry(CONTENT_TYPE).or_insert(content_type);
    }

    /// Gives the request the target that its URL has come to.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let uri = self.request.uri_mut();
        *uri = match uri.authority() {
            Some(_) => to_uri_at(std::mem::take(uri), &self.url)?,
            None => to_uri(&self.url)?,
        };
        Ok(())
    }
}
