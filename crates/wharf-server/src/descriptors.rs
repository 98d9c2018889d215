//! How many connections the system's limit of open descriptors allows.

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are left to the program besides connections: an eighth of the limit, within these bounds.
const RESERVE: std::ops::RangeInclusive<u64> = 16..=1024;

/// What is asked for where the system names no maximum, which does not mean that there is none: macOS allows so many.
#[cfg(unix)]
const WITHOUT_MAXIMUM: u64 = 10_240;

/// Descriptors of a worker beside its connections: its runtime has three, each listener one.
const OF_WORKER: u64 = 5;

/// Returns how many connections a limit of `descriptors` has room for beside so many workers.
fn room(descriptors: u64, workers: usize) -> usize {
    let reserve = (descriptors / 8).clamp(*RESERVE.start(), *RESERVE.end());
    let more = workers.saturating_sub(1) as u64;
    let reserve = reserve.saturating_add(more.saturating_mul(OF_WORKER));
    usize::try_from(descriptors.saturating_sub(reserve).max(1)).unwrap_or(usize::MAX)
}

/// Returns how many connections fit into this process's limit; `None` when it is not known.
#[cfg(unix)]
pub(crate) fn connections(workers: usize) -> Option<usize> {
    // No limit is as good as not known.
    getrlimit(Resource::Nofile)
        .current
        .map(|limit| room(limit, workers))
}

/// Raises the limit to the most that this process may have, and returns the old one and the new one if that helped.
///
/// It is a setting of the whole process, so that only a program's own entry point calls this.
#[cfg(unix)]
pub(crate) fn raise() -> Option<(u64, u64)> {
    let limit = getrlimit(Resource::Nofile);
    let (before, most) = (limit.current?, limit.maximum.unwrap_or(WITHOUT_MAXIMUM));
    let raised = Rlimit {
        current: Some(most),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).ok()?;
    (most > before).then_some((before, most))
}

#[cfg(not(unix))]
pub(crate) fn connections(_workers: usize) -> Option<usize> {
    None
}

#[cfg(not(unix))]
pub(crate) fn raise() -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_left_to_the_program() {
        assert_eq!(room(64, 1), 48);
        assert_eq!(room(1_024, 1), 896);
        assert_eq!(room(524_288, 1), 523_264);
        assert_eq!(room(8, 1), 1);
        assert_eq!(room(64, 2), 43);
        assert_eq!(room(64, 1_000), 1);
    }
}
