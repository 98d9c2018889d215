//! The guided tour: how to write, test and run an application, in the order in which one needs it.
//!
//! Each chapter is short, and stands on those before it. Every piece of code in it is compiled by the tests of this
//! crate, and what it asserts is run, so that none of it is out of date.
//!
//! # Chapters
//!
//! An application, from the first line to the last request:
//!
//! 1. [First app](first_app): from nothing to an answer, and its first test.
//! 2. [Routing](routing): which path leads to which handler; URLs from names.
//! 3. [Handlers](handlers): what a handler takes, and what it may give back.
//! 4. [Requests and bodies](requests): the head and the body, read whole or as it comes, and what goes wrong with it.
//! 5. [Responses](responses): statuses, fields and bodies, caches, streams, and what the server adds.
//! 6. [State and life cycle](state): what handlers share; what is opened before the first request and closed after the last.
//! 7. [Errors](errors): failing with the right status, and what the client gets to see of it.
//! 8. [Middleware](middleware): code around many handlers.
//! 9. [Forms and uploads](forms): what browsers send, with files of any size.
//! 10. [Cookies](cookies): what a browser keeps and brings back.
#![cfg_attr(
    feature = "sessions",
    doc = "11. [Sessions](sessions): what is known of a visitor from one request to the next; messages for the next page."
)]
#![cfg_attr(
    not(feature = "sessions"),
    doc = "11. Sessions, with the feature `sessions`: what is known of a visitor from one request to the next."
)]
//! 12. [Who is asking](authentication): user names, passwords and tokens; who may do what.
#![cfg_attr(
    feature = "templates",
    doc = "13. [Templates](templates): pages, feeds and mails in files of their own."
)]
#![cfg_attr(
    not(feature = "templates"),
    doc = "13. Templates, with the feature of that name: pages, feeds and mails in files of their own."
)]
//! 14. [Static files](files): a folder, a page that reads its own path, downloads, files in the program.
//! 15. [Compression](compression): answers that become shorter, and bodies that came so.
//! 16. [Server-sent events](events): a response that goes on, and a reader that comes back.
//! 17. [Limits](limits): how long and how much, by default, and how to change it.
//! 18. [Running and shutting down](running): flags, environment, signals, sockets, the access log.
//! 19. [TLS](tls): certificates, how they are renewed, and clients that prove who they are.
//! 20. [Behind a proxy](proxies): who the client is when nginx, or a balancer, stands in front.
//! 21. [In production](production): workers, restarts, health, and what a running server tells of itself.
//! 22. [Observability](observability): logs, traces and numbers of both ends, and what to be woken for.
//! 23. [Deployment](deployment): a unix socket behind nginx, systemd, releases without a lost request, containers.
//! 24. [The client](client): calling other services, and what to set before it matters.
//! 25. [WebSockets](websockets): connections on which both ends talk, rooms of them, and opening them.
//! 26. [Testing](testing): the real application without a network.
//! 27. [Performance](performance): what costs what, and what to leave alone.
//! 28. [Migrating from aiohttp](migrating): what becomes what, and what behaves differently.
//!
//! To look things up: [ten common mistakes](common_mistakes), each with its message and its cure.

#[doc = include_str!("authentication.md")]
pub mod authentication {}

#[doc = include_str!("client.md")]
pub mod client {}

#[doc = include_str!("common_mistakes.md")]
pub mod common_mistakes {}

#[doc = include_str!("compression.md")]
pub mod compression {}

#[doc = include_str!("cookies.md")]
pub mod cookies {}

#[doc = include_str!("deployment.md")]
pub mod deployment {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("events.md")]
pub mod events {}

#[doc = include_str!("files.md")]
pub mod files {}

#[doc = include_str!("first_app.md")]
pub mod first_app {}

#[doc = include_str!("forms.md")]
pub mod forms {}

#[doc = include_str!("handlers.md")]
pub mod handlers {}

#[doc = include_str!("limits.md")]
pub mod limits {}

#[doc = include_str!("middleware.md")]
pub mod middleware {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}

#[doc = include_str!("observability.md")]
pub mod observability {}

#[doc = include_str!("performance.md")]
pub mod performance {}

#[doc = include_str!("production.md")]
pub mod production {}

#[doc = include_str!("proxies.md")]
pub mod proxies {}

#[doc = include_str!("requests.md")]
pub mod requests {}

#[doc = include_str!("responses.md")]
pub mod responses {}

#[doc = include_str!("routing.md")]
pub mod routing {}

#[doc = include_str!("running.md")]
pub mod running {}

#[cfg(feature = "sessions")]
#[doc = include_str!("sessions.md")]
pub mod sessions {}

#[doc = include_str!("state.md")]
pub mod state {}

#[cfg(feature = "templates")]
#[doc = include_str!("templates.md")]
pub mod templates {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("tls.md")]
pub mod tls {}

#[cfg(feature = "ws")]
#[doc = include_str!("websockets.md")]
pub mod websockets {}
