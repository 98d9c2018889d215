//! A page that uploads files with a progress bar, and a server that streams them to disk.
//!
//! Run:  cargo run -p upload
//! Then: open <http://localhost:8080>, or curl -F file=@/etc/hostname localhost:8080/files

fn main() -> wharf::Result<()> {
    let folder = std::env::var_os("UPLOADS").unwrap_or_else(|| "uploads".into());
    wharf::run(upload::app(folder))
}
