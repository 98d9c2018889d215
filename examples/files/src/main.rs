//! A folder that people browse and upload to, and programs fetch from: downloads that resume, films that can be skipped through.
//!
//! Run:  cargo run -p files -- FOLDER
//! Then: a browser at http://localhost:8080, or curl -C - -O localhost:8080/film.mp4, or curl -F file=@film.mp4 localhost:8080
//!
//! Without a folder it is the current one. `WHARF_BIND` and the other variables of the server hold here too. Whoever can reach it can
//! upload: it is for a network of friends, or behind whatever asks who is there.

use std::path::PathBuf;

use wharf::Settings;

fn main() -> wharf::Result<()> {
    let folder = std::env::args_os().nth(1).map_or(".".into(), PathBuf::from);
    wharf::run_with(files::app(folder), Settings::from_env()?)
}
