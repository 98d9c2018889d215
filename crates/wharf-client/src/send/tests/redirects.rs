//! Redirects, as the servers see them.

use super::*;
use crate::redirect::{Action, RedirectPolicy};

#[tokio::test]
async fn methods_and_bodies_follow_the_status() {
    for (status, method, then, keeps) in [
        (301, "GET", "GET", false),
        (301, "POST", "GET", false),
        (301, "PUT", "PUT", true),
        (302, "HEAD", "HEAD", false),
        (302, "POST", "GET", false),
        (302, "PATCH", "PATCH", true),
        (302, "DELETE", "DELETE", true),
        (303, "GET", "GET", false),
        (303, "HEAD", "HEAD", false),
        (303, "POST", "GET", false),
        (303, "PUT", "GET", false),
        (303, "DELETE", "GET", false),
        (307, "POST", "POST", true),
        (307, "PUT", "PUT", true),
        (308, "POST", "POST", true),
        (308, "GET", "GET", false),
    ] {
        let (client, server) = pair();
        let answer = redirecting(status, "/next");
        // An answer to HEAD has no body.
        let requests = answering(server, move |request| {
            let answer = answer(request);
            let end = answer.find("\r\n\r\n").unwrap() + 4;
            let head = request.starts_with("HEAD");
            if head {
                answer[..end].to_owned()
            } else {
                answer
            }
        });
        let mut request = client.request(method.parse().unwrap(), "/");
        if !matches!(method, "GET" | "HEAD") {
            let fields = [
                ("content-type", "text/plain"),
                ("content-language", "en"),
                ("content-encoding", "identity"),
            ];
            for (name, value) in fields {
                request = request.header(name, value);
            }
            request = request.body("cargo");
        }
        let response = request.send().await.unwrap();
        let name = format!("{status} {method}");
        assert_eq!(response.status(), 200, "{name}");
        let requests = requests.take();
        assert_eq!(line(&requests[1]), format!("{then} /next quay.test"));
        assert_eq!(requests[1].ends_with("\r\n\r\ncargo"), keeps, "{name}");
        for content in [
            "content-type",
            "content-language",
            "content-encoding",
            "content-length",
        ] {
            assert_eq!(field(&requests[1], content).is_some(), keeps, "{name}");
        }
    }
}

#[tokio::test]
async fn a_status_that_is_no_redirect_is_handed_out() {
    for status in [300, 304, 305, 306] {
        let (client, server) = pair();
        let head = format!("HTTP/1.1 {status} X\r\nlocation: /next\r\n");
        answering(server, move |_| match status {
            304 => format!("{head}\r\n"),
            _ => format!("{head}content-length: 0\r\n\r\n"),
        });
        let response = client.get("/").send().await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn ten_are_followed_and_the_eleventh_is_an_error() {
    for (hops, works) in [(10, true), (11, false)] {
        let (client, server) = pair();
        let requests = answering(server, move |request| {
            let path = request.split(' ').nth(1).unwrap();
            let number: usize = path[1..].parse().unwrap_or(0);
            match number < hops {
                true => format!(
                    "HTTP/1.1 302 Found\r\nlocation: /{}\r\ncontent-length: 0\r\n\r\n",
                    number + 1
                ),
                false => OK.to_owned(),
            }
        });
        let response = client.get("/").send().await;
        assert_eq!(requests.take().len(), 11);
        if works {
            assert_eq!(response.unwrap().history().len(), 10);
        } else {
            let error = response.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Redirect);
            let text = error.to_string();
            assert!(
                text.ends_with("(quay.test:80): more than 10 in a row"),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_short_body_of_a_redirect_is_read_so_that_the_connection_is_used_again() {
    let (client, server) = pair();
    let requests = answering(server, redirecting(302, "/next"));
    client.get("/").send().await.unwrap();
    assert_eq!(requests.take().len(), 2);
    assert_eq!(client.stats().hosts()[0].created(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_a_redirect_that_does_not_come_holds_nobody_up() {
    let (client, server) = pair();
    answering(server, |request| {
        match request.starts_with("GET / ") {
            true => "HTTP/1.1 302 Found\r\nlocation: /next\r\ncontent-length: 9\r\n\r\nslow",
            false => OK,
        }
        .to_owned()
    });
    let start = Instant::now();
    let response = client.get("/").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(start.elapsed() < seconds(1));
}

#[tokio::test]
async fn a_body_that_can_be_sent_once_only_cannot_follow() {
    let (client, server) = pair();
    answering(server, redirecting(307, "/next"));
    let (mut sender, body) = Body::channel(1);
    let request = client.put("/").header("content-length", "5").body(body);
    let (response, ()) = tokio::join!(request.send(), async {
        sender.send("cargo").await.unwrap();
        drop(sender);
    });
    let error = response.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert!(
        error.to_string().contains("could be sent only once"),
        "{error}"
    );
}

#[tokio::test]
async fn the_way_is_told_with_the_response() {
    let (client, server) = pair();
    answering(server, redirecting(302, "//other.test/next?a=b"));
    let mut response = client.get("/?#part").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hi");
    assert_eq!(response.history().len(), 0, "another target than `/`");
    let mut response = client.get("/#part").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hi");
    assert_eq!(response.url().as_str(), "http://other.test/next?a=b#part");
    let [hop] = response.history() else {
        panic!("{:?}", response.history());
    };
    assert_eq!(hop.status(), 302);
    assert_eq!(hop.url().as_str(), "http://quay.test/#part");
    assert_eq!(hop.headers()["location"], "//other.test/next?a=b");
}

#[tokio::test]
async fn a_policy_follows_stops_or_refuses() {
    for (action, status) in [
        (Action::Follow, Ok(StatusCode::OK)),
        (Action::Stop, Ok(StatusCode::FOUND)),
        (Action::Refuse, Err(ErrorKind::Redirect)),
    ] {
        let policy = RedirectPolicy::follow(3).hook(move |redirect| {
            assert_eq!(redirect.from().as_str(), "http://quay.test/");
            assert_eq!(redirect.to().as_str(), "http://quay.test/next");
            assert_eq!(
                (redirect.status(), redirect.followed()),
                (StatusCode::FOUND, 0)
            );
            action
        });
        let (client, server) = pair_with(|builder| builder.redirects(policy));
        answering(server, redirecting(302, "/next"));
        let response = client.get("/").send().await;
        let response = response.map(|response| response.status());
        assert_eq!(response.map_err(|error| error.kind()), status);
    }
}
