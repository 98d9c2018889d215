//! Another JSON codec, here the one of sonic-rs: one type names it, and the handlers stay as they are.
//!
//! Run:  cargo run -p fast-json
//! Then: curl localhost:8080/total --json '[{"name": "coal", "tons": 7}, {"name": "tea", "tons": 2}]'

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wharf::extract::json::{JsonCodec, JsonError, JsonErrorKind, JsonWith};
use wharf::{App, BoxError, post};

/// The codec of sonic-rs, which uses the wide registers of the processor.
struct Sonic;

impl JsonCodec for Sonic {
    fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, BoxError> {
        sonic_rs::to_vec(value).map_err(Into::into)
    }

    fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
        sonic_rs::from_slice(json).map_err(|error| {
            // 422 for JSON of another shape, 400 for what is no JSON.
            let kind = if error.is_unmatched_type() {
                JsonErrorKind::Shape
            } else {
                JsonErrorKind::Syntax
            };
            JsonError::new(kind, error)
        })
    }
}

/// What the handlers of this application mean by JSON.
type Json<T> = JsonWith<T, Sonic>;

#[derive(Deserialize)]
struct Cargo {
    tons: u64,
}

#[derive(Serialize)]
struct Total {
    pieces: usize,
    tons: u64,
}

async fn total(cargo: Json<Vec<Cargo>>) -> Json<Total> {
    Json::new(Total {
        pieces: cargo.len(),
        tons: cargo.iter().map(|piece| piece.tons).sum(),
    })
}

fn main() -> wharf::Result<()> {
    wharf::run(App::new().routes([post("/total", total)]))
}
