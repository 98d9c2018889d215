//! A folder as a ZIP file that is made while it is sent: no temporary file, and one piece of a file in memory.
//!
//! Run:  cargo run -p zip-stream -- FOLDER
//! Then: curl -OJ localhost:8080/zip && unzip -l harbour.zip
//!
//! The length is not known before the end, and so the answer has none.

use std::path::PathBuf;

use wharf::response::Attachment;
use wharf::{App, HttpError, IntoResponse, Settings, State, get};

/// The folder whose files are sent.
struct Folder(PathBuf);

async fn whole(folder: State<Folder>) -> Result<impl IntoResponse, HttpError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder.0)? {
        let entry = entry?;
        if let (true, Ok(name)) = (
            entry.file_type()?.is_file(),
            entry.file_name().into_string(),
        ) {
            files.push((name, entry.path()));
        }
    }
    files.sort();
    let zip = [("content-type", "application/zip")];
    let zip = (zip, zip_stream::archive(files));
    Ok(Attachment::new(zip).named("harbour.zip"))
}

fn main() -> wharf::Result<()> {
    let folder = std::env::args_os().nth(1).map_or(".".into(), PathBuf::from);
    let app = App::new()
        .provide(Folder(folder))
        .routes([get("/zip", whole)]);
    wharf::run_with(app, Settings::from_env()?)
}
