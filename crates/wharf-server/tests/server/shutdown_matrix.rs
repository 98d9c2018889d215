//! How each kind of connection ends with its server, in HTTP/1 and HTTP/2: whether by itself, with its answer or by force, and when.
//!
//! On real sockets the order and the counts are asserted, on pipes the time, which is paused.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use wharf_http::service::{Serve, Service};
use wharf_http::{
    Body, BoxError, BoxFuture, Connection, Context, HeaderValue, Request, Response, Signal,
    StatusCode, Tasks, Version,
};
use wharf_server::{
    ConnectionConfig, ConnectionEnd, Http2Config, Report, Server, ServerHandle, Timeouts,
    serve_connection,
};

#[cfg(feature = "http2")]
use crate::frames::Frames;
use crate::raw::Raw;

/// How far a client has come when the end is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It has connected and said nothing, in HTTP/2 nothing that it wants.
    Silent,
    /// It has had an answer.
    Idle,
    /// It has sent the beginning of a head.
    HalfHead,
    /// It reads events, of which there are no more.
    Events,
    /// It speaks another protocol by now.
    Upgraded,
    /// Its handler waits for ever.
    Stuck,
    /// Its handler waits for ever for work that goes on without it.
    StuckInTask,
    /// Its answer is under way.
    Running,
}

/// How a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By itself, since nothing is asked for.
    AtOnce,
    /// With its answer.
    Answered,
    /// By force.
    Cut,
}

/// One row of the matrix.
struct Row {
    state: State,
    end: End,
    /// What the client reads after the end was ordered, in HTTP/1 and in HTTP/2.
    reads: [&'static str; 2],
    tasks_cut: usize,
}

const fn row(state: State, end: End, http1: &'static str, http2: &'static str) -> Row {
    Row {
        state,
        end,
        reads: [http1, http2],
        tasks_cut: matches!(state, State::StuckInTask) as usize,
    }
}

const ROWS: [Row; 8] = [
    row(State::Silent, End::AtOnce, "", ""),
    row(State::Idle, End::AtOnce, "", ""),
    row(State::HalfHead, End::AtOnce, "", ""),
    row(State::Events, End::Cut, "", ""),
    row(State::Upgraded, End::Cut, "", ""),
    row(State::Stuck, End::Cut, "", ""),
    row(State::StuckInTask, End::Cut, "", ""),
    row(
        State::Running,
        End::Answered,
        "5\r\ndone;\r\n0\r\n\r\n",
        "done;;;end;",
    ),
];

#[derive(Clone, Copy, Debug)]
enum Protocol {
    Http1,
    #[cfg(feature = "http2")]
    Http2,
}

const PROTOCOLS: &[Protocol] = &[
    Protocol::Http1,
    #[cfg(feature = "http2")]
    Protocol::Http2,
];

/// Returns every row in every protocol.
fn matrix() -> impl Iterator<Item = (Protocol, &'static Row)> {
    PROTOCOLS
        .iter()
        .flat_map(|protocol| ROWS.iter().map(|row| (*protocol, row)))
}

impl Row {
    /// Returns the counts of a server that has only this connection.
    fn counts(&self) -> (usize, usize, usize) {
        match self.end {
            End::AtOnce | End::Answered => (1, 0, 0),
            End::Cut => (0, 1, self.tasks_cut),
        }
    }
}

fn counts(report: &Report) -> (usize, usize, usize) {
    (report.drained, report.cut, report.tasks_cut)
}

/// The last stream of a farewell that names none.
#[cfg(feature = "http2")]
const ALL: u32 = u32::MAX >> 1;

/// A client of either protocol.
enum Client<IO> {
    Http1(Raw<IO>),
    #[cfg(feature = "http2")]
    Http2(Frames<IO>),
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Client<IO> {
    /// Opens a connection, and returns when the client is in this state and the service knows.
    async fn open(io: IO, protocol: Protocol, state: State, pier: &Pier) -> Self {
        match protocol {
            Protocol::Http1 => Self::Http1(Self::open1(io, state, pier).await),
            #[cfg(feature = "http2")]
            Protocol::Http2 => Self::Http2(Self::open2(io, state, pier).await),
        }
    }

    async fn open1(io: IO, state: State, pier: &Pier) -> Raw<IO> {
        let mut raw = Raw::over(io);
        match state {
            State::Silent => {}
            State::Idle => drop(raw.get("/").await.until("done;").await),
            State::HalfHead => drop(raw.send("GET / HTTP/1.1\r\nHo").await),
            State::Events => drop(raw.get("/events").await.until("first;\r\n").await),
            State::Upgraded => {
                let head = "GET /upgrade HTTP/1.1\r\nHost: quay.test\r\nConnection: upgrade\r\nUpgrade: parrot\r\n\r\n";
                raw.send(head).await.until("\r\n\r\n").await;
                raw.send("polly;").await.until("polly;").await;
            }
            State::Stuck => drop(raw.get("/stuck").await),
            State::StuckInTask => drop(raw.get("/stuck-in-task").await),
            State::Running => drop(raw.get("/running").await.until("nearly \r\n").await),
        }
        pier.has_begun(state).await;
        raw
    }

    #[cfg(feature = "http2")]
    async fn open2(io: IO, state: State, pier: &Pier) -> Frames<IO> {
        let mut frames = Frames::open(io).await;
        match state {
            State::Silent => {}
            State::Idle => {
                frames.get("/").await;
                frames.until("end;").await;
            }
            State::HalfHead => frames.half_a_head().await,
            State::Events => {
                frames.get("/events").await;
                frames.until("first;;").await;
            }
            State::Upgraded => {
                frames.connect("/upgrade").await;
                frames.until("head;").await;
                frames.data("polly;").await;
                frames.until("polly;;").await;
            }
            State::Stuck => frames.get("/stuck").await,
            State::StuckInTask => frames.get("/stuck-in-task").await,
            State::Running => {
                frames.get("/running").await;
                frames.until("nearly ;").await;
            }
        }
        pier.has_begun(state).await;
        frames
    }

    /// Reads until the server closes, and finds there what the row says.
    async fn ends_like(&mut self, row: &Row) {
        match self {
            Self::Http1(raw) => assert_eq!(raw.rest().await, row.reads[0], "{:?}", row.state),
            #[cfg(feature = "http2")]
            Self::Http2(frames) => {
                assert_eq!(frames.rest().await, row.reads[1], "{:?}", row.state);
                // First that there is to be no new request, then which was the last (RFC 9113 §6.8).
                let last = match row.state {
                    State::Silent | State::HalfHead => 0,
                    _ => 1,
                };
                let farewells = frames.farewells();
                assert!(
                    farewells == [ALL, last] || row.end == End::Cut && farewells == [ALL],
                    "{:?}: {farewells:?}",
                    row.state
                );
            }
        }
    }
}

/// A service with an answer for each row.
#[derive(Clone, Default)]
struct Pier {
    /// The running answers wait for it.
    gate: Signal,
    /// How many handlers have begun that wait for ever.
    begun: Arc<Notify>,
    /// Fired when the listeners are closed and everybody knows of the end.
    hook: Signal,
}

impl Pier {
    /// Waits until the handler runs, where the client hears nothing of it.
    async fn has_begun(&self, state: State) {
        if matches!(state, State::Stuck | State::StuckInTask) {
            self.begun.notified().await;
        }
    }

    async fn open(&self) -> ServerHandle {
        Server::new(self.clone())
            .bind("127.0.0.1:0")
            .http2(Http2Config::new().extended_connect(true))
            .timeouts(Timeouts::new().shutdown(None))
            .start()
            .await
            .unwrap()
    }

    async fn answer(self, request: Request, context: Context) -> Response {
        match request.uri().path() {
            "/events" => Response::new(started("first;", std::future::pending())),
            "/running" => {
                let gate = self.gate.clone();
                Response::new(started("nearly ", async move { gate.fired().await }))
            }
            "/upgrade" => upgrade(request),
            "/stuck" => {
                self.begun.notify_one();
                std::future::pending().await
            }
            "/stuck-in-task" => {
                let work = async move {
                    self.begun.notify_one();
                    std::future::pending().await
                };
                context.protect(work).await
            }
            _ => Response::new("done;".into()),
        }
    }
}

/// Sends the first piece of a body, and the last one when `until` is ready.
fn started(first: &'static str, until: impl Future<Output = ()> + Send + 'static) -> Body {
    let (mut sender, body) = Body::channel(1);
    tokio::spawn(async move {
        sender.send(first).await?;
        until.await;
        sender.send("done;").await
    });
    body
}

/// Changes to a protocol that says everything again.
fn upgrade(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let upgraded = TokioIo::new(upgrade.await.unwrap());
        let (mut reading, mut writing) = tokio::io::split(upgraded);
        tokio::io::copy(&mut reading, &mut writing).await
    });
    let mut response = Response::new(Body::empty());
    if request.version() == Version::HTTP_11 {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        for (name, value) in [("connection", "upgrade"), ("upgrade", "parrot")] {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
    }
    response
}

impl Service for Pier {
    type Future = BoxFuture<'static, Response>;

    fn call(&self, request: Request, context: &Context) -> Self::Future {
        Box::pin(self.clone().answer(request, context.clone()))
    }

    async fn shutdown(&self) {
        self.hook.fire();
    }
}

impl Serve for Pier {
    type Service = Self;

    async fn start(self) -> Result<Self, BoxError> {
        Ok(self)
    }
}

async fn until_connected(server: &ServerHandle, connections: usize) {
    while server.stats().connections() != connections as u64 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_connection_ends_as_it_should_and_is_counted() {
    for (protocol, row) in matrix() {
        let name = format!("{:?} in {protocol:?}", row.state);
        let pier = Pier::default();
        let mut server = pier.open().await;
        let io = TcpStream::connect(server.addrs()[0]).await.unwrap();
        let mut client = Client::open(io, protocol, row.state, &pier).await;
        until_connected(&server, 1).await;
        server.begin_shutdown();
        let reading = tokio::spawn(async move { client.ends_like(row).await });
        pier.hook.fired().await;
        if row.end != End::AtOnce {
            // Longer than one that has nothing to wait for stays.
            sleep(Duration::from_millis(100)).await;
            assert_eq!(server.stats().connections(), 1, "{name}");
            assert!(!reading.is_finished(), "{name}");
        }
        match row.end {
            End::AtOnce => {}
            End::Answered => pier.gate.fire(),
            End::Cut => server.cut(),
        }
        reading.await.unwrap();
        let report = server.wait().await.unwrap();
        assert_eq!(counts(&report), row.counts(), "{name}");
    }
}

#[tokio::test]
async fn who_can_end_does_so_before_the_others_are_cut() {
    let pier = Pier::default();
    let mut server = pier.open().await;
    let mut clients = Vec::new();
    for (protocol, row) in matrix() {
        let io = TcpStream::connect(server.addrs()[0]).await.unwrap();
        let client = Client::open(io, protocol, row.state, &pier).await;
        clients.push((client, row));
    }
    until_connected(&server, clients.len()).await;
    server.begin_shutdown();
    for end in [End::AtOnce, End::Answered, End::Cut] {
        match end {
            End::AtOnce => {}
            End::Answered => pier.gate.fire(),
            End::Cut => server.cut(),
        }
        let (ending, others): (Vec<_>, Vec<_>) =
            clients.into_iter().partition(|(_, row)| row.end == end);
        for (mut client, row) in ending {
            client.ends_like(row).await;
        }
        until_connected(&server, others.len()).await;
        clients = others;
    }
    let report = server.wait().await.unwrap();
    let sum = matrix().fold((0, 0, 0), |sum, (_, row)| {
        let counts = row.counts();
        (sum.0 + counts.0, sum.1 + counts.1, sum.2 + counts.2)
    });
    assert_eq!(counts(&report), sum);
}

/// What the shutdown of a program waits for at most.
const DEADLINE: Duration = Duration::from_millis(500);

#[tokio::test(start_paused = true)]
async fn each_connection_takes_the_time_that_it_needs_and_no_more() {
    for (protocol, row) in matrix() {
        let name = format!("{:?} in {protocol:?}", row.state);
        let pier = Pier::default();
        let (io, socket) = duplex(1 << 16);
        let (shutdown, abort) = (Signal::new(), Signal::new());
        let tasks = Tasks::new();
        let connection = Connection::memory().with_server(shutdown.clone(), tasks.clone());
        let config = ConnectionConfig::new(pier.clone())
            .http2(Http2Config::new().extended_connect(true))
            .abort(abort.clone());
        let serving = tokio::spawn(serve_connection(socket, connection, config));
        let mut client = Client::open(io, protocol, row.state, &pier).await;
        // The last word of the client is dealt with.
        sleep(Duration::from_secs(1)).await;

        let began = Instant::now();
        shutdown.fire();
        for (after, signal) in [(Duration::from_millis(200), pier.gate), (DEADLINE, abort)] {
            tokio::spawn(async move {
                sleep(after).await;
                signal.fire();
            });
        }
        client.ends_like(row).await;
        drop(client);
        let end = serving.await.unwrap();
        let (wanted, milliseconds) = match row.end {
            End::AtOnce => (ConnectionEnd::Finished, 0..100),
            // HTTP/1 told the client before that the connection stays, so its next request may be on the way.
            End::Answered => (ConnectionEnd::Finished, 200..260),
            End::Cut => (ConnectionEnd::Cut, 500..510),
        };
        assert_eq!(end, wanted, "{name}");
        let took = began.elapsed().as_millis();
        assert!(milliseconds.contains(&took), "{name} took {took} ms");
        assert_eq!(tasks.running(), row.tasks_cut, "{name}");
    }
}
