//! A live clock in the browser, by server-sent events.
//!
//! Run:  cargo run -p clock
//! Then: open http://127.0.0.1:8080/, or `curl -N http://127.0.0.1:8080/ticks`; start it again, and the page goes on

fn main() -> wharf::Result<()> {
    wharf::run(clock::app())
}
