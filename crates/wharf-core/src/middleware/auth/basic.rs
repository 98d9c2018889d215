use std::sync::Arc;

use wharf_http::header::{BadHeader, Basic, Challenge};

use super::listed::Listed;
use super::settings::settings;
use super::verify::Function;
use super::{ListedUser, Scheme, SignIn, Verdict, Verify, asking};
use crate::error::{ErrorKind, HttpError};
use crate::middleware::HeadArgs;

/// Asks for a user name and a password (RFC 7617), and lets only those on whom a verifier knows.
///
/// Wrapped around an app, a mounted app or a route. Handlers take who signed in as [`Principal<P>`](crate::extract::Principal), and
/// [`Require`](crate::middleware::Require) says who may do what. A request without credentials, or with those of another scheme, with
/// some that cannot be read, or that are not valid, is answered 401 with the field `WWW-Authenticate`, which has browsers ask.
///
/// Passwords are sent in the clear: over TLS only. From here on the field `Authorization` of the request is marked as sensitive, so
/// that nothing prints it. A browser that has signed in sends the password with requests of other sites' pages, too: what changes
/// something belongs behind [`Csrf`](crate::middleware::Csrf).
///
/// # Examples
///
/// ```
/// use wharf_core::extract::Principal;
/// use wharf_core::http::header::Basic;
/// use wharf_core::middleware::BasicAuth;
/// use wharf_core::{App, BoxError, State, get};
///
/// struct Database;
///
/// #[derive(Clone)]
/// struct User {
///     name: String,
/// }
///
/// impl Database {
///     async fn sign_in(&self, name: &str, password: &str) -> Result<Option<User>, std::io::Error> {
/// #       let _ = password;
///         // .. looks the user up, and compares the password with a slow hash of it, such as one by Argon2
///         Ok(Some(User { name: name.to_owned() }))
///     }
/// }
///
/// async fn verify(database: State<Database>, given: Basic) -> Result<Option<User>, std::io::Error> {
///     database.sign_in(given.user(), given.password()).await
/// }
///
/// let app = App::new()
///     .provide(Database)
///     .wrap(BasicAuth::new(verify).realm("harbour"))
///     .routes([get("/", async |user: Principal<User>| user.name.clone())]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let answer = app.start().await.unwrap().handle(Default::default()).await;
/// assert_eq!(answer.status(), 401);
/// assert_eq!(answer.headers()["www-authenticate"], "Basic realm=\"harbour\", charset=\"UTF-8\"");
/// # });
/// ```
pub struct BasicAuth<P> {
    sign_in: SignIn<Basic, P>,
}

impl<P: Clone + Send + Sync + 'static> BasicAuth<P> {
    /// Creates the middleware with an `async fn` that says whom credentials belong to.
    ///
    /// Extractors of the head may come before the credentials; what they need is checked before the start. It decides by itself
    /// how long it takes to refuse: compare secrets by slow hashes, for unknown names as well.
    #[must_use]
    pub fn new<A, F>(verifier: F) -> Self
    where
        F: Verify<Basic, A, Output: Verdict<Principal = P>, Future: Send>,
        A: HeadArgs,
    {
        Self {
            sign_in: SignIn::new(Function::<F, A>::new(verifier)),
        }
    }
}

settings!(BasicAuth);

impl BasicAuth<ListedUser> {
    /// Creates the middleware with a fixed list of names and passwords, for a door of few keys.
    ///
    /// All of the list is compared in the same time, wherever a difference is and whether the name is known. An empty list or
    /// password, a name twice, one with a colon, and more than 512 bytes are problems that [`App::check`](crate::App::check) lists.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::extract::Principal;
    /// use wharf_core::middleware::{BasicAuth, ListedUser};
    /// use wharf_core::{App, get};
    ///
    /// # let password = String::from("open sesame");
    /// let app = App::new().routes([
    ///     get("/", async || "everybody"),
    ///     get("/metrics", async |user: Principal<ListedUser>| format!("for {}", user.name()))
    ///         .wrap(BasicAuth::users([("prometheus", password)])),
    /// ]);
    /// assert!(app.check().is_ok());
    /// ```
    #[must_use]
    pub fn users<N, S>(users: impl IntoIterator<Item = (N, S)>) -> Self
    where
        N: Into<Arc<str>>,
        S: AsRef<str>,
    {
        let mut list = Listed::default();
        for (name, password) in users {
            list.add(name.into(), password.as_ref());
        }
        Self {
            sign_in: SignIn::new(list),
        }
    }
}

impl Scheme for Basic {
    fn challenge(realm: &str) -> Challenge {
        Challenge::new("Basic")
            .with("realm", realm)
            .with("charset", "UTF-8")
    }

    fn malformed(realm: &str, error: BadHeader) -> HttpError {
        // Credentials that are invalid in any way are asked for again (RFC 9110 §11.4).
        let refused = HttpError::unauthorized(error.to_string()).kind(ErrorKind::Extraction);
        asking(refused, &Self::challenge(realm))
    }

    fn refused(realm: &str) -> HttpError {
        let refused = HttpError::unauthorized("the credentials are not valid");
        asking(refused, &Self::challenge(realm))
    }

    fn failed(realm: &str, error: HttpError) -> HttpError {
        match error.status().as_u16() {
            401 => asking(error, &Self::challenge(realm)),
            _ => error,
        }
    }
}
