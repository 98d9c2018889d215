//! A ZIP file as a body that is made while it is sent.

mod zip;

use std::path::PathBuf;

use wharf::http::body::Sender;
use wharf::{Body, BoxError};

/// Makes the body of an archive with these files: their names in it, and their paths.
///
/// What goes wrong on the way breaks it off, so that nobody takes half an archive for a whole one.
///
/// # Panics
///
/// Panics outside a tokio runtime.
#[must_use]
pub fn archive(files: Vec<(String, PathBuf)>) -> Body {
    // One piece waits to be sent while the next is read.
    let (mut sender, body) = Body::channel(1);
    tokio::spawn(async move {
        if let Err(cause) = write(files, &mut sender).await {
            // Nobody may be there any more to hear of it.
            let _gone = sender.abort(cause).await;
        }
    });
    body
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
