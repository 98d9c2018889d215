//! Digest authentication (RFC 7616): a password is proved, not sent.
//!
//! ~~~text
//! authorize ─▶ sent without ─▶ 401 ─▶ challenge ─▶ Retry ─▶ authorize ─▶ sent with ─▶ 200 ─▶ confirm
//!     └ nonce known ─▶ sent with ─▶ 401, stale ──┘  └ refused, or nothing that is known ─▶ GiveUp
//! ~~~
//!
//! [`Digest`] holds the credentials and the nonce that a server gave last; an `Exchange` is what happened to one
//! request so far. The lock covers the choice of a nonce and its count, never a hash of a body.

mod algorithm;
mod answer;
mod asked;
mod space;
mod state;
mod terms;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::{HeaderMap, HeaderValue};
use wharf_http::header::AuthParameters;

use self::answer::{Answer, Key};
pub(crate) use self::asked::{Asked, Asker};
use self::space::Space;
use self::state::{Session, State};
use self::terms::Terms;
use crate::{Error, ErrorKind};

/// How often one request is sent again because its nonce was too old.
///
/// A server that lets a nonce be used once makes a request lose against others that run beside it.
const MAX_STALE: u8 = 2;

/// A user name and a password for digest authentication (RFC 7616). Cheap to clone; clones share what the server said.
///
/// The strongest algorithm that the server offers is taken: SHA-512-256, SHA-256 or MD5, each with or without `-sess`.
/// Once a server has given a nonce, later requests prove the password at once, without being asked first.
///
/// The credentials belong to the scheme, host and port of the first request that they are used for. No other origin gets
/// an answer, whatever it asks; the only exception are URLs that the first one lists as its own (`domain`).
///
/// Debug output does not show the password.
///
/// # Examples
///
/// ```
/// use wharf_client::digest::Digest;
///
/// let credentials = Digest::new("Mufasa", "Circle of Life");
/// assert!(!format!("{credentials:?}").contains("Circle"));
/// ```
#[derive(Clone)]
pub struct Digest {
    inner: Arc<Inner>,
}

struct Inner {
    user: String,
    password: String,
    /// Makes a client nonce; `None` when the system has no random bytes to give.
    cnonce: fn() -> Option<String>,
    state: Mutex<State>,
}

impl Digest {
    /// Takes a user name and a password.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::with_cnonce(user.into(), password.into(), random)
    }

    fn with_cnonce(user: String, password: String, cnonce: fn() -> Option<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                user,
                password,
                cnonce,
                state: Mutex::default(),
            }),
        }
    }

    /// Makes the credentials for a request, if it is known what the server wants to see. To be called before each time
    /// that a request is sent: the first one binds the credentials to its origin.
    pub(crate) fn authorize(
        &self,
        request: &Asked<'_>,
        exchange: &mut Exchange,
    ) -> Option<HeaderValue> {
        exchange.sent = None;
        let session = self.state().next(request, exchange)?;
        let answer = Answer::new(&self.inner, &session, request)?;
        exchange.sent = Some(Sent {
            nonce: session.nonce,
            rspauth: answer.rspauth,
        });
        Some(answer.credentials)
    }

    /// Takes a response of the status that asks for credentials, and decides whether to send the request again. That
    /// needs a body that can be sent twice, which the caller knows.
    pub(crate) fn challenge(
        &self,
        request: &Asked<'_>,
        headers: &HeaderMap,
        exchange: &mut Exchange,
    ) -> Decision {
        let mut state = self.state();
        let Some(origin) = state.bind(request) else {
            return Decision::GiveUp;
        };
        let name = request.asker.challenge();
        let Some(terms) = Terms::strongest(headers, &name, request.body.is_some()) else {
            return Decision::GiveUp;
        };
        // Only a nonce that was used can be too old; some servers say so of each.
        let nonce = exchange.sent.as_ref().map(|sent| sent.nonce.as_ref());
        if terms.stale && nonce.is_some_and(|nonce| nonce != terms.nonce) {
            if exchange.stale == MAX_STALE {
                return Decision::GiveUp;
            }
            exchange.stale += 1;
        } else if exchange.answered {
            // The password is wrong; it is not offered again unasked.
            state.session = None;
            return Decision::GiveUp;
        } else {
            exchange.answered = true;
        }
        let Some(key) = Key::new(&self.inner, &terms) else {
            return Decision::GiveUp;
        };
        state.session = Some(Session {
            space: Arc::new(Space::new(request.asker, origin, &terms.domain)),
            key,
            nonce: terms.nonce.as_str().into(),
            count: 0,
            terms: Arc::new(terms),
        });
        Decision::Retry
    }

    /// Takes any other response to a request that had credentials: checks the server's own proof, where there is one,
    /// and takes over its next nonce (RFC 7616 §3.5).
    ///
    /// # Errors
    ///
    /// Of kind [`ErrorKind::Malformed`]: the proof is wrong, so the response is not from who knows the password.
    pub(crate) fn confirm(
        &self,
        request: &Asked<'_>,
        headers: &HeaderMap,
        exchange: &Exchange,
    ) -> Result<(), Error> {
        let Some(sent) = &exchange.sent else {
            return Ok(());
        };
        let info = AuthParameters::of(headers, &request.asker.info());
        if let (Some(expected), Some(given)) = (&sent.rspauth, info.get("rspauth"))
            && !expected.eq_ignore_ascii_case(given)
        {
            let why = "the server's digest does not prove that it knows the password";
            return Err(Error::new(ErrorKind::Malformed).because(why));
        }
        let mut state = self.state();
        if state.bind(request).is_some()
            && let Some(session) = &mut state.session
            && let Some(next) = info.get("nextnonce")
            // Its count must go on when it is the same.
            && session.nonce.as_ref() != next
        {
            session.nonce = next.into();
            session.count = 0;
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.inner.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest")
            .field("user", &self.inner.user)
            .finish_non_exhaustive()
    }
}

/// What happened to one request so far; a redirect begins a new one.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    sent: Option<Sent>,
    answered: bool,
    stale: u8,
}

/// The credentials that a request was last sent with.
#[derive(Debug)]
struct Sent {
    nonce: Arc<str>,
    /// What the server's proof has to be, where it can be told before the response body is there.
    rspauth: Option<String>,
}

/// Whether to send a request again that was answered with a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Decision {
    /// Once more, with what [`Digest::authorize`] gives now.
    Retry,
    /// The response is the answer.
    GiveUp,
}

/// Sixteen random bytes in hexadecimal.
fn random() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(algorithm::hex(&bytes))
}

#[cfg(test)]
mod tests;
