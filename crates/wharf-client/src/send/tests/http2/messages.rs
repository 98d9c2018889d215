//! What requests and responses look like.

use super::*;

/// Sends a request, and returns its head as the server has it, and its body.
async fn sent(
    request: impl FnOnce(&Client) -> crate::RequestBuilder,
) -> (http::request::Parts, Bytes) {
    let (client, mut server) = shared();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let request = tokio::spawn(request(&client).send());
    serving(&mut server, 100, move |(request, mut respond): Asked| {
        let sender = sender.clone();
        async move {
            let (parts, mut body) = request.into_parts();
            let mut bytes = Vec::new();
            while let Some(data) = body.data().await {
                let data = data.unwrap();
                body.flow_control().release_capacity(data.len()).unwrap();
                bytes.extend(data);
            }
            respond
                .send_response(http::Response::new(()), true)
                .unwrap();
            sender.send((parts, Bytes::from(bytes))).unwrap();
        }
    })
    .await;
    request.await.unwrap().unwrap();
    receiver.recv().await.unwrap()
}

#[tokio::test]
async fn the_target_is_whole_and_there_is_no_host_field() {
    let (parts, _) = sent(|client| client.get("http://quay.test:8080/a?b#c")).await;
    assert_eq!(parts.uri, "http://quay.test:8080/a?b");
    assert!(!parts.headers.contains_key("host"));
    let (parts, _) = sent(|client| client.get("http://quay.test:80")).await;
    assert_eq!(parts.uri, "http://quay.test/", "as in HTTP/1");
}

#[tokio::test]
async fn a_host_field_set_by_hand_is_the_authority() {
    let (parts, _) = sent(|client| client.get("/a").header("host", "virtual.test:81")).await;
    assert_eq!(parts.uri, "http://virtual.test:81/a");
    assert!(!parts.headers.contains_key("host"));
}

#[tokio::test]
async fn fields_that_are_about_the_connection_are_left_out() {
    let (parts, _) = sent(|client| {
        client
            .get("/")
            .header("connection", "keep-alive, x-hop")
            .header("keep-alive", "timeout=5")
            .header("proxy-connection", "keep-alive")
            .header("te", "gzip")
            .header("x-hop", "named by connection")
            .header("x-kept", "kept")
    })
    .await;
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "x-hop",
    ] {
        assert!(!parts.headers.contains_key(name), "{name}");
    }
    assert_eq!(parts.headers["x-kept"], "kept");
}

#[tokio::test]
async fn the_length_of_a_body_is_told_where_it_is_known() {
    let (parts, body) = sent(|client| client.put("/").body("cargo")).await;
    assert_eq!(
        (parts.headers["content-length"].as_bytes(), body.as_ref()),
        (b"5".as_ref(), b"cargo".as_ref())
    );
    let (parts, body) = sent(|client| {
        let (mut sender, body) = Body::channel(1);
        tokio::spawn(async move { sender.send("cargo").await });
        client.put("/").body(body)
    })
    .await;
    assert!(!parts.headers.contains_key("content-length"));
    assert_eq!(body, "cargo");
    let (parts, _) = sent(|client| client.get("/")).await;
    assert!(!parts.headers.contains_key("content-length"));
}

#[tokio::test]
async fn trailers_follow_the_body_in_both_directions() {
    let (client, mut server) = shared();
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-sum", "1".parse().unwrap());
    let body = Body::from("cargo").with_trailers(trailers);
    let request = tokio::spawn(client.put("/").body(body).send());
    serving(
        &mut server,
        100,
        |(request, mut respond): Asked| async move {
            let mut body = request.into_body();
            while let Some(data) = body.data().await {
                body.flow_control()
                    .release_capacity(data.unwrap().len())
                    .unwrap();
            }
            let trailers = body.trailers().await.unwrap().unwrap();
            let mut stream = respond
                .send_response(http::Response::new(()), false)
                .unwrap();
            stream.send_data("hi".into(), false).unwrap();
            stream.send_trailers(trailers).unwrap();
        },
    )
    .await;
    let response = request.await.unwrap().unwrap();
    let mut body = response.into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "hi"
    );
    let trailers = body
        .frame()
        .await
        .unwrap()
        .unwrap()
        .into_trailers()
        .unwrap();
    assert_eq!(trailers["x-sum"], "1");
    assert!(body.frame().await.is_none());
    settle().await;
    assert_eq!(client.stats().idle(), 1);
}

#[tokio::test]
async fn a_body_that_is_shorter_than_its_length_is_an_error() {
    let (client, mut server) = shared();
    let request = tokio::spawn(client.get("/").send());
    serving(&mut server, 100, |(_, mut respond): Asked| async move {
        let response = http::Response::builder().header("content-length", "5");
        let mut stream = respond
            .send_response(response.body(()).unwrap(), false)
            .unwrap();
        let _refused_by_h2_itself = stream.send_data("hi".into(), true);
    })
    .await;
    let error = request.await.unwrap().unwrap().bytes().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResponseBody);
}

#[tokio::test(start_paused = true)]
async fn a_body_waits_for_a_second_where_nobody_can_ask_for_it() {
    let start = Instant::now();
    let (parts, body) = sent(|client| client.put("/").expect_continue().body("cargo")).await;
    assert_eq!(parts.headers["expect"], "100-continue");
    assert_eq!(body, "cargo");
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn a_window_is_no_larger_than_the_protocol_allows() {
    let config = Http2Config::new();
    let config = config.stream_window(u32::MAX).connection_window(u32::MAX);
    let (client, mut server) = shared_with(config, |builder| builder);
    let request = tokio::spawn(client.get("/").send());
    serving(&mut server, 100, |(_, mut respond): Asked| async move {
        let sent = respond.send_response(http::Response::new(()), true);
        drop(sent.unwrap());
    })
    .await;
    assert_eq!(in_time(request).await.unwrap().unwrap().status(), 200);
}
