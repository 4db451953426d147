//! The call itself.

#[cfg(test)]
mod tests;

use crate::allowed::{Allowed, bare};
use crate::failure::{Failure, FailureKind, described};
use crate::is_public;
use crate::resolve::{Resolve, SystemResolver};
use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

/// The most a request's body may have, bytes.
pub const MAX_REQUEST_BODY: usize = 64 << 10;
/// The most of an answer that can be asked for, bytes.
pub const MAX_RESPONSE: usize = 1 << 20;
/// The most time a whole call may take.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(120);

const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 << 10;
/// Of the head of an answer.
const MAX_HEAD: usize = 32 << 10;

/// Headers that are the connection's business, or that proxies would act on.
const NOT_TO_SET: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// For example `POST`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// At most [`MAX_REQUEST_BODY`].
    pub body: Vec<u8>,
    /// For the connection with its TLS.
    pub connect_timeout: Duration,
    /// For all of it, at most [`MAX_TIMEOUT`].
    pub timeout: Duration,
    /// The most that is read of the answer, at most [`MAX_RESPONSE`].
    pub max_response: usize,
}

/// What the other server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// As far as it was read.
    pub body: Vec<u8>,
    /// Whether there was more of it.
    pub truncated: bool,
}

/// Makes calls. One per process.
pub struct Client {
    resolver: Arc<dyn Resolve>,
    roots: OnceLock<Arc<ClientConfig>>,
}

impl Default for Client {
    fn default() -> Self {
        Self::new(Arc::new(SystemResolver))
    }
}

impl Client {
    /// A client that trusts the certificates that the machine trusts.
    #[must_use]
    pub fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, roots: OnceLock::new() }
    }

    /// A client that trusts these certificates.
    ///
    /// # Errors
    /// Of the TLS library.
    pub fn trusting(resolver: Arc<dyn Resolve>, roots: RootCertStore) -> Result<Self, rustls::Error> {
        Ok(Self { resolver, roots: OnceLock::from(configured(roots)?) })
    }

    /// Makes a call. `allowed` are the servers that the operator opened.
    ///
    /// # Errors
    /// A [`Failure`] when there is no answer. Any answer that is HTTP is one, whatever its status.
    pub async fn send(&self, request: Request, allowed: &Allowed) -> Result<Answer, Failure> {
        let deadline = Instant::now() + request.timeout.min(MAX_TIMEOUT);
        let connect_timeout = request.connect_timeout;
        let most = request.max_response.min(MAX_RESPONSE);
        let (target, request) = prepared(request)?;
        let opened = allowed.names(&target.host, target.port);
        if !target.tls && !opened {
            return Err(Failure::denied(format!("{} is not allowed: only https is", target.origin())));
        }
        let call = async {
            let connect = async {
                let stream = self.connect(&target, opened).await?;
                self.secured(&target, stream).await
            };
            let stream = timeout(connect_timeout, connect).await.map_err(|_| Failure::timeout("connecting"))??;
            exchange(stream, request, most).await
        };
        timeout_at(deadline, call).await.map_err(|_| Failure::timeout("the call"))?
    }

    async fn connect(&self, target: &Target, opened: bool) -> Result<TcpStream, Failure> {
        let name = bare(&target.host);
        let addresses = match name.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => {
                let found = self.resolver.addresses(name).await;
                found.map_err(|e| Failure::new(FailureKind::Dns, format!("{name}: {e}")))?
            }
        };
        // One bad address is enough: a name that has both sorts was made to have them.
        if let Some(address) = addresses.iter().find(|address| !opened && !is_public(**address)) {
            let literal = name.parse::<IpAddr>().is_ok();
            let whose = if literal { name.to_owned() } else { format!("{name} ({address})") };
            return Err(Failure::denied(format!("{whose} is not allowed: it is no public address")));
        }
        let mut failed = Failure::new(FailureKind::Dns, format!("{name} has no address"));
        for address in addresses {
            match TcpStream::connect(SocketAddr::new(address, target.port)).await {
                Ok(stream) => {
                    // Requests are small and wait for their answer.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(e) => failed = Failure::new(FailureKind::Connect, format!("{}: {e}", target.origin())),
            }
        }
        Err(failed)
    }

    async fn secured(&self, target: &Target, stream: TcpStream) -> Result<Box<dyn Stream>, Failure> {
        if !target.tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(bare(&target.host).to_owned())
            .map_err(|_| Failure::invalid(format!("{:?} is no name of a server", target.host)))?;
        let config = match self.roots.get() {
            Some(config) => config.clone(),
            None => {
                let config = of_the_machine().map_err(|e| Failure::new(FailureKind::Tls, e.to_string()))?;
                self.roots.get_or_init(|| config).clone()
            }
        };
        let stream = TlsConnector::from(config).connect(name, stream).await;
        let stream = stream.map_err(|e| Failure::new(FailureKind::Tls, format!("{}: {e}", target.origin())))?;
        Ok(Box::new(stream))
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

fn configured(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn of_the_machine() -> Result<Arc<ClientConfig>, rustls::Error> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "certificates that the machine trusts cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (taken, left) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(taken, left, "certificates that the machine trusts");
    configured(roots)
}

/// Whom to call.
struct Target {
    tls: bool,
    host: String,
    port: u16,
}

impl Target {
    fn origin(&self) -> String {
        format!("{}://{}:{}", if self.tls { "https" } else { "http" }, self.host, self.port)
    }
}

/// A request as it is sent, and to whom.
fn prepared(request: Request) -> Result<(Target, http::Request<Full<Bytes>>), Failure> {
    let url: Uri = request.url.parse().map_err(|e| Failure::invalid(format!("{:?} is no URL: {e}", request.url)))?;
    let scheme = url.scheme().filter(|s| **s == Scheme::HTTPS || **s == Scheme::HTTP);
    let tls = scheme.ok_or_else(|| Failure::invalid("the URL has to begin with https://"))? == &Scheme::HTTPS;
    let authority = url.authority().ok_or_else(|| Failure::invalid("the URL names no server"))?;
    if authority.as_str().contains('@') {
        return Err(Failure::invalid("the URL names a user"));
    }
    let port_text = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
    let port = match (authority.port_u16(), port_text) {
        (Some(port), _) if port != 0 => port,
        (None, "") => {
            if tls {
                443
            } else {
                80
            }
        }
        _ => return Err(Failure::invalid("the URL's port is none")),
    };
    if bare(authority.host()).is_empty() {
        return Err(Failure::invalid("the URL names no server"));
    }
    let method = Method::from_bytes(request.method.as_bytes());
    let method = method.ok().filter(|m| *m != Method::CONNECT && *m != Method::TRACE);
    let method = method.ok_or_else(|| Failure::invalid(format!("{:?} is no method to call with", request.method)))?;
    if request.body.len() > MAX_REQUEST_BODY {
        return Err(Failure::invalid(format!("the body may have {MAX_REQUEST_BODY} bytes")));
    }
    let mut headers = headers(&request.headers)?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(|e| Failure::invalid(e.to_string()))?;
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if !headers.contains_key(header::USER_AGENT) {
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("Provost/", env!("CARGO_PKG_VERSION"))));
    }
    let target = Target { tls, host: authority.host().to_owned(), port };
    let mut sent = http::Request::new(Full::new(request.body.into()));
    *sent.method_mut() = method;
    *sent.uri_mut() = match url.path_and_query().map(|p| p.as_str()) {
        None | Some("") => Uri::from_static("/"),
        Some(path) => {
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            path.parse().map_err(|e| Failure::invalid(format!("{:?} is no URL: {e}", request.url)))?
        }
    };
    *sent.headers_mut() = headers;
    Ok((target, sent))
}

fn headers(given: &[(String, Vec<u8>)]) -> Result<HeaderMap, Failure> {
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if given.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(Failure::invalid(format!("there may be {MAX_HEADERS} headers with {MAX_HEADER_BYTES} bytes")));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let wrong = || Failure::invalid(format!("the header {name:?} cannot be sent"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        if NOT_TO_SET.contains(&key.as_str()) {
            return Err(wrong());
        }
        headers.append(key, HeaderValue::from_bytes(value).map_err(|_| wrong())?);
    }
    Ok(headers)
}

async fn exchange(
    stream: Box<dyn Stream>,
    request: http::Request<Full<Bytes>>,
    most: usize,
) -> Result<Answer, Failure> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(MAX_HEAD);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    let answered = async {
        let response = sender.send_request(request).await?;
        read(response, most).await
    };
    tokio::pin!(connection, answered);
    // The connection is driven here, so that it ends with the call, whoever drops that.
    let mut ended = false;
    loop {
        tokio::select! {
            biased;
            answer = &mut answered => return answer,
            result = &mut connection, if !ended => {
                ended = true;
                if let Err(error) = result {
                    tracing::debug!(error = described(&error), "a connection to another server failed");
                }
            }
        }
    }
}

async fn read(response: http::Response<Incoming>, most: usize) -> Result<Answer, Failure> {
    let (head, mut body) = response.into_parts();
    let mut content = Vec::new();
    let mut truncated = false;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = most - content.len();
        content.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            truncated = true;
            break;
        }
    }
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body: content, truncated })
}
