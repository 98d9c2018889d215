use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderName;
use wharf_http::Request;

use super::*;
use crate::app::App;
use crate::extract::Extension;
use crate::middleware::{Next, from_fn};
use crate::route::get;

async fn answer(app: App, path: &'static str) -> Response {
    let mut request = Request::default();
    *request.uri_mut() = http::Uri::from_static(path);
    app.start().await.unwrap().handle(request).await
}

#[test]
fn a_bad_header_value_is_a_500_that_names_the_cause() {
    let response = ([("x-name", "line\nbreak")], "text").into_response();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[test]
fn parts_before_the_body_win_over_what_the_body_brings() {
    let response = (StatusCode::ACCEPTED, [("content-type", "text/css")], "a{}").into_response();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/css");
}

#[test]
fn an_attachment_is_saved_and_an_error_is_shown() {
    let saved = Attachment::new("a").named("a.txt").into_response();
    assert_eq!(
        saved.headers()[header::CONTENT_DISPOSITION],
        "attachment; filename=\"a.txt\""
    );
    assert_eq!(saved.headers()[header::CONTENT_TYPE], TEXT);
    let failed: Result<&str, HttpError> = Err(HttpError::not_found("gone"));
    let shown = Attachment::new(failed).named("a.txt").into_response();
    assert!(!shown.headers().contains_key(header::CONTENT_DISPOSITION));
}

#[tokio::test]
async fn a_redirect_is_left_with_like_an_error_and_no_hook_takes_it_for_one() {
    async fn members_only() -> Result<&'static str, HttpError> {
        Err(Redirect::to("/login"))?
    }
    let app = App::new()
        .routes([get("/", members_only)])
        .on_error(|_: &HttpError, _: &crate::extract::Scope| "an error");
    let mut response = answer(app, "/").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/login");
    assert_eq!(response.body_mut().bytes(None).await.unwrap(), "");
}

#[tokio::test]
async fn a_streamed_answer_is_made_no_faster_than_it_is_read() {
    async fn count(Extension(made): Extension<Arc<AtomicUsize>>) -> impl IntoResponse {
        let (mut sender, body) = Body::channel(1);
        tokio::spawn(async move {
            for number in 0..100 {
                made.store(number, Ordering::Relaxed);
                sender.send(format!("{number}\n")).await?;
            }
            Ok::<_, wharf_http::body::Error>(())
        });
        ([(header::CONTENT_TYPE, "text/csv")], body)
    }
    let made = Arc::new(AtomicUsize::new(0));
    let shared = Arc::clone(&made);
    let provide = move |mut request: Request, next: Next| {
        request.extensions_mut().insert(Arc::clone(&shared));
        next.run(request)
    };
    let app = App::new()
        .routes([get("/", count)])
        .wrap(from_fn(provide).provides::<Arc<AtomicUsize>>());
    let mut response = answer(app, "/").await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/csv");
    let body = response.body_mut();
    for number in 0..10 {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        // One piece is in the channel, and one waits to get in.
        assert!(
            made.load(Ordering::Relaxed) <= number + 2,
            "{made:?} made, {number} read"
        );
        let piece = body.chunk().await.unwrap().unwrap();
        assert_eq!(piece, format!("{number}\n"));
    }
}

#[tokio::test]
async fn trailers_come_after_the_body() {
    async fn summed() -> impl IntoResponse {
        let sum = HeaderMap::from_iter([(
            HeaderName::from_static("x-sum"),
            HeaderValue::from_static("6"),
        )]);
        (
            [(header::TRAILER, "x-sum")],
            Body::from("1 2 3").with_trailers(sum),
        )
    }
    let mut response = answer(App::new().routes([get("/", summed)]), "/").await;
    assert_eq!(response.headers()[header::TRAILER], "x-sum");
    let body = response.body_mut();
    let data = body.frame().await.unwrap().unwrap();
    assert_eq!(data.into_data().unwrap(), "1 2 3");
    let trailers = body.frame().await.unwrap().unwrap();
    assert_eq!(trailers.into_trailers().unwrap()["x-sum"], "6");
    assert!(body.frame().await.is_none());
}
