//! What the environment decides, and what holds where it says nothing.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of harbour. Where it listens is not among them: wharf itself takes `--bind` and `WHARF_BIND`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// `DATABASE_URL`: where resources are kept.
    ///
    /// `sqlite:PATH`, or `postgres://..` with the feature `postgres`. Default: `sqlite:harbour.db`.
    pub database: Database,
    /// `UPSTREAM`: the URL that `/fetch` fetches. Default: the list of resources of this very server.
    pub upstream: Option<String>,
    /// `CACHE_SECONDS`: for how long the cache believes what it has. Default: 60 seconds.
    pub cache_age: Duration,
}

/// Where resources are kept.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Database {
    /// An SQLite database in this file, which is made if need be.
    Sqlite(PathBuf),
    /// The PostgreSQL database with this URL.
    Postgres(String),
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Which variable makes no sense, and what was expected.
    pub fn from_env() -> wharf::Result<Self> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// Reads variables from anywhere, such as from a table in a test.
    ///
    /// # Errors
    ///
    /// Which variable makes no sense, and what was expected.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> wharf::Result<Self> {
        let mut config = Self::default();
        if let Some(url) = var("DATABASE_URL") {
            config.database = Database::parse(url)?;
        }
        if let Some(url) = var("UPSTREAM") {
            config.upstream = Some(url);
        }
        if let Some(seconds) = var("CACHE_SECONDS") {
            let seconds = seconds.parse().map_err(|_not_a_number| {
                format!("CACHE_SECONDS is `{seconds}`, expected a whole number of seconds")
            })?;
            config.cache_age = Duration::from_secs(seconds);
        }
        Ok(config)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: Database::Sqlite("harbour.db".into()),
            upstream: None,
            cache_age: Duration::from_secs(60),
        }
    }
}

impl Database {
    fn parse(url: String) -> wharf::Result<Self> {
        match url.split_once(':') {
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(url)),
            // The rest of the URL stays out of the message: it may hold a password.
            Some((scheme, _)) => Err(format!(
                "DATABASE_URL starts with `{scheme}:`, expected `sqlite:PATH` or `postgres://..`"
            ))?,
            None => Err("DATABASE_URL is no URL, expected `sqlite:PATH` or `postgres://..`")?,
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.debug_tuple("Postgres").finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(vars: &[(&str, &str)]) -> wharf::Result<Config> {
        Config::from_vars(|name| {
            let (_, value) = vars.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_means_the_defaults() {
        let config = config(&[]).unwrap();
        assert_eq!(config.database, Database::Sqlite("harbour.db".into()));
        assert_eq!(config.upstream, None);
        assert_eq!(config.cache_age, Duration::from_secs(60));
    }

    #[test]
    fn the_environment_wins_over_the_defaults() {
        let config = config(&[
            ("DATABASE_URL", "sqlite:/var/lib/harbour/data.db"),
            ("UPSTREAM", "http://quay.test/"),
            ("CACHE_SECONDS", "5"),
        ])
        .unwrap();
        let path = "/var/lib/harbour/data.db".into();
        assert_eq!(config.database, Database::Sqlite(path));
        assert_eq!(config.upstream.as_deref(), Some("http://quay.test/"));
        assert_eq!(config.cache_age, Duration::from_secs(5));
    }

    #[test]
    fn a_bad_value_names_its_variable_and_keeps_the_password() {
        let error = config(&[("CACHE_SECONDS", "long")]).unwrap_err();
        assert!(error.to_string().starts_with("CACHE_SECONDS is `long`"));
        let error = config(&[("DATABASE_URL", "mysql://me:hunter2@db/")]).unwrap_err();
        assert!(error.to_string().contains("`mysql:`"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let config = config(&[("DATABASE_URL", "postgres://me:hunter2@db/")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
