//! What the contestants of the comparisons agree on: what is sent, and how a server begins and ends.

pub mod answers;
pub mod pieces;
pub mod server;
pub mod tls;
pub mod work;

pub use answers::{FILLERS, HELLO, Manifest, Message};
pub use pieces::{BLOCK, LARGE, Pieces};
