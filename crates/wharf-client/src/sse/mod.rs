//! Reading event streams (WHATWG HTML, "Server-sent events").
//!
//! [`EventSource`] reads for as long as there is somebody to connect to: it goes on where a connection has broken off.
//! [`EventStream`] is the events of one response.

mod source;
mod stream;

pub use source::EventSource;
pub use stream::EventStream;
pub use wharf_http::sse::Event;
