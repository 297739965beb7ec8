//! One message for all processes that look at once, and one although the process that tells it dies.

use std::env;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::alert::{RELAY, SECRET, ended, phone};
use crate::peer::{Folder, Server, hold};
use crate::site::{Later, OK, Site, web, words};

const FOLDER: &str = "NOTIFY_TEST_ALERT_FOLDER";
const PORT: &str = "NOTIFY_TEST_ALERT_PORT";

/// Looks once, from a process of its own; started by the tests below.
#[test]
#[ignore = "run by the tests below"]
fn child() {
    let folder = Folder(PathBuf::from(env::var_os(FOLDER).unwrap()));
    let (public, secrets) = phone(env::var(PORT).unwrap().parse().unwrap());
    let (public, secrets) = (format!("{RELAY}\n{public}"), format!("{SECRET}\n{secrets}"));
    // the folder is its parent's
    let site = ManuallyDrop::new(Site::at(folder, &public, &secrets));
    let _ = site.alert();
}

fn start(site: &Site, phone: &Server) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["alert_once::child", "--exact", "--ignored"])
        .env(FOLDER, &site.folder.0)
        .env(PORT, phone.address.port().to_string())
        .stdout(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn of_many_processes_that_look_at_once_one_tells_it() {
    let (server, _) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let site = ended(&public, secrets);
    let count = if env::var_os("SOAK").is_some() { 64 } else { 6 };
    let processes: Vec<_> = (0..count).map(|_| start(&site, &server)).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(server.count(), 1);
    assert_eq!(site.alert().targets, []);
}

#[test]
fn who_dies_while_telling_is_waited_for_and_then_it_is_told_again() {
    let (sender, came) = mpsc::channel();
    let silent = Server::tcp(move |mut tcp, _| {
        sender.send(()).unwrap();
        hold(&mut tcp);
    });
    let (server, _) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let clock = Later::new();
    let site = ended(&public, secrets).with_clock(clock);
    let mut process = start(&site, &silent);
    came.recv_timeout(Duration::from_secs(20)).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    clock.pass(60);
    assert_eq!(site.alert().targets, [], "it may still be telling");
    clock.pass(900);
    assert_eq!(
        words(&site.alert()),
        [("phone".to_owned(), String::new(), "sent")]
    );
    clock.pass(900);
    assert_eq!((site.alert().targets, server.count()), (vec![], 1));
}
