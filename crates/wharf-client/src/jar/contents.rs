//! What is in a jar: looking at it, and taking things out.

use std::collections::HashSet;
use std::sync::Arc;

use url::Url;

use super::{Cookie, CookieJar, domain};

impl CookieJar {
    /// Returns the cookie of this name that a request to `url` would carry, the first if there are several.
    #[must_use]
    pub fn get(&self, url: &Url, name: &str) -> Option<Cookie> {
        let mut cookies = self.matching(url).into_iter();
        let found = cookies.find(|cookie| cookie.name == name)?;
        Some(Arc::unwrap_or_clone(found))
    }

    /// Returns all cookies as they are now, the oldest first.
    #[must_use]
    pub fn cookies(&self) -> Vec<Cookie> {
        let cookies = self.storage(self.now()).all();
        cookies.iter().map(|cookie| Cookie::clone(cookie)).collect()
    }

    /// Returns how many cookies there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.storage(self.now()).len()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all cookies.
    pub fn clear(&self) {
        self.storage(self.now()).retain(|_| false);
    }

    /// Removes the cookies of a domain and of all hosts below it, and returns how many.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_client::jar::CookieJar;
    ///
    /// let jar = CookieJar::new();
    /// jar.add(&"https://www.quay.test/".parse()?, "a", "1")?;
    /// assert_eq!(jar.clear_domain("quay.test"), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear_domain(&self, domain: &str) -> usize {
        let domain = domain.strip_prefix('.').unwrap_or(domain);
        let domain = domain.to_ascii_lowercase();
        self.remove_if(|cookie| domain::covers(&domain, &cookie.domain))
    }

    /// Removes the cookies that `which` picks, and returns how many.
    ///
    /// It is shown all cookies as they are at the call; one that is set meanwhile stays. It may use the jar.
    pub fn remove_if(&self, mut which: impl FnMut(&Cookie) -> bool) -> usize {
        // The predicate is the caller's code, and runs without the lock.
        let mut picked = self.storage(self.now()).all();
        picked.retain(|cookie| which(cookie));
        let places: HashSet<_> = picked.iter().map(Arc::as_ptr).collect();
        let mut storage = self.storage(self.now());
        let before = storage.len();
        storage.retain(|cookie| !places.contains(&Arc::as_ptr(cookie)));
        before - storage.len()
    }
}
