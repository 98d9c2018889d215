//! What is logged of errors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod events;

use events::Events;
use wharf_core::{App, Body, HttpError, get};
use wharf_http::{Connection, Context, Service};

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
    let events = Events::of("wharf::error");
    let _guard = tracing::subscriber::set_default(events.clone());
    for (path, message) in [
        ("/panic", "500 Internal Server Error: panicked: on purpose"),
        ("/fail", "500 Internal Server Error: disk is full"),
    ] {
        let context = Context::new(Connection::memory());
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let _answer = Service::call(&app, request, &context).await;
        let id = context.request_id();
        let expected = format!("ERROR message=GET {path} failed (request {id}): {message}");
        assert_eq!(events.take(), [expected]);
    }
    let request = http::Request::get("/nothing").body(Body::empty()).unwrap();
    let _answer = app.handle(request).await;
    assert!(events.take().is_empty());
}
