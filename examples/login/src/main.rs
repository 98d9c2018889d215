//! A page for members: slow password hashes, sessions that are rotated, forms that nobody forges, and few guesses.
//!
//! Run:  DEVELOPMENT=1 cargo run -p login
//! Then: open http://localhost:8080/ and sign in as `ann` with `high tide`, or as `ben`, who may do less, with `low tide`
//!
//! `DEVELOPMENT` lets the cookie go over plain HTTP. Without it the cookie wants TLS, and so does this:
//!
//! ```console
//! $ openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem
//! $ cargo run -p login -- --bind tls:localhost:8443 --tls-certificate cert.pem --tls-key key.pem
//! ```

fn main() -> wharf::Result<()> {
    // Where it is told of cookies that somebody has tampered with.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let development = std::env::var_os("DEVELOPMENT").is_some();
    wharf::run(login::app(development)?)
}
