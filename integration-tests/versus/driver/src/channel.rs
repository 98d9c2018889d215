//! [`Channel`], a connection to a server, encrypted or not, and [`Authority`], whose certificate servers have.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollEvent};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::Failure;

/// How long a server may take for anything at all.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a server.
pub enum Channel {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Channel {
    /// Opens a connection that waits for what is read, but not for ever. One that is to be encrypted shakes hands when it is
    /// first read or written.
    pub fn open(port: u16, client: Option<&Arc<ClientConfig>>) -> Result<Self, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(match client {
            None => Self::Plain(stream),
            Some(client) => {
                let name = ServerName::try_from(NAME)?;
                let session = ClientConnection::new(Arc::clone(client), name)?;
                Self::Tls(Box::new(StreamOwned::new(session, stream)))
            }
        })
    }

    /// Stops waiting from now on, and lets `epoll` tell by the number `at` when there is something to read.
    pub fn watch(&self, epoll: &Epoll, event: EpollEvent) -> Result<(), Failure> {
        self.stream().set_nonblocking(true)?;
        Ok(epoll.add(self.stream(), event)?)
    }

    /// Changes what `epoll` tells.
    pub fn watch_for(&self, epoll: &Epoll, event: &mut EpollEvent) -> Result<(), Failure> {
        Ok(epoll.modify(self.stream(), event)?)
    }

    /// Sends what was taken and not sent yet; tells whether that is all.
    pub fn push(&mut self) -> io::Result<bool> {
        let Self::Tls(tls) = self else {
            return Ok(true);
        };
        while tls.conn.wants_write() {
            match tls.conn.write_tls(&mut tls.sock) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Says that nothing more comes, and closes the sending side.
    pub fn close(&mut self) -> io::Result<()> {
        if let Self::Tls(tls) = self {
            tls.conn.send_close_notify();
        }
        self.push()?;
        self.stream().shutdown(Shutdown::Write)
    }

    /// Tells whether more may be there to read although nothing is left in the socket.
    pub fn holds_back(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    fn stream(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(tls) => &tls.sock,
        }
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// The name of all servers in their certificate.
const NAME: &str = "localhost";

/// A certificate that lies where servers find it, and that clients can be made to believe.
pub struct Authority {
    pub folder: PathBuf,
    certificate: CertificateDer<'static>,
}

impl Authority {
    /// Makes a certificate with a key on the curve P-256.
    pub fn create(folder: &Path) -> Result<Self, Failure> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
        std::fs::write(versus::tls::certificate(folder), made.cert.pem())?;
        std::fs::write(versus::tls::key(folder), made.signing_key.serialize_pem())?;
        Ok(Self {
            folder: folder.to_owned(),
            certificate: made.cert.der().clone(),
        })
    }

    /// Makes the configuration of clients, with their cryptography the same as that of servers.
    pub fn client(&self, resumption: Resumption) -> Result<Arc<ClientConfig>, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let mut client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        client.resumption = resumption;
        Ok(Arc::new(client))
    }
}
