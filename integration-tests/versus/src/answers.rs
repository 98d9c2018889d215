//! What all servers answer, and the routes that all of them have.

use serde::{Deserialize, Serialize};

/// The text of `/plaintext`.
pub const HELLO: &str = "Hello, World!";

/// The JSON of `/json`.
#[derive(Serialize)]
pub struct Message {
    pub message: &'static str,
}

impl Message {
    pub const HELLO: Self = Self { message: HELLO };
}

/// The JSON that is sent to `/echo` and comes back, parsed and written anew.
#[derive(Deserialize, Serialize)]
pub struct Manifest {
    pub id: u64,
    pub ship: String,
    pub port: String,
    pub sealed: bool,
    pub cargo: Vec<Cargo>,
    pub notes: String,
}

#[derive(Deserialize, Serialize)]
pub struct Cargo {
    pub name: String,
    pub tons: u32,
    pub value: f64,
    pub marks: Vec<u32>,
}

impl Manifest {
    /// Makes one that is 1,024 bytes long when it is written.
    pub fn sample() -> Self {
        let cargo = |name: &str, at: u32| Cargo {
            name: name.to_owned(),
            tons: 17 * at,
            value: 1234.5 + f64::from(at),
            marks: vec![at, 4711, 815],
        };
        let names = [
            "coal", "tea", "copper", "timber", "wool", "salt", "cotton", "glass",
        ];
        let mut sample = Self {
            id: 4711,
            ship: "Preußen".to_owned(),
            port: "Valparaíso".to_owned(),
            sealed: true,
            cargo: names
                .iter()
                .zip(1..)
                .map(|(name, at)| cargo(name, at))
                .collect(),
            notes: String::new(),
        };
        let length = serde_json::to_vec(&sample).map_or(0, |written| written.len());
        sample.notes = "keep dry "
            .chars()
            .cycle()
            .take(1024_usize.saturating_sub(length))
            .collect();
        sample
    }
}

macro_rules! routes {
    ($($name:literal)*) => {
        [$(
            concat!("/", $name),
            concat!("/", $name, "/{id}"),
            concat!("/", $name, "/{id}/log"),
            concat!("/", $name, "/{id}/log/{entry}"),
        )*]
    };
}

/// Routes that nobody asks for. With `/plaintext`, `/json`, `/echo`, `/upload`, `/middlewares` and
/// `/users/{user}/posts/{post}`, which stands in the middle of them, they make a table of 58.
pub const FILLERS: [&str; 52] = routes![
    "berths" "captains" "cranes" "crews" "docks" "holds" "lights" "locks" "pilots" "quays" "ships" "tides" "tugs"
];
