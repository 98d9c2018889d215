//! The attempts of one download.

use std::time::SystemTime;

use http::Method;
use http::header::{ACCEPT_ENCODING, HeaderValue, IF_RANGE, RANGE};
use tokio::time::{Instant, sleep};

use super::answer::{self, Answer};
use super::part::Part;
use super::validator::Validator;
use super::{Download, Downloaded, Listener};
use crate::progress::Progress;
use crate::response::save::unwritten;
use crate::retry::{Attempt, Outcome, Verdict};
use crate::{Error, ErrorKind, Phase, RequestBuilder, Response};

/// One download, from attempt to attempt.
struct Running {
    request: RequestBuilder,
    part: Part,
    listener: Option<Listener>,
    started: Instant,
    /// How many bytes were there before the start, and still are.
    resumed: u64,
}

/// Why an attempt has not brought the file.
enum Failure {
    /// The server has answered something else.
    Answered(Box<Response>),
    Failed(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(super) async fn run(download: Download) -> Result<Downloaded, Error> {
    let Download {
        request,
        path,
        resume,
        policy,
        listener,
    } = download;
    policy.check()?;
    let budget = policy.shared_budget();
    let request = request.for_repetition(|headers| {
        headers.remove(RANGE);
        headers.remove(IF_RANGE);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    })?;
    let (method, url) = request.target().ok_or_else(unrepeatable)?;
    let method = method.clone();
    // RFC 9110 §14.2: no other method has ranges.
    let resume = resume && method == Method::GET;
    let part = Part::find(path, url, resume).await.map_err(unwritten)?;
    let mut running = Running {
        resumed: part.have(),
        request,
        part,
        listener,
        started: Instant::now(),
    };
    // To a policy, which knows of heads alone, a body that stops is a connection that has ended.
    let disconnected = Error::new(ErrorKind::Disconnected);
    let mut number = 0;
    loop {
        number += 1;
        let failure = match running.attempt().await {
            Ok(response) => return running.finish(number, response).await,
            Err(failure) => failure,
        };
        running.part.flush().await.map_err(unwritten)?;
        let outcome = match &failure {
            Failure::Answered(response) => Outcome::Response(response.status(), response.headers()),
            Failure::Failed(error) if is_broken_off(error) => Outcome::Failed(&disconnected),
            Failure::Failed(error) => Outcome::Failed(error),
        };
        let attempt = Attempt {
            number,
            outcome,
            repeatable: method.is_idempotent(),
            left: None,
            now: SystemTime::now(),
        };
        match policy.verdict(&attempt, &budget) {
            Verdict::After(wait) => {
                drop(failure);
                sleep(wait).await;
            }
            Verdict::Done => return Err(failure.into_error()),
        }
    }
}

impl Running {
    /// Asks for what is still to come, and writes it.
    async fn attempt(&mut self) -> Result<Response, Failure> {
        let mut asked = self.part.rest();
        loop {
            let request = self.request.again(|headers| {
                if let Some(rest) = &asked {
                    rest.ask(headers);
                }
            });
            let mut response = request.ok_or_else(unrepeatable)?.send().await?;
            let (status, length) = (response.status(), response.body_len());
            match answer::read(status, response.headers(), length, asked.as_ref())? {
                Answer::Whole { total } => {
                    self.resumed = 0;
                    let validator = Validator::of(response.headers());
                    let begun = self.part.begin(validator, total).await;
                    begun.map_err(unwritten)?;
                }
                Answer::Rest { total } => self.part.resume(total).await.map_err(unwritten)?,
                Answer::Complete => return Ok(response),
                Answer::Useless => {
                    self.part.forget();
                    asked = None;
                    continue;
                }
                Answer::Refused => return Err(Failure::Answered(Box::new(response))),
            }
            self.pour(&mut response).await?;
            return Ok(response);
        }
    }

    /// Writes a body to the file.
    async fn pour(&mut self, response: &mut Response) -> Result<(), Error> {
        while let Some(piece) = response.chunk().await? {
            self.part.write(&piece).await.map_err(unwritten)?;
            self.check_length(response, |have, total| have > total)?;
            self.tell();
        }
        self.check_length(response, |have, total| have != total)
    }

    /// Fails when the file does not have the length that was announced; what is too long is of no use any more.
    fn check_length(
        &mut self,
        response: &Response,
        wrong: impl Fn(u64, u64) -> bool,
    ) -> Result<(), Error> {
        let have = self.part.have();
        let Some(total) = self.part.total().filter(|&total| wrong(have, total)) else {
            return Ok(());
        };
        if have > total {
            self.part.forget();
        }
        let why = format!("{have} bytes came of a file of {total}");
        let error = Error::new(ErrorKind::ResponseBody).because(why);
        Err(error.at_url(response.url()))
    }

    fn tell(&self) {
        if let Some(listener) = &self.listener {
            listener(&Progress {
                bytes: self.part.have(),
                total: self.part.total(),
                resumed: self.resumed,
                elapsed: self.started.elapsed(),
            });
        }
    }

    async fn finish(mut self, attempts: u32, response: Response) -> Result<Downloaded, Error> {
        self.part.place().await.map_err(unwritten)?;
        Ok(Downloaded {
            bytes: self.part.have(),
            resumed: self.resumed,
            attempts,
            response,
        })
    }
}

impl Failure {
    fn into_error(self) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::Answered(response) => match response.ok_ref() {
                Err(error) => error,
                // A redirect that is not followed, or one of those that answer a condition.
                Ok(_) => Error::new(ErrorKind::Status(response.status())).at_url(response.url()),
            },
        }
    }
}

fn is_broken_off(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ResponseBody | ErrorKind::Timeout(Phase::BodyRead | Phase::MinRate)
    )
}

fn unrepeatable() -> Error {
    Error::new(ErrorKind::Request).because("it cannot be sent again")
}
