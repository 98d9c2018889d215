//! What became of a request, as a line of JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wharf_client::pool::{CloseReason, PoolStats};
use wharf_client::{Error, ErrorKind, Response};
use wharf_http::HeaderMap;

use crate::order::Read;

/// How much of a body is told.
const SHOWN: usize = 64 << 10;

/// Reads a response and tells what it is.
pub(crate) async fn read(response: Response, how: Read) -> Value {
    let history = response.history().iter();
    let history: Vec<Value> = history
        .map(|hop| json!({ "status": hop.status().as_u16(), "url": hop.url().as_str() }))
        .collect();
    let mut answer = json!({
        "status": response.status().as_u16(),
        "version": format!("{:?}", response.version()),
        "headers": fields(response.headers()),
        "url": response.url().as_str(),
        "peer": response.peer_addr().map(|peer| peer.to_string()),
        "body_len": response.body_len(),
        "history": history,
        "tls": response.tls().map(|tls| json!({
            "version": tls.version(),
            "protocol": tls.protocol(),
            "resumed": tls.is_resumed(),
        })),
    });
    let mut seen = Seen::default();
    let result = match how {
        Read::Drop => Ok(()),
        Read::Frames => frames(response, &mut seen, &mut answer).await,
        _ => body(response, how, &mut seen, &mut answer).await,
    };
    if let Err(error) = result {
        answer["error"] = error_of(&error);
    }
    answer["length"] = json!(seen.length);
    answer["sha256"] = json!(hex(&seen.hash.finalize()));
    answer["body"] = json!(String::from_utf8_lossy(&seen.start));
    answer
}

/// What was read of a body.
#[derive(Default)]
struct Seen {
    length: usize,
    start: Vec<u8>,
    hash: Sha256,
}

impl Seen {
    fn take(&mut self, piece: &[u8]) {
        self.length += piece.len();
        self.hash.update(piece);
        let rest = SHOWN.saturating_sub(self.start.len());
        self.start.extend(&piece[..piece.len().min(rest)]);
    }
}

async fn body(
    mut response: Response,
    how: Read,
    seen: &mut Seen,
    answer: &mut Value,
) -> Result<(), Error> {
    match how {
        Read::Bytes => seen.take(&response.bytes().await?),
        Read::Text => seen.take(response.text().await?.as_bytes()),
        Read::Json => answer["json"] = response.json().await?,
        Read::Count => {
            while let Some(piece) = response.chunk().await? {
                seen.length += piece.len();
            }
        }
        Read::Ok => seen.take(&response.ok()?.bytes().await?),
        _ => {
            while let Some(piece) = response.chunk().await? {
                seen.take(&piece);
            }
        }
    }
    Ok(())
}

async fn frames(response: Response, seen: &mut Seen, answer: &mut Value) -> Result<(), Error> {
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                if let Some(piece) = frame.data_ref() {
                    seen.take(piece);
                }
                if let Some(trailers) = frame.trailers_ref() {
                    answer["trailers"] = fields(trailers);
                }
            }
            Err(error) => {
                answer["frame_error"] = json!(format!("{error:#}"));
                break;
            }
        }
    }
    Ok(())
}

fn fields(headers: &HeaderMap) -> Value {
    let fields = headers.iter();
    let fields =
        fields.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    json!(fields.collect::<Vec<_>>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}

/// Tells of a request that came to nothing.
pub(crate) fn failed(error: &Error) -> Value {
    json!({ "error": error_of(error) })
}

fn error_of(error: &Error) -> Value {
    let kind = match error.kind() {
        ErrorKind::TooLarge { .. } => "TooLarge".to_owned(),
        kind => format!("{kind:?}"),
    };
    json!({
        "kind": kind,
        "text": format!("{error:#}"),
        "status": error.status().map(|status| status.as_u16()),
        "excerpt": error.body_excerpt().map(|bytes| String::from_utf8_lossy(bytes)),
        "connect": error.is_connect(),
        "reused": error.is_reused_connection_closed(),
    })
}

/// What became of many requests.
#[derive(Default)]
pub(crate) struct Tally {
    outcomes: BTreeMap<String, usize>,
    length: u64,
    first_error: Option<String>,
}

impl Tally {
    pub(crate) fn count(&mut self, answer: &Value) {
        self.length += answer["length"].as_u64().unwrap_or_default();
        let outcome = match answer["error"]["kind"].as_str() {
            Some(kind) => {
                let text = answer["error"]["text"].to_string();
                self.first_error.get_or_insert(text);
                kind.to_owned()
            }
            None => answer["status"].to_string(),
        };
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    pub(crate) fn told(self, took: Duration) -> Value {
        json!({
            "outcomes": self.outcomes,
            "length": self.length,
            "first_error": self.first_error,
            "seconds": took.as_secs_f64(),
        })
    }
}

/// Tells what the pool does and has done.
pub(crate) fn stats(stats: &PoolStats) -> Value {
    let hosts = stats.hosts().iter();
    let sum =
        |of: &dyn Fn(&wharf_client::pool::HostStats) -> u64| hosts.clone().map(of).sum::<u64>();
    json!({
        "idle": stats.idle(),
        "in_use": stats.in_use(),
        "waiting": stats.waiting(),
        "created": sum(&|host| host.created()),
        "reused": sum(&|host| host.reused()),
        "waited": sum(&|host| host.waited()),
        "unread": sum(&|host| host.closed(CloseReason::Unread)),
        "by_peer": sum(&|host| host.closed(CloseReason::Peer)),
        "idle_too_long": sum(&|host| host.closed(CloseReason::Idle)),
    })
}
