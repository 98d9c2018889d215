use http::header;

use super::*;
use crate::route::post;

#[tokio::test]
async fn text_in_another_charset_or_coding_is_refused() {
    let running = start([post("/", async |text: String| text)]).await;
    let gzip = [("content-encoding", "gzip")];
    let rows: [(Fields<'_>, &str, u16, &str); 6] = [
        (&[], "ä", 200, "ä"),
        (
            &[("content-type", "text/plain; charset=UTF-8")],
            "ä",
            200,
            "ä",
        ),
        (&[("content-encoding", "identity")], "a", 200, "a"),
        (
            &[("content-type", "text/plain; charset=latin1")],
            "a",
            415,
            "415 Unsupported Media Type: the charset is `latin1`, expected `utf-8`\n",
        ),
        (
            &gzip,
            "a",
            415,
            "415 Unsupported Media Type: the content coding `gzip` is not supported\n",
        ),
        (
            &[("content-type", "text")],
            "a",
            415,
            "415 Unsupported Media Type: the header field `content-type` is malformed: expected `type/subtype`\n",
        ),
    ];
    for (fields, body, status, text) in rows {
        let answer = send(&running, request(Method::POST, "/", fields, body)).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text));
        let accepts = answer.headers.get(header::ACCEPT_ENCODING);
        assert_eq!(accepts.is_some(), fields == gzip, "{text}");
    }
    let answer = send(&running, request(Method::POST, "/", &[], &b"\xff"[..])).await;
    assert_eq!(answer.status, 400);
}
