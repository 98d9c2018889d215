//! Signing in and out.

use std::time::Duration;

use serde::Deserialize;
use wharf::extract::{Extension, FromRequest as _};
use wharf::middleware::{ConcurrencyLimit, RateLimit};
use wharf::route::Route;
use wharf::session::{Level, Session};
use wharf::{Body, Form, HttpError, KIB, Next, Redirect, Request, Response, State, from_fn, post};

use crate::Visitor;
use crate::members::Members;

const MINUTE: Duration = Duration::from_secs(60);

/// What the form of the page sends.
#[derive(Clone, Deserialize)]
struct Attempt {
    name: String,
    password: String,
    token: String,
}

/// The routes of both, signing in with limits on how often and how many.
pub(crate) fn routes() -> [Route; 2] {
    // Who guesses passwords of many members from one address, and who guesses those of one member from many addresses. The latter keeps
    // the member out meanwhile, too, and so is more patient.
    let by_peer = RateLimit::new(10, MINUTE).name("peer");
    let by_name = RateLimit::new(20, 10 * MINUTE).name("name");
    let by_name =
        by_name.by(|request, _| Some(request.extensions().get::<Attempt>()?.name.clone()));
    // Each takes a core, and 19 MiB.
    let at_once = ConcurrencyLimit::new(2)
        .queue(32)
        .wait(Duration::from_secs(10));
    [
        post("/sign-in", sign_in)
            .body_limit(4 * KIB)
            .wrap(by_peer)
            .wrap(from_fn(read).provides::<Attempt>())
            .wrap(by_name)
            .wrap(at_once),
        post("/sign-out", sign_out).body_limit(4 * KIB),
    ]
}

/// Reads the form for the limit that comes next, which tells attempts apart by the name in it.
async fn read(request: Request, next: Next) -> Result<Response, HttpError> {
    let (mut head, body) = request.into_parts();
    let whole = Request::from_parts(head.clone(), body);
    let Form(attempt) = Form::<Attempt>::from_request(whole, next.scope()).await?;
    head.extensions.insert(attempt);
    Ok(next.run(Request::from_parts(head, Body::empty())).await)
}

async fn sign_in(
    Extension(attempt): Extension<Attempt>,
    members: State<Members>,
    session: Session<Visitor>,
) -> Result<Redirect, HttpError> {
    session.check_token(&attempt.token)?;
    let Some(member) = members.check(&attempt.name, attempt.password).await? else {
        session.flash(Level::Error, "Wrong name or password.");
        return Ok(Redirect::to("/"));
    };
    // With another id: whoever has put a cookie of his own into this browser is not signed in with it.
    session.sign_in(|visitor| visitor.member = Some(member.name().to_owned()));
    session.flash(Level::Success, "You are signed in.");
    Ok(Redirect::to("/members"))
}

/// What the button of the page sends.
#[derive(Deserialize)]
struct Leave {
    token: String,
}

async fn sign_out(
    session: Session<Visitor>,
    Form(leave): Form<Leave>,
) -> Result<Redirect, HttpError> {
    session.check_token(&leave.token)?;
    session.destroy();
    session.flash(Level::Info, "You are signed out.");
    Ok(Redirect::to("/"))
}
