//! [`Harbour`]: the API as functions and types.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wharf_client::http::StatusCode;
use wharf_client::retry::RetryPolicy;
use wharf_client::{Client, Error, PoolConfig, Timeouts};

use crate::phases::Phases;
use crate::token::Tokens;

/// More pages than that are a server that leads in circles.
const MOST_PAGES: usize = 10_000;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ship {
    pub(crate) name: String,
    pub(crate) tons: u32,
}

/// The API. Cheap to clone, like the client in it.
#[derive(Clone)]
pub(crate) struct Harbour {
    client: Client,
}

impl Harbour {
    /// Leads to the API at `base`, whose path ends in a slash, for the owner of `key`.
    pub(crate) fn new(base: &str, key: String) -> Result<Self, Error> {
        let timeouts = Timeouts::new()
            .connect(Duration::from_secs(3))
            .response_head(Duration::from_secs(10))
            // All attempts and the waits between them, so that whoever calls knows the worst.
            .total(Duration::from_secs(30));
        let phases = Arc::new(Phases::default());
        let plain = Client::builder()
            .base(base)
            .timeouts(timeouts.clone())
            .observer(Arc::clone(&phases))
            .build()?;
        let client = Client::builder()
            .base(base)
            .user_agent("harbour-client/1.0")
            .pool(PoolConfig::new().max_per_host(4))
            .timeouts(timeouts)
            // 503 and its like, and connections that fail. This API knows `idempotency-key`, so that even a `POST` may be sent
            // again: it acts on the first one that arrives.
            .retry(
                RetryPolicy::new()
                    .attempts(4)
                    .backoff(Duration::from_millis(100), Duration::from_secs(2))
                    .retry_after(Duration::from_secs(10))
                    .idempotency_key(true),
            )
            .wrap(Tokens::new(plain, key))
            .observer(phases)
            .build()?;
        Ok(Self { client })
    }

    /// Returns all ships, page by page.
    pub(crate) fn ships(&self) -> Pages {
        Pages {
            client: self.client.clone(),
            next: Some("ships".to_owned()),
            left: MOST_PAGES,
        }
    }

    /// Returns one ship; `None` when there is none of that name.
    pub(crate) async fn ship(&self, name: &str) -> Result<Option<Ship>, Error> {
        // However a ship is called, that is no way to other parts of the API.
        let request = self.client.get("ships").segment(name);
        let response = request.send().await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        response.ok()?.json().await.map(Some)
    }

    /// Adds a ship, and returns it as the harbour has it.
    pub(crate) async fn add(&self, ship: &Ship) -> Result<Ship, Error> {
        let request = self.client.post("ships").json(ship);
        request.send().await?.ok()?.json().await
    }
}

/// A list that comes in pages; each one says where the next is (RFC 8288).
pub(crate) struct Pages {
    client: Client,
    next: Option<String>,
    left: usize,
}

impl Pages {
    /// Returns the ships of the next page; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Ship>>, Error> {
        let Some(url) = self.next.take().filter(|_| self.left > 0) else {
            return Ok(None);
        };
        let mut response = self.client.get(url).send().await?.ok()?;
        let links = response.links();
        self.next = links.rel("next").map(|link| link.url().to_string());
        self.left -= 1;
        response.json().await.map(Some)
    }
}
