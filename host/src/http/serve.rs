//! [`serve`]: listens, and answers requests, within limits.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::access::Access;

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// The certificate and the key; `None` to listen without TLS.
    pub tls: Option<Tls>,
    /// The most connections at a time. More of them wait to be accepted.
    pub connections_max: usize,
    /// The time within which the head of a request must have arrived. An idle connection is closed after it too.
    pub head_max: Duration,
    /// The time that requests have to end when the server stops.
    pub drain_max: Duration,
}

impl Listen {
    /// Listens on an address, without TLS, for at most 1,024 connections.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            tls: None,
            connections_max: 1024,
            head_max: Duration::from_secs(30),
            drain_max: Duration::from_secs(10),
        }
    }

    /// Checks, before a service is opened, that [`serve`] will be able to listen. `access` is that of the router.
    ///
    /// # Errors
    ///
    /// Fails as [`serve`] would.
    pub fn check(&self, access: &Access) -> Result<(), ServeError> {
        self.acceptor(access)?;
        let listener = std::net::TcpListener::bind(self.address);
        listener.map(drop).map_err(|error| ServeError::Listen { address: self.address, error })
    }

    /// Builds the acceptor of connections with TLS, if there is a certificate.
    fn acceptor(&self, access: &Access) -> Result<Option<TlsAcceptor>, ServeError> {
        if access.is_open() && !self.address.ip().to_canonical().is_loopback() {
            return Err(ServeError::Open(self.address));
        }
        self.tls.as_ref().map(acceptor).transpose()
    }
}

/// The files of a certificate and of its private key, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, and the certificates that lead from it to a root.
    pub certificates: PathBuf,
    /// The private key of the certificate.
    pub key: PathBuf,
}

/// Why a server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Other machines could reach the address, and nobody would need a token.
    #[error(
        "listening on {0} needs tokens, because other machines may reach it: make one with `afresh token`, or listen \
         on 127.0.0.1"
    )]
    Open(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A file of the certificate or the key cannot be used.
    #[error("{}: {why}", file.display())]
    Tls {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what was expected.
        why: String,
    },
}

/// A server that listens.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Serving {
    /// The address on which the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the server has stopped.
    pub async fn ended(self) {
        // An error says that the runtime shuts down.
        let _ = self.task.await;
    }
}

/// Tells the answers that have no end when the server stops. It is in the extensions of each request.
#[derive(Clone, Default)]
pub(super) struct Closing(Option<watch::Receiver<()>>);

impl Closing {
    /// Waits until the server stops. Without a server that says so, waits for ever.
    pub(super) async fn closed(&mut self) {
        match &mut self.0 {
            Some(closing) => while closing.changed().await.is_ok() {},
            None => std::future::pending().await,
        }
    }
}

/// Says that a request came over TLS. It is in the extensions of such a request.
#[derive(Clone, Copy)]
pub(super) struct Encrypted;

/// Listens, and answers requests with `router` until `stop` ends. Requests that are under way may then end.
///
/// `access` is that of the router. Each request gets the address of its client as
/// [`ConnectInfo<SocketAddr>`](ConnectInfo).
///
/// # Errors
///
/// Fails if the address cannot be listened on, could be reached from other machines without tokens, or if a file of the
/// certificate or the key cannot be used.
pub async fn serve(
    listen: Listen,
    access: &Access,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Serving, ServeError> {
    let address = listen.address;
    let tls = listen.acceptor(access)?;
    let wrong = |error| ServeError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    let address = listener.local_addr().map_err(wrong)?;
    let task = tokio::spawn(accept(listener, Server { listen, tls, router }, stop));
    Ok(Serving { address, task })
}

/// What every connection needs.
struct Server {
    listen: Listen,
    tls: Option<TlsAcceptor>,
    router: Router,
}

/// Accepts connections until `stop` ends, and then waits for them.
async fn accept(listener: TcpListener, server: Server, stop: impl Future<Output = ()> + Send) {
    let server = Arc::new(server);
    let places = Arc::new(Semaphore::new(server.listen.connections_max));
    let graceful = GracefulShutdown::new();
    let (close, closing) = watch::channel(());
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let next = async {
            // This fails only if the semaphore is closed, and nobody closes it.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            (place, accepted) = next => match accepted {
                Ok((stream, client)) => {
                    let (server, watcher) = (Arc::clone(&server), graceful.watcher());
                    let closing = Closing(Some(closing.clone()));
                    connections.spawn(async move {
                        connection(&server, stream, client, watcher, closing).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // The client has gone, or there are no more file descriptors: then others must end first.
                    tracing::warn!("a connection was not accepted: {error}");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop((listener, close));
    if timeout(server.listen.drain_max, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end within {:?}, and are cut off", server.listen.drain_max);
    }
    connections.shutdown().await;
}

async fn connection(server: &Server, stream: TcpStream, client: SocketAddr, watcher: Watcher, closing: Closing) {
    // Answers are small, and each is to arrive at once.
    let _ = stream.set_nodelay(true);
    match &server.tls {
        None => answer(server, stream, client, watcher, closing).await,
        Some(tls) => match timeout(server.listen.head_max, tls.accept(stream)).await {
            Ok(Ok(stream)) => answer(server, stream, client, watcher, closing).await,
            Ok(Err(error)) => tracing::debug!("no TLS with {client}: {error}"),
            Err(_) => tracing::debug!("no TLS with {client}: it did not answer in time"),
        },
    }
}

/// Answers the requests of one connection.
async fn answer<T>(server: &Server, stream: T, client: SocketAddr, watcher: Watcher, closing: Closing)
where
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let router = TowerToHyperService::new(server.router.clone());
    let is_encrypted = server.tls.is_some();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(client));
        request.extensions_mut().insert(closing.clone());
        if is_encrypted {
            request.extensions_mut().insert(Encrypted);
        }
        let answer = hyper::service::Service::call(&router, request.map(Body::new));
        async { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(server.listen.head_max);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("the connection with {client} ended: {error}");
    }
}

/// Reads the certificate and the key.
fn acceptor(Tls { certificates, key }: &Tls) -> Result<TlsAcceptor, ServeError> {
    let wrong = |file: &Path, why: String| ServeError::Tls { file: file.to_owned(), why };
    let chain = CertificateDer::pem_file_iter(certificates).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong(certificates, format!("expected certificates as PEM: {error}")))?;
    if chain.is_empty() {
        return Err(wrong(certificates, "expected certificates as PEM, and there is none".into()));
    }
    let secret = PrivateKeyDer::from_pem_file(key);
    let secret = secret.map_err(|error| wrong(key, format!("expected a private key as PEM: {error}")))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret));
    let mut config = config.map_err(|error| wrong(key, format!("the key does not fit the certificate: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
