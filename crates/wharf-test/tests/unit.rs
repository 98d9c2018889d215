//! Handlers, extractors and middleware alone.
#![cfg(feature = "unit")]

use http::StatusCode;
use serde::Deserialize;
use wharf_core::extract::{FromRequestParts, Scope};
use wharf_core::http::{Connection, Peer};
use wharf_core::{
    Body, Context, HttpError, IntoResponse, Next, Path, Query, Request, State, from_fn,
};
use wharf_test::unit;

fn get(uri: &str) -> Request {
    let request = http::Request::get(uri).body(Body::empty());
    request.expect("the target is one")
}

fn post(body: &'static str) -> Request {
    let request = http::Request::post("/").body(Body::from(body));
    request.expect("the target is one")
}

#[derive(Debug, Deserialize, PartialEq)]
struct Page {
    after: u32,
}

async fn list(Query(page): Query<Page>, names: State<Vec<&'static str>>) -> String {
    names[page.after as usize..].join(" ")
}

#[tokio::test]
async fn a_handler_is_called_with_what_it_needs() {
    unit::call(list, get("/?after=1"))
        .state(vec!["Ada", "Grace", "Joan"])
        .await
        .assert_status(200)
        .assert_text("Grace Joan");
    let refused = unit::call(list, get("/")).state(vec!["Ada"]).await;
    refused.assert_status(400).assert_text_contains("after");
}

#[tokio::test]
async fn a_handler_sees_the_parameters_of_its_route_and_who_asks() {
    async fn ship(Path((port, id)): Path<(String, u8)>, peer: Peer) -> String {
        format!("{port} {id} {peer}")
    }
    let address = "203.0.113.7:4711".parse().unwrap();
    let connection = Connection::memory();
    let context = Context::new(connection);
    context.set_client(Peer::Tcp(address), http::uri::Scheme::HTTP);
    let alone = unit::call(ship, get("/a%20b/ships/7")).route("/{port}/ships/{id}");
    let answered = alone.context(context).await;
    answered.assert_text_contains("a b 7");
    let unfit = unit::call(ship, get("/other"))
        .route("/{port}/ships/{id}")
        .await;
    unfit.assert_status(404);
}

#[tokio::test]
#[should_panic(expected = "lacks something: the app has a problem and was not started:")]
async fn state_that_is_missing_fails_the_test() {
    unit::call(list, get("/?after=1")).await;
}

#[tokio::test]
async fn a_panic_and_an_error_are_answers() {
    async fn panics() {
        panic!("nobody is here");
    }
    unit::call(panics, get("/")).await.assert_status(500);
    let limited = unit::call(async |text: String| text, post("12345"));
    limited
        .app(|app| app.body_limit(4))
        .await
        .assert_status(413);
}

#[tokio::test]
async fn an_extractor_gives_its_value_or_its_rejection() {
    let page = unit::extract::<Query<Page>, _>(get("/ships?after=7")).await;
    assert_eq!(page.unwrap().0, Page { after: 7 });
    let rejection = unit::extract::<Query<Page>, _>(get("/ships?after=x")).await;
    let response = rejection.unwrap_err().into_response();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);

    let text = unit::extract::<String, _>(post("hi")).await.unwrap();
    assert_eq!(text, "hi");
    let id = unit::extract::<Path<u32>, _>(get("/ships/7")).route("/ships/{id}");
    assert_eq!(id.await.unwrap().0, 7);
    let state = unit::extract::<State<u8>, _>(get("/")).state(3_u8).await;
    assert_eq!(*state.unwrap(), 3);
}

#[tokio::test]
async fn an_extractor_of_the_users_own_is_extracted_alone() {
    #[derive(Debug)]
    struct Token(String);

    impl FromRequestParts for Token {
        type Rejection = HttpError;

        async fn from_request_parts(
            parts: &mut http::request::Parts,
            _scope: &Scope,
        ) -> Result<Self, HttpError> {
            let token = parts
                .headers
                .get("x-token")
                .and_then(|token| token.to_str().ok());
            let token = token.ok_or_else(|| HttpError::unauthorized("a token is needed"))?;
            Ok(Self(token.to_owned()))
        }
    }

    let mut request = get("/");
    request
        .headers_mut()
        .insert("x-token", "secret".parse().unwrap());
    let token = unit::extract::<Token, _>(request).await.unwrap();
    assert_eq!(token.0, "secret");
    let error = unit::extract::<Token, _>(get("/")).await.unwrap_err();
    assert_eq!(error.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_middleware_runs_around_what_the_test_has_inside() {
    #[derive(Clone)]
    struct User(&'static str);

    async fn authenticate(
        mut request: Request,
        next: Next,
    ) -> Result<impl IntoResponse, HttpError> {
        if request.headers().get("x-user").is_none() {
            return Err(HttpError::unauthorized("who are you?"));
        }
        request.extensions_mut().insert(User("ada"));
        Ok(next.run(request).await)
    }

    let inside = |request: Request| async move {
        let user: &User = request
            .extensions()
            .get()
            .expect("the middleware has put it in");
        user.0
    };
    let mut request = get("/anywhere");
    request.headers_mut().insert("x-user", "1".parse().unwrap());
    unit::middleware(authenticate, request, inside)
        .await
        .assert_text("ada");
    let refused = unit::middleware(authenticate, get("/"), inside).await;
    refused
        .assert_status(401)
        .assert_text_contains("who are you?");

    // With what it is declared to provide, and extractors before the request.
    async fn counted(
        count: State<u8>,
        Path(id): Path<u8>,
        request: Request,
        next: Next,
    ) -> impl IntoResponse {
        let mut response = next.run(request).await;
        let sum = http::HeaderValue::from(u16::from(*count + id));
        response.headers_mut().insert("x-sum", sum);
        response
    }
    unit::middleware(from_fn(counted), get("/7"), |_| async { "hi" })
        .route("/{id}")
        .state(3_u8)
        .await
        .assert_header("x-sum", "10");
}
