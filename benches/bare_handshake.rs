//! The baseline of the first TLS mail of a process: OpenSSL alone, from its own start to a mail server's greeting.
//!
//! Usage: `bare_handshake PORT FOLDER`. Connects once to localhost, whose authority is looked up in the folder of
//! hashed certificates, and prints the milliseconds that it took.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use openssl::ssl::{Ssl, SslContext, SslFiletype, SslMethod, SslVerifyMode};
use openssl::x509::store::X509Lookup;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: bare_handshake PORT FOLDER");
    let (port, folder) = (next()?.parse::<u16>()?, next()?);

    let start = Instant::now();
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    builder.set_verify(SslVerifyMode::PEER);
    builder
        .cert_store_mut()
        .add_lookup(X509Lookup::hash_dir())?
        .add_dir(&folder, SslFiletype::PEM)?;
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut ssl = Ssl::new(&builder.build())?;
    ssl.param_mut().set_host("localhost")?;
    let mut stream = ssl.connect(socket)?;
    let mut greeting = [0; 512];
    if stream.read(&mut greeting)? == 0 {
        return Err("no greeting".into());
    }
    let time = start.elapsed().as_secs_f64() * 1e3;
    writeln!(io::stdout(), "{time:.3}")?;
    Ok(())
}
