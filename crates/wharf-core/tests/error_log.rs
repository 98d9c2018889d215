//! What is logged of errors. Alone in its process: a subscriber of one thread is not seen by call sites that another
//! thread reaches first.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt;
use std::sync::{Arc, Mutex};

use wharf_core::{App, Body, HttpError, get};
use wharf_http::{Connection, Context, Service};

/// Keeps the messages of events that tell of errors.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Events {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "wharf::error"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn causes_of_server_errors_are_logged_once_with_route_and_request() {
    async fn fails() -> Result<(), HttpError> {
        Err(std::io::Error::other("disk is full").into())
    }
    async fn panics() -> &'static str {
        panic!("on purpose")
    }
    let app = App::new().routes([get("/fail", fails), get("/panic", panics)]);
    let app = app.start().await.unwrap();
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    for (path, message) in [
        ("/panic", "500 Internal Server Error: panicked: on purpose"),
        ("/fail", "500 Internal Server Error: disk is full"),
    ] {
        let context = Context::new(Connection::memory());
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let _answer = Service::call(&app, request, &context).await;
        let id = context.request_id();
        let expected = format!("GET {path} failed (request {id}): {message}");
        assert_eq!(std::mem::take(&mut *events.0.lock().unwrap()), [expected]);
    }
    let request = http::Request::get("/nothing").body(Body::empty()).unwrap();
    let _answer = app.handle(request).await;
    assert!(events.0.lock().unwrap().is_empty());
}
