//! How many connections the system's limit of open descriptors allows.

/// Descriptors that are left to the program besides connections: an eighth of the limit, within these bounds.
const RESERVE: std::ops::RangeInclusive<u64> = 16..=1024;

/// Returns how many connections a limit of `descriptors` has room for.
fn room(descriptors: u64) -> usize {
    let reserve = (descriptors / 8).clamp(*RESERVE.start(), *RESERVE.end());
    usize::try_from(descriptors.saturating_sub(reserve).max(1)).unwrap_or(usize::MAX)
}

/// Returns how many connections fit into this process's limit; `None` when it is not known.
#[cfg(unix)]
pub(crate) fn connections() -> Option<usize> {
    let (soft, _hard) = rlimit::Resource::NOFILE.get().ok()?;
    Some(room(soft))
}

/// Raises the limit to the most that this process may have, and returns the old one and the new one if that helped.
///
/// It is a setting of the whole process, so that only a program's own entry point calls this.
#[cfg(unix)]
pub(crate) fn raise() -> Option<(u64, u64)> {
    let (before, _hard) = rlimit::Resource::NOFILE.get().ok()?;
    let now = rlimit::increase_nofile_limit(u64::MAX).ok()?;
    (now > before).then_some((before, now))
}

#[cfg(not(unix))]
pub(crate) fn connections() -> Option<usize> {
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
        assert_eq!(room(64), 48);
        assert_eq!(room(1_024), 896);
        assert_eq!(room(524_288), 523_264);
        assert_eq!(room(8), 1);
    }
}
