use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use wharf_http::{Body, BoxError};

use super::*;
use crate::app::Running;
use crate::middleware::SecurityHeaders;
use crate::{App, HttpError, Path, get};

/// A folder that is gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("wharf-templates-{}-{number}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        for (name, text) in files {
            folder.write(name, text, 0);
        }
        folder
    }

    /// Writes a file that looks as if it was changed at a time, so that no test waits for the clock.
    fn write(&self, name: &str, text: &str, seconds: u64) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds);
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(time).unwrap();
    }

    fn templates(&self) -> Templates {
        Templates::folder(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn names(pairs: &[(&'static str, &'static str)]) -> BTreeMap<&'static str, &'static str> {
    pairs.iter().copied().collect()
}

fn one(name: &'static str, text: &'static str) -> Templates {
    Templates::embedded([(name, text)])
}

/// Renders the template whose name is the path.
async fn page(Path(name): Path<String>, view: View) -> Result<Rendered, HttpError> {
    Ok(view.render(&name, names(&[("name", "Tug <7>")]))?)
}

fn app(templates: Templates) -> App {
    App::new()
        .templates(templates)
        .routes([get("/{name}", page).name("page")])
}

async fn ask(app: &Running, path: &str) -> (StatusCode, String) {
    let request = http::Request::get(path).body(Body::empty()).unwrap();
    let mut answer = app.handle(request).await;
    let body = answer.body_mut().bytes(None).await.unwrap();
    (answer.status(), String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_name_says_type_and_escaping() {
    let files = [
        (
            "a.html",
            "{{ name }}",
            "text/html; charset=utf-8",
            "Tug &lt;7&gt;",
        ),
        (
            "a.HTML",
            "{{ name }}",
            "text/html; charset=utf-8",
            "Tug &lt;7&gt;",
        ),
        ("a.svg.j2", "{{ name }}", "image/svg+xml", "Tug &lt;7&gt;"),
        (
            "a.json",
            r#"{"name":{{ name }}}"#,
            "application/json",
            r#"{"name":"Tug <7>"}"#,
        ),
        (
            "a.txt",
            "{{ name }}",
            "text/plain; charset=utf-8",
            "Tug <7>",
        ),
        (
            "b.html",
            "{{ name|safe }}",
            "text/html; charset=utf-8",
            "Tug <7>",
        ),
    ];
    let app = app(Templates::embedded(
        files.map(|(name, text, ..)| (name, text)),
    ));
    let app = app.start().await.unwrap();
    for (name, _, media, text) in files {
        let request = http::Request::get(format!("/{name}"))
            .body(Body::empty())
            .unwrap();
        let mut answer = app.handle(request).await;
        assert_eq!(answer.headers()["content-type"], media, "{name}");
        assert_eq!(answer.body_mut().bytes(None).await.unwrap(), text, "{name}");
    }
}

#[tokio::test]
async fn a_template_knows_routes_and_the_nonce_wherever_it_is_rendered() {
    let files = [
        (
            "base.html",
            "{% block main %}{% endblock %}|{{ csp_nonce }}",
        ),
        (
            "index.html",
            "{% extends 'base.html' %}{% from 'macros.html' import link %}\
             {% block main %}{{ link('a b') }}{% include 'part.html' %}{% endblock %}",
        ),
        (
            "macros.html",
            "{% macro link(to) %}{{ url_for('page', name=to) }},{{ csp_nonce }}{% endmacro %}",
        ),
        ("part.html", "|{{ url_for('inner.ship', id=7) }}"),
    ];
    let inner = App::new()
        .name("inner")
        .routes([get(r"/ships/{id:\d+}", page).name("ship")]);
    let app = app(Templates::embedded(files))
        .wrap(SecurityHeaders::new().content_security_policy("script-src 'nonce-{nonce}'"))
        .mount("/in", inner);
    let app = app.start().await.unwrap();
    let request = http::Request::get("/index.html")
        .body(Body::empty())
        .unwrap();
    let mut answer = app.handle(request).await;
    let text = answer.body_mut().bytes(None).await.unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    let nonce = policy.strip_prefix("script-src 'nonce-").unwrap();
    let nonce = nonce.strip_suffix('\'').unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    // As a browser reads it.
    let nonce = nonce.replace('/', "&#x2f;");
    assert_eq!(text, format!("/a%20b,{nonce}|/in/ships/7|{nonce}"));
}

#[tokio::test]
async fn a_url_is_escaped_where_it_has_to_be() {
    let files = [
        ("a.html", "{{ url_for('page', name='b') }}", "/b"),
        (
            "b.html",
            "{{ url_for('page', name='a&\\'b') }}",
            "&#x2f;a&amp;&#x27;b",
        ),
        (
            "c.html",
            "{{ url_for('page', name='b') ~ '?q=<' }}",
            "/b?q=&lt;",
        ),
        ("d.html", "{{ url_for('page', name='<\"') }}", "/%3C%22"),
        ("a.json", "{{ url_for('page', name='b') }}", "\"/b\""),
        ("a.txt", "{{ url_for('page', name='a&b') }}", "/a&b"),
    ];
    let app = app(Templates::embedded(
        files.map(|(name, text, _)| (name, text)),
    ));
    let app = app.start().await.unwrap();
    for (name, _, expected) in files {
        assert_eq!(ask(&app, &format!("/{name}")).await.1, expected, "{name}");
    }
}

#[tokio::test]
async fn an_error_names_template_and_line_and_is_shown_in_debug_mode_alone() {
    let files = [
        (
            "undefined.html",
            "<p>\n{{ nme }}",
            "template `undefined.html`, line 2: undefined value",
        ),
        (
            "filter.html",
            "\n\n{{ name|shout }}",
            "template `filter.html`, line 3: unknown filter",
        ),
        (
            "include.html",
            "\n{% include 'undefined.html' %}",
            "template `include.html`, line 2: could not render include",
        ),
        (
            "route.html",
            "{{ url_for('ship') }}",
            "template `route.html`, line 1: invalid operation: no route is named `ship`",
        ),
        (
            "parameter.html",
            "{{ url_for('page', name=nme) }}",
            "line 1: undefined value: `name` has no value",
        ),
        (
            "positional.html",
            "{{ url_for('page', 7) }}",
            "template `positional.html`, line 1: too many arguments",
        ),
        (
            "nonce.html",
            "{{ csp_nonce }}",
            "template `nonce.html`, line 1: undefined value",
        ),
    ];
    let templates = Templates::embedded(files.map(|(name, text, _)| (name, text)));
    for debug in [false, true] {
        let app = app(templates.clone()).debug(debug).start().await.unwrap();
        for (name, _, expected) in files {
            let (status, text) = ask(&app, &format!("/{name}")).await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{name}");
            match debug {
                true => assert!(text.contains(expected), "{name}: {text}"),
                false => assert_eq!(text, "500 Internal Server Error\n", "{name}"),
            }
        }
        if debug {
            // The chain ends in what is wrong.
            let (_, text) = ask(&app, "/include.html").await;
            assert!(text.contains("caused by: undefined value"), "{text}");
            assert!(text.contains("undefined.html:2"), "{text}");
        }
        let (status, _) = ask(&app, "/nothing.html").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    let error = one("a.html", "\n{{ nme }}")
        .render("a.html", ())
        .unwrap_err();
    assert_eq!((error.template(), error.line()), (Some("a.html"), Some(2)));
}

#[test]
fn all_that_does_not_parse_is_listed_before_the_start() {
    let folder = Folder::new(&[
        ("good.html", "{{ name }}"),
        ("bad.html", "<p>\n{% if %}"),
        ("mail/bad.txt", "{{ name"),
        (".hidden", "{{"),
        ("bad.html~", "{{"),
    ]);
    fs::write(folder.0.join("latin.txt"), b"\xe4").unwrap();
    let error = app(folder.templates()).check().unwrap_err();
    assert!(error.to_string().contains("latin.txt"), "{error}");
    fs::remove_file(folder.0.join("latin.txt")).unwrap();
    let error = app(folder.templates()).check().unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
    let text = error.to_string();
    for part in [
        "template `bad.html`, line 2: syntax error",
        "template `mail/bad.txt`, line 1: syntax error",
        "template/tests.rs",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let missing = app(Templates::folder("no/such/folder"))
        .check()
        .unwrap_err();
    let missing = missing.to_string();
    assert!(
        missing.contains("the folder of templates no/such/folder is not there"),
        "{missing}"
    );
}

#[test]
fn a_handler_that_renders_needs_templates() {
    let app = App::new().routes([get("/{name}", page)]);
    let error = app.check().unwrap_err().to_string();
    assert!(error.contains("Templates"), "{error}");
}

#[tokio::test]
async fn files_that_have_changed_are_read_again_in_debug_mode_alone() {
    let files = [
        ("base.html", "[{% block a %}{% endblock %}]"),
        (
            "a.html",
            "{% extends 'base.html' %}{% block a %}1{% endblock %}",
        ),
    ];
    for debug in [true, false] {
        let folder = Folder::new(&files);
        let app = app(folder.templates()).debug(debug).start().await.unwrap();
        let text = async |path: &'static str| ask(&app, path).await.1;
        assert_eq!(text("/a.html").await, "[1]");
        // Of the same length, and the one that is only extended.
        folder.write("base.html", "<{% block a %}{% endblock %}>", 1);
        assert_eq!(text("/a.html").await, if debug { "<1>" } else { "[1]" });
        folder.write("new.html", "new", 1);
        let (status, _) = ask(&app, "/new.html").await;
        assert_eq!(status.is_success(), debug);
        // One that is broken while it is written breaks nothing for good.
        folder.write("base.html", "{% block", 2);
        let (status, shown) = ask(&app, "/a.html").await;
        assert_eq!(status.is_success(), !debug);
        assert_eq!(
            shown.contains("template `base.html`, line 1"),
            debug,
            "{shown}"
        );
        folder.write("base.html", "({% block a %}{% endblock %})", 3);
        assert_eq!(text("/a.html").await, if debug { "(1)" } else { "[1]" });
        fs::remove_file(folder.0.join("a.html")).unwrap();
        let (status, _) = ask(&app, "/a.html").await;
        assert_eq!(status.is_success(), !debug);
    }
}

#[test]
fn templates_call_functions_of_the_program() {
    let templates = |text: &'static str| {
        one("a.txt", text)
            .filter("twice", |number: u64| Ok(number * 2))
            .filter("cut", |text: String, length: usize, end: Option<String>| {
                let cut: String = text.chars().take(length).collect();
                Ok(cut + &end.unwrap_or_default())
            })
            .function("fails", |why: String| Err::<(), BoxError>(why.into()))
            .global("app", names(&[("name", "harbour")]))
    };
    for (text, expected) in [
        ("{{ 21|twice }}", Ok("42")),
        ("{{ 'harbour'|cut(4) }}", Ok("harb")),
        ("{{ 'harbour'|cut(4, '..') }}", Ok("harb..")),
        ("{{ app.name }}", Ok("harbour")),
        ("{{ 'a'|twice }}", Err("line 1")),
        ("{{ 'harbour'|cut }}", Err("missing argument")),
        ("{{ 1|twice(2) }}", Err("too many arguments")),
        ("{{ fails('no reason') }}", Err("no reason")),
    ] {
        let rendered = templates(text).render("a.txt", ());
        match (rendered, expected) {
            (Ok(rendered), Ok(expected)) => assert_eq!(rendered.as_str(), expected),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{error}");
            }
            (rendered, _) => panic!("{text}: {rendered:?}"),
        }
    }
    // What a function gives is escaped as well.
    let templates = one("a.html", "{{ bold('a<b') }}");
    let templates = templates.function("bold", |text: String| Ok(format!("<b>{text}</b>")));
    let rendered = templates.render("a.html", ()).unwrap();
    assert_eq!(rendered.as_str(), "&lt;b&gt;a&lt;b&lt;&#x2f;b&gt;");
}

#[test]
fn a_name_without_a_value_is_an_error_unless_it_is_allowed() {
    let text = "{% if nothing %}a{% endif %}{{ nothing|default('b') }}";
    assert_eq!(
        one("a.txt", text).render("a.txt", ()).unwrap().as_str(),
        "b"
    );
    let templates = one("a.txt", "[{{ nothing }}]");
    assert!(templates.render("a.txt", ()).is_err());
    let rendered = templates.strict(false).render("a.txt", ()).unwrap();
    assert_eq!(rendered.into_string(), "[]");
}

#[tokio::test]
async fn a_mounted_app_has_templates_of_its_own_or_those_around_it() {
    let inner = || App::new().routes([get("/{name}", page)]);
    let own = inner().templates(one("a.txt", "own"));
    let app = app(one("a.txt", "outer"))
        .mount("/own", own)
        .mount("/in", inner());
    let app = app.start().await.unwrap();
    assert_eq!(ask(&app, "/own/a.txt").await.1, "own");
    assert_eq!(ask(&app, "/in/a.txt").await.1, "outer");
}

#[test]
fn names_that_lead_nowhere_are_listed_before_the_start() {
    let texts = |extends: &'static str| {
        Templates::embedded([
            ("base.html", "{% include 'nav.html' ignore missing %}"),
            ("page.html", extends),
            (
                "mail.txt",
                "Dear {{ name }},\n{% include ['de.txt', 'en.txt'] %}",
            ),
            ("broken.html", "{{ name }"),
            ("list.html", "{% from 'broken.html' import row %}"),
        ])
    };
    let error = app(texts("{% extends 'bsae.html' %}")).check().unwrap_err();
    let text = error.to_string();
    for problem in [
        "template `page.html`, line 1: extends `bsae.html`, which is not there (",
        "template `mail.txt`, line 2: includes `de.txt`, `en.txt`, none of which is there (",
        "template `broken.html`, line 1: ",
    ] {
        assert!(text.contains(problem), "{problem}: {text}");
    }
    assert_eq!(error.problems().len(), 3, "{text}");

    let templates = Templates::embedded([("page.html", "\n{% import 'macros.html' as m %}")]);
    let error = templates.render("page.html", ()).unwrap_err();
    assert_eq!(
        (error.template(), error.line()),
        (Some("page.html"), Some(2))
    );
    assert!(templates.problems()[0].contains("imports from `macros.html`, which is not there"));
}

#[test]
fn deep_data_is_an_error_and_no_overflow_of_the_stack() {
    #[derive(serde::Serialize)]
    struct Comment {
        replies: Vec<Self>,
    }
    let comments = (0..1000).fold(Vec::new(), |replies, _| vec![Comment { replies }]);
    let files = [
        (
            "loop.txt",
            "{% for c in comments recursive %}({{ loop(c.replies) }}){% endfor %}",
        ),
        (
            "macro.txt",
            "{% macro show(list) %}{% for c in list %}({{ show(c.replies) }}){% endfor %}{% endmacro %}{{ show(comments) }}",
        ),
        ("include.txt", "{% include 'include.txt' %}"),
    ];
    let templates = Templates::embedded(files);
    let context = BTreeMap::from([("comments", comments)]);
    // As large as the stacks of the threads that answer requests.
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || {
            for (name, _) in files {
                assert!(templates.render(name, &context).is_err(), "{name}");
            }
        });
    thread.unwrap().join().unwrap();
}

#[test]
fn what_is_shared_between_threads_can_be() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Templates>();
    shared::<View>();
    shared::<Rendered>();
}
