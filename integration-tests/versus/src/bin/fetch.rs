//! One client of the comparison: `fetch CLIENT WORK PORT COUNT` prints how many nanoseconds of CPU time, user and kernel, the work
//! took, and how many passed by the clock.
//!
//! `one` and `many` get a short text `COUNT` times, with 1 and 64 requests in flight; `down` and `up` move a large body `COUNT`
//! times. Every client is given the address as text for each request, has one current-thread runtime, and sends the same fields.

use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use nix::time::{ClockId, clock_gettime};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;
use versus::{LARGE, Pieces};

const IN_FLIGHT: usize = 64;

type Failure = Box<dyn Error>;
type Payload = Either<Empty<Bytes>, Pieces>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [client, work, port, count] = arguments.as_slice() else {
        return Err("expected: fetch CLIENT WORK PORT COUNT".into());
    };
    let (work, count) = (work.as_str(), count.parse()?);
    let base = format!("http://127.0.0.1:{port}");
    let local = LocalSet::new();
    match client.as_str() {
        "hyper" => local.run_until(run(ByHand::open(&base).await?, work, count, &base)).await,
        "legacy" => local.run_until(run(Legacy::new(), work, count, &base)).await,
        "limited" => local.run_until(run(Limited(Legacy::new()), work, count, &base)).await,
        "reqwest" => local.run_until(run(Reqwest::new()?, work, count, &base)).await,
        "wharf" => local.run_until(run(Wharf::new(), work, count, &base)).await,
        other => Err(format!("unknown client `{other}`: expected hyper, legacy, limited, reqwest or wharf").into()),
    }
}

/// What can make requests, one at a time.
trait Fetch: Sized + 'static {
    /// Makes another that works beside this one, with connections of the same pool where there is one.
    async fn beside(&self, base: &str) -> Result<Self, Failure>;
    /// Gets `url` and returns how many bytes came, which are to be read as they come.
    async fn get(&mut self, url: &str) -> Result<u64, Failure>;
    /// Sends a large body.
    async fn post(&mut self, url: &str) -> Result<(), Failure>;
}

async fn run(mut client: impl Fetch, work: &str, count: usize, base: &str) -> Result<(), Failure> {
    let (small, large) = (format!("{base}/"), format!("{base}/large"));
    match work {
        "one" => {
            fetch(&mut client, &small, 13, count / 20).await?;
            let begun = Begun::now()?;
            fetch(&mut client, &small, 13, count).await?;
            begun.print()?;
        }
        "many" => {
            let mut clients = Vec::new();
            for _ in 0..IN_FLIGHT {
                clients.push(client.beside(base).await?);
            }
            let clients = at_once(clients, &small, count / 20).await?;
            let begun = Begun::now()?;
            at_once(clients, &small, count).await?;
            begun.print()?;
        }
        "down" => {
            let begun = Begun::now()?;
            fetch(&mut client, &large, LARGE, count).await?;
            begun.print()?;
        }
        "up" => {
            let begun = Begun::now()?;
            for _ in 0..count {
                client.post(&large).await?;
            }
            begun.print()?;
        }
        other => return Err(format!("unknown work `{other}`: expected one, many, down or up").into()),
    }
    Ok(())
}

async fn fetch(client: &mut impl Fetch, url: &str, expected: u64, count: usize) -> Result<(), Failure> {
    for _ in 0..count {
        let bytes = client.get(url).await?;
        if bytes != expected {
            return Err(format!("{bytes} bytes came, not {expected}").into());
        }
    }
    Ok(())
}

/// Makes `count` requests with all clients together.
async fn at_once<C: Fetch>(clients: Vec<C>, url: &str, count: usize) -> Result<Vec<C>, Failure> {
    let mut tasks = JoinSet::new();
    for mut client in clients {
        let url = url.to_owned();
        tasks.spawn_local(async move {
            let done = fetch(&mut client, &url, 13, count / IN_FLIGHT).await;
            done.map(|()| client).map_err(|error| error.to_string())
        });
    }
    Ok(tasks.join_all().await.into_iter().collect::<Result<_, _>>()?)
}

/// The beginning of what is measured.
struct Begun {
    clock: Instant,
    cpu: u64,
}

impl Begun {
    fn now() -> Result<Self, Failure> {
        Ok(Self { clock: Instant::now(), cpu: cpu()? })
    }

    fn print(&self) -> Result<(), Failure> {
        println!("{} {}", cpu()? - self.cpu, self.clock.elapsed().as_nanos());
        Ok(())
    }
}

/// Returns how many nanoseconds of CPU time the process has taken.
fn cpu() -> Result<u64, Failure> {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
    Ok(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

async fn count(response: Response<Incoming>) -> Result<u64, Failure> {
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(bytes)
}

/// Makes a request with the fields that all clients send.
fn request(method: &str, url: impl TryInto<Uri, Error: Into<hyper::http::Error>>, payload: Payload) -> Result<Request<Payload>, Failure> {
    let mut request = Request::builder().method(method).uri(url).body(payload)?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(USER_AGENT, HeaderValue::from_static("wharf/0.1.0"));
    Ok(request)
}

/// One connection of hyper, without a pool.
struct ByHand {
    sender: SendRequest<Payload>,
}

impl ByHand {
    async fn open(base: &str) -> Result<Self, Failure> {
        let address = base.trim_start_matches("http://");
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    async fn send(&mut self, method: &str, url: &str, payload: Payload) -> Result<u64, Failure> {
        let uri: Uri = url.parse()?;
        let host = HeaderValue::from_str(uri.authority().ok_or("no host")?.as_str())?;
        let mut request = request(method, uri.path(), payload)?;
        request.headers_mut().insert(HOST, host);
        self.sender.ready().await?;
        count(self.sender.send_request(request).await?).await
    }
}

impl Fetch for ByHand {
    async fn beside(&self, base: &str) -> Result<Self, Failure> {
        Self::open(base).await
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        self.send("GET", url, Either::Left(Empty::new())).await
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        self.send("POST", url, Either::Right(Pieces::new(LARGE))).await.map(drop)
    }
}

/// The client of hyper-util.
#[derive(Clone)]
struct Legacy {
    client: legacy::Client<legacy::connect::HttpConnector, Payload>,
}

impl Legacy {
    fn new() -> Self {
        let mut connector = legacy::connect::HttpConnector::new();
        connector.set_nodelay(true);
        Self { client: legacy::Client::builder(TokioExecutor::new()).build(connector) }
    }
}

impl Fetch for Legacy {
    async fn beside(&self, _: &str) -> Result<Self, Failure> {
        Ok(self.clone())
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        let request = request("GET", url, Either::Left(Empty::new()))?;
        count(self.client.request(request).await?).await
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        let request = request("POST", url, Either::Right(Pieces::new(LARGE)))?;
        count(self.client.request(request).await?).await.map(drop)
    }
}

/// The client of hyper-util with the limits on time that a careful user puts around it: to the head, and between two pieces.
struct Limited(Legacy);

const LIMIT: Duration = Duration::from_secs(30);

impl Fetch for Limited {
    async fn beside(&self, _: &str) -> Result<Self, Failure> {
        Ok(Self(self.0.clone()))
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        let request = request("GET", url, Either::Left(Empty::new()))?;
        count_within(timeout(LIMIT, self.0.client.request(request)).await??).await
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        let request = request("POST", url, Either::Right(Pieces::new(LARGE)))?;
        count_within(timeout(LIMIT, self.0.client.request(request)).await??).await.map(drop)
    }
}

async fn count_within(response: Response<Incoming>) -> Result<u64, Failure> {
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = timeout(LIMIT, body.frame()).await? {
        bytes += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(bytes)
}

#[derive(Clone)]
struct Reqwest {
    client: reqwest::Client,
}

impl Reqwest {
    fn new() -> Result<Self, Failure> {
        let client = reqwest::Client::builder().user_agent("wharf/0.1.0").no_proxy().build()?;
        Ok(Self { client })
    }
}

impl Fetch for Reqwest {
    async fn beside(&self, _: &str) -> Result<Self, Failure> {
        Ok(self.clone())
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        let mut response = self.client.get(url).send().await?;
        let mut bytes = 0;
        while let Some(piece) = response.chunk().await? {
            bytes += piece.len() as u64;
        }
        Ok(bytes)
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        let body = reqwest::Body::wrap(Pieces::new(LARGE));
        self.client.post(url).body(body).send().await?.bytes().await?;
        Ok(())
    }
}

#[derive(Clone)]
struct Wharf {
    client: wharf_client::Client,
}

impl Wharf {
    fn new() -> Self {
        Self { client: wharf_client::Client::new() }
    }
}

impl Fetch for Wharf {
    async fn beside(&self, _: &str) -> Result<Self, Failure> {
        Ok(self.clone())
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        let mut response = self.client.get(url).send().await?;
        let mut bytes = 0;
        while let Some(piece) = response.chunk().await? {
            bytes += piece.len() as u64;
        }
        Ok(bytes)
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        let body = wharf_http::Body::new(Pieces::new(LARGE));
        self.client.post(url).body(body).send().await?.bytes().await?;
        Ok(())
    }
}
