//! [`OpenListener`], a place that listens, kept by the server so that it outlives its workers.

use std::io;
use std::sync::Arc;

use wharf_http::connection::Local;

use super::unix::SocketFile;
use super::{
    Address, Inherited, Listener, ProxyProtocol, RawAccepted, RawListener, Site, Source, Target,
};
use super::{TcpConfig, bind_error, tcp, unix};
use crate::error::Error;
use crate::tls::Acceptor;

/// The number of a listener of a running server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(pub(crate) usize);

/// A place that listens: one socket that all workers share, or one for each of them.
///
/// Dropping it closes the place once all workers have closed theirs, and removes the file of a unix socket.
#[derive(Debug)]
pub(crate) struct OpenListener {
    pub(crate) id: ListenerId,
    pub(crate) site: Arc<Site>,
    /// The address as it was written, by which another process finds the sockets that it is handed.
    label: String,
    /// Before the sockets, since fields are dropped in order.
    file: Option<SocketFile>,
    sockets: Vec<RawListener>,
}

impl OpenListener {
    /// Returns what it is bound to.
    pub(crate) fn local(&self) -> &Local {
        &self.site.local
    }

    /// Returns the address as it was written.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Tells whether the file of its unix socket is somebody else's to remove, such as a supervisor's.
    #[cfg(unix)]
    pub(crate) fn is_lent(&self) -> bool {
        self.file.is_none() && self.local().unix_path().is_some()
    }

    /// Returns the sockets as they are.
    #[cfg(any(test, unix))]
    pub(crate) fn sockets(&self) -> &[RawListener] {
        &self.sockets
    }

    /// Returns handles of the sockets that one of several workers accepts from.
    ///
    /// Each socket belongs to a worker; one that has none shares that of another.
    pub(crate) fn share(&self, worker: usize, workers: usize) -> io::Result<Vec<RawListener>> {
        let count = self.sockets.len();
        if count <= workers {
            return Ok(vec![self.sockets[worker % count].try_clone()?]);
        }
        self.sockets
            .iter()
            .skip(worker)
            .step_by(workers)
            .map(RawListener::try_clone)
            .collect()
    }

    /// Accepts who waits in the queue of one of several workers.
    pub(crate) fn drain(&self, worker: usize, workers: usize) -> Vec<RawAccepted> {
        let count = self.sockets.len();
        let mut waiting = Vec::new();
        for (index, socket) in self.sockets.iter().enumerate() {
            if index % workers == worker || count < workers && worker % count == index {
                // It ends with an error in any case: that nobody waits any more.
                let _nobody = socket.drain(&self.site, &mut waiting);
            }
        }
        waiting
    }

    /// Closes it for good, and returns the connections that were waiting in its queues.
    ///
    /// Closing alone would reset them, although their clients have been told that they are connected.
    pub(crate) fn close(self) -> Vec<RawAccepted> {
        let mut waiting = Vec::new();
        // Nobody new comes once the file is gone.
        drop(self.file);
        for socket in self.sockets {
            match socket.drain(&self.site, &mut waiting) {
                Err(cause) if cause.kind() != io::ErrorKind::WouldBlock => {
                    tracing::warn!(%cause, "connections were lost while a listener was closed");
                }
                _ => {}
            }
        }
        waiting
    }

    /// Lets go of it after its sockets were handed to another process, which goes on accepting from them.
    pub(crate) fn leave(self) {
        #[cfg(unix)]
        if let Some(file) = self.file {
            file.keep();
        }
    }
}

/// Opens all of them, or none: those that were opened before a failure are closed again. `workers` is how many accept.
///
/// Must be called within a tokio runtime.
pub(crate) async fn open_all(
    listeners: Vec<Listener>,
    workers: usize,
    inherited: &mut Inherited,
    next: &mut usize,
) -> Result<Vec<OpenListener>, Error> {
    // `[::]:80` takes IPv4 connections too, unless `0.0.0.0:80` is there to take them.
    let taken_v4: Vec<u16> = listeners.iter().filter_map(Listener::wildcard_v4).collect();
    let mut open = Vec::with_capacity(listeners.len());
    for listener in listeners {
        let opening = Opening {
            tcp: listener.tcp.unwrap_or_default(),
            proxy_protocol: listener.proxy_protocol,
            tls: listener.acceptor,
            health_alone: listener.health_alone,
            next,
            open: &mut open,
        };
        let unix = listener.unix.unwrap_or_default();
        match listener.source {
            Source::Address(address) => {
                let given = inherited.take(&address);
                if given.is_empty() {
                    opening.bind(&address, &unix, &taken_v4, workers).await?;
                } else {
                    opening.adopt_all(&address.to_string(), given)?;
                }
            }
            Source::Tcp(listener) => {
                opening.adopt_all("", vec![(RawListener::Tcp(listener), false)])?;
            }
            #[cfg(unix)]
            Source::Unix(listener) => {
                opening.adopt_all("", vec![(RawListener::Unix(listener), false)])?;
            }
        }
    }
    Ok(open)
}

/// One listener on its way to be open.
struct Opening<'a> {
    tcp: TcpConfig,
    proxy_protocol: Option<ProxyProtocol>,
    tls: Option<Acceptor>,
    health_alone: bool,
    next: &'a mut usize,
    open: &'a mut Vec<OpenListener>,
}

impl Opening<'_> {
    async fn bind(
        mut self,
        address: &Address,
        unix: &super::UnixConfig,
        taken_v4: &[u16],
        workers: usize,
    ) -> Result<(), Error> {
        let label = address.to_string();
        match address.target()? {
            #[cfg(unix)]
            Target::Unix(_) | Target::Abstract(_) => {
                let (listener, local, file) = unix::bind(address, unix)?;
                self.push(&label, local, file, vec![RawListener::Unix(listener)]);
            }
            #[cfg(not(unix))]
            Target::Unix(_) | Target::Abstract(_) => {
                let _ = unix;
                return Err(unix::refuse(address));
            }
            Target::Inherited(name) => return Err(super::inherited::absent(name.as_deref())),
            _ => {
                for group in tcp::bind(address, &self.tcp, taken_v4, workers).await? {
                    let local = group
                        .first()
                        .map(std::net::TcpListener::local_addr)
                        .transpose()
                        .map_err(|cause| bind_error(address, cause))?;
                    if let Some(local) = local {
                        let sockets = group.into_iter().map(RawListener::Tcp).collect();
                        self.push(&label, Local::Tcp(local), None, sockets);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes sockets that somebody else has bound; those that are bound to one address belong together. Each comes with
    /// whether its file is the server's own to remove.
    fn adopt_all(mut self, label: &str, given: Vec<(RawListener, bool)>) -> Result<(), Error> {
        let first = self.open.len();
        for (socket, owned) in given {
            let (local, file) = self.adopt(&socket, owned)?;
            let same = self.open[first..]
                .iter_mut()
                .find(|open| *open.local() == local);
            match same {
                Some(open) => open.sockets.push(socket),
                None => self.push(label, local, file, vec![socket]),
            }
        }
        Ok(())
    }

    fn adopt(
        &self,
        socket: &RawListener,
        owned: bool,
    ) -> Result<(Local, Option<SocketFile>), Error> {
        match socket {
            RawListener::Tcp(listener) => {
                tcp::adopt(listener, &self.tcp)?;
                let local = listener.local_addr();
                let local =
                    local.map_err(|cause| bind_error(&"a socket that was handed over", cause))?;
                Ok((Local::Tcp(local), None))
            }
            #[cfg(unix)]
            RawListener::Unix(listener) => {
                let fail = |cause| bind_error(&"a unix socket that was handed over", cause);
                listener.set_nonblocking(true).map_err(fail)?;
                let local = unix::local(listener).map_err(fail)?;
                let path = local.unix_path().filter(|_| owned);
                // A file that was removed meanwhile is nobody's any more.
                let file = path.and_then(|path| SocketFile::new(path).ok());
                Ok((local, file))
            }
        }
    }

    fn push(
        &mut self,
        label: &str,
        local: Local,
        file: Option<SocketFile>,
        sockets: Vec<RawListener>,
    ) {
        for socket in &sockets {
            // Workers do the same to their handles of it, and say so when it fails.
            let _blocking = socket.set_nonblocking();
        }
        let id = ListenerId(*self.next);
        *self.next += 1;
        self.open.push(OpenListener {
            id,
            site: Arc::new(Site {
                local,
                tcp: self.tcp.clone(),
                proxy_protocol: self.proxy_protocol.clone(),
                tls: self.tls.clone(),
                health_alone: self.health_alone,
            }),
            label: label.to_owned(),
            file,
            sockets,
        });
    }
}
