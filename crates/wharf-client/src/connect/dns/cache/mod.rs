//! The names that were looked up, as long as they may be used again.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wharf_http::BoxError;

use super::answer::{Answer, Failure, Outcome};
use crate::DnsConfig;

/// Names with their addresses, the ones used least recently first in `order`.
pub(super) struct Cache {
    ttl: Option<Duration>,
    negative_ttl: Duration,
    /// How old addresses may be when there are no others; `None` is without end.
    limit: Option<Duration>,
    size: usize,
    entries: HashMap<Arc<str>, Entry>,
    order: BTreeMap<u64, Arc<str>>,
    clock: u64,
}

struct Entry {
    used: u64,
    answer: Option<(Arc<Answer>, Instant)>,
    failure: Option<(Failure, Instant)>,
}

/// What the cache knows of a name.
pub(super) enum Found {
    Fresh(Outcome),
    /// Addresses that are too old, unless there are no others.
    Stale(Arc<Answer>),
    Nothing,
}

impl Cache {
    pub(super) fn new(config: &DnsConfig) -> Self {
        let keeps_nothing = config.ttl == Some(Duration::ZERO);
        Self {
            ttl: config.ttl,
            negative_ttl: config.negative_ttl,
            limit: config.ttl.map(|ttl| ttl.saturating_add(config.stale)),
            size: if keeps_nothing { 0 } else { config.size },
            entries: HashMap::new(),
            order: BTreeMap::new(),
            clock: 0,
        }
    }

    pub(super) fn get(&mut self, name: &str, now: Instant) -> Found {
        self.touch(name);
        let Some(entry) = self.entries.get(name) else {
            return Found::Nothing;
        };
        let younger = |since: Instant, limit: Option<Duration>| {
            limit.is_none_or(|limit| now.duration_since(since) < limit)
        };
        let usable = match &entry.answer {
            Some((answer, since)) if younger(*since, self.ttl) => {
                return Found::Fresh(Ok(Arc::clone(answer)));
            }
            Some((answer, since)) if younger(*since, self.limit) => Some(Arc::clone(answer)),
            _ => None,
        };
        match (&entry.failure, usable) {
            (Some((failure, since)), usable) if younger(*since, Some(self.negative_ttl)) => {
                Found::Fresh(usable.ok_or_else(|| failure.clone()))
            }
            (_, Some(answer)) => Found::Stale(answer),
            (_, None) => Found::Nothing,
        }
    }

    /// Keeps what a look-up has found, and returns what those who wait for it are to get.
    pub(super) fn store(
        &mut self,
        name: &Arc<str>,
        found: Result<Vec<IpAddr>, BoxError>,
        now: Instant,
    ) -> Outcome {
        let is_failure = found.is_err();
        let outcome = outcome(found);
        if self.size == 0 {
            return outcome;
        }
        if !self.entries.contains_key(name) {
            self.insert(name);
        }
        let Some(entry) = self.entries.get_mut(name) else {
            return outcome;
        };
        match &outcome {
            Ok(answer) => {
                entry.answer = Some((Arc::clone(answer), now));
                entry.failure = None;
            }
            Err(failure) => {
                entry.failure = Some((failure.clone(), now));
                // RFC 8767 §4: that a name has no address is an answer, and takes the place of older ones.
                let too_old = |since| {
                    let limit = self.limit;
                    limit.is_some_and(|limit| now.duration_since(since) >= limit)
                };
                let last = entry.answer.take();
                entry.answer = last.filter(|(_, since)| is_failure && !too_old(*since));
                if let Some((answer, _)) = &entry.answer {
                    return Ok(Arc::clone(answer));
                }
            }
        }
        outcome
    }

    pub(super) fn remove(&mut self, name: &str) {
        if let Some(entry) = self.entries.remove(name) {
            self.order.remove(&entry.used);
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }

    fn insert(&mut self, name: &Arc<str>) {
        while self.entries.len() >= self.size
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.clock += 1;
        self.order.insert(self.clock, Arc::clone(name));
        self.entries.insert(
            Arc::clone(name),
            Entry {
                used: self.clock,
                answer: None,
                failure: None,
            },
        );
    }

    /// Makes a name the one that was used last.
    fn touch(&mut self, name: &str) {
        if let Some(entry) = self.entries.get_mut(name)
            && let Some(name) = self.order.remove(&entry.used)
        {
            self.clock += 1;
            entry.used = self.clock;
            self.order.insert(self.clock, name);
        }
    }
}

/// Makes of what a resolver has found something that many can share.
pub(super) fn outcome(found: Result<Vec<IpAddr>, BoxError>) -> Outcome {
    match found {
        Ok(addresses) if addresses.is_empty() => Err(Failure::new("it has no address")),
        Ok(addresses) => Ok(Arc::new(Answer::new(&addresses))),
        Err(error) => Err(Failure::new(error)),
    }
}

#[cfg(test)]
mod tests;
