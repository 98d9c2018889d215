use serde::Deserialize;

use super::*;
use crate::error::HttpError;
use crate::extract::{Query, QueryPairs, RawQuery};
use crate::route::get;

#[derive(Debug, Deserialize)]
struct Search {
    text: String,
    tag: Vec<String>,
    page: Option<u32>,
}

#[tokio::test]
async fn a_query_is_made_into_a_struct() {
    let running = start([
        get("/", async |Query(q): Query<Search>| {
            format!("{} {:?} {:?}", q.text, q.tag, q.page)
        }),
        get("/optional", async |q: Option<Query<Search>>| {
            q.is_some().to_string()
        }),
        get(
            "/result",
            async |q: Result<Query<Search>, HttpError>| match q {
                Ok(_) => "fine".to_owned(),
                Err(error) => error.to_string(),
            },
        ),
        get("/raw", async |RawQuery(query): RawQuery| query),
        get("/pairs", async |pairs: QueryPairs| {
            format!(
                "{:?} {:?}",
                pairs.get("a"),
                pairs.get_all("b").collect::<Vec<_>>()
            )
        }),
    ])
    .await;
    ask(
        &running,
        &[
            ("/?text=a+b&tag=x&tag=y&page=2", r#"a b ["x", "y"] Some(2)"#),
            ("/?text=%C3%A4&page=", r#"ä [] None"#),
            (
                "/",
                "400 Bad Request: the query parameter `text` is missing",
            ),
            (
                "/?text=a&text=b",
                "400 Bad Request: the query parameter `text` is given 2 times, expected once",
            ),
            (
                "/?text=a&page=-1",
                "400 Bad Request: the query parameter `page` is `-1`, expected u32",
            ),
            (
                "/?text=%ff",
                "400 Bad Request: the query parameter `text` is not UTF-8",
            ),
            ("/optional", "false"),
            ("/optional?text=a", "true"),
            (
                "/optional?page=1",
                "400 Bad Request: the query parameter `text` is missing",
            ),
            (
                "/result?page=1",
                "400 Bad Request: the query parameter `text` is missing",
            ),
            ("/raw?a=%20+b&&", "a=%20+b&&"),
            ("/raw", ""),
            ("/pairs?b=1&a=+&b=%32", r#"Some(" ") ["1", "2"]"#),
        ],
    )
    .await;
}
