//! The way to the provider: too slow, silent, closed, or not who it claims to be.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use notify::Lookup;
use notify::oauth2::Error;
use notify::oauth2::{BUDGET, exchange_code};
use openssl::ssl::{NameType, Ssl, SslContext, SslStream};
use rcgen::CertificateParams;
use socket2::{Domain, Socket, Type};

use crate::peer::{
    GRANT, Machine, Pki, Server, Tls, answer, close, context, hold, json, key, read_request,
    request, run,
};

/// The deadline of most tests here, and how far off its end may be.
const SHORT: Duration = Duration::from_secs(1);
const TOLERANCE: Duration = Duration::from_millis(500);

/// The error of an exchange that must end at its deadline.
fn late(machine: &Machine) -> Error {
    let start = Instant::now();
    let error = machine
        .within(SHORT)
        .expect_err("the exchange should have run out of time");
    let took = start.elapsed();
    assert!(
        took >= SHORT && took <= SHORT + TOLERANCE,
        "ended after {took:?}: {error}"
    );
    assert_eq!(error.code(), 504, "{error}");
    error
}

/// Sends one byte every 100 ms, for ever.
fn drip(stream: &mut impl Write, bytes: impl IntoIterator<Item = u8>) {
    for byte in bytes {
        if stream
            .write_all(&[byte])
            .and_then(|()| stream.flush())
            .is_err()
        {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn f23_one_byte_at_a_time_in_the_head() {
    let server = Server::tls(|tls, _| {
        read_request(tls);
        drip(
            tls,
            b"HTTP/1.1 200 OK\r\n"
                .iter()
                .copied()
                .chain(b"X: y\r\n".iter().copied().cycle()),
        );
    });
    assert_eq!(key(&late(&Machine::new(&server))), "timeout-read");
}

#[test]
fn f23_one_byte_at_a_time_in_the_body() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let server = Server::tls(move |tls, _| {
            read_request(tls);
            tls.write_all(head.as_bytes()).unwrap();
            drip(tls, b"1\r\n \r\n".iter().copied().cycle());
        });
        assert_eq!(key(&late(&Machine::new(&server))), "timeout-read", "{head}");
    }
}

#[test]
fn f23_one_byte_at_a_time_in_the_handshake() {
    let server = Server::tcp(|mut tcp, _| {
        // a handshake record that promises 16 KiB
        drip(
            &mut tcp,
            [0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xf0]
                .into_iter()
                .chain(std::iter::repeat(3)),
        );
    });
    assert_eq!(key(&late(&Machine::new(&server))), "timeout-handshake");
}

#[test]
fn f23_endless_interim_answers() {
    let server = Server::tls(|tls, _| {
        read_request(tls);
        while tls.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(key(&late(&Machine::new(&server))), "timeout-read");
}

#[test]
fn f24_accepts_and_stays_silent() {
    let server = Server::tcp(|mut tcp, _| hold(&mut tcp));
    assert_eq!(key(&late(&Machine::new(&server))), "timeout-handshake");
    let server = Server::tls(|tls, _| hold(tls));
    assert_eq!(key(&late(&Machine::new(&server))), "timeout-wait");
}

#[test]
fn f24_silence_ends_at_the_real_budget() {
    let server = Server::tls(|tls, _| hold(tls));
    let start = Instant::now();
    let error = exchange_code(&Machine::new(&server).host, &request()).unwrap_err();
    let took = start.elapsed();
    assert_eq!(
        (BUDGET.as_secs(), key(&error), error.code()),
        (20, "timeout-wait", 504)
    );
    assert!(
        took >= BUDGET && took <= BUDGET + TOLERANCE,
        "ended after {took:?}"
    );
}

/// Listeners whose queues are full, so that packets to them are dropped.
fn blackhole(address: SocketAddr) -> Option<SocketAddr> {
    static KEPT: Mutex<Vec<(Socket, Vec<TcpStream>)>> = Mutex::new(Vec::new());
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, None).ok()?;
    socket.bind(&address.into()).ok()?;
    socket.listen(0).ok()?;
    let address = socket.local_addr().ok()?.as_socket()?;
    let mut waiting = Vec::new();
    for _ in 0..50 {
        match TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            Ok(stream) => waiting.push(stream),
            Err(_) => {
                KEPT.lock().unwrap().push((socket, waiting));
                return Some(address);
            }
        }
    }
    panic!("the queue of {address} does not fill up");
}

fn blackhole_v4() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| blackhole((Ipv4Addr::LOCALHOST, 0).into()).unwrap())
}

fn machine_with(lookup: Lookup) -> Machine {
    let mut machine = Machine::at("https://provider.example.org/token");
    machine.host = machine.host.with_lookup(lookup);
    machine
}

#[test]
fn f24_packets_are_dropped() {
    let machine = machine_with(|_, _| Ok(vec![blackhole_v4()]));
    blackhole_v4();
    assert_eq!(key(&late(&machine)), "timeout-connect");
}

#[test]
fn f24_fifty_dead_addresses() {
    let machine = machine_with(|_, _| Ok(vec![blackhole_v4(); 50]));
    blackhole_v4();
    let error = late(&machine);
    assert_eq!(key(&error), "timeout-connect");
    assert!(
        error
            .to_string()
            .starts_with("provider.example.org:443: timeout while connecting")
    );
}

#[test]
fn f24_fifty_refusing_addresses() {
    static CLOSED: OnceLock<SocketAddr> = OnceLock::new();
    CLOSED.get_or_init(|| {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    });
    let machine = machine_with(|_, _| Ok(vec![*CLOSED.get().unwrap(); 50]));
    let error = machine.refusal();
    assert_eq!((key(&error), error.code()), ("refused", 502));
}

#[test]
fn f24_the_last_of_many_addresses_answers() {
    static LIVE: OnceLock<SocketAddr> = OnceLock::new();
    let config = Pki::shared().server(|params| {
        *params = CertificateParams::new(["provider.example.org".to_owned()]).unwrap()
    });
    let server = Server::tls_with(config, |tls, _| {
        read_request(tls);
        let _ = tls.write_all(&json("200 OK", GRANT));
        close(tls);
    });
    LIVE.set(server.address).unwrap();
    blackhole_v4();
    let machine = machine_with(|_, _| {
        Ok(vec![
            blackhole_v4(),
            blackhole_v4(),
            blackhole_v4(),
            *LIVE.get().unwrap(),
        ])
    });
    machine.within(Duration::from_secs(3)).unwrap();
}

#[test]
fn f24_ipv6_is_broken() {
    static LIVE: OnceLock<SocketAddr> = OnceLock::new();
    static BROKEN: OnceLock<SocketAddr> = OnceLock::new();
    let config = Pki::shared().server(|params| {
        *params = CertificateParams::new(["provider.example.org".to_owned()]).unwrap()
    });
    let server = Server::tls_with(config, |tls, _| {
        read_request(tls);
        let _ = tls.write_all(&json("200 OK", GRANT));
        close(tls);
    });
    LIVE.set(server.address).unwrap();
    // without IPv6 on this machine the address fails at once, which is broken as well
    BROKEN
        .set(blackhole((Ipv6Addr::LOCALHOST, 0).into()).unwrap_or((Ipv6Addr::LOCALHOST, 9).into()))
        .unwrap();
    // as a resolver orders them: all of IPv6 first
    let machine = machine_with(|_, _| {
        Ok(vec![
            *BROKEN.get().unwrap(),
            *BROKEN.get().unwrap(),
            *BROKEN.get().unwrap(),
            *LIVE.get().unwrap(),
        ])
    });
    let start = Instant::now();
    machine.within(Duration::from_secs(2)).unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "IPv6 cost {:?}",
        start.elapsed()
    );
}

#[test]
fn f24_the_resolver_hangs() {
    let machine = machine_with(|_, _| {
        loop {
            thread::park();
        }
    });
    let error = late(&machine);
    assert_eq!(key(&error), "timeout-lookup");
    assert!(
        error
            .to_string()
            .contains("timeout while looking up the name"),
        "{error}"
    );
}

#[test]
fn f24_the_name_does_not_exist() {
    let lookups: [Lookup; 3] = [
        |_, _| {
            Err(io::Error::other(
                "failed to lookup address information: Name or service not known",
            ))
        },
        |_, _| Ok(Vec::new()),
        |_, _| panic!("a resolver that falls over"),
    ];
    for lookup in lookups {
        let error = machine_with(lookup).refusal();
        assert_eq!((key(&error), error.code()), ("lookup", 502));
        assert!(
            error
                .to_string()
                .starts_with("provider.example.org:443: the name could not be found")
        );
    }
}

/// A server with this certificate that counts requests it could read.
fn refused(config: SslContext, wanted: &str) {
    let (sender, receiver) = mpsc::channel();
    let server = Server::tls_with(config, move |tls, _| {
        let seen = read_request(tls);
        if !seen.is_empty() {
            sender.send(seen).unwrap();
        }
    });
    let error = Machine::new(&server).refusal();
    assert_eq!((key(&error), error.code()), (wanted, 502), "{error}");
    drop(server);
    assert!(
        receiver.recv_timeout(Duration::from_millis(50)).is_err(),
        "{wanted}: a request was sent"
    );
}

fn self_signed() -> SslContext {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    context(&certificate.pem(), &key.serialize_pem())
}

#[test]
fn f29_certificates_that_do_not_count() {
    let pki = Pki::shared();
    refused(
        pki.server(|params| params.not_after = rcgen::date_time_ymd(2020, 1, 1)),
        "certificate-time",
    );
    refused(
        pki.server(|params| params.not_before = rcgen::date_time_ymd(2999, 1, 1)),
        "certificate-time",
    );
    refused(
        pki.server(|params| {
            *params = CertificateParams::new(["other.example.org".to_owned()]).unwrap()
        }),
        "certificate-name",
    );
    refused(Pki::new("Other CA").server(|_| {}), "certificate-chain");
    refused(Pki::new("Test CA").server(|_| {}), "certificate-issuer");
    refused(self_signed(), "certificate-issuer");
}

#[test]
fn f29_old_tls_and_no_tls() {
    // what a server that knows only TLS 1.0 answers: alert 70, protocol version
    let server = Server::tcp(|mut tcp, _| {
        let mut hello = [0; 4096];
        let _ = tcp.read(&mut hello);
        let _ = tcp.write_all(&[0x15, 3, 1, 0, 2, 2, 70]);
        hold(&mut tcp);
    });
    let error = Machine::new(&server).refusal();
    assert_eq!((key(&error), error.code()), ("tls", 502), "{error}");

    // a ServerHello of TLS 1.0 itself
    let server = Server::tcp(|mut tcp, _| {
        let mut bytes = [0; 4096];
        let _ = tcp.read(&mut bytes);
        let hello = [&[2, 0, 0, 38, 3, 1][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
        let _ = tcp.write_all(&[&[0x16, 3, 1, 0, 42][..], &hello].concat());
        hold(&mut tcp);
    });
    let error = Machine::new(&server).refusal();
    assert_eq!((key(&error), error.code()), ("tls", 502), "{error}");

    // plain HTTP: nothing readable may reach it
    let (sender, receiver) = mpsc::channel();
    let server = Server::tcp(move |mut tcp, _| {
        let mut bytes = vec![0; 4096];
        let count = tcp.read(&mut bytes).unwrap();
        bytes.truncate(count);
        sender.send(bytes).unwrap();
        let _ = tcp.write_all(&json("200 OK", GRANT));
    });
    let error = Machine::new(&server).refusal();
    assert_eq!((key(&error), error.code()), ("not-tls", 502), "{error}");
    assert!(error.to_string().contains("plain HTTP"), "{error}");
    assert_eq!(
        receiver.recv().unwrap()[0],
        0x16,
        "only a TLS handshake was sent"
    );
    assert_eq!(server.count(), 1, "no second try in clear");
}

#[test]
fn f29_the_servers_name_is_sent() {
    let config = Pki::shared().server(|_| {});
    let (sender, receiver) = mpsc::channel();
    let server = Server::tcp(move |tcp, _| {
        let mut stream = SslStream::new(Ssl::new(&config).unwrap(), tcp).unwrap();
        stream.accept().unwrap();
        let name = stream.ssl().servername(NameType::HOST_NAME);
        sender.send(name.map(str::to_owned)).unwrap();
    });
    assert_eq!(Machine::new(&server).refusal().code(), 502);
    assert_eq!(receiver.recv().unwrap().as_deref(), Some("localhost"));
}

#[test]
fn f29_close_without_notify() {
    let hang_up = |tls: &mut Tls, bytes: &[u8]| {
        read_request(tls);
        let _ = tls.write_all(bytes);
        let _ = tls.get_ref().shutdown(std::net::Shutdown::Write);
        hold(tls.get_mut());
    };
    // the length says that all is there
    let server = Server::tls(move |tls, _| hang_up(tls, &json("200 OK", GRANT)));
    Machine::new(&server).exchange().unwrap();
    // nothing says so: anybody on the way could have cut it
    let server = Server::tls(move |tls, _| {
        hang_up(
            tls,
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{GRANT}").as_bytes(),
        );
    });
    let error = Machine::new(&server).refusal();
    assert_eq!((key(&error), error.code()), ("unsealed", 502), "{error}");
    let server = Server::tls(move |tls, _| hang_up(tls, &answer("200 OK", "", GRANT)[..60]));
    assert_eq!(key(&Machine::new(&server).refusal()), "unsealed");
    let server = Server::tls(move |tls, _| hang_up(tls, b""));
    assert_eq!(key(&Machine::new(&server).refusal()), "lost-waiting");
}

#[test]
fn the_connection_breaks() {
    let server = Server::tls(|tls, _| {
        read_request(tls);
        // closing then resets
        socket2::SockRef::from(tls.get_ref())
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    });
    let error = Machine::new(&server).refusal();
    assert_eq!(
        (key(&error), error.code()),
        ("lost-waiting", 502),
        "{error}"
    );

    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let machine = Machine::at(&format!("https://localhost:{}/token", closed.port()));
    let error = machine.refusal();
    assert_eq!((key(&error), error.code()), ("refused", 502));
    assert!(
        error.to_string().contains("; check address, port"),
        "{error}"
    );
}

#[test]
fn a_deadline_that_has_passed_sends_nothing() {
    let server = Server::tls(|tls, _| hold(tls));
    let error = run(&Machine::new(&server).host, &request(), Duration::ZERO).unwrap_err();
    assert_eq!(error.code(), 504, "{error}");
}
