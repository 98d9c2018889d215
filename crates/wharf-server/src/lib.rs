//! An HTTP server for any service: listeners, time-outs, limits, access log and graceful shutdown, on hyper.
