use std::sync::Mutex;

use http::{Method, StatusCode, header};
use wharf_http::{BoxError, Middleware, Request, Response, Signal};

use super::*;
use crate::check::Problem;
use crate::extract::{Extension, State};
use crate::lifecycle::{Resource, resource};
use crate::middleware::{Next, from_fn};
use crate::route::{any, at, get, post, put};

type Log = Arc<Mutex<Vec<String>>>;

async fn ask(app: App, method: Method, path: &str) -> (StatusCode, http::HeaderMap, String) {
    let running = app.start().await.unwrap();
    answer(&running, method, path).await
}

async fn answer(
    running: &Running,
    method: Method,
    path: &str,
) -> (StatusCode, http::HeaderMap, String) {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .body(wharf_http::Body::empty())
        .unwrap();
    let response = running.handle(request).await;
    let (head, mut body) = response.into_parts();
    let text = String::from_utf8(body.bytes(None).await.unwrap().to_vec()).unwrap();
    (head.status, head.headers, text)
}

async fn text(app: App, path: &str) -> String {
    ask(app, Method::GET, path).await.2
}

/// Puts a letter and brackets around what comes from inside.
struct Letter(&'static str);

impl Middleware<Served> for Letter {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let (head, mut body) = next.run(request).await.into_parts();
        let inside = body.bytes(None).await.unwrap();
        let inside = String::from_utf8_lossy(&inside).trim().to_owned();
        Response::from_parts(head, format!("{}({inside})", self.0).into())
    }
}

async fn state_of(number: State<u8>, text: State<&'static str>) -> String {
    format!("{} {}", *number, *text)
}

#[tokio::test]
async fn a_mounted_app_sees_the_state_of_its_parent_and_hides_it_with_its_own() {
    let admin = App::new()
        .provide("admin")
        .routes([get("/state", state_of)]);
    let app = App::new()
        .provide(7_u8)
        .provide("root")
        .routes([get("/state", state_of)])
        .mount("/admin", admin);
    let running = app.start().await.unwrap();
    assert_eq!(answer(&running, Method::GET, "/state").await.2, "7 root");
    assert_eq!(
        answer(&running, Method::GET, "/admin/state").await.2,
        "7 admin"
    );
}

#[tokio::test]
async fn middleware_runs_from_the_app_inwards_in_the_order_of_writing() {
    let inner = App::new()
        .wrap(Letter("c"))
        .routes([get("/", async || "x").wrap(Letter("d")).wrap(Letter("e"))]);
    let app = App::new()
        .wrap(Letter("a"))
        .mount("/inner", inner)
        .wrap(Letter("b"));
    assert_eq!(text(app, "/inner").await, "a(b(c(d(e(x)))))");
}

#[tokio::test]
async fn answers_that_no_route_gives_pass_through_middleware() {
    let app = || {
        App::new()
            .routes([post("/form", async || "sent"), put("/form", async || "put")])
            .wrap(Letter("a"))
    };
    let (status, _, text) = ask(app(), Method::GET, "/nothing").await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::NOT_FOUND, "a(404 Not Found)")
    );
    let (status, headers, _) = ask(app(), Method::GET, "/form").await;
    assert_eq!(
        (status, &headers[header::ALLOW]),
        (
            StatusCode::METHOD_NOT_ALLOWED,
            &"OPTIONS, POST, PUT".parse().unwrap()
        )
    );
    let (status, headers, _) = ask(app(), Method::OPTIONS, "/form").await;
    assert_eq!(
        (status, &headers[header::ALLOW]),
        (
            StatusCode::NO_CONTENT,
            &"OPTIONS, POST, PUT".parse().unwrap()
        )
    );
    let (status, _, text) = ask(app(), Method::GET, "/%zz").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        text.starts_with("a(400 Bad Request: the path is malformed"),
        "{text}"
    );
}

#[tokio::test]
async fn one_path_can_have_a_handler_for_each_method() {
    let routes = at("/doc/{id}")
        .get(async || "shown")
        .put(async || "stored")
        .delete(async || StatusCode::NO_CONTENT)
        .each(|route| route.wrap(Letter("a")));
    let app = App::new().routes(routes);
    let running = app.start().await.unwrap();
    assert_eq!(answer(&running, Method::GET, "/doc/1").await.2, "a(shown)");
    assert_eq!(answer(&running, Method::PUT, "/doc/1").await.2, "a(stored)");
    let (status, headers, _) = answer(&running, Method::POST, "/doc/1").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers[header::ALLOW], "DELETE, GET, HEAD, OPTIONS, PUT");
}

#[tokio::test]
async fn a_fallback_is_inherited_unless_a_mounted_app_has_its_own() {
    let own = App::new().fallback(async || "own");
    let app = App::new()
        .fallback(async || "root")
        .mount("/own", own)
        .mount("/other", App::new().wrap(Letter("o")));
    let running = app.start().await.unwrap();
    assert_eq!(answer(&running, Method::GET, "/own/x").await.2, "own");
    assert_eq!(answer(&running, Method::GET, "/other/x").await.2, "o(root)");
    assert_eq!(answer(&running, Method::GET, "/otherx").await.2, "root");
}

#[tokio::test]
async fn a_panic_is_a_500_that_says_nothing_of_its_cause() {
    async fn fails() -> &'static str {
        panic!("secret")
    }
    let app = App::new().wrap(Letter("a")).routes([get("/", fails)]);
    let (status, _, text) = ask(app, Method::GET, "/").await;
    assert_eq!(
        (status, text.as_str()),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "a(500 Internal Server Error)"
        )
    );
    async fn middleware_fails(_request: Request, _next: Next) -> &'static str {
        panic!("secret")
    }
    let app = App::new()
        .wrap(middleware_fails)
        .routes([get("/", async || "x")]);
    assert_eq!(
        ask(app, Method::GET, "/").await.0,
        StatusCode::INTERNAL_SERVER_ERROR
    );
}

#[tokio::test]
async fn one_hook_gives_all_errors_their_looks() {
    async fn bad() -> Result<(), HttpError> {
        Err(HttpError::bad_request("no"))
    }
    async fn panics() -> &'static str {
        panic!("secret")
    }
    let app = App::new()
        .routes([
            get("/bad", bad),
            get("/panic", panics),
            post("/post", async || ()),
        ])
        .on_error(|error: &HttpError, scope: &Scope| {
            format!(
                "{} {} {:?}",
                error.status().as_u16(),
                scope.method(),
                error.origin()
            )
        })
        .mount("/inner", App::new());
    let running = app.start().await.unwrap();
    for (path, status, text) in [
        ("/bad", 400, "400 GET Returned"),
        ("/panic", 500, "500 GET Panic"),
        ("/post", 405, "405 GET NoMethod"),
        ("/inner/x", 404, "404 GET NoRoute"),
    ] {
        let (got, headers, body) = answer(&running, Method::GET, path).await;
        assert_eq!((got.as_u16(), body.as_str()), (status, text));
        assert_eq!(headers.contains_key(header::ALLOW), status == 405);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_over_its_time_limit_is_answered_503() {
    let slow = async || {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "late"
    };
    let app = App::new()
        .timeout(Duration::from_secs(5))
        .routes([get("/", slow)]);
    let before = tokio::time::Instant::now();
    assert_eq!(
        ask(app, Method::GET, "/").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(before.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn the_rate_of_a_route_wins_over_that_of_its_app() {
    let inner = App::new().min_rate(50).routes([
        get("/app", async || ()),
        get("/route", async || ()).min_rate(None),
    ]);
    let app = App::new()
        .routes([get("/server", async || ())])
        .mount("/inner", inner);
    let running = app.start().await.unwrap();
    for (path, rate) in [
        ("/server", None),
        ("/inner/app", Some(Some(50))),
        ("/inner/route", Some(None)),
    ] {
        let context = wharf_http::Context::new(wharf_http::Connection::memory());
        let mut request = Request::default();
        *request.uri_mut() = path.parse().unwrap();
        // Known when the call returns, before the answer is there: that is when the server looks.
        let answer = wharf_http::Service::call(&running, request, &context);
        assert_eq!(context.min_rate(), rate, "{path}");
        answer.await;
    }
}

#[tokio::test]
async fn a_handler_set_to_finish_runs_to_its_end_when_it_is_dropped() {
    for (policy, finishes) in [(OnDisconnect::Finish, true), (OnDisconnect::Cancel, false)] {
        let (gate, done) = (Signal::new(), Signal::new());
        let handler = {
            let (gate, done) = (gate.clone(), done.clone());
            move || {
                let (gate, done) = (gate.clone(), done.clone());
                async move {
                    gate.fired().await;
                    done.fire();
                }
            }
        };
        let app = App::new()
            .routes([post("/", handler)])
            .on_disconnect(policy);
        let running = app.start().await.unwrap();
        let context = wharf_http::Context::new(wharf_http::Connection::memory());
        let mut request = Request::default();
        *request.method_mut() = Method::POST;
        let mut answer = wharf_http::Service::call(&running, request, &context);
        tokio::select! { biased; _ = &mut answer => unreachable!("the gate is shut"), () = tokio::task::yield_now() => {} }
        drop(answer);
        gate.fire();
        context.connection().tasks().idle().await;
        assert_eq!(done.is_fired(), finishes, "{policy:?}");
    }
}

fn step(log: &Log, name: &'static str) -> Resource {
    let log = Arc::clone(log);
    let enter = async move |_: Setup| {
        log.lock().unwrap().push(format!("+{name}"));
        Ok::<_, BoxError>(async move || log.lock().unwrap().push(format!("-{name}")))
    };
    resource(enter).name(name)
}

fn logged(
    log: &Log,
    name: &'static str,
) -> impl FnOnce(Setup) -> std::future::Ready<()> + Send + 'static {
    let log = Arc::clone(log);
    move |_| {
        log.lock().unwrap().push(name.to_owned());
        std::future::ready(())
    }
}

#[tokio::test]
async fn the_life_of_an_app_is_in_order() {
    let log = Log::default();
    let forever = {
        let log = Arc::clone(&log);
        async move |_: Setup| {
            struct Ends(Log);
            impl Drop for Ends {
                fn drop(&mut self) {
                    self.0.lock().unwrap().push("task ends".into());
                }
            }
            let _ends = Ends(log);
            std::future::pending::<()>().await;
        }
    };
    let app = App::new()
        .on_cleanup(logged(&log, "cleanup 1"))
        .on_cleanup(logged(&log, "cleanup 2"))
        .on_startup(logged(&log, "startup"))
        .on_shutdown(logged(&log, "shutdown"))
        .task("forever", forever)
        .resource(step(&log, "a"))
        .mount("/inner", App::new().resource(step(&log, "c")))
        .resource(step(&log, "b"));
    let running = app.start().await.unwrap();
    tokio::task::yield_now().await;
    running.shutdown().await;
    running.stop().await.unwrap();
    running.stop().await.unwrap();
    let log = log.lock().unwrap().join(", ");
    assert_eq!(
        log,
        "+a, +b, +c, startup, shutdown, task ends, cleanup 2, cleanup 1, -c, -b, -a"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_background_task_has_ended_before_resources_are_left() {
    /// Takes its time to end, on another thread than that of the test.
    struct Ends(Log);
    impl Drop for Ends {
        fn drop(&mut self) {
            for _ in 0..1000 {
                std::thread::yield_now();
            }
            self.0.lock().unwrap().push("task ends".into());
        }
    }
    for _ in 0..100 {
        let log = Log::default();
        let (ends, running) = (Ends(Arc::clone(&log)), Signal::new());
        let begun = running.clone();
        let app = App::new()
            .resource(step(&log, "a"))
            .task("forever", async move |_: Setup| {
                let _ends = ends;
                begun.fire();
                std::future::pending::<()>().await;
            });
        let app = app.start().await.unwrap();
        running.fired().await;
        app.stop().await.unwrap();
        assert_eq!(log.lock().unwrap().join(", "), "+a, task ends, -a");
    }
}

#[tokio::test]
async fn a_shutdown_hook_that_panics_keeps_nothing_from_ending() {
    async fn panics(_: Setup) {
        panic!("on purpose")
    }
    let log = Log::default();
    let app = App::new()
        .resource(step(&log, "a"))
        .on_shutdown(panics)
        .on_shutdown(logged(&log, "second"));
    let running = app.start().await.unwrap();
    running.shutdown().await;
    running.stop().await.unwrap();
    assert_eq!(log.lock().unwrap().join(", "), "+a, second, -a");
}

#[tokio::test]
async fn a_failing_resource_names_itself_and_leaves_those_entered() {
    let log = Log::default();
    async fn broken(_: Setup) -> Result<(), BoxError> {
        Err("no such file".into())
    }
    async fn panics(_: Setup) -> Result<(), BoxError> {
        panic!("on purpose")
    }
    let app = || {
        App::new()
            .resource(step(&log, "a"))
            .on_cleanup(logged(&log, "cleanup"))
    };
    let error = app()
        .resource(broken)
        .resource(step(&log, "never"))
        .start()
        .await
        .unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "resource `broken` failed: no such file"
    );
    let error = app().resource(panics).start().await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "resource `panics` failed: panicked: on purpose"
    );
    assert_eq!(log.lock().unwrap().join(", "), "+a, -a, +a, -a");
}

#[tokio::test]
async fn a_failing_start_up_hook_leaves_resources_and_runs_no_clean_up_hooks() {
    let log = Log::default();
    let app = App::new()
        .resource(step(&log, "a"))
        .on_cleanup(logged(&log, "cleanup"))
        .on_shutdown(logged(&log, "shutdown"))
        .on_startup(async |_: Setup| Err::<(), BoxError>("not today".into()));
    let error = app.start().await.unwrap_err();
    assert!(
        format!("{error:#}").ends_with("failed: not today"),
        "{error:#}"
    );
    assert_eq!(log.lock().unwrap().join(", "), "+a, -a");
}

#[tokio::test]
async fn a_resource_that_breaks_its_promise_keeps_the_app_from_starting() {
    let app = App::new().resource(
        resource(async |_: Setup| Ok::<_, BoxError>(()))
            .name("database")
            .provides::<u8>(),
    );
    assert!(app.check().is_ok());
    let error = app.start().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "resource `database` promised a `u8` and did not provide it"
    );
}

#[tokio::test]
async fn state_that_is_still_missing_after_all_resources_is_the_error_of_the_check() {
    let app = App::new()
        .resource(async |setup: Setup| {
            setup.provide("text");
            Ok::<_, BoxError>(())
        })
        .routes([get("/state", state_of)]);
    assert!(app.check().is_ok());
    let error = app.start().await.unwrap_err();
    let problems = error.check().unwrap().problems();
    assert!(
        matches!(problems, [Problem::MissingState { state, .. }] if state.name() == "u8"),
        "{error}"
    );
}

#[test]
fn the_check_lists_everything_that_is_wrong_at_once() {
    async fn user(_: Extension<u64>) {}
    let admin = App::new().routes([get("/x", async || ()).name("twice")]);
    let app = App::new()
        .provide(1_i32)
        .provide(2_i32)
        .routes([
            get("/state", state_of),
            get("/user", user),
            get("/{a}", async || ()),
            get("/{b}", async || ()).name("twice"),
            get("/{open", async || ()),
            any("/free", async || ()).name("not a name"),
        ])
        .mount("/", App::new())
        .mount("/admin", admin);
    let error = app.check().unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("the app has 9 problems and was not started:\n  - "),
        "{text}"
    );
    for part in [
        "state `i32` is provided twice",
        "prefix of a mounted app cannot be `/`",
        "`/{open`",
        "`GET /{a}` and `GET /{b}` match the same requests (",
        "two routes are named `twice`",
        "`not a name`",
        "needs state `u8`, which nobody provides",
        "needs state `&str`, which nobody provides",
        "needs the request extension `u64`",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(text.contains("app/tests.rs:"), "{text}");
    assert_eq!(format!("{error:?}"), text);
}

#[test]
fn a_middleware_can_provide_what_a_handler_needs() {
    async fn user(_: Extension<u64>) {}
    async fn login(request: Request, next: Next) -> Response {
        next.run(request).await
    }
    let app = App::new()
        .wrap(from_fn(login).provides::<u64>())
        .mount("/m", App::new().routes([get("/user", user)]));
    app.check().unwrap();
}

#[test]
fn names_of_mounted_apps_are_dotted() {
    let users = App::new()
        .name("users")
        .routes([get("/{id}", async || ()).name("one")]);
    let admin = App::new().name("admin").mount("/users", users);
    let app = App::new().name("root").mount("/admin", admin);
    let urls = app.urls().unwrap();
    assert_eq!(
        urls.url_for("admin.users.one", [("id", "a b/c")]).unwrap(),
        "/admin/users/a%20b%2Fc"
    );
    let table = app.route_table().unwrap();
    assert_eq!(
        (table[0].pattern(), table[0].name()),
        ("/admin/users/{id}", Some("admin.users.one"))
    );
    assert!(table[0].location().file().ends_with("tests.rs"));
}

#[tokio::test]
async fn a_redirect_keeps_the_query_and_is_left_to_middleware() {
    let app = App::new()
        .trailing_slash(TrailingSlash::Redirect)
        .routes([get("/a/", async || "a")]);
    let (status, headers, _) = ask(app, Method::GET, "/a?b=c").await;
    assert_eq!(
        (status, &headers[header::LOCATION]),
        (StatusCode::PERMANENT_REDIRECT, &"/a/?b=c".parse().unwrap())
    );
}

#[tokio::test]
async fn a_factory_makes_the_app_when_it_is_checked() {
    let mut made =
        factory(async || Ok::<_, BoxError>(App::new().routes([get("/state", state_of)])));
    let error = Serve::check(&mut made).await.unwrap_err();
    assert!(error.to_string().contains("needs state"), "{error}");
    let mut failed = factory(async || Err::<App, BoxError>("no configuration".into()));
    assert_eq!(
        Serve::check(&mut failed).await.unwrap_err().to_string(),
        "no configuration"
    );
}
