//! [`through`]: a stream through a proxy.

use super::{Route, Stream};
use crate::proxy::{Protocol, Proxy, tunnel};
use crate::send::Scope;
use crate::{Error, ErrorKind};

/// Opens a stream through a proxy: to the target where it makes a tunnel, to the proxy itself where it forwards.
pub(super) async fn through(proxy: &Proxy, route: &Route, scope: &Scope) -> Result<Stream, Error> {
    let stream = reach(proxy, scope).await?;
    if route.forwarder().is_some() {
        return Ok(stream);
    }
    #[cfg(feature = "digest")]
    if let Some(digest) = &scope.settings.proxy_digest
        && !proxy.protocol().is_socks()
    {
        return answered(stream, proxy, digest, route, scope).await;
    }
    let target = route.key().target();
    let addresses = match proxy.protocol().wants_address() {
        true => scope.client.connector.resolve(target, &scope.call).await?,
        false => Vec::new(),
    };
    tunnel::tunnel(stream, target, &addresses, proxy).await
}

/// Opens a stream to the proxy, over TLS where its URL says so.
async fn reach(proxy: &Proxy, scope: &Scope) -> Result<Stream, Error> {
    // What went wrong on the way to the proxy says so: the host itself was not even asked.
    let failed = |error: Error| {
        let failed = Error::new(ErrorKind::Proxy).at(proxy.target());
        failed.because(error)
    };
    let connector = &scope.client.connector;
    let stream = connector.open_proxy(proxy.target(), &scope.call).await;
    let stream = stream.map_err(failed)?;
    if proxy.protocol() != Protocol::Https {
        return Ok(stream);
    }
    #[cfg(feature = "tls-core")]
    {
        let tls = &scope.settings.proxy_tls;
        let secured = tls.connect(stream, proxy.target(), &[b"http/1.1"]).await;
        Ok(secured.map_err(failed)?.stream)
    }
    #[cfg(not(feature = "tls-core"))]
    {
        let why = "a proxy behind TLS needs the feature `tls`";
        Err(failed(Error::new(ErrorKind::Tls).because(why)))
    }
}

/// Asks an HTTP proxy for a tunnel, with the proof of the password that it asks for.
#[cfg(feature = "digest")]
async fn answered(
    mut stream: Stream,
    proxy: &Proxy,
    digest: &crate::digest::Digest,
    route: &Route,
    scope: &Scope,
) -> Result<Stream, Error> {
    use http::header::{HeaderMap, PROXY_AUTHENTICATE};
    use http::{Method, Uri};

    use crate::digest::{Asked, Asker, Decision, Exchange};

    let target = route.key().target();
    let authority = target.to_string();
    let uri: Uri = format!("http://{}/", proxy.target())
        .parse()
        .map_err(|error: http::uri::InvalidUri| Error::new(ErrorKind::Proxy).because(error))?;
    let asked = Asked::by_proxy(&uri, &Method::CONNECT, &authority, None);
    let mut exchange = Exchange::default();
    loop {
        let mut known = proxy.clone();
        if let Some(value) = digest.authorize(&asked, &mut exchange) {
            known = known.header(Asker::Proxy.credentials(), value)?;
        }
        let error = match tunnel::tunnel(stream, target, &[], &known).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let mut headers = HeaderMap::new();
        if let Some(challenges) = error.find_cause::<tunnel::Challenges>() {
            for value in challenges.values() {
                headers.append(PROXY_AUTHENTICATE, value.clone());
            }
        }
        if error.status() != Some(Asker::Proxy.status())
            || digest.challenge(&asked, &headers, &mut exchange) == Decision::GiveUp
        {
            return Err(error);
        }
        stream = reach(proxy, scope).await?;
    }
}
