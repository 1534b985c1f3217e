//! TLS to the mail server, by rustls with the public authorities compiled in.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::{AsyncTokioStream, Certificate, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{Security, SettingsError, SmtpSettings};

/// What is needed to encrypt, prepared once.
pub(super) enum Tls {
    /// Nothing.
    None,
    /// For lettre's STARTTLS.
    Start(TlsParameters),
    /// For TLS from the first byte, which lettre can't do on our stream.
    Implicit(TlsConnector, ServerName<'static>),
}

impl Tls {
    pub(super) fn new(settings: &SmtpSettings) -> Result<Self, SettingsError> {
        match settings.security {
            Security::None => Ok(Self::None),
            Security::StartTls => Ok(Self::Start(parameters(settings)?)),
            Security::Tls => {
                let name = ServerName::try_from(settings.host.clone()).map_err(refused)?;
                Ok(Self::Implicit(connector(settings)?, name))
            }
        }
    }
}

fn refused(error: impl fmt::Display) -> SettingsError {
    SettingsError::Tls(error.to_string())
}

fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, SettingsError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    for authority in authorities(settings)? {
        let certificate = Certificate::from_der(authority.to_vec()).map_err(refused)?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(refused)
}

fn connector(settings: &SmtpSettings) -> Result<TlsConnector, SettingsError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    for authority in authorities(settings)? {
        roots.add(authority).map_err(refused)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The certificates of the configured authority; a text without one is refused.
fn authorities(settings: &SmtpSettings) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let Some(pem) = &settings.authority else {
        return Ok(Vec::new());
    };
    let found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(refused)?;
    if found.is_empty() {
        return Err(refused("the authority holds no PEM certificate"));
    }
    Ok(found)
}

/// An encrypted stream in the form lettre takes.
#[derive(Debug)]
pub(super) struct TlsStream(pub(super) tokio_rustls::client::TlsStream<TcpStream>);

impl AsyncTokioStream for TlsStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}
