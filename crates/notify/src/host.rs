//! The machine this code runs on, as a value: where the configuration lies, which CA certificates
//! count, how names are looked up, which proxy is set.
//!
//! The installed entry point makes it and hands it down. Which kind of machine it is never follows
//! from the environment or from a look around: only a machine that is not a PVE node may name
//! providers of its own, and nobody else must be able to switch that on.

mod datacenter;
mod name;
mod proxy;
mod pve;
mod standalone;
mod users;

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

pub(crate) use name::is_everybodys;
pub(crate) use proxy::Proxy;

use crate::owner::Owner;
use crate::plain::Unusable;
use crate::tls::Trust;

/// Where every mail system installs the program that takes mails over.
const SENDMAIL: &str = "/usr/sbin/sendmail";

/// Finds the addresses of a host and port; may block, runs in a thread of its own.
pub type Lookup = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// The system's way to look a name up: hosts file, DNS, whatever `nsswitch.conf` says.
fn system_lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    (host, port).to_socket_addrs().map(Iterator::collect)
}

/// The kinds of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machine {
    Pve,
    Standalone,
}

/// A machine.
#[derive(Clone, Debug)]
pub struct Host {
    kind: Machine,
    config_dir: PathBuf,
    trust: Trust,
    vendor_templates: PathBuf,
    state_dir: Option<PathBuf>,
    run_dir: Option<PathBuf>,
    lookup: Lookup,
    fqdn: Option<String>,
    sendmail: PathBuf,
}

impl Host {
    /// A node of Proxmox VE, configured in `/etc/pve`.
    #[must_use]
    pub fn pve() -> Self {
        Self::new(
            Machine::Pve,
            PathBuf::from(pve::CONFIG_DIR),
            pve::VENDOR_TEMPLATES,
        )
    }

    /// Any other machine, configured in `config_dir`, where it may name providers of its own.
    #[must_use]
    pub fn standalone(config_dir: impl Into<PathBuf>) -> Self {
        Self::new(
            Machine::Standalone,
            config_dir.into(),
            standalone::VENDOR_TEMPLATES,
        )
    }

    /// It trusts whom OpenSSL trusts by default: `SSL_CERT_FILE` and `SSL_CERT_DIR` count.
    fn new(kind: Machine, config_dir: PathBuf, vendor_templates: &str) -> Self {
        Self {
            kind,
            config_dir,
            trust: Trust::of_system(),
            vendor_templates: PathBuf::from(vendor_templates),
            state_dir: None,
            run_dir: None,
            lookup: system_lookup,
            fqdn: None,
            sendmail: PathBuf::from(SENDMAIL),
        }
    }

    /// The same machine with its configuration elsewhere.
    #[must_use]
    pub fn with_config_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.config_dir = dir.into();
        self
    }

    /// The same machine trusting the CA certificates of this PEM file and no others.
    #[must_use]
    pub fn with_ca_bundle(mut self, file: impl Into<PathBuf>) -> Self {
        self.trust = Trust::Only(file.into());
        self
    }

    /// The same machine with other authorities.
    #[cfg(test)]
    pub(crate) fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// The same machine with the vendor's mail templates elsewhere.
    #[must_use]
    pub fn with_vendor_templates(mut self, dir: impl Into<PathBuf>) -> Self {
        self.vendor_templates = dir.into();
        self
    }

    /// The same machine keeping its state below `dir`. The state of a PVE node belongs to the
    /// cluster and stays where it is.
    #[must_use]
    pub fn with_state_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.state_dir = Some(dir.into());
        self
    }

    /// The same machine keeping what may be lost at a restart in `dir`, which only its owner may
    /// write.
    #[must_use]
    pub fn with_run_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.run_dir = Some(dir.into());
        self
    }

    /// The same machine with another way to look names up.
    #[must_use]
    pub fn with_lookup(mut self, lookup: Lookup) -> Self {
        self.lookup = lookup;
        self
    }

    /// The same machine under another name; one without a dot means that it has no full name.
    #[must_use]
    pub fn with_fqdn(mut self, name: impl Into<String>) -> Self {
        self.fqdn = Some(name.into());
        self
    }

    /// The machine's full name, in which a dot is; `None` where no file of the machine gives it a
    /// domain, or only that of `localhost`.
    #[must_use]
    pub fn fqdn(&self) -> Option<String> {
        let name = self.fqdn.clone().or_else(name::fqdn);
        name.filter(|name| name.contains('.') && !is_everybodys(name))
    }

    /// The same machine with the mail system's program elsewhere.
    #[must_use]
    pub fn with_sendmail(mut self, program: impl Into<PathBuf>) -> Self {
        self.sendmail = program.into();
        self
    }

    /// The folder of the configuration.
    #[must_use]
    pub fn config_dir(&self) -> &Path {
        &self.config_dir
    }

    /// The folder of the records of OAuth2 targets: shared by all nodes of a PVE cluster, else
    /// `state/oauth2` below the configuration unless the entry point said where.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        match (self.kind, &self.state_dir) {
            (Machine::Pve, _) => self.config_dir.join(pve::STATE_DIR),
            (Machine::Standalone, Some(dir)) => dir.join(standalone::STATE_DIR),
            (Machine::Standalone, None) => {
                self.config_dir.join("state").join(standalone::STATE_DIR)
            }
        }
    }

    /// The folder of what this machine alone knows and may lose at a restart.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        match (self.kind, &self.run_dir) {
            (_, Some(dir)) => dir.clone(),
            (Machine::Pve, None) => PathBuf::from(pve::RUN_DIR),
            (Machine::Standalone, None) => self.config_dir.join("run"),
        }
    }

    /// The folder of the cluster's locks; `None` on a machine that shares its state with no other.
    #[must_use]
    pub fn cluster_locks(&self) -> Option<PathBuf> {
        (self.kind == Machine::Pve).then(|| self.config_dir.join(pve::LOCK_DIR))
    }

    /// Whose its files are where the caller is root and they are not; those of a PVE node are root's.
    pub(crate) fn owner(&self) -> Option<Owner> {
        match self.kind {
            Machine::Pve => None,
            Machine::Standalone => Owner::of(&self.config_dir),
        }
    }

    /// What this machine is called in records: its name, with its domain where that is known.
    #[must_use]
    pub(crate) fn node(&self) -> String {
        self.fqdn().unwrap_or_else(|| {
            rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned()
        })
    }

    /// The admin's mail templates, which come before the vendor's.
    #[must_use]
    pub fn admin_templates(&self) -> PathBuf {
        self.config_dir.join("notification-templates/default")
    }

    /// The vendor's mail templates.
    #[must_use]
    pub fn vendor_templates(&self) -> &Path {
        &self.vendor_templates
    }

    /// The mail system's program that takes mails over.
    pub(crate) fn sendmail(&self) -> &Path {
        &self.sendmail
    }

    /// The sender of mails that name none: `email_from` of `datacenter.cfg`, else `root`.
    pub(crate) fn email_from(&self) -> Result<String, Unusable> {
        let set = datacenter::setting(&self.config_dir.join("datacenter.cfg"), "email_from")?;
        Ok(set
            .filter(|from| !from.is_empty())
            .unwrap_or_else(|| "root".to_owned()))
    }

    /// The mail addresses of the users of `user.cfg`, by user id.
    pub(crate) fn user_addresses(&self) -> Result<HashMap<String, String>, Unusable> {
        users::addresses(&self.config_dir.join("user.cfg"))
    }

    pub(crate) fn lookup(&self) -> Lookup {
        self.lookup
    }

    /// Which authorities of certificates count.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The proxy of `datacenter.cfg`; the environment's proxy variables do not count.
    pub(crate) fn proxy(&self) -> Result<Option<Proxy>, Unusable> {
        proxy::read(&self.config_dir.join("datacenter.cfg"))
    }

    /// The text of the provider file and its path; `None` where there is none or none may be.
    pub(crate) fn provider_file(&self) -> Result<Option<(PathBuf, String)>, Unusable> {
        match self.kind {
            Machine::Pve => Ok(None),
            Machine::Standalone => standalone::provider_file(&self.config_dir, self.owner()),
        }
    }
}
