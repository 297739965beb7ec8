//! Why there is no way to a peer.

/// What was being done when the time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// DNS, hosts file.
    Lookup,
    /// TCP.
    Connect,
    /// HTTP CONNECT.
    Proxy,
    /// TLS.
    Handshake,
    /// Writing the request.
    Send,
    /// Nothing of the answer has come yet.
    Wait,
    /// Some of the answer has come.
    Read,
}

impl Phase {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 7] = [
        Self::Lookup,
        Self::Connect,
        Self::Proxy,
        Self::Handshake,
        Self::Send,
        Self::Wait,
        Self::Read,
    ];
}

/// Why the way to a peer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// The name does not exist, or no name server answered.
    Lookup,
    /// The port is closed.
    Refused,
    /// No route, no network.
    Unreachable,
    /// Any other failure of TCP.
    Connect,
    /// The proxy wants other credentials (407).
    ProxyLogin,
    /// The proxy does not connect (any other status).
    ProxyRefused,
    /// The proxy does not speak HTTP or hung up.
    ProxyGarbled,
    /// The certificate's time has not come or is over.
    CertificateTime,
    /// The certificate is for another name.
    CertificateName,
    /// The certificate's issuer is not trusted.
    CertificateIssuer,
    /// The chain ends at a certificate whose issuer was neither sent nor is known.
    CertificateChain,
    /// The time of an authority's certificate has not come or is over.
    AuthorityTime,
    /// The certificate is wrong in another way.
    Certificate,
    /// No common TLS version or any other protocol failure.
    Tls,
    /// The peer ended the handshake with an alert.
    TlsAlert,
    /// What answers speaks another protocol.
    NotTls,
    /// The connection ended before TLS was agreed on.
    LostHandshake,
    /// The connection ended while the request was sent.
    LostSending,
    /// The connection ended before the answer began.
    LostWaiting,
    /// The connection ended within the answer.
    LostReading,
    /// The answer's end is not sealed by TLS, so that it may have been cut short.
    Unsealed,
}

impl Loss {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 21] = [
        Self::Lookup,
        Self::Refused,
        Self::Unreachable,
        Self::Connect,
        Self::ProxyLogin,
        Self::ProxyRefused,
        Self::ProxyGarbled,
        Self::CertificateTime,
        Self::CertificateName,
        Self::CertificateIssuer,
        Self::CertificateChain,
        Self::AuthorityTime,
        Self::Certificate,
        Self::Tls,
        Self::TlsAlert,
        Self::NotTls,
        Self::LostHandshake,
        Self::LostSending,
        Self::LostWaiting,
        Self::LostReading,
        Self::Unsealed,
    ];
}
