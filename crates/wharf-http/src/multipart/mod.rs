//! Bodies of several parts: forms with files (RFC 7578), and any other `multipart` type (RFC 2046 §5.1).
//!
//! A [`Form`] gathers [`Part`]s and becomes a [`Multipart`], which is a body and its content type. Parts stream: a file
//! is read when it is sent. The length is known when that of each part is, and the whole can be made anew when each part
//! can.

mod body;
mod boundary;
mod build;
mod part;

pub use build::{BadForm, Form, Multipart};
pub use part::Part;

#[cfg(test)]
mod tests;
