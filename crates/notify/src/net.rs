//! The way to a peer: look its name up, connect, pass a proxy, agree on TLS, all under one deadline.
//!
//! Knows no protocol above TLS. Every failure comes out as an [`Error`] that names the phase.

mod error;
mod names;
mod refusal;
mod secure;
mod stream;
mod trip;
mod tunnel;
mod visited;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub use error::Error;
use names::Names;
pub(crate) use refusal::wants_certificate;
pub(crate) use secure::Certificate;
pub(crate) use stream::Stream;
use stream::Timed;
pub(crate) use trip::Trip;
pub(crate) use tunnel::Relay;
use visited::Visited;

use crate::Deadline;
use crate::cause::{Loss, Phase};
use crate::deadline::Ends;
use crate::tls::Client;

/// Longest wait for one address while others are left to try.
const PER_ADDRESS: Duration = Duration::from_secs(3);

/// A peer, and how its failures are told.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Name or address, IPv6 without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether it is only on the way: the setting that names it is then told as well.
    pub(crate) is_proxy: bool,
}

impl Peer {
    pub(crate) fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn shown(&self) -> String {
        if self.is_proxy {
            format!("{} (http_proxy in datacenter.cfg)", self.name())
        } else {
            self.name()
        }
    }

    pub(crate) fn lost(&self, loss: Loss, source: Option<io::Error>) -> Error {
        Error::Lost {
            peer: self.shown(),
            loss,
            source,
        }
    }

    pub(crate) fn late(&self, phase: Phase) -> Error {
        Error::Late {
            peer: self.shown(),
            phase,
        }
    }
}

/// Whether an I/O error means that the time was up.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// A connection for HTTP, through the host's proxy if one is set: to the server, or in the clear to the
/// proxy, which then comes along. It is made early or not, and may be used to the end.
pub(crate) fn connect_http(
    trip: &Trip,
    peer: &Peer,
    with_tls: bool,
    ends: Ends,
) -> Result<(Stream, Option<Relay>), Error> {
    let relay = trip.host().proxy()?.map(Relay::new);
    let (mut stream, relay) = if with_tls {
        let stream = trusting(trip, |trip, client| {
            open_way(trip, peer, relay.as_ref(), ends.early)?.start_tls(client, peer)
        })?;
        (stream, None)
    } else {
        let next = relay.as_ref().map_or(peer, Relay::peer);
        (connect_clear(trip, next, ends.early)?.0, relay)
    };
    stream.end_at(ends.whole);
    Ok((stream, relay))
}

/// Runs an attempt that agrees on TLS, and where that ends at an authority which is not known at the
/// first look, once more with all that are.
pub(crate) fn trusting<T, E: From<Error>>(
    trip: &Trip,
    attempt: impl Fn(&Trip, &Client) -> Result<T, E>,
) -> Result<T, E> {
    let client = trip.tls()?;
    let result = attempt(trip, &client);
    if result.is_ok() || !client.wants_more() {
        return result;
    }
    match trip.tls_again()? {
        // the same server once more, not the next of its name
        Some(client) => attempt(&trip.for_the_same_address(), &client),
        None => result,
    }
}

/// A connection on which TLS can begin, through a proxy or not.
fn open_way(
    trip: &Trip,
    peer: &Peer,
    relay: Option<&Relay>,
    deadline: Deadline,
) -> Result<Stream, Error> {
    let socket = match relay {
        None => connect(trip, peer, deadline)?.0,
        Some(relay) => {
            let (socket, _) = connect(trip, relay.peer(), deadline)?;
            tunnel::open(socket, relay, peer)?
        }
    };
    Ok(Stream::Clear(socket))
}

/// A connection to the peer itself, in the clear for now, and whether its name has another address that
/// had no chance yet; proxies of HTTP do not count.
pub(crate) fn connect_clear(
    trip: &Trip,
    peer: &Peer,
    deadline: Deadline,
) -> Result<(Stream, bool), Error> {
    let (socket, has_others) = connect(trip, peer, deadline)?;
    Ok((Stream::Clear(socket), has_others))
}

/// Whether one of its addresses answers.
pub(crate) fn reach(peer: &Peer, address: &SocketAddr, deadline: Deadline) -> Result<(), Error> {
    let left = deadline.left().ok_or_else(|| peer.late(Phase::Connect))?;
    let tried = TcpStream::connect_timeout(address, left.max(Duration::from_millis(1)));
    tried.map(drop).map_err(|error| unreached(peer, error))
}

/// Why an address does not answer.
fn unreached(peer: &Peer, error: io::Error) -> Error {
    if is_timeout(&error) {
        return peer.late(Phase::Connect);
    }
    let loss = match error.kind() {
        ErrorKind::ConnectionRefused => Loss::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Loss::Unreachable,
        _ => Loss::Connect,
    };
    peer.lost(loss, Some(error))
}

/// Addresses of the peer, in the order to try them.
pub(crate) fn addresses(
    trip: &Trip,
    peer: &Peer,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, Error> {
    if let Ok(address) = peer.host.parse() {
        return Ok(vec![SocketAddr::new(address, peer.port)]);
    }
    let addresses = trip.names().find(trip.host().lookup(), peer, deadline)?;
    Ok(interleave(addresses))
}

/// IPv6 and IPv4 in turn, beginning with the system's first choice, so that a family without a
/// working route costs one try and not all of them.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::new();
    loop {
        let pair = (first.next(), second.next());
        if pair == (None, None) {
            return mixed;
        }
        mixed.extend(pair.0);
        mixed.extend(pair.1);
    }
}

/// Tries the addresses one after the other; the last one gets all the time that is left. Says whether
/// one is left that no try for this target has come to.
fn connect(trip: &Trip, peer: &Peer, deadline: Deadline) -> Result<(Timed, bool), Error> {
    let mut addresses = addresses(trip, peer, deadline)?;
    let visited = trip.visited();
    visited.put_last(&mut addresses);
    let mut failure = peer.late(Phase::Connect);
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.left().ok_or_else(|| peer.late(Phase::Connect))?;
        let to_try = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = if to_try == 1 {
            left
        } else {
            (left / to_try).min(PER_ADDRESS)
        };
        match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
            Ok(stream) => {
                // one small write follows another in a handshake
                let _ = stream.set_nodelay(true);
                visited.note(*address);
                let has_others = visited.lacks_any(addresses.iter().skip(tried + 1));
                return Ok((Timed::new(stream, deadline), has_others));
            }
            Err(error) => failure = unreached(peer, error),
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::OnceLock;

    use super::*;
    use crate::Host;
    use crate::tls::Trust;

    #[test]
    fn families_take_turns_beginning_with_the_systems_first() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (a, b, c) = (
            address("[::1]:1"),
            address("[::2]:1"),
            address("127.0.0.1:1"),
        );
        assert_eq!(interleave(vec![a, b, c]), [a, c, b]);
        assert_eq!(interleave(vec![c, a, b]), [c, a, b]);
        assert_eq!(interleave(vec![]), []);
    }

    #[test]
    fn a_second_look_is_at_the_server_that_was_refused() {
        static ADDRESSES: OnceLock<Vec<SocketAddr>> = OnceLock::new();
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        let second = TcpListener::bind(("127.0.0.2", port)).unwrap();
        let addresses = [&first, &second].map(|listener| listener.local_addr().unwrap());
        ADDRESSES.set(addresses.to_vec()).unwrap();
        let bundle = std::env::temp_dir().join(format!("notify-look-{}.pem", std::process::id()));
        let authority = rcgen::generate_simple_self_signed(["ca.example.org".to_owned()]).unwrap();
        std::fs::write(&bundle, authority.cert.pem()).unwrap();
        let host = Host::standalone("/nonexistent")
            .with_trust(Trust::of_file(bundle.clone()))
            .with_lookup(|_, _| Ok(ADDRESSES.get().unwrap().clone()));
        let trip = Trip::new(&host);
        let peer = Peer {
            host: "mail.example.org".to_owned(),
            port,
            is_proxy: false,
        };
        let deadline = Deadline::after(Duration::from_secs(10));
        // a try of before has had the first address
        let (_, has_others) = connect(&trip, &peer, deadline).unwrap();
        assert!(has_others);
        let refused: Result<(), Error> = trusting(&trip, |trip, client| {
            let (_, has_others) = connect(trip, &peer, deadline)?;
            assert!(!has_others);
            client.miss();
            Err(peer.lost(Loss::CertificateIssuer, None))
        });
        std::fs::remove_file(bundle).unwrap();
        refused.unwrap_err();
        let count = |listener: &TcpListener| {
            listener.set_nonblocking(true).unwrap();
            listener.incoming().take_while(Result::is_ok).count()
        };
        assert_eq!((count(&first), count(&second)), (1, 2));
    }
}
