use std::fmt;

use tokio::task::JoinHandle;
use wharf_http::error::ErrorLog;
use wharf_http::{BoxError, BoxFuture, ErrorChain};

use super::error::{StartError, StopError};
use super::hook::Hook;
use super::resource::{Leave, Resource};
use super::setup::Setup;
use crate::panic::message;

/// What was set up, and how it is cleared away.
#[derive(Default)]
pub(crate) struct Entered {
    errors: ErrorLog,
    resources: Vec<(String, Leave)>,
    tasks: Vec<Task>,
    shutdown: Vec<(Hook, Setup)>,
    cleanup: Vec<(Hook, Setup)>,
}

/// A background task, and who waits for its end.
struct Task {
    name: String,
    work: AbortOnDrop,
    watcher: JoinHandle<Result<(), BoxError>>,
}

impl Entered {
    pub(crate) fn new(errors: ErrorLog) -> Self {
        Self {
            errors,
            ..Self::default()
        }
    }

    pub(crate) fn errors(&self) -> ErrorLog {
        self.errors.clone()
    }

    /// Enters a resource; should it fail, what was entered before is still to be left with [`leave`](Self::leave).
    pub(crate) async fn enter(
        &mut self,
        resource: Resource,
        setup: &Setup,
    ) -> Result<(), StartError> {
        let name = resource.name;
        // In a task of its own, so that a panic is an error like others and nothing stays entered.
        let leave = join(tokio::spawn((resource.enter)(setup.clone())))
            .await
            .map_err(|error| StartError::new(format!("resource `{name}` failed"), error))?;
        self.resources.push((name.clone(), leave));
        match resource
            .provides
            .iter()
            .flatten()
            .find(|key| !setup.has(**key))
        {
            Some(key) => Err(StartError::broken_promise(&name, *key)),
            None => Ok(()),
        }
    }

    pub(crate) async fn start(
        &mut self,
        hooks: Vec<Hook>,
        setup: &Setup,
    ) -> Result<(), StartError> {
        for hook in hooks {
            join(tokio::spawn((hook.run)(setup.clone())))
                .await
                .map_err(|error| {
                    StartError::new(format!("start-up hook `{}` failed", hook.name), error)
                })?;
        }
        Ok(())
    }

    pub(crate) fn spawn(&mut self, tasks: Vec<Hook>, setup: &Setup) {
        for task in tasks {
            let name = task.name;
            let work = tokio::spawn((task.run)(setup.clone()));
            let abort = AbortOnDrop(work.abort_handle());
            let watched = name.clone();
            let errors = self.errors.clone();
            // Watched, so that a task that ends badly is known at once and not at the shutdown. Of the type of all other work, for
            // which the insides of a task are compiled anyway.
            let watcher: BoxFuture<'static, Result<(), BoxError>> = Box::pin(async move {
                match work.await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        let error = ErrorChain::new(error.as_ref());
                        errors.report(format_args!("background task `{watched}` failed: {error}"));
                    }
                    Err(error) if error.is_cancelled() => {}
                    Err(error) => {
                        let text = panic_text(error);
                        errors.report(format_args!("background task `{watched}` {text}"));
                    }
                }
                Ok(())
            });
            self.tasks.push(Task {
                name,
                work: abort,
                watcher: tokio::spawn(watcher),
            });
        }
    }

    pub(crate) fn at_shutdown(&mut self, hooks: Vec<Hook>, setup: &Setup) {
        self.shutdown
            .extend(hooks.into_iter().map(|hook| (hook, setup.clone())));
    }

    pub(crate) fn at_cleanup(&mut self, hooks: Vec<Hook>, setup: &Setup) {
        self.cleanup
            .extend(hooks.into_iter().map(|hook| (hook, setup.clone())));
    }

    /// Takes the shutdown hooks out, in the order of writing.
    pub(crate) fn take_shutdown(
        &mut self,
    ) -> Vec<(String, BoxFuture<'static, Result<(), BoxError>>)> {
        let hooks = std::mem::take(&mut self.shutdown);
        hooks
            .into_iter()
            .map(|(hook, setup)| (hook.name, (hook.run)(setup)))
            .collect()
    }

    /// Clears everything away: tasks, clean-up hooks, resources, each last first. Goes on after a failure.
    pub(crate) async fn leave(mut self) -> Result<(), StopError> {
        let mut failures = Vec::new();
        for task in &self.tasks {
            task.work.0.abort();
        }
        for task in self.tasks.drain(..).rev() {
            // The watcher ends when the task itself has ended, wherever it was running.
            if let Err(error) = task.watcher.await {
                let what = format!("background task `{}`", task.name);
                failures.push((what, panic_text(error).into()));
            }
        }
        for (hook, setup) in self.cleanup.drain(..).rev() {
            if let Err(error) = join(tokio::spawn((hook.run)(setup))).await {
                failures.push((format!("clean-up hook `{}`", hook.name), error));
            }
        }
        for (name, leave) in self.resources.drain(..).rev() {
            if let Err(error) = join(tokio::spawn(leave())).await {
                failures.push((format!("resource `{name}`"), error));
            }
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(StopError::new(failures))
        }
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered")
            .field("resources", &self.resources.len())
            .finish_non_exhaustive()
    }
}

/// Ends a background task when nobody holds it any more.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits for a step that runs in a task of its own; a panic is an error like others.
pub(crate) async fn join<T>(task: JoinHandle<Result<T, BoxError>>) -> Result<T, BoxError> {
    task.await
        .unwrap_or_else(|error| Err(panic_text(error).into()))
}

fn panic_text(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => format!("panicked: {}", message(panic.as_ref())),
        Err(error) => error.to_string(),
    }
}
