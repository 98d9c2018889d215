//! Asynchronous HTTP client and server: applications with state, life cycle, routes and middleware, on tokio and hyper.
