//! How a proxy is written.

use std::sync::Arc;

use http::uri::InvalidUri;
use http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{Inner, Protocol, Proxy};
use crate::connect::Target;

impl Proxy {
    /// As `new`; the error completes a sentence about where the text came from.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().any(|c| c == ' ' || c.is_control()) {
            return Err("it holds a space or a control character".into());
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            // It may be a user name and a password, which must not be printed.
            Some(_) => return Err("its scheme is malformed".into()),
            None => (None, text),
        };
        let protocol = Protocol::of(scheme.unwrap_or("http"))?;
        // Read as a scheme that nothing is known of: for `http` the parser would drop port 80, which is not the default here.
        let url = Url::parse(&format!("proxy://{rest}"))
            .map_err(|error| format!("it is malformed: {error}"))?;
        let host = match url.host_str() {
            None | Some("") => return Err("it names no host".into()),
            Some(host) => Host::parse(host).map_err(|error| format!("its host: {error}"))?,
        };
        if scheme.is_none() && url.port().is_none() && Protocol::of(&host.to_string()).is_ok() {
            return Err("its scheme is not followed by `://`".into()); // `http:/proxy`
        }
        let port = match url.port() {
            Some(0) => return Err("its port is 0".into()),
            port => port.unwrap_or(protocol.default_port()),
        };
        let uri: Uri = format!("http://{host}:{port}/")
            .parse()
            .map_err(|error: InvalidUri| format!("its host: {error}"))?;
        let (target, _) = Target::of(&uri).map_err(|error| error.to_string())?;
        let proxy = Self {
            inner: Arc::new(Inner {
                protocol,
                target,
                credentials: None,
                authorization: None,
                headers: HeaderMap::new(),
            }),
        };
        if url.username().is_empty() && url.password().is_none() {
            return Ok(proxy);
        }
        let decode = |text| match percent_decode_str(text).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_not_utf8) => Err("its user name or password is not UTF-8"),
        };
        let user = decode(url.username())?;
        let password = decode(url.password().unwrap_or_default())?;
        proxy.with_credentials(user, password)
    }
}

/// RFC 3986 §3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}
