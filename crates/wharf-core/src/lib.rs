//! The wharf application without a socket: routes, typed state, extractors, middleware and life cycle.

pub mod routing;
