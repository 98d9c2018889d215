//! A folder as a ZIP file that is made while it is sent: no temporary file, and one piece of a file in memory.
//!
//! Run:  cargo run -p zip-stream -- FOLDER
//! Then: curl -OJ localhost:8080/zip && unzip -l harbour.zip
//!
//! The length is not known before the end, and so the answer has none. What goes wrong on the way breaks it off, so that
//! nobody takes half an archive for a whole one.

mod zip;

use std::path::PathBuf;

use wharf::http::body::Sender;
use wharf::response::Attachment;
use wharf::{App, Body, BoxError, HttpError, IntoResponse, Settings, State, get};

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
    // One piece waits to be sent while the next is read.
    let (mut sender, body) = Body::channel(1);
    tokio::spawn(async move {
        if let Err(cause) = write(files, &mut sender).await {
            // Nobody may be there any more to hear of it.
            let _gone = sender.abort(cause).await;
        }
    });
    let zip = ([("content-type", "application/zip")], body);
    Ok(Attachment::new(zip).named("harbour.zip"))
}

async fn write(files: Vec<(String, PathBuf)>, sender: &mut Sender) -> Result<(), BoxError> {
    let mut archive = zip::Archive::default();
    for (name, path) in files {
        sender.send(archive.begin(&name)?).await?;
        let mut file = Body::from_path(path).await?;
        while let Some(piece) = file.chunk().await.transpose()? {
            archive.piece(&piece)?;
            sender.send(piece).await?;
        }
        sender.send(archive.end()?).await?;
    }
    sender.send(archive.finish()?).await?;
    Ok(())
}

fn main() -> wharf::Result<()> {
    let folder = std::env::args_os().nth(1).map_or(".".into(), PathBuf::from);
    let app = App::new()
        .provide(Folder(folder))
        .routes([get("/zip", whole)]);
    wharf::run_with(app, Settings::from_env()?)
}
