//! [`Exchange`]: a request and its response, as they stand in a file.
//!
//! ~~~text
//! { "exchanges": [ { "request":  { "method", "url", "headers": [ "name: value" ], "body" },
//!                    "response": { "status", "headers": [ "name: value" ], "body" } } ] }
//! ~~~
//!
//! A body is a string, `{ "base64" }` where it is no text, or `{ "left_out" }` with the number of its bytes where it is larger
//! than the limit. It is missing where there is none. `"incomplete": true` beside it says that it broke off.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use wharf_client::Url;

use super::base64;

/// A request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::upstream) struct Exchange {
    pub(in crate::upstream) method: Method,
    pub(in crate::upstream) url: String,
    pub(in crate::upstream) status: StatusCode,
    pub(in crate::upstream) request: Message,
    pub(in crate::upstream) response: Message,
}

/// What requests and responses have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::upstream) struct Message {
    pub(in crate::upstream) headers: Vec<(HeaderName, String)>,
    pub(in crate::upstream) body: Content,
    pub(in crate::upstream) is_whole: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::upstream) enum Content {
    Bytes(Bytes),
    /// So many bytes, more than are recorded.
    LeftOut(u64),
}

/// Writes exchanges down, always in the same way.
pub(super) fn write(exchanges: &[Exchange]) -> String {
    let file = Named([("exchanges", exchanges)]);
    let mut text = serde_json::to_string_pretty(&file).expect("texts and numbers make JSON");
    text.push('\n');
    text
}

/// Reads what [`write`] writes, or somebody's corrections of it.
pub(in crate::upstream) fn read(text: &str) -> Result<Vec<Exchange>, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let exchanges = file.get("exchanges").and_then(Value::as_array);
    let exchanges = exchanges.ok_or("it has no list `exchanges`")?;
    let exchanges = exchanges.iter().enumerate();
    exchanges
        .map(|(number, exchange)| {
            Exchange::read(exchange).map_err(|why| format!("exchange {number}: {why}"))
        })
        .collect()
}

impl Exchange {
    fn read(value: &Value) -> Result<Self, String> {
        let part = |name: &str| value.get(name).ok_or_else(|| format!("it has no `{name}`"));
        let (request, response) = (part("request")?, part("response")?);
        let text = |name: &str| {
            let text = request.get(name).and_then(Value::as_str);
            text.ok_or_else(|| format!("the request has no text `{name}`"))
        };
        let url = text("url")?;
        if let Err(error) = Url::parse(url) {
            return Err(format!("its URL `{url}` is none: {error}"));
        }
        let status = response.get("status").and_then(Value::as_u64);
        let status = status.and_then(|status| u16::try_from(status).ok());
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        Ok(Self {
            method: text("method")?
                .parse()
                .map_err(|error| format!("its method is none: {error}"))?,
            url: url.to_owned(),
            status: status.ok_or("the response has no status")?,
            request: Message::read(request)?,
            response: Message::read(response)?,
        })
    }
}

impl Message {
    fn read(value: &Value) -> Result<Self, String> {
        let headers = value.get("headers").and_then(Value::as_array);
        let headers = headers.map_or(&[][..], Vec::as_slice).iter();
        let headers = headers.map(|field| {
            let parts = field.as_str().and_then(|field| field.split_once(": "));
            let read = parts.and_then(|(name, value)| {
                HeaderValue::from_str(value).ok()?;
                Some((name.parse().ok()?, value.to_owned()))
            });
            read.ok_or_else(|| format!("{field} is no header field"))
        });
        Ok(Self {
            headers: headers.collect::<Result<_, _>>()?,
            body: Content::read(value.get("body"))?,
            is_whole: value.get("incomplete").is_none_or(|value| value == false),
        })
    }

    fn fields(&self) -> Vec<String> {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| format!("{name}: {value}"))
            .collect()
    }
}

impl Content {
    fn read(value: Option<&Value>) -> Result<Self, String> {
        let Some(value) = value else {
            return Ok(Self::Bytes(Bytes::new()));
        };
        if let Some(text) = value.as_str() {
            return Ok(Self::Bytes(text.to_owned().into()));
        }
        if let Some(length) = value.get("left_out").and_then(Value::as_u64) {
            return Ok(Self::LeftOut(length));
        }
        let bytes = value.get("base64").and_then(Value::as_str);
        let bytes = bytes.and_then(base64::decode);
        let bytes = bytes.ok_or("a body is neither a text, nor `base64`, nor `left_out`")?;
        Ok(Self::Bytes(bytes.into()))
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes.is_empty())
    }
}

/// Members of an object in the order of writing.
struct Named<'a, T: ?Sized, const N: usize>([(&'a str, &'a T); N]);

impl<T: Serialize + ?Sized, const N: usize> Serialize for Named<'_, T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

impl Serialize for Exchange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([
            ("request", Part::Request(self)),
            ("response", Part::Response(self)),
        ])
    }
}

/// One of the two messages of an exchange.
enum Part<'a> {
    Request(&'a Exchange),
    Response(&'a Exchange),
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let message = match self {
            Self::Request(exchange) => {
                map.serialize_entry("method", exchange.method.as_str())?;
                map.serialize_entry("url", &exchange.url)?;
                &exchange.request
            }
            Self::Response(exchange) => {
                map.serialize_entry("status", &exchange.status.as_u16())?;
                &exchange.response
            }
        };
        map.serialize_entry("headers", &message.fields())?;
        if !message.body.is_empty() {
            map.serialize_entry("body", &message.body)?;
        }
        if !message.is_whole {
            map.serialize_entry("incomplete", &true)?;
        }
        map.end()
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::LeftOut(length) => serializer.collect_map([("left_out", length)]),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => serializer.collect_map([("base64", base64::encode(bytes))]),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exchange(body: Content, is_whole: bool) -> Exchange {
        let message = |body| Message {
            headers: vec![(http::header::ACCEPT, "*/*".to_owned())],
            body,
            is_whole,
        };
        Exchange {
            method: Method::GET,
            url: "http://quay.test/ships?page=2".to_owned(),
            status: StatusCode::OK,
            request: message(Content::Bytes(Bytes::new())),
            response: message(body),
        }
    }

    #[test]
    fn the_file_can_be_read_by_people() {
        let text = write(&[exchange(Content::Bytes("two ships".into()), true)]);
        let expected = r#"{
  "exchanges": [
    {
      "request": {
        "method": "GET",
        "url": "http://quay.test/ships?page=2",
        "headers": [
          "accept: */*"
        ]
      },
      "response": {
        "status": 200,
        "headers": [
          "accept: */*"
        ],
        "body": "two ships"
      }
    }
  ]
}
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn a_file_that_makes_no_sense_says_where() {
        for (text, why) in [
            ("hm", "no JSON: expected value at line 1 column 1"),
            ("{}", "it has no list `exchanges`"),
            (r#"{"exchanges":[{}]}"#, "exchange 0: it has no `request`"),
            (
                r#"{"exchanges":[{"request":{"url":"/x"},"response":{}}]}"#,
                "exchange 0: its URL `/x` is none: relative URL without a base",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), why);
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(bytes: Vec<u8>, left_out: bool, is_whole: bool) {
            let body = if left_out { Content::LeftOut(7) } else { Content::Bytes(bytes.into()) };
            let exchanges = [exchange(body.clone(), is_whole), exchange(body, true)];
            prop_assert_eq!(read(&write(&exchanges)).unwrap(), exchanges);
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"[\[\]{}":,a-z0-9]{0,40}"#) {
            drop(read(&text));
        }
    }
}
