//! Tests for wharf applications without a network: a client over an in-memory pipe and a server on a free port.
