//! The lines of the access log, and what is reported beside them.

use super::*;
use crate::conn::tests::events::{Events, logged};

#[tokio::test(start_paused = true)]
async fn every_request_has_one_line_whatever_becomes_of_it() {
    let events = Events;
    let _watching = events.watch();
    let config = logged(config(|request: Request, context: Context| async move {
        match request.uri().path() {
            "/panic" => panic!("on purpose"),
            "/broken" => {
                let (sender, body) = Body::channel(1);
                tokio::spawn(sender.abort(std::io::Error::other("on purpose")));
                return Response::new(body);
            }
            "/large" => return Response::new(Body::from(vec![b'a'; 100_000])),
            _ => {}
        }
        slow(request, context).await
    }));
    let quiet = Http2Config::new().ping_interval(None);
    let config = config.http2(quiet).timeouts(Timeouts::new().min_rate(None));
    let mut client = Raw::open(config.clone()).await;

    client.send(get(1, "/a?b")).await;
    client.answer(1).await.unwrap();
    assert_eq!(
        events.lines(),
        [r#"memory "GET /a?b HTTP/2.0" 200 9 0 - complete"#]
    );
    client.send(get(3, "/slow")).await;
    sleep(SECOND).await;
    client
        .send(frame(RST_STREAM, 0, 3, CANCEL.to_be_bytes()))
        .await;
    sleep(SECOND).await;
    assert_eq!(
        events.lines(),
        [r#"memory "GET /slow HTTP/2.0" 499 0 1 - left"#]
    );
    client.send(get(5, "/panic")).await;
    client.answer(5).await.unwrap_err();
    client.send(get(7, "/broken")).await;
    client.answer(7).await.unwrap_err();
    assert_eq!(
        events.lines(),
        [
            r#"memory "GET /panic HTTP/2.0" 500 0 0 - failed"#,
            r#"memory "GET /broken HTTP/2.0" 200 0 0 - failed"#,
        ]
    );
    let errors = events.of("wharf::error").concat();
    assert_eq!(errors.matches("on purpose").count(), 2, "{errors}");
    assert!(errors.contains("its stream is reset"), "{errors}");

    // No window is opened for the rest, of which one piece is in hand.
    client.send(get(9, "/large")).await;
    assert_eq!(client.answer(9).await, Err(CANCEL));
    let lines = events.lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with(" 30 - slow"), "{lines:?}");

    client.send(get(11, "/slow")).await;
    sleep(SECOND).await;
    client.end().await;
    assert_eq!(
        events.lines(),
        [r#"memory "GET /slow HTTP/2.0" 499 0 1 - left"#]
    );

    let mut client = Raw::open(config).await;
    client.send(get(1, "/slow")).await;
    sleep(SECOND).await;
    client.serving.abort();
    let _cancelled = client.serving.await;
    tokio::task::yield_now().await;
    assert_eq!(
        events.lines(),
        [r#"memory "GET /slow HTTP/2.0" - 0 1 - cut"#]
    );
}

#[tokio::test]
async fn each_request_has_an_id_of_its_own() {
    let config = config(|_, context: Context| async move {
        Response::new(Body::from(context.request_id().to_string()))
    });
    let mut client = Client::open(config).await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..50 {
        let one = client.get("/").await.into_body();
        assert!(ids.insert(one));
    }
}
