use std::sync::Arc;

use super::answer::Key;
use super::space::{Origin, Space};
use super::terms::Terms;
use super::{Asked, Asker, Exchange};

/// What is known of who asks.
#[derive(Default)]
pub(super) struct State {
    bound: Option<(Asker, Origin)>,
    pub(super) session: Option<Session>,
}

/// What a server asked for last, and how often its nonce was used.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) terms: Arc<Terms>,
    pub(super) space: Arc<Space>,
    pub(super) key: Key,
    pub(super) nonce: Arc<str>,
    pub(super) count: u32,
}

impl State {
    /// Binds the credentials, unless they are; returns the origin of a request that they are bound to.
    pub(super) fn bind(&mut self, request: &Asked<'_>) -> Option<Origin> {
        let origin = Origin::of(request.uri)?;
        let (asker, bound) = self
            .bound
            .get_or_insert_with(|| (request.asker, origin.clone()));
        (*asker == request.asker && *bound == origin).then_some(origin)
    }

    /// Uses the nonce once more, for a request that the server wants to see it with: one that it has just refused, or
    /// that its list says so of.
    pub(super) fn next(&mut self, request: &Asked<'_>, exchange: &Exchange) -> Option<Session> {
        let own = self.bind(request).is_some();
        let (asker, _) = self.bound.as_ref()?;
        let session = self.session.as_mut()?;
        let listed = *asker == request.asker && session.space.contains(request.uri);
        let refused = own && exchange.answered;
        if !listed && !refused {
            return None;
        }
        session.count = session.count.checked_add(1)?;
        Some(session.clone())
    }
}
