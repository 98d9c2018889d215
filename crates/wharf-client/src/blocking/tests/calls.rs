//! What a call comes to.

use super::*;
use crate::Error;
use crate::middleware::{Next, from_fn};
use wharf_http::{Request, Response};

#[test]
fn the_defaults_are_those_of_the_asynchronous_client() {
    let (blocking, other) = (Client::new().unwrap(), crate::Client::new());
    assert_eq!(format!("{blocking:?}"), format!("{other:?}"));
    assert!(format!("{blocking:?}").contains("response_head: Some(30s)"));
}

#[test]
fn handles_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn sent<T: Send + 'static>() {}
    shared::<Client>();
    sent::<super::super::RequestBuilder>();
    sent::<super::super::Response>();
}

#[test]
fn a_wrong_setting_is_the_error_of_the_builder() {
    let error = Client::builder().base("quay").build_blocking().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Url);
}

#[test]
fn a_mistake_in_the_request_is_the_error_of_send() {
    let client = Client::new().unwrap();
    let error = client.get("/ships").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Url);
    let error = client.get("http://a.test/").header("x", "a\nb");
    assert_eq!(error.send().unwrap_err().kind(), ErrorKind::Request);
}

#[test]
fn the_request_is_sent_as_it_was_built() {
    let (sender, heads) = mpsc::channel();
    let url = server(move |mut peer| {
        sender.send(peer.head()).unwrap();
        assert_eq!(peer.read(5), "hello");
        peer.write(OK);
    });
    let request = client(&url)
        .put("ships")
        .query("page", 2)
        .header("x-name", "1");
    assert_eq!(request.body("hello").send().unwrap().status(), 200);
    let head = heads.recv().unwrap();
    assert!(head.starts_with("PUT /ships?page=2 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("x-name: 1\r\n"), "{head}");
    assert!(head.contains("content-length: 5\r\n"), "{head}");
}

#[test]
fn a_status_of_an_error_is_one_with_its_text() {
    let url = server(|mut peer| {
        peer.head();
        peer.write("HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\n\r\nno such ship");
    });
    let error = client(&url).get("").send().unwrap().ok().unwrap_err();
    assert_eq!(error.status().unwrap(), 404);
    assert_eq!(error.body_excerpt().unwrap(), "no such ship");
}

#[test]
fn each_time_limit_names_its_phase() {
    let silent = silent();
    let stalled = server(|mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi");
        assert!(peer.closed());
    });
    let limit = Duration::from_millis(50);
    let phase = |url: &str, limits: Timeouts| {
        let request = client(url).get("").timeouts(limits);
        let read = request.send().and_then(|mut response| response.text());
        read.unwrap_err().phase().unwrap()
    };
    let limits = Timeouts::new;
    assert_eq!(phase(&silent, limits().total(limit)), Phase::Total);
    let head = limits().response_head(limit);
    assert_eq!(phase(&silent, head), Phase::ResponseHead);
    assert_eq!(phase(&stalled, limits().body_read(limit)), Phase::BodyRead);
    assert_eq!(phase(&stalled, limits().total(limit)), Phase::Total);
}

#[test]
fn a_reader_that_takes_its_time_is_not_timed_out() {
    let (sender, goes_on) = mpsc::channel();
    let goes_on = std::sync::Mutex::new(goes_on);
    let url = server(move |mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\non");
        goes_on.lock().unwrap().recv().unwrap();
        peer.write("ce");
    });
    let limits = Timeouts::new().body_read(Duration::from_millis(200));
    let client = client(&url);
    let mut response = client.get("").timeouts(limits).send().unwrap();
    assert_eq!(response.chunk().unwrap().unwrap(), "on");
    // Another call that takes longer than the limit stands for a caller that is busy.
    let silent = silent();
    let busy = Timeouts::new().total(Duration::from_millis(300));
    assert!(client.get(silent).timeouts(busy).send().is_err());
    sender.send(()).unwrap();
    assert_eq!(response.chunk().unwrap().unwrap(), "ce");
    assert_eq!(response.chunk().unwrap(), None);
}

async fn panics(_: Request, _: Next) -> Result<Response, Error> {
    panic!("the mast is down")
}

#[test]
fn a_panic_in_the_background_is_an_error_and_the_client_goes_on() {
    let client = client(&greeter());
    let error = client.get("").wrap(from_fn(panics)).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocking);
    assert_eq!(
        format!("{error:#}"),
        "the blocking client could not make the call: what it ran has panicked: the mast is down"
    );
    assert_eq!(client.get("").send().unwrap().text().unwrap(), "hi");
}

#[test]
fn a_call_on_the_thread_of_the_client_is_an_error_and_no_deadlock() {
    let client = client(&greeter());
    let own = client.clone();
    let calls_itself = move |_: Request, _: Next| {
        let result = own.get("").send();
        async move { result.map(super::super::Response::into_http) }
    };
    let error = client
        .get("")
        .wrap(from_fn(calls_itself))
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocking);
    let text = format!("{error:#}");
    assert!(
        text.ends_with("on the thread that would have to answer it"),
        "{text}"
    );
}

#[test]
fn a_closed_client_fails_what_runs_and_what_comes() {
    let (sender, arrived) = mpsc::channel();
    let url = server(move |mut peer| {
        sender.send(peer.head()).unwrap();
        assert!(peer.closed());
    });
    let client = client(&url);
    thread::scope(|scope| {
        let hanging = scope.spawn(|| client.get("").send());
        arrived.recv().unwrap();
        client.close();
        let error = hanging.join().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    });
    let error = client.get("").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    client.close();
}

#[test]
fn dropping_the_last_client_closes_its_connections() {
    let (sender, closed) = mpsc::channel();
    let url = server(move |mut peer| {
        peer.head();
        peer.write(OK);
        sender.send(peer.closed()).unwrap();
    });
    let client = client(&url);
    assert_eq!(client.get("").send().unwrap().text().unwrap(), "hi");
    let clone = client.clone();
    drop(client);
    assert_eq!(closed.try_recv(), Err(mpsc::TryRecvError::Empty));
    drop(clone);
    assert!(closed.recv().unwrap());
}
