//! Debian's Squid with the rules that it comes with: CONNECT to port 443 alone, requests in the clear to usual
//! ports. It runs in a network of its own, since it takes no request for an address of the loopback network
//! and its port is taken as it is: tools/mail-servers unpacks it.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use rcgen::SanType;

use crate::peer::{Folder, Pki, Server, accept, close, read_request, skip};
use crate::site::{OK, Seen, Site, header};

/// An address that is the machine's own and not of the loopback network.
const ADDRESS: &str = "10.77.0.1";
/// Where Squid listens as it comes.
const SQUID: &str = "127.0.0.1:3128";

/// The folder that Squid has for its root; none where it cannot be started.
fn root() -> Option<PathBuf> {
    let all = env::var_os("MAIL_SERVERS").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../build/mail-servers"
            ))
        },
        PathBuf::from,
    );
    let root = all.join("root");
    (all.join(".complete").exists() && root.join("usr/sbin/squid").exists()).then_some(root)
}

#[test]
fn squid_with_debians_rules_passes_them_on() {
    let network = ["--net", "--pid", "--fork", "--kill-child"];
    let may = Command::new("unshare")
        .args(network)
        .arg("true")
        .stderr(Stdio::null())
        .status();
    let is_possible = root().is_some() && may.is_ok_and(|status| status.success());
    if !is_possible {
        skip("there is no Squid, or no network for it");
        return;
    }
    for child in ["child_without_login", "child_with_login"] {
        let script = format!("ip link set lo up; ip address add {ADDRESS}/32 dev lo; exec \"$@\"");
        let output = Command::new("unshare")
            .args(network)
            .args(["sh", "-ec", &script, "sh"])
            .arg(env::current_exe().unwrap())
            .args(["--exact", &format!("squid::{child}"), "--ignored"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{child}: {output:?}"
        );
    }
}

/// A running Squid; the end of its namespace ends its helpers.
struct Squid {
    child: Child,
    /// By which its shared memory is known, and its folder.
    name: String,
    _folder: Folder,
}

impl Drop for Squid {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let shared = root().unwrap().join("dev/shm");
        for entry in fs::read_dir(shared).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&self.name) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Starts it with these settings before those that it comes with.
fn squid(own: &str) -> Squid {
    let root = root().unwrap();
    // a process id is none of the whole machine here
    let random = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap();
    let name = format!("squid{}", random.split('-').next().unwrap());
    let folder = Folder(root.join("srv").join(&name));
    fs::create_dir_all(&folder.0).unwrap();
    let inside = folder.0.strip_prefix(&root).unwrap().to_owned();
    let inside = format!("/{}", inside.display());
    let settings = format!(
        "pid_filename none\n{}\ninclude /etc/squid/squid.conf\n",
        own.replace("$HOME", &inside)
    );
    fs::write(folder.0.join("squid.conf"), settings).unwrap();
    fs::write(folder.0.join("passwords"), passwords()).unwrap();
    let log = fs::File::create(folder.0.join("errors")).unwrap();
    let mut child = Command::new("chroot")
        .arg(&root)
        .args([
            "/usr/sbin/squid",
            "-N",
            "-d1",
            "-n",
            &name,
            "-f",
            &format!("{inside}/squid.conf"),
        ])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(SQUID).is_err() {
        let gone = child.try_wait().unwrap();
        let said = fs::read_to_string(folder.0.join("errors")).unwrap();
        assert!(gone.is_none() && Instant::now() < end, "{gone:?}: {said}");
        thread::sleep(Duration::from_millis(50));
    }
    Squid {
        child,
        name,
        _folder: folder,
    }
}

/// `ann` and `cAnArY`, as Squid's helper wants them.
fn passwords() -> String {
    let mut openssl = Command::new("openssl");
    let output = openssl.args(["passwd", "-apr1", "cAnArY"]).output();
    format!("ann:{}", String::from_utf8(output.unwrap().stdout).unwrap())
}

/// A web server at this port, and what it saw.
fn web_at(port: u16) -> (Server, Seen) {
    let seen = Seen::default();
    let noted = seen.clone();
    let listener = TcpListener::bind((ADDRESS, port)).unwrap();
    let context = (port == 443).then(|| {
        Pki::shared().server(|params| {
            params
                .subject_alt_names
                .push(SanType::IpAddress(ADDRESS.parse().unwrap()));
        })
    });
    let server = Server::on(listener, move |mut tcp, _| match &context {
        Some(context) => {
            let Some(mut tls) = accept(context, tcp) else {
                return;
            };
            noted.lock().unwrap().push(read_request(&mut tls));
            let _ = tls.write_all(OK.as_bytes());
            close(&mut tls);
        }
        None => {
            noted.lock().unwrap().push(read_request(&mut tcp));
            let _ = tcp.write_all(OK.as_bytes());
        }
    });
    (server, seen)
}

fn site(address: &str, login: &str) -> Site {
    let site = Site::new(
        &format!("gotify: phone\n\tserver {address}\n"),
        "gotify: phone\n\ttoken token\n",
    );
    site.file("datacenter.cfg", &format!("http_proxy: {login}{SQUID}\n"));
    site
}

/// All that goes through Squid, with this login.
fn passes(login: &str) {
    let servers = [80, 8080, 443].map(|port| (port, web_at(port)));
    for (port, (_server, seen)) in &servers {
        let scheme = if *port == 443 { "https" } else { "http" };
        let site = site(&format!("{scheme}://{ADDRESS}:{port}"), login);
        assert_eq!(site.outcome(), ("sent", String::new()), "{port}");
        let request = seen.lock().unwrap().pop().unwrap();
        let (head, _) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /message HTTP/1.1\r\n"), "{head}");
        let is_clear = *port != 443;
        assert_eq!(
            header(head, "via").is_some_and(|via| via.contains("squid")),
            is_clear,
            "{head}"
        );
        assert_eq!(header(head, "proxy-authorization"), None, "{head}");
        assert!(header(head, "idempotency-key").is_some(), "{head}");
    }
}

/// What Squid refuses or cannot do is told as its own.
#[test]
#[ignore = "run by the test above, in a network of its own"]
fn child_without_login() {
    let _squid = squid("");
    passes("");
    for (address, word, told) in [
        // no usual port, nothing that listens, no usual port for TLS
        (
            "http://10.77.0.1:81",
            "refused",
            "status 403 for 10.77.0.1:81",
        ),
        (
            "http://10.77.0.1:8081",
            "unsent",
            "status 503 for 10.77.0.1:8081",
        ),
        (
            "https://10.77.0.1:8443",
            "refused",
            "status 403 for 10.77.0.1:8443",
        ),
    ] {
        let (found, reason) = site(address, "").outcome();
        assert_eq!(found, word, "{reason}");
        let start = format!("{SQUID} (http_proxy in datacenter.cfg): ");
        assert!(
            reason.starts_with(&start) && reason.contains(told),
            "{reason}"
        );
    }
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn child_with_login() {
    let _squid = squid(
        "auth_param basic program /usr/lib/squid/basic_ncsa_auth $HOME/passwords\n\
         acl known proxy_auth REQUIRED\n\
         http_access deny !known\n",
    );
    passes("ann:cAnArY@");
    for address in ["http://10.77.0.1", "https://10.77.0.1"] {
        for login in ["", "ann:wrong@"] {
            let (found, reason) = site(address, login).outcome();
            assert_eq!(found, "refused", "{reason}");
            let start = format!("{SQUID} (http_proxy in datacenter.cfg): ");
            assert!(reason.starts_with(&start), "{address} {login}: {reason}");
        }
    }
}
