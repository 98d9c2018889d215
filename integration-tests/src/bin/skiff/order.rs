//! One request, as a line of standard input tells it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wharf_client::{Client, RequestBuilder};
use wharf_http::body::Sender;
use wharf_http::multipart::{Form, Part};
use wharf_http::{Body, BoxError, HeaderMap, HeaderName, Method};

use crate::answer::{self, Tally};
use crate::settings::{Limits, redirects};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    query: Vec<(String, String)>,
    #[serde(default)]
    cookies: Vec<(String, String)>,
    body: Option<Content>,
    basic: Option<(String, String)>,
    bearer: Option<String>,
    #[serde(default)]
    expect: bool,
    #[serde(default)]
    repeatable: bool,
    timeouts: Option<Limits>,
    redirects: Option<u32>,
    decode: Option<bool>,
    body_limit: Option<usize>,
    #[serde(default)]
    read: Read,
    /// How often the request is sent.
    #[serde(default = "once")]
    pub(crate) times: usize,
    /// How many of them are under way together.
    #[serde(default = "once")]
    together: usize,
}

/// What is done with the response.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Read {
    /// It is read piece by piece, and counted.
    #[default]
    Pieces,
    /// The same, and no hash is made of it, which is slow in a program that is not optimized.
    Count,
    /// Piece by piece with the trailers.
    Frames,
    /// It is read at once, within the limit of the client.
    Bytes,
    /// As text.
    Text,
    /// As JSON.
    Json,
    /// Only if the status is no error.
    Ok,
    /// It is dropped.
    Drop,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    Text(String),
    Json(Value),
    Form(Vec<(String, String)>),
    Multipart(Vec<Field>),
    File(PathBuf),
    Stream(Pieces),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    name: String,
    value: Option<String>,
    file: Option<PathBuf>,
    file_name: Option<String>,
    content_type: Option<String>,
    stream: Option<Pieces>,
}

/// A body that is made while it is sent.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pieces {
    count: usize,
    size: usize,
    /// Seconds before each piece.
    #[serde(default)]
    pause: f64,
    #[serde(default)]
    trailers: Vec<(String, String)>,
    /// It fails in place of its end.
    #[serde(default)]
    fails: bool,
}

fn get() -> String {
    "GET".to_owned()
}

fn once() -> usize {
    1
}

impl Order {
    /// Sends it once.
    pub(crate) async fn carry_out(self, client: &Client) -> Value {
        let began = Instant::now();
        let sent = Arc::new(AtomicU64::new(0));
        let read = self.read;
        let request = match self.into_request(client, &sent).await {
            Ok(request) => request,
            Err(error) => return json!({ "refused": error.to_string() }),
        };
        let mut answer = match request.send().await {
            Ok(response) => answer::read(response, read).await,
            Err(error) => answer::failed(&error),
        };
        answer["seconds"] = json!(began.elapsed().as_secs_f64());
        answer["sent"] = json!(sent.load(Ordering::Relaxed));
        answer
    }

    async fn into_request(
        self,
        client: &Client,
        sent: &Arc<AtomicU64>,
    ) -> Result<RequestBuilder, BoxError> {
        let sent = Arc::clone(sent);
        let mut request = client
            .request(Method::from_bytes(self.method.as_bytes())?, self.url)
            .upload_progress(move |bytes| sent.store(bytes, Ordering::Relaxed));
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        for (name, value) in &self.cookies {
            request = request.cookie(name, value);
        }
        if let Some(content) = self.body {
            request = content.put_into(request).await?;
        }
        if let Some((user, password)) = self.basic {
            request = request.basic_auth(&user, &password);
        }
        if let Some(token) = self.bearer {
            request = request.bearer_auth(&token);
        }
        if self.expect {
            request = request.expect_continue();
        }
        if self.repeatable {
            request = request.repeatable();
        }
        if let Some(limits) = self.timeouts {
            request = request.timeouts(limits.read());
        }
        if let Some(limit) = self.redirects {
            request = request.redirects(redirects(limit));
        }
        if let Some(on) = self.decode {
            request = request.decode(on);
        }
        if let Some(bytes) = self.body_limit {
            request = request.body_limit(bytes);
        }
        Ok(request)
    }
}

/// Sends one request many times, and tells what became of all.
pub(crate) async fn many(client: &Client, order: Order) -> Value {
    let began = Instant::now();
    let turns = Arc::new(Semaphore::new(order.together));
    let mut under_way = JoinSet::new();
    let mut tally = Tally::default();
    for _ in 0..order.times {
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else {
            break;
        };
        let (client, order) = (client.clone(), order.clone());
        under_way.spawn(async move {
            let answer = order.carry_out(&client).await;
            drop(turn);
            answer
        });
        while let Some(Ok(answer)) = under_way.try_join_next() {
            tally.count(&answer);
        }
    }
    while let Some(Ok(answer)) = under_way.join_next().await {
        tally.count(&answer);
    }
    tally.told(began.elapsed())
}

impl Content {
    async fn put_into(self, request: RequestBuilder) -> Result<RequestBuilder, BoxError> {
        Ok(match self {
            Self::Text(text) => request.body(text),
            Self::Json(value) => request.json(&value),
            Self::Form(pairs) => request.form(&pairs),
            Self::File(path) => request.file(path).await,
            Self::Stream(pieces) => request.body(pieces.into_body()?),
            Self::Multipart(fields) => {
                let mut form = Form::new();
                for field in fields {
                    form = form.add(field.name.clone(), field.into_part().await?);
                }
                request.multipart(form)
            }
        })
    }
}

impl Field {
    async fn into_part(self) -> Result<Part, BoxError> {
        let mut part = match (self.file, self.stream) {
            (Some(path), _) => Part::file(path).await?,
            (None, Some(pieces)) => Part::new(pieces.into_body()?),
            (None, None) => Part::new(self.value.unwrap_or_default()),
        };
        if let Some(name) = self.file_name {
            part = part.file_name(name);
        }
        if let Some(kind) = self.content_type {
            part = part.content_type(kind);
        }
        Ok(part)
    }
}

impl Pieces {
    fn into_body(self) -> Result<Body, BoxError> {
        let mut trailers = HeaderMap::new();
        for (name, value) in &self.trailers {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            trailers.insert(name, value.parse()?);
        }
        let (sender, body) = Body::channel(1);
        tokio::spawn(self.send(sender, trailers));
        Ok(body)
    }

    async fn send(self, mut sender: Sender, trailers: HeaderMap) -> Result<(), BoxError> {
        let piece = Bytes::from(vec![b'x'; self.size]);
        for _ in 0..self.count {
            if self.pause > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(self.pause)).await;
            }
            sender.send(piece.clone()).await?;
        }
        match self.fails {
            true => sender.abort("told to fail").await?,
            false => sender.finish_with(trailers).await?,
        }
        Ok(())
    }
}
