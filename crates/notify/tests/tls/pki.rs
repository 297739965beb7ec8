//! Certificates of every kind, made by the program `openssl`, so that nothing of ours made them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// Kinds of keys, as `openssl genpkey` takes them.
pub const P256: &str = "EC -pkeyopt ec_paramgen_curve:P-256";
pub const P384: &str = "EC -pkeyopt ec_paramgen_curve:P-384";
pub const P521: &str = "EC -pkeyopt ec_paramgen_curve:P-521";
pub const SECP256K1: &str = "EC -pkeyopt ec_paramgen_curve:secp256k1";
pub const ED25519: &str = "ED25519";
pub const ED448: &str = "ED448";
pub const RSA1024: &str = "RSA -pkeyopt rsa_keygen_bits:1024";
pub const RSA2048: &str = "RSA -pkeyopt rsa_keygen_bits:2048";
pub const RSA3072: &str = "RSA -pkeyopt rsa_keygen_bits:3072";
pub const RSA4096: &str = "RSA -pkeyopt rsa_keygen_bits:4096";
/// The public exponent that was usual once.
pub const RSA_3: &str = "RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3";
pub const EXPLICIT: &str = "EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit";
pub const RSA_PSS: &str = "RSA-PSS -pkeyopt rsa_keygen_bits:2048";

/// What an authority's certificate says.
pub const CA: &[&str] = &[
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
];
/// What a server's certificate says beside its names.
pub const SERVER: &[&str] = &[
    "basicConstraints=CA:FALSE",
    "keyUsage=critical,digitalSignature,keyEncipherment",
    "extendedKeyUsage=serverAuth",
];

/// The moments between which certificates count.
pub const LAST_YEAR: &str = "20251101000000Z";
pub const YESTERDAY: &str = "20260101000000Z";
pub const LONG_AGO: &str = "20200101000000Z";
pub const IN_FIFTY_YEARS: &str = "20760101000000Z";
pub const IN_SIXTY_YEARS: &str = "20860101000000Z";

/// A certificate and its key.
#[derive(Clone)]
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Issued {
    pub fn pem(&self) -> String {
        fs::read_to_string(&self.certificate).unwrap()
    }
}

/// What a certificate is to be; a server's for `mail.example.org` at first.
#[derive(Clone)]
pub struct Wanted {
    subject: String,
    kind: &'static str,
    digest: &'static str,
    span: (&'static str, &'static str),
    extensions: Vec<String>,
}

impl Wanted {
    pub fn server(names: &str) -> Self {
        let mut wanted = Self::new("/CN=a server").saying(SERVER);
        if !names.is_empty() {
            wanted.extensions.push(format!("subjectAltName={names}"));
        }
        wanted
    }

    pub fn authority(name: &str) -> Self {
        Self::new(&format!("/CN={name}")).saying(CA)
    }

    fn new(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            kind: P256,
            digest: "sha256",
            span: (LONG_AGO, IN_FIFTY_YEARS),
            extensions: Vec::new(),
        }
    }

    pub fn called(mut self, name: &str) -> Self {
        self.subject = format!("/CN={name}");
        self
    }

    pub fn key(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// The hash of the signature on this certificate.
    pub fn digest(mut self, digest: &'static str) -> Self {
        self.digest = digest;
        self
    }

    pub fn span(mut self, start: &'static str, end: &'static str) -> Self {
        self.span = (start, end);
        self
    }

    /// These extensions; of one that is there already, the new text counts.
    pub fn saying(mut self, extensions: &[&str]) -> Self {
        for extension in extensions {
            let name = extension.split('=').next().unwrap_or_default();
            let is_other = |old: &String| old.split('=').next() != Some(name);
            self.extensions.retain(is_other);
            self.extensions.push((*extension).to_owned());
        }
        self
    }

    /// No extension at all.
    pub fn bare(mut self) -> Self {
        self.extensions.clear();
        self
    }
}

/// A folder of keys and certificates; keys are made once a kind and place in the chain.
pub struct Workshop {
    dir: PathBuf,
    made: Mutex<HashMap<String, Arc<OnceLock<PathBuf>>>>,
    next: AtomicUsize,
    root: OnceLock<Issued>,
}

impl Workshop {
    pub fn new(dir: PathBuf) -> Self {
        fs::create_dir(&dir).unwrap();
        let names = "[req]\ndistinguished_name=name\n[name]\n";
        fs::write(dir.join("names"), names).unwrap();
        Self {
            dir,
            made: Mutex::default(),
            next: AtomicUsize::new(0),
            root: OnceLock::new(),
        }
    }

    /// The authority that most rows share.
    pub fn root(&self) -> Issued {
        let make = || self.self_signed(&Wanted::authority("The root"));
        self.root.get_or_init(make).clone()
    }

    /// The most usual server: a chain of two.
    pub fn usual(&self) -> (Issued, Issued) {
        let root = self.root();
        let leaf = self.issue(&Wanted::server("DNS:mail.example.org"), &root);
        (root, leaf)
    }

    /// This certificate in the form that says what it is trusted for, by these options of `openssl x509`.
    pub fn trusted(&self, one: &Issued, options: &str) -> String {
        let mut convert = openssl(&self.dir, "x509 -trustout");
        convert.args(options.split(' '));
        convert.arg("-in").arg(&one.certificate);
        String::from_utf8(convert.output().unwrap().stdout).unwrap()
    }

    pub fn self_signed(&self, wanted: &Wanted) -> Issued {
        self.sign(wanted, None)
    }

    pub fn issue(&self, wanted: &Wanted, issuer: &Issued) -> Issued {
        self.sign(wanted, Some(issuer))
    }

    /// Signs by `openssl ca`, which alone can choose both dates in every release.
    fn sign(&self, wanted: &Wanted, issuer: Option<&Issued>) -> Issued {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let dir = self.dir.join(format!("certificate-{number}"));
        fs::create_dir(&dir).unwrap();
        let (key, request) = self.request(wanted);
        let write = |name: &str, text: &str| fs::write(dir.join(name), text).unwrap();
        write("index.txt", "");
        write("serial", &format!("{:08X}", number + 0x1000_0000));
        write(
            "config",
            "[ca]\ndefault_ca=here\n[here]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n\
             policy=any\n[any]\ncommonName=supplied\n",
        );
        write("extensions", &wanted.extensions.join("\n"));
        let mut sign = openssl(
            &dir,
            "ca -batch -notext -config config -out certificate -utf8",
        );
        sign.arg("-in").arg(request);
        sign.args(["-startdate", wanted.span.0, "-enddate", wanted.span.1]);
        sign.args(["-md", wanted.digest, "-extfile", "extensions"]);
        match issuer {
            Some(issuer) => {
                sign.arg("-cert").arg(&issuer.certificate);
                sign.arg("-keyfile").arg(&issuer.key);
            }
            None => {
                sign.arg("-selfsign").arg("-keyfile").arg(&key);
            }
        }
        run(&mut sign);
        Issued {
            certificate: dir.join("certificate"),
            key,
        }
    }

    /// The key and a request that is signed by it. A server's keys and an authority's differ, and so do
    /// those of two authorities.
    fn request(&self, wanted: &Wanted) -> (PathBuf, PathBuf) {
        let Wanted { subject, kind, .. } = wanted;
        let mut extensions = wanted.extensions.iter();
        let is_authority = extensions.any(|text| text.contains("CA:TRUE"));
        let place = if is_authority { subject } else { "" };
        let key = self.once(format!("{kind} {place}"), |path| {
            let mut make = openssl(&self.dir, "genpkey -algorithm");
            run(make.args(kind.split(' ')).arg("-out").arg(path));
        });
        let request = self.once(format!("{kind} {place} {subject}."), |path| {
            let mut make = openssl(&self.dir, "req -new -config names -utf8 -subj");
            run(make
                .arg(subject)
                .arg("-key")
                .arg(&key)
                .arg("-out")
                .arg(path));
        });
        (key, request)
    }

    /// A file that is made when it is first wanted; others who want it wait, and nobody else.
    fn once(&self, what: String, make: impl FnOnce(&Path)) -> PathBuf {
        let place = Arc::clone(self.made.lock().unwrap().entry(what).or_default());
        let make = || {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let path = self.dir.join(format!("made-{number}"));
            make(&path);
            path
        };
        place.get_or_init(make).clone()
    }
}

/// The program with these arguments, in a folder.
pub fn openssl(dir: &Path, arguments: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).current_dir(dir);
    command
}

fn run(command: &mut Command) {
    let output = command.output().expect("openssl is there");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
}
