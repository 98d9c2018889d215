//! The twin of [`tls`](self) for builds without it: what is asked for it, and that there is none.

use std::path::Path;
use std::sync::Arc;

use wharf_http::{Connection, Service};

use crate::conn::{ConnectionConfig, Protocol};
use crate::error::{Error, ErrorKind};
use crate::listener::{Listener, Stream};
use crate::notice::Notice;

/// There is none.
#[derive(Debug)]
pub(crate) enum TlsConfig {}

/// There is none.
#[derive(Clone, Debug)]
pub(crate) enum Acceptor {}

impl Acceptor {
    /// Cannot be called.
    #[expect(clippy::unused_async, reason = "its twin waits")]
    pub(crate) async fn secure<S: Service>(
        &self,
        _stream: Stream,
        _connection: Connection,
        _config: &ConnectionConfig<S>,
    ) -> Option<(Stream, Connection)> {
        match *self {}
    }
}

/// Cannot be had.
pub(crate) fn of_files(_certificate: &Path, _key: &Path) -> Result<Arc<TlsConfig>, Error> {
    Err(Error::new(
        ErrorKind::Settings,
        "a certificate cannot be used: this program was built without TLS, which is the feature `tls`",
    ))
}

/// Has nothing to replace.
pub(crate) fn replace(
    _listeners: &mut [Listener],
    _old: Option<&Arc<TlsConfig>>,
    _new: Option<&Arc<TlsConfig>>,
) {
}

/// Nothing was agreed on.
pub(crate) fn agreed(_connection: &Connection) -> Protocol {
    Protocol::Detect
}

/// Nothing to look after.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    _nothing: (),
}

impl Watch {
    /// Has nothing to do.
    #[expect(clippy::unused_async, reason = "its twin waits")]
    pub(crate) async fn run(self, _notice: Notice) {}

    /// Has nothing to read again.
    #[expect(clippy::unused_async, reason = "its twin waits")]
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Finds out that no listener wants TLS.
pub(crate) fn check(listeners: &[Listener], _main: Option<&Arc<TlsConfig>>) -> Result<(), Error> {
    match listeners.iter().find_map(Listener::tls_address) {
        Some(address) => Err(Error::new(
            ErrorKind::Settings,
            format!(
                "`{address}` cannot be had: this program was built without TLS, which is the feature `tls`"
            ),
        )),
        None => Ok(()),
    }
}

/// Finds out that no listener wants TLS.
pub(crate) fn prepare(
    listeners: &mut [Listener],
    main: Option<&Arc<TlsConfig>>,
    _watch: &Watch,
) -> Result<(), Error> {
    check(listeners, main)
}
