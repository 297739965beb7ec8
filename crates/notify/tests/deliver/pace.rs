//! A provider's limits, kept by all processes of a machine together, against a real server.

use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{env, thread};

use crate::mta::{Journal, converse, token_endpoint};
use crate::peer::{Folder, Server, hold};
use crate::site::{Site, words};

const SCOPE: &str = "https://outlook.office.com/SMTP.Send";
const OFFERS: &str = "\r\n250-AUTH XOAUTH2";
const FOLDER: &str = "NOTIFY_TEST_PACE_FOLDER";
const PORT: &str = "NOTIFY_TEST_PACE_PORT";

/// A target of this kind, as all processes of a test have it.
fn target(port: u16) -> String {
    format!(
        "smtp: relay\n\tserver localhost\n\tport {port}\n\tmode tls\n\tfrom-address pve@example.org\n\
         \tmailto ann@example.org\n\tusername pve@example.org\n\tauth-method microsoft-oauth2\n\
         \toauth2-client-id 11111111-2222-3333-4444-555555555555\n\toauth2-tenant-id example.org\n"
    )
}

const SECRETS: &str = "smtp: relay\n\toauth2-client-secret client~cAnArY\n";

/// A machine with a Microsoft target that has a token already.
fn site(mails: &Server, tokens: &Server) -> Site {
    let site = Site::new(&target(mails.address.port()), SECRETS);
    site.file(
        "oauth2-providers.json",
        &format!(
            r#"{{"microsoft-oauth2":{{"token-url":"https://localhost:{}/{{tenant}}/token"}}}}"#,
            tokens.address.port()
        ),
    );
    site.consent("relay");
    site
}

/// Sends mails from a process of its own until it is killed or done; started by the tests below.
#[test]
#[ignore = "run by the tests below"]
fn child() {
    let folder = Folder(PathBuf::from(env::var_os(FOLDER).unwrap()));
    let port = env::var(PORT).unwrap().parse().unwrap();
    // the folder is its parent's
    let site =
        ManuallyDrop::new(Site::at(folder, &target(port), SECRETS).within(Duration::from_secs(60)));
    for _ in 0..3 {
        let delivery = site.send("title", "text");
        assert_eq!(words(&delivery)[0].2, "sent", "{delivery:?}");
    }
}

/// Such a process, which ends with the test.
struct Process(Child);

impl Process {
    fn start(site: &Site, mails: &Server) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["pace::child", "--exact", "--ignored"])
            .env(FOLDER, &site.folder.0)
            .env(PORT, mails.address.port().to_string())
            .stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn six_processes_never_have_more_than_three_connections_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (journal, seen) = (Journal::default(), Arc::clone(&most));
    let noted = Arc::clone(&journal);
    let mails = Server::tls(move |tls, _| {
        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let at_dot = || {
            // a slow server, so that the others would come meanwhile
            thread::sleep(Duration::from_millis(150));
            // the client goes on no earlier than this
            now.fetch_sub(1, Ordering::SeqCst);
        };
        converse(tls, OFFERS, None, &noted, at_dot);
    });
    let tokens = token_endpoint(SCOPE);
    let site = site(&mails, &tokens);
    let mut processes: Vec<_> = (0..6).map(|_| Process::start(&site, &mails)).collect();
    for process in &mut processes {
        assert!(process.0.wait().unwrap().success());
    }
    assert_eq!(journal.lock().unwrap().len(), 18);
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert_eq!(tokens.count(), 1, "one refresh for all");
}

#[test]
fn the_31st_mail_of_a_minute_is_unsent_and_the_server_never_hears_of_it() {
    let mails = Server::tls(|tls, _| converse(tls, OFFERS, None, &Journal::default(), || {}));
    let tokens = token_endpoint(SCOPE);
    let site = site(&mails, &tokens).within(Duration::from_secs(25));
    for _ in 0..30 {
        let (word, reason) = site.outcome();
        assert_eq!(word, "sent", "{reason}");
    }
    // 30 mails may take a slow machine so long that there is room again within the usual 25 s
    let (word, reason) = site.within(Duration::from_secs(5)).outcome();
    assert_eq!(word, "unsent", "{reason}");
    assert!(
        reason.starts_with(
            "rate limit of microsoft-oauth2 reached for pve@example.org (30 mails/min); not sent"
        ),
        "{reason}"
    );
    assert_eq!(mails.count(), 30);
}

#[test]
fn f13_the_death_of_a_process_frees_its_connection() {
    let (sender, connected) = mpsc::channel();
    let mails = Server::tls(move |tls, number| {
        if number < 3 {
            sender.send(()).unwrap();
            hold(tls);
        } else {
            converse(tls, OFFERS, None, &Journal::default(), || {});
        }
    });
    let tokens = token_endpoint(SCOPE);
    let site = site(&mails, &tokens).within(Duration::from_millis(5500));
    let mut processes: Vec<_> = (0..3).map(|_| Process::start(&site, &mails)).collect();
    for _ in 0..3 {
        connected.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    let (word, reason) = site.outcome();
    assert_eq!((word, mails.count()), ("unsent", 3), "{reason}");
    assert!(reason.contains("(3 connections); not sent"), "{reason}");
    drop(processes.pop());
    let (word, reason) = site.outcome();
    assert_eq!((word, mails.count()), ("sent", 4), "{reason}");
}
