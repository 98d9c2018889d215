//! [`BasicAuth`] and [`BearerAuth`]: who is asking, by the field `Authorization`.
//!
//! ~~~text
//! Authorization ─▶ credentials ─▶ verifier ─▶ Principal<P> ─▶ handler
//!      └ none, malformed ─┴─ refused ┴─▶ 401, WWW-Authenticate
//! ~~~
//!
//! [`SignIn`] is what the two have in common; a [`Scheme`] is what they differ in.

mod basic;
mod bearer;
mod listed;
mod settings;
mod verify;

pub use basic::BasicAuth;
pub use bearer::BearerAuth;
pub(super) use bearer::insufficient_scope;
pub use listed::ListedUser;
pub use verify::{Verdict, Verify};

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use http::header::{self, HeaderMap};
use wharf_http::header::{BadHeader, Challenge, TypedHeader, add_vary};
use wharf_http::{Middleware, Request, Response};

use self::verify::{Failure, Verifier};
use super::{Layer, Next, Served};
use crate::error::HttpError;
use crate::extract::{Needs, Principal};
use crate::response::IntoResponse;
use crate::response::problem::SIGN_IN;

/// One scheme of authentication: its credentials, and how it says what is wrong with them.
trait Scheme: TypedHeader + Send + Sync + 'static {
    /// What is asked for where there are no credentials.
    fn challenge(realm: &str) -> Challenge;

    /// What is said of credentials that cannot be read.
    fn malformed(realm: &str, error: BadHeader) -> HttpError;

    /// What is said of credentials that the verifier does not know.
    fn refused(realm: &str) -> HttpError;

    /// What is said where the verifier itself makes an error; 401 and 403 are about the credentials.
    fn failed(realm: &str, error: HttpError) -> HttpError;

    /// Leaves a mark on a request with valid credentials, for those further in.
    fn mark(_request: &mut Request, _realm: &Arc<str>) {}
}

/// Signs in whoever brings credentials `C`, as a `P`.
struct SignIn<C, P> {
    verifier: Arc<dyn Verifier<C, P>>,
    realm: Arc<str>,
    optional: bool,
}

impl<C: Scheme, P: Clone + Send + Sync + 'static> SignIn<C, P> {
    fn new(verifier: impl Verifier<C, P>) -> Self {
        Self {
            verifier: Arc::new(verifier),
            realm: Arc::from("restricted"),
            optional: false,
        }
    }

    /// Makes a layer under the name of the middleware `T`.
    fn into_layer<T>(self) -> Layer {
        let verifier = Arc::clone(&self.verifier);
        Layer::named(type_name::<T>(), self)
            .provides::<Principal<P>>()
            .needs(|needs: &mut Needs| verifier.needs(needs))
    }

    /// Lets a request go on without a principal; a refusal further in says how to sign in.
    async fn go_on(&self, request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        let status = response.status();
        let headers = response.headers_mut();
        // Else a cache could give the answer for strangers to somebody who signs in.
        add_vary(headers, &header::AUTHORIZATION);
        let challenge = C::challenge(&self.realm);
        if status == StatusCode::UNAUTHORIZED
            && !asks_for(headers, challenge.scheme())
            && let Some(challenge) = challenge.encode()
        {
            // What is said where there is no scheme at all gives way to one.
            if headers.get(header::WWW_AUTHENTICATE) == Some(&SIGN_IN) {
                headers.remove(header::WWW_AUTHENTICATE);
            }
            headers.append(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl<C: Scheme, P: Clone + Send + Sync + 'static> Middleware<Served> for SignIn<C, P> {
    async fn handle(&self, mut request: Request, next: Next) -> Response {
        conceal(request.headers_mut());
        let realm = &self.realm;
        let credentials = match C::decode(request.headers()) {
            Ok(Some(credentials)) => credentials,
            Ok(None) if self.optional => return self.go_on(request, next).await,
            Ok(None) => {
                let missing = HttpError::unauthorized("credentials are missing");
                return asking(missing, &C::challenge(realm)).into_response();
            }
            Err(error) => return C::malformed(realm, error).into_response(),
        };
        let scope = Arc::clone(next.scope());
        let mut response = match self
            .verifier
            .verify(credentials, &mut request, &scope)
            .await
        {
            Ok(Some(principal)) => {
                request.extensions_mut().insert(Principal(principal));
                C::mark(&mut request, realm);
                next.run(request).await
            }
            Ok(None) => C::refused(realm).into_response(),
            Err(Failure::Extraction(rejection)) => *rejection,
            Err(Failure::Verifier(error)) => C::failed(realm, error).into_response(),
        };
        if self.optional {
            add_vary(response.headers_mut(), &header::AUTHORIZATION);
        }
        response
    }

    fn problem(&self) -> Option<String> {
        if C::challenge(&self.realm).encode().is_none() {
            return Some(format!(
                "the realm {:?} is not made of visible ASCII characters and spaces",
                self.realm
            ));
        }
        self.verifier.problem()
    }
}

/// Adds a challenge to an error, unless it has one.
fn asking(error: HttpError, challenge: &Challenge) -> HttpError {
    match challenge.encode() {
        Some(value) if !error.headers().contains_key(header::WWW_AUTHENTICATE) => {
            error.header(header::WWW_AUTHENTICATE, value)
        }
        _ => error,
    }
}

fn asks_for(headers: &HeaderMap, scheme: &str) -> bool {
    let challenges = Challenge::all(headers, &header::WWW_AUTHENTICATE);
    challenges.iter().any(|challenge| challenge.is(scheme))
}

/// Keeps credentials out of whatever prints the header fields from here on.
fn conceal(headers: &mut HeaderMap) {
    if let header::Entry::Occupied(mut entry) = headers.entry(header::AUTHORIZATION) {
        entry.iter_mut().for_each(|value| value.set_sensitive(true));
    }
}

impl<C, P> Clone for SignIn<C, P> {
    fn clone(&self) -> Self {
        Self {
            verifier: Arc::clone(&self.verifier),
            realm: Arc::clone(&self.realm),
            optional: self.optional,
        }
    }
}

impl<C, P> fmt::Debug for SignIn<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("realm", &self.realm)
            .field("optional", &self.optional)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
