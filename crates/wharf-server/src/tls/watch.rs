//! [`Watch`], all TLS configurations of a server, and who looks after them.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until};
use wharf_http::ErrorChain;

use super::reload::Managed;
use super::{Acceptor, CertificateInfo, Identity, TlsConfig};
use crate::error::{Error, ErrorKind};
use crate::listener::Listener;
use crate::notice::Notice;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All TLS configurations of a server. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    managed: Mutex<Vec<Arc<Managed>>>,
    /// There is one more.
    added: Notify,
}

/// Finds out whether every listener that wants TLS can have it; reads the files and throws them away.
pub(crate) fn check(listeners: &[Listener], main: Option<&Arc<TlsConfig>>) -> Result<(), Error> {
    let configs = configs(listeners, main)?;
    if main.is_some() && configs.iter().all(Option::is_none) {
        return Err(Error::new(
            ErrorKind::Settings,
            "the server has a certificate, and no listener uses it: call `tls` after the address it is for, \
             or write the address with tls: before it, such as tls:0.0.0.0:443",
        ));
    }
    for config in configs.into_iter().flatten() {
        Managed::load(config)?;
    }
    Ok(())
}

/// Gives every listener that wants TLS what it needs, and lets `watch` look after it.
pub(crate) fn prepare(
    listeners: &mut [Listener],
    main: Option<&Arc<TlsConfig>>,
    watch: &Watch,
) -> Result<(), Error> {
    let configs = configs(listeners, main)?;
    let mut managed = watch.managed();
    for (listener, config) in listeners.iter_mut().zip(configs) {
        let Some(config) = config else { continue };
        let known = managed
            .iter()
            .find(|known| Arc::ptr_eq(&known.config, &config));
        let one = match known {
            Some(known) => Arc::clone(known),
            None => {
                let one = Arc::new(Managed::load(config)?);
                managed.push(Arc::clone(&one));
                one
            }
        };
        listener.acceptor = Some(Acceptor(one));
    }
    *watch.lock() = managed;
    watch.inner.added.notify_one();
    Ok(())
}

/// Makes the configuration of a certificate and its key that came from outside.
#[expect(clippy::unnecessary_wraps, reason = "its twin fails")]
pub(crate) fn of_files(certificate: &Path, key: &Path) -> Result<Arc<TlsConfig>, Error> {
    Ok(Arc::new(Identity::pem_files(certificate, key).into()))
}

/// Lets listeners that the program has given one configuration have another in its place.
pub(crate) fn replace(
    listeners: &mut [Listener],
    old: Option<&Arc<TlsConfig>>,
    new: Option<&Arc<TlsConfig>>,
) {
    let (Some(old), Some(new)) = (old, new) else {
        return;
    };
    for tls in listeners
        .iter_mut()
        .filter_map(|listener| listener.tls.as_mut())
    {
        if Arc::ptr_eq(tls, old) {
            *tls = Arc::clone(new);
        }
    }
}

/// Finds the configuration of each listener: its own, or that of the server where its address is written `tls:`.
fn configs(
    listeners: &[Listener],
    main: Option<&Arc<TlsConfig>>,
) -> Result<Vec<Option<Arc<TlsConfig>>>, Error> {
    let mut configs = Vec::with_capacity(listeners.len());
    for listener in listeners {
        configs.push(match (&listener.tls, listener.tls_address(), main) {
            (Some(own), _, _) => Some(Arc::clone(own)),
            (None, Some(_), Some(main)) => Some(Arc::clone(main)),
            (None, Some(address), None) => {
                let message = format!(
                    "`{address}` has no certificate: give the server one with `Server::tls`"
                );
                return Err(Error::new(ErrorKind::Settings, message));
            }
            (None, None, _) => None,
        });
    }
    Ok(configs)
}

impl Watch {
    /// Returns all certificates in use.
    pub(super) fn certificates(&self) -> Vec<CertificateInfo> {
        let managed = self.managed();
        let certificates = managed.iter().map(|managed| managed.certificates());
        certificates.flatten().collect()
    }

    fn managed(&self) -> Vec<Arc<Managed>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Managed>>> {
        let managed = self.inner.managed.lock();
        managed.unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads everything again. A configuration that is wrong stays as it is, the others are replaced.
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        let mut outcome = Ok(());
        for managed in self.managed() {
            let reloaded = spawn_blocking(move || managed.reload()).await;
            let reloaded = reloaded.unwrap_or_else(|cause| {
                let message = "the certificates could not be read";
                Err(Error::new(ErrorKind::Runtime, message).because(cause))
            });
            // The first error tells what to do first.
            outcome = outcome.and(reloaded);
        }
        outcome
    }

    /// Looks after all of them for ever.
    pub(crate) async fn run(self, notice: Notice) {
        // They end with the set.
        let mut watching = JoinSet::new();
        let mut known = 0;
        loop {
            let managed = self.managed();
            for managed in managed.into_iter().skip(known) {
                known += 1;
                managed.warn_of_expiry(notice);
                watching.spawn(look_after(managed, notice));
            }
            self.inner.added.notified().await;
        }
    }
}

/// Reads changed files again, and once a day warns of what will expire.
async fn look_after(managed: Arc<Managed>, notice: Notice) {
    let mut daily = Instant::now() + DAY;
    loop {
        let now = Instant::now();
        let next = managed
            .config
            .reload
            .every
            .and_then(|every| now.checked_add(every));
        sleep_until(next.map_or(daily, |next| next.min(daily))).await;
        if next.is_some() {
            let managed = Arc::clone(&managed);
            // A panic in there has been printed, and the next look may do better.
            let _panicked = spawn_blocking(move || look(&managed, notice)).await;
        }
        if Instant::now() >= daily {
            daily += DAY;
            managed.warn_of_expiry(notice);
        }
    }
}

/// Reads files again that have changed.
fn look(managed: &Managed, notice: Notice) {
    match managed.reload_changed() {
        Ok(false) => {}
        Ok(true) => {
            for certificate in managed.certificates() {
                let until = certificate.until();
                notice.info(format_args!(
                    "{certificate} is in use now; it is valid until {until}"
                ));
            }
            managed.warn_of_expiry(notice);
        }
        Err(error) => notice.warn(format_args!(
            "the changed certificates are not used, the earlier ones stay: {}",
            ErrorChain::new(&error)
        )),
    }
}
