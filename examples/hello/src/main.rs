//! The smallest wharf application.
fn main() {}
