//! [`Current`]: a session while its request is answered.

use std::sync::Arc;

use serde_json::Value;

use super::SessionData;
use super::failure::Failure;
use super::flash::Flash;
use super::key::SessionId;
use super::record::{Record, bounded};
use super::settings::Settings;
use super::token::Secret;

pub(super) struct Current<T> {
    pub(super) data: Arc<T>,
    pub(super) flashes: Vec<Flash>,
    pub(super) secret: Option<Secret>,
    /// The data as it was loaded.
    original: Arc<T>,
    renewal: Renewal,
    base: Option<Base>,
    /// The session in a store that this one has taken the place of, or that has no successor.
    ended: Option<SessionId>,
    /// Whether the browser has a cookie, whatever is in it.
    cookie_came: bool,
    /// Whether the browser is to forget it. That of a session that is merely unknown may have been replaced by another answer
    /// meanwhile, and stays.
    destroyed: bool,
    /// Whether the head of the answer has been made.
    closed: bool,
}

/// A session as it was loaded.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) record: Record,
    /// Under which id a store has it, and in which version. `None` where the cookie has all of it.
    pub(super) place: Option<(SessionId, u64)>,
    /// Whether an old key has written it.
    pub(super) aged: bool,
}

/// Whether the session gets a new id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    None,
    /// And goes on.
    Rotated,
    /// And begins, whatever was before.
    SignedIn,
}

/// What there is to do when the answer is there.
pub(super) enum Plan {
    Nothing,
    /// The session ends, and the browser is to forget its cookie.
    End(Option<SessionId>),
    Write(Box<Write>),
}

/// What there is to write.
pub(super) struct Write {
    pub(super) record: Record,
    pub(super) base: Option<Base>,
    pub(super) ended: Option<SessionId>,
    pub(super) renewal: Renewal,
    /// Whether anything else has changed but the time.
    pub(super) content: bool,
    /// Whether the browser is to keep its cookie for longer.
    pub(super) seen: bool,
}

impl<T: SessionData> Current<T> {
    pub(super) fn empty(cookie_came: bool) -> Self {
        let data = Arc::<T>::default();
        Self {
            original: Arc::clone(&data),
            data,
            flashes: Vec::new(),
            secret: None,
            renewal: Renewal::None,
            base: None,
            ended: None,
            cookie_came,
            destroyed: false,
            closed: false,
        }
    }

    /// Reads what was loaded; fails when it does not fit the type.
    pub(super) fn loaded(base: Base) -> Result<Self, serde_json::Error> {
        let data: Arc<T> = Arc::new(serde_json::from_value(base.record.data.clone())?);
        Ok(Self {
            original: Arc::clone(&data),
            data,
            flashes: base.record.flashes.clone(),
            secret: base.record.secret.clone(),
            base: Some(base),
            ..Self::empty(true)
        })
    }

    pub(super) fn is_new(&self) -> bool {
        self.base.is_none()
    }

    pub(super) fn rotate(&mut self, renewal: Renewal) {
        if self.renewal != Renewal::SignedIn {
            self.renewal = renewal;
        }
        // Who knew the old id may know its tokens too.
        self.secret = None;
    }

    pub(super) fn destroy(&mut self) {
        let place = self.base.take().and_then(|base| base.place);
        let ended = place.map(|(id, _)| id).or_else(|| self.ended.take());
        *self = Self {
            ended,
            destroyed: self.cookie_came,
            closed: self.closed,
            ..Self::empty(self.cookie_came)
        };
    }

    pub(super) fn flash(&mut self, flash: Flash) {
        self.flashes.push(flash);
        self.flashes = bounded(std::mem::take(&mut self.flashes));
    }

    /// Says that something is to change; it will not when the head of the answer has been made already.
    pub(super) fn touch(&self) {
        if self.closed {
            tracing::error!(
                "a session was changed after the head of its answer was made: the change is lost"
            );
        }
    }

    /// Ends the work on the session, and tells what there is to do; `failed` gives up what was changed, but not its end.
    pub(super) fn close(&mut self, settings: &Settings, failed: bool) -> Result<Plan, Failure> {
        self.closed = true;
        if failed {
            return Ok(self.end());
        }
        let now = settings.now();
        let Some(mut base) = self.base.clone() else {
            let data = to_json(&*self.data)?;
            let stores_nothing = self.flashes.is_empty()
                && self.secret.is_none()
                && self.renewal != Renewal::SignedIn
                && data == to_json(&*self.original)?;
            if stores_nothing {
                return Ok(self.end());
            }
            return Ok(Plan::Write(Box::new(Write {
                record: self.record(data, now, now),
                base: None,
                ended: self.ended.take(),
                renewal: self.renewal,
                content: true,
                seen: true,
            })));
        };
        let data = if Arc::ptr_eq(&self.data, &self.original) {
            base.record.data.clone()
        } else {
            // As this type writes it: the store may have it from an older one, or a set in another order.
            base.record.data = to_json(&*self.original)?;
            to_json(&*self.data)?
        };
        let created = match self.renewal {
            Renewal::SignedIn => now,
            _ => base.record.created,
        };
        let rotates = self.renewal != Renewal::None;
        // Without a store the cookie is written in any case, and with it the time.
        let seen =
            rotates || base.place.is_none() || settings.renewal_is_due(base.record.seen, now);
        let record = self.record(data, created, if seen { now } else { base.record.seen });
        let content = !record.has_the_content_of(&base.record);
        let due = base.aged || rotates || settings.renewal_is_due(base.record.seen, now);
        if !content && !due {
            return Ok(Plan::Nothing);
        }
        Ok(Plan::Write(Box::new(Write {
            record,
            base: Some(base),
            ended: None,
            renewal: self.renewal,
            content,
            seen,
        })))
    }

    fn end(&mut self) -> Plan {
        if self.destroyed {
            Plan::End(self.ended.take())
        } else {
            Plan::Nothing
        }
    }

    fn record(&self, data: Value, created: u64, seen: u64) -> Record {
        Record {
            created,
            seen,
            data,
            flashes: self.flashes.clone(),
            secret: self.secret.clone(),
        }
    }
}

fn to_json<T: SessionData>(data: &T) -> Result<Value, Failure> {
    serde_json::to_value(data).map_err(Failure::Encode)
}
