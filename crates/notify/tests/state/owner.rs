//! Root in the folders of an ordinary user: all it leaves there is that user's, and no link there leads
//! it to what is not.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};

use notify::Host;
use notify::disk::SystemDisk;
use notify::state::{Error, Lock};

use crate::peer::Folder;
use crate::room::{Room, TARGET};

/// Nobody has it.
const USER: u32 = 64_123;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A machine whose configuration is an ordinary user's.
fn room() -> Room {
    let room = Room::new();
    chown(&room.folder.0, Some(USER), Some(USER)).unwrap();
    room
}

fn of_root(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        if about.uid() != USER || about.gid() != USER {
            found.push(path.clone());
        }
        if about.is_dir() {
            of_root(&path, found);
        }
    }
}

#[test]
fn what_root_makes_is_the_owners_and_what_the_owner_made_is_taken() {
    if !is_root() {
        return;
    }
    let room = room();
    room.replace(&SystemDisk, "token").unwrap();
    let mut found = Vec::new();
    of_root(&room.folder.0, &mut found);
    assert!(room.file().exists());
    assert_eq!(found, [] as [PathBuf; 0]);
    // the record is the user's now
    assert_eq!(room.read().unwrap().as_deref(), Some("token"));
    assert!(rustix::process::geteuid().is_root(), "root once more");
    assert_eq!(rustix::process::getegid().as_raw(), 0);
    room.replace(&SystemDisk, "newer").unwrap();
    assert_eq!(room.read().unwrap().as_deref(), Some("newer"));
}

#[test]
fn a_record_of_a_third_user_is_told_and_nobody_is_told_to_delete_it() {
    if !is_root() {
        return;
    }
    let room = room();
    room.replace(&SystemDisk, "token").unwrap();
    // root can read any: it is not its record, nor the owner's
    chown(room.file(), Some(USER + 1), None).unwrap();
    fs::set_permissions(
        room.file(),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .unwrap();
    let said = room.read().unwrap_err().to_string();
    assert!(said.contains("a file of another user"), "{said}");
    assert!(
        !said.contains("delete") && !said.contains("remove"),
        "{said}"
    );
}

/// Each place below the user's folder in which a link may stand, and what root must not change.
#[test]
fn no_link_of_the_owner_leads_root_to_a_foreign_file() {
    if !is_root() {
        return;
    }
    for place in ["state/oauth2", "state", "run/oauth2", "run"] {
        let room = room();
        let foreign = Folder::new();
        fs::create_dir(foreign.0.join("oauth2")).unwrap();
        for name in ["mail.json", "mail.lock"] {
            fs::write(foreign.0.join(name), "root's").unwrap();
            fs::write(foreign.0.join("oauth2").join(name), "root's").unwrap();
        }
        let before = listing(&foreign.0);
        let link = room.folder.0.join(place);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        chown(link.parent().unwrap(), Some(USER), Some(USER)).unwrap();
        symlink(&foreign.0, &link).unwrap();
        assert!(room.replace(&SystemDisk, "token").is_err(), "{place}");
        assert_eq!(listing(&foreign.0), before, "{place}");
    }
    // the lock's own file
    let room = room();
    let foreign = Folder::new();
    fs::create_dir_all(room.folder.0.join("run/oauth2")).unwrap();
    symlink(
        foreign.0.join("new"),
        room.folder.0.join("run/oauth2/mail.lock"),
    )
    .unwrap();
    assert!(matches!(
        Lock::new(&room.host, TARGET).unwrap().try_take(),
        Err(Error::Disk { .. })
    ));
    assert_eq!(fs::read_dir(&foreign.0).unwrap().count(), 0);
}

/// Names, owners and contents.
fn listing(dir: &Path) -> Vec<(PathBuf, u32, u32, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        if about.is_dir() {
            all.extend(listing(&path));
        }
        let bytes = fs::read(&path).unwrap_or_default();
        all.push((path, about.uid(), about.gid(), bytes));
    }
    all.sort();
    all
}

#[test]
fn a_pve_node_is_roots_whoever_owns_the_folder() {
    if !is_root() {
        return;
    }
    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("priv/lock")).unwrap();
    chown(&folder.0, Some(USER), Some(USER)).unwrap();
    let host = Host::pve()
        .with_config_dir(&folder.0)
        .with_run_dir(folder.0.join("run"));
    let room = Room { host, folder };
    room.replace(&SystemDisk, "token").unwrap();
    assert_eq!(fs::metadata(room.file()).unwrap().uid(), 0);
}
