//! Static files: a folder, or files in the program, as a part of an application.
//!
//! # Layout
//!
//! `settings` is [`Files`], what a folder is served with. `serve` decides what a request gets; `names` reads its path, `source` finds the file:
//! on `disk` without leaving the folder, or `embedded` in the program. `content` is an opened file and `answer` makes a response of it, with
//! conditions and ranges (`parts`). `media` knows types by extension, `glob` matches paths for cache rules, `listing` is the page of a folder.

mod answer;
mod content;
mod disk;
mod embedded;
mod glob;
mod listing;
mod media;
mod names;
mod parts;
pub(crate) mod serve;
mod settings;
mod source;
#[cfg(test)]
mod tests;

pub(crate) use answer::Answer;
pub(crate) use content::Content;
pub(crate) use disk::open as open_path;
pub use embedded::Embedded;
pub(crate) use media::of_path as media_of_path;
pub use settings::Files;
pub(crate) use source::Found;

#[doc(inline)]
pub use crate::embed_files as embed;
