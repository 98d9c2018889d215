use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;

use wharf_core::http::Connection;
use wharf_core::{App, Context, Request};
use wharf_http::{BoxFuture, Service};

use crate::request::Asked;
use crate::{TestResponse, fail};

type Make = Box<dyn FnOnce(App, Option<String>) -> App + Send>;

/// A handler or a middleware that is to be called alone; made by [`call`](super::call) and [`middleware`](super::middleware).
///
/// Awaiting it gives the response.
///
/// # Panics
///
/// Awaiting it panics when the application that it is put into is wrong, such as when state is missing, and when the body of the
/// response fails.
#[must_use = "nothing is called until it is awaited"]
pub struct Alone {
    app: App,
    route: Option<String>,
    context: Option<Context>,
    request: Request,
    make: Make,
    place: &'static Location<'static>,
}

impl Alone {
    #[track_caller]
    pub(super) fn new(
        request: Request,
        make: impl FnOnce(App, Option<String>) -> App + Send + 'static,
    ) -> Self {
        Self {
            app: App::new(),
            route: None,
            context: None,
            request,
            make: Box::new(make),
            place: Location::caller(),
        }
    }

    /// Provides state. Default: none.
    #[track_caller]
    pub fn state<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.app(|app| app.provide(value))
    }

    /// Sets the pattern of the route, such as `/ships/{id}`, which the path of the request has to fit.
    ///
    /// Default: none; any path will do, and there are no parameters.
    pub fn route(mut self, pattern: impl Into<String>) -> Self {
        self.route = Some(pattern.into());
        self
    }

    /// Sets what travels with the request: its connection, who sent it, a deadline. Default: a connection in memory.
    pub fn context(mut self, context: Context) -> Self {
        self.context = Some(context);
        self
    }

    /// Changes the application that it is put into, such as its limits or its error hook.
    pub fn app(mut self, change: impl FnOnce(App) -> App) -> Self {
        self.app = change(self.app);
        self
    }
}

impl IntoFuture for Alone {
    type Output = TestResponse;
    type IntoFuture = BoxFuture<'static, TestResponse>;

    fn into_future(self) -> Self::IntoFuture {
        let Self {
            app,
            route,
            context,
            request,
            make,
            place,
        } = self;
        Box::pin(async move {
            let asked = Asked::new(format!("{} {}", request.method(), request.uri()));
            let app = make(app, route);
            let running = match app.start().await {
                Ok(running) => running,
                Err(error) => fail(&format!(
                    "what is called at {place} lacks something: {error:#}"
                )),
            };
            let context = context.unwrap_or_else(|| Context::new(Connection::memory()));
            let mut response = running.call(request, &context).await;
            let body = response.body_mut().bytes(None).await;
            let stopped = running.stop().await;
            if let Err(error) = stopped {
                fail(&format!(
                    "what is called at {place} did not stop properly: {error:#}"
                ));
            }
            match body {
                Ok(body) => TestResponse::new(asked, response, body),
                Err(error) => fail(&format!(
                    "the body of what is called at {place} failed: {error}"
                )),
            }
        })
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alone")
            .field("route", &self.route)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
