//! What observers are shown of a response.

use std::sync::{Arc, Mutex};

use super::*;
use crate::trace::{Event, Observer};

/// Notes how bodies ended, and when the response was there.
#[derive(Default)]
struct Ends(Mutex<Vec<String>>);

impl Observer for Ends {
    fn on_event(&self, _call: &Call, event: &Event<'_>) {
        let line = match event {
            Event::RequestEnded { status, .. } => status.as_str().to_owned(),
            Event::BodyEnded { bytes, whole } => format!("{bytes} {whole}"),
            _ => return,
        };
        self.0.lock().unwrap().push(line);
    }
}

/// Reads the response that `bytes` are, `read` or not, and returns what was shown.
async fn ends(bytes: &str, read: bool) -> Vec<String> {
    let ends = Arc::new(Ends::default());
    let (client, mut server) = pair_with(|builder| builder.observer(Arc::clone(&ends)));
    let (response, peer) = get(&client, &mut server, bytes).await;
    drop(peer);
    let mut response = response.unwrap();
    if read {
        let _may_break_off = response.bytes().await;
    }
    drop(response);
    let lines = ends.0.lock().unwrap();
    lines.clone()
}

#[tokio::test]
async fn the_end_of_a_body_is_shown_once() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let empty = "HTTP/1.1 204 No Content\r\n\r\n";
    let error = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nhi";
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi";
    assert_eq!(ends(OK, true).await, ["200", "2 true"]);
    assert_eq!(ends(chunked, true).await, ["200", "2 true"]);
    assert_eq!(ends(empty, true).await, ["0 true", "204"]);
    // The start of what an error says is read ahead.
    assert_eq!(ends(error, false).await, ["2 true", "404"]);
    assert_eq!(ends(broken, true).await, ["200", "2 false"]);
    assert_eq!(ends(OK, false).await, ["200", "0 false"]);
}
