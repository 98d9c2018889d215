use http::HeaderMap;
use url::Url;
use wharf_http::header::{self, TypedHeader};

/// Where the `link` field of a response leads (RFC 8288); made by [`Response::links`](crate::Response::links).
///
/// What is malformed, or leads to no URL, is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    list: Vec<Link>,
}

impl Links {
    /// Reads the links of a response that came from `base` (RFC 8288 §3.1).
    pub(super) fn of(headers: &HeaderMap, base: &Url) -> Self {
        let links = header::Links::decode(headers).ok().flatten();
        let links = links.into_iter().flatten();
        let list = links.filter_map(|link| {
            let url = base.join(link.target()).ok()?;
            Some(Link { url, link })
        });
        Self {
            list: list.collect(),
        }
    }

    /// Returns the links in the order in which they were sent.
    pub fn iter(&self) -> std::slice::Iter<'_, Link> {
        self.list.iter()
    }

    /// Returns the first link with a relation, such as `next`.
    ///
    /// A link with an `anchor` tells of something else than the response and is passed over (RFC 8288 §3.2).
    #[must_use]
    pub fn rel(&self, relation: &str) -> Option<&Link> {
        let mut own = self
            .iter()
            .filter(|link| link.parameter("anchor").is_none());
        own.find(|link| link.is(relation))
    }
}

impl<'l> IntoIterator for &'l Links {
    type Item = &'l Link;
    type IntoIter = std::slice::Iter<'l, Link>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One link of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    url: Url,
    link: header::Link,
}

impl Link {
    /// Returns where it leads, absolute.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the relations, such as `next` and `https://example.org/rel`; case does not matter in them.
    pub fn rel(&self) -> impl Iterator<Item = &str> {
        self.link.rel()
    }

    /// Tells whether it has a relation.
    #[must_use]
    pub fn is(&self, relation: &str) -> bool {
        self.link.is(relation)
    }

    /// Returns the title: `title*`, where that can be read, or else `title` (RFC 8288 §3.4.1).
    #[must_use]
    pub fn title(&self) -> Option<String> {
        self.link.title()
    }

    /// Returns the value of a parameter, such as `type`, without quotes.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.link.parameter(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_against_the_final_url() {
        let base = Url::parse("http://quay.test/ships/list?page=2#top").unwrap();
        let mut headers = HeaderMap::new();
        for line in [
            "<?page=3>; rel=\"next last\"; title=\"on\", </ships>; rel=up",
            "<//other.test/a>; rel=alternate; type=\"text/plain\", <http://[>; rel=broken",
            "<#a>; rel=self; anchor=\"/elsewhere\", <>; rel=self",
        ] {
            headers.append("link", line.parse().unwrap());
        }
        let links = Links::of(&headers, &base);
        let url = |relation| links.rel(relation).map(|link| link.url().as_str());
        assert_eq!(url("next"), Some("http://quay.test/ships/list?page=3"));
        assert_eq!(url("LAST"), url("next"));
        assert_eq!(url("up"), Some("http://quay.test/ships"));
        assert_eq!(url("alternate"), Some("http://other.test/a"));
        assert_eq!(url("self"), Some("http://quay.test/ships/list?page=2"));
        assert_eq!(url("broken"), None);
        let next = links.rel("next").unwrap();
        assert_eq!(next.rel().collect::<Vec<_>>(), ["next", "last"]);
        assert_eq!(next.title().as_deref(), Some("on"));
        let alternate = links.rel("alternate").unwrap();
        assert_eq!(alternate.parameter("type"), Some("text/plain"));
        assert_eq!(links.iter().count(), 5);
        assert_eq!(Links::of(&HeaderMap::new(), &base), Links::default());
    }
}
