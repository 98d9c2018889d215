use std::sync::Arc;

use wharf_http::Request;
use wharf_http::header::{BadHeader, Bearer, Challenge};

use super::listed::Listed;
use super::settings::settings;
use super::verify::Function;
use super::{ListedUser, Scheme, SignIn, Verdict, Verify, asking};
use crate::error::{ErrorKind, HttpError};
use crate::middleware::HeadArgs;

/// Asks for a token (RFC 6750), and lets only those on whom a verifier knows.
///
/// Wrapped around an app, a mounted app or a route. Handlers take who signed in as [`Principal<P>`](crate::extract::Principal), and
/// [`Require`](crate::middleware::Require) says who may do what. Tokens are read from the field `Authorization` alone: in a form or in
/// a URL they end up in logs (RFC 6750 §5.3). It is marked as sensitive from here on, so that nothing prints it.
///
/// | the request has | it is answered | `error` in `WWW-Authenticate` (RFC 6750 §3.1) |
/// |---|---|---|
/// | no token | 401 | |
/// | what cannot be a token, or the field twice | 400 | `invalid_request` |
/// | a token that the verifier gives `None` for, or an error of 401 | 401 | `invalid_token` |
/// | a token that the verifier gives an error of 403 for, or that lacks what a [`Require`](crate::middleware::Require) inside wants | 403 | `insufficient_scope` |
///
/// The detail of an error that the verifier gives is sent, in `error_description` as well.
///
/// # Examples
///
/// ```
/// use wharf_core::http::header::Bearer;
/// use wharf_core::middleware::BearerAuth;
/// use wharf_core::{App, HttpError, get};
///
/// #[derive(Clone)]
/// struct Robot;
///
/// async fn verify(given: Bearer) -> Result<Option<Robot>, HttpError> {
///     match given.token().rsplit_once('.') {
///         Some((_, "signature")) => Ok(Some(Robot)),
///         Some((_, "expired")) => Err(HttpError::unauthorized("the token has expired")),
///         _ => Ok(None),
///     }
/// }
///
/// let app = App::new().wrap(BearerAuth::new(verify)).routes([get("/", async || "inside")]);
/// # let request = http::Request::get("/").header("authorization", "Bearer robot.expired");
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let answer = app.start().await.unwrap().handle(request.body(Default::default()).unwrap()).await;
/// assert_eq!(answer.status(), 401);
/// assert_eq!(
///     answer.headers()["www-authenticate"],
///     "Bearer realm=\"restricted\", error=\"invalid_token\", error_description=\"the token has expired\"",
/// );
/// # });
/// ```
pub struct BearerAuth<P> {
    sign_in: SignIn<Bearer, P>,
}

impl<P: Clone + Send + Sync + 'static> BearerAuth<P> {
    /// Creates the middleware with an `async fn` that says whom a token belongs to.
    ///
    /// Extractors of the head may come before the token; what they need is checked before the start. Look tokens up by a hash of
    /// theirs: a comparison that ends at the first difference tells them letter by letter.
    #[must_use]
    pub fn new<A, F>(verifier: F) -> Self
    where
        F: Verify<Bearer, A, Output: Verdict<Principal = P>, Future: Send>,
        A: HeadArgs,
    {
        Self {
            sign_in: SignIn::new(Function::<F, A>::new(verifier)),
        }
    }
}

settings!(BearerAuth);

impl BearerAuth<ListedUser> {
    /// Creates the middleware with a fixed list of names and tokens, for a door of few keys.
    ///
    /// All of the list is compared in the same time, wherever a difference is. An empty list or token, a name twice, and more
    /// than 512 bytes are problems that [`App::check`](crate::App::check) lists.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::App;
    /// use wharf_core::middleware::BearerAuth;
    ///
    /// # let (old, new) = ("mF_9.B5f-4.1JqM", "czZCaGRSa3F0MzpnWDFmQmF0M2JW");
    /// let app = App::new().wrap(BearerAuth::tokens([("deploy", old), ("deploy-2027", new)]));
    /// assert!(app.check().is_ok());
    /// ```
    #[must_use]
    pub fn tokens<N, S>(tokens: impl IntoIterator<Item = (N, S)>) -> Self
    where
        N: Into<Arc<str>>,
        S: AsRef<str>,
    {
        let mut list = Listed::default();
        for (name, token) in tokens {
            list.add(name.into(), token.as_ref());
        }
        Self {
            sign_in: SignIn::new(list),
        }
    }
}

/// The realm of a token that was found valid, on the request.
#[derive(Clone)]
struct Realm(Arc<str>);

/// Returns what tells the owner of a valid token that it does not suffice; `None` where no token was brought.
pub(in crate::middleware) fn insufficient_scope(
    request: &Request,
    permission: Option<&str>,
) -> Option<Challenge> {
    let Realm(realm) = request.extensions().get()?;
    let challenge = because(realm, "insufficient_scope");
    // RFC 6750 §3: the characters of a scope.
    let scope = |text: &&str| {
        text.bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
    };
    Some(match permission.filter(scope) {
        Some(permission) => challenge.with("scope", permission),
        None => challenge,
    })
}

fn because(realm: &str, error: &str) -> Challenge {
    Bearer::challenge(realm).with("error", error)
}

impl Scheme for Bearer {
    fn challenge(realm: &str) -> Challenge {
        Challenge::new("Bearer").with("realm", realm)
    }

    fn malformed(realm: &str, error: BadHeader) -> HttpError {
        let refused = HttpError::bad_request(error.to_string()).kind(ErrorKind::Extraction);
        asking(refused, &because(realm, "invalid_request"))
    }

    fn refused(realm: &str) -> HttpError {
        let refused = HttpError::unauthorized("the token is not valid");
        asking(refused, &because(realm, "invalid_token"))
    }

    fn failed(realm: &str, error: HttpError) -> HttpError {
        let challenge = match error.status().as_u16() {
            401 => because(realm, "invalid_token"),
            403 => because(realm, "insufficient_scope"),
            _ => return error,
        };
        // RFC 6750 §3: the characters of a description.
        let description = |text: &&str| {
            text.bytes()
                .all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte))
        };
        let challenge = match error.detail_text().filter(description) {
            Some(detail) => challenge.with("error_description", detail),
            None => challenge,
        };
        asking(error, &challenge)
    }

    fn mark(request: &mut Request, realm: &Arc<str>) {
        request.extensions_mut().insert(Realm(Arc::clone(realm)));
    }
}
