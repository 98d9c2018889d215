//! What goes along with a redirect, and what stays with its origin.

use wharf_http::header::{Basic, TypedHeader};

use super::*;
use crate::middleware::from_fn;
use crate::netrc::Netrc;

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    for (location, keeps) in [
        ("/next", true),
        ("http://quay.test:80/next", true),
        ("http://quay.test/next#here", true),
        ("//quay.test/next", true),
        ("//other.test/next", false),
        ("http://quay.test:81/next", false),
        ("http://www.quay.test/next", false),
        ("http://quay.test./next", false),
    ] {
        let (client, server) = pair();
        let requests = answering(server, redirecting(302, location));
        let request = client
            .get("/")
            .bearer_auth("secret")
            .header("cookie", "a=secret")
            .header("proxy-authorization", "secret")
            .header("x-other", "kept");
        request.send().await.unwrap();
        let requests = requests.take();
        let last = requests.last().unwrap();
        assert_eq!(requests.len(), 2, "{location}");
        for name in ["authorization", "cookie"] {
            assert_eq!(field(last, name).is_some(), keeps, "{location} {name}");
        }
        for request in &requests {
            // No proxy is there that it could be meant for.
            assert_eq!(field(request, "proxy-authorization"), None);
        }
        assert_eq!(last.contains("secret"), keeps, "{location}");
        assert_eq!(field(last, "x-other"), Some("kept"));
    }
}

#[tokio::test]
async fn credentials_that_were_dropped_do_not_come_back() {
    let (client, server) = pair();
    let requests = answering(server, |request| {
        let to = match line(request).as_str() {
            "GET / quay.test" => "http://other.test/",
            "GET / other.test" => "http://quay.test/back",
            _ => return OK.to_owned(),
        };
        format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
    });
    client.get("/").bearer_auth("secret").send().await.unwrap();
    let requests = requests.take();
    assert_eq!(line(&requests[2]), "GET /back quay.test");
    assert_eq!(field(&requests[2], "authorization"), None);
}

#[tokio::test]
async fn what_a_client_without_a_base_sends_everywhere_does_not_follow_to_another_origin() {
    let (sender, receiver) = mpsc::unbounded_channel();
    let builder = Client::builder().connector(Pipes(sender));
    let client = builder
        .bearer_auth("secret")
        .header("cookie", "a=secret")
        .header("x-other", "kept")
        .query("key", "secret")
        .build()
        .unwrap();
    let requests = answering(Server(receiver), |request| {
        match request.starts_with("GET /? ") || request.starts_with("GET /?key=secret ") {
            true => "HTTP/1.1 302 Found\r\nlocation: http://other.test/next\r\ncontent-length: 0\r\n\r\n",
            false => OK,
        }
        .to_owned()
    });
    client.get("http://quay.test/").send().await.unwrap();
    let requests = requests.take();
    assert_eq!(line(&requests[0]), "GET /?key=secret quay.test");
    assert_eq!(field(&requests[0], "authorization"), Some("Bearer secret"));
    assert_eq!(line(&requests[1]), "GET /next other.test");
    assert!(!requests[1].contains("secret"), "{}", requests[1]);
    assert_eq!(field(&requests[1], "x-other"), Some("kept"));
    // Asked for by name, it is sent there too.
    client.get("http://other.test/next").send().await.unwrap();
}

#[tokio::test]
async fn a_host_field_set_by_hand_does_not_follow_to_another_origin() {
    let (client, server) = pair();
    let requests = answering(server, |request| {
        match request.starts_with("GET / ") {
        true => "HTTP/1.1 302 Found\r\nlocation: http://other.test/next\r\ncontent-length: 0\r\n\r\n",
        false => OK,
    }.to_owned()
    });
    let request = client.get("/").header("host", "virtual.test");
    request.send().await.unwrap();
    let requests = requests.take();
    assert_eq!(line(&requests[0]), "GET / virtual.test");
    assert_eq!(line(&requests[1]), "GET /next other.test");
}

#[tokio::test]
async fn a_field_that_is_marked_as_sensitive_stays_with_its_origin() {
    for (location, keeps) in [("/next", true), ("//other.test/next", false)] {
        for by_default in [true, false] {
            let mut key = http::HeaderValue::from_static("secret");
            key.set_sensitive(true);
            let (sender, receiver) = mpsc::unbounded_channel();
            let mut builder = Client::builder().connector(Pipes(sender));
            if by_default {
                builder = builder.header("x-key", key.clone());
            }
            let client = builder.build().unwrap();
            let requests = answering(Server(receiver), redirecting(302, location));
            let mut request = client.get("http://quay.test/");
            if !by_default {
                request = request.header("x-key", key);
            }
            request.send().await.unwrap();
            let requests = requests.take();
            assert_eq!(field(&requests[0], "x-key"), Some("secret"));
            assert_eq!(field(&requests[1], "x-key").is_some(), keeps, "{location}");
        }
    }
}

type Urls = &'static [&'static str];

/// Returns the credentials of a file that requests have which are led from one URL to the next.
async fn logins(file: &str, urls: Urls) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    // It answers itself, so that nobody has to speak TLS.
    let answer = move |request: Request, _: crate::middleware::Next| {
        let mut seen = requests.lock().unwrap();
        let login = request.headers().get("authorization").map(|value| {
            let basic = Basic::decode(request.headers()).unwrap();
            assert!(value.is_sensitive());
            basic.unwrap().user().to_owned()
        });
        seen.push(login.unwrap_or_default());
        let mut response = wharf_http::Response::new(Body::empty());
        if let Some(next) = urls.get(seen.len()) {
            *response.status_mut() = StatusCode::FOUND;
            let next = next.parse().unwrap();
            response.headers_mut().insert("location", next);
        }
        std::future::ready(Ok(response))
    };
    let client = Client::builder()
        .netrc(Netrc::parse(file).unwrap())
        .wrap(from_fn(answer));
    let client = client.build().unwrap();
    client.get(urls[0]).send().await.unwrap();
    std::mem::take(&mut *seen.lock().unwrap())
}

#[tokio::test]
async fn credentials_of_a_file_follow_to_hosts_that_it_names_but_not_from_https_to_http() {
    let file = "machine quay.test login a password x machine pier.test login b password x \
                machine ::1 login c password x default login d password x";
    let cases: [(Urls, &[&str]); 9] = [
        (&["http://quay.test/", "http://pier.test/"], &["a", "b"]),
        (&["http://quay.test/", "https://quay.test/"], &["a", "a"]),
        (&["https://quay.test/", "https://pier.test/"], &["a", "b"]),
        (&["https://quay.test/", "http://quay.test/"], &["a", ""]),
        (&["https://quay.test/", "http://pier.test/"], &["a", ""]),
        (
            &[
                "https://quay.test/",
                "http://pier.test/",
                "http://quay.test/",
                "https://pier.test/",
            ],
            &["a", "", "", "b"],
        ),
        (&["http://[::1]/", "/next"], &["c", "c"]),
        (&["http://other.test/", "/next"], &["d", "d"]),
        (&["http://quay.test/", "http://other.test/"], &["a", ""]),
    ];
    for (urls, expected) in cases {
        assert_eq!(logins(file, urls).await, expected, "{urls:?}");
    }
}

#[cfg(feature = "cookies")]
#[tokio::test]
async fn cookies_are_kept_and_sent_with_each_hop() {
    let jar = crate::jar::CookieJar::new();
    let (client, server) = pair_with(|builder| builder.cookies(jar));
    let requests = answering(server, |request| {
        match request.starts_with("POST /login ") {
        true => "HTTP/1.1 302 Found\r\nlocation: /home\r\nset-cookie: one=1\r\nset-cookie: two=2\r\ncontent-length: 0\r\n\r\n",
        false => OK,
    }.to_owned()
    });
    let request = client.post("/login").body("name").cookie("call", "c");
    request.send().await.unwrap();
    let requests = requests.take();
    assert_eq!(field(&requests[0], "cookie"), Some("call=c"));
    let sent = field(&requests[1], "cookie").unwrap();
    for pair in ["call=c", "one=1", "two=2"] {
        assert!(sent.split("; ").any(|other| other == pair), "{sent}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn another_host_does_not_lead_to_a_unix_socket() {
    let (client, server) = pair_with(|builder| builder.unix_socket("Docker", "/run/docker.sock"));
    let requests = answering(server, redirecting(302, "http://docker/containers"));
    let error = client.get("/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    let why = "could not follow the redirect (docker:80): another host leads to a Unix socket of this machine";
    assert_eq!(error.to_string(), why);
    assert_eq!(requests.take().len(), 1);
}
