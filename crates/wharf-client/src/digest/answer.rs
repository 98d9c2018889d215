use std::fmt::{self, Write as _};

use http::HeaderValue;

use super::state::Session;
use super::terms::{Protection, Terms};
use super::{Asked, Inner};

/// What stands for the password in all digests of a session (RFC 7616 §3.4.2).
#[derive(Clone)]
pub(super) struct Key {
    /// `H(A1)`.
    digest: String,
    /// The client nonce that went into it, which the server has to be told each time.
    cnonce: Option<String>,
}

impl Key {
    /// Makes the key for a challenge; `None` when the system has no random bytes to give.
    pub(super) fn new(owner: &Inner, terms: &Terms) -> Option<Self> {
        let hash = terms.algorithm.hash;
        let digest = hash.of_parts(&[&owner.user, &terms.realm, &owner.password]);
        if !terms.algorithm.session {
            return Some(Self {
                digest,
                cnonce: None,
            });
        }
        let cnonce = (owner.cnonce)()?;
        Some(Self {
            digest: hash.of_parts(&[&digest, &terms.nonce, &cnonce]),
            cnonce: Some(cnonce),
        })
    }
}

/// The credentials for one request, and what the server has to prove in turn.
pub(super) struct Answer {
    pub(super) credentials: HeaderValue,
    pub(super) rspauth: Option<String>,
}

impl Answer {
    /// Answers a challenge; `None` when that cannot be done for this request.
    pub(super) fn new(owner: &Inner, session: &Session, request: &Asked<'_>) -> Option<Self> {
        let terms = &*session.terms;
        let protection = terms.protections.choose(request.body.is_some())?;
        let cnonce = match &session.key.cnonce {
            Some(cnonce) => Some(cnonce.clone()),
            None if protection == Protection::Unnamed => None,
            None => Some((owner.cnonce)()?),
        };
        let proof = Proof {
            session,
            protection,
            count: format!("{:08x}", session.count),
            cnonce: cnonce.as_deref().unwrap_or_default(),
        };
        let (method, target) = (request.method.as_str(), request.target);
        let hash = terms.algorithm.hash;
        // A2 (RFC 7616 §3.4.3); that of the server has no method (§3.5).
        let (own, server) = match protection {
            Protection::Unnamed => (hash.of_parts(&[method, target]), None),
            Protection::Auth => (
                hash.of_parts(&[method, target]),
                Some(hash.of_parts(&["", target])),
            ),
            Protection::AuthInt => {
                let body = hash.of(request.body?);
                (hash.of_parts(&[method, target, &body]), None)
            }
        };
        let mut text = format!(
            "Digest {}, realm={}, nonce={}, uri={}",
            Username { owner, terms },
            Quoted(&terms.realm),
            Quoted(&session.nonce),
            Quoted(target),
        );
        proof.write(&mut text, &own).ok()?;
        let mut credentials = HeaderValue::try_from(text).ok()?;
        credentials.set_sensitive(true);
        Some(Self {
            credentials,
            rspauth: server.map(|server| proof.response(&server)),
        })
    }
}

/// What goes into a digest beside method and target.
struct Proof<'s> {
    session: &'s Session,
    protection: Protection,
    count: String,
    cnonce: &'s str,
}

impl Proof<'_> {
    fn qop(&self) -> &'static str {
        match self.protection {
            Protection::AuthInt => "auth-int",
            Protection::Auth | Protection::Unnamed => "auth",
        }
    }

    /// Makes the digest (RFC 7616 §3.4.1), or that of RFC 2069 §2.1.2.
    fn response(&self, covered: &str) -> String {
        let (key, nonce) = (&self.session.key.digest, &*self.session.nonce);
        let hash = self.session.terms.algorithm.hash;
        match self.protection {
            Protection::Unnamed => hash.of_parts(&[key, nonce, covered]),
            _ => hash.of_parts(&[key, nonce, &self.count, self.cnonce, self.qop(), covered]),
        }
    }

    /// Writes the parameters after the first four. What is quoted and what is not matters to servers (RFC 7616 §3.4).
    fn write(&self, text: &mut String, covered: &str) -> fmt::Result {
        let terms = &*self.session.terms;
        if !self.cnonce.is_empty() {
            write!(text, ", cnonce={}", Quoted(self.cnonce))?;
        }
        if self.protection != Protection::Unnamed {
            write!(text, ", nc={}, qop={}", self.count, self.qop())?;
        }
        write!(text, ", response=\"{}\"", self.response(covered))?;
        if let Some(opaque) = &terms.opaque {
            write!(text, ", opaque={}", Quoted(opaque))?;
        }
        if let Some(name) = &terms.algorithm_name {
            write!(text, ", algorithm={name}")?;
        }
        if terms.userhash {
            text.push_str(", userhash=true");
        }
        Ok(())
    }
}

/// Writes the user name in the form that the server can read (RFC 7616 §3.4.4 and §4).
struct Username<'o> {
    owner: &'o Inner,
    terms: &'o Terms,
}

impl fmt::Display for Username<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.owner.user.as_str();
        if self.terms.userhash {
            let hash = self.terms.algorithm.hash;
            let hashed = hash.of_parts(&[user, &self.terms.realm]);
            write!(f, "username=\"{hashed}\"")
        } else if user.contains(char::is_control) || (self.terms.utf8 && !user.is_ascii()) {
            f.write_str("username*=UTF-8''")?;
            user.bytes().try_for_each(|byte| match byte {
                _ if is_attribute_byte(byte) => f.write_char(byte.into()),
                _ => write!(f, "%{byte:02X}"),
            })
        } else {
            write!(f, "username={}", Quoted(user))
        }
    }
}

/// Tells what needs no escape in an extended value (RFC 8187 §3.2.1).
fn is_attribute_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte)
}

/// Writes a quoted string (RFC 9110 §5.6.4).
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for char in self.0.chars() {
            if matches!(char, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(char)?;
        }
        f.write_char('"')
    }
}
