use serde::Deserialize;

use super::*;
use crate::{Form, post};

#[derive(Debug, Deserialize)]
struct Search {
    text: String,
    tag: Vec<String>,
    page: Option<u32>,
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_form_is_read_and_what_is_wrong_with_it_is_told() {
    let running = start([
        post("/", async |Form(q): Form<Search>| {
            format!("{} {:?} {:?}", q.text, q.tag, q.page)
        }),
        post("/optional", async |form: Option<Form<Search>>| {
            form.is_some().to_string()
        }),
    ])
    .await;
    let many = "&tag=x".repeat(1000);
    let rows: [(&str, Fields<'_>, &str, u16, &str); 11] = [
        (
            "/",
            &[FORM],
            "text=a+b&tag=x&tag=&page=\r\n",
            200,
            r#"a b ["x", ""] None"#,
        ),
        (
            "/",
            &[(
                "content-type",
                "application/x-www-form-urlencoded; charset=UTF-8",
            )],
            "text=%C3%A4",
            200,
            "ä [] None",
        ),
        (
            "/",
            &[FORM],
            "",
            422,
            "422 Unprocessable Entity: the form field `text` is missing\n",
        ),
        (
            "/",
            &[FORM],
            "text=a&page=b",
            422,
            "422 Unprocessable Entity: the form field `page` is `b`, expected u32\n",
        ),
        (
            "/",
            &[FORM],
            "text=%ff",
            415,
            "415 Unsupported Media Type: the form field `text` is not UTF-8\n",
        ),
        (
            "/",
            &[(
                "content-type",
                "application/x-www-form-urlencoded; charset=latin1",
            )],
            "text=%E4+b&tag=c",
            200,
            "ä b [\"c\"] None",
        ),
        (
            "/",
            &[(
                "content-type",
                "application/x-www-form-urlencoded; charset=koi8-r",
            )],
            "text=a",
            415,
            "415 Unsupported Media Type: the charset is `koi8-r`, expected `utf-8`\n",
        ),
        (
            "/",
            &[],
            "text=a",
            415,
            "415 Unsupported Media Type: the content type is missing, expected `application/x-www-form-urlencoded`\n",
        ),
        (
            "/",
            &[FORM],
            &format!("text=a{many}"),
            413,
            "413 Payload Too Large: the form has more than the limit of 1000 fields\n",
        ),
        ("/optional", &[], "", 200, "false"),
        (
            "/optional",
            &[FORM],
            "",
            422,
            "422 Unprocessable Entity: the form field `text` is missing\n",
        ),
    ];
    for (path, fields, body, status, text) in rows {
        let body = body.to_owned();
        let answer = send(&running, request(Method::POST, path, fields, body)).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text));
    }
}
