//! [`Inherited`], the sockets that the process was given when it started.
//!
//! A supervisor such as systemd opens sockets and names them (`sd_listen_fds_with_names`); so does a server that hands
//! its sockets to its successor, under the addresses as they were written.

use std::collections::HashSet;
use std::env;

use super::{Address, RawListener, Target};
use crate::error::{Error, ErrorKind};

/// What the names of sockets begin with that another server has handed over, or only lent: their files are not its to give.
const HANDED_OVER: &str = "wharf.";
const LENT: &str = "wharf-lent.";

/// The sockets that the process was given when it started, and nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    sockets: Vec<(String, RawListener)>,
    #[cfg(unix)]
    ready: Option<std::os::unix::net::UnixDatagram>,
}

impl Inherited {
    /// Takes the sockets that the environment tells of. It tells only once, and no child of this process.
    #[cfg(unix)]
    pub(crate) fn from_env() -> Self {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut given = listenfd::ListenFd::from_env();
        let mut inherited = Self::default();
        let mut names = names.split(':');
        for index in 0..given.len() {
            let name = names.next().unwrap_or("unknown").to_owned();
            if name == READY {
                inherited.ready = given.take_unix_datagram(index).ok().flatten();
                continue;
            }
            let tcp = given.take_tcp_listener(index).ok().flatten();
            let mut unix = || given.take_unix_listener(index).ok().flatten();
            let socket = tcp
                .map(RawListener::Tcp)
                .or_else(|| unix().map(RawListener::Unix));
            match socket {
                Some(socket) => inherited.sockets.push((name, socket)),
                None => tracing::warn!(
                    target: "wharf::server",
                    name,
                    "was given a descriptor that is not a listening stream socket"
                ),
            }
        }
        inherited
    }

    #[cfg(not(unix))]
    pub(crate) fn from_env() -> Self {
        Self::default()
    }

    /// Takes the sockets that belong to `address`, each with whether its file is the server's own to remove.
    pub(super) fn take(&mut self, address: &Address) -> Vec<(RawListener, bool)> {
        let label = address.to_string();
        // One address can have both, such as a name that a supervisor has given to several sockets.
        let mut taken = Vec::new();
        for lent in [false, true] {
            let ours = self.take_if(|name| name == name_of(&label, lent));
            taken.extend(ours.into_iter().map(|socket| (socket, !lent)));
        }
        if taken.is_empty() {
            let named = match address.target() {
                Ok(Target::Inherited(Some(wanted))) => self.take_if(|name| name == wanted),
                Ok(Target::Inherited(None)) => self.take_if(is_foreign),
                _ => Vec::new(),
            };
            taken.extend(named.into_iter().map(|socket| (socket, false)));
        }
        taken
    }

    fn take_if(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<RawListener> {
        let (taken, left) = std::mem::take(&mut self.sockets)
            .into_iter()
            .partition(|(name, _)| wanted(name));
        self.sockets = left;
        let taken: Vec<(String, RawListener)> = taken;
        taken.into_iter().map(|(_, socket)| socket).collect()
    }

    /// Returns the names of the sockets that nobody has taken, each once.
    pub(crate) fn left(&self) -> HashSet<&str> {
        self.sockets.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Tells whether another process waits for this one to serve.
    pub(crate) fn is_successor(&self) -> bool {
        #[cfg(unix)]
        return self.ready.is_some();
        #[cfg(not(unix))]
        false
    }

    /// Returns the way to tell the process that handed the sockets over that all is well here.
    #[cfg(unix)]
    pub(crate) fn take_ready(&mut self) -> Option<std::os::unix::net::UnixDatagram> {
        self.ready.take()
    }
}

/// The name of the socket by which the new process tells that it is ready.
pub(crate) const READY: &str = "wharf-ready";

/// Tells whether a socket comes from a supervisor and not from another server.
fn is_foreign(name: &str) -> bool {
    !name.starts_with(HANDED_OVER) && !name.starts_with(LENT)
}

/// Returns the name under which the sockets of an address are handed over or lent: without colons, which separate names.
pub(crate) fn name_of(label: &str, lent: bool) -> String {
    use std::fmt::Write;

    let mut name = String::from(if lent { LENT } else { HANDED_OVER });
    for byte in label.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b':' | b'%') {
            name.push(char::from(byte));
        } else {
            let _infallible = write!(name, "%{byte:02X}");
        }
    }
    name
}

/// Why a socket that was to be inherited is not there.
pub(super) fn absent(name: Option<&str>) -> Error {
    let message = match name {
        Some(name) => format!(
            "the process was given no socket named `{name}`: set `FileDescriptorName={name}` in the socket unit, or \
             start it from the unit"
        ),
        None => {
            "the process was given no socket: it is started by its socket unit, not by hand".into()
        }
    };
    Error::new(ErrorKind::Bind, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener() -> RawListener {
        RawListener::Tcp(std::net::TcpListener::bind("127.0.0.1:0").unwrap())
    }

    #[test]
    fn sockets_are_found_by_the_address_they_had_or_by_their_name() {
        let mut inherited = Inherited {
            sockets: vec![
                (name_of("127.0.0.1:80", false), listener()),
                ("http".into(), listener()),
                (name_of("127.0.0.1:80", false), listener()),
                ("other".into(), listener()),
                (name_of("127.0.0.1:82", true), listener()),
                (name_of("systemd:both", true), listener()),
                (name_of("systemd:both", false), listener()),
            ],
            ..Inherited::default()
        };
        assert_eq!(inherited.take(&"127.0.0.1:81".into()).len(), 0);
        let own = inherited.take(&"127.0.0.1:80".into());
        assert_eq!(
            own.iter().map(|(_, owned)| *owned).collect::<Vec<_>>(),
            [true, true]
        );
        let named = inherited.take(&"systemd:http".into());
        assert_eq!(
            named.iter().map(|(_, owned)| *owned).collect::<Vec<_>>(),
            [false]
        );
        let lent = inherited.take(&"127.0.0.1:82".into());
        assert_eq!(
            lent.iter().map(|(_, owned)| *owned).collect::<Vec<_>>(),
            [false]
        );
        let both = inherited.take(&"systemd:both".into());
        assert_eq!(
            both.iter().map(|(_, owned)| *owned).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(inherited.left(), HashSet::from(["other"]));
        assert_eq!(inherited.take(&"systemd:".into()).len(), 1);
        assert!(inherited.left().is_empty());
    }

    #[test]
    fn names_have_no_colon_and_do_not_collide() {
        let names: HashSet<String> = ["[::1]:80", "[%3A:1]:80", "unix:/a b", "unix:/a%20b"]
            .into_iter()
            .map(|label| name_of(label, false))
            .collect();
        assert_eq!(names.len(), 4);
        assert!(
            names
                .iter()
                .all(|name| !name.contains(':') && name.is_ascii())
        );
    }
}
