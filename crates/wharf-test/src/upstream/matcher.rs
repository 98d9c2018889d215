//! [`Matcher`]: which requests are meant.

use std::fmt;
use std::sync::Arc;

use http::Method;
use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use wharf_http::BoxError;

use super::Call;
use super::diff::{self, Difference};
use super::pattern::Pattern;
use crate::fail;

/// Which requests are meant: all of what is said has to be true, and what is not said does not matter.
///
/// Made by [`get`](super::get), [`request`](super::request), [`any`](super::any) and their like. Methods panic where what
/// they are given cannot be sent, such as a malformed header field.
///
/// # Examples
///
/// ```
/// use wharf_test::{json, upstream::post};
///
/// let matcher = post("/users/{id}/ships")
///     .host("api.test")
///     .query("page", 2)
///     .header("authorization", "Bearer secret")
///     .json_subset(&json!({ "name": "Ada" }));
/// # let _ = matcher;
/// ```
#[derive(Clone)]
#[must_use = "a matcher does nothing until it is expected"]
pub struct Matcher {
    method: Option<Method>,
    path: Option<Pattern>,
    host: Option<String>,
    query: Vec<(String, Rule<String>)>,
    has_other_query: bool,
    headers: Vec<(HeaderName, Rule<HeaderValue>)>,
    body: Vec<BodyRule>,
    checks: Vec<(String, Check)>,
}

type Check = Arc<dyn Fn(&Call) -> bool + Send + Sync>;

/// What a name is to have.
#[derive(Clone)]
enum Rule<T> {
    Is(T),
    Present,
    Absent,
}

#[derive(Clone)]
enum BodyRule {
    Json(Value),
    JsonSubset(Value),
    Text(String),
    Bytes(Vec<u8>),
}

impl Matcher {
    #[track_caller]
    pub(super) fn new(method: Option<Method>, path: Option<&str>) -> Self {
        let path = path.map(|path| Pattern::parse(path).unwrap_or_else(|why| fail(&why)));
        Self {
            method,
            path,
            host: None,
            query: Vec::new(),
            has_other_query: true,
            headers: Vec::new(),
            body: Vec::new(),
            checks: Vec::new(),
        }
    }

    /// Asks for a path that is taken as it is, in which braces mean nothing, in place of a pattern.
    pub fn exact_path(mut self, path: &str) -> Self {
        self.path = Some(Pattern::exact(path));
        self
    }

    /// Asks for a host: a name for any port, or a name with a port.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Asks for a pair in the query, decoded on both sides. Other pairs do not matter.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        let rule = Rule::Is(value.to_string());
        self.query.push((name.to_owned(), rule));
        self
    }

    /// Asks that a name is in the query, whatever its value.
    pub fn has_query(mut self, name: &str) -> Self {
        self.query.push((name.to_owned(), Rule::Present));
        self
    }

    /// Asks that a name is not in the query.
    pub fn no_query(mut self, name: &str) -> Self {
        self.query.push((name.to_owned(), Rule::Absent));
        self
    }

    /// Asks that no names are in the query but those that are asked for.
    pub fn no_other_query(mut self) -> Self {
        self.has_other_query = false;
        self
    }

    /// Asks for a header field with this value, among others of the same name.
    ///
    /// # Panics
    ///
    /// Panics when name or value is malformed.
    #[track_caller]
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        let rule = Rule::Is(field_value(value));
        self.headers.push((field_name(name), rule));
        self
    }

    /// Asks that there is a header field of a name, whatever its value.
    ///
    /// # Panics
    ///
    /// Panics when the name is malformed.
    #[track_caller]
    pub fn has_header<N>(mut self, name: N) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
    {
        self.headers.push((field_name(name), Rule::Present));
        self
    }

    /// Asks that there is no header field of a name.
    ///
    /// # Panics
    ///
    /// Panics when the name is malformed.
    #[track_caller]
    pub fn no_header<N>(mut self, name: N) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
    {
        self.headers.push((field_name(name), Rule::Absent));
        self
    }

    /// Asks for a body that is this JSON, written in any way.
    ///
    /// # Panics
    ///
    /// Panics when `body` cannot be made JSON.
    #[track_caller]
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        let value = value_of(body);
        self.body(BodyRule::Json(value))
    }

    /// Asks for a body that has at least the members of this JSON, at any depth. A list has as many elements as this one.
    ///
    /// # Panics
    ///
    /// Panics when `body` cannot be made JSON.
    #[track_caller]
    pub fn json_subset<T: Serialize + ?Sized>(self, body: &T) -> Self {
        let value = value_of(body);
        self.body(BodyRule::JsonSubset(value))
    }

    /// Asks for a body that is this text.
    pub fn text(self, body: impl Into<String>) -> Self {
        self.body(BodyRule::Text(body.into()))
    }

    /// Asks for a body of these bytes.
    pub fn bytes(self, body: impl Into<Vec<u8>>) -> Self {
        self.body(BodyRule::Bytes(body.into()))
    }

    /// Asks whatever `check` finds true; `what` says in a message what that is.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_test::upstream::any;
    ///
    /// let small = any().matching("a small body", |call| call.bytes().len() < 1024);
    /// # let _ = small;
    /// ```
    pub fn matching(
        mut self,
        what: impl Into<String>,
        check: impl Fn(&Call) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((what.into(), Arc::new(check)));
        self
    }

    fn body(mut self, rule: BodyRule) -> Self {
        self.body.push(rule);
        self
    }

    /// Returns the parameters of the path.
    pub(super) fn parameters(&self, path: &str) -> Vec<(String, String)> {
        let path = self.path.as_ref().and_then(|pattern| pattern.find(path));
        path.unwrap_or_default()
    }

    /// Finds everything in which a request is not the one that is meant.
    pub(super) fn differences(&self, call: &Call) -> Vec<Difference> {
        let mut found = Vec::new();
        if let Some(method) = &self.method
            && method != call.method()
        {
            found.push(Difference::new("method", method, Some(call.method())).weighing(3));
        }
        if let Some(path) = &self.path
            && path.find(call.path()).is_none()
        {
            found.push(Difference::new("path", path.as_str(), Some(call.path())).weighing(8));
        }
        if let Some(host) = &self.host
            && !is_host(host, call.host())
        {
            found.push(Difference::new("host", host, Some(call.host())).weighing(8));
        }
        self.compare_query(call, &mut found);
        self.compare_headers(call, &mut found);
        found.extend(self.body.iter().flat_map(|rule| rule.differences(call)));
        let failed = self.checks.iter().filter(|(_, check)| !check(call));
        found.extend(failed.map(|(what, _)| Difference::told(what, "does not match")));
        found
    }

    fn compare_query(&self, call: &Call, found: &mut Vec<Difference>) {
        let pairs = call.query_pairs();
        for (name, rule) in &self.query {
            let of_name = pairs.iter().filter(|(other, _)| other == name);
            let values: Vec<_> = of_name.map(|(_, value)| value).collect();
            found.extend(rule.difference(&format!("query `{name}`"), &values));
        }
        if self.has_other_query {
            return;
        }
        for (name, value) in &pairs {
            if self.query.iter().all(|(other, _)| other != name) {
                let what = format!("query `{name}`");
                found.push(Difference::new(what, "nothing", Some(format!("{value:?}"))));
            }
        }
    }

    fn compare_headers(&self, call: &Call, found: &mut Vec<Difference>) {
        for (name, rule) in &self.headers {
            let values: Vec<_> = call.headers().get_all(name).iter().collect();
            found.extend(rule.difference(&format!("header `{name}`"), &values));
        }
    }
}

impl<T: PartialEq + fmt::Debug> Rule<T> {
    /// Compares the values that a name has.
    fn difference(&self, what: &str, values: &[&T]) -> Option<Difference> {
        let expected = match self {
            Self::Is(expected) if !values.contains(&expected) => format!("{expected:?}"),
            Self::Present if values.is_empty() => "any value".to_owned(),
            Self::Absent if !values.is_empty() => "nothing".to_owned(),
            _ => return None,
        };
        let got = values.first().map(|value| format!("{value:?}"));
        Some(Difference::new(what, expected, got))
    }
}

impl BodyRule {
    fn differences(&self, call: &Call) -> Vec<Difference> {
        let got = call.bytes();
        let (expected, subset) = match self {
            Self::Json(value) => (value, false),
            Self::JsonSubset(value) => (value, true),
            Self::Text(expected) => {
                let got = String::from_utf8_lossy(got);
                return diff::text(expected, &got).into_iter().collect();
            }
            Self::Bytes(expected) if expected == got => return Vec::new(),
            Self::Bytes(expected) => {
                let same = expected
                    .iter()
                    .zip(got)
                    .take_while(|(ours, theirs)| ours == theirs);
                let (offset, ours, theirs) = (same.count(), expected.len(), got.len());
                let detail = format!(
                    "expected {ours} bytes, got {theirs}, of which the first {offset} are as expected"
                );
                return vec![Difference::told("body", detail)];
            }
        };
        match serde_json::from_slice(got) {
            Ok(got) => diff::json(expected, &got, subset),
            Err(_) if got.is_empty() => vec![Difference::new("body", expected, None::<Value>)],
            Err(error) => {
                let detail = format!("expected {expected}, got what is no JSON: {error}");
                vec![Difference::told("body", detail)]
            }
        }
    }
}

/// Tells whether a host is the one that is meant, which names a port or not.
fn is_host(meant: &str, host: &str) -> bool {
    let without_port = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    meant.eq_ignore_ascii_case(host) || meant.eq_ignore_ascii_case(without_port)
}

#[track_caller]
pub(super) fn field_name<N: TryInto<HeaderName, Error: Into<BoxError>>>(name: N) -> HeaderName {
    match name.try_into() {
        Ok(name) => name,
        Err(error) => fail(&format!("not the name of a header field: {}", error.into())),
    }
}

#[track_caller]
pub(super) fn field_value<V: TryInto<HeaderValue, Error: Into<BoxError>>>(value: V) -> HeaderValue {
    match value.try_into() {
        Ok(value) => value,
        Err(error) => fail(&format!(
            "not the value of a header field: {}",
            error.into()
        )),
    }
}

#[track_caller]
pub(super) fn value_of<T: Serialize + ?Sized>(body: &T) -> Value {
    match serde_json::to_value(body) {
        Ok(value) => value,
        Err(error) => fail(&format!("the expected body cannot be made JSON: {error}")),
    }
}

impl fmt::Display for Matcher {
    /// Prints method, host and path, such as `GET api.test/users/{id}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Some(method) => write!(f, "{method} ")?,
            None => f.write_str("any method, ")?,
        }
        if let Some(host) = &self.host {
            f.write_str(host)?;
        }
        f.write_str(self.path.as_ref().map_or("any path", Pattern::as_str))?;
        let mut before = '?';
        for (name, value) in &self.query {
            match value {
                Rule::Is(value) => write!(f, "{before}{name}={value}")?,
                Rule::Present => write!(f, "{before}{name}")?,
                Rule::Absent => continue,
            }
            before = '&';
        }
        Ok(())
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Matcher").field(&self.to_string()).finish()
    }
}
