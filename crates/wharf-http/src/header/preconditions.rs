use std::ops::RangeInclusive;

use http::{HeaderMap, Method};

use super::{
    ETag, ETags, IfMatch, IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince, LastModified,
    Range, TypedHeader,
};

/// The conditions that a request makes: on the state of the content, and on the part of it to send (RFC 9110 §13).
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, Method, header};
/// use wharf_http::header::{ETag, Preconditions, Validators, Verdict};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::IF_NONE_MATCH, "\"v7\"".parse()?);
/// let conditions = Preconditions::of(&Method::GET, &headers);
/// let current = Validators::new().tag(ETag::strong("v7")?);
/// assert_eq!(conditions.judge(&current), Verdict::NotModified);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preconditions {
    method: Method,
    if_match: Option<ETags>,
    if_unmodified_since: Option<LastModified>,
    if_none_match: Option<ETags>,
    if_modified_since: Option<LastModified>,
    if_range: Option<IfRange>,
    range: Option<Range>,
}

/// What is known of the state of the content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    missing: bool,
    tag: Option<ETag>,
    modified: Option<LastModified>,
}

/// What the conditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The request is to be carried out.
    Proceed,
    /// The client has the content already: 304.
    NotModified,
    /// The content is not in the state that the client thinks: 412.
    Failed,
}

impl Validators {
    /// Creates the account of content of which only its existence is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates the account of content that does not exist, so that `If-None-Match: *` can create it.
    #[must_use]
    pub fn missing() -> Self {
        Self {
            missing: true,
            ..Self::default()
        }
    }

    /// Sets the name of the state.
    #[must_use]
    pub fn tag(mut self, tag: ETag) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Sets when the content was last changed.
    #[must_use]
    pub fn modified(mut self, at: impl Into<LastModified>) -> Self {
        self.modified = Some(at.into());
        self
    }

    /// Returns the name of the state.
    #[must_use]
    pub fn etag(&self) -> Option<&ETag> {
        self.tag.as_ref()
    }

    /// Returns when the content was last changed.
    #[must_use]
    pub fn last_modified(&self) -> Option<LastModified> {
        self.modified
    }

    fn is_one_of(&self, tags: &ETags, same: impl Fn(&ETag, &ETag) -> bool) -> bool {
        match (tags, &self.tag) {
            (ETags::Any, _) => !self.missing,
            (ETags::OneOf(tags), Some(own)) => tags.iter().any(|tag| same(tag, own)),
            (ETags::OneOf(_), None) => false,
        }
    }
}

impl Preconditions {
    /// Reads the conditions of a request.
    ///
    /// A malformed `If-Match` is one that nothing meets, so that nothing is overwritten by mistake. All others are
    /// ignored when they are malformed, and so the answer is complete (RFC 9110 §13.1.3, §14.2).
    #[must_use]
    pub fn of(method: &Method, headers: &HeaderMap) -> Self {
        fn read<T: TypedHeader>(headers: &HeaderMap) -> Option<T> {
            T::decode(headers).ok().flatten()
        }
        Self {
            method: method.clone(),
            if_match: match IfMatch::decode(headers) {
                Ok(found) => found.map(|tags| tags.0),
                Err(_) => Some(ETags::OneOf(Vec::new())),
            },
            if_unmodified_since: read(headers).map(|IfUnmodifiedSince(date)| LastModified(date)),
            if_none_match: read(headers).map(|IfNoneMatch(tags)| tags),
            if_modified_since: read(headers).map(|IfModifiedSince(date)| LastModified(date)),
            if_range: read(headers),
            range: read(headers),
        }
    }

    /// Tells whether the request makes conditions on the state of the content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.if_match.is_none()
            && self.if_unmodified_since.is_none()
            && self.if_none_match.is_none()
            && self.if_modified_since.is_none()
    }

    /// Judges the conditions, in the order of RFC 9110 §13.2.2.
    #[must_use]
    pub fn judge(&self, current: &Validators) -> Verdict {
        let read = matches!(self.method, Method::GET | Method::HEAD);
        // Steps 1 and 2.
        if let Some(tags) = &self.if_match {
            if !current.is_one_of(tags, ETag::matches_strongly) {
                return Verdict::Failed;
            }
        } else if let (Some(since), Some(modified)) = (self.if_unmodified_since, current.modified)
            && modified > since
        {
            return Verdict::Failed;
        }
        // Steps 3 and 4.
        if let Some(tags) = &self.if_none_match {
            if current.is_one_of(tags, ETag::matches_weakly) {
                return if read {
                    Verdict::NotModified
                } else {
                    Verdict::Failed
                };
            }
        } else if let (true, Some(since), Some(modified)) =
            (read, self.if_modified_since, current.modified)
            && modified <= since
        {
            return Verdict::NotModified;
        }
        Verdict::Proceed
    }

    /// Returns the parts to send of content of this length, once the request is to be carried out (step 5 of
    /// RFC 9110 §13.2.2). `None` is all of it, no part at all is 416.
    ///
    /// Only GET asks for parts (RFC 9110 §14.2), and only of what `If-Range` says it has parts of.
    #[must_use]
    pub fn parts(&self, current: &Validators, length: u64) -> Option<Vec<RangeInclusive<u64>>> {
        let range = self.range.as_ref().filter(|_| self.method == Method::GET)?;
        let unchanged = match &self.if_range {
            None => true,
            Some(IfRange::Tag(tag)) => {
                let own = current.tag.as_ref();
                own.is_some_and(|own| tag.matches_strongly(own))
            }
            Some(IfRange::Date(date)) => current.modified == Some(LastModified(*date)),
        };
        unchanged.then(|| range.within(length))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use http::HeaderName;

    use super::*;
    use Verdict::{Failed, NotModified, Proceed};

    type Fields<'a> = &'a [(&'a str, &'a str)];

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn current() -> Validators {
        // Half a second is cut off, as it was in the field that the client got.
        let then = UNIX_EPOCH + Duration::from_millis(784_111_777_500);
        Validators::new()
            .tag(ETag::strong("a").unwrap())
            .modified(then)
    }

    fn conditions(method: &Method, fields: Fields<'_>) -> Preconditions {
        let fields = fields.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        });
        Preconditions::of(method, &fields.collect())
    }

    #[test]
    fn conditions_are_judged_in_the_order_of_the_standard() {
        let rows: [(Fields<'_>, Verdict, Verdict); 22] = [
            (&[], Proceed, Proceed),
            (&[("if-match", "\"a\"")], Proceed, Proceed),
            (&[("if-match", "\"b\", \"a\"")], Proceed, Proceed),
            (&[("if-match", "*")], Proceed, Proceed),
            (&[("if-match", "\"b\"")], Failed, Failed),
            (&[("if-match", "W/\"a\"")], Failed, Failed),
            (&[("if-match", "a")], Failed, Failed),
            (&[("if-unmodified-since", THEN)], Proceed, Proceed),
            (&[("if-unmodified-since", BEFORE)], Failed, Failed),
            (&[("if-unmodified-since", "whenever")], Proceed, Proceed),
            // If-Match counts, and If-Unmodified-Since beside it does not (RFC 9110 §13.1.4).
            (
                &[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)],
                Proceed,
                Proceed,
            ),
            (&[("if-none-match", "\"b\"")], Proceed, Proceed),
            (&[("if-none-match", "\"b\", W/\"a\"")], NotModified, Failed),
            (&[("if-none-match", "*")], NotModified, Failed),
            (&[("if-none-match", "b")], Proceed, Proceed),
            (&[("if-modified-since", THEN)], NotModified, Proceed),
            (&[("if-modified-since", AFTER)], NotModified, Proceed),
            (&[("if-modified-since", BEFORE)], Proceed, Proceed),
            (&[("if-modified-since", "whenever")], Proceed, Proceed),
            // If-None-Match counts, and If-Modified-Since beside it does not (RFC 9110 §13.1.3).
            (
                &[("if-none-match", "\"b\""), ("if-modified-since", THEN)],
                Proceed,
                Proceed,
            ),
            (
                &[("if-match", "\"a\""), ("if-none-match", "\"a\"")],
                NotModified,
                Failed,
            ),
            (
                &[("if-match", "\"b\""), ("if-none-match", "\"a\"")],
                Failed,
                Failed,
            ),
        ];
        for (fields, get, put) in rows {
            assert_eq!(
                conditions(&Method::GET, fields).judge(&current()),
                get,
                "GET {fields:?}"
            );
            assert_eq!(
                conditions(&Method::HEAD, fields).judge(&current()),
                get,
                "HEAD {fields:?}"
            );
            assert_eq!(
                conditions(&Method::PUT, fields).judge(&current()),
                put,
                "PUT {fields:?}"
            );
        }
    }

    #[test]
    fn what_is_missing_can_be_created_but_not_changed() {
        let judge = |fields| conditions(&Method::PUT, fields).judge(&Validators::missing());
        assert_eq!(judge(&[("if-none-match", "*")]), Proceed);
        assert_eq!(judge(&[("if-match", "*")]), Failed);
        assert_eq!(judge(&[("if-unmodified-since", THEN)]), Proceed);
    }

    #[test]
    fn parts_are_sent_of_what_the_client_has_parts_of() {
        let range = ("range", "bytes=0-1");
        let rows: [(Fields<'_>, bool); 9] = [
            (&[range], true),
            (&[], false),
            (&[range, ("if-range", "\"a\"")], true),
            (&[range, ("if-range", "W/\"a\"")], false),
            (&[range, ("if-range", "\"b\"")], false),
            (&[range, ("if-range", THEN)], true),
            (&[range, ("if-range", AFTER)], false),
            (&[range, ("if-range", BEFORE)], false),
            (&[("range", "bytes=x")], false),
        ];
        for (fields, partial) in rows {
            let parts = conditions(&Method::GET, fields).parts(&current(), 9);
            assert_eq!(parts, partial.then(|| vec![0..=1]), "{fields:?}");
        }
        assert_eq!(
            conditions(&Method::POST, &[range]).parts(&current(), 9),
            None
        );
        assert_eq!(
            conditions(&Method::GET, &[range]).parts(&current(), 0),
            Some(vec![])
        );
    }
}
