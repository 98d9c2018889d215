//! The client alone: fetches a URL, prints the body, and tells how it goes.
//!
//! Run:  cargo run -p client-only -- http://localhost:8080/
//! Then: the body is on standard output, status and progress are on standard error.
#![expect(clippy::print_stderr, reason = "it talks to whoever started it")]

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use wharf_client::{Client, Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(url) = env::args().nth(1) else {
        eprintln!("usage: client-only URL");
        return ExitCode::from(2);
    };
    match fetch(&url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` prints the chain of causes too.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn fetch(url: &str) -> Result<(), Error> {
    let mut response = Client::new().get(url).send().await?;
    eprintln!("{:?} {}", response.version(), response.status());
    let total = response.body_len();
    let mut received = 0;
    // Piece by piece: a body of any size takes no more memory than one piece of it.
    while let Some(piece) = response.chunk().await? {
        if io::stdout().write_all(&piece).is_err() {
            return Ok(()); // nobody reads on
        }
        received += piece.len();
        match total {
            Some(total) => eprintln!("{received} of {total} bytes"),
            None => eprintln!("{received} bytes"),
        }
    }
    // An answer such as 404 has a body like any other; the program fails all the same.
    response.ok()?;
    Ok(())
}
