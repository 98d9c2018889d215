//! The application: who is asking, what everybody sees, and what members see.

mod members;
mod sign_in;

use serde::{Deserialize, Serialize};
use wharf::extract::Principal;

use wharf::middleware::{Csrf, Require, SecurityHeaders};
use wharf::session::{Level, MemoryStore, Session, Sessions};
use wharf::template::{Templates, View};
use wharf::{
    App, HttpError, IntoResponse, Next, Redirect, Request, Response, State, StatusCode, from_fn,
    get,
};

use members::{Member, Members, READ_LOG};

/// Nothing is loaded from anywhere but the style of the page itself, and no other site shows it in a frame.
const POLICY: &str = "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What is known of a visitor.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Visitor {
    /// The name of the member who has signed in. What a member may do is looked up each time, so that it can be taken back.
    #[serde(default)]
    member: Option<String>,
}

/// The application. In `development` its cookie goes over plain HTTP, too.
///
/// # Errors
///
/// One of the hashes is none.
pub fn app(development: bool) -> wharf::Result<App> {
    let sessions = Sessions::<Visitor>::new(MemoryStore::new(100_000));
    let app = App::new()
        .wrap(SecurityHeaders::new().content_security_policy(POLICY))
        .wrap(Csrf::new())
        .wrap(sessions.dangerous_over_plain_http(development))
        .wrap(from_fn(who_is_asking).provides::<Principal<Member>>())
        .provide(Members::new()?)
        .templates(Templates::embedded([
            ("page.html", include_str!("../templates/page.html")),
            ("index.html", include_str!("../templates/index.html")),
            ("members.html", include_str!("../templates/members.html")),
        ]))
        .routes([get("/", index)])
        .routes(sign_in::routes());
    Ok(app.mount("/members", members_only()))
}

/// What only members see, and some of it only some of them.
fn members_only() -> App {
    App::new()
        .wrap(to_the_form)
        .wrap(Require::<Member>::signed_in())
        .routes([
            get("/", members_page),
            get("/log", async || "06:12 high tide\n").wrap(Require::<Member>::permission(READ_LOG)),
        ])
}

/// Finds out who is asking, by the session.
async fn who_is_asking(
    session: Session<Visitor>,
    members: State<Members>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(member) = session
        .get()
        .member
        .as_deref()
        .and_then(|name| members.find(name))
    {
        request.extensions_mut().insert(Principal(member.clone()));
    }
    next.run(request).await
}

/// Leads whoever has to sign in first to the form, which says so.
async fn to_the_form(session: Session<Visitor>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() != StatusCode::UNAUTHORIZED {
        return response;
    }
    session.flash(Level::Info, "Sign in first.");
    Redirect::to("/").into_response()
}

/// What the templates show.
#[derive(Serialize)]
struct Page<'a> {
    member: Option<&'a str>,
    may_read_log: bool,
    messages: Vec<Message>,
    /// For browsers that do not say where a form comes from; the others are known by what they say.
    token: String,
}

#[derive(Serialize)]
struct Message {
    level: &'static str,
    text: String,
}

impl<'a> Page<'a> {
    fn new(session: &Session<Visitor>, member: Option<&'a Member>) -> Result<Self, HttpError> {
        let messages = session.take_flashes().into_iter().map(|flash| Message {
            level: flash.level().as_str(),
            text: flash.text().to_owned(),
        });
        Ok(Self {
            member: member.map(Member::name),
            may_read_log: member.is_some_and(|member| member.may(READ_LOG)),
            messages: messages.collect(),
            token: session.token()?,
        })
    }
}

async fn index(
    session: Session<Visitor>,
    member: Option<Principal<Member>>,
    view: View,
) -> Result<impl IntoResponse, HttpError> {
    show(&view, "index.html", Page::new(&session, member.as_deref())?)
}

async fn members_page(
    session: Session<Visitor>,
    member: Principal<Member>,
    view: View,
) -> Result<impl IntoResponse, HttpError> {
    show(&view, "members.html", Page::new(&session, Some(&*member))?)
}

/// Renders a page that no browser keeps: who has signed out does not see it again by going back.
fn show(view: &View, name: &str, page: Page<'_>) -> Result<impl IntoResponse + use<>, HttpError> {
    let page = view.render(name, page)?;
    Ok(([("cache-control", "no-store")], page))
}
