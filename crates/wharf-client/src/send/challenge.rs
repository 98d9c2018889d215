//! [`Prover`]: proves a password to a server or a proxy that asks for a digest of it.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Uri};
use wharf_http::{Request, Response};

use super::Scope;
use crate::Error;
#[cfg(feature = "proxy")]
use crate::connect::Route;
use crate::digest::{Asked, Asker, Decision, Digest, Exchange};

/// Proves a password to whoever asks for it, for one request.
pub(super) struct Prover {
    digest: Digest,
    exchange: Exchange,
    method: Method,
    uri: Uri,
    body: Option<Bytes>,
    /// The URI of the proxy, if it is one that asks, and what stands in the first line of the request to it.
    proxy: Option<(Uri, String)>,
}

/// Returns who may have to prove something for a request.
pub(super) fn provers(scope: &Scope, request: &Request) -> Result<Vec<Prover>, Error> {
    let mut provers = Vec::new();
    let prover = |digest: &Digest, proxy| Prover {
        digest: digest.clone(),
        exchange: Exchange::default(),
        method: request.method().clone(),
        uri: request.uri().clone(),
        body: request.body().as_bytes().cloned(),
        proxy,
    };
    if let Some(digest) = &scope.settings.digest
        && !request.headers().contains_key(AUTHORIZATION)
    {
        provers.push(prover(digest, None));
    }
    #[cfg(feature = "proxy")]
    if let Some(digest) = &scope.settings.proxy_digest {
        // Where no proxy reads the request, it is the server that would get the proof, and could ask for it.
        let route = Route::of(request, scope)?;
        if let Some(proxy) = route.forwarder()
            && let Ok(uri) = format!("http://{}/", proxy.target()).parse()
        {
            let target = request.uri().to_string();
            provers.push(prover(digest, Some((uri, target))));
        }
    }
    Ok(provers)
}

impl Prover {
    /// Adds the proof, if it is known what is to be proved.
    pub(super) fn prove(&mut self, request: &mut Request) {
        let name = asker(self.proxy.as_ref()).credentials();
        let (asked, exchange, digest) = self.parts();
        if let Some(value) = digest.authorize(&asked, exchange) {
            request.headers_mut().insert(name, value);
        }
    }

    /// Tells whether a response asks for a proof that can be given.
    pub(super) fn is_asked(&mut self, response: &Response) -> Result<bool, Error> {
        let status = asker(self.proxy.as_ref()).status();
        let (asked, exchange, digest) = self.parts();
        if response.status() == status {
            let decision = digest.challenge(&asked, response.headers(), exchange);
            return Ok(decision == Decision::Retry);
        }
        digest.confirm(&asked, response.headers(), exchange)?;
        Ok(false)
    }

    fn parts(&mut self) -> (Asked<'_>, &mut Exchange, &Digest) {
        let body = self.body.as_deref();
        let asked = match &self.proxy {
            None => Asked::by_server(&self.method, &self.uri, body),
            Some((proxy, target)) => Asked::by_proxy(proxy, &self.method, target, body),
        };
        (asked, &mut self.exchange, &self.digest)
    }
}

fn asker(proxy: Option<&(Uri, String)>) -> Asker {
    match proxy {
        None => Asker::Server,
        Some(_) => Asker::Proxy,
    }
}
