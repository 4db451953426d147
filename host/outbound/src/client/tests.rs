use super::*;
use async_trait::async_trait;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Result<T = (), E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Answers a name differently each time it is asked.
struct Names {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Names {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|a| a.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Resolve for Names {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let next = self.answers.lock().unwrap().pop();
        next.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no such name {name}")))
    }
}

fn get(url: &str) -> Request {
    Request {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        connect_timeout: Duration::from_secs(30),
        timeout: Duration::from_secs(60),
        max_response: 4096,
    }
}

/// A server that reads one request and answers with these bytes, on a connection each; and what came.
async fn server(answer: &'static [u8]) -> Result<(SocketAddr, Arc<Mutex<Vec<String>>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let came = Arc::new(Mutex::new(Vec::new()));
    let kept = came.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            // A handshake of TLS (0x16) has no such end.
            while !request.windows(4).any(|w| w == b"\r\n\r\n") && request.first() != Some(&0x16) {
                let mut piece = [0; 1024];
                match stream.read(&mut piece).await {
                    Ok(n) if n > 0 => request.extend_from_slice(&piece[..n]),
                    _ => break,
                }
            }
            kept.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    Ok((address, came))
}

fn kind(answer: std::result::Result<Answer, Failure>) -> FailureKind {
    match answer {
        Ok(answer) => panic!("answered: {answer:?}"),
        Err(failure) => failure.kind,
    }
}

#[tokio::test]
async fn an_allowed_server_is_called_and_answers() -> Result {
    let (address, came) = server(b"HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello").await?;
    let allowed = Allowed::new([address.to_string()])?;
    let mut request = get(&format!("http://{address}/a/b?c=d"));
    request.headers.push(("X-Sent".into(), b"yes".to_vec()));
    let answer = Client::default().send(request, &allowed).await?;
    assert_eq!((answer.status, answer.body.as_slice(), answer.truncated), (201, &b"hello"[..], false));
    assert!(answer.headers.contains(&("x-a".into(), b"b".to_vec())));
    let came = came.lock().unwrap();
    assert!(came[0].starts_with("GET /a/b?c=d HTTP/1.1\r\n"), "{came:?}");
    assert!(came[0].contains(&format!("host: {address}\r\n")) && came[0].contains("x-sent: yes\r\n"), "{came:?}");
    Ok(())
}

#[tokio::test]
async fn servers_of_the_own_networks_are_not_called() -> Result {
    let (address, came) = server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
    let port = address.port();
    let names = Names::new(&[&["127.0.0.1"], &["93.184.216.34", "127.0.0.1"], &["::ffff:127.0.0.1"]]);
    let client = Client::new(names);
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        // Names that lead there, one of them with a public address too.
        format!("https://inner.example:{port}/"),
        format!("https://both.example:{port}/"),
        format!("https://mapped.example:{port}/"),
        "https://169.254.169.254/latest/meta-data/".into(),
        "http://tool.example/".into(),
    ] {
        assert_eq!(kind(client.send(get(&url), &Allowed::default()).await), FailureKind::Denied, "{url}");
    }
    // Other servers and ports that are allowed change nothing.
    let other = Allowed::new(["localhost", "127.0.0.1:1"])?;
    let answer = client.send(get(&format!("http://127.0.0.1:{port}/")), &other).await;
    assert_eq!(kind(answer), FailureKind::Denied);
    assert!(came.lock().unwrap().is_empty());
    Ok(())
}

#[tokio::test]
async fn numbers_that_mean_an_own_address_to_the_resolver_do_not_pass() {
    for url in ["https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://localhost/", "https://localhost./"]
    {
        let refused = kind(Client::default().send(get(url), &Allowed::default()).await);
        assert!(matches!(refused, FailureKind::Denied | FailureKind::Dns), "{url}: {refused}");
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once() -> Result {
    let (address, _) = server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
    let names = Names::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let allowed = Allowed::new(["tool.example"])?;
    let url = format!("http://tool.example:{}/", address.port());
    assert_eq!(Client::new(names.clone()).send(get(&url), &allowed).await?.status, 200);
    assert_eq!(names.asked.load(Ordering::Relaxed), 1);
    Ok(())
}

#[tokio::test]
async fn requests_that_cannot_be_sent() -> Result {
    let allowed = Allowed::new(["a.example"])?;
    let client = Client::new(Names::new(&[]));
    for url in [
        "",
        "/x",
        "a.example",
        "ftp://a.example/",
        "https://u:p@a.example/",
        "https://:80/",
        "https://a.example:0/",
        "https://a b/",
    ] {
        assert_eq!(kind(client.send(get(url), &allowed).await), FailureKind::Invalid, "{url}");
    }
    for (name, value) in
        [("Host", "b"), ("content-length", "1"), ("Transfer-Encoding", "chunked"), ("a b", "c"), ("x", "a\r\ny: b")]
    {
        let mut request = get("https://a.example/");
        request.headers.push((name.into(), value.into()));
        assert_eq!(kind(client.send(request, &allowed).await), FailureKind::Invalid, "{name}");
    }
    for method in ["CONNECT", "TRACE", "A B", ""] {
        let request = Request { method: method.into(), ..get("https://a.example/") };
        assert_eq!(kind(client.send(request, &allowed).await), FailureKind::Invalid, "{method}");
    }
    let request = Request { body: vec![0; MAX_REQUEST_BODY + 1], ..get("https://a.example/") };
    assert_eq!(kind(client.send(request, &allowed).await), FailureKind::Invalid);
    assert_eq!(kind(client.send(get("https://a.example/"), &allowed).await), FailureKind::Dns);
    Ok(())
}

#[tokio::test]
async fn redirects_are_answers_and_long_answers_are_cut() -> Result {
    let (address, came) =
        server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 10\r\n\r\n0123456789").await?;
    let allowed = Allowed::new([address.to_string()])?;
    for (most, body, truncated) in [(4, &b"0123"[..], true), (10, b"0123456789", false), (0, b"", true)] {
        let request = Request { max_response: most, ..get(&format!("http://{address}/")) };
        let answer = Client::default().send(request, &allowed).await?;
        assert_eq!((answer.status, answer.body.as_slice(), answer.truncated), (302, body, truncated));
    }
    assert_eq!(came.lock().unwrap().len(), 3);
    Ok(())
}

#[tokio::test]
async fn what_is_no_answer() -> Result {
    let cases: [(&[u8], FailureKind); 5] = [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", FailureKind::Protocol),
        (b"", FailureKind::Reset),
        (b"HTTP/1.1 200 OK\r\nContent-Le", FailureKind::Reset),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", FailureKind::Reset),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", FailureKind::Protocol),
    ];
    for (bytes, expected) in cases {
        let (address, _) = server(bytes).await?;
        let allowed = Allowed::new([address.to_string()])?;
        let answer = Client::default().send(get(&format!("http://{address}/")), &allowed).await;
        assert_eq!(kind(answer), expected, "{}", String::from_utf8_lossy(bytes));
        // Nor is it TLS.
        let answer = Client::default().send(get(&format!("https://{address}/")), &allowed).await;
        assert_eq!(kind(answer), FailureKind::Tls);
    }
    Ok(())
}

/// Answers without an end take neither memory nor time without one.
#[tokio::test]
async fn answers_without_an_end() -> Result {
    for (head, piece, expected) in [
        // Headers, interim answers, an answer by and by.
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n", Some(FailureKind::Protocol)),
        ("HTTP/1.1 200 OK\r\nx: ", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", Some(FailureKind::Protocol)),
        ("", "HTTP/1.1 103 Early Hints\r\n\r\n", Some(FailureKind::Timeout)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", None),
        ("HTTP/1.1 200 OK\r\n\r\n", "x", None),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(piece.as_bytes()).await.is_ok() {}
        });
        let allowed = Allowed::new([address.to_string()])?;
        let patience = if expected == Some(FailureKind::Timeout) { 200 } else { 60_000 };
        let request = Request { timeout: Duration::from_millis(patience), ..get(&format!("http://{address}/")) };
        match (Client::default().send(request, &allowed).await, expected) {
            (Ok(answer), None) => assert_eq!((answer.body.len(), answer.truncated), (4096, true)),
            (answer, expected) => assert_eq!(Some(kind(answer)), expected, "{head}{piece}"),
        }
    }
    Ok(())
}

/// What is asked of one server is not sent as something else: neither line nor header can be slipped in.
#[tokio::test]
async fn nothing_is_slipped_into_a_request() -> Result {
    let (address, came) = server(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    let allowed = Allowed::new([address.to_string()])?;
    for path in ["/a\r\nx: y", "/a b", "/a\nGET /b HTTP/1.1", "/a\0"] {
        let request = get(&format!("http://{address}{path}"));
        assert_eq!(kind(Client::default().send(request, &allowed).await), FailureKind::Invalid, "{path:?}");
    }
    for (name, value) in [("x\r\ny", "z"), ("x:y", "z"), ("", "z"), ("x", "a\nb"), ("x", "a\rb"), ("x", "a\0b")] {
        let mut request = get(&format!("http://{address}/"));
        request.headers.push((name.into(), value.into()));
        assert_eq!(kind(Client::default().send(request, &allowed).await), FailureKind::Invalid, "{name:?} {value:?}");
    }
    assert!(came.lock().unwrap().is_empty());
    Ok(())
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() -> Result {
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let address = silent.local_addr()?;
    let allowed = Allowed::new([address.to_string()])?;
    let request = Request { timeout: Duration::from_millis(20), ..get(&format!("http://{address}/")) };
    assert_eq!(kind(Client::default().send(request, &allowed).await), FailureKind::Timeout);
    let request = Request { connect_timeout: Duration::from_millis(20), ..get(&format!("https://{address}/")) };
    assert_eq!(kind(Client::default().send(request, &allowed).await), FailureKind::Timeout);
    drop(silent);
    assert_eq!(kind(Client::default().send(get(&format!("http://{address}/")), &allowed).await), FailureKind::Connect);
    Ok(())
}

#[tokio::test]
async fn certificates_are_checked() -> Result {
    let signed = rcgen::generate_simple_self_signed(["tool.example".to_owned()])?;
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut request = [0; 4096];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(signed.cert.der().clone())?;
    let here: &[&str] = &["127.0.0.1"];
    let allowed = Allowed::new(["tool.example", "other.example"])?;
    let trusting = Client::trusting(Names::new(&[here, here]), roots)?;
    let url = format!("https://tool.example:{port}/");
    assert_eq!(trusting.send(get(&url), &allowed).await?.status, 204);
    let other = trusting.send(get(&format!("https://other.example:{port}/")), &allowed).await;
    assert_eq!(kind(other), FailureKind::Tls);
    let machine = Client::new(Names::new(&[here]));
    assert_eq!(kind(machine.send(get(&url), &allowed).await), FailureKind::Tls);
    Ok(())
}
