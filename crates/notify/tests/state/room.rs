//! A machine of its own for records, and the steps that replace one.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use notify::disk::{Disk, SystemDisk};
use notify::state::{Error, Identity, Lock, Record, Store};
use notify::{Deadline, Host, Secret};

use crate::peer::Folder;

pub const TARGET: &str = "mail";

pub struct Room {
    pub host: Host,
    pub folder: Folder,
}

impl Room {
    pub fn new() -> Self {
        let folder = Folder::new();
        let host = Host::standalone(&folder.0);
        Self { host, folder }
    }

    /// With a record that holds this token.
    pub fn holding(token: &str) -> Self {
        let room = Self::new();
        room.replace(&SystemDisk, token).unwrap();
        room
    }

    pub fn read(&self) -> Result<Option<String>, Error> {
        self.read_with(&SystemDisk)
    }

    pub fn read_with(&self, disk: &dyn Disk) -> Result<Option<String>, Error> {
        let record = Store::new(&self.host, disk).read(TARGET)?;
        Ok(record.map(|record| record.refresh_token.unwrap().expose().to_owned()))
    }

    /// Puts another token into the record, as a refresh does.
    pub fn replace(&self, disk: &dyn Disk, token: &str) -> Result<(), Error> {
        let deadline = Deadline::after(Duration::from_secs(5));
        let store = Store::new(&self.host, disk);
        let guard = Lock::new(&self.host, TARGET)?.take(deadline)?;
        let present = store.read_owned(&guard, TARGET, 1_700_000_000)?;
        let mark = present.as_ref().map(Record::mark);
        let mut record = match present {
            Some(record) => record,
            None => Record::new(Identity::default())?,
        };
        let reserved = store.reserve(&guard, TARGET, Some(&record))?;
        record.refresh_token = Some(Secret::new(token));
        store.commit(&guard, reserved, TARGET, &mut record, mark.as_ref())
    }

    pub fn file(&self) -> PathBuf {
        self.host.state_dir().join("mail.json")
    }

    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.host.state_dir()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The text of a record with a checksum that fits it, changed or not.
pub fn sealed(text: &str) -> String {
    let mut map: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_str(text).unwrap();
    map.remove("check");
    let hash = openssl::sha::sha256(&serde_json::to_vec(&map).unwrap());
    let check: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    map.insert("check".to_owned(), check.into());
    serde_json::to_string_pretty(&map).unwrap()
}
