//! One request of a test.

use std::fmt;
use std::panic::Location;

use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use wharf_client::{Error, RequestBuilder, Response, Timeouts};
use wharf_http::{Body, BoxError};

use crate::{TestResponse, fail};

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
    line: String,
}

impl TestRequest {
    pub(crate) fn new(builder: RequestBuilder, line: String) -> Self {
        Self { builder, line }
    }

    /// Adds a header field, beside those of the same name that are there already.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        self.change(|builder| builder.header(name, value))
    }

    /// Adds one pair to the query of the URL, both sides percent-encoded.
    pub fn query(self, name: &str, value: impl fmt::Display) -> Self {
        self.change(|builder| builder.query(name, value))
    }

    /// Sets the body. Its type is told with a `content-type` header.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|builder| builder.body(body))
    }

    /// Sets the body to `value` as JSON, and `content-type` to `application/json` unless another one is set.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.change(|builder| builder.json(value))
    }

    /// Sets the time limits of this request in place of those of the client.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.change(|builder| builder.timeouts(timeouts))
    }

    fn change(self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        Self {
            builder: change(self.builder),
            line: self.line,
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
            let Self { builder, line } = self;
            let result = async {
                let mut response = builder.send().await?;
                let body = response.bytes().await?;
                Ok::<_, Error>(TestResponse::new(line.clone(), response.into_http(), body))
            };
            match result.await {
                Ok(response) => response,
                Err(error) => fail(&format!(
                    "no response to `{line}`, sent at {place}: {error:#}"
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
        f.debug_tuple("TestRequest").field(&self.line).finish()
    }
}
