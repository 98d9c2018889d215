//! The server's side: what a client asked for, and what it is answered.

use std::error::Error as StdError;
use std::fmt;

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};

use super::super::config::WebSocketConfig;
use super::super::extension;
use super::{DEFLATE, Negotiated, VERSION, key, once, upgrades};
use crate::header::grammar;

/// What a client asked for, rightly.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The proof that the key was read; `None` over HTTP/2, which needs none (RFC 8441 §5).
    proof: Option<String>,
    protocols: Vec<String>,
    extensions: String,
}

impl Offer {
    /// Reads an HTTP/1.1 request (RFC 6455 §4.2.1).
    ///
    /// # Errors
    ///
    /// What the request lacks, which is how to answer it.
    pub fn upgrade(
        method: &Method,
        version: Version,
        headers: &HeaderMap,
    ) -> Result<Self, Refusal> {
        if !upgrades(headers) {
            return Err(Refusal::upgrade("expected a WebSocket handshake"));
        }
        if method != Method::GET {
            return Err(Refusal::bad("expected the method GET"));
        }
        if version < Version::HTTP_11 {
            return Err(Refusal::bad("expected HTTP/1.1"));
        }
        let mut offer = Self::fields(headers)?;
        let key = once(headers, &SEC_WEBSOCKET_KEY).filter(|key| key::is_key(key));
        let key = key.ok_or(Refusal::bad("expected one `Sec-WebSocket-Key` of 16 bytes"))?;
        offer.proof = Some(key::accept(key));
        Ok(offer)
    }

    /// Reads an extended `CONNECT` request (RFC 8441 §5), whose `:protocol` is `protocol`.
    ///
    /// # Errors
    ///
    /// What the request lacks, which is how to answer it.
    pub fn connect(protocol: &str, headers: &HeaderMap) -> Result<Self, Refusal> {
        if !protocol.eq_ignore_ascii_case("websocket") {
            return Err(Refusal::not_implemented("expected the protocol websocket"));
        }
        Self::fields(headers)
    }

    /// Reads the fields that both ways have.
    fn fields(headers: &HeaderMap) -> Result<Self, Refusal> {
        if once(headers, &SEC_WEBSOCKET_VERSION) != Some(VERSION) {
            return Err(Refusal::version());
        }
        let mut protocols: Vec<String> = Vec::new();
        for line in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
            let line = line.to_str().unwrap_or("\"");
            for name in grammar::split(line, b',') {
                // RFC 6455 §4.1: tokens, each once.
                if !grammar::is_token(name) || protocols.iter().any(|known| known == name) {
                    return Err(Refusal::bad("expected different names of subprotocols"));
                }
                protocols.push(name.to_owned());
            }
        }
        let extensions = extension::joined(headers);
        let extensions = extensions.filter(|list| extension::read(list).is_some());
        Ok(Self {
            proof: None,
            protocols,
            extensions: extensions.ok_or(Refusal::bad("expected a list of extensions"))?,
        })
    }

    /// Returns the subprotocols that the client speaks, the one it likes best first.
    pub fn protocols(&self) -> impl Iterator<Item = &str> {
        self.protocols.iter().map(|name| &**name)
    }

    /// Returns the first subprotocol of the client that is among `known`, or `None`.
    #[must_use]
    pub fn choose(&self, known: &[impl AsRef<str>]) -> Option<&str> {
        self.protocols()
            .find(|name| known.iter().any(|known| known.as_ref() == *name))
    }

    /// Accepts the offer with one of its subprotocols, or none, and with compression where both ends like it.
    ///
    /// A `protocol` that the client did not offer is left out (RFC 6455 §4.2.2).
    #[must_use]
    pub fn accept(&self, config: &WebSocketConfig, protocol: Option<&str>) -> Acceptance {
        let mut headers = HeaderMap::new();
        if let Some(proof) = &self.proof {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            if let Ok(proof) = HeaderValue::from_str(proof) {
                headers.insert(SEC_WEBSOCKET_ACCEPT, proof);
            }
        }
        let protocol = protocol.filter(|wanted| self.protocols().any(|name| name == *wanted));
        if let Some(Ok(protocol)) = protocol.map(HeaderValue::from_str) {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        // RFC 7692 §5: the first offer that can be kept to.
        let offers = extension::read(&self.extensions).unwrap_or_default();
        let deflate = config.deflate.as_ref().and_then(|deflate| {
            let mut offers = offers.iter().filter(|offer| offer.name == DEFLATE);
            let (agreed, answer) = offers.find_map(|offer| deflate.accept(offer))?;
            headers.insert(
                SEC_WEBSOCKET_EXTENSIONS,
                HeaderValue::from_str(&answer).ok()?,
            );
            Some(agreed)
        });
        Acceptance {
            status: match self.proof {
                Some(_) => StatusCode::SWITCHING_PROTOCOLS,
                None => StatusCode::OK,
            },
            headers,
            negotiated: Negotiated {
                protocol: protocol.map(Into::into),
                deflate,
                tunnel: self.proof.is_none(),
            },
        }
    }
}

/// The answer that opens a WebSocket.
#[derive(Clone, Debug)]
pub struct Acceptance {
    status: StatusCode,
    headers: HeaderMap,
    negotiated: Negotiated,
}

impl Acceptance {
    /// Returns the status of the answer: 101, or 200 over HTTP/2.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the fields of the answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns what was agreed on, for [`WebSocket::server`](crate::ws::WebSocket::server).
    #[must_use]
    pub fn negotiated(&self) -> &Negotiated {
        &self.negotiated
    }

    /// Returns status, fields and what was agreed on.
    #[must_use]
    pub fn into_parts(self) -> (StatusCode, HeaderMap, Negotiated) {
        (self.status, self.headers, self.negotiated)
    }
}

/// Why a request opens no WebSocket, and how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    expected: &'static str,
}

impl Refusal {
    fn bad(expected: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            expected,
        }
    }

    fn upgrade(expected: &'static str) -> Self {
        Self {
            status: StatusCode::UPGRADE_REQUIRED,
            expected,
        }
    }

    fn version() -> Self {
        Self::upgrade("expected version 13 of the WebSocket protocol")
    }

    fn not_implemented(expected: &'static str) -> Self {
        Self {
            status: StatusCode::NOT_IMPLEMENTED,
            expected,
        }
    }

    /// Returns the status of the answer: 400; 426 for a request that asks for no WebSocket or for another version;
    /// 501 for an extended `CONNECT` to another protocol (RFC 9220 §3).
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the fields of the answer: with 426, what would be accepted (RFC 6455 §4.4, RFC 9110 §15.5.22).
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        }
        headers
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no WebSocket was opened: {}", self.expected)
    }
}

impl StdError for Refusal {}
