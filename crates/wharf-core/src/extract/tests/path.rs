use std::collections::HashMap;

use serde::Deserialize;

use super::*;
use crate::error::HttpError;
use crate::extract::{FromRequestParts, Path};
use crate::route::get;

#[derive(Debug, Deserialize)]
struct Berth {
    harbour: String,
    number: u8,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Port,
    Starboard,
}

#[tokio::test]
async fn path_parameters_are_made_into_any_shape() {
    let running = start([
        get("/one/{id}", async |Path(id): Path<u64>| id.to_string()),
        get("/two/{a}/{b}", async |Path((a, b)): Path<(String, u8)>| {
            format!("{a} {b}")
        }),
        get(
            "/struct/{number}/{harbour}",
            async |Path(berth): Path<Berth>| format!("{} {}", berth.harbour, berth.number),
        ),
        get(
            "/map/{a}/{b}",
            async |Path(map): Path<HashMap<String, String>>| format!("{} {}", map["a"], map["b"]),
        ),
        get(
            "/list/{a}/{b}",
            async |Path(list): Path<Vec<(String, String)>>| format!("{list:?}"),
        ),
        get("/texts/{a}/{b}", async |Path(list): Path<Vec<String>>| {
            format!("{list:?}")
        }),
        get("/enum/{side}", async |Path(side): Path<Side>| {
            format!("{side:?}")
        }),
        get("/rest/{*rest}", async |Path(rest): Path<String>| rest),
    ])
    .await;
    ask(
        &running,
        &[
            ("/one/7", "7"),
            ("/one/-7", "400 Bad Request: the path parameter `id` is `-7`, expected u64"),
            ("/one/a%20b", "400 Bad Request: the path parameter `id` is `a b`, expected u64"),
            ("/two/x%2Fy/8", "x/y 8"),
            ("/two/x/800", "400 Bad Request: the path parameter `b` is `800`, expected u8"),
            ("/struct/8/kiel", "kiel 8"),
            ("/struct/x/kiel", "400 Bad Request: the path parameter `number` is `x`, expected u8"),
            ("/map/1/2", "1 2"),
            ("/list/1/2", r#"[("a", "1"), ("b", "2")]"#),
            ("/texts/1/%C3%A4", r#"["1", "ä"]"#),
            ("/enum/port", "Port"),
            (
                "/enum/bow",
                "400 Bad Request: the path parameter `side` is `bow`, expected `port` or `starboard`",
            ),
            ("/rest/a/b", "a/b"),
        ],
    )
    .await;
}

/// Takes only what looks like the name of a ship.
#[derive(Debug)]
struct Name;

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.strip_prefix("MS ") {
            Some(_) => Ok(Self),
            None => Err(serde::de::Error::custom("a ship is an MS")),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Picky {
    #[expect(dead_code, reason = "only decoded")]
    name: Name,
    #[expect(dead_code, reason = "only decoded")]
    berth: u8,
}

#[derive(Debug, Deserialize)]
struct Lenient {
    #[expect(dead_code, reason = "only decoded")]
    id: Option<u8>,
    #[expect(dead_code, reason = "only decoded")]
    #[serde(default)]
    page: u8,
    #[expect(dead_code, reason = "only decoded")]
    #[serde(flatten)]
    rest: HashMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Flat {
    #[expect(dead_code, reason = "only decoded")]
    #[serde(flatten)]
    berth: Berth,
}

#[derive(Debug, Deserialize)]
struct Nested {
    #[expect(dead_code, reason = "only decoded")]
    berth: Berth,
}

fn problem<T>(path: &str) -> Option<String>
where
    Path<T>: FromRequestParts<Rejection = HttpError> + Send + 'static,
    T: Send,
{
    let app = App::new().routes([get(path, async |_: Path<T>| ())]);
    let error = app.check().err()?.to_string();
    let text = error.split_once("): ").unwrap().1;
    Some(text.rsplit_once(" (").unwrap().0.to_owned())
}

#[test]
fn an_app_whose_path_lacks_what_a_handler_takes_does_not_start() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(problem::<u8>("/{id}"), None);
    assert_eq!(
        problem::<u8>("/"),
        some("the handler takes a path parameter, the path has none")
    );
    assert_eq!(
        problem::<String>("/{a}/{b}"),
        some(
            "the handler takes one path parameter, the path has `a`, `b`: take a tuple or a struct"
        )
    );
    assert_eq!(problem::<(u8, Side)>("/{a}/{b}"), None);
    assert_eq!(
        problem::<(u8, u8)>("/{a}"),
        some("the handler takes 2 path parameters, the path has only `a`")
    );
    assert_eq!(problem::<Berth>("/{number}/{harbour}/{more}"), None);
    assert_eq!(
        problem::<Berth>("/{id}"),
        some("the handler takes `harbour`, `number`, the path has only `id`")
    );
    assert_eq!(problem::<Flat>("/{number}/{harbour}"), None);
    assert_eq!(
        problem::<Flat>("/{harbour}"),
        some("the handler takes `number`, the path has only `harbour`")
    );
    assert_eq!(problem::<Lenient>("/{other}"), None);
    assert_eq!(problem::<Picky>("/{name}/{berth}"), None);
    assert_eq!(problem::<(Name, Side)>("/{name}/{side}"), None);
    assert_eq!(problem::<HashMap<String, u8>>("/"), None);
    assert_eq!(
        problem::<Nested>("/{berth}"),
        some("the path parameter `berth` cannot be read as a struct")
    );
    assert_eq!(problem::<std::num::NonZeroU8>("/{id}"), None);
    assert_eq!(problem::<std::net::IpAddr>("/{id}"), None);
    assert_eq!(problem::<bool>("/{id}"), None);
}

#[tokio::test]
async fn an_optional_path_is_absent_without_parameters_and_never_when_malformed() {
    let handler = async |id: Option<Path<u8>>| format!("{:?}", id.map(|path| path.0));
    let running = start([get("/", handler), get("/{id}", handler)]).await;
    ask(
        &running,
        &[
            ("/", "None"),
            ("/7", "Some(7)"),
            (
                "/x",
                "400 Bad Request: the path parameter `id` is `x`, expected u8",
            ),
        ],
    )
    .await;
}
