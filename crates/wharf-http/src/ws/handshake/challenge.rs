//! The client's side: what it asks for, and whether the answer is one.

use std::error::Error as StdError;
use std::{fmt, io};

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::super::config::WebSocketConfig;
use super::super::deflate::{Agreed, DeflateConfig};
use super::super::extension;
use super::{DEFLATE, Negotiated, VERSION, key, once, upgrades};
use crate::header::grammar;

/// What a client asks for, and the yardstick for the answer.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// `None` over HTTP/2, which needs none (RFC 8441 §5).
    key: Option<String>,
    protocols: Vec<String>,
    deflate: Option<DeflateConfig>,
}

impl Challenge {
    /// Asks for a WebSocket over HTTP/1.1, by a `GET` request (RFC 6455 §4.1).
    ///
    /// `protocols` are the subprotocols that the client speaks, the one it likes best first.
    ///
    /// # Errors
    ///
    /// A subprotocol is no token or comes twice, or the system has no random numbers.
    pub fn upgrade(
        config: &WebSocketConfig,
        protocols: &[impl AsRef<str>],
    ) -> Result<Self, HandshakeError> {
        let mut challenge = Self::connect(config, protocols)?;
        challenge.key = Some(key::new().map_err(HandshakeError::random)?);
        Ok(challenge)
    }

    /// Asks for a WebSocket over HTTP/2, by an extended `CONNECT` request with the `:protocol` `websocket`
    /// (RFC 8441 §5).
    ///
    /// # Errors
    ///
    /// A subprotocol is no token or comes twice.
    pub fn connect(
        config: &WebSocketConfig,
        protocols: &[impl AsRef<str>],
    ) -> Result<Self, HandshakeError> {
        let mut names: Vec<String> = Vec::with_capacity(protocols.len());
        for name in protocols {
            let name = name.as_ref();
            if !grammar::is_token(name) || names.iter().any(|known| known == name) {
                return Err(HandshakeError::new(
                    HandshakeErrorKind::BadProtocol,
                    "expected different names of subprotocols to ask for",
                ));
            }
            names.push(name.to_owned());
        }
        Ok(Self {
            key: None,
            protocols: names,
            deflate: config.deflate.clone(),
        })
    }

    /// Returns the fields of the request.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(Ok(key)) = self.key.as_deref().map(HeaderValue::from_str) {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_KEY, key);
        }
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        if !self.protocols.is_empty()
            && let Ok(protocols) = HeaderValue::from_str(&self.protocols.join(", "))
        {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocols);
        }
        if let Some(deflate) = &self.deflate
            && let Ok(offer) = HeaderValue::from_str(&deflate.offer())
        {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, offer);
        }
        headers
    }

    /// Checks the answer, and returns what was agreed on for
    /// [`WebSocket::client`](crate::ws::WebSocket::client).
    ///
    /// # Errors
    ///
    /// The answer opens no WebSocket, or one that was not asked for (RFC 6455 §4.1).
    pub fn check(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Negotiated, HandshakeError> {
        match &self.key {
            None if status.is_success() => {}
            Some(_) if status == StatusCode::SWITCHING_PROTOCOLS => {}
            _ => {
                return Err(HandshakeError::new(
                    HandshakeErrorKind::Status,
                    "the server did not accept",
                ));
            }
        }
        if let Some(key) = &self.key {
            if !upgrades(headers) {
                return Err(HandshakeError::new(
                    HandshakeErrorKind::Upgrade,
                    "the server changed to another protocol",
                ));
            }
            if once(headers, &SEC_WEBSOCKET_ACCEPT) != Some(&*key::accept(key)) {
                return Err(HandshakeError::new(
                    HandshakeErrorKind::Accept,
                    "`Sec-WebSocket-Accept` does not fit the key",
                ));
            }
        }
        Ok(Negotiated {
            protocol: self.check_protocol(headers)?.map(Into::into),
            deflate: self.check_extensions(headers)?,
            tunnel: self.key.is_none(),
        })
    }

    fn check_protocol<'h>(
        &self,
        headers: &'h HeaderMap,
    ) -> Result<Option<&'h str>, HandshakeError> {
        if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
            return Ok(None);
        }
        let chosen = once(headers, &SEC_WEBSOCKET_PROTOCOL);
        let chosen = chosen.filter(|name| self.protocols.iter().any(|known| known == name));
        match chosen {
            Some(name) => Ok(Some(name)),
            None => Err(HandshakeError::new(
                HandshakeErrorKind::Protocol,
                "the server chose a subprotocol that was not offered",
            )),
        }
    }

    fn check_extensions(&self, headers: &HeaderMap) -> Result<Option<Agreed>, HandshakeError> {
        let wrong = HandshakeError::new(
            HandshakeErrorKind::Extension,
            "the server chose an extension that was not offered",
        );
        let Some(list) = extension::joined(headers) else {
            return Err(wrong);
        };
        match (extension::read(&list).as_deref(), &self.deflate) {
            (Some([]), _) => Ok(None),
            (Some([answer]), Some(deflate)) if answer.name == DEFLATE => {
                deflate.check(answer).map(Some).ok_or(wrong)
            }
            _ => Err(wrong),
        }
    }
}

/// Why a client got no WebSocket.
#[derive(Debug)]
pub struct HandshakeError {
    kind: HandshakeErrorKind,
    what: &'static str,
    source: Option<io::Error>,
}

/// What is wrong with a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeErrorKind {
    /// A subprotocol to ask for is no token or comes twice.
    BadProtocol,
    /// The system has no random numbers.
    Random,
    /// The status says that the server did not accept.
    Status,
    /// The server changed to another protocol, or to none.
    Upgrade,
    /// The server does not show that it has read the key.
    Accept,
    /// The server chose a subprotocol that was not offered.
    Protocol,
    /// The server chose an extension that was not offered, or with parameters that are not allowed.
    Extension,
}

impl HandshakeError {
    fn new(kind: HandshakeErrorKind, what: &'static str) -> Self {
        Self {
            kind,
            what,
            source: None,
        }
    }

    fn random(source: io::Error) -> Self {
        Self {
            kind: HandshakeErrorKind::Random,
            what: "the system has no random numbers",
            source: Some(source),
        }
    }

    /// Returns what is wrong.
    #[must_use]
    pub fn kind(&self) -> HandshakeErrorKind {
        self.kind
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no WebSocket was opened: {}", self.what)?;
        match &self.source {
            Some(source) if f.alternate() => write!(f, ": {source}"),
            _ => Ok(()),
        }
    }
}

impl StdError for HandshakeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
