//! The application: a page, and the time once a second for each of its visitors.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{MissedTickBehavior, interval};
use wharf::response::sse::{Event, Sse};
use wharf::{App, Context, Html, get};

/// The clock.
pub fn app() -> App {
    App::new().routes([
        get("/", async || Html(include_str!("../page.html"))),
        get("/ticks", ticks),
    ])
}

/// Sends the seconds since 1970, one event per second. What was missed is of no use, so that no last event is asked for.
async fn ticks(context: Context) -> Sse {
    Sse::channel(&context, async |mut sink| {
        let retry = Event::without_data().with_retry(Duration::from_secs(1));
        sink.send(retry).await?;
        let mut every = interval(Duration::from_secs(1));
        every.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            every.tick().await;
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
            let tick = Event::new(seconds.to_string()).with_id(seconds)?;
            sink.send(tick.with_name("tick")?).await?;
        }
    })
}
