//! [`Answering`], the answer of a service.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::StatusCode;
use pin_project_lite::pin_project;
use wharf_http::Response;
use wharf_http::service::{Answer, Refusal};

use super::config::Settings;

pin_project! {
    /// The answer to a request: one to wait for, or one that is there.
    #[project = AnsweringProjection]
    pub(super) enum Answering<F> {
        Later { #[pin] future: F },
        // In a box: it is rare, and what is as large as a response is dear to move.
        Now { response: Option<Box<Response>> },
    }
}

impl<F> Answering<F> {
    /// Answers for the health of the process, where that is asked for.
    #[inline]
    pub(super) fn of_health<B>(settings: &Settings, request: &http::Request<B>) -> Option<Self> {
        let desk = settings.health.as_ref()?;
        let response = desk.answer(request, settings.health_alone)?;
        Some(Self::Now {
            response: Some(Box::new(response)),
        })
    }

    /// Takes what the service answers to a request that breaks a rule of HTTP.
    pub(super) fn refused(answer: Answer<F>) -> Self {
        match answer {
            Answer::Later(future) => Self::Later { future },
            Answer::Now(response) => Self::Now {
                response: response.map(Box::new),
            },
            // The enum may grow.
            _ => Self::Now { response: None },
        }
    }
}

impl<F: Future<Output = Response>> Future for Answering<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        match self.project() {
            AnsweringProjection::Later { future } => future.poll(cx),
            AnsweringProjection::Now { response } => Poll::Ready(
                response
                    .take()
                    .map_or_else(unanswered, |response| *response),
            ),
        }
    }
}

/// The answer of a service that gives a kind of answer unknown here.
fn unanswered() -> Response {
    Refusal::new(StatusCode::BAD_REQUEST, "the request breaks a rule of HTTP").into_response()
}
