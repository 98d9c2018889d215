//! TLS: [`TlsConfig`], whom a client believes, who it is itself, and how strict it is.
//!
//! # Layout
//!
//! - `config`: [`TlsConfig`] and [`TlsVersion`], what can be set.
//! - `roots`: [`Roots`], the authorities that are believed; `pin`: [`Fingerprint`], what a certificate has to be on top of that.
//! - `identity`: [`Identity`], a certificate of the client with its key; `pem`: where such things come from.
//! - `setup`: what rustls is given of a configuration, and when; `provider`: with whose cryptography; `verify`: how servers
//!   are verified; `key_log`: secrets for those who debug.
//! - `handshake`: from a plain stream to an encrypted one; `stream`: what that is; `failure`: why there is none.
//! - `info`: [`TlsInfo`], what was agreed on.
//! - [`dangerous_raw`]: the way to rustls itself.
//!
//! # What is decided here
//!
//! - TLS 1.2 and 1.3, with the suites that the provider takes for safe, in its order.
//! - The cryptography is that of the feature: aws-lc-rs with `tls`, ring with `tls-ring`. The default of the process is
//!   neither read nor set, so that other users of rustls in the same program do not matter.
//! - Roots and files are read at the first connection, away from the workers of the runtime, once for all clones.
//! - The last 256 servers' sessions are kept in memory and resumed (RFC 8446 §2.2), per configuration: what one has
//!   verified, another has not. A server that is resumed is not verified again.
//! - There is no 0-RTT data (RFC 8446 §8): whoever records it can send it again.
//! - An end without a closing alert is the error of a body that is not framed, since it may be cut (RFC 9112 §9.8).
//!
//! # Examples
//!
//! ```
//! use wharf_client::tls::{Identity, Roots, TlsConfig, TlsVersion};
//!
//! // A service inside: its own authority and no other, and both ends show who they are.
//! let inside = TlsConfig::new()
//!     .roots(Roots::OwnOnly)
//!     .add_root_file("/etc/app/authority.pem")
//!     .identity(Identity::pem_files("/etc/app/client.pem", "/etc/app/client.key"))
//!     .min_version(TlsVersion::Tls13);
//! # let _ = inside;
//! ```

mod config;
pub mod dangerous_raw;
mod failure;
mod handshake;
mod identity;
mod info;
mod key_log;
mod pem;
mod pin;
mod provider;
mod roots;
mod setup;
mod stream;
mod verify;

pub use config::{TlsConfig, TlsVersion};
pub use identity::Identity;
pub use info::TlsInfo;
pub use pin::Fingerprint;
pub use roots::Roots;

pub(crate) use failure::refusal;

#[cfg(test)]
mod tests;
