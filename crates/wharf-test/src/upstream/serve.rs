//! One connection of a mock server: served by the real server code until a script takes over.

use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use http::Version;
use http::request::Parts;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;
use wharf_http::connection::Local;
use wharf_http::service::Rejected;
use wharf_http::{Body, BoxFuture, Connection, Context, Peer, Request, Response, Service, Signal};
use wharf_server::{AccessLog, ConnectionConfig, Timeouts, serve_connection};

use super::Call;
use super::board::{Board, Decision};
use super::line::{Line, Wire};
use super::paced::Paced;
use super::reply::{Broken, Reply, Then};
use super::script::{self, Script};

/// How many bytes a request body may have.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Serves one connection.
pub(super) async fn serve(wire: impl Wire, board: Arc<Board>) {
    let line = Line::new(wire);
    let desk = Arc::new(Desk {
        board,
        script: Mutex::new(None),
        taken_over: Signal::new(),
    });
    let service = Answering {
        desk: Arc::clone(&desk),
        line: line.clone(),
    };
    let script = {
        let connection = Connection::new(Peer::Memory, Local::Memory).with_errors_to_stderr(false);
        // A mock server does what it is told and has no limits of its own.
        let timeouts = Timeouts::new()
            .request_head(None)
            .idle(None)
            .body_read(None)
            .response_write(None)
            .min_rate(None);
        let config = ConnectionConfig::new(service)
            .timeouts(timeouts)
            .access_log(AccessLog::off());
        let mut served = pin!(serve_connection(line.clone(), connection, config));
        let mut taken_over = pin!(desk.taken_over.fired());
        poll_fn(|cx| {
            if taken_over.as_mut().poll(cx).is_ready() {
                return Poll::Ready(desk.take());
            }
            served.as_mut().poll(cx).map(|_end| None)
        })
        .await
    };
    if let Some(script) = script {
        // A client that has gone misses nothing.
        let _gone = act(line, script).await;
    }
}

/// Writes what a script says, and ends as it says.
async fn act(mut line: Line<impl Wire>, script: Script) -> io::Result<()> {
    for (wait, piece) in script.pieces {
        sleep(wait).await;
        line.write_all(&piece).await?;
        line.flush().await?;
    }
    match script.then {
        Then::Reset => line.reset(),
        Then::Close => line.shutdown().await?,
        Then::Stall => {
            let mut scratch = [0; 1024];
            while line.read(&mut scratch).await? > 0 {}
        }
    }
    Ok(())
}

/// What service and script of a connection share.
struct Desk {
    board: Arc<Board>,
    script: Mutex<Option<Script>>,
    taken_over: Signal,
}

impl Desk {
    /// Leaves the connection to a script, which ends it.
    async fn hand_over(&self, script: Script) -> Response {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Some(script);
        self.taken_over.fire();
        pending().await
    }

    fn take(&self) -> Option<Script> {
        self.script
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// The service of one connection.
struct Answering<S> {
    desk: Arc<Desk>,
    line: Line<S>,
}

impl<S: Wire> Service for Answering<S> {
    type Future = BoxFuture<'static, Response>;

    fn call(&self, request: Request, _context: &Context) -> Self::Future {
        let (desk, line) = (Arc::clone(&self.desk), self.line.clone());
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let version = parts.version;
            let reply = decide(&desk.board, parts, body).await;
            answer(reply, version, &desk, line).await
        })
    }

    fn reject(&self, rejected: &Rejected) -> Response {
        let reason = rejected.reason();
        self.desk
            .board
            .complain(format!("what came is no request: {reason}"));
        let mut response = Response::new(Body::from(format!("{reason}\n")));
        *response.status_mut() = rejected.status();
        response
    }
}

/// Finds the reply to a request.
async fn decide(board: &Board, parts: Parts, mut body: Body) -> Reply {
    let (bytes, failed) = match body.bytes(BODY_LIMIT).await {
        Ok(bytes) => (bytes, None),
        Err(error) => (Bytes::new(), Some(error)),
    };
    let call = Call::new(parts, bytes);
    if let Some(error) = failed {
        let problem = format!("the body of `{call}` did not arrive: {error}");
        board.complain(problem.clone());
        return Reply::new(400).text(problem);
    }
    match board.decide(call) {
        Decision::Reply(reply) => *reply,
        Decision::Answer(answer) => answer.await,
        Decision::Unexpected(problem) => Reply::new(501).text(problem),
    }
}

/// Sends a reply, by the server code if it can.
async fn answer(
    reply: Reply,
    version: Version,
    desk: &Desk,
    mut line: Line<impl Wire>,
) -> Response {
    let is_http1 = version < Version::HTTP_2;
    if is_http1 {
        for (status, headers) in &reply.informational {
            // Nothing of the answer was written yet, and nothing of the one before is left.
            let _gone = line.write_all(&script::interim(*status, headers)).await;
        }
    }
    let is_raw = matches!(reply.broken, Some(Broken::Raw(..)));
    if let Some(script) = Script::of(&reply)
        && (is_http1 || is_raw)
    {
        return desk.hand_over(script).await;
    }
    sleep(reply.delay).await;
    let mut response = Response::new(Body::new(Paced::of(&reply)));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
