//! The way to a peer: each phase that can run out of time, each loss that can end it.
//!
//! Used for token endpoints, web servers and mail servers alike.

use super::Advice;
use crate::cause::{Loss, Phase};

const NODE: &str = "an administrator of this machine";
const PEER: &str = "the server's administrator";

/// The row of a timeout in this phase.
#[rustfmt::skip]
pub(super) const fn timeout(phase: Phase) -> &'static Advice {
    match phase {
        Phase::Lookup => &Advice {
            key: "timeout-lookup", code: 504, what: "timeout while looking up the name",
            who: NODE, cure: "check the name servers of this machine",
        },
        Phase::Connect => &Advice {
            key: "timeout-connect", code: 504, what: "timeout while connecting",
            who: NODE, cure: "allow outgoing connections to this address and port in the firewall, or set http_proxy, which serves web servers only",
        },
        Phase::Proxy => &Advice {
            key: "timeout-proxy", code: 504, what: "timeout while waiting for the proxy",
            who: NODE, cure: "check that the proxy of datacenter.cfg works",
        },
        Phase::Handshake => &Advice {
            key: "timeout-handshake", code: 504, what: "timeout during the TLS handshake",
            who: NODE, cure: "check that the port speaks TLS at once and that no firewall holds the handshake back",
        },
        Phase::Send => &Advice {
            key: "timeout-send", code: 504, what: "timeout while sending the request",
            who: NODE, cure: "check the line to the server for packet loss or a wrong MTU",
        },
        Phase::Wait => &Advice {
            key: "timeout-wait", code: 504, what: "timeout while waiting for the answer",
            who: PEER, cure: "make it answer in time; try again in some minutes",
        },
        Phase::Read => &Advice {
            key: "timeout-read", code: 504, what: "timeout while reading the answer, which came too slowly",
            who: PEER, cure: "find out what slows its answers down; try again in some minutes",
        },
    }
}

/// The row of a loss.
#[rustfmt::skip]
pub(super) const fn loss(loss: Loss) -> &'static Advice {
    match loss {
        Loss::Lookup => &Advice {
            key: "lookup", code: 502, what: "the name could not be found",
            who: NODE, cure: "check the name and the name servers of this machine",
        },
        Loss::Refused => &Advice {
            key: "refused", code: 502, what: "the connection was refused: nothing listens there, or a firewall rejects it",
            who: NODE, cure: "check address, port and firewall, and that the server is running",
        },
        Loss::Unreachable => &Advice {
            key: "unreachable", code: 502, what: "there is no route to the address",
            who: NODE, cure: "check network, gateway and IPv6 settings of this machine",
        },
        Loss::Connect => &Advice {
            key: "connect", code: 502, what: "no connection could be made",
            who: NODE, cure: "look at what the system says and check the network of this machine",
        },
        Loss::ProxyLogin => &Advice {
            key: "proxy-login", code: 502, what: "the proxy does not accept the login, or demands one",
            who: NODE, cure: "put a valid user and password into http_proxy of datacenter.cfg",
        },
        Loss::ProxyUnable => &Advice {
            key: "proxy-unable", code: 502, what: "the proxy could not connect to the server",
            who: NODE, cure: "check that the server is running and that the proxy reaches it; a later try may succeed",
        },
        Loss::ProxyRefused => &Advice {
            key: "proxy-refused", code: 502, what: "the proxy refused to connect to the server",
            who: NODE, cure: "allow the server's name and port in the proxy's rules",
        },
        Loss::ProxyGarbled => &Advice {
            key: "proxy-garbled", code: 502, what: "the proxy hung up or does not answer as an HTTP proxy",
            who: NODE, cure: "check host and port of http_proxy in datacenter.cfg",
        },
        Loss::CertificateTime => &Advice {
            key: "certificate-time", code: 502, what: "the server's certificate has expired or is not valid yet",
            who: PEER, cure: "renew it; if it is valid elsewhere, the clock of this machine is wrong",
        },
        Loss::CertificateName => &Advice {
            key: "certificate-name", code: 502, what: "the server's certificate is for another name",
            who: NODE, cure: "find out what answers in the server's place, for instance a proxy or wrong name server entries",
        },
        Loss::CertificateIssuer => &Advice {
            key: "certificate-issuer", code: 502, what: "the server's certificate comes from an authority that this machine does not trust",
            who: NODE, cure: "add the authority's certificate to the system's store (update-ca-certificates) if it is your own, else find out who intercepts the connection",
        },
        Loss::CertificateChain => &Advice {
            key: "certificate-chain", code: 502, what: "the issuer of the server's certificate is not known here: its chain lacks an intermediate certificate, or it is of a private authority",
            who: PEER, cure: "install the full chain; a private authority's certificate belongs into this machine's store (update-ca-certificates)",
        },
        Loss::AuthorityTime => &Advice {
            key: "certificate-authority-time", code: 502, what: "the certificate of an authority above the server's has expired or is not valid yet",
            who: PEER, cure: "install a valid chain; if the authority is your own, renew its certificate in this machine's store as well (update-ca-certificates)",
        },
        Loss::Certificate => &Advice {
            key: "certificate", code: 502, what: "the server's certificate is not acceptable",
            who: PEER, cure: "install a proper one",
        },
        Loss::Tls => &Advice {
            key: "tls", code: 502, what: "no secure connection could be agreed on",
            who: PEER, cure: "enable TLS 1.2 or 1.3 with up-to-date ciphers and keys on that port",
        },
        Loss::TlsAlert => &Advice {
            key: "tls-alert", code: 502, what: "the server ended the TLS handshake with an alert",
            who: PEER, cure: "look into its log for the reason, for instance no common cipher or a client certificate that it demands",
        },
        Loss::NotTls => &Advice {
            key: "not-tls", code: 502, what: "the port does not speak TLS",
            who: NODE, cure: "check the address and port, and that what answers there is the server",
        },
        Loss::LostHandshake => &Advice {
            key: "lost-handshake", code: 502, what: "the connection was lost during the TLS handshake",
            who: NODE, cure: "check the line, what filters traffic, and that the port speaks TLS; a later try may succeed",
        },
        Loss::LostSending => &Advice {
            key: "lost-sending", code: 502, what: "the connection was lost while the request was sent",
            who: NODE, cure: "check the line and what filters traffic, then try again",
        },
        Loss::LostWaiting => &Advice {
            key: "lost-waiting", code: 502, what: "the server closed the connection without an answer",
            who: PEER, cure: "look into its log; a code that was already sent may be spent, so authorize again",
        },
        Loss::LostReading => &Advice {
            key: "lost-reading", code: 502, what: "the connection was lost within the answer",
            who: NODE, cure: "check the line, then authorize again, since the code is probably spent",
        },
        Loss::Unsealed => &Advice {
            key: "unsealed", code: 502, what: "the connection ended without the closing mark of TLS, so that the answer may have been cut short",
            who: PEER, cure: "make it close TLS connections properly or send Content-Length",
        },
    }
}

pub(super) fn rows() -> impl Iterator<Item = &'static Advice> {
    let timeouts = Phase::ALL.into_iter().map(timeout);
    timeouts.chain(Loss::ALL.into_iter().map(loss))
}
