//! F-02: a power loss after every step. What was not synced may be lost, half there or garbled, and
//! names that were not synced may be there or not, in the order in which they were made.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use notify::disk::{Disk, Draft, Found, Stamp, SystemDisk};

use crate::room::Room;

/// One step, with which file it was done: names change, files do not.
#[derive(Clone, Debug)]
enum Step {
    Create(PathBuf, usize),
    Write(usize, Vec<u8>),
    Sync(usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    SyncDir,
}

/// The machine's disk, and every step that was done on it.
#[derive(Clone, Debug, Default)]
struct RecordingDisk(Arc<Mutex<Vec<Step>>>);

impl RecordingDisk {
    fn note(&self, step: Step) {
        self.0.lock().unwrap().push(step);
    }
}

#[derive(Debug)]
struct RecordingDraft {
    draft: Box<dyn Draft>,
    number: usize,
    disk: RecordingDisk,
}

impl Disk for RecordingDisk {
    fn read(&self, path: &Path) -> io::Result<Option<Found>> {
        SystemDisk.read(path)
    }
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        SystemDisk.stamp(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Draft>> {
        let number = self.0.lock().unwrap().len() + 1;
        self.note(Step::Create(path.to_owned(), number));
        Ok(Box::new(RecordingDraft {
            draft: SystemDisk.create(path)?,
            number,
            disk: self.clone(),
        }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note(Step::Rename(from.to_owned(), to.to_owned()));
        SystemDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.note(Step::Remove(path.to_owned()));
        SystemDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.note(Step::SyncDir);
        SystemDisk.sync_dir(dir)
    }
    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        SystemDisk.names(dir)
    }
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        SystemDisk.make_dir(dir)
    }
}

impl Draft for RecordingDraft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.note(Step::Write(self.number, bytes.to_owned()));
        self.draft.write(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.disk.note(Step::Sync(self.number));
        self.draft.sync()
    }
}

/// What becomes of content that was not synced.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Lost,
    Half,
    Garbled,
    Kept,
}

/// The files after a power loss: of the steps that were done, only so many changes of names beyond
/// the last sync of the folder have reached the disk.
fn after_loss(
    old: &(PathBuf, Vec<u8>),
    steps: &[Step],
    names: usize,
    fate: Fate,
) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut content: BTreeMap<usize, (Vec<u8>, Vec<u8>)> = BTreeMap::new();
    content.insert(0, (old.1.clone(), old.1.clone()));
    let mut dir = BTreeMap::from([(old.0.clone(), 0)]);
    let last_sync = steps
        .iter()
        .rposition(|step| matches!(step, Step::SyncDir))
        .unwrap_or(0);
    let mut left = names;
    for (index, step) in steps.iter().enumerate() {
        let is_name = matches!(step, Step::Create(..) | Step::Rename(..) | Step::Remove(..));
        let reached = index < last_sync || left > 0;
        if is_name && index >= last_sync {
            left = left.saturating_sub(1);
        }
        match step {
            Step::Create(path, number) => {
                content.insert(*number, (Vec::new(), Vec::new()));
                if reached {
                    dir.insert(path.clone(), *number);
                }
            }
            Step::Write(number, bytes) => content.get_mut(number).unwrap().1.clone_from(bytes),
            Step::Sync(number) => {
                let (synced, written) = content.get_mut(number).unwrap();
                synced.clone_from(written);
            }
            Step::Rename(from, to) if reached => {
                if let Some(number) = dir.remove(from) {
                    dir.insert(to.clone(), number);
                }
            }
            Step::Remove(path) if reached => {
                dir.remove(path);
            }
            _ => {}
        }
    }
    let bytes = |number: usize| {
        let (synced, written) = &content[&number];
        if synced == written {
            return synced.clone();
        }
        match fate {
            Fate::Lost => synced.clone(),
            Fate::Half => written[..written.len() / 2].to_owned(),
            Fate::Garbled => written.iter().map(|byte| byte ^ 0x55).collect(),
            Fate::Kept => written.clone(),
        }
    };
    dir.into_iter()
        .map(|(path, number)| (path, bytes(number)))
        .collect()
}

#[test]
fn f_02_after_a_power_loss_the_record_is_the_old_or_the_new_one() {
    let room = Room::holding("old");
    let old = (room.file(), fs::read(room.file()).unwrap());
    let disk = RecordingDisk::default();
    room.replace(&disk, "new").unwrap();
    let steps = disk.0.lock().unwrap().clone();
    assert!(steps.len() >= 6, "{steps:?}");
    let (mut olds, mut news) = (0, 0);
    for end in 0..=steps.len() {
        for names in 0..=end {
            for fate in [Fate::Lost, Fate::Half, Fate::Garbled, Fate::Kept] {
                let files = after_loss(&old, &steps[..end], names, fate);
                let room = Room::new();
                fs::create_dir_all(room.host.state_dir()).unwrap();
                for (path, bytes) in files {
                    let path = room.host.state_dir().join(path.file_name().unwrap());
                    fs::write(path, bytes).unwrap();
                }
                match room.read().unwrap().as_deref() {
                    Some("old") => olds += 1,
                    Some("new") => news += 1,
                    other => panic!("{other:?} after {:?}, {names}, {fate:?}", &steps[..end]),
                }
                if end == steps.len() {
                    assert_eq!(
                        room.read().unwrap().as_deref(),
                        Some("new"),
                        "it was stored"
                    );
                }
                room.replace(&SystemDisk, "next").unwrap();
                assert_eq!(room.names(), ["mail.json"]);
            }
        }
    }
    assert!(olds > 0 && news > 0);
}

#[test]
fn the_model_notices_a_store_that_does_not_sync() {
    let old = (PathBuf::from("mail.json"), b"old".to_vec());
    let steps = [
        Step::Create("t".into(), 1),
        Step::Write(1, b"new".to_vec()),
        Step::Rename("t".into(), "mail.json".into()),
    ];
    let files = after_loss(&old, &steps, 2, Fate::Lost);
    assert_eq!(files[Path::new("mail.json")], b"");
}
