//! [`Listening`]: a service behind a socket; [`Site`]: how the socket is reached.

use std::net::{SocketAddr, TcpStream as BlockingTcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use http::uri::Scheme;
use tokio::net::TcpStream;
use wharf_client::connect::Stream;
use wharf_client::{ClientBuilder, Connector};
use wharf_http::{BoxError, BoxFuture, Request, Response, Serve};
use wharf_server::{Report, Server, ServerHandle};

use super::{Host, HostConfig, Io};
use crate::journal::Journal;
#[cfg(feature = "tls")]
use crate::tls::Authority;

/// A socket that a server of this test listens on, and how it is spoken to. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) place: Place,
    #[cfg(feature = "tls")]
    pub(crate) authority: Option<Authority>,
}

/// Where a server listens.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

impl Site {
    /// Opens a connection for bytes of the test's own, encrypted where the server expects that.
    ///
    /// It blocks, which takes no time: nobody is asked but this machine.
    pub(crate) fn connect(&self) -> Result<Box<dyn Io>, BoxError> {
        let socket: Box<dyn Io> = match &self.place {
            Place::Tcp(address) => {
                let socket = BlockingTcpStream::connect(address)?;
                socket.set_nonblocking(true)?;
                Box::new(TcpStream::from_std(socket)?)
            }
            #[cfg(unix)]
            Place::Unix(path) => {
                let socket = std::os::unix::net::UnixStream::connect(path)?;
                socket.set_nonblocking(true)?;
                Box::new(tokio::net::UnixStream::from_std(socket)?)
            }
        };
        #[cfg(feature = "tls")]
        if let Some(authority) = &self.authority {
            return authority.encrypt(socket);
        }
        Ok(socket)
    }

    /// Returns the scheme of its URLs.
    pub(crate) fn scheme(&self) -> Scheme {
        #[cfg(feature = "tls")]
        if self.authority.is_some() {
            return Scheme::HTTPS;
        }
        Scheme::HTTP
    }

    /// Opens a connection for a client, which encrypts it itself.
    pub(crate) async fn open(&self) -> Result<Stream, BoxError> {
        match &self.place {
            Place::Tcp(address) => {
                let socket = TcpStream::connect(address).await?;
                socket.set_nodelay(true)?;
                Ok(Stream::new(socket).with_peer_addr(*address))
            }
            #[cfg(unix)]
            Place::Unix(path) => Ok(Stream::new(tokio::net::UnixStream::connect(path).await?)),
        }
    }

    /// Lets a client believe the server.
    pub(crate) fn trusted_by(&self, builder: ClientBuilder) -> ClientBuilder {
        #[cfg(feature = "tls")]
        if let Some(authority) = &self.authority {
            return builder.tls(authority.client_config());
        }
        builder
    }
}

/// Connects to the server, whatever the target.
impl Connector for Site {
    async fn connect(&self, _target: wharf_client::connect::Target) -> Result<Stream, BoxError> {
        self.open().await
    }
}

/// A service that was started behind a socket.
pub(crate) struct Listening {
    pub(crate) site: Site,
    handle: Mutex<Option<ServerHandle>>,
}

impl Listening {
    pub(crate) async fn start<S: Serve>(
        app: S,
        with: HostConfig,
        journal: &Journal,
    ) -> Result<Self, BoxError> {
        if with.certificate.is_some() {
            let why = "a client certificate cannot be made up where a socket is used: choose another mode, \
                       or a `TestServer` with an authority";
            return Err(why.into());
        }
        let error_log = with.error_log(journal);
        let server = Server::new(app)
            .timeouts(with.timeouts)
            .limits(with.limits)
            .http1(with.http1)
            .access_log(journal.requests(with.access_log))
            .error_log(error_log)
            .bind("127.0.0.1:0");
        #[cfg(feature = "http2")]
        let server = server.http2(with.http2);
        #[cfg(feature = "tls")]
        let server = match &with.authority {
            Some(authority) => server.tls(authority.server_config()),
            None => server,
        };
        let handle = server.start().await?;
        let address = handle.addrs().first().copied();
        let site = Site {
            place: Place::Tcp(address.ok_or("the server has no address")?),
            #[cfg(feature = "tls")]
            authority: with.authority,
        };
        Ok(Self {
            site,
            handle: Mutex::new(Some(handle)),
        })
    }
}

impl Host for Listening {
    fn connect(&self) -> Result<Box<dyn Io>, BoxError> {
        self.site.connect()
    }

    fn open(&self) -> BoxFuture<'_, Result<Stream, BoxError>> {
        Box::pin(self.site.open())
    }

    fn call(self: Arc<Self>, _request: Request) -> BoxFuture<'static, Result<Response, BoxError>> {
        Box::pin(async { Err("the service is behind a socket".into()) })
    }

    fn shutdown(self: Arc<Self>) -> BoxFuture<'static, Result<Report, BoxError>> {
        let lock = self.handle.lock();
        let handle = lock.unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async {
            match handle {
                Some(handle) => Ok(handle.shutdown().await?),
                None => Ok(Report::default()),
            }
        })
    }
}
