//! What both ends of an HTTP connection speak: bodies, services, middleware and request context, for the wharf crates.
