//! Uploads: a part goes from the socket to its file, a piece at a time.

use std::io;
use std::path::PathBuf;

use tokio::fs;
use tokio::task::spawn_blocking;
use wharf::extract::Multipart;
use wharf::http::multipart::Limits;
use wharf::{Context, HttpError, Path, Redirect, State};

use crate::folder::Folder;

/// The most files in one request.
const MOST: usize = 100;

/// The longest file: 16 GiB.
const LONGEST: u64 = 16 << 30;

pub(crate) async fn at_the_top(
    folder: State<Folder>,
    context: Context,
    parts: Multipart,
) -> Result<Redirect, HttpError> {
    store(folder.find("").await?, &context, parts).await
}

pub(crate) async fn below(
    folder: State<Folder>,
    Path(path): Path<String>,
    context: Context,
    parts: Multipart,
) -> Result<Redirect, HttpError> {
    store(folder.find(&path).await?, &context, parts).await
}

/// Stores every file of a form, and shows the folder. Those before one that fails stay.
async fn store(
    folder: PathBuf,
    context: &Context,
    parts: Multipart,
) -> Result<Redirect, HttpError> {
    let limits = Limits::new().parts(MOST).part_bytes(LONGEST);
    let mut parts = parts.0.limits(limits);
    let mut stored = 0;
    while let Some(part) = parts.next_part().await? {
        // Fields without a file are of no interest here.
        let Some(name) = part.safe_file_name() else {
            continue;
        };
        let place = folder.join(&name);
        if fs::try_exists(&place).await? {
            return Err(taken(&name));
        }
        // Nobody sees half a file: until it is whole it is hidden.
        let hidden = folder.join(format!(".{}-{stored}", context.request_id()));
        part.save_to(&hidden).await?;
        unhide(hidden, place)
            .await
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => taken(&name),
                _ => error.into(),
            })?;
        stored += 1;
    }
    match stored {
        0 => Err(HttpError::unprocessable("the form has no file")),
        _ => Ok(Redirect::to(".")),
    }
}

/// Gives a file its name, to the end even if the client leaves meanwhile.
async fn unhide(hidden: PathBuf, place: PathBuf) -> io::Result<()> {
    let rename = move || {
        // A second name, unlike a new one, replaces no file.
        let named = std::fs::hard_link(&hidden, place);
        std::fs::remove_file(hidden).and(named)
    };
    spawn_blocking(rename).await?
}

fn taken(name: &str) -> HttpError {
    HttpError::conflict(format!("there is a `{name}` already, which stays as it is"))
}
