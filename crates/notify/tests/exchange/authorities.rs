//! Where authorities are found: in the file and the folder that the environment names, in the system's
//! bundle, and what a long-lived process sees of their changes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use notify::Host;

use crate::mint::{Minted, Recipe};
use crate::peer::{Folder, Machine, Server, key, request, run, with_mounts, write_file};
use crate::trust::granting;

/// A process with an environment of its own that tries a server whenever it is asked to.
struct Daemon {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

const PORT: &str = "NOTIFY_TEST_TRUST_PORT";

/// The host trusts whom the environment says.
#[test]
#[ignore = "run by the tests below"]
fn child() {
    let port = env::var(PORT).unwrap();
    let machine = Machine::at(&format!("https://localhost:{port}/token"));
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let host = Host::standalone(&machine.folder.0)
            .with_lookup(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
        let result = run(&host, &request(), Duration::from_secs(10));
        let word = match &result {
            Ok(_) => "trusted",
            Err(error) if error.code() == 500 => "file",
            Err(error) => key(error),
        };
        let mut output = std::io::stdout();
        writeln!(output, "\nverdict {line} {word}").unwrap();
    }
}

impl Daemon {
    /// Whose environment has these.
    fn start(server: &Server, set: &[(&str, &Path)]) -> Self {
        Self::after(Command::new("env"), server, set)
    }

    fn after(mut command: Command, server: &Server, set: &[(&str, &Path)]) -> Self {
        command
            .arg(env::current_exe().unwrap())
            .args(["--exact", "authorities::child", "--ignored", "--nocapture"])
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR")
            .env(PORT, server.address.port().to_string())
            .envs(set.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn verdict(&mut self) -> String {
        writeln!(self.input, "asked").unwrap();
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some(word) = line.trim_end().strip_prefix("verdict asked ") {
                return word.to_owned();
            }
            line.clear();
        }
        panic!("the child is gone");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server whose chain leads over an intermediate to a root.
fn with_root() -> (Server, Minted) {
    let root = Recipe::authority("Some Root").self_signed();
    let between = Recipe::authority("Between").signed_by(&root);
    let server = Recipe::server("localhost").signed_by(&between);
    (granting(server.serving(&[&between])), root)
}

#[test]
fn the_folder_of_the_environment_counts_and_a_daemon_sees_its_changes() {
    let (server, root) = with_root();
    let folder = Folder::new();
    let mut daemon = Daemon::start(&server, &[("SSL_CERT_DIR", &folder.0)]);
    for _ in 0..2 {
        assert_eq!(daemon.verdict(), "certificate-chain");
        let path = folder.0.join(root.hashed());
        write_file(&path, &root.pem());
        assert_eq!(daemon.verdict(), "trusted");
        // what takes its place under the same name is another certificate
        let other = Recipe::authority("Some Root").self_signed();
        write_file(&path, &other.pem());
        assert_eq!(daemon.verdict(), "certificate-issuer");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn the_file_of_the_environment_counts_beside_the_folder() {
    let (server, root) = with_root();
    let (empty, folder) = (Folder::new(), Folder::new());
    let file = folder.0.join("ca.crt");
    let set = [
        ("SSL_CERT_FILE", file.as_path()),
        ("SSL_CERT_DIR", &empty.0),
    ];
    let mut daemon = Daemon::start(&server, &set);
    // one that is missing is told only where it is missed
    assert_eq!(daemon.verdict(), "file");
    write_file(&file, &root.pem());
    assert_eq!(daemon.verdict(), "trusted");
    write_file(&file, &Recipe::authority("Other").self_signed().pem());
    assert_eq!(daemon.verdict(), "certificate-chain");
    let hashed = empty.0.join(root.hashed());
    write_file(&hashed, &root.pem());
    assert_eq!(daemon.verdict(), "trusted");
    fs::remove_file(&file).unwrap();
    assert_eq!(daemon.verdict(), "trusted");
    fs::remove_file(&hashed).unwrap();
    assert_eq!(daemon.verdict(), "file");
}

#[test]
fn a_second_look_finds_what_is_in_the_systems_bundle_alone() {
    let (server, root) = with_root();
    let system = Folder::new();
    let bundle = system.0.join("ca-certificates.crt");
    let other = Recipe::authority("Other").self_signed().pem();
    write_file(&bundle, &other);
    let Some(command) = with_mounts(&[(&system.0, "/etc/ssl/certs")]) else {
        return;
    };
    let mut daemon = Daemon::after(command, &server, &[]);
    assert_eq!(daemon.verdict(), "certificate-chain");
    let before = server.count();
    // as update-ca-certificates does it: a new file takes the name
    let replace = |text: &str| {
        write_file(&system.0.join("new"), text);
        fs::rename(system.0.join("new"), &bundle).unwrap();
    };
    for _ in 0..2 {
        replace(&(other.clone() + &root.pem()));
        assert_eq!(daemon.verdict(), "trusted");
        replace(&other);
        assert_eq!(daemon.verdict(), "certificate-chain");
    }
    assert_eq!(server.count() - before, 8, "two connections each time");
    // what the folder has needs no second look
    write_file(&system.0.join(root.hashed()), &root.pem());
    let before = server.count();
    assert_eq!(daemon.verdict(), "trusted");
    assert_eq!(server.count() - before, 1);
    fs::remove_file(&bundle).unwrap();
    assert_eq!(daemon.verdict(), "trusted");
}
