//! [`Require`]: who may do what.

use std::any::type_name;
use std::fmt;
use std::future::Ready;
use std::sync::Arc;

use http::header;
use wharf_http::{Middleware, Request, Response};

use super::auth::insufficient_scope;
use super::into::ViaSettings;
use super::{IntoMiddleware, Layer, Next, Served};
use crate::error::HttpError;
use crate::extract::principal::nobody;
use crate::extract::{Principal, Scope};
use crate::response::IntoResponse;

/// A principal that has permissions, or has them not.
pub trait Permissions {
    /// Tells whether the principal has a permission, by the name that the app gives it.
    fn has_permission(&self, permission: &str) -> bool;
}

/// Tells whether a principal may make a request.
type Allows<P> = dyn Fn(&P, &Scope) -> bool + Send + Sync;

/// Lets only those on who may do what they ask for.
///
/// Wrapped around an app, a mounted app or a route, inside the middleware that finds out who is asking: an app where there is none
/// does not start. Where nobody has signed in the answer is 401, where the [`Principal`] may not, it is 403; neither says
/// why. With a token, the 403 has the error `insufficient_scope` in `WWW-Authenticate`, and the name of the permission as the
/// scope (RFC 6750 §3).
///
/// The 401 asks for credentials as the middleware around it does. Where there is none that has a scheme, as with sessions, it says
/// `WWW-Authenticate: Session`, since it has to say something (RFC 9110 §11.6.1): no browser shows a dialog for that. To lead people to
/// a page instead, wrap a middleware around this one that answers a 401 with a [`Redirect`](crate::Redirect).
///
/// # Examples
///
/// ```
/// use wharf_core::http::header::Bearer;
/// use wharf_core::middleware::{BearerAuth, Permissions, Require};
/// use wharf_core::{App, get, post};
///
/// #[derive(Clone)]
/// struct User {
///     name: &'static str,
///     permissions: Vec<&'static str>,
/// }
///
/// impl Permissions for User {
///     fn has_permission(&self, permission: &str) -> bool {
///         self.permissions.contains(&permission)
///     }
/// }
///
/// async fn verify(given: Bearer) -> Option<User> {
///     (given.token() == "ada").then(|| User { name: "ada", permissions: vec!["berths.read"] })
/// }
///
/// let own = Require::that(|user: &User, scope| scope.param("name").as_deref() == Some(user.name));
/// let app = App::new().wrap(BearerAuth::new(verify)).routes([
///     get("/berths", async || "[]").wrap(Require::<User>::permission("berths.read")),
///     post("/berths", async || "moored").wrap(Require::<User>::permission("berths.write")),
///     get("/users/{name}", async || "{}").wrap(own),
/// ]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let app = app.start().await.unwrap();
/// # let ask = |method: &str, path: &str| http::Request::builder()
/// #     .method(method).uri(path).header("authorization", "Bearer ada").body(Default::default()).unwrap();
/// assert_eq!(app.handle(ask("GET", "/berths")).await.status(), 200);
/// assert_eq!(app.handle(ask("POST", "/berths")).await.status(), 403);
/// assert_eq!(app.handle(ask("GET", "/users/grace")).await.status(), 403);
/// # });
/// ```
pub struct Require<P> {
    allows: Arc<Allows<P>>,
    permission: Option<Arc<str>>,
}

impl<P: Clone + Send + Sync + 'static> Require<P> {
    /// Lets everybody on who has signed in.
    #[must_use]
    pub fn signed_in() -> Self {
        Self::that(|_, _| true)
    }

    /// Lets those on who have a permission. Two permissions are two of these, one inside the other.
    ///
    /// An empty name is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn permission(permission: impl Into<Arc<str>>) -> Self
    where
        P: Permissions,
    {
        let permission = permission.into();
        let wanted = Arc::clone(&permission);
        let mut require = Self::that(move |principal: &P, _| principal.has_permission(&wanted));
        require.permission = Some(permission);
        require
    }

    /// Lets those on whom `allows` says yes to. The scope knows the route and its parameters, the state, and the method.
    #[must_use]
    pub fn that(allows: impl Fn(&P, &Scope) -> bool + Send + Sync + 'static) -> Self {
        Self {
            allows: Arc::new(allows),
            permission: None,
        }
    }
}

/// What stands in the chain.
struct Requiring<P>(Require<P>);

impl<P: Clone + Send + Sync + 'static> Middleware<Served> for Requiring<P> {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let Self(require) = self;
        let Some(Principal(principal)) = request.extensions().get::<Principal<P>>() else {
            return nobody().into_response();
        };
        if (require.allows)(principal, next.scope()) {
            return next.run(request).await;
        }
        let mut error = HttpError::forbidden("you may not do this");
        let challenge = insufficient_scope(&request, require.permission.as_deref());
        if let Some(challenge) = challenge.and_then(|challenge| challenge.encode()) {
            error = error.header(header::WWW_AUTHENTICATE, challenge);
        }
        error.into_response()
    }

    fn problem(&self) -> Option<String> {
        let empty = self
            .0
            .permission
            .as_ref()
            .is_some_and(|name| name.is_empty());
        empty.then(|| "the permission has no name".to_owned())
    }
}

impl<P: Clone + Send + Sync + 'static> IntoMiddleware<ViaSettings> for Require<P> {
    type Output = Response;
    type Future = Ready<Response>;
    type Arguments = ();

    fn into_layer(self) -> Layer {
        Layer::named(type_name::<Self>(), Requiring(self))
            .needs(|needs| needs.extension::<Principal<P>>())
    }
}

impl<P> Clone for Require<P> {
    fn clone(&self) -> Self {
        Self {
            allows: Arc::clone(&self.allows),
            permission: self.permission.clone(),
        }
    }
}

impl<P> fmt::Debug for Require<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Require")
            .field("permission", &self.permission)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use wharf_http::Body;
    use wharf_http::header::Bearer;

    use super::*;
    use crate::middleware::{BearerAuth, from_fn};
    use crate::{App, get};

    #[derive(Clone)]
    struct User {
        name: &'static str,
        permissions: &'static [&'static str],
    }

    impl Permissions for User {
        fn has_permission(&self, permission: &str) -> bool {
            self.permissions.contains(&permission)
        }
    }

    fn user(name: &str) -> Option<User> {
        let (name, permissions): (_, &[&str]) = match name {
            "ada" => ("ada", &["read", "write", "odd \"name\""]),
            "grace" => ("grace", &["read"]),
            _ => return None,
        };
        Some(User { name, permissions })
    }

    async fn by_token(given: Bearer) -> Option<User> {
        user(given.token())
    }

    async fn by_session(mut request: Request, next: Next) -> Response {
        let name = request.headers().get("x-session");
        if let Some(user) = name.and_then(|name| user(name.to_str().ok()?)) {
            request.extensions_mut().insert(Principal(user));
        }
        next.run(request).await
    }

    fn routes() -> App {
        let required = |permission: &str| Require::<User>::permission(permission);
        let own = |user: &User, scope: &Scope| scope.param("name").as_deref() == Some(user.name);
        App::new().routes([
            get("/in", async || "in").wrap(Require::<User>::signed_in()),
            get("/read", async || "in").wrap(required("read")),
            get("/write", async || "in").wrap(required("write")),
            get("/both", async || "in")
                .wrap(required("read"))
                .wrap(required("write")),
            get("/odd", async || "in").wrap(required("odd \"name\"")),
            get("/users/{name}", async || "in").wrap(Require::that(own)),
        ])
    }

    /// The status, and the challenge where there is one.
    async fn ask(app: App, path: &str, field: (&str, &str)) -> String {
        let request = http::Request::get(path).header(field.0, field.1);
        let running = app.start().await.unwrap();
        let answer = running.handle(request.body(Body::empty()).unwrap()).await;
        let challenge = answer.headers().get("www-authenticate");
        let challenge = challenge.map_or("", |value| value.to_str().unwrap());
        format!("{} {challenge}", answer.status().as_u16())
            .trim_end()
            .to_owned()
    }

    #[tokio::test]
    async fn who_may_do_what() {
        for (path, name, status) in [
            ("/in", "eve", "401 Session"),
            ("/in", "grace", "200"),
            ("/read", "eve", "401 Session"),
            ("/read", "grace", "200"),
            ("/write", "grace", "403"),
            ("/write", "ada", "200"),
            ("/both", "grace", "403"),
            ("/both", "ada", "200"),
            ("/users/ada", "ada", "200"),
            ("/users/ada", "grace", "403"),
            ("/users/ada", "eve", "401 Session"),
        ] {
            let app = routes().wrap(from_fn(by_session).provides::<Principal<User>>());
            let seen = ask(app, path, ("x-session", name)).await;
            assert_eq!(seen, status, "{path} {name}");
        }
    }

    #[tokio::test]
    async fn a_token_that_does_not_suffice_is_told_what_would() {
        let lacks = |scope: &str| {
            format!(r#"403 Bearer realm="restricted", error="insufficient_scope"{scope}"#)
        };
        for (path, name, expected) in [
            ("/read", "grace", "200".to_owned()),
            ("/write", "grace", lacks(r#", scope="write""#)),
            // What is no scope is not named.
            ("/odd", "grace", lacks("")),
            ("/users/ada", "grace", lacks("")),
            (
                "/write",
                "eve",
                r#"401 Bearer realm="restricted", error="invalid_token""#.to_owned(),
            ),
        ] {
            let app = routes().wrap(BearerAuth::new(by_token));
            let token = format!("Bearer {name}");
            let seen = ask(app, path, ("authorization", &token)).await;
            assert_eq!(seen, expected, "{path} {name}");
        }
    }

    #[test]
    fn somebody_has_to_find_out_who_is_asking() {
        let error = routes().check().unwrap_err().to_string();
        assert!(
            error.contains("middleware `wharf_core::middleware::require::Require<"),
            "{error}"
        );
        assert!(routes().wrap(BearerAuth::new(by_token)).check().is_ok());
        let nameless = routes()
            .wrap(BearerAuth::new(by_token))
            .wrap(Require::<User>::permission(""));
        assert!(nameless.check().is_err());
    }
}
