//! A folder that people browse and programs fetch from: listings, downloads that resume, films that can be skipped through.
//!
//! Run:  cargo run -p files -- FOLDER
//! Then: curl -C - -O localhost:8080/film.mp4, or a browser at http://localhost:8080
//!
//! Without a folder it is the current one. `WHARF_BIND` and the other variables of the server hold here too.

use std::path::PathBuf;

use wharf::files::Files;
use wharf::{App, Settings};

fn app(folder: PathBuf) -> App {
    let files = Files::new(folder)
        .index([] as [&str; 0])
        .listing(true)
        .precompressed(true);
    App::new().files("/", files)
}

fn main() -> wharf::Result<()> {
    let folder = std::env::args_os().nth(1).map_or(".".into(), PathBuf::from);
    wharf::run_with(app(folder), Settings::from_env()?)
}
