//! A whole server in this process, with plain sockets as its clients.
#![cfg(feature = "http1")]

#[cfg(test)]
#[cfg(feature = "http2")]
mod frames;
#[cfg(test)]
#[cfg(unix)]
mod listeners;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod shutdown_matrix;
#[cfg(test)]
#[cfg(feature = "tls-core")]
#[cfg_attr(
    not(any(feature = "tls", feature = "tls-ring")),
    expect(dead_code, unused_imports, reason = "most of it wants cryptography")
)]
mod tls;
#[cfg(test)]
mod watchdog;
#[cfg(test)]
mod workers;
