//! Header fields whose values have a grammar of their own.

mod accept;

pub use accept::{Accept, Preference};
