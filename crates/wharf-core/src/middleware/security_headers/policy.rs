use http::header::HeaderValue;

use crate::extract::CspNonce;

/// What stands for the nonce in a policy.
const PLACEHOLDER: &str = "{nonce}";

/// The one way in which a policy can name a nonce (W3C CSP 3 §2.3.1).
const SOURCE: &str = "'nonce-{nonce}'";

/// The directives in which a nonce means something (W3C CSP 3 §6.7.1.1).
const DIRECTIVES: [&str; 5] = [
    "default-src",
    "script-src",
    "script-src-elem",
    "style-src",
    "style-src-elem",
];

/// A policy with places for the nonce of a request.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    text: String,
}

impl Policy {
    /// Tells whether a policy has places for a nonce.
    pub(super) fn is_one(text: &str) -> bool {
        text.contains(PLACEHOLDER)
    }

    /// Takes a policy.
    ///
    /// # Errors
    ///
    /// What is wrong with it: a place where no browser would look for a nonce.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let name = words.next().unwrap_or_default();
            let known = DIRECTIVES
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known));
            for word in words.filter(|word| word.contains(PLACEHOLDER)) {
                if word != SOURCE {
                    return Err(format!(
                        "`{word}` is no source: a nonce is written `{SOURCE}`"
                    ));
                }
                if !known {
                    return Err(format!(
                        "a nonce means nothing in `{name}`, but in {}",
                        DIRECTIVES.map(|known| format!("`{known}`")).join(", ")
                    ));
                }
            }
            if name.contains(PLACEHOLDER) {
                return Err(format!("`{name}` is no directive"));
            }
        }
        match HeaderValue::from_str(text) {
            Ok(_) => Ok(Self {
                text: text.to_owned(),
            }),
            Err(_) => Err(format!("`{text}` is no value of a header field")),
        }
    }

    /// Puts a nonce into its places; a value with one is as valid as the text that it was made of.
    pub(super) fn with(&self, nonce: &CspNonce) -> Option<HeaderValue> {
        HeaderValue::try_from(self.text.replace(PLACEHOLDER, nonce.as_str())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_stands_where_browsers_look_for_it() {
        for (text, problem) in [
            ("script-src 'nonce-{nonce}'", None),
            (
                "default-src 'self'; Style-Src 'self' 'nonce-{nonce}' ; script-src-elem 'nonce-{nonce}';",
                None,
            ),
            ("script-src {nonce}", Some("`{nonce}` is no source")),
            ("script-src nonce-{nonce}", Some("is no source")),
            ("script-src 'nonce-x{nonce}'", Some("is no source")),
            (
                "img-src 'nonce-{nonce}'",
                Some("means nothing in `img-src`"),
            ),
            (
                "script-src-attr 'nonce-{nonce}'",
                Some("means nothing in `script-src-attr`"),
            ),
            ("script-src 'self';'nonce-{nonce}'", Some("is no directive")),
            ("script-src\n'nonce-{nonce}'", Some("is no value")),
        ] {
            let found = Policy::new(text).err().unwrap_or_default();
            assert!(
                found.contains(problem.unwrap_or_default()),
                "{text}: {found}"
            );
            assert_eq!(found.is_empty(), problem.is_none(), "{text}: {found}");
        }
    }
}
