//! [`Notify`], what a server tells the supervisor of its process: `sd_notify` of systemd, and who speaks the same.
//!
//! A message is one datagram to the socket that `NOTIFY_SOCKET` names. Nothing waits for it, and a supervisor that does
//! not listen is no reason to stop.

use std::time::Duration;

/// The way to the supervisor; nothing happens where there is none.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    #[cfg(unix)]
    socket: Option<socket::Socket>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// Finds out from the environment whether somebody wants to know.
    pub(crate) fn from_env() -> Self {
        let variable = |name| std::env::var(name).ok();
        let watchdog = watchdog(
            variable("WATCHDOG_USEC").as_deref(),
            variable("WATCHDOG_PID").as_deref(),
        );
        Self {
            #[cfg(unix)]
            socket: std::env::var_os("NOTIFY_SOCKET").and_then(|to| socket::Socket::to(&to)),
            watchdog,
        }
    }

    /// Tells that the server serves. A successor says, too, that it is the main process from now on.
    pub(crate) fn ready(&self, is_successor: bool) {
        if is_successor {
            self.send(&format!("READY=1\nMAINPID={}", std::process::id()));
        } else {
            self.send("READY=1");
        }
    }

    /// Tells that the configuration is read again; [`ready`](Self::ready) ends it.
    pub(crate) fn reloading(&self) {
        #[cfg(unix)]
        {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            let microseconds = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
            self.send(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}"));
        }
    }

    /// Tells that the server is about to end.
    pub(crate) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// Tells that all is well; see [`watchdog_interval`](Self::watchdog_interval).
    pub(crate) fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// Returns how often the supervisor is to be told that all is well: twice in the time after which it loses patience.
    pub(crate) fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    fn send(&self, message: &str) {
        #[cfg(unix)]
        if let Some(socket) = &self.socket {
            socket.send(message);
        }
        #[cfg(not(unix))]
        let _ = message;
    }
}

/// Reads after how long without a word the supervisor loses patience, if it is this process that it watches.
fn watchdog(microseconds: Option<&str>, pid: Option<&str>) -> Option<Duration> {
    if pid.is_some_and(|pid| pid.parse() != Ok(std::process::id())) {
        return None;
    }
    let microseconds: u64 = microseconds?.parse().ok()?;
    (microseconds > 0).then(|| Duration::from_micros(microseconds))
}

#[cfg(unix)]
mod socket {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    /// A socket and where its datagrams go.
    #[derive(Debug)]
    pub(super) struct Socket {
        socket: UnixDatagram,
        to: SocketAddr,
    }

    impl Socket {
        /// Opens a socket to an address as the environment has it: a path, or `@` and an abstract name.
        pub(super) fn to(address: &OsStr) -> Option<Self> {
            let to = match address.as_bytes() {
                [b'@', name @ ..] => of_name(name)?,
                _ => SocketAddr::from_pathname(address).ok()?,
            };
            let socket = UnixDatagram::unbound().ok()?;
            socket.set_nonblocking(true).ok()?;
            Some(Self { socket, to })
        }

        pub(super) fn send(&self, message: &str) {
            if let Err(cause) = self.socket.send_to_addr(message.as_bytes(), &self.to) {
                tracing::debug!(target: "wharf::server", %cause, "the supervisor could not be told");
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn of_name(name: &[u8]) -> Option<SocketAddr> {
        use std::os::linux::net::SocketAddrExt;
        SocketAddr::from_abstract_name(name).ok()
    }

    #[cfg(not(target_os = "linux"))]
    fn of_name(_name: &[u8]) -> Option<SocketAddr> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_watchdog_that_watches_this_process_is_told() {
        let own = std::process::id().to_string();
        assert_eq!(
            watchdog(Some("3000000"), None),
            Some(Duration::from_secs(3))
        );
        assert_eq!(
            watchdog(Some("1000"), Some(&own)),
            Some(Duration::from_millis(1))
        );
        assert_eq!(watchdog(Some("1000"), Some("1")), None);
        assert_eq!(watchdog(Some("0"), None), None);
        assert_eq!(watchdog(Some("soon"), None), None);
        assert_eq!(watchdog(None, Some(&own)), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn messages_arrive_at_a_path_and_at_a_name() {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixDatagram};

        let name = format!("wharf-notify-{}", std::process::id());
        let path = std::env::temp_dir().join(&name);
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        for (address, receiver) in [
            (
                path.clone().into_os_string(),
                UnixDatagram::bind(&path).unwrap(),
            ),
            (
                format!("@{name}").into(),
                UnixDatagram::bind_addr(&abstract_name).unwrap(),
            ),
        ] {
            let notify = Notify {
                socket: socket::Socket::to(&address),
                watchdog: None,
            };
            notify.ready(true);
            notify.reloading();
            notify.stopping();
            let next = || {
                let mut buffer = [0; 128];
                let read = receiver.recv(&mut buffer).unwrap();
                String::from_utf8(buffer[..read].to_vec()).unwrap()
            };
            assert_eq!(next(), format!("READY=1\nMAINPID={}", std::process::id()));
            assert!(next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
            assert_eq!(next(), "STOPPING=1");
        }
        std::fs::remove_file(path).unwrap();
        // Nobody listens any more, and nobody minds.
        Notify {
            socket: socket::Socket::to(std::ffi::OsStr::new("/nowhere")),
            watchdog: None,
        }
        .stopping();
    }
}
