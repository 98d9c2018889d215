//! A whole server in this process, with plain sockets as its clients.
#![cfg(feature = "http1")]

#[cfg(test)]
#[cfg(unix)]
mod listeners;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod workers;
