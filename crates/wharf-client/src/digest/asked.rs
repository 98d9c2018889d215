use http::header::{self, HeaderName};
use http::{Method, StatusCode, Uri};

/// Who asks for credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    Server,
    Proxy,
}

impl Asker {
    /// Returns the status of a response that asks.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Server => StatusCode::UNAUTHORIZED,
            Self::Proxy => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        }
    }

    /// Returns the field that the credentials belong in.
    pub(crate) fn credentials(self) -> HeaderName {
        match self {
            Self::Server => header::AUTHORIZATION,
            Self::Proxy => header::PROXY_AUTHORIZATION,
        }
    }

    pub(super) fn challenge(self) -> HeaderName {
        match self {
            Self::Server => header::WWW_AUTHENTICATE,
            Self::Proxy => header::PROXY_AUTHENTICATE,
        }
    }

    pub(super) fn info(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::Server => "authentication-info",
            Self::Proxy => "proxy-authentication-info",
        })
    }
}

/// A request as far as a digest covers it.
#[derive(Debug)]
pub(crate) struct Asked<'r> {
    pub(super) asker: Asker,
    /// Leads to who asks.
    pub(super) uri: &'r Uri,
    pub(super) method: &'r Method,
    pub(super) target: &'r str,
    pub(super) body: Option<&'r [u8]>,
}

impl<'r> Asked<'r> {
    /// A request to a server, with its absolute URI. `body` is `None` for one that is not in memory.
    pub(crate) fn by_server(method: &'r Method, uri: &'r Uri, body: Option<&'r [u8]>) -> Self {
        Self {
            asker: Asker::Server,
            uri,
            method,
            target: uri.path_and_query().map_or("/", |target| target.as_str()),
            body,
        }
    }

    /// A request through the proxy at `uri`; `target` is what stands in its first line, such as `quay.test:443`.
    pub(crate) fn by_proxy(
        uri: &'r Uri,
        method: &'r Method,
        target: &'r str,
        body: Option<&'r [u8]>,
    ) -> Self {
        Self {
            asker: Asker::Proxy,
            uri,
            method,
            target,
            body,
        }
    }
}
