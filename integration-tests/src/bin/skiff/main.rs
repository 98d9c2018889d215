//! A program around a client, which does what it is told: the suites in `peers/` send it against servers from elsewhere.
//!
//! `skiff SETTINGS` makes one client; the settings are a JSON object, see [`settings::Settings`]. Each line of standard input is an
//! order, a JSON object again, see [`order::Order`]; each is answered by one line: see [`answer`]. An unknown name is an error, so
//! that no suite tests less than it says.

mod answer;
mod order;
mod settings;

use std::io::Write;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use wharf_client::Client;
use wharf_http::BoxError;

use order::Order;
use settings::Settings;

/// One line of standard input.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// Sends a request, or the same one many times.
    Send(Box<Order>),
    /// Opens connections ahead.
    WarmUp(String, usize),
    /// Tells what the pool does.
    Stats,
    /// Waits for so many seconds, while connections live on.
    Wait(f64),
    /// Closes the client.
    Close,
}

fn main() -> Result<(), BoxError> {
    let settings = std::env::args().nth(1);
    let settings: Settings = serde_json::from_str(settings.as_deref().unwrap_or("{}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = match settings.into_client() {
            Ok(client) => client,
            Err(error) => return say(&answer::failed(&error)),
        };
        say(&serde_json::json!({ "ready": true }))?;
        obey(&client).await
    })
}

async fn obey(client: &Client) -> Result<(), BoxError> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match serde_json::from_str(&line)? {
            Line::Send(order) if order.times == 1 => order.carry_out(client).await,
            Line::Send(order) => order::many(client, *order).await,
            Line::WarmUp(url, count) => match client.warm_up(url, count).await {
                Ok(idle) => serde_json::json!({ "idle": idle }),
                Err(error) => answer::failed(&error),
            },
            Line::Stats => answer::stats(&client.stats()),
            Line::Wait(seconds) => {
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                serde_json::json!({})
            }
            Line::Close => {
                client.close().await;
                serde_json::json!({})
            }
        };
        say(&answer)?;
    }
    Ok(())
}

fn say(answer: &serde_json::Value) -> Result<(), BoxError> {
    writeln!(std::io::stdout(), "{answer}")?;
    Ok(())
}
