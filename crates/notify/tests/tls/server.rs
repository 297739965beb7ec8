//! A mail server that begins with TLS, with whatever settings a row wants.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslStream};
use openssl::x509::X509;

/// A server whose threads end with the process.
pub struct Server {
    pub port: u16,
    mails: Arc<AtomicUsize>,
}

impl Server {
    /// Shows these certificates, the server's own first.
    pub fn start(chain: &str, key: &[u8], tune: impl FnOnce(&mut SslContextBuilder)) -> Self {
        let mut tls = SslContext::builder(SslMethod::tls_server()).unwrap();
        // whether something is too weak is for the clients to say
        tls.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
        tls.set_min_proto_version(None).unwrap();
        if !chain.is_empty() {
            let mut chain = X509::stack_from_pem(chain.as_bytes()).unwrap().into_iter();
            tls.set_certificate(&chain.next().unwrap()).unwrap();
            for more in chain {
                tls.add_extra_chain_cert(more).unwrap();
            }
            let key = PKey::private_key_from_pem(key).unwrap();
            tls.set_private_key(&key).unwrap();
        }
        tune(&mut tls);
        let tls = tls.build();
        let mails = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&mails);
        let port = listen(move |tcp| {
            // how it ends is what the clients tell
            let _ = secured(&tls, tcp).and_then(|tls| converse(tls, &counted));
        });
        Self { port, mails }
    }

    /// Mails so far.
    pub fn mails(&self) -> usize {
        self.mails.load(Ordering::SeqCst)
    }
}

/// Serves each connection of a free port in a thread of its own, for both families of addresses.
pub fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let serve = Arc::new(serve);
    let (port, listeners) = listeners();
    for listener in listeners {
        let serve = Arc::clone(&serve);
        thread::spawn(move || {
            for tcp in listener.incoming().map_while(Result::ok) {
                let serve = Arc::clone(&serve);
                let limit = Some(Duration::from_secs(30));
                tcp.set_read_timeout(limit).unwrap();
                tcp.set_write_timeout(limit).unwrap();
                thread::spawn(move || serve(tcp));
            }
        });
    }
    port
}

/// A port that is free in both families, where the machine has both.
fn listeners() -> (u16, Vec<TcpListener>) {
    loop {
        let four = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = four.local_addr().unwrap().port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Ok(six) => return (port, vec![four, six]),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(_) => return (port, vec![four]),
        }
    }
}

fn secured(tls: &SslContext, tcp: TcpStream) -> io::Result<SslStream<TcpStream>> {
    tcp.set_nodelay(true)?;
    let mut stream = SslStream::new(Ssl::new(tls)?, tcp)?;
    stream.accept().map_err(io::Error::other)?;
    Ok(stream)
}

/// The least of SMTP.
fn converse(tls: SslStream<TcpStream>, mails: &AtomicUsize) -> io::Result<()> {
    let mut link = BufReader::new(tls);
    link.get_mut()
        .write_all(b"220 mail.example.org ESMTP\r\n")?;
    let (mut line, mut is_message) = (String::new(), false);
    loop {
        line.clear();
        if link.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let reply = match line.trim_end() {
            "." => {
                is_message = false;
                mails.fetch_add(1, Ordering::SeqCst);
                "250 2.0.0 queued\r\n"
            }
            _ if is_message => continue,
            "DATA" => {
                is_message = true;
                "354 go ahead\r\n"
            }
            "QUIT" => {
                link.get_mut().write_all(b"221 2.0.0 bye\r\n")?;
                let _ = link.get_mut().shutdown();
                return Ok(());
            }
            _ => "250 2.0.0 ok\r\n",
        };
        link.get_mut().write_all(reply.as_bytes())?;
    }
}
