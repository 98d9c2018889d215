use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

/// Makes a file that its owner alone reads and writes.
pub(super) fn for_owner(options: &mut OpenOptions) {
    options.mode(0o600);
}
