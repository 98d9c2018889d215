//! Typed sessions: what an application knows of a visitor from one request to the next.
//!
//! ~~~text
//! cookie ─▶ Sessions ─▶ Session<T> in the handler ─▶ changed? ─▶ store ─▶ set-cookie
//!             └ nobody asks: nothing is read, nothing is sent
//! ~~~
//!
//! [`Sessions`] is wrapped around an app and says where they are kept; [`Session`] is the extractor. Kept in a cookie, signed or
//! encrypted, a session is all there; in a [`SessionStore`] it is kept under a hash of what the cookie holds: [`MemoryStore`],
//! [`FileStore`], `RedisStore` (feature `redis`), or your own.
//!
//! # Examples
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use wharf_core::session::{Keys, Session, Sessions};
//! use wharf_core::{App, get};
//!
//! #[derive(Clone, Default, Serialize, Deserialize)]
//! struct Visitor {
//!     calls: u32,
//! }
//!
//! async fn count(session: Session<Visitor>) -> String {
//!     let calls = session.update(|visitor| {
//!         visitor.calls += 1;
//!         visitor.calls
//!     });
//!     format!("call {calls}")
//! }
//!
//! let sessions = Sessions::<Visitor>::signed(&Keys::random()?);
//! let app = App::new().wrap(sessions).routes([get("/", count)]);
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let app = app.start().await.unwrap();
//! let first = app.handle(Default::default()).await;
//! let cookie = first.headers()["set-cookie"].to_str().unwrap();
//! assert!(cookie.starts_with("__Host-session="));
//! # let back = cookie.split(';').next().unwrap();
//! # let again = http::Request::get("/").header("cookie", back).body(wharf_core::Body::empty()).unwrap();
//! # let mut again = app.handle(again).await;
//! # assert_eq!(again.body_mut().bytes(None).await.unwrap(), "call 2");
//! # });
//! # Ok::<(), wharf_core::session::BadKeys>(())
//! ```

mod cookie;
mod current;
mod failure;
mod flash;
mod handle;
mod key;
mod keys;
mod record;
mod seal;
mod sessions;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod token;
mod visit;

pub use crate::response::SameSite;
pub use flash::{Flash, Level};
pub use handle::Session;
pub use key::SessionKey;
pub use keys::{BadKeys, Keys};
pub use sessions::{Sessions, ViaSessions};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use store::RedisStore;
pub use store::{FileStore, MemoryStore, Replaced, SessionStore, Stored};

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

/// What a session can hold: a type that serde reads and writes, and whose default is that of a visitor nobody knows.
///
/// Implemented for all such types. Give a field that is added later `#[serde(default)]`: a session that does not fit its type any
/// more is empty.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a session",
    note = "derive `Clone`, `Default`, `Serialize` and `Deserialize` for it"
)]
pub trait SessionData:
    Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static
{
}

impl<T> SessionData for T where
    T: Serialize + DeserializeOwned + Default + Clone + Send + Sync + 'static
{
}
