//! A mount namespace, where small folders stand in the place of the machine's own store and settings.
//!
//! The clients of a row run in one process there, so that each step finds what the last one left.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use serde::{Deserialize, Serialize};

use crate::pki::{LAST_YEAR, LONG_AGO, P384, Wanted, Workshop};
use crate::programs::{Found, ours, s_client};
use crate::row::{Setup, Verdict, compare};

/// Where the process inside finds its task.
const TASK: &str = "NOTIFY_TEST_TLS_TASK";

/// Puts folders of `$W` in the place of the machine's.
const MOUNTS: &str = r#"
mount --bind "$W/ssl" /etc/ssl
mount --bind "$W/lib" /usr/lib/ssl
mount --bind "$W/vendor" /usr/share/ca-certificates
mount --bind "$W/local" /usr/local/share/ca-certificates
mount --bind "$W/hooks" /etc/ca-certificates
mount --bind "$W/conf" /etc/ca-certificates.conf
update-ca-certificates --fresh >/dev/null
exec "$@"
"#;

/// What is in OpenSSL's own folder.
const LINKS: [(&str, &str); 3] = [
    ("certs", "/etc/ssl/certs"),
    ("cert.pem", "/etc/ssl/certs/ca-certificates.crt"),
    ("openssl.cnf", "/etc/ssl/openssl.cnf"),
];

/// A command of a shell, and what the two find after it.
pub type Step = (&'static str, Verdict);

#[derive(Clone, Copy)]
pub struct Row {
    pub title: &'static str,
    /// The environment of the clients; `$W` is put in.
    pub environment: &'static [(&'static str, &'static str)],
    pub steps: &'static [Step],
    pub setup: fn(&Workshop) -> Setup,
}

pub fn row(title: &'static str, setup: fn(&Workshop) -> Setup, steps: &'static [Step]) -> Row {
    Row {
        title,
        environment: &[],
        steps,
        setup,
    }
}

impl Row {
    pub fn with(mut self, environment: &'static [(&'static str, &'static str)]) -> Self {
        self.environment = environment;
        self
    }
}

/// A file of settings as an admin writes it.
pub fn settings(lines: &str) -> String {
    format!(
        "openssl_conf=init\n[init]\nssl_conf=ssl\n[ssl]\nsystem_default=defaults\n[defaults]\n{lines}\n"
    )
}

#[derive(Serialize, Deserialize)]
struct Task {
    name: String,
    port: u16,
    steps: Vec<String>,
}

/// What was found after a step: by `s_client`, by ours, and mails so far at the server.
type Pair = (Seen, Seen);

#[derive(Serialize, Deserialize)]
struct Seen {
    is_accepted: bool,
    said: String,
}

impl From<Found> for Seen {
    fn from(found: Found) -> Self {
        Self {
            is_accepted: found.is_accepted,
            said: found.said,
        }
    }
}

impl From<Seen> for Found {
    fn from(seen: Seen) -> Self {
        Self {
            is_accepted: seen.is_accepted,
            said: seen.said,
        }
    }
}

/// Runs inside.
#[test]
#[ignore = "run by the tests of the store"]
fn inside() {
    let dir = PathBuf::from(env::var_os(TASK).unwrap());
    let task = fs::read(dir.join("task")).unwrap();
    let task: Task = serde_json::from_slice(&task).unwrap();
    let mut found: Vec<Pair> = Vec::new();
    for step in &task.steps {
        let mut shell = Command::new("sh");
        // the programs that change the store are not the ones that are looked at
        shell
            .args(["-ec", step])
            .env("W", &dir)
            .env_remove("OPENSSL_CONF");
        succeeded(shell.output().unwrap());
        let theirs = s_client(None, &task.name, task.port);
        let own = ours(None, &task.name, task.port, &dir.join("host"));
        found.push((theirs.into(), own.into()));
    }
    fs::write(dir.join("found"), serde_json::to_vec(&found).unwrap()).unwrap();
}

fn succeeded(output: Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
}

/// The beginning of a command that runs in a mount namespace.
fn namespace() -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private"]);
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare
}

/// Whether the rows can run here; where they must, the lack of it is a fault.
pub fn can_run() -> bool {
    let works = namespace().arg("true").output();
    let works = works.is_ok_and(|output| output.status.success());
    assert!(works || env::var_os("CI").is_none(), "no mount namespaces");
    if !works {
        println!("SKIPPED: no mount namespaces here");
    }
    works
}

impl Row {
    pub fn faults(&self, workshop: &Workshop, dir: &Path, cnf: Option<&str>) -> Vec<String> {
        let setup = (self.setup)(workshop);
        let server = setup.start();
        for folder in [
            "lib",
            "ssl/certs",
            "vendor/own",
            "local",
            "hooks/update.d",
            "other",
        ] {
            fs::create_dir_all(dir.join(folder)).unwrap();
        }
        let write = |name: &str, text: &str| fs::write(dir.join(name), text).unwrap();
        let make = |wanted: Wanted| workshop.self_signed(&wanted).pem();
        let other = make(Wanted::authority("Other"));
        write("same.crt", &make(Wanted::authority("The root").key(P384)));
        write(
            "old.crt",
            &make(Wanted::authority("The root").span(LONG_AGO, LAST_YEAR)),
        );
        for (name, text) in [("store.crt", &setup.store), ("other.crt", &other)] {
            write(name, text);
        }
        for (name, place) in LINKS {
            symlink(place, dir.join("lib").join(name)).unwrap();
        }
        write("empty", "");
        // a store is never empty
        write("vendor/own/other.crt", &other);
        write("conf", "own/other.crt\n");
        let machine = fs::read_to_string("/etc/ssl/openssl.cnf").unwrap();
        write("ssl/openssl.cnf", cnf.unwrap_or(&machine));
        write("broken.cnf", "[broken\n=");
        write("unknown.cnf", &settings("MinProtocol=TLSv9\nNonsense=1"));
        write("thirteen.cnf", &settings("MinProtocol=TLSv1.3"));
        write("third.cnf", &settings("CipherString=DEFAULT@SECLEVEL=3"));
        write(
            "old.cnf",
            &settings("MinProtocol=TLSv1\nCipherString=DEFAULT@SECLEVEL=0"),
        );
        let task = Task {
            name: setup.name.clone(),
            port: server.port,
            steps: self
                .steps
                .iter()
                .map(|(step, _)| (*step).to_owned())
                .collect(),
        };
        write("task", &serde_json::to_string(&task).unwrap());

        let mut run = namespace();
        run.args(["sh", "-ec", MOUNTS, "sh"])
            .arg(env::current_exe().unwrap())
            .args(["namespace::inside", "--exact", "--ignored"]);
        run.env(TASK, dir).env("W", dir);
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF"] {
            run.env_remove(name);
        }
        for (name, value) in self.environment {
            run.env(name, value.replace("$W", dir.to_str().unwrap()));
        }
        succeeded(run.output().unwrap());

        let found = fs::read(dir.join("found")).unwrap();
        let found: Vec<Pair> = serde_json::from_slice(&found).unwrap();
        assert_eq!(found.len(), self.steps.len());
        let sent = found.iter().filter(|(_, own)| own.is_accepted).count();
        let mut faults = Vec::new();
        for (number, ((_, verdict), (theirs, own))) in self.steps.iter().zip(found).enumerate() {
            let step = compare(*verdict, &theirs.into(), &own.into());
            faults.extend(
                step.into_iter()
                    .map(|fault| format!("step {number}: {fault}")),
            );
        }
        if server.mails() != sent {
            faults.push(format!("{} mails arrived", server.mails()));
        }
        faults
    }
}
