//! One request of a test.

use std::fmt;
use std::panic::Location;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use wharf_client::redirect::RedirectPolicy;
use wharf_client::{Error, RequestBuilder, Response, Timeouts};
use wharf_http::{Body, BoxError};

use crate::journal::Trail;
use crate::{TestResponse, fail};

/// How many redirects are followed where that is switched on: as many as a client follows otherwise.
pub(crate) const REDIRECTS: u32 = 10;

/// The methods of a client that start a request with the method of their name.
macro_rules! verbs {
    () => {
        $crate::request::verbs! {
            get GET, head HEAD, post POST, put PUT, patch PATCH, delete DELETE, options OPTIONS
        }
    };
    ($($name:ident $method:ident),+) => {$(
        #[doc = concat!("Starts a `", stringify!($method), "` request.")]
        pub fn $name(&self, path: impl AsRef<str>) -> $crate::TestRequest {
            self.request(http::Method::$method, path)
        }
    )+};
}
pub(crate) use verbs;

/// A request to be sent; made by [`TestClient::get`](crate::TestClient::get) and its like.
#[must_use = "a request does nothing until it is sent"]
pub struct TestRequest {
    builder: RequestBuilder,
    asked: Asked,
}

/// What a message shows of a request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The method and what the test has written.
    pub(crate) line: String,
    /// The body, where it is not a stream.
    pub(crate) body: Option<Bytes>,
    pub(crate) trail: Trail,
}

impl Asked {
    /// Creates what is known before anything was sent.
    pub(crate) fn new(line: String) -> Self {
        Self {
            line,
            body: Some(Bytes::new()),
            trail: Trail::default(),
        }
    }
}

impl TestRequest {
    pub(crate) fn new(builder: RequestBuilder, line: String) -> Self {
        let asked = Asked::new(line);
        Self {
            builder: builder.extension(asked.trail.clone()),
            asked,
        }
    }

    /// Adds a header field, beside those of the same name that are there already.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        self.with(|builder| builder.header(name, value))
    }

    /// Adds one pair to the query of the URL, both sides percent-encoded.
    pub fn query(self, name: &str, value: impl fmt::Display) -> Self {
        self.with(|builder| builder.query(name, value))
    }

    /// Adds a cookie for this request, beside those of the jar.
    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.with(|builder| builder.cookie(name, value))
    }

    /// Adds the credentials of a user (RFC 7617).
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        self.with(|builder| builder.basic_auth(user, password))
    }

    /// Adds a token (RFC 6750).
    pub fn bearer_auth(self, token: &str) -> Self {
        self.with(|builder| builder.bearer_auth(token))
    }

    /// Sets the body. Its type is told with a `content-type` header.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        let body = body.into();
        self.asked.body = body.as_bytes().cloned();
        self.with(|builder| builder.body(body))
    }

    /// Sets the body to `value` as JSON, and `content-type` to `application/json` unless another one is set.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        // What cannot be written is an error of sending.
        self.asked.body = serde_json::to_vec(value).ok().map(Bytes::from);
        self.with(|builder| builder.json(value))
    }

    /// Follows redirects, ten at most. Default: what the client was told, which is to follow none.
    pub fn follow_redirects(self) -> Self {
        self.with(|builder| builder.redirects(RedirectPolicy::follow(REDIRECTS)))
    }

    /// Sets the time limits of this request in place of those of the client.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.with(|builder| builder.timeouts(timeouts))
    }

    /// Changes the request by anything that a client's request can be told: retries, forms, files, a cancellation.
    ///
    /// # Examples
    ///
    /// ```
    /// # use wharf_http::{Body, Context, Request, Response, service::service_fn};
    /// # use wharf_test::TestClient;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let mirror = service_fn(|request: Request, _: Context| async move {
    /// #     Response::new(Body::from(request.uri().to_string()))
    /// # });
    /// # let client = TestClient::new(mirror).await;
    /// let request = client.get("/ships/").with(|request| request.segment("S/S Tug").decode(true));
    /// request.send().await.assert_text("/ships/S%2FS%20Tug");
    /// # });
    /// ```
    pub fn with(self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        Self {
            builder: change(self.builder),
            asked: self.asked,
        }
    }

    /// Sends the request and reads the whole response.
    ///
    /// # Panics
    ///
    /// Panics when no whole response comes: the connection ends, a time limit is reached, the request is malformed.
    #[track_caller]
    pub fn send(self) -> impl Future<Output = TestResponse> + Send {
        // The caller is known here and not when the future runs.
        let place = Location::caller();
        async move {
            let Self { builder, asked } = self;
            let result = async {
                let mut response = builder.send().await?;
                let body = response.bytes().await?;
                Ok::<_, Error>((response, body))
            };
            match result.await {
                Ok((response, body)) => {
                    let url = response.url().clone();
                    let history = response.history().to_vec();
                    TestResponse::new(asked, response.into_http(), body).led(url, history)
                }
                Err(error) => fail(&format!(
                    "no response to `{}`, sent at {place}: {error:#}\n\n{asked}{}",
                    asked.line,
                    asked.log()
                )),
            }
        }
    }

    /// Sends the request and waits for the response head; the body is read by the caller.
    ///
    /// # Errors
    ///
    /// Whatever kept the response head from coming.
    pub async fn send_streaming(self) -> Result<Response, Error> {
        self.builder.send().await
    }
}

impl fmt::Debug for TestRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestRequest")
            .field(&self.asked.line)
            .finish()
    }
}
