//! The way to a peer: each phase that can run out of time, each loss that can end it.
//!
//! Used for token endpoints, web servers and mail servers alike.

use super::Role::Reader;
use super::{Advice, row};
use crate::cause::{Loss, Phase};

/// The row of a timeout in this phase.
#[rustfmt::skip]
pub(super) const fn timeout(phase: Phase) -> &'static Advice {
    match phase {
        Phase::Lookup => const { &row("timeout-lookup", 504, "timeout while looking up the name",
            Reader, "check the name servers of this machine") },
        Phase::Connect => const { &row("timeout-connect", 504, "timeout while connecting",
            Reader, "allow the connection in the firewall, or set http_proxy (for web servers only)") },
        Phase::Proxy => const { &row("timeout-proxy", 504, "timeout while waiting for the proxy",
            Reader, "check the proxy of datacenter.cfg") },
        Phase::Handshake => const { &row("timeout-handshake", 504, "timeout during the TLS handshake",
            Reader, "check that the port speaks TLS from the start; check the firewall") },
        Phase::Send => const { &row("timeout-send", 504, "timeout while sending the request",
            Reader, "check the network connection for packet loss or a wrong MTU") },
        Phase::Wait => const { &row("timeout-wait", 504, "timeout while waiting for the answer",
            Reader, "try again in some minutes; check the server if this happens again") },
        Phase::Read => const { &row("timeout-read", 504, "timeout while reading the answer",
            Reader, "try again in some minutes; check why the server is slow if this happens again") },
    }
}

/// The row of a loss.
#[rustfmt::skip]
pub(super) const fn loss(loss: Loss) -> &'static Advice {
    match loss {
        Loss::Lookup => const { &row("lookup", 502, "the name could not be found",
            Reader, "check the name, and the name servers of this machine") },
        Loss::Refused => const { &row("refused", 502,
            "the connection was refused: nothing listens there, or a firewall rejects it",
            Reader, "check address, port and firewall, and that the server is running") },
        Loss::Unreachable => const { &row("unreachable", 502, "there is no route to the address",
            Reader, "check network, gateway and IPv6 settings of this machine") },
        Loss::Connect => const { &row("connect", 502, "the connection failed",
            Reader, "check the network settings of this machine") },
        Loss::ProxyLogin => const { &row("proxy-login", 502, "the proxy requires valid credentials",
            Reader, "set a valid user and password in http_proxy of datacenter.cfg") },
        Loss::ProxyUnable => const { &row("proxy-unable", 502, "the proxy could not connect to the server",
            Reader, "check that the server is running, and that the proxy reaches it") },
        Loss::ProxyRefused => const { &row("proxy-refused", 502, "the proxy refused to connect to the server",
            Reader, "allow the server's name and port in the rules of the proxy") },
        Loss::ProxyGarbled => const { &row("proxy-garbled", 502,
            "the proxy closed the connection, or does not answer as an HTTP proxy",
            Reader, "check host and port of http_proxy in datacenter.cfg") },
        Loss::CertificateTime => const { &row("certificate-time", 502,
            "the server's certificate has expired or is not valid yet",
            Reader, "install a new certificate on the server, or set the clock of this machine") },
        Loss::CertificateName => const { &row("certificate-name", 502, "the server's certificate is for another name",
            Reader, "check the server's name; check for a proxy or wrong DNS entries") },
        Loss::CertificateIssuer => const { &row("certificate-issuer", 502,
            "this machine does not trust the issuer of the server's certificate",
            Reader, "add your own authority (update-ca-certificates), or look for who intercepts TLS") },
        Loss::CertificateChain => const { &row("certificate-chain", 502,
            "unknown issuer of the server's certificate: an intermediate may be missing",
            Reader, "install the full chain on the server, or add your own authority (update-ca-certificates)") },
        Loss::AuthorityTime => const { &row("certificate-authority-time", 502,
            "a certificate of an authority has expired or is not valid yet",
            Reader, "install a valid chain on the server, or a new one of your authority on this machine") },
        Loss::Certificate => const { &row("certificate", 502, "the server's certificate is not acceptable",
            Reader, "install a valid certificate on the server") },
        Loss::Tls => const { &row("tls", 502, "TLS failed: the server and this machine could not agree",
            Reader, "enable TLS 1.2 or 1.3 with current ciphers and keys on the server") },
        Loss::TlsAlert => const { &row("tls-alert", 502, "the server ended the TLS handshake with an alert",
            Reader, "check its log: for instance no common cipher, or it requires a client certificate") },
        Loss::NotTls => const { &row("not-tls", 502, "the port does not speak TLS",
            Reader, "check address and port") },
        Loss::LostHandshake => const { &row("lost-handshake", 502,
            "the connection was lost during the TLS handshake",
            Reader, "check that the port speaks TLS; check network connection and firewall") },
        Loss::LostSending => const { &row("lost-sending", 502, "the connection was lost while sending the request",
            Reader, "try again; check network connection and firewall") },
        Loss::LostWaiting => const { &row("lost-waiting", 502, "the server closed the connection without an answer",
            Reader, "check the server's log; open the consent page again if a code was sent") },
        Loss::LostReading => const { &row("lost-reading", 502, "the connection was lost during the answer",
            Reader, "check the network connection; open the consent page again if a code was sent") },
        Loss::Unsealed => const { &row("unsealed", 502,
            "TLS ended without close_notify: the answer may be incomplete",
            Reader, "fix the server: it must close TLS properly or send Content-Length") },
    }
}

pub(super) fn rows() -> impl Iterator<Item = &'static Advice> {
    let timeouts = Phase::ALL.into_iter().map(timeout);
    timeouts.chain(Loss::ALL.into_iter().map(loss))
}
