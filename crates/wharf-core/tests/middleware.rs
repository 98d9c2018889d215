//! Middleware and hooks as a client sees them: what they are given, in which order, and which answers pass through.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do the handlers that have to"
)]

use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use wharf_core::app::Running;
use wharf_core::extract::Scope;
use wharf_core::middleware::{Layer, Served};
use wharf_core::{
    App, Body, HttpError, IntoResponse, Next, Request, Response, State, from_fn, get, post,
};
use wharf_http::service::{Refusal, Rejected, RejectedKind};
use wharf_http::{Connection, Context, Middleware, Service};

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let (head, mut body) = response.into_parts();
        let text = body.bytes(None).await.unwrap();
        Self {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(text.to_vec()).unwrap(),
        }
    }

    /// The letters that were put into `x-seen`, in order.
    fn seen(&self) -> String {
        let values = self.headers.get_all("x-seen").iter();
        values.map(|value| value.to_str().unwrap()).collect()
    }
}

fn request(method: Method, path: &str, body: impl Into<Body>) -> Request {
    http::Request::builder()
        .method(method)
        .uri(path)
        .body(body.into())
        .unwrap()
}

async fn ask(app: &Running, method: Method, path: &str) -> Reply {
    Reply::of(app.handle(request(method, path, "")).await).await
}

async fn text(app: App, path: &str) -> String {
    let app = app.start().await.unwrap();
    ask(&app, Method::GET, path).await.text
}

/// Puts a letter into `x-seen` on the way out.
#[derive(Clone, Copy)]
struct Seen(&'static str);

impl Middleware<Served> for Seen {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        mark(&mut response, self.0);
        response
    }
}

fn mark(response: &mut Response, letter: &'static str) {
    let letter = HeaderValue::from_static(letter);
    response.headers_mut().append("x-seen", letter);
}

#[tokio::test]
async fn state_can_be_borrowed_across_the_rest_of_the_chain() {
    struct Names(Vec<String>);

    async fn signs(names: State<Names>, request: Request, next: Next) -> Response {
        let names: &Names = &names;
        let mut response = next.run(request).await;
        let last = names.0.last().unwrap();
        let last = HeaderValue::from_str(last).unwrap();
        response.headers_mut().insert("x-signed", last);
        response
    }

    let app = App::new()
        .wrap(signs)
        .routes([get("/", async || "")])
        .provide(Names(vec!["ada".into()]));
    let app = app.start().await.unwrap();
    assert_eq!(ask(&app, Method::GET, "/").await.headers["x-signed"], "ada");
}

#[tokio::test]
async fn a_middleware_may_return_a_result() {
    struct Refused;

    impl IntoResponse for Refused {
        fn into_response(self) -> Response {
            (StatusCode::FORBIDDEN, "refused").into_response()
        }
    }

    async fn own_error(request: Request, next: Next) -> Result<Response, Refused> {
        match request.uri().query() {
            Some("refuse") => Err(Refused),
            _ => Ok(next.run(request).await),
        }
    }
    async fn any_error(request: Request, next: Next) -> Result<Response, HttpError> {
        let query = request.uri().query().unwrap_or("0");
        let _number: u8 = query.parse()?;
        Ok(next.run(request).await)
    }

    let app = App::new()
        .routes([get("/", async || "inside")])
        .wrap(own_error)
        .wrap(any_error);
    let app = app.start().await.unwrap();
    for (path, status, text) in [
        ("/", 200, "inside"),
        ("/?refuse", 403, "refused"),
        ("/?no-number", 500, "500 Internal Server Error\n"),
    ] {
        let reply = ask(&app, Method::GET, path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text.as_str()),
            (status, text),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_middleware_that_is_switched_off_is_left_out() {
    async fn logs(request: Request, next: Next) -> Response {
        Seen("f").handle(request, next).await
    }
    for (on, seen) in [(true, "rflt"), (false, "")] {
        let app = App::new()
            .wrap(on.then_some(Seen("t")))
            .wrap(on.then(|| from_fn(Seen("l"))))
            .wrap(on.then_some(logs))
            .routes([get("/", async || "").wrap(on.then_some(Seen("r")))]);
        let app = app.start().await.unwrap();
        assert_eq!(ask(&app, Method::GET, "/").await.seen(), seen);
    }
}

#[tokio::test]
async fn a_middleware_applies_wherever_it_is_written() {
    let first = App::new()
        .wrap(Seen("a"))
        .routes([get("/", async || "")])
        .mount("/inner", App::new().routes([get("/", async || "")]));
    let last = App::new()
        .mount("/inner", App::new().routes([get("/", async || "")]))
        .routes([get("/", async || "")])
        .wrap(Seen("a"));
    for app in [first, last] {
        let app = app.start().await.unwrap();
        for path in ["/", "/inner", "/nothing", "/inner/nothing"] {
            assert_eq!(ask(&app, Method::GET, path).await.seen(), "a", "{path}");
        }
    }
}

/// Sends what goes wrong in all ways that have an answer; gives each a name.
async fn all_that_goes_wrong(app: App) -> Vec<(&'static str, Reply)> {
    async fn fails() -> Result<(), HttpError> {
        Err(std::io::Error::other("cause").into())
    }
    async fn panics() -> &'static str {
        panic!("on purpose")
    }
    async fn late() {
        std::future::pending::<()>().await;
    }
    let app = app
        .trailing_slash(wharf_core::TrailingSlash::Redirect)
        .routes([
            get("/fail", fails),
            get("/panic", panics),
            get("/late", late).timeout(std::time::Duration::from_secs(1)),
            post("/post", async |bytes: Bytes| bytes).body_limit(3),
        ]);
    let app = app.start().await.unwrap();
    let mut replies = Vec::new();
    for (name, method, path) in [
        ("404", Method::GET, "/nothing"),
        ("405", Method::GET, "/post"),
        ("OPTIONS", Method::OPTIONS, "/post"),
        ("OPTIONS *", Method::OPTIONS, "*"),
        ("308", Method::GET, "/fail/"),
        ("400", Method::GET, "/%zz"),
        ("413", Method::POST, "/post"),
        ("500", Method::GET, "/fail"),
        ("panic", Method::GET, "/panic"),
        ("503", Method::GET, "/late"),
    ] {
        let response = app.handle(request(method, path, "four")).await;
        replies.push((name, Reply::of(response).await));
    }
    for (name, status) in [("417", 417), ("host", 400)] {
        let refusal = Refusal::new(StatusCode::from_u16(status).unwrap(), "a rule is broken");
        let context = Context::new(Connection::memory());
        let response = app.refuse(request(Method::GET, "/fail", ""), refusal, &context);
        replies.push((name, Reply::of(response.await).await));
    }
    let rejected = Rejected::new(
        RejectedKind::HeadTooLarge,
        "too many fields",
        Bytes::new(),
        Connection::memory(),
    );
    replies.push(("431", Reply::of(app.reject(&rejected)).await));
    replies
}

const EXPECTED: [u16; 13] = [
    404, 405, 204, 204, 308, 400, 413, 500, 500, 503, 417, 400, 431,
];

#[tokio::test(start_paused = true)]
async fn every_answer_to_a_request_passes_through_middleware() {
    let app = App::new().wrap(Seen("a")).wrap(Seen("b"));
    let replies = all_that_goes_wrong(app).await;
    for ((name, reply), status) in replies.iter().zip(EXPECTED) {
        assert_eq!(reply.status.as_u16(), status, "{name}: {}", reply.text);
        // No request came of a head that does not parse: there is nothing to send through middleware.
        let seen = if *name == "431" { "" } else { "ba" };
        assert_eq!(reply.seen(), seen, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_see_every_response_once_from_the_outermost_app_inwards() {
    let mark = |letter| move |response: &mut Response, _: &Scope| mark(response, letter);
    let inner = App::new().on_response(mark("c"));
    let app = App::new().mount("/outer", inner);
    let app = app.on_response(mark("a")).on_response(mark("b"));
    let replies = all_that_goes_wrong(app).await;
    assert_eq!(replies.len(), EXPECTED.len());
    for (name, reply) in replies {
        assert_eq!(reply.seen(), "ab", "{name}");
    }

    let stream = async || {
        let (mut sender, body) = Body::channel(1);
        tokio::spawn(async move { sender.send("streamed").await });
        body
    };
    let inner = App::new()
        .on_response(mark("b"))
        .routes([get("/stream", stream)])
        .wrap(Seen("-"));
    let app = App::new().mount("/inner", inner).on_response(mark("a"));
    let app = app.start().await.unwrap();
    let reply = ask(&app, Method::GET, "/inner/stream").await;
    assert_eq!(
        (reply.text.as_str(), reply.seen().as_str()),
        ("streamed", "-ab")
    );
    assert_eq!(ask(&app, Method::GET, "/inner/nothing").await.seen(), "-ab");
    assert_eq!(ask(&app, Method::GET, "/nothing").await.seen(), "a");
}

#[tokio::test]
async fn a_hook_knows_the_route_and_may_change_the_body() {
    let hook = |response: &mut Response, scope: &Scope| {
        let route = scope.route().map_or("none", |route| route.pattern());
        *response.body_mut() = Body::from(route.to_owned());
    };
    let app = || {
        App::new()
            .on_response(hook)
            .routes([get("/ships/{id}", async || "")])
    };
    assert_eq!(text(app(), "/ships/7").await, "/ships/{id}");
    assert_eq!(text(app(), "/nothing").await, "none");
}

#[tokio::test]
async fn a_panic_in_a_hook_is_a_500() {
    let app = App::new()
        .on_response(|_: &mut Response, _: &Scope| panic!("on purpose"))
        .routes([get("/", async || "fine")]);
    let app = app.start().await.unwrap();
    let reply = ask(&app, Method::GET, "/").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(reply.text, "500 Internal Server Error\n");
}

#[tokio::test]
async fn a_panic_in_a_middleware_is_an_answer_for_those_around_it() {
    async fn before(_request: Request, _next: Next) -> Response {
        panic!("on purpose")
    }
    async fn after(request: Request, next: Next) -> Response {
        let _answer = next.run(request).await;
        panic!("on purpose")
    }
    struct AtOnce;
    impl Middleware<Served> for AtOnce {
        fn handle(&self, _request: Request, _next: Next) -> impl Future<Output = Response> + Send {
            panic!("on purpose");
            #[expect(unreachable_code, reason = "gives the future its type")]
            async {
                Response::default()
            }
        }
    }
    let layers: [fn() -> Layer; 3] = [|| from_fn(before), || from_fn(after), || Layer::new(AtOnce)];
    for layer in layers {
        let inner = App::new()
            .wrap(Seen("b"))
            .wrap(layer())
            .wrap(Seen("c"))
            .routes([get("/", async || "fine")]);
        let app = App::new()
            .wrap(Seen("a"))
            .mount("/inner", inner)
            .routes([get("/", async || "fine")]);
        let app = app.start().await.unwrap();
        let reply = ask(&app, Method::GET, "/inner").await;
        assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(reply.seen(), "ba");
        // Nothing else suffers.
        assert_eq!(ask(&app, Method::GET, "/").await.text, "fine");
    }
}

#[tokio::test]
async fn a_middleware_may_answer_before_it_is_known_whether_there_is_a_route() {
    async fn preflight(request: Request, next: Next) -> Response {
        let asks = request
            .headers()
            .contains_key("access-control-request-method");
        if *request.method() == Method::OPTIONS && asks {
            return StatusCode::NO_CONTENT.into_response();
        }
        let mut response = next.run(request).await;
        let origin = HeaderValue::from_static("https://quay.test");
        let fields = response.headers_mut();
        fields.insert("access-control-allow-origin", origin);
        response
    }
    async fn authenticate(_request: Request, _next: Next) -> Result<Response, HttpError> {
        Err(HttpError::unauthorized("who are you"))
    }

    let app = App::new()
        .routes([post("/ships", async || "").wrap(authenticate)])
        .wrap(preflight);
    let app = app.start().await.unwrap();
    let mut options = request(Method::OPTIONS, "/ships", "");
    let asked = HeaderValue::from_static("POST");
    options
        .headers_mut()
        .insert("access-control-request-method", asked);
    assert_eq!(app.handle(options).await.status(), StatusCode::NO_CONTENT);
    for (method, path, status) in [
        (Method::POST, "/ships", 401),
        (Method::GET, "/ships", 405),
        (Method::POST, "/nothing", 404),
    ] {
        let reply = ask(&app, method, path).await;
        assert_eq!(reply.status.as_u16(), status);
        assert!(
            reply.headers.contains_key("access-control-allow-origin"),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_middleware_may_read_the_body_before_the_handler_does() {
    async fn counts(mut request: Request, next: Next) -> Result<Response, HttpError> {
        let length = request.body_mut().bytes(100).await?.len();
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-length", length.into());
        Ok(response)
    }
    let app = App::new()
        .wrap(counts)
        .routes([post("/", async |text: String| text)]);
    let app = app.start().await.unwrap();
    let (mut sender, body) = Body::channel(4);
    tokio::spawn(async move {
        for piece in ["pon", "toon"] {
            sender.send(piece).await.unwrap();
        }
    });
    let reply = Reply::of(app.handle(request(Method::POST, "/", body)).await).await;
    assert_eq!(reply.text, "pontoon");
    assert_eq!(reply.headers["x-length"], "7");
}
