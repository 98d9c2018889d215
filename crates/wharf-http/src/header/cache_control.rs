use std::fmt;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{BadHeader, TypedHeader, grammar};

/// Who may keep the content, and for how long: `Cache-Control` (RFC 9111 §5.2).
///
/// Directives that are not known here are left out.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_http::header::CacheControl;
///
/// let kept = CacheControl::new().public().max_age(Duration::from_secs(3600)).immutable();
/// assert_eq!(kept.to_string(), "public, immutable, max-age=3600");
/// assert_eq!(CacheControl::no_store().to_string(), "no-store");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheControl {
    flags: u16,
    max_age: Option<Duration>,
    shared_max_age: Option<Duration>,
}

/// Directives without a value, in the order of their bits.
const FLAGS: [&str; 9] = [
    "no-store",
    "no-cache",
    "public",
    "private",
    "must-revalidate",
    "immutable",
    "no-transform",
    "proxy-revalidate",
    "only-if-cached",
];

macro_rules! flags {
    ($($(#[$doc:meta])* $set:ident $is:ident $bit:literal;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $set(mut self) -> Self {
                self.flags |= 1 << $bit;
                self
            }

            #[doc = concat!("Tells whether `", stringify!($set), "` is set.")]
            #[must_use]
            pub fn $is(&self) -> bool {
                self.flags & 1 << $bit != 0
            }
        )*
    };
}

impl CacheControl {
    /// Creates a field without directives.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates the field of content that nobody may keep (RFC 9111 §5.2.2.5).
    #[must_use]
    pub fn no_store() -> Self {
        Self {
            flags: 1,
            ..Self::default()
        }
    }

    /// Tells whether `no-store` is set.
    #[must_use]
    pub fn is_no_store(&self) -> bool {
        self.flags & 1 != 0
    }

    flags! {
        /// Lets it be used only once the server has confirmed it (RFC 9111 §5.2.2.4).
        no_cache is_no_cache 1;
        /// Lets every cache keep it (RFC 9111 §5.2.2.9).
        public is_public 2;
        /// Lets only the client itself keep it (RFC 9111 §5.2.2.7).
        private is_private 3;
        /// Forbids to use it once it is stale (RFC 9111 §5.2.2.2).
        must_revalidate is_must_revalidate 4;
        /// Says that it never changes while it is fresh (RFC 8246 §2).
        immutable is_immutable 5;
        /// Forbids proxies to change it (RFC 9111 §5.2.2.6).
        no_transform is_no_transform 6;
    }

    /// Sets how long it is fresh, in whole seconds (RFC 9111 §5.2.2.1).
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sets how long it is fresh in caches that many share, in whole seconds (RFC 9111 §5.2.2.10).
    #[must_use]
    pub fn shared_max_age(mut self, age: Duration) -> Self {
        self.shared_max_age = Some(age);
        self
    }

    /// Returns how long it is fresh; `shared` is whether in a cache that many share.
    #[must_use]
    pub fn age(&self, shared: bool) -> Option<Duration> {
        match shared {
            true => self.shared_max_age.or(self.max_age),
            false => self.max_age,
        }
    }

    fn read(&mut self, directive: &str) {
        let (name, value) = match grammar::parameter(directive) {
            Some((name, value)) => (name, Some(value)),
            None => (directive, None),
        };
        // An age that is no number counts as long gone (RFC 9111 §4.2.1).
        let age = || {
            let text = value.as_deref().unwrap_or_default();
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // More than the standard wants to be kept is cut to what it wants (RFC 9111 §1.2.2).
            let seconds = text.parse().unwrap_or(u64::from(u32::MAX));
            Duration::from_secs(if digits { seconds } else { 0 })
        };
        if name.eq_ignore_ascii_case("max-age") {
            self.max_age = Some(age());
        } else if name.eq_ignore_ascii_case("s-maxage") {
            self.shared_max_age = Some(age());
        } else if let Some(bit) = FLAGS
            .iter()
            .position(|flag| flag.eq_ignore_ascii_case(name))
        {
            self.flags |= 1 << bit;
        }
    }
}

impl fmt::Display for CacheControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (bit, flag) in FLAGS.iter().enumerate() {
            if self.flags & 1 << bit != 0 {
                write!(f, "{comma}{flag}")?;
                comma = ", ";
            }
        }
        for (name, age) in [("max-age", self.max_age), ("s-maxage", self.shared_max_age)] {
            if let Some(age) = age {
                write!(f, "{comma}{name}={}", age.as_secs())?;
                comma = ", ";
            }
        }
        Ok(())
    }
}

impl TypedHeader for CacheControl {
    const NAME: HeaderName = header::CACHE_CONTROL;

    /// Never fails: what is malformed or not known is left out.
    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let mut control = None::<Self>;
        for value in headers.get_all(Self::NAME) {
            let control = control.get_or_insert_default();
            for directive in grammar::split(value.to_str().unwrap_or_default(), b',') {
                control.read(directive);
            }
        }
        Ok(control)
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn directives_are_read_and_written() {
        let rows = [
            ("no-store", "no-store"),
            ("Max-Age=60, PUBLIC", "public, max-age=60"),
            ("max-age=\"5\",s-maxage=7", "max-age=5, s-maxage=7"),
            ("private=\"set-cookie, x\", no-cache", "no-cache, private"),
            ("max-age=99999999999999999999", "max-age=4294967295"),
            ("max-age=x", "max-age=0"),
            ("max-age", "max-age=0"),
            ("new-thing, other=\"a, b\", immutable", "immutable"),
            ("", ""),
        ];
        for (text, expected) in rows {
            let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, text.parse().unwrap())]);
            let control = CacheControl::decode(&headers).unwrap().unwrap();
            assert_eq!(control.to_string(), expected, "{text}");
        }
        let control = CacheControl::new().max_age(Duration::from_secs(1));
        assert_eq!(control.age(true), Some(Duration::from_secs(1)));
        assert!(control.clone().private().is_private() && !control.is_public());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_the_same(
            text in r#"([a=0-9, "\\\\]|max-age=|no-cache|public){0,10}|[ -~]{0,40}"#,
        ) {
            let read = |text: &str| {
                let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, text.parse().unwrap())]);
                CacheControl::decode(&headers).unwrap().unwrap()
            };
            let control = read(&text);
            prop_assert_eq!(read(&control.to_string()), control);
        }
    }
}
