//! An asynchronous HTTP client on hyper, usable without any server code.
