//! Cookies: those that a request brings, and those that a response sets (RFC 6265).

mod jar;
mod set;

pub use jar::Cookies;
pub use set::{BadCookie, SameSite, SetCookie};

use percent_encoding::{AsciiSet, CONTROLS};

/// What the value of a cookie cannot hold (RFC 6265 §4.1.1), and the sign that escapes begin with.
const NOT_IN_VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b',')
    .add(b';')
    .add(b'\\');
