use std::fmt;
use std::future::ready;
use std::hint::black_box;
use std::sync::Arc;

use wharf_http::header::{Basic, Bearer};
use wharf_http::{BoxFuture, Request};

use super::verify::{Failure, Verifier};
use crate::extract::Scope;

/// How many bytes are compared, always all of them.
const SIZE: usize = 512;

/// Somebody of a fixed list, by the name in it: [`BasicAuth::users`](super::BasicAuth::users),
/// [`BearerAuth::tokens`](super::BearerAuth::tokens).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListedUser {
    name: Arc<str>,
}

impl ListedUser {
    /// Returns the name in the list.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A text of a list, or one to be found in it, with zeros up to the size that is compared.
struct Padded {
    bytes: Box<[u8; SIZE]>,
    /// Of the text, even where it is longer than what is kept of it.
    length: usize,
}

impl Padded {
    fn new(text: &str) -> Self {
        let mut bytes = Box::new([0; SIZE]);
        let kept = text.len().min(SIZE);
        bytes[..kept].copy_from_slice(&text.as_bytes()[..kept]);
        let length = text.len();
        Self { bytes, length }
    }

    /// Tells whether two texts are the same. It always looks at all bytes, whatever the texts and their lengths are.
    fn is(&self, other: &Self) -> bool {
        let pairs = self.bytes.iter().zip(other.bytes.iter());
        let difference = pairs.fold(self.length ^ other.length, |found, (one, two)| {
            found | usize::from(one ^ two)
        });
        // Nothing may be known of it before its last byte, or the compiler could leave the loop at the first difference.
        black_box(difference) == 0
    }
}

/// A fixed list of names and secrets.
#[derive(Default)]
pub(super) struct Listed {
    entries: Vec<Entry>,
    problem: Option<String>,
}

struct Entry {
    user: ListedUser,
    name: Padded,
    secret: Padded,
}

impl Listed {
    pub(super) fn add(&mut self, name: Arc<str>, secret: &str) {
        let problem = if self.entries.iter().any(|entry| entry.user.name == name) {
            Some("is listed twice")
        } else if secret.is_empty() {
            Some("has no secret")
        } else if secret.len() > SIZE || name.len() > SIZE {
            Some("or the secret has more than 512 bytes")
        } else {
            None
        };
        if let Some(problem) = problem {
            self.problem = Some(format!("the name {name:?} {problem}"));
        }
        self.entries.push(Entry {
            name: Padded::new(&name),
            secret: Padded::new(secret),
            user: ListedUser { name },
        });
    }

    /// Finds the one entry that `is_it` says yes to, and looks at all of them in any case.
    fn find(&self, is_it: impl Fn(&Entry) -> bool) -> Option<ListedUser> {
        let mut found = None;
        for entry in &self.entries {
            if is_it(entry) {
                found = Some(entry.user.clone());
            }
        }
        found
    }

    fn problem(&self) -> Option<String> {
        match self.entries.is_empty() {
            true => Some("nobody is listed".to_owned()),
            false => self.problem.clone(),
        }
    }
}

impl Verifier<Basic, ListedUser> for Listed {
    fn verify<'a>(
        &'a self,
        credentials: Basic,
        _request: &'a mut Request,
        _scope: &'a Scope,
    ) -> BoxFuture<'a, Result<Option<ListedUser>, Failure>> {
        let name = Padded::new(credentials.user());
        let secret = Padded::new(credentials.password());
        // Not `&&`: whether a name is known is nobody's business.
        let user = self.find(|entry| entry.name.is(&name) & entry.secret.is(&secret));
        Box::pin(ready(Ok(user)))
    }

    fn problem(&self) -> Option<String> {
        let mut names = self.entries.iter().map(|entry| entry.user.name());
        match names.find(|name| Basic::new(*name, "").is_err()) {
            Some(name) => Some(format!(
                "the name {name:?} holds a colon or a control character, and nobody can sign in with it"
            )),
            None => self.problem(),
        }
    }
}

impl Verifier<Bearer, ListedUser> for Listed {
    fn verify<'a>(
        &'a self,
        credentials: Bearer,
        _request: &'a mut Request,
        _scope: &'a Scope,
    ) -> BoxFuture<'a, Result<Option<ListedUser>, Failure>> {
        let secret = Padded::new(credentials.token());
        let user = self.find(|entry| entry.secret.is(&secret));
        Box::pin(ready(Ok(user)))
    }

    fn problem(&self) -> Option<String> {
        self.problem()
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.entries.iter().map(|entry| &entry.user);
        f.debug_list().entries(users).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_the_same_only_when_they_are() {
        let long = "x".repeat(SIZE);
        for (one, two, same) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "b", false),
            ("a", "", false),
            ("a", "a\0", false),
            ("ab", "a", false),
            ("ä", "ä", true),
            (&long, &long, true),
            (&long, &long[1..], false),
        ] {
            assert_eq!(
                Padded::new(one).is(&Padded::new(two)),
                same,
                "{one:?} {two:?}"
            );
        }
        // What is not kept still counts.
        let longer = format!("{long}y");
        assert!(!Padded::new(&longer).is(&Padded::new(&long)));
    }

    proptest! {
        #[test]
        fn equality_is_that_of_the_texts(one in "[ab\\PC]{0,3}", two in "[ab\\PC]{0,3}") {
            prop_assert_eq!(Padded::new(&one).is(&Padded::new(&two)), one == two);
            prop_assert!(Padded::new(&one).is(&Padded::new(&one)));
        }
    }
}
