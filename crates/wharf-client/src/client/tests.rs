use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;

fn joined(base: &str, url: &str) -> Result<String, String> {
    let client = Client::builder().base(base).build();
    let request = client.and_then(|client| client.get(url).build());
    request
        .map(|request| request.uri().to_string())
        .map_err(|error| format!("{error:#}"))
}

#[test]
fn a_relative_url_is_joined_to_the_base() {
    for (base, url, whole) in [
        ("http://a.test/v1/", "users", "http://a.test/v1/users"),
        ("http://a.test/v1/", "./users", "http://a.test/v1/users"),
        ("http://a.test/v1/", "../users", "http://a.test/users"),
        ("http://a.test/v1/", "/users", "http://a.test/users"),
        ("http://a.test/v1/", "", "http://a.test/v1/"),
        ("http://a.test/v1/", "?q=1", "http://a.test/v1/?q=1"),
        ("http://a.test/v1/", "a b", "http://a.test/v1/a%20b"),
        ("http://a.test/v1/", "a#top", "http://a.test/v1/a"),
        ("http://a.test", "users", "http://a.test/users"),
        ("http://a.test:81/", "users", "http://a.test:81/users"),
        ("http://a.test/", "http://b.test/x", "http://b.test/x"),
    ] {
        assert_eq!(joined(base, url).as_deref(), Ok(whole), "{base} {url}");
    }
}

#[test]
fn a_segment_stays_one_whatever_is_in_it() {
    let client = Client::builder().base("http://a.test/v1/").build().unwrap();
    let add = |segment: &str| {
        let request = client.get("users/?q=1#top").segment(segment).build();
        request
            .map(|request| request.uri().to_string())
            .map_err(|error| error.to_string())
    };
    for (segment, written) in [
        ("7", "7"),
        ("../admin", "..%2Fadmin"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("...", "..."),
        (".\t.", ".%09."),
        ("a\nb\r ", "a%0Ab%0D%20"),
        ("ä\\b", "%C3%A4%5Cb"),
    ] {
        let whole = format!("http://a.test/v1/users/{written}?q=1");
        assert_eq!(add(segment), Ok(whole), "{segment}");
    }
    for segment in ["", ".", ".."] {
        let why = format!("invalid request: `{segment}` is no segment of a path");
        assert_eq!(add(segment), Err(why));
    }
}

proptest! {
    #[test]
    fn every_segment_reads_back_and_nothing_else_changes(segment in "(?s)(\\.|%2e|/|\t|.){1,12}") {
        let url = Client::new().get("http://a.test/v1/users").segment(&segment).build();
        let path = url.map(|request| request.uri().path().to_owned());
        let written = path.as_ref().ok().and_then(|path| path.strip_prefix("/v1/users/"));
        let read = written.map(|written| percent_decode_str(written).decode_utf8_lossy());
        let is_one = segment != "." && segment != "..";
        prop_assert_eq!(read.as_deref(), is_one.then_some(segment.as_str()));
        prop_assert!(written.is_none_or(|written| !written.contains('/')));
    }
}

#[test]
fn a_relative_url_never_leaves_the_host() {
    for url in ["//b.test/x", "\\\\b.test/x", "/\\b.test/x", "//me@a.test/x"] {
        assert_eq!(
            joined("http://a.test/", url).unwrap_err(),
            "invalid URL: a relative one cannot lead to another host",
            "{url}"
        );
    }
}

#[test]
fn a_base_that_cannot_be_joined_to_is_refused() {
    for (base, why) in [
        ("a.test/v1/", "relative URL without a base"),
        (
            "gopher://a.test/",
            "the base has the scheme `gopher`, which is not supported",
        ),
        (
            "http://a.test/v1",
            "the base has a path that does not end in a slash, so that joining would drop its last segment",
        ),
        (
            "http://a.test/?q",
            "the base has a query or a fragment, which no joined URL would keep",
        ),
        (
            "http://me:secret@a.test/",
            "the base holds credentials; they belong in `basic_auth`",
        ),
    ] {
        assert_eq!(
            joined(base, "x").unwrap_err(),
            format!("invalid URL: {why}")
        );
    }
}

#[test]
fn a_time_limit_of_zero_is_refused() {
    let limits = Timeouts::new().body_read(std::time::Duration::ZERO);
    let error = Client::builder().timeouts(limits).build().unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "invalid client setting: the time limit `body_read` is zero; `None` switches it off"
    );
}

#[tokio::test]
async fn a_mistake_in_the_request_is_the_error_of_send() {
    let client = Client::new();
    for (request, text) in [
        (
            client.get("/users"),
            "invalid URL: relative URL without a base",
        ),
        (
            client.get("http://a.test/").header("no good", "x"),
            "invalid request: invalid HTTP header name",
        ),
        (
            client.get("http://a.test/").header("x", "a\nb"),
            "invalid request: failed to parse header value",
        ),
        (
            client.request(Method::CONNECT, "http://a.test/"),
            "invalid request: the method CONNECT opens a tunnel and is not for requests",
        ),
    ] {
        assert_eq!(format!("{:#}", request.send().await.unwrap_err()), text);
    }
}

#[test]
fn a_query_is_added_pair_by_pair() {
    let request = Client::new()
        .get("http://a.test/search?lang=en")
        .query("q", "a b&c=d")
        .query("page", 2)
        .build();
    assert_eq!(
        request.unwrap().uri(),
        "http://a.test/search?lang=en&q=a+b%26c%3Dd&page=2"
    );
}

#[test]
fn handles_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn sent<T: Send + 'static>(_: T) {}
    shared::<Client>();
    sent(Client::new().get("http://a.test/").send());
}
