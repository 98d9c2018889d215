use std::fmt;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{BadHeader, TypedHeader, base64, grammar};

/// A user name and a password: `Authorization: Basic` (RFC 7617).
///
/// Credentials of another scheme count as absent. Debug output does not show the password.
///
/// # Examples
///
/// ```
/// use wharf_http::header::{Basic, TypedHeader};
///
/// let credentials = Basic::new("Aladdin", "open sesame").unwrap();
/// assert_eq!(credentials.encode().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Basic {
    user: String,
    password: String,
}

impl Basic {
    /// Takes a user name and a password.
    ///
    /// # Errors
    ///
    /// [`BadHeader`] when the user name holds a colon, or one of them a control character (RFC 7617 §2).
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Result<Self, BadHeader> {
        let (user, password) = (user.into(), password.into());
        if user.contains(':') || user.chars().chain(password.chars()).any(char::is_control) {
            return Err(bad(
                "expected a user name without colon, and no control characters",
            ));
        }
        Ok(Self { user, password })
    }

    /// Returns the user name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl TypedHeader for Basic {
    const NAME: HeaderName = header::AUTHORIZATION;
    const CHALLENGE: Option<&'static str> = Some("Basic realm=\"restricted\", charset=\"UTF-8\"");

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let Some(encoded) = credentials(headers, "basic")? else {
            return Ok(None);
        };
        let decoded = base64::decode(encoded).and_then(|bytes| String::from_utf8(bytes).ok());
        let (user, password) = decoded
            .as_deref()
            .and_then(|text| text.split_once(':'))
            .ok_or_else(|| bad("expected `user:password` in UTF-8 and Base64"))?;
        Self::new(user, password).map(Some)
    }

    fn encode(&self) -> Option<HeaderValue> {
        let plain = format!("{}:{}", self.user, self.password);
        sensitive(format!("Basic {}", base64::encode(plain.as_bytes())))
    }
}

/// A bearer token: `Authorization: Bearer` (RFC 6750).
///
/// Credentials of another scheme count as absent. Debug output does not show the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer {
    token: String,
}

impl Bearer {
    /// Takes a token.
    ///
    /// # Errors
    ///
    /// [`BadHeader`] when it is empty or holds other characters than letters, digits, and `-._~+/=` (RFC 6750 §2.1).
    pub fn new(token: impl Into<String>) -> Result<Self, BadHeader> {
        let token = token.into();
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        match !token.is_empty() && token.bytes().all(valid) {
            true => Ok(Self { token }),
            false => Err(bad("expected a token")),
        }
    }

    /// Returns the token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").finish_non_exhaustive()
    }
}

impl TypedHeader for Bearer {
    const NAME: HeaderName = header::AUTHORIZATION;
    const CHALLENGE: Option<&'static str> = Some("Bearer");

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        credentials(headers, "bearer")?.map(Self::new).transpose()
    }

    fn encode(&self) -> Option<HeaderValue> {
        sensitive(format!("Bearer {}", self.token))
    }
}

fn bad(expected: &'static str) -> BadHeader {
    BadHeader::new(&header::AUTHORIZATION, expected)
}

/// Returns what follows the name of a scheme; `None` for another scheme.
fn credentials<'h>(headers: &'h HeaderMap, scheme: &str) -> Result<Option<&'h str>, BadHeader> {
    let Some(text) = super::single(headers, &header::AUTHORIZATION)? else {
        return Ok(None);
    };
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    Ok(name
        .eq_ignore_ascii_case(scheme)
        .then(|| grammar::trim(rest)))
}

/// Makes a value that is not shown by Debug, nor put into the compression table of HTTP/2.
fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn basic_credentials_are_read() {
        let rows = [
            // RFC 7617 §2 and §2.1.
            (
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
                Ok(Some(("Aladdin", "open sesame"))),
            ),
            ("basic dGVzdDoxMjPCow==", Ok(Some(("test", "123£")))),
            ("BASIC  YTo=", Ok(Some(("a", "")))),
            ("Basic YTpiOmM=", Ok(Some(("a", "b:c")))),
            ("Bearer abc", Ok(None)),
            ("Basic", Err(())),
            ("Basic ?", Err(())),
            ("Basic YQ==", Err(())),
            ("Basic /w==", Err(())),
            ("Basic YToNCg==", Err(())),
        ];
        for (value, expected) in rows {
            let got = Basic::decode(&headers(value)).map_err(|_error| ());
            let got = got
                .as_ref()
                .map(|found| found.as_ref().map(|basic| (basic.user(), basic.password())));
            assert_eq!(got, expected.as_ref().copied(), "{value}");
        }
        assert!(Basic::new("a:b", "c").is_err());
    }

    #[test]
    fn bearer_tokens_are_read() {
        let rows = [
            ("Bearer mF_9.B5f-4.1JqM", Ok(Some("mF_9.B5f-4.1JqM"))),
            ("bearer a==", Ok(Some("a=="))),
            ("Basic YTo=", Ok(None)),
            ("Bearer", Err(())),
            ("Bearer a b", Err(())),
            ("Bearer \"a\"", Err(())),
        ];
        for (value, expected) in rows {
            let got = Bearer::decode(&headers(value)).map_err(|_error| ());
            let got = got.as_ref().map(|found| found.as_ref().map(Bearer::token));
            assert_eq!(got, expected.as_ref().copied(), "{value}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let basic = Basic::new("anne", "hunter2").unwrap();
        let bearer = Bearer::new("hunter2").unwrap();
        for shown in [
            format!("{basic:?}"),
            format!("{bearer:?}"),
            format!("{:?}", basic.encode()),
        ] {
            assert!(
                !shown.contains("hunter2") && !shown.contains("YW5uZTpodW50ZXIy"),
                "{shown}"
            );
        }
    }

    proptest! {
        #[test]
        fn credentials_come_back_as_they_were_and_no_text_makes_it_panic(
            user in "[^:\\p{Cc}]{0,8}",
            password in "[^\\p{Cc}]{0,8}",
            text in "(?i:basic|bearer)? ?[ -~]{0,20}",
        ) {
            let basic = Basic::new(user, password).unwrap();
            let sent = HeaderMap::from_iter([(header::AUTHORIZATION, basic.encode().unwrap())]);
            prop_assert_eq!(Basic::decode(&sent), Ok(Some(basic)));
            let _ = (Basic::decode(&headers(&text)), Bearer::decode(&headers(&text)));
        }

        #[test]
        fn a_token_comes_back_as_it_was(token in "[A-Za-z0-9._~+/-]{1,40}={0,2}", scheme in "(?i:bearer) {1,3}") {
            let bearer = Bearer::new(token).unwrap();
            let sent = HeaderMap::from_iter([(header::AUTHORIZATION, bearer.encode().unwrap())]);
            prop_assert_eq!(Bearer::decode(&sent), Ok(Some(bearer.clone())));
            let sent = headers(&format!("{scheme}{}", bearer.token()));
            prop_assert_eq!(Bearer::decode(&sent), Ok(Some(bearer)));
        }
    }
}
