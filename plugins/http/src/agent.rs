//! The agent that all requests of the process share, so that connections are used again, and its
//! transport, which can be told to stop and knows whether anything was sent.
//!
//! ureq waits for bytes as long as the whole request may take. [`Watched`] waits in [`SLICE`]s and
//! looks in between at the [`Watch`] of the thread it is on: a connection goes from thread to
//! thread with the pool, so it cannot hold one itself. It lies below TLS, where waiting again after
//! a slice loses nothing.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, RustlsConnector,
    TcpConnector, Transport,
};
use ureq::{Agent, Error};

/// How long to wait for bytes without looking whether to stop.
const SLICE: Duration = Duration::from_millis(50);
/// Connections kept open while nobody uses them: all, and to one host.
const IDLE: (usize, usize) = (256, 64);
/// Bytes of a connection's buffers; an answer's headers must fit into the first.
const BUFFERS: (usize, usize) = (64 << 10, 16 << 10);

/// The agent of this process.
pub(crate) fn shared() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let config = Config::builder()
            .http_status_as_error(false)
            // They are followed by `crate::redirect`.
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .max_idle_connections(IDLE.0)
            .max_idle_connections_per_host(IDLE.1)
            .input_buffer_size(BUFFERS.0)
            .output_buffer_size(BUFFERS.1)
            .user_agent(concat!("terrace-http/", env!("CARGO_PKG_VERSION")))
            .build();
        // ureq's own chain, with one link more.
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(WatchConnector)
                .chain(RustlsConnector::default());
        Agent::with_parts(config, connector, DefaultResolver::default())
    })
}

/// What a request's thread and the task that waits for it tell each other. The flags stand alone:
/// nothing else is read because of one.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    stop: AtomicBool,
    sent: AtomicBool,
}

impl Watch {
    /// Makes the request end soon.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether it should.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether any byte went out to the server; where it speaks TLS, its handshake counts.
    pub(crate) fn has_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// Makes this the watch of the current thread.
    pub(crate) fn install(self: &Arc<Self>) {
        WATCH.with(|watch| *watch.borrow_mut() = Some(Arc::clone(self)));
    }
}

thread_local! {
    static WATCH: RefCell<Option<Arc<Watch>>> = const { RefCell::new(None) };
}

fn watched<R>(look: impl FnOnce(&Watch) -> R) -> Option<R> {
    WATCH.with(|watch| watch.borrow().as_deref().map(look))
}

fn check() -> Result<(), Error> {
    if watched(Watch::is_stopped).unwrap_or(false) {
        return Err(Error::Io(io::Error::new(io::ErrorKind::Interrupted, "stopped")));
    }
    Ok(())
}

#[derive(Debug)]
struct WatchConnector;

impl<In: Transport> Connector<In> for WatchConnector {
    type Out = Watched<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Watched<In>>, Error> {
        Ok(chained.map(Watched))
    }
}

/// A transport that stops when it is told to.
#[derive(Debug)]
struct Watched<T>(T);

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        check()?;
        if amount > 0 {
            watched(|watch| watch.sent.store(true, Ordering::Relaxed));
        }
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let start = Instant::now();
        loop {
            check()?;
            let left = timeout.after.saturating_sub(start.elapsed());
            // What is over is for the inner one to say.
            let slice = left.min(SLICE).max(Duration::from_millis(1));
            let wait = NextTimeout { after: slice.into(), ..timeout };
            match self.0.await_input(wait) {
                Err(Error::Timeout(_)) if left > slice => {}
                end => return end,
            }
        }
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}
