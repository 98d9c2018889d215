//! [`Board`]: what is expected of a mock server, and what has come.

use std::fmt::Write as _;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;
use wharf_http::BoxFuture;

use super::diff::Difference;
use super::line::Wire;
use super::serve::serve;
use super::times::counted;
use super::{Call, Matcher, Reply, Times};

/// What a mock server, its expectations and its connections share.
pub(super) struct Board {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    in_order: bool,
    /// The expectation that the last call was met by, where they come in order.
    current: usize,
    expectations: Vec<Expected>,
    calls: Vec<Call>,
    problems: Vec<String>,
    connections: JoinSet<()>,
}

struct Expected {
    matcher: Arc<Matcher>,
    place: &'static Location<'static>,
    times: Times,
    part: Part,
    calls: u32,
}

/// What is answered.
#[derive(Clone)]
pub(super) enum Part {
    /// One after the other; the last one again and again.
    Replies(Arc<[Reply]>),
    Answer(Arc<dyn Fn(Call) -> BoxFuture<'static, Reply> + Send + Sync>),
}

/// What is to be done about a call.
pub(super) enum Decision {
    Reply(Box<Reply>),
    Answer(BoxFuture<'static, Reply>),
    Unexpected(String),
}

impl Board {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_in_order(&self) {
        self.lock().in_order = true;
    }

    /// Adds an expectation and returns its number.
    pub(super) fn expect(&self, matcher: Matcher, place: &'static Location<'static>) -> usize {
        let mut state = self.lock();
        state.expectations.push(Expected {
            matcher: Arc::new(matcher),
            place,
            times: Times::from(1),
            part: Part::Replies([Reply::new(200)].into()),
            calls: 0,
        });
        state.expectations.len() - 1
    }

    pub(super) fn set_times(&self, number: usize, times: Times) {
        if let Some(expected) = self.lock().expectations.get_mut(number) {
            expected.times = times;
        }
    }

    pub(super) fn set_part(&self, number: usize, part: Part) {
        if let Some(expected) = self.lock().expectations.get_mut(number) {
            expected.part = part;
        }
    }

    pub(super) fn count(&self, number: usize) -> u32 {
        let state = self.lock();
        let expected = state.expectations.get(number);
        expected.map_or(0, |expected| expected.calls)
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Notes what is wrong and is nobody's answer.
    pub(super) fn complain(&self, problem: String) {
        self.lock().problems.push(problem);
    }

    /// Serves a connection in a task of its own.
    pub(super) fn serve(self: &Arc<Self>, wire: impl Wire) {
        let mut state = self.lock();
        while state.connections.try_join_next().is_some() {}
        state.connections.spawn(serve(wire, Arc::clone(self)));
    }

    /// Cuts all connections.
    pub(super) fn hang_up(&self) {
        self.lock().connections.abort_all();
    }

    /// Finds what answers a call, and counts it.
    pub(super) fn decide(&self, call: Call) -> Decision {
        let matchers: Vec<_> = {
            let state = self.lock();
            let expectations = state.expectations.iter();
            expectations
                .map(|expected| Arc::clone(&expected.matcher))
                .collect()
        };
        // Not under the lock: a matcher may run code of the test, which may ask for the calls.
        let differences: Vec<_> = matchers
            .iter()
            .map(|matcher| matcher.differences(&call))
            .collect();
        let mut state = self.lock();
        let found = match state.in_order {
            true => state.next(&differences),
            false => state.first(&differences),
        };
        let Some(number) = found else {
            let problem = state.unexpected(&call, &differences);
            state.calls.push(call);
            state.problems.push(problem.clone());
            return Decision::Unexpected(problem);
        };
        let expected = &mut state.expectations[number];
        let call = call
            .clone()
            .with_parameters(expected.matcher.parameters(call.path()));
        let place = expected.calls as usize;
        expected.calls = expected.calls.saturating_add(1);
        let part = expected.part.clone();
        state.calls.push(call.clone());
        drop(state);
        match part {
            Part::Answer(answer) => Decision::Answer(answer(call)),
            Part::Replies(replies) => {
                let reply = replies.get(place).or(replies.last());
                Decision::Reply(Box::new(reply.cloned().unwrap_or_else(|| Reply::new(200))))
            }
        }
    }

    /// Returns everything that is wrong: calls that nobody expected, and calls that did not come.
    pub(super) fn problems(&self) -> Vec<String> {
        let state = self.lock();
        let missing = state.expectations.iter().filter_map(Expected::missing);
        state.problems.iter().cloned().chain(missing).collect()
    }
}

impl State {
    /// Finds the first expectation that fits and is not used up.
    fn first(&self, differences: &[Vec<Difference>]) -> Option<usize> {
        let fitting = differences.iter().zip(&self.expectations).enumerate();
        let mut fitting = fitting.filter(|(_, (differences, _))| differences.is_empty());
        let (number, (_, expected)) = fitting.find(|(_, (_, expected))| {
            expected.times.is_never() || !expected.times.is_used_up(expected.calls)
        })?;
        (!expected.times.is_never()).then_some(number)
    }

    /// Finds the expectation that is next, going past those that have what they need.
    fn next(&mut self, differences: &[Vec<Difference>]) -> Option<usize> {
        let left = differences.iter().zip(&self.expectations).enumerate();
        for (number, (differences, expected)) in left.skip(self.current) {
            if differences.is_empty() && !expected.times.is_used_up(expected.calls) {
                self.current = number;
                return Some(number);
            }
            if expected.times.is_unmet(expected.calls) {
                return None;
            }
        }
        None
    }

    /// Says what came, and how it differs from the expectation that is nearest.
    fn unexpected(&self, call: &Call, differences: &[Vec<Difference>]) -> String {
        let mut text = format!("unexpected call: {call}");
        let Some((number, which)) = self.nearest(differences) else {
            text.push_str("\n  nothing is expected");
            return text;
        };
        let written = write!(text, "\n  {which}: {}", self.expectations[number]);
        written.expect("a string takes all text");
        let mut lines: Vec<_> = differences[number]
            .iter()
            .map(ToString::to_string)
            .collect();
        if lines.is_empty() {
            lines.push(format!(
                "it fits, but is expected {}",
                self.expectations[number].times
            ));
        }
        for line in lines {
            text.push_str("\n    ");
            text.push_str(&line);
        }
        text
    }

    /// Finds the expectation to compare an unexpected call with, and says which one it is.
    fn nearest(&self, differences: &[Vec<Difference>]) -> Option<(usize, &'static str)> {
        if self.in_order {
            let mut left = self.current..differences.len();
            let next = left.clone().find(|&number| {
                let expected = &self.expectations[number];
                expected.times.is_unmet(expected.calls)
            });
            let last = || Some((left.next_back()?, "the last call that is expected"));
            return next.map(|next| (next, "expected next")).or_else(last);
        }
        let weight = |found: &[Difference]| found.iter().map(|one| one.weight).sum::<u32>();
        let nearest = (0..differences.len()).min_by_key(|&number| weight(&differences[number]))?;
        let which = match differences.len() {
            1 => "the only expectation",
            _ => "the nearest expectation",
        };
        Some((nearest, which))
    }
}

impl Expected {
    fn missing(&self) -> Option<String> {
        let unmet = self.times.is_unmet(self.calls);
        unmet.then(|| format!("missing call: {self}"))
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let came = match self.calls {
            0 => "never".to_owned(),
            calls => counted(calls),
        };
        write!(
            f,
            "{}, expected {}, has come {came} ({})",
            self.matcher, self.times, self.place
        )
    }
}
