use std::fmt::Write as _;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::grammar;

/// What a server wants to see before it answers: one challenge of `WWW-Authenticate` or `Proxy-Authenticate`
/// (RFC 9110 §11.3).
///
/// # Examples
///
/// ```
/// use http::header::{HeaderMap, WWW_AUTHENTICATE};
/// use wharf_http::header::Challenge;
///
/// let mut headers = HeaderMap::new();
/// headers.insert(WWW_AUTHENTICATE, "Negotiate, Basic realm=\"a, b\", charset=UTF-8".parse()?);
/// let challenges = Challenge::all(&headers, &WWW_AUTHENTICATE);
/// assert!(challenges[0].is("negotiate"));
/// assert_eq!(challenges[1].parameters().get("realm"), Some("a, b"));
///
/// let challenge = Challenge::new("Basic").with("realm", "harbour");
/// assert_eq!(challenge.encode().unwrap(), "Basic realm=\"harbour\"");
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    token: Option<String>,
    parameters: AuthParameters,
}

impl Challenge {
    /// Makes a challenge of a scheme, without parameters.
    #[must_use]
    pub fn new(scheme: impl Into<String>) -> Self {
        Self {
            scheme: scheme.into(),
            token: None,
            parameters: AuthParameters::default(),
        }
    }

    /// Adds a parameter, whose name becomes lower case.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.push(name, value);
        self
    }

    /// Writes the challenge, the values of all parameters between quotes, as that of `realm` has to be (RFC 9110 §11.5).
    ///
    /// `None` when scheme or a name is no token, or a value holds a control character or what is not ASCII.
    #[must_use]
    pub fn encode(&self) -> Option<HeaderValue> {
        let valid = |(name, value): (&str, &str)| {
            grammar::is_token(name) && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        };
        if !grammar::is_token(&self.scheme) || !self.parameters.iter().all(valid) {
            return None;
        }
        let mut text = self.scheme.clone();
        if let Some(token) = &self.token {
            write!(text, " {token}").ok()?;
        }
        for (number, (name, value)) in self.parameters.iter().enumerate() {
            // After a token too: RFC 9110 §11.2 has no parameters there, and readers pass over what follows a space.
            let first = number == 0 && self.token.is_none();
            let comma = if first { "" } else { "," };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            write!(text, "{comma} {name}=\"{value}\"").ok()?;
        }
        HeaderValue::try_from(text).ok()
    }

    /// Reads the challenges of all lines of the field `name`, in their order.
    ///
    /// What is malformed is left out, and so are lines that are not UTF-8: a client takes what it can answer.
    #[must_use]
    pub fn all(headers: &HeaderMap, name: &HeaderName) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for piece in pieces(headers, name) {
            // A name before `=` belongs to the challenge before; a scheme is followed by a space, or by nothing.
            if let Some((name, value)) = grammar::parameter(piece) {
                if let Some(current) = all.last_mut() {
                    current.parameters.push(name, &value);
                }
            } else {
                all.extend(Self::begin(piece));
            }
        }
        all
    }

    /// Reads a scheme, and what of the challenge stands before the first comma.
    fn begin(piece: &str) -> Option<Self> {
        let (scheme, rest) = piece.split_once([' ', '\t']).unwrap_or((piece, ""));
        let rest = grammar::trim(rest);
        let mut challenge = Self {
            scheme: grammar::is_token(scheme).then(|| scheme.to_owned())?,
            token: None,
            parameters: AuthParameters::default(),
        };
        match grammar::parameter(rest) {
            Some((name, value)) => challenge.parameters.push(name, &value),
            None if is_token68(rest) => challenge.token = Some(rest.to_owned()),
            None => {}
        }
        Some(challenge)
    }

    /// Returns the name of the scheme as it was sent.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Tells whether the challenge is of a scheme; case does not matter.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Returns what a scheme without parameters sends, such as `Negotiate` (`token68`).
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Returns the parameters.
    #[must_use]
    pub fn parameters(&self) -> &AuthParameters {
        &self.parameters
    }
}

/// The parameters of a [`Challenge`], or those of `Authentication-Info` (RFC 9110 §11.2, RFC 7615 §3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthParameters {
    list: Vec<(String, String)>,
}

impl AuthParameters {
    /// Reads the field `name` of a response, which is `Authentication-Info` or `Proxy-Authentication-Info`.
    ///
    /// What is malformed is left out.
    #[must_use]
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> Self {
        let mut parameters = Self::default();
        for (name, value) in pieces(headers, name).filter_map(grammar::parameter) {
            parameters.push(name, &value);
        }
        parameters
    }

    fn push(&mut self, name: &str, value: &str) {
        self.list
            .push((name.to_ascii_lowercase(), value.to_owned()));
    }

    /// Returns the value of a parameter without its quotes, the first when it is there twice; case does not matter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.iter();
        pairs.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Returns all of them, names in lower case, in the order in which they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let list = self.list.iter();
        list.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Splits all lines at their commas.
fn pieces<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|line| str::from_utf8(line.as_bytes()).ok())
        .flat_map(|line| grammar::split(line, b','))
}

/// Tells whether `text` is what RFC 9110 §11.2 calls `token68`.
fn is_token68(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !digits.is_empty() && digits.bytes().all(valid)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::WWW_AUTHENTICATE;
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let value = |line: &&str| HeaderValue::from_str(line).unwrap();
        let pairs = lines.iter().map(|line| (WWW_AUTHENTICATE, value(line)));
        HeaderMap::from_iter(pairs)
    }

    /// Prints what was read: `scheme token name=value`.
    fn read(lines: &[&str]) -> Vec<String> {
        let print = |challenge: &Challenge| {
            let mut text = challenge.scheme().to_owned();
            if let Some(token) = challenge.token() {
                text = format!("{text} {token}");
            }
            for (name, value) in challenge.parameters().iter() {
                text = format!("{text} {name}={value}");
            }
            text
        };
        let challenges = Challenge::all(&headers(lines), &WWW_AUTHENTICATE);
        challenges.iter().map(print).collect()
    }

    #[test]
    fn a_challenge_that_was_read_with_a_token_and_parameters_is_written_so_that_it_is_read_the_same()
     {
        let read = Challenge::all(&headers(&["Digest abc=, nonce=n"]), &WWW_AUTHENTICATE);
        let written = read[0].encode().unwrap();
        assert_eq!(written, "Digest abc=, nonce=\"n\"");
        let again = HeaderMap::from_iter([(WWW_AUTHENTICATE, written)]);
        assert_eq!(Challenge::all(&again, &WWW_AUTHENTICATE), read);
    }

    #[test]
    fn several_challenges_stand_in_one_line_or_in_many() {
        let rows: [(&[&str], &[&str]); 10] = [
            // RFC 9110 §11.6.1.
            (
                &[
                    r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
                ],
                &[
                    "Basic realm=simple",
                    r#"Newauth realm=apps type=1 title=Login to "apps""#,
                ],
            ),
            (
                &["Negotiate", "NTLM", r#"Digest realm="a, b",nonce=c"#],
                &["Negotiate", "NTLM", "Digest realm=a, b nonce=c"],
            ),
            (
                &["Negotiate YII==, Basic Realm = x"],
                &["Negotiate YII==", "Basic realm=x"],
            ),
            (&["NTLM abc="], &["NTLM abc="]),
            (&[", ,Basic realm=x,,"], &["Basic realm=x"]),
            (
                &["Basic realm=x", "charset=UTF-8"],
                &["Basic realm=x charset=UTF-8"],
            ),
            (&["realm=x, Basic realm=y"], &["Basic realm=y"]),
            (
                &[r#"Basic realm="open, Digest nonce=a"#, "NTLM"],
                &["Basic", "NTLM"],
            ),
            (&["(, Basic @@"], &["Basic"]),
            (&[""], &[]),
        ];
        for (lines, expected) in rows {
            assert_eq!(read(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn parameters_are_found_in_any_case_and_the_first_wins() {
        let headers = headers(&[r#"nextNonce="a b", rspauth=c, nextnonce=d, broken"#]);
        let parameters = AuthParameters::of(&headers, &WWW_AUTHENTICATE);
        assert_eq!(parameters.get("nextnonce"), Some("a b"));
        assert_eq!(parameters.get("RSPAUTH"), Some("c"));
        assert_eq!(parameters.get("broken"), None);
    }

    #[test]
    fn what_cannot_be_a_challenge_is_not_written() {
        let basic = || Challenge::new("Basic");
        for (challenge, expected) in [
            (Challenge::new("Negotiate"), Some("Negotiate")),
            (
                basic()
                    .with("realm", r#"a "b" \c"#)
                    .with("Charset", "UTF-8"),
                Some(r#"Basic realm="a \"b\" \\c", charset="UTF-8""#),
            ),
            (basic().with("realm", ""), Some(r#"Basic realm="""#)),
            (basic().with("realm", "a\r\nset-cookie: b"), None),
            (basic().with("realm", "häfen"), None),
            (basic().with("a b", "c"), None),
            (Challenge::new(""), None),
            (Challenge::new("Basic, Bearer"), None),
        ] {
            let written = challenge.encode();
            let written = written.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(written, expected, "{challenge:?}");
        }
    }

    proptest! {
        #[test]
        fn a_challenge_that_is_written_is_read_the_same(
            scheme in "[A-Za-z]{1,6}",
            parameters in proptest::collection::vec(("[a-z]{1,5}", "[ -~]{0,8}"), 0..4)
        ) {
            let challenge = parameters
                .iter()
                .fold(Challenge::new(scheme), |challenge, (name, value)| challenge.with(name, value));
            let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge.encode().unwrap())]);
            prop_assert_eq!(Challenge::all(&headers, &WWW_AUTHENTICATE), [challenge]);
        }

        #[test]
        fn no_bytes_make_it_panic(line in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(value) = HeaderValue::from_bytes(&line) {
                let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]);
                let _ = Challenge::all(&headers, &WWW_AUTHENTICATE);
                let _ = AuthParameters::of(&headers, &WWW_AUTHENTICATE);
            }
        }

        #[test]
        fn every_parameter_of_every_challenge_is_read(
            schemes in proptest::collection::vec(("[A-Za-z][a-z0-9]{0,6}", "[a-z]{1,5}", "[ -~]{0,8}"), 1..4)
        ) {
            let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let written = schemes.iter().map(|(scheme, name, value)| format!("{scheme} {name}=\"{}\"", quote(value)));
            let line = written.collect::<Vec<_>>().join(", ");
            let expected: Vec<_> = schemes.iter().map(|(scheme, name, value)| format!("{scheme} {name}={value}")).collect();
            prop_assert_eq!(read(&[&line]), expected);
        }
    }
}
