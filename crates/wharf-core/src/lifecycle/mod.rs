//! What an app sets up before it serves and clears away after: resources, hooks, background tasks, and their order.
//!
//! ~~~text
//! resources entered ─▶ start-up hooks ─▶ tasks ─▶ ... serving ... ─▶ shutdown hooks
//!                                                                         │
//! resources left, last first ◀─ clean-up hooks, last first ◀─ tasks cancelled, awaited
//! ~~~
//!
//! # Layout
//!
//! - `setup`: [`Setup`], the handle that all of them are given.
//! - `resource`: [`Resource`] and [`Cleanup`], what is set up and how it is left.
//! - `hook`: hooks and tasks, and what one app brings of everything.
//! - `entered`: what was set up, in order, and how it is cleared away.
//! - `error`: [`StartError`] and [`StopError`].

mod entered;
mod error;
mod hook;
mod resource;
mod setup;

pub(crate) use entered::{Entered, join};
pub use error::{StartError, StopError};
pub use hook::CleanupResult;
pub(crate) use hook::{Hook, Steps};
pub use resource::{Cleanup, IntoResource, Resource, resource};
pub use setup::{MissingState, Setup};
