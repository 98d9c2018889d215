//! Connections that fail: late, slowly, half way or not at all; on cue, or by a seed.
//!
//! ~~~text
//! Faults ─▶ Plan, one per connection ─▶ incoming, outgoing: Flow
//!    └─ wrap, connector ─▶ Faulty, the stream that carries it out
//! ~~~
//!
//! Everything happens in the time of the runtime: paused time makes minutes of it pass in no time, and two runs with the
//! same plan, or the same seed, see the same bytes at the same times.
//!
//! A client is given a [connector](Faults::connector), a server's side of a pipe is [wrapped](Faults::wrap). What breaks
//! an answer of HTTP, such as a wrong length or a corrupted chunk, is a [`Reply`](crate::upstream::Reply) of a
//! [`MockServer`](crate::MockServer).
//!
//! # Examples
//!
//! The first connection is reset in the middle of the answer, the second one holds:
//!
//! ```
//! use wharf_client::{Client, ErrorKind};
//! use wharf_test::MockServer;
//! use wharf_test::fault::{Faults, Flow, Plan};
//! use wharf_test::upstream::{Reply, get};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let mock = MockServer::new();
//! mock.expect(get("/ships")).times(2).reply(Reply::new(200).text("two ships"));
//!
//! let faults = Faults::first([Plan::new().incoming(Flow::new().reset_after(30))]);
//! let client = Client::builder().connector(faults.connector(mock.connector())).build()?;
//! let error = client.get("http://quay.test/ships").send().await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Disconnected);
//! assert_eq!(client.get("http://quay.test/ships").send().await?.text().await?, "two ships");
//! # Ok::<(), wharf_client::Error>(()) }).unwrap();
//! ```
//!
//! Fifty networks, each of which does something else, and what is to be true in all of them. When the test fails, the seed
//! is printed:
//!
//! ```
//! use wharf_client::{Client, retry::RetryPolicy};
//! use wharf_test::MockServer;
//! use wharf_test::fault::Faults;
//! use wharf_test::upstream::{Reply, get};
//!
//! for seed in 0..50 {
//! #   tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//!     let mock = MockServer::new();
//!     mock.expect(get("/ships")).times(..).reply(Reply::new(200).text("two ships"));
//!     let faults = Faults::seeded(seed);
//!     let client = Client::builder()
//!         .connector(faults.connector(mock.connector()))
//!         .retry(RetryPolicy::new())
//!         .build()?;
//!     if let Ok(mut response) = client.get("http://quay.test/ships").send().await
//!         && let Ok(text) = response.text().await
//!     {
//!         assert_eq!(text, "two ships"); // all of it, or an error
//!     }
//! #   Ok::<(), wharf_client::Error>(()) }).unwrap();
//! }
//! ```

mod connector;
mod dice;
mod faulty;
mod flow;
mod lane;
mod plan;

pub use connector::FaultyConnector;
pub use dice::Dice;
pub use faulty::Faulty;
pub use flow::Flow;
pub use plan::Plan;

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wharf_client::Connector;

/// What goes wrong with connections: a plan for each of them, in the order in which they are opened. Cheap to clone;
/// clones count connections together.
///
/// The module page has examples.
#[derive(Clone)]
pub struct Faults {
    inner: Arc<Inner>,
}

struct Inner {
    source: Source,
    connections: AtomicU64,
}

enum Source {
    Every(Plan),
    First(Vec<Plan>),
    Drawn(u64, Draw),
}

type Draw = Box<dyn Fn(&mut Dice) -> Plan + Send + Sync>;

impl Faults {
    fn new(source: Source) -> Self {
        Self {
            inner: Arc::new(Inner {
                source,
                connections: AtomicU64::new(0),
            }),
        }
    }

    /// Lets the same go wrong with every connection.
    #[must_use]
    pub fn every(plan: Plan) -> Self {
        Self::new(Source::Every(plan))
    }

    /// Gives the first connections a plan each; nothing goes wrong with those that follow.
    #[must_use]
    pub fn first(plans: impl IntoIterator<Item = Plan>) -> Self {
        Self::new(Source::First(plans.into_iter().collect()))
    }

    /// Draws a plan for each connection, the same ones for the same seed.
    ///
    /// The seed is printed to standard error when the last clone is dropped by a panic, as at the end of a test that
    /// fails.
    ///
    /// | drawn | how often | how much |
    /// |---|---|---|
    /// | delay, in each direction | one in two | up to 300 ms |
    /// | bandwidth, in each direction | one in four | 1,000 to 100,000 bytes per second |
    /// | slow to accept | one in eight | up to 5 s |
    /// | refused, or not resolved | one in ten | |
    /// | cut, reset, half-closed or stalled, in one direction | two in five | after up to 2,000 bytes |
    ///
    /// No byte is changed, since nothing could notice that in a body, and no handshake is disturbed, since there may be
    /// none: [`drawn`](Self::drawn) is for draws of your own.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::drawn(seed, Plan::draw)
    }

    /// Draws a plan for each connection by `draw`, which gets other dice for each connection and the same ones for the same seed.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_test::fault::{Faults, Flow, Plan};
    ///
    /// let faults = Faults::drawn(7, |dice| Plan::new().incoming(Flow::new().cut_after(dice.number(0..=500))));
    /// assert_eq!(faults.plan(3), faults.plan(3));
    /// ```
    #[must_use]
    pub fn drawn(seed: u64, draw: impl Fn(&mut Dice) -> Plan + Send + Sync + 'static) -> Self {
        Self::new(Source::Drawn(seed, Box::new(draw)))
    }

    /// Returns the plan of a connection, the first being 0.
    pub fn plan(&self, connection: u64) -> Plan {
        match &self.inner.source {
            Source::Every(plan) => plan.clone(),
            Source::First(plans) => {
                let place = usize::try_from(connection).ok();
                let plan = place.and_then(|place| plans.get(place));
                plan.cloned().unwrap_or_default()
            }
            Source::Drawn(seed, draw) => draw(&mut Dice::of(*seed, connection)),
        }
    }

    /// Returns how many connections have got their plan.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.inner.connections.load(Ordering::Relaxed)
    }

    /// Returns the seed that plans are drawn by.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        match self.inner.source {
            Source::Drawn(seed, _) => Some(seed),
            Source::Every(_) | Source::First(_) => None,
        }
    }

    /// Takes the plan of the next connection.
    fn next(&self) -> Plan {
        self.plan(self.inner.connections.fetch_add(1, Ordering::Relaxed))
    }

    /// Carries out the plan of the next connection on a stream that is open already: either end of a pipe, or a socket.
    ///
    /// # Examples
    ///
    /// ```
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// use wharf_test::fault::{Faults, Flow, Plan};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let faults = Faults::every(Plan::new().incoming(Flow::new().cut_after(5)));
    /// let (mut near, far) = tokio::io::duplex(64);
    /// near.write_all(b"hello, wharf").await?;
    /// let mut text = String::new();
    /// faults.wrap(far).read_to_string(&mut text).await?;
    /// assert_eq!(text, "hello");
    /// # Ok::<(), std::io::Error>(()) }).unwrap();
    /// ```
    pub fn wrap<S>(&self, stream: S) -> Faulty<S> {
        Faulty::new(stream, self.next())
    }

    /// Makes a connector whose connections are those of `inner` and fail as planned.
    pub fn connector<C: Connector>(&self, inner: C) -> FaultyConnector<C> {
        FaultyConnector::new(inner, self.clone())
    }
}

impl From<Plan> for Faults {
    fn from(plan: Plan) -> Self {
        Self::every(plan)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut faults = f.debug_struct("Faults");
        match &self.inner.source {
            Source::Every(plan) => faults.field("every", plan),
            Source::First(plans) => faults.field("first", plans),
            Source::Drawn(seed, _) => faults.field("seed", seed),
        };
        faults
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let Source::Drawn(seed, _) = self.source else {
            return;
        };
        if std::thread::panicking() {
            let connections = *self.connections.get_mut();
            // Where standard error is closed there is nobody to tell.
            let _gone = writeln!(
                std::io::stderr().lock(),
                "faults: seed {seed}, {connections} connections"
            );
        }
    }
}

#[cfg(test)]
mod tests;
