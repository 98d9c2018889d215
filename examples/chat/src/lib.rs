//! The application: a page, and a WebSocket for each of its visitors.

use serde::{Deserialize, Serialize};
use wharf::rooms::{Member, Rooms};
use wharf::ws::{CloseCode, WebSocket, WebSocketConfig, WebSocketUpgrade};
use wharf::{App, BoxError, Html, HttpError, IntoResponse, Path, Query, State, get};

/// More than anybody types.
const LONGEST: usize = 4 * wharf::KIB;

/// The chat, with the rooms that it takes place in.
pub fn app(rooms: Rooms) -> App {
    App::new()
        .provide(rooms.clone())
        .task("rooms", move |_| rooms.listen())
        .routes([
            get("/", async || Html(include_str!("../page.html"))),
            get("/rooms/{room}", enter),
        ])
}

#[derive(Deserialize)]
struct Visitor {
    name: String,
}

/// What everybody in a room is told.
#[derive(Serialize)]
struct Said<'a> {
    from: &'a str,
    text: &'a str,
}

async fn enter(
    Path(room): Path<String>,
    Query(visitor): Query<Visitor>,
    rooms: State<Rooms>,
    ws: WebSocketUpgrade,
) -> Result<impl IntoResponse, HttpError> {
    if visitor.name.trim().is_empty() {
        return Err(HttpError::bad_request("a visitor needs a name"));
    }
    let rooms = Rooms::clone(&rooms);
    let config = WebSocketConfig::new().max_message(LONGEST);
    Ok(ws.config(config).on_upgrade(async move |socket| {
        let member = rooms.join(&room);
        let told = Told { rooms, room };
        told.all(&visitor.name, "has come").await?;
        let ended = talk(socket, member, &told, &visitor.name).await;
        told.all(&visitor.name, "has left").await?;
        ended
    }))
}

/// Hands on what a visitor says, until the WebSocket ends.
async fn talk(
    mut socket: WebSocket,
    mut member: Member,
    told: &Told,
    name: &str,
) -> Result<(), BoxError> {
    while let Some(message) = member.relay(&mut socket).await? {
        match message.as_text() {
            Some(text) => told.all(name, text).await?,
            None => socket.close(CloseCode::UNSUPPORTED, "text, please").await?,
        }
    }
    Ok(())
}

/// A room, as those see it who say something in it.
struct Told {
    rooms: Rooms,
    room: String,
}

impl Told {
    async fn all(&self, from: &str, text: &str) -> Result<(), BoxError> {
        let said = Said { from, text };
        self.rooms.broadcast_json(&self.room, &said).await?;
        Ok(())
    }
}
