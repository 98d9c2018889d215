//! [`Visit`]: one request and its session, from the cookie that came to the one that is set.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, COOKIE, EXPIRES, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use tokio::sync::OnceCell;
use wharf_http::Response;
use wharf_http::header::{CacheControl, TypedHeader as _, add_vary};

use super::SessionData;
use super::cookie::Came;
use super::current::{Base, Current, Plan, Renewal, Write};
use super::failure::Failure;
use super::key::SessionId;
use super::record::Record;
use super::settings::{Backend, Settings};
use super::store::{Erased, Replaced, Stored};
use crate::extract::Scope;
use crate::response::IntoResponse as _;

/// How often a write is tried that others were faster with.
const TRIES: usize = 8;

pub(super) struct Visit<T> {
    settings: Arc<Settings>,
    current: OnceCell<Shared<T>>,
}

/// A session that handlers hold, and the middleware, which writes it.
pub(super) type Shared<T> = Arc<Mutex<Current<T>>>;

/// Locks what no code of the application runs under.
pub(super) fn lock<T>(current: &Shared<T>) -> MutexGuard<'_, Current<T>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: SessionData> Visit<T> {
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            current: OnceCell::new(),
        }
    }

    /// Loads the session, once for each request.
    pub(super) async fn load(
        &self,
        headers: &HeaderMap,
        scope: &Scope,
    ) -> Result<Shared<T>, Failure> {
        let load = async || {
            let current = self.find(headers).await?;
            let current = current.unwrap_or_else(|(why, cookie_came)| {
                if let Some(why) = why {
                    let request_id = scope.context().request_id();
                    why.log(&request_id);
                }
                Current::empty(cookie_came)
            });
            Ok(Arc::new(Mutex::new(current)))
        };
        self.current.get_or_try_init(load).await.cloned()
    }

    async fn find(
        &self,
        headers: &HeaderMap,
    ) -> Result<Result<Current<T>, (Option<Unusable>, bool)>, Failure> {
        let unusable = |why| Ok(Err((Some(why), true)));
        let settings = &self.settings;
        let value = match settings.cookie.came(headers) {
            Came::Nothing => return Ok(Err((None, false))),
            Came::TooLong => return unusable(Unusable::TooLong),
            Came::Value(value) => value,
        };
        let (bytes, place, aged) = match &settings.backend {
            Backend::Cookie(seal) => match seal.open(&settings.cookie.full_name(), &value) {
                None => return unusable(Unusable::Tampered),
                Some(opened) => (Bytes::from(opened.content), None, opened.aged),
            },
            Backend::Store(store) => {
                let Some(id) = SessionId::parse(&value) else {
                    return unusable(Unusable::Tampered);
                };
                match settings.in_time(store.load(&id.key())).await? {
                    None => return unusable(Unusable::Unknown),
                    Some(stored) => {
                        let place = Some((id, stored.version()));
                        (stored.data().clone(), place, false)
                    }
                }
            }
        };
        let Some(record) = Record::from_bytes(&bytes) else {
            return unusable(Unusable::Misfit("it is none of wharf's".into()));
        };
        if settings.keep(&record, settings.now()).is_zero() {
            return unusable(Unusable::Expired);
        }
        let base = Base {
            record,
            place,
            aged,
        };
        match Current::loaded(base) {
            Ok(current) => Ok(Ok(current)),
            // The message may quote what is in the session.
            Err(error) => unusable(Unusable::Misfit(format!("{:?}", error.classify()))),
        }
    }

    /// Writes what has changed, and puts into the head of the answer what belongs there; or answers why that cannot be.
    pub(super) async fn finish(&self, mut response: Response) -> Response {
        let Some(current) = self.current.get() else {
            return response;
        };
        let failed = response.status().is_server_error();
        let plan = lock(current).close(&self.settings, failed);
        let cookie = match plan {
            Ok(plan) => self.carry_out(plan).await,
            Err(failure) => Err(failure),
        };
        match cookie {
            Ok(cookie) => {
                mark(response.headers_mut(), cookie);
                response
            }
            Err(failure) => failure.into_http().into_response(),
        }
    }

    async fn carry_out(&self, plan: Plan) -> Result<Option<HeaderValue>, Failure> {
        match (plan, &self.settings.backend) {
            (Plan::Nothing, _) => Ok(None),
            (Plan::End(ended), backend) => {
                self.remove(backend, ended.as_ref()).await?;
                self.settings.cookie.removal().map(Some)
            }
            (Plan::Write(write), Backend::Cookie(seal)) => {
                let keep = self.settings.keep(&write.record, self.settings.now());
                let name = self.settings.cookie.full_name();
                let sealed = seal.seal(&name, &write.record.to_bytes());
                let value = sealed.ok_or(Failure::NoRandomBytes)?;
                self.settings.cookie.set(value, keep).map(Some)
            }
            (Plan::Write(write), Backend::Store(store)) => {
                let cookie = match &write.base {
                    Some(base) if write.renewal == Renewal::None => {
                        self.replace(store.as_ref(), &write, base.clone()).await
                    }
                    _ => self.insert(store.as_ref(), &write).await.map(Some),
                }?;
                self.remove(&self.settings.backend, write.ended.as_ref())
                    .await?;
                Ok(cookie)
            }
        }
    }

    /// Removes a session that has ended.
    async fn remove(&self, backend: &Backend, ended: Option<&SessionId>) -> Result<(), Failure> {
        if let (Backend::Store(store), Some(id)) = (backend, ended) {
            self.settings.in_time(store.remove(&id.key())).await?;
        }
        Ok(())
    }

    /// Puts a session in under a new id, and takes out the one it was made of.
    async fn insert(&self, store: &dyn Erased, write: &Write) -> Result<HeaderValue, Failure> {
        let mut record = write.record.clone();
        let old = write.base.as_ref();
        let old = old.and_then(|base| Some((base, base.place.as_ref()?)));
        if let Some((base, (id, version))) = old {
            match self.settings.in_time(store.load(&id.key())).await? {
                Some(stored) if stored.version() != *version => {
                    record = write.record.onto(&base.record, &read(&stored)?);
                    if write.renewal == Renewal::SignedIn {
                        record.created = write.record.created;
                    }
                    record.secret.clone_from(&write.record.secret);
                }
                Some(_) => {}
                // Who signs in has a session from now on, whatever became of the old one.
                None if write.renewal == Renewal::SignedIn => {}
                None => return Err(Failure::Ended),
            }
        }
        let id = SessionId::random()?;
        let (data, keep) = self.ready(&record)?;
        let cookie = self.settings.cookie.set(id.to_text(), keep)?;
        let key = id.key();
        self.settings
            .in_time(store.insert(&key, data, keep))
            .await?;
        if let Some((_, (id, _))) = old {
            self.settings.in_time(store.remove(&id.key())).await?;
        }
        Ok(cookie)
    }

    /// Writes a session in its place, on top of what others have written meanwhile.
    async fn replace(
        &self,
        store: &dyn Erased,
        write: &Write,
        base: Base,
    ) -> Result<Option<HeaderValue>, Failure> {
        let Some((id, mut version)) = base.place else {
            return Ok(None);
        };
        let key = id.key();
        let mut record = write.record.clone();
        for _ in 0..TRIES {
            let (data, keep) = self.ready(&record)?;
            let replaced = store.replace(&key, version, data, keep);
            match self.settings.in_time(replaced).await? {
                Replaced::Done if write.seen => {
                    return self.settings.cookie.set(id.to_text(), keep).map(Some);
                }
                Replaced::Done => return Ok(None),
                // Another request has done it, or there is nothing left to do.
                Replaced::Changed | Replaced::Gone if !write.content => return Ok(None),
                Replaced::Gone => return Err(Failure::Ended),
                Replaced::Changed => {
                    let stored = self.settings.in_time(store.load(&key)).await?;
                    let stored = stored.ok_or(Failure::Ended)?;
                    record = write.record.onto(&base.record, &read(&stored)?);
                    version = stored.version();
                }
            }
        }
        Err(Failure::Busy)
    }

    fn ready(&self, record: &Record) -> Result<(Bytes, Duration), Failure> {
        let data = record.to_bytes();
        let limit = self.settings.data_limit;
        if data.len() > limit {
            return Err(Failure::TooLarge {
                size: data.len(),
                limit,
            });
        }
        Ok((data.into(), self.settings.keep(record, self.settings.now())))
    }
}

fn read(stored: &Stored) -> Result<Record, Failure> {
    Record::from_bytes(stored.data())
        .ok_or_else(|| Failure::Store("it has given out what is no session".into()))
}

/// Says that the answer is one client's: it depends on its cookie (RFC 9110 §12.5.5), and nobody else may be given what sets one
/// (RFC 9111 §7.3).
fn mark(headers: &mut HeaderMap, cookie: Option<HeaderValue>) {
    add_vary(headers, &COOKIE);
    let cache = CacheControl::decode(headers).ok().flatten();
    match cookie {
        Some(cookie) => {
            headers.append(SET_COOKIE, cookie);
            let kept_private = |cache: CacheControl| cache.is_private() || cache.is_no_store();
            if !cache.is_some_and(kept_private) {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
        }
        None if headers.contains_key(CACHE_CONTROL) || headers.contains_key(EXPIRES) => {}
        None => {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
        }
    }
}

/// Why a cookie that came is an empty session.
enum Unusable {
    TooLong,
    Tampered,
    Unknown,
    Expired,
    Misfit(String),
}

impl Unusable {
    /// One line, in which there is nothing of the cookie.
    fn log(self, request_id: &dyn std::fmt::Display) {
        match self {
            Self::TooLong => {
                tracing::warn!(%request_id, "a session cookie is not used: it is longer than cookies are");
            }
            Self::Tampered => {
                tracing::warn!(%request_id, "a session cookie is not used: it was not set here, or changed since, or its key is gone");
            }
            Self::Unknown => {
                tracing::info!(%request_id, "a session cookie is not used: its session has ended");
            }
            Self::Expired => {
                tracing::info!(%request_id, "a session cookie is not used: its session has expired");
            }
            Self::Misfit(cause) => {
                tracing::warn!(%request_id, cause, "a session is not used: it does not fit its type");
            }
        }
    }
}
