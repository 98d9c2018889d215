use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use wharf_client::{Client, ErrorKind};

use super::*;
use crate::MockServer;
use crate::upstream::{Matcher, Reply, get, post};

/// A file that is gone when the test is.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wharf-test-{}-{number}.json", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.0).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _never_written = fs::remove_file(&self.0);
    }
}

/// A client whose exchanges with `mock` are recorded.
fn client(mock: &MockServer, recorder: &Recorder) -> Client {
    let client = Client::builder()
        .base("http://api.test/v1/")
        .connector(mock.connector())
        .wrap(recorder.clone());
    client.build().unwrap()
}

fn answered(matcher: Matcher, reply: Reply) -> MockServer {
    let mock = MockServer::new();
    mock.expect(matcher).times(..).reply(reply);
    mock
}

/// Saves what was recorded and plays it back.
fn replayed(recorder: &Recorder) -> (MockServer, Client) {
    let file = File::new();
    recorder.save(&file.0).unwrap();
    let mock = MockServer::replay(&file.0);
    let client = Client::builder()
        .base("http://api.test/v1/")
        .connector(mock.connector());
    let client = client.build().unwrap();
    (mock, client)
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_is_played_back() {
    let real = MockServer::new();
    let ship = json!({ "name": "Ada", "id": 7 });
    let created = Reply::new(201)
        .header("location", "/v1/ships/7")
        .json(&ship);
    real.expect(post("/v1/ships")).reply(created);
    real.expect(get("/v1/logo"))
        .reply(Reply::new(200).body(vec![0, 159, 146, 150]));
    real.expect(get("/v1/ships"))
        .replies([Reply::new(200).text("one"), Reply::new(200).text("two")]);
    let calls = async |client: &Client| {
        let request = client.post("ships").json(&json!({ "name": "Ada" }));
        let mut response = request.send().await.unwrap();
        assert_eq!(response.header("location"), Some("/v1/ships/7"));
        let body: Value = response.json().await.unwrap();
        let logo = client.get("logo").send().await.unwrap().bytes().await;
        let mut texts = Vec::new();
        for _ in 0..2 {
            let mut response = client.get("ships?page=2").send().await.unwrap();
            texts.push(response.text().await.unwrap());
        }
        (response.status(), body, logo.unwrap(), texts)
    };
    let recorder = Recorder::new();
    let seen = calls(&client(&real, &recorder)).await;
    assert_eq!(recorder.count(), 4);
    let (mock, client) = replayed(&recorder);
    assert_eq!(calls(&client).await, seen);
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn the_file_holds_no_secrets_and_is_the_same_each_time() {
    let reply = Reply::new(200)
        .header("set-cookie", "sid=abc; Path=/")
        .header("x-token", "abc")
        .text("abc is not looked for in bodies");
    let real = answered(get("/v1/ships"), reply);
    let record = async || {
        let recorder = Recorder::new().redact_header("x-token").redact_query("key");
        let request = client(&real, &recorder).get("ships?key=abc&page=2");
        let request = request.bearer_auth("abc").header("cookie", "sid=abc");
        let mut response = request.send().await.unwrap();
        response.bytes().await.unwrap();
        let file = File::new();
        recorder.save(&file.0).unwrap();
        let lines = file.text();
        let lines = lines.lines().filter(|line| !line.contains("date: "));
        lines.collect::<Vec<_>>().join("\n")
    };
    let text = record().await;
    assert_eq!(text.matches("abc").count(), 1, "{text}");
    for line in [
        r#""url": "http://api.test/v1/ships?key=REDACTED&page=2""#,
        r#""authorization: Bearer REDACTED""#,
        r#""cookie: REDACTED""#,
        r#""set-cookie: sid=REDACTED; Path=/""#,
        r#""x-token: REDACTED""#,
    ] {
        assert!(text.contains(line), "{line} {text}");
    }
    assert_eq!(record().await, text);
}

#[tokio::test(start_paused = true)]
async fn another_request_than_the_recorded_one_is_told_apart() {
    let real = answered(post("/v1/ships"), Reply::new(201));
    let recorder = Recorder::new();
    let recorded = client(&real, &recorder).post("ships?page=1");
    let response = recorded
        .json(&json!({ "name": "Ada", "id": 7 }))
        .send()
        .await;
    response.unwrap().bytes().await.unwrap();

    let (mock, client) = replayed(&recorder);
    let other = client.post("ships?page=1&size=9");
    let other = other.json(&json!({ "id": 8, "name": "Ada" })).send().await;
    assert_eq!(other.unwrap().status(), 501);
    let text = mock.try_verify().unwrap_err().to_string();
    assert!(
        text.contains("query `size`: expected nothing, got \"9\""),
        "{text}"
    );
    assert!(text.contains("body at /id: expected 7, got 8"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_was_left_out_may_be_anything() {
    let real = answered(post("/v1/ships"), Reply::new(201));
    let recorder = Recorder::new().redact_query("key").body_limit(10);
    let request = client(&real, &recorder).post("ships?key=abc");
    let response = request.body("more than ten bytes").send().await;
    response.unwrap().bytes().await.unwrap();

    let (_mock, client) = replayed(&recorder);
    let request = client.post("ships?key=xyz").body("others");
    assert_eq!(request.send().await.unwrap().status(), 201);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_was_left_out_cannot_be_played_back() {
    let real = answered(get("/v1/log"), Reply::new(200).text("more than ten bytes"));
    let recorder = Recorder::new().body_limit(10);
    let response = client(&real, &recorder).get("log").send().await;
    response.unwrap().bytes().await.unwrap();
    let file = File::new();
    recorder.save(&file.0).unwrap();
    let error = MockServer::try_replay(&file.0).unwrap_err().to_string();
    let why = "exchange 0 (GET http://api.test/v1/log): the body of the response is larger than the limit of the recorder";
    assert!(error.contains(why), "{error}");
    let error = MockServer::try_replay("/nowhere.json").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot replay `/nowhere.json`: ")
    );
}

#[cfg(feature = "tls")]
#[tokio::test(start_paused = true)]
async fn exchanges_over_tls_are_played_back_like_others() {
    let real = answered(get("/v1/ships"), Reply::new(200).text("two"));
    let recorder = Recorder::new();
    for url in ["https://api.test/v1/ships", "https://api.test:443/v1/ships"] {
        let response = client(&real, &recorder).get(url).send().await;
        response.unwrap().bytes().await.unwrap();
    }
    let (_mock, client) = replayed(&recorder);
    for _ in 0..2 {
        let response = client.get("https://api.test/v1/ships").send().await;
        assert_eq!(response.unwrap().text().await.unwrap(), "two");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_broke_off_breaks_off_again() {
    let real = answered(get("/v1/log"), Reply::new(200).text("hello").cut_after(2));
    let recorder = Recorder::new();
    let read = async |client: &Client| {
        let mut response = client.get("log").send().await.unwrap();
        let first = response.chunk().await.unwrap();
        (first, response.chunk().await.unwrap_err().kind())
    };
    let seen = read(&client(&real, &recorder)).await;
    assert_eq!(seen, (Some("he".into()), ErrorKind::ResponseBody));
    let (_mock, client) = replayed(&recorder);
    assert_eq!(read(&client).await, seen);
}

#[tokio::test(start_paused = true)]
async fn a_request_body_that_is_streamed_is_recorded_and_one_in_memory_can_be_sent_again() {
    let real = answered(post("/v1/ships"), Reply::new(201));
    let recorder = Recorder::new();
    let (mut sender, body) = Body::channel(1);
    let request = client(&real, &recorder).post("ships").body(body);
    let sending = tokio::spawn(request.send());
    for piece in ["two ", "pieces"] {
        sender.send(piece).await.unwrap();
    }
    drop(sender);
    sending.await.unwrap().unwrap().bytes().await.unwrap();
    let (mock, client) = replayed(&recorder);
    let request = client.post("ships").body("two pieces");
    assert_eq!(request.send().await.unwrap().status(), 201);
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn exchanges_stand_in_the_order_in_which_they_began() {
    let real = MockServer::new();
    real.expect(get("/v1/slow"))
        .reply(Reply::new(200).delay(std::time::Duration::from_secs(5)));
    real.expect(get("/v1/quick"));
    let recorder = Recorder::new();
    let client = client(&real, &recorder);
    let slow = tokio::spawn(client.get("slow").send());
    tokio::task::yield_now().await;
    client
        .get("quick")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(recorder.count(), 1);
    slow.await.unwrap().unwrap().bytes().await.unwrap();
    let file = File::new();
    recorder.save(&file.0).unwrap();
    let urls: Vec<_> = read(&file.text()).unwrap();
    let urls: Vec<_> = urls.iter().map(|exchange| exchange.url.as_str()).collect();
    assert_eq!(
        urls,
        ["http://api.test/v1/slow", "http://api.test/v1/quick"]
    );
}
