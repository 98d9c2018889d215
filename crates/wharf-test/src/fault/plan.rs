//! [`Plan`]: what goes wrong with one connection.

use std::time::Duration;

use super::{Dice, Flow};

/// What goes wrong with one connection. By default nothing.
///
/// Incoming and outgoing are meant as whoever holds the wrapped stream sees them: to a client, responses come in; to a
/// server, requests do.
///
/// # Examples
///
/// ```
/// use wharf_test::fault::{Flow, Plan};
///
/// /// The peer gets half of a request and is never heard of again.
/// let plan = Plan::new().outgoing(Flow::new().cut_after(40));
/// # let _ = plan;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Plan {
    pub(super) accept_after: Duration,
    pub(super) opening: Opening,
    pub(super) incoming: Flow,
    pub(super) outgoing: Flow,
}

/// How the opening of a connection ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Opening {
    #[default]
    Open,
    Unresolved,
    Refused,
    TlsGarbage,
    TlsClosed,
}

impl Plan {
    /// Creates a plan by which nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long the peer takes to accept the connection. Default: zero.
    ///
    /// A [connector](super::Faults::connector) opens the connection only then; on a stream that was
    /// [wrapped](super::Faults::wrap) nothing moves before.
    pub fn accept_after(mut self, wait: Duration) -> Self {
        self.accept_after = wait;
        self
    }

    /// Lets the look-up of the host's name fail. An address needs none, so that connections to it are as usual.
    ///
    /// A stream that is wrapped ends at once.
    pub fn unresolved(self) -> Self {
        self.opening(Opening::Unresolved)
    }

    /// Lets the connection be refused. A stream that is wrapped ends at once.
    pub fn refused(self) -> Self {
        self.opening(Opening::Refused)
    }

    /// Lets the peer answer the first bytes of a TLS handshake with what is no TLS.
    pub fn tls_garbage(self) -> Self {
        self.opening(Opening::TlsGarbage)
    }

    /// Lets the peer close the connection in the middle of the TLS handshake.
    pub fn tls_closed(self) -> Self {
        self.opening(Opening::TlsClosed)
    }

    /// Sets what happens to the bytes that are read.
    pub fn incoming(mut self, flow: Flow) -> Self {
        self.incoming = flow;
        self
    }

    /// Sets what happens to the bytes that are written.
    pub fn outgoing(mut self, flow: Flow) -> Self {
        self.outgoing = flow;
        self
    }

    fn opening(mut self, opening: Opening) -> Self {
        self.opening = opening;
        self
    }

    /// Draws a plan; what may come out is told at [`Faults::seeded`](super::Faults::seeded).
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let mut plan = Self::new();
        for flow in [&mut plan.incoming, &mut plan.outgoing] {
            if dice.one_in(2) {
                flow.delay = dice.time(Duration::from_millis(300));
            }
            if dice.one_in(4) {
                flow.bandwidth = Some(dice.number(1_000..=100_000));
            }
        }
        if dice.one_in(8) {
            plan.accept_after = dice.time(Duration::from_secs(5));
        }
        if dice.one_in(2) {
            return plan;
        }
        let bytes = dice.number(0..=2_000);
        let kind = dice.number(0..=9);
        let flow = if dice.one_in(2) {
            &mut plan.incoming
        } else {
            &mut plan.outgoing
        };
        *flow = match kind {
            0 => return plan.refused(),
            1 => return plan.unresolved(),
            2 | 3 => flow.clone().cut_after(bytes),
            4 | 5 => flow.clone().half_close_after(bytes),
            6 => flow.clone().stall_after(bytes),
            _ => flow.clone().reset_after(bytes),
        };
        plan
    }
}
