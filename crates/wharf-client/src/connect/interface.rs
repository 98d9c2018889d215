//! The network interface that a connection goes over, an option that only Linux knows.

pub(super) use system::bind;

#[cfg(any(target_os = "android", target_os = "linux"))]
mod system {
    use std::io;

    use socket2::SockRef;

    /// Makes connections go over one interface, whatever the routes say.
    pub(in crate::connect) fn bind(socket: &SockRef<'_>, interface: &str) -> io::Result<()> {
        socket.bind_device(Some(interface.as_bytes()))
    }
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
mod system {
    use std::io;

    use socket2::SockRef;

    /// Says that this system has no such option.
    pub(in crate::connect) fn bind(_: &SockRef<'_>, _: &str) -> io::Result<()> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this system cannot bind a socket to a network interface",
        ))
    }
}
