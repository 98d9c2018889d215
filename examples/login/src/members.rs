//! Who the members are, and whether somebody is one: what is a table of a database elsewhere.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use tokio::task::{JoinError, spawn_blocking};
use wharf::BoxError;
use wharf::middleware::Permissions;

/// The permission to read the log of the harbour.
pub(crate) const READ_LOG: &str = "log.read";

/// Names; hashes of passwords, as `Argon2::default().hash_password(..)` makes them; permissions.
const MEMBERS: [(&str, &str, &[&str]); 2] = [
    (
        "ann",
        "$argon2id$v=19$m=19456,t=2,p=1$gFSrhjslS54iQMEiWFxSiw$5QrjO14hHCUqUsqHyLlANJ68N+Lexw+uJc2U/BC06qA",
        &[READ_LOG],
    ),
    (
        "ben",
        "$argon2id$v=19$m=19456,t=2,p=1$Ae4x/a268uES6X2u/JBQbQ$G2+6eOVoZa3P3rcKMPYkOxDFXEBnTdFm1jM/4wgECcI",
        &[],
    ),
];

/// The hash of a password that nobody knows, made as the others are.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$i9GJqbpTVNb7733Uv6XXCQ$30WHXspVf8QhECEPl3GuLyBRLzE8E8bLf5BSfrHkB2o";

/// A member, as the rest of the application knows one: the principal of its requests.
#[derive(Clone)]
pub(crate) struct Member {
    name: &'static str,
    permissions: &'static [&'static str],
}

impl Member {
    pub(crate) fn name(&self) -> &str {
        self.name
    }

    pub(crate) fn may(&self, what: &str) -> bool {
        self.permissions.contains(&what)
    }
}

impl Permissions for Member {
    fn has_permission(&self, permission: &str) -> bool {
        self.may(permission)
    }
}

/// All members.
pub(crate) struct Members {
    known: Vec<(Member, Arc<PasswordHash>)>,
    nobody: Arc<PasswordHash>,
}

impl Members {
    pub(crate) fn new() -> Result<Self, BoxError> {
        let hash = |text| PasswordHash::new(text).map(Arc::new);
        let known = MEMBERS.into_iter().map(|(name, password, permissions)| {
            Ok((Member { name, permissions }, hash(password)?))
        });
        Ok(Self {
            known: known.collect::<Result<_, BoxError>>()?,
            nobody: hash(NOBODY)?,
        })
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Member> {
        let mut members = self.known.iter().map(|(member, _)| member);
        members.find(|member| member.name == name)
    }

    /// Checks a name and a password. It takes as long for a name that nobody has, which could be told by the time otherwise.
    pub(crate) async fn check(
        &self,
        name: &str,
        password: String,
    ) -> Result<Option<&Member>, JoinError> {
        let found = self.known.iter().find(|(member, _)| member.name == name);
        let hash = Arc::clone(found.map_or(&self.nobody, |(_, hash)| hash));
        // As slow as it is meant to be: the threads that serve have others to serve meanwhile.
        let verify = move || {
            Argon2::default()
                .verify_password(password.as_bytes(), &*hash)
                .is_ok()
        };
        let is_right = spawn_blocking(verify).await?;
        Ok(found.map(|(member, _)| member).filter(|_| is_right))
    }
}
