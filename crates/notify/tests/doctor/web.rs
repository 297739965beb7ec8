//! Web servers, and this machine's own mail system.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use base64::prelude::{BASE64_STANDARD, Engine};
use notify::doctor::Grade;

use super::peer::{Pki, Server};
use super::{Machine, Row, judge, well};

fn closed() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn encoded(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

#[test]
fn each_fault_of_a_web_server_is_found_and_nothing_is_sent() {
    let server = Server::tls(|tls, _| {
        let mut byte = [0];
        // the end of the connection, and no request
        assert_eq!(std::io::Read::read(tls, &mut byte).unwrap_or(0), 0);
    });
    let other = Server::tls_with(Pki::new("Other CA").server(|_| {}), |_, _| {});
    let (port, wrong, dead) = (server.address.port(), other.address.port(), closed());
    let gotify = |url: &str| format!("gotify: t1\n\tserver {url}\n");
    let token = "gotify: t1\n\ttoken AbC-cAnArY\n";
    let hook = |url: &str, body: &str| {
        format!(
            "webhook: t1\n\turl {url}\n\tmethod post\n\tbody {}\n",
            encoded(body)
        )
    };
    let secrets = format!(
        "webhook: t1\n\tsecret name=key,value={}\n",
        encoded("k-cAnArY")
    );
    let machine = Machine::new();
    for (public, private) in [
        (gotify(&format!("https://localhost:{port}/")), token),
        (
            hook(&format!("https://localhost:{port}/x"), "{{ secrets.key }}"),
            &*secrets,
        ),
    ] {
        well(&machine.check(&public, private));
    }
    for (row, public, private) in [
        (
            Row::new("no token", "request", "token"),
            gotify("https://localhost/"),
            "gotify: t1\n",
        ),
        (
            Row::new("a template that is none", "request", "template"),
            hook("https://localhost/", "{{ nonsense"),
            &*secrets,
        ),
        (
            Row::new("an unknown name", "names", "nowhere"),
            gotify("https://nowhere.example.org/"),
            token,
        ),
        (
            Row::new("a closed port", "connection", "refused"),
            gotify(&format!("https://localhost:{dead}/")),
            token,
        ),
        (
            Row::new("a closed port without TLS", "connection", "refused"),
            gotify(&format!("http://localhost:{dead}/")),
            token,
        ),
        (
            Row::new("another authority", "tls", "certificate"),
            gotify(&format!("https://localhost:{wrong}/")),
            token,
        ),
        (
            Row::new("another name", "tls", "name"),
            hook(&format!("https://other.example.org:{port}/"), "text"),
            &*secrets,
        ),
    ] {
        judge(&row, &machine.check(&public, private));
    }
}

#[test]
fn each_fault_of_the_proxy_is_found() {
    let refusing = Server::tcp(|mut tcp, _| {
        super::peer::read_request(&mut tcp);
        let _ = std::io::Write::write_all(&mut tcp, b"HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    let public = "gotify: t1\n\tserver https://localhost/\n";
    let private = "gotify: t1\n\ttoken AbC-cAnArY\n";
    for (row, setting) in [
        (
            Row::new("a setting that cannot be used", "proxy", "http_proxy"),
            "http_proxy: socks5://localhost:1".to_owned(),
        ),
        (
            Row::new("a proxy that is down", "connection", "http_proxy"),
            format!("http_proxy: http://localhost:{}", closed()),
        ),
        (
            Row::new("a proxy that refuses", "tls", "403"),
            format!("http_proxy: http://localhost:{}", refusing.address.port()),
        ),
    ] {
        let machine = Machine::new();
        machine.file("datacenter.cfg", &format!("{setting}\n"));
        judge(&row, &machine.check(public, private));
    }
}

#[test]
fn each_fault_of_the_mail_system_is_found() {
    let public = "sendmail: t1\n\tmailto ann@example.org\n\tfrom-address pve@example.org\n";
    let machine = Machine::new();
    let program = machine.folder.0.join("sendmail");
    judge(
        &Row::new("no program", "program", "install"),
        &machine.check(public, ""),
    );
    std::fs::write(&program, "#!/bin/sh\n").unwrap();
    judge(
        &Row::new("no right to start it", "program", "permissions"),
        &machine.check(public, ""),
    );
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    well(&machine.check(public, ""));
    let nobody = public.replace("mailto ann@example.org", "mailto-user gone@pam");
    judge(
        &Row::new("nobody", "recipients", "no recipients"),
        &machine.check(&nobody, ""),
    );
    let sender = public.replace("pve@example.org", "a b");
    judge(
        &Row::new("a sender that is none", "sender", "from-address"),
        &machine.check(&sender, ""),
    );
    let one = public.replace(
        "mailto ann@example.org",
        "mailto ann@example.org\n\tmailto a@@b",
    );
    let row = Row {
        result: Grade::Warning,
        ..Row::new("one of two", "recipients", "a@@b")
    };
    judge(&row, &machine.check(&one, ""));
}
