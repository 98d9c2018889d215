//! A trace that others have begun goes through a service into what it asks of others.

#![cfg(all(feature = "client", feature = "http1", feature = "server"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::HeaderMap;
use wharf::{App, Client, Context, HttpError, State, get};
use wharf_test::{TestClient, TestServer};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Tells which trace came, and with which notes.
async fn last(headers: HeaderMap) -> String {
    let lines = |name| {
        let lines = headers.get_all(name).iter();
        let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
        lines.join("|")
    };
    format!("{} {}", lines("traceparent"), lines("tracestate"))
}

async fn between(client: State<Client>, context: Context) -> Result<String, HttpError> {
    Ok(client.get("").within(&context).send().await?.text().await?)
}

/// Sends the fields to a service and returns what came to the one behind it.
async fn passed_on(fields: &[(&str, &str)]) -> String {
    let behind = TestServer::start(App::new().routes([get("/", last)])).await;
    let client = Client::builder().base(behind.url("/")).build().unwrap();
    let app = App::new().provide(client).routes([get("/", between)]);
    let client = TestClient::new(app).await;
    let mut request = client.get("/");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let reply = request.send().await;
    reply.assert_status(200);
    let text = reply.text().to_owned();
    client.close().await;
    text
}

#[tokio::test]
async fn what_others_have_noted_goes_on_in_one_line() {
    let fields = [
        ("traceparent", PARENT),
        ("tracestate", "rojo=00f067aa0ba902b7"),
        ("tracestate", "congo=t61rcWkgMzE,a=b"),
    ];
    assert_eq!(
        passed_on(&fields).await,
        format!("{PARENT} rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,a=b")
    );
    assert_eq!(passed_on(&fields[..1]).await, format!("{PARENT} "));
}

#[tokio::test]
async fn notes_without_the_trace_that_they_belong_to_are_left_out() {
    let state = ("tracestate", "rojo=1");
    for parents in [&[][..], &["00-0-0-01"], &[PARENT, PARENT]] {
        let parents = parents.iter().map(|&parent| ("traceparent", parent));
        let fields: Vec<_> = parents.chain([state]).collect();
        let came = passed_on(&fields).await;
        assert!(came.ends_with(' '), "{came}");
        assert!(!came.contains("0af7651916cd43dd"), "{came}");
    }
}

#[tokio::test]
async fn more_notes_than_there_may_be_are_left_out_and_the_trace_goes_on() {
    let notes = |count: usize| vec!["a=b"; count].join(",");
    let (most, many) = (notes(32), notes(33));
    let with = async |state: &str| {
        let fields = [("traceparent", PARENT), ("tracestate", state)];
        passed_on(&fields).await
    };
    assert_eq!(with(&most).await, format!("{PARENT} {most}"));
    assert_eq!(with(&many).await, format!("{PARENT} "));
    assert_eq!(with(" , ").await, format!("{PARENT} "));
}
