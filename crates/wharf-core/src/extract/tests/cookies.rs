use http::{StatusCode, header};

use super::*;
use crate::error::HttpError;
use crate::extract::Cookies;
use crate::response::{IntoResponse, SetCookie};
use crate::route::get;

fn set(answer: &Answer) -> Vec<&str> {
    let fields = answer.headers.get_all(header::SET_COOKIE).iter();
    fields.map(|value| value.to_str().unwrap()).collect()
}

fn plain(name: &str) -> SetCookie {
    let cookie = SetCookie::new(name, "1");
    cookie.http_only(false).same_site(None)
}

#[tokio::test]
async fn cookies_are_read_and_set_on_answers_and_on_errors() {
    let running = start([
        get("/read", async |cookies: Cookies| {
            format!("{:?} {:?}", cookies.get("a"), cookies.get("b"))
        }),
        get("/optional", async |cookies: Option<Cookies>| {
            cookies.is_some().to_string()
        }),
        get("/set", async || (plain("a"), plain("b"), "both")),
        get("/many", async || {
            (vec![plain("a"), plain("b")], StatusCode::ACCEPTED)
        }),
        get("/error", async || {
            (plain("b"), HttpError::not_found("gone").cookie(plain("a")))
        }),
        get("/bad", async || (SetCookie::new("a b", "1"), "never sent")),
        get("/bad-error", async || {
            HttpError::not_found("gone").cookie(SetCookie::new("a;b", "1"))
        }),
    ])
    .await;
    let read = async |path| {
        let fields = [("cookie", "a=x%20y; b=\"z\"")];
        send(&running, request(Method::GET, path, &fields, "")).await
    };
    assert_eq!(read("/read").await.text, r#"Some("x y") Some("z")"#);
    assert_eq!(read("/optional").await.text, "true");
    ask(&running, &[("/optional", "false"), ("/read", "None None")]).await;
    for (path, status) in [("/set", 200), ("/many", 202), ("/error", 404)] {
        let answer = read(path).await;
        assert_eq!(
            (answer.status, set(&answer)),
            (status, vec!["a=1; Path=/", "b=1; Path=/"]),
            "{path}"
        );
    }
    for path in ["/bad", "/bad-error"] {
        let answer = read(path).await;
        assert_eq!((answer.status, set(&answer)), (500, vec![]), "{path}");
        assert!(!answer.text.contains("cookie"), "{}", answer.text);
    }
}

#[test]
fn a_cookie_is_added_to_what_is_set_already() {
    let response = (
        SetCookie::removal("a"),
        SetCookie::removal("a").path("/x"),
        "x",
    )
        .into_response();
    assert_eq!(
        response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .count(),
        2
    );
}
