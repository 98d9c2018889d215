use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::sleep;
use wharf_http::BoxError;

use super::*;
use crate::connect::{Stream, Target};
use crate::{Client, ClientBuilder, Connector, Response, Timeouts};

mod cancelled;
mod closing;

mod idle;
mod limits;
mod model;
mod order;
mod runtimes;

mod stats;

/// Servers in memory, one for each name. What they do is told by the query of a request: `wait`, milliseconds before the head;
/// `pause`, milliseconds within the body; `keep`, seconds of keep-alive that are announced; `close`.
#[derive(Clone, Default)]
struct Docks {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Open connections by host.
    open: HashMap<String, usize>,
    /// The most that were open at once, by host.
    most: HashMap<String, usize>,
    opened: usize,
    /// The paths of requests in the order of their arrival.
    paths: Vec<String>,
}

impl Connector for Docks {
    async fn connect(&self, target: Target) -> Result<Stream, BoxError> {
        sleep(Duration::from_millis(1)).await;
        let (near, far) = duplex(64 * 1024);
        let ship = self.arrive(target.host());
        tokio::spawn(serve(far, ship));
        Ok(Stream::new(near))
    }
}

impl Docks {
    fn arrive(&self, host: &str) -> Ship {
        let mut seen = self.seen.lock().unwrap();
        seen.opened += 1;
        let open = seen.open.entry(host.to_owned()).or_default();
        *open += 1;
        let open = *open;
        let most = seen.most.entry(host.to_owned()).or_default();
        *most = open.max(*most);
        Ship {
            docks: self.clone(),
            host: host.to_owned(),
        }
    }

    fn open(&self) -> usize {
        self.seen.lock().unwrap().open.values().sum()
    }

    fn most(&self, host: &str) -> usize {
        self.seen.lock().unwrap().most[host]
    }

    fn opened(&self) -> usize {
        self.seen.lock().unwrap().opened
    }

    fn paths(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().paths)
    }
}

/// One connection to a server; dropped when the server sees its end.
struct Ship {
    docks: Docks,
    host: String,
}

impl Drop for Ship {
    fn drop(&mut self) {
        let mut seen = self.docks.seen.lock().unwrap();
        *seen.open.get_mut(&self.host).unwrap() -= 1;
    }
}

async fn serve(far: DuplexStream, ship: Ship) -> std::io::Result<()> {
    let mut far = BufReader::new(far);
    loop {
        let mut line = String::new();
        if far.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let target = line.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        ship.docks
            .seen
            .lock()
            .unwrap()
            .paths
            .push(path[1..].to_owned());
        let query: HashMap<_, _> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .collect();
        let millis = |name: &str| Some(Duration::from_millis(query.get(name)?.parse().ok()?));
        let mut rest = String::new();
        while rest != "\r\n" {
            rest.clear();
            far.read_line(&mut rest).await?;
        }
        if let Some(wait) = millis("wait") {
            // A peer that goes away is noticed at once.
            tokio::select! {
                () = sleep(wait) => {}
                _ = far.fill_buf() => return Ok(()),
            }
        }
        let mut head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n".to_owned();
        if let Some(keep) = query.get("keep") {
            head += &format!("keep-alive: timeout={keep}, max=100\r\n");
        }
        if query.contains_key("close") {
            head += "connection: close\r\n";
        }
        far.write_all(format!("{head}\r\nh").as_bytes()).await?;
        if let Some(pause) = millis("pause") {
            tokio::select! {
                () = sleep(pause) => {}
                _ = far.fill_buf() => return Ok(()),
            }
        }
        far.write_all(b"i").await?;
        if query.contains_key("close") {
            return Ok(());
        }
    }
}

fn docks_with(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (Client, Docks) {
    let docks = Docks::default();
    let builder = Client::builder().connector(docks.clone());
    (change(builder).build().unwrap(), docks)
}

fn docks(config: PoolConfig) -> (Client, Docks) {
    docks_with(|builder| builder.pool(config))
}

async fn get(client: &Client, url: &str) -> Result<Response, Error> {
    client.get(format!("http://{url}")).send().await
}

async fn fetch(client: &Client, url: &str) -> Result<String, Error> {
    get(client, url).await?.text().await
}

/// Fetches in a task of its own, which has come as far as it can when this returns.
async fn fetching(client: &Client, url: &str) -> tokio::task::JoinHandle<Result<String, Error>> {
    let (client, url) = (client.clone(), url.to_owned());
    let task = tokio::spawn(async move { fetch(&client, &url).await });
    settle().await;
    task
}

/// Lets all tasks go on as far as they can without time passing.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn one_host(client: &Client) -> HostStats {
    let stats = client.stats();
    assert_eq!(stats.hosts().len(), 1, "{stats:?}");
    stats.hosts()[0].clone()
}

#[test]
fn what_the_last_request_went_to_is_no_excuse_for_another_scheme_host_or_way() {
    let pool = Pool::new(PoolConfig::new(), 1);
    let key = |uri: &str, http2| {
        let way = Way {
            http2,
            ..Way::default()
        };
        pool.key(&uri.parse().unwrap(), way)
    };
    let first = key("http://quay.test/", false).unwrap();
    assert!(key("http://quay.test/ships", false).unwrap() == first);
    assert!(key("http://quay.test/", true).unwrap() != first);
    let _last_again = key("http://quay.test/", false).unwrap();
    assert!(key("http://quay.test:81/", false).unwrap() != first);
    let _last_again = key("http://quay.test/", false).unwrap();
    assert!(key("ftp://quay.test/", false).is_err());
    assert!(key("/ships", false).is_err());
}
