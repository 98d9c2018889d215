//! [`Tokens`]: the middleware that adds a bearer token, and gets another one when it has expired.

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use wharf_client::http::header::{Bearer, TypedHeader};
use wharf_client::http::{HeaderValue, Middleware, Request, Response, StatusCode};
use wharf_client::middleware::{Next, Sending, try_clone};
use wharf_client::{Client, Error, Url};

/// Adds the token to each request to the API.
pub(crate) struct Tokens {
    /// One without this middleware, which would wait for itself.
    client: Client,
    key: String,
    current: Mutex<Option<Token>>,
}

/// A token, ready to be sent.
#[derive(Clone)]
struct Token {
    value: HeaderValue,
    /// Which one it is, counted from 1.
    number: u64,
}

#[derive(Serialize)]
struct Asked<'a> {
    key: &'a str,
}

#[derive(Deserialize)]
struct Given {
    token: String,
}

impl Tokens {
    pub(crate) fn new(client: Client, key: String) -> Self {
        Self {
            client,
            key,
            current: Mutex::new(None),
        }
    }

    /// Returns a token that is newer than the one which was `refused`; zero is older than all.
    ///
    /// However many calls are refused at once, one of them asks, and the others wait for it at the lock. When that one is given
    /// up, the next in line asks.
    async fn newer_than(&self, refused: u64) -> Result<Token, Error> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| token.number > refused) {
            return Ok(token.clone());
        }
        let request = self.client.post("token").form(&Asked { key: &self.key });
        let given: Given = request.send().await?.ok()?.json().await?;
        let bearer = Bearer::new(given.token).ok();
        let value = bearer.and_then(|bearer| bearer.encode());
        let token = Token {
            // With what cannot be sent, the API answers 401, which says it all.
            value: value.unwrap_or_else(|| HeaderValue::from_static("Bearer")),
            number: refused + 1,
        };
        *current = Some(token.clone());
        Ok(token)
    }

    /// Tells whether a request goes to the API: middleware sees each hop of a redirect, which may lead to somebody else.
    fn is_ours(&self, request: &Request) -> bool {
        let url = Url::parse(&request.uri().to_string());
        let base = self.client.base();
        url.is_ok_and(|url| base.is_some_and(|base| base.origin() == url.origin()))
    }
}

impl Middleware<Sending> for Tokens {
    async fn handle(&self, mut request: Request, next: Next) -> Result<Response, Error> {
        if !self.is_ours(&request) {
            return next.run(request).await;
        }
        let token = self.newer_than(0).await?;
        let spare = try_clone(&request);
        authorize(&mut request, &token);
        let response = next.clone().run(request).await?;
        let Some(mut again) = spare.filter(|_| response.status() == StatusCode::UNAUTHORIZED)
        else {
            return Ok(response);
        };
        // What it says is of no use, but a body that is not read costs the connection.
        let _short = response.into_body().bytes(64 << 10).await;
        let token = self.newer_than(token.number).await?;
        authorize(&mut again, &token);
        next.run(again).await
    }
}

fn authorize(request: &mut Request, token: &Token) {
    let headers = request.headers_mut();
    headers.insert(Bearer::NAME, token.value.clone());
}
