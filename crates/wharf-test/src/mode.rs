//! [`Mode`], how the requests of a test reach the application.

use std::fmt;

/// How the requests of a [`TestClient`](crate::TestClient) reach the application.
///
/// The same test can be run in each of them, to find out what depends on it:
///
/// ```
/// # use wharf_http::{Body, Context, Request, Response, service::service_fn};
/// use wharf_test::{Mode, TestClient};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let app = || service_fn(|_: Request, _: Context| async { Response::new(Body::from("hi")) });
/// for &mode in Mode::ALL {
///     let client = TestClient::builder().mode(mode).start(app()).await;
///     client.get("/").send().await.assert_status(200).assert_text("hi");
///     client.close().await;
/// }
/// # });
/// ```
///
/// | | `Direct` | `Memory` | `Tcp`, `Tls` |
/// |---|---|---|---|
/// | application, middleware, error hook, state, resources | yes | yes | yes |
/// | cookies, redirects, codings, retries of the client | yes | yes | yes |
/// | HTTP on the wire, the server's limits, refusals, `Date`, upgrades | no | yes | yes |
/// | pool and time limits of connections | no | yes | yes |
/// | paused time | yes | yes | no: the clock runs ahead while a socket is waited for |
/// | needs input and output of the runtime (`enable_io`) | no | no | yes |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// The client calls the application; no HTTP is spoken. The fastest.
    ///
    /// A request is what a server would make of it, a response gets the `Content-Length` that the server would give it, and one
    /// to `HEAD` loses its body. What else the server does is missing: `Date`, its refusals of requests that break a rule, limits
    /// on time and size, the access log. A panic of a bare service reaches the test.
    Direct,
    /// The real server, over a pipe in memory. The default.
    #[default]
    Memory,
    /// The real server, over a TCP socket on a free port of `127.0.0.1`.
    Tcp,
    /// The same behind TLS, with a certificate that is made for the test.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    Tls,
}

impl Mode {
    /// All modes that this build has, the fastest first.
    pub const ALL: &'static [Self] = &[
        Self::Direct,
        Self::Memory,
        Self::Tcp,
        #[cfg(feature = "tls")]
        Self::Tls,
    ];

    /// The modes in which no socket is opened and time can be paused.
    pub const WITHOUT_SOCKETS: &'static [Self] = &[Self::Direct, Self::Memory];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Memory => "memory",
            Self::Tcp => "tcp",
            #[cfg(feature = "tls")]
            Self::Tls => "tls",
        })
    }
}
