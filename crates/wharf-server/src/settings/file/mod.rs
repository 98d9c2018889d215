//! Files of settings.

#[cfg(not(feature = "toml"))]
mod absent;
#[cfg(feature = "toml")]
mod toml;

#[cfg(not(feature = "toml"))]
pub(super) use absent::read;
#[cfg(all(test, feature = "toml"))]
pub(super) use toml::parse;
#[cfg(feature = "toml")]
pub(super) use toml::read;
