//! Templates: pages, feeds and mails that are written in files of their own.
//!
//! ~~~text
//! folder, texts ─▶ Templates ─▶ check ─▶ View, for each request ─▶ render ─▶ Rendered
//! ~~~
//!
//! The language is that of Jinja 2, as the crate `minijinja` speaks it: values, conditions, loops, filters, blocks that others fill,
//! macros. [`App::templates`](crate::App::templates) gives an app its [`Templates`]; all of them are read when the app is
//! checked, and one that does not parse, or that extends, includes or imports from one which is not there, keeps it from starting. A
//! handler takes a [`View`] and renders with it. What a variable names is looked up when it is rendered, and `ignore missing` is for
//! what may not be there.
//!
//! What the name of a template ends in says what it is: its media type, and how values are escaped in it.
//!
//! | ends in | values |
//! |---|---|
//! | `html`, `htm`, `xhtml`, `xml`, `svg`, `rss`, `atom` | are escaped for HTML and XML |
//! | `json`, `webmanifest`, `js`, `mjs`, `yaml`, `yml` | are written as JSON |
//! | anything else | are written as they are |
//!
//! A `.j2`, `.jinja` or `.jinja2` after it does not count.
//!
//! Beside what the handler gives, a template rendered for a request has these:
//!
//! | name | is |
//! |---|---|
//! | `url_for("ship", id=7)` | the path of a named route |
//! | `csp_nonce` | the [`CspNonce`](crate::extract::CspNonce), where one is made |
//!
//! A name that nobody has given a value is an error where it is printed, unless a filter gives a default; in an `if` it is false.
//!
//! While an app is set to [`debug`](crate::App::debug), templates of a folder are read again when a file has changed. Otherwise no
//! request touches the disk.

mod engine;
mod error;
mod function;
mod kind;
mod references;
mod rendered;
mod source;
mod templates;
mod view;

pub use error::TemplateError;
pub use function::TemplateFunction;
pub use rendered::Rendered;
pub use templates::Templates;
pub use view::View;

#[cfg(test)]
mod tests;
