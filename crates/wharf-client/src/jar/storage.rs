//! The cookies of a jar, by domain, within their limits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::cookie::Cookie;
use super::{domain, path};

/// How many cookies a jar holds (RFC 6265bis §6.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) per_domain: usize,
    pub(super) total: usize,
}

/// The cookies of a jar.
///
/// Times of creation and of last use are turns of one counter, which orders them even within one tick of a clock.
pub(super) struct Storage {
    limits: Limits,
    domains: HashMap<String, Vec<Entry>>,
    count: usize,
    turn: u64,
    /// When the first of them expires, in seconds since 1970; earlier where that one was removed.
    first_end: u64,
}

struct Entry {
    cookie: Arc<Cookie>,
    created: u64,
    used: u64,
}

impl Storage {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            domains: HashMap::new(),
            count: 0,
            turn: 0,
            first_end: u64::MAX,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Adds a cookie in place of the one that it replaces, or removes that one if the new one has expired.
    pub(super) fn insert(&mut self, cookie: Cookie, now: Duration) {
        self.turn += 1;
        let turn = self.turn;
        let domain = cookie.domain.clone();
        let entries = self.domains.entry(domain.clone()).or_default();
        let old = entries
            .iter()
            .position(|entry| cookie.replaces(&entry.cookie));
        // A replaced cookie keeps its age, and with it its place in the line.
        let created = old.map_or(turn, |index| entries.remove(index).created);
        self.count -= usize::from(old.is_some());
        if !cookie.has_expired(now) {
            self.first_end = self.first_end.min(cookie.expires.unwrap_or(u64::MAX));
            let cookie = Arc::new(cookie);
            entries.push(Entry {
                cookie,
                created,
                used: turn,
            });
            self.count += 1;
        }
        self.bound(&domain);
    }

    /// Brings the jar back into its limits after a cookie was added (RFC 6265bis §5.7).
    fn bound(&mut self, domain: &str) {
        let Some(entries) = self.domains.get_mut(domain) else {
            return;
        };
        if entries.len() > self.limits.per_domain {
            remove_least(entries, |entry| {
                (entry.cookie.secure, entry.used, entry.created)
            });
            self.count -= 1;
        }
        if entries.is_empty() {
            self.domains.remove(domain);
        }
        if self.count > self.limits.total {
            let age = |entries: &Vec<Entry>| {
                entries
                    .iter()
                    .map(|entry| (entry.used, entry.created))
                    .min()
            };
            let oldest = self.domains.iter().min_by_key(|(_, entries)| age(entries));
            let Some(domain) = oldest.map(|(domain, _)| domain.clone()) else {
                return;
            };
            if let Some(entries) = self.domains.get_mut(&domain) {
                remove_least(entries, |entry| (entry.used, entry.created));
                self.count -= 1;
                if entries.is_empty() {
                    self.domains.remove(&domain);
                }
            }
        }
    }

    /// Tells whether a cookie from an insecure origin would lie over a secure one (RFC 6265bis §5.7).
    pub(super) fn shadows_secure(&self, new: &Cookie) -> bool {
        let near = self.domains.iter().filter(|(domain, _)| {
            domain::covers(domain, &new.domain) || domain::covers(&new.domain, domain)
        });
        near.flat_map(|(_, entries)| entries).any(|entry| {
            let old = &entry.cookie;
            old.secure && old.name == new.name && path::covers(&old.path, &new.path)
        })
    }

    /// Returns the cookies of a request: those with the longest path first, then the oldest (RFC 6265bis §5.8.3).
    pub(super) fn of_request(
        &mut self,
        host: &str,
        requested: &str,
        secure: bool,
    ) -> Vec<Arc<Cookie>> {
        self.turn += 1;
        let mut found = Vec::new();
        for domain in domain::and_above(host) {
            let entries = self.domains.get_mut(domain);
            for entry in entries.into_iter().flatten() {
                let cookie = &entry.cookie;
                if (domain == host || !cookie.host_only)
                    && (secure || !cookie.secure)
                    && path::covers(&cookie.path, requested)
                {
                    entry.used = self.turn;
                    found.push((entry.created, Arc::clone(cookie)));
                }
            }
        }
        found.sort_by_key(|(created, cookie)| (std::cmp::Reverse(cookie.path.len()), *created));
        found.into_iter().map(|(_, cookie)| cookie).collect()
    }

    /// Returns all cookies, the oldest first.
    pub(super) fn all(&self) -> Vec<Arc<Cookie>> {
        let mut entries: Vec<&Entry> = self.domains.values().flatten().collect();
        entries.sort_by_key(|entry| entry.created);
        entries
            .iter()
            .map(|entry| Arc::clone(&entry.cookie))
            .collect()
    }

    /// Keeps those cookies that `keep` accepts.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Arc<Cookie>) -> bool) {
        self.domains.retain(|_, entries| {
            entries.retain(|entry| keep(&entry.cookie));
            !entries.is_empty()
        });
        self.count = self.domains.values().map(Vec::len).sum();
    }

    /// Removes what has expired; looks at the cookies only when one has.
    pub(super) fn expire(&mut self, now: Duration) {
        if now.as_secs() < self.first_end {
            return;
        }
        let mut first_end = u64::MAX;
        self.retain(|cookie| {
            let stays = !cookie.has_expired(now);
            if stays {
                first_end = first_end.min(cookie.expires.unwrap_or(u64::MAX));
            }
            stays
        });
        self.first_end = first_end;
    }
}

fn remove_least<K: Ord>(entries: &mut Vec<Entry>, key: impl Fn(&Entry) -> K) {
    let least = (0..entries.len()).min_by_key(|&index| key(&entries[index]));
    if let Some(index) = least {
        entries.remove(index);
    }
}
