//! The machine: a node of Proxmox VE, or a notification host where its package says so. Neither the environment
//! nor a look around decides that.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use notify::config::Raw;
use notify::message::Message;
use notify::service::{Memory, Service};
use notify::{Host, Secret};
use serde::Deserialize;

use crate::args::Options;
use crate::failure::Failure;

/// Who the commands act for, as pvesh does: only root and the owner of the configuration can.
pub const BY: &str = "root@pam";
/// What the package of the notification host says about its folders.
const HOST_FILE: &str = "/usr/share/pve-notify-host/machine.json";
/// The files of the configuration, in the order of [`Raw`].
const FILES: [&str; 4] = [
    "notifications.cfg",
    "priv/notifications.cfg",
    "notifications-ext.cfg",
    "priv/notifications-ext.cfg",
];
/// A change of several of them that goes on, or was cut short.
const PENDING: &str = "priv/notifications-pending.cfg";
/// The largest file, in bytes, as everywhere.
const MAX: u64 = 1_048_552;
/// So long a change of the files is waited for: as long as their locks.
const WAIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// The machine.
pub struct Machine {
    host: Host,
}

/// The folders of a notification host.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Folders {
    config_dir: PathBuf,
    state_dir: PathBuf,
    run_dir: PathBuf,
    /// The mail templates, where they are not the installed ones.
    templates: Option<PathBuf>,
}

impl Machine {
    /// The one that the options name, or this one.
    pub fn of(options: &Options) -> Result<Self, Failure> {
        let folders = match &options.host_dir {
            Some(dir) => {
                let dir = std::path::absolute(dir)?;
                Some(Folders {
                    config_dir: dir.join("config"),
                    state_dir: dir.join("state"),
                    run_dir: dir.join("run"),
                    templates: Some(dir.join("templates")).filter(|dir| dir.is_dir()),
                })
            }
            None => installed()?,
        };
        let host = match folders {
            None => Host::pve(),
            Some(folders) => {
                let host = Host::standalone(folders.config_dir)
                    .with_state_dir(folders.state_dir)
                    .with_run_dir(folders.run_dir);
                match folders.templates {
                    Some(templates) => host.with_vendor_templates(templates),
                    None => host,
                }
            }
        };
        if !host.config_dir().is_dir() {
            let cause = format!("{}: the folder does not exist", host.config_dir().display());
            let fix = "run this on a Proxmox VE node, or install pve-notify-host and run: notify-host setup";
            return Err(Failure::Here(Message::new(cause).fix(fix)));
        }
        Ok(Self { host })
    }

    /// The configuration as it is now; a change that goes on is waited for.
    pub fn read(&self) -> Result<Service, Failure> {
        let begun = Instant::now();
        loop {
            let is_still = !self.is_pending();
            let service = self.read_once()?;
            if is_still && !self.is_pending() && !service.config().is_torn() {
                return Ok(service);
            }
            if begun.elapsed() >= WAIT {
                let message =
                    Message::new("a change of the notification configuration was cut short")
                        .fix("complete it: pvesh get /cluster/notifications/targets");
                return Err(Failure::Here(message));
            }
            thread::sleep(PAUSE);
        }
    }

    fn read_once(&self) -> Result<Service, Failure> {
        let mut texts = Vec::new();
        for name in FILES {
            texts.push(text(&self.host.config_dir().join(name))?);
        }
        let text = |index: usize| texts.get(index).map_or("", |text| text.expose());
        let raw = Raw {
            public: text(0),
            private: text(1),
            ext: text(2),
            private_ext: text(3),
        };
        Ok(Service::read(raw, self.host.clone(), Memory::new())?)
    }

    fn is_pending(&self) -> bool {
        self.host.config_dir().join(PENDING).exists()
    }
}

/// What the package of the notification host says; `None` where it is not installed.
fn installed() -> Result<Option<Folders>, Failure> {
    let path = Path::new(HOST_FILE);
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        about => about.map_err(|error| unreadable(path, &error))?,
    };
    if !about.is_file() || about.uid() != 0 || about.mode() & 0o022 != 0 {
        let cause = format!("{HOST_FILE}: not a plain file that root alone can write");
        return Err(Failure::Here(
            Message::new(cause).fix("install the package pve-notify-host again"),
        ));
    }
    let text = text(path)?;
    let folders = serde_json::from_str(text.expose())
        .map_err(|error| Failure::here(format!("{HOST_FILE}: not understood: {error}")))?;
    Ok(Some(folders))
}

/// A file's text; none is an empty one.
fn text(path: &Path) -> Result<Secret, Failure> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Secret::new("")),
        file => file.map_err(|error| unreadable(path, &error))?,
    };
    let mut text = String::new();
    file.take(MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(path, &error))?;
    if text.len() as u64 > MAX {
        return Err(Failure::here(format!(
            "{}: larger than {MAX} bytes",
            path.display()
        )));
    }
    Ok(Secret::new(text))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let message = Message::new(format!("{}: cannot read it: {error}", path.display()));
    Failure::Here(match error.kind() {
        ErrorKind::PermissionDenied => message.fix("run this as root"),
        _ => message,
    })
}
