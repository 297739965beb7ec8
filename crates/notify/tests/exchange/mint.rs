//! Certificates as people's own authorities make them: of every age and key, well formed or not.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::SslContext;
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};

use crate::peer;

/// A certificate and its key.
pub struct Minted {
    pub certificate: X509,
    pub key: PKey<Private>,
}

/// What a certificate is to be.
#[derive(Clone)]
pub struct Recipe {
    name: String,
    /// 2 stands for X.509 v3.
    version: i32,
    is_ca: bool,
    alternatives: Vec<String>,
    key: PKey<Private>,
    /// Seconds from now.
    from: i64,
    to: i64,
}

const DAY: i64 = 86_400;

pub fn curve() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

pub fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

impl Recipe {
    /// A server's certificate with this common name and no other.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: 2,
            is_ca: false,
            alternatives: Vec::new(),
            key: curve(),
            from: -DAY,
            to: DAY,
        }
    }

    /// For a server of this name.
    pub fn server(name: &str) -> Self {
        let mut recipe = Self::new(name);
        recipe.alternatives.push(name.to_owned());
        recipe
    }

    /// An authority's certificate.
    pub fn authority(name: &str) -> Self {
        Self::new(name).ca()
    }

    pub fn ca(mut self) -> Self {
        self.is_ca = true;
        self
    }

    pub fn v1(mut self) -> Self {
        self.version = 0;
        self.alternatives.clear();
        self
    }

    pub fn key(mut self, key: PKey<Private>) -> Self {
        self.key = key;
        self
    }

    pub fn expired(mut self) -> Self {
        (self.from, self.to) = (-2 * DAY, -DAY);
        self
    }

    pub fn future(mut self) -> Self {
        (self.from, self.to) = (DAY, 2 * DAY);
        self
    }

    pub fn self_signed(self) -> Minted {
        self.mint(None)
    }

    pub fn signed_by(self, issuer: &Minted) -> Minted {
        self.mint(Some(issuer))
    }

    fn mint(self, issuer: Option<&Minted>) -> Minted {
        let mut name = X509Name::builder().unwrap();
        name.append_entry_by_text("CN", &self.name).unwrap();
        let name = name.build();
        let mut builder = X509::builder().unwrap();
        builder.set_version(self.version).unwrap();
        let mut serial = BigNum::new().unwrap();
        serial
            .rand(64, openssl::bn::MsbOption::MAYBE_ZERO, false)
            .unwrap();
        builder
            .set_serial_number(&serial.to_asn1_integer().unwrap())
            .unwrap();
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let time = |seconds| {
            let now = i64::try_from(now.as_secs()).unwrap();
            Asn1Time::from_unix(now + seconds).unwrap()
        };
        builder.set_not_before(&time(self.from)).unwrap();
        builder.set_not_after(&time(self.to)).unwrap();
        builder.set_subject_name(&name).unwrap();
        let by = issuer.map_or(&*name, |issuer| issuer.certificate.subject_name());
        builder.set_issuer_name(by).unwrap();
        builder.set_pubkey(&self.key).unwrap();
        if self.version == 2 {
            if self.is_ca {
                let constraints = BasicConstraints::new().critical().ca().build().unwrap();
                builder.append_extension(constraints).unwrap();
                if issuer.is_none() && self.alternatives.is_empty() {
                    let usage = KeyUsage::new().key_cert_sign().build().unwrap();
                    builder.append_extension(usage).unwrap();
                }
            }
            if !self.alternatives.is_empty() {
                let mut names = SubjectAlternativeName::new();
                for name in &self.alternatives {
                    match name.parse::<std::net::IpAddr>() {
                        Ok(_) => names.ip(name),
                        Err(_) => names.dns(name),
                    };
                }
                let names = names.build(&builder.x509v3_context(None, None)).unwrap();
                builder.append_extension(names).unwrap();
            }
        }
        let signer = issuer.map_or(&self.key, |issuer| &issuer.key);
        builder.sign(signer, MessageDigest::sha256()).unwrap();
        Minted {
            certificate: builder.build(),
            key: self.key,
        }
    }
}

impl Minted {
    pub fn pem(&self) -> String {
        String::from_utf8(self.certificate.to_pem().unwrap()).unwrap()
    }

    /// The name of its file in a hashed folder.
    pub fn hashed(&self) -> String {
        format!("{:08x}.0", self.certificate.subject_name_hash())
    }

    /// TLS settings of a server that sends this certificate and then those.
    pub fn serving(&self, chain: &[&Minted]) -> SslContext {
        let chain: String = [self]
            .iter()
            .chain(chain)
            .map(|minted| minted.pem())
            .collect();
        let key = String::from_utf8(self.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        peer::context(&chain, &key)
    }
}
