//! One client of the comparison: `fetch CLIENT WORK PORT COUNT`; the work is described at [`versus::work`].

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::LocalSet;
use tokio::time::timeout;
use versus::server::Failure;
use versus::work::{Fetch, Greeting, Work};
use versus::{LARGE, Pieces};
use wharf_client::{PoolConfig, Timeouts};

type Payload = Either<Empty<Bytes>, Pieces>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let (client, work) = Work::take()?;
    let local = LocalSet::new();
    match client.as_str() {
        "hyper" => local.run_until(work.run::<ByHand>()).await,
        "legacy" => local.run_until(work.run::<Legacy>()).await,
        "limited" => local.run_until(work.run::<Limited>()).await,
        "reqwest" => local.run_until(work.run::<Reqwest>()).await,
        "wharf" => local.run_until(work.run::<Wharf<true>>()).await,
        "wharf-unlimited" => local.run_until(work.run::<Wharf<false>>()).await,
        other => Err(format!(
            "unknown client `{other}`: expected hyper, legacy, limited, reqwest, wharf or wharf-unlimited"
        )
        .into()),
    }
}

async fn count(response: Response<Incoming>) -> Result<u64, Failure> {
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(bytes)
}

/// Parses a body once it is there as a whole.
async fn parse(response: Response<Incoming>) -> Result<Greeting, Failure> {
    let body = response.into_body().collect().await?.to_bytes();
    Ok(serde_json::from_slice(&body)?)
}

/// Makes a request with the fields that all clients send.
fn request(
    method: &str,
    url: impl TryInto<Uri, Error: Into<hyper::http::Error>>,
    payload: Payload,
) -> Result<Request<Payload>, Failure> {
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
    async fn send(
        &mut self,
        method: &str,
        url: &str,
        payload: Payload,
    ) -> Result<Response<Incoming>, Failure> {
        let uri: Uri = url.parse()?;
        let host = HeaderValue::from_str(uri.authority().ok_or("no host")?.as_str())?;
        let mut request = request(method, uri.path(), payload)?;
        request.headers_mut().insert(HOST, host);
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
    }
}

impl Fetch for ByHand {
    async fn open(base: &str) -> Result<Self, Failure> {
        let address = base.trim_start_matches("http://");
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    async fn beside(&self, base: &str) -> Result<Self, Failure> {
        Self::open(base).await
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        count(self.send("GET", url, Either::Left(Empty::new())).await?).await
    }

    async fn json(&mut self, url: &str) -> Result<Greeting, Failure> {
        parse(self.send("GET", url, Either::Left(Empty::new())).await?).await
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        count(
            self.send("POST", url, Either::Right(Pieces::new(LARGE)))
                .await?,
        )
        .await
        .map(drop)
    }
}

/// The client of hyper-util.
#[derive(Clone)]
struct Legacy {
    client: legacy::Client<legacy::connect::HttpConnector, Payload>,
}

impl Fetch for Legacy {
    async fn open(_: &str) -> Result<Self, Failure> {
        let mut connector = legacy::connect::HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            client: legacy::Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    async fn beside(&self, _: &str) -> Result<Self, Failure> {
        Ok(self.clone())
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        let request = request("GET", url, Either::Left(Empty::new()))?;
        count(self.client.request(request).await?).await
    }

    async fn json(&mut self, url: &str) -> Result<Greeting, Failure> {
        let request = request("GET", url, Either::Left(Empty::new()))?;
        parse(self.client.request(request).await?).await
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
    async fn open(base: &str) -> Result<Self, Failure> {
        Legacy::open(base).await.map(Self)
    }

    async fn beside(&self, _: &str) -> Result<Self, Failure> {
        Ok(Self(self.0.clone()))
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        let request = request("GET", url, Either::Left(Empty::new()))?;
        count_within(timeout(LIMIT, self.0.client.request(request)).await??).await
    }

    async fn json(&mut self, url: &str) -> Result<Greeting, Failure> {
        let request = request("GET", url, Either::Left(Empty::new()))?;
        let mut body = timeout(LIMIT, self.0.client.request(request))
            .await??
            .into_body();
        let mut json = Vec::new();
        while let Some(frame) = timeout(LIMIT, body.frame()).await? {
            json.extend_from_slice(frame?.data_ref().map_or(&[][..], |data| data));
        }
        Ok(serde_json::from_slice(&json)?)
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        let request = request("POST", url, Either::Right(Pieces::new(LARGE)))?;
        count_within(timeout(LIMIT, self.0.client.request(request)).await??)
            .await
            .map(drop)
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

impl Fetch for Reqwest {
    async fn open(_: &str) -> Result<Self, Failure> {
        let client = reqwest::Client::builder()
            .user_agent("wharf/0.1.0")
            .no_proxy()
            .build()?;
        Ok(Self { client })
    }

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

    async fn json(&mut self, url: &str) -> Result<Greeting, Failure> {
        Ok(self.client.get(url).send().await?.json().await?)
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        let body = reqwest::Body::wrap(Pieces::new(LARGE));
        self.client
            .post(url)
            .body(body)
            .send()
            .await?
            .bytes()
            .await?;
        Ok(())
    }
}

#[derive(Clone)]
struct Wharf<const LIMITED: bool> {
    client: wharf_client::Client,
}

impl<const LIMITED: bool> Fetch for Wharf<LIMITED> {
    async fn open(_: &str) -> Result<Self, Failure> {
        if LIMITED {
            let client = wharf_client::Client::new();
            return Ok(Self { client });
        }
        let timeouts = Timeouts::new()
            .pool_wait(None)
            .connect(None)
            .response_head(None)
            .body_read(None)
            .min_rate(None);
        let client = wharf_client::Client::builder()
            .timeouts(timeouts)
            .pool(PoolConfig::new().idle(None))
            .build()?;
        Ok(Self { client })
    }

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

    async fn json(&mut self, url: &str) -> Result<Greeting, Failure> {
        Ok(self.client.get(url).send().await?.json().await?)
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        let body = wharf_http::Body::new(Pieces::new(LARGE));
        self.client
            .post(url)
            .body(body)
            .send()
            .await?
            .bytes()
            .await?;
        Ok(())
    }
}
