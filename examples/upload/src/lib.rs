//! Uploads of any size: a part goes from the socket to its file, a piece at a time.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::fs;
use wharf::extract::Multipart;
use wharf::http::multipart::Limits;
use wharf::{App, Html, HttpError, Json, State, StatusCode, get, post};

/// What is stored, as the page shows it.
#[derive(Debug, Serialize)]
pub struct Stored {
    name: String,
    bytes: u64,
}

/// Where uploads go.
struct Folder(PathBuf);

/// Makes the application; uploads go to a folder, which is made when it is not there.
pub fn app(folder: impl Into<PathBuf>) -> App {
    let folder = folder.into();
    let made = folder.clone();
    App::new()
        .provide(Folder(folder))
        .on_startup(move |_| async move { fs::create_dir_all(made).await })
        .routes([
            get("/", index),
            get("/files", list),
            // However long it takes: what stalls is cut by other limits.
            post("/files", store).timeout(None),
        ])
}

async fn index() -> Html<&'static str> {
    Html(include_str!("page.html"))
}

/// Stores every file of a form. Those before one that fails stay.
async fn store(
    folder: State<Folder>,
    parts: Multipart,
) -> Result<(StatusCode, Json<Vec<Stored>>), HttpError> {
    let mut parts = parts
        .0
        .limits(Limits::new().parts(100).part_bytes(64 << 30));
    let mut stored = Vec::new();
    while let Some(part) = parts.next_part().await? {
        // Fields without a file are of no interest here.
        let Some(name) = part.safe_file_name() else {
            continue;
        };
        let name = free_name(&folder.0, name).await?;
        let bytes = part.save_to(folder.0.join(&name)).await?;
        stored.push(Stored { name, bytes });
    }
    if stored.is_empty() {
        return Err(HttpError::unprocessable("the form has no file"));
    }
    Ok((StatusCode::CREATED, Json(stored)))
}

/// Finds a name that no file has: `a.txt`, then `2-a.txt`. Whoever comes first gets it, the other one an error.
async fn free_name(folder: &Path, name: String) -> io::Result<String> {
    let mut free = name.clone();
    let mut number = 1;
    while fs::try_exists(folder.join(&free)).await? {
        number += 1;
        free = format!("{number}-{name}");
    }
    Ok(free)
}

async fn list(folder: State<Folder>) -> Result<Json<Vec<Stored>>, HttpError> {
    let mut stored = Vec::new();
    let mut entries = fs::read_dir(&folder.0).await?;
    while let Some(entry) = entries.next_entry().await? {
        stored.push(Stored {
            name: entry.file_name().to_string_lossy().into_owned(),
            bytes: entry.metadata().await?.len(),
        });
    }
    stored.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(stored))
}
