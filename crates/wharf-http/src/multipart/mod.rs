//! Bodies of several parts: forms with files (RFC 7578), and any other `multipart` type (RFC 2046 §5.1).
//!
//! A [`Form`] gathers [`Part`]s and becomes a [`Multipart`], which is a body and its content type. Parts stream: a file
//! is read when it is sent. The length is known when that of each part is, and the whole can be made anew when each part
//! can. A part can be a [`Multipart`] in turn.
//!
//! A [`MultipartReader`] gives out one [`PartReader`] after the other, of a form as of any other type, nested ones too.
//! Nothing is held but one piece; what is too much is an [`Error`] that names the limit and the part.

mod boundary;
mod build;
mod error;
mod limits;
mod parse;
mod part;
mod read;

pub use build::{BadForm, Form, Multipart};
pub use error::{Error, ErrorKind};
pub use limits::Limits;
pub use part::Part;
pub use read::{MultipartReader, PartReader, safe_file_name};

#[cfg(test)]
mod tests;
