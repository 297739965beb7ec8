//! Scripted peers: a CA of their own, servers on loopback that do what a closure says, and one way to
//! run an exchange against them, which looks for leaked secrets in every error.

use std::error::Error as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{env, fs, thread};

use notify::oauth2::Error;
use notify::oauth2::{CodeExchange, exchange_code_until};
use notify::{Deadline, Host, Secret};
use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslStream};
use openssl::x509::X509;
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Part of every secret in these tests.
pub const CANARY: &str = "cAnArY";

pub type Tls = SslStream<TcpStream>;

#[path = "folder.rs"]
mod folder;
pub use folder::Folder;

/// Says why a test is left out; in continuous integration that is a failure.
pub fn skip(why: &str) {
    assert!(env::var_os("CI").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Runs the program that follows where these stand in the places of others. None where the machine
/// allows no namespaces, which is said; in continuous integration that is a failure.
pub fn with_mounts(instead: &[(&Path, &str)]) -> Option<Command> {
    let begin = || {
        Command::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tools/private-mounts"
        ))
    };
    if !begin().arg("true").status().unwrap().success() {
        skip("this machine allows no namespaces");
        return None;
    }
    let binds = instead
        .iter()
        .map(|(from, to)| format!("mount --bind '{}' {to}; ", from.display()));
    let mut command = begin();
    command
        .args(["sh", "-ec"])
        .arg(binds.collect::<String>() + "exec \"$@\"")
        .arg("sh");
    Some(command)
}

/// A certificate authority and the bundle that trusts it.
pub struct Pki {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    /// The one that most tests share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Pki> = OnceLock::new();
        SHARED.get_or_init(|| Self::new("Test CA"))
    }

    pub fn bundle(&self) -> String {
        self.issuer.pem()
    }

    /// TLS settings of a server, its certificate changed by `change`.
    pub fn server(&self, change: impl FnOnce(&mut CertificateParams)) -> SslContext {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        context(&certificate.pem(), &key.serialize_pem())
    }
}

/// TLS settings of a server with this chain, its own certificate first.
pub fn context(chain: &str, key: &str) -> SslContext {
    let mut builder = SslContextBuilder::new(SslMethod::tls_server()).unwrap();
    let mut chain = X509::stack_from_pem(chain.as_bytes()).unwrap().into_iter();
    builder.set_certificate(&chain.next().unwrap()).unwrap();
    for certificate in chain {
        builder.add_extra_chain_cert(certificate).unwrap();
    }
    let key = PKey::private_key_from_pem(key.as_bytes()).unwrap();
    builder.set_private_key(&key).unwrap();
    builder.build()
}

/// The handshake of a server; what the client makes of it is what a test looks at.
pub fn accept(context: &SslContext, tcp: TcpStream) -> Option<Tls> {
    let mut stream = SslStream::new(Ssl::new(context).unwrap(), tcp).unwrap();
    stream.accept().ok()?;
    Some(stream)
}

/// A listener whose every connection is handled in a thread by a closure, with its number.
pub struct Server {
    pub address: SocketAddr,
    count: Arc<AtomicUsize>,
    served: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn tcp(serve: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), serve)
    }

    pub fn on(
        listener: TcpListener,
        serve: impl Fn(TcpStream, usize) + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let (count, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let served = Arc::new(AtomicUsize::new(0));
        let (counted, stopped, serve) = (Arc::clone(&count), Arc::clone(&stop), Arc::new(serve));
        let ended = Arc::clone(&served);
        let accepting = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                // a peer that is never released must not outlive the test run
                stream
                    .set_read_timeout(Some(Duration::from_secs(30)))
                    .unwrap();
                stream
                    .set_write_timeout(Some(Duration::from_secs(30)))
                    .unwrap();
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let (serve, ended) = (Arc::clone(&serve), Arc::clone(&ended));
                thread::spawn(move || {
                    serve(stream, number);
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        };
        Self {
            address,
            count,
            served,
            stop,
            thread: Some(thread::spawn(accepting)),
        }
    }

    /// With TLS and a given certificate; the closure sees connections whose handshake is done.
    pub fn tls_with(
        config: SslContext,
        serve: impl Fn(&mut Tls, usize) + Send + Sync + 'static,
    ) -> Self {
        Self::tcp(move |stream, number| {
            if let Some(mut stream) = accept(&config, stream) {
                serve(&mut stream, number);
            }
        })
    }

    pub fn tls(serve: impl Fn(&mut Tls, usize) + Send + Sync + 'static) -> Self {
        static CONFIG: OnceLock<SslContext> = OnceLock::new();
        let config = CONFIG.get_or_init(|| Pki::shared().server(|_| {}));
        Self::tls_with(config.clone(), serve)
    }

    /// Reads the request, sends these bytes, closes properly.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::tls(move |tls, _| {
            read_request(tls);
            let _ = tls.write_all(&bytes);
            close(tls);
        })
    }

    /// Connections so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Waits until every connection has been served, so that no request of a dead client comes late.
    pub fn settle(&self) {
        for _ in 0..5000 {
            if self.served.load(Ordering::SeqCst) == self.count() {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("a connection has no end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Head and body of a request.
pub fn read_request(stream: &mut impl Read) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                })
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => seen.extend_from_slice(&buffer[..count]),
            _ => return text,
        }
    }
}

/// Ends TLS and TCP in order, and waits for the other side to do the same.
pub fn close(tls: &mut Tls) {
    let _ = tls.shutdown();
    let tcp = tls.get_mut();
    let _ = tcp.shutdown(std::net::Shutdown::Write);
    let _ = tcp.set_read_timeout(Some(Duration::from_secs(2)));
    let mut rest = [0; 4096];
    while matches!(tcp.read(&mut rest), Ok(count) if count > 0) {}
}

/// How the client of a token request has logged in.
pub fn client_auth(request: &str) -> &'static str {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let basic = head
        .to_ascii_lowercase()
        .contains("\r\nauthorization: basic ");
    let parameters: Vec<_> = oauth2::url::form_urlencoded::parse(body.as_bytes()).collect();
    let has = |name: &str| parameters.iter().any(|(key, _)| key == name);
    match (basic, has("client_secret"), has("client_id")) {
        (true, false, _) => "basic",
        (false, true, true) => "post",
        (false, false, true) => "none",
        what => panic!("{what:?}"),
    }
}

/// Blocks until the other side hangs up.
pub fn hold(stream: &mut impl Read) {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Err(error) if error.kind() != ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}

/// An answer with a length.
pub fn answer(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{fields}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub fn json(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    answer(
        status,
        "Content-Type: application/json;charset=utf-8\r\n",
        body,
    )
}

/// A grant of all that is needed.
pub const GRANT: &str = r#"{"access_token":"ya29.cAnArY-access","token_type":"Bearer",
"expires_in":3599,"scope":"https://mail.google.com/","refresh_token":"1//cAnArY-refresh"}"#;

/// A machine whose Google is this server, with room for a configuration.
pub struct Machine {
    pub folder: Folder,
    pub host: Host,
}

impl Machine {
    pub fn new(server: &Server) -> Self {
        Self::at(&format!(
            "https://localhost:{}/token",
            server.address.port()
        ))
    }

    pub fn at(token_url: &str) -> Self {
        let folder = Folder::new();
        let file = format!(r#"{{"google-oauth2":{{"token-url":"{token_url}"}}}}"#);
        fs::write(folder.0.join("oauth2-providers.json"), file).unwrap();
        fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
        let host = Host::standalone(&folder.0)
            .with_ca_bundle(folder.0.join("ca.crt"))
            .with_lookup(loopback);
        Self { folder, host }
    }

    pub fn set_proxy(&self, value: &str) {
        let text = format!("keyboard: de\nhttp_proxy: {value}\n");
        fs::write(self.folder.0.join("datacenter.cfg"), text).unwrap();
    }

    pub fn exchange(&self) -> Result<Secret, Error> {
        self.within(Duration::from_secs(10))
    }

    pub fn within(&self, budget: Duration) -> Result<Secret, Error> {
        run(&self.host, &request(), budget)
    }

    /// The error of an exchange that must fail.
    pub fn refusal(&self) -> Error {
        self.exchange()
            .expect_err("the exchange should have failed")
    }
}

fn loopback(_: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
}

/// A request with nothing wrong about it.
pub fn request() -> CodeExchange {
    CodeExchange {
        auth_method: "google-oauth2".to_owned(),
        client_id: "client.apps.example.org".to_owned(),
        client_secret: Secret::new("s3c/cAnArY+~&% secret"),
        tenant_id: None,
        authorization_code: Secret::new("4/0cAnArY-code"),
        redirect_uri: "https://pve.example.org:8006".to_owned(),
        code_verifier: None,
        token_url: None,
        scopes: None,
        client_auth: None,
    }
}

/// Runs an exchange and makes sure that no error shows a secret.
pub fn run(host: &Host, request: &CodeExchange, budget: Duration) -> Result<Secret, Error> {
    assert!(
        !format!("{request:?}").contains(CANARY),
        "Debug of the request"
    );
    let result = exchange_code_until(host, request, Deadline::after(budget));
    assert!(
        !format!("{result:?}").contains(CANARY),
        "Debug of the result"
    );
    if let Err(error) = &result {
        let mut texts = vec![error.to_string()];
        let mut source = error.source();
        while let Some(inner) = source {
            texts.extend([inner.to_string(), format!("{inner:?}")]);
            source = inner.source();
        }
        for text in texts {
            assert!(!text.contains(CANARY), "a secret in {text}");
            assert!(
                !text.contains(char::is_control),
                "control characters in {text:?}"
            );
        }
    }
    result
}

/// The row of advice that an error was made of.
pub fn key(error: &Error) -> &'static str {
    error.advice().map_or("", |advice| advice.key)
}

pub fn write_file(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}
