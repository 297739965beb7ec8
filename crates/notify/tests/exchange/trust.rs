//! Which servers are trusted: those that OpenSSL's own client trusts on the same machine, and no others.

use std::io::{Read, Write};
use std::process::Command;

use notify::oauth2::Error;
use openssl::error::ErrorStack;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;

use crate::mint::{Minted, Recipe, rsa};
use crate::peer::{
    Folder, GRANT, Machine, Pki, Server, close, hold, json, key, read_request, write_file,
};

/// Gives every request a grant.
pub fn granting(context: SslContext) -> Server {
    Server::tls_with(context, |tls, _| {
        read_request(tls);
        let _ = tls.write_all(&json("200 OK", GRANT));
        close(tls);
    })
}

/// A machine whose provider is this server under this name, and which trusts these alone.
fn machine(server: &Server, name: &str, trusted: &[&Minted]) -> Machine {
    let port = server.address.port();
    let machine = Machine::at(&format!("https://{name}:{port}/token"));
    let bundle: String = trusted.iter().map(|minted| minted.pem()).collect();
    write_file(&machine.folder.0.join("ca.crt"), &bundle);
    machine
}

/// The row of advice for a refusal; empty if there was none.
fn verdict(context: SslContext, name: &str, trusted: &[&Minted]) -> &'static str {
    let server = granting(context);
    let result = machine(&server, name, trusted).exchange();
    result.err().as_ref().map_or("", key)
}

fn refusal(context: SslContext, trusted: &[&Minted]) -> Error {
    machine(&granting(context), "localhost", trusted).refusal()
}

#[test]
fn a_certificate_that_openssl_makes_by_itself_counts_where_it_is_in_the_store() {
    let own = Recipe::server("localhost").ca().self_signed();
    assert_eq!(verdict(own.serving(&[]), "localhost", &[&own]), "");
    let other = Recipe::server("localhost").ca().self_signed();
    let error = refusal(own.serving(&[]), &[&other]);
    assert_eq!(key(&error), "certificate-issuer", "{error}");
}

#[test]
fn old_forms_of_certificates_count_as_for_openssl() {
    let root = Recipe::authority("Root").self_signed();
    let v1 = Recipe::new("localhost").v1().self_signed();
    assert_eq!(verdict(v1.serving(&[]), "localhost", &[&v1]), "");
    let v1 = Recipe::new("localhost").v1().signed_by(&root);
    assert_eq!(verdict(v1.serving(&[]), "localhost", &[&root]), "");
    let only_common_name = Recipe::new("localhost").signed_by(&root);
    let context = only_common_name.serving(&[]);
    assert_eq!(verdict(context.clone(), "localhost", &[&root]), "");
    assert_eq!(
        verdict(context, "other.example.org", &[&root]),
        "certificate-name"
    );
}

#[test]
fn a_certificate_with_settings_for_its_trust_counts_as_for_openssl() {
    let own = Recipe::server("localhost").self_signed();
    let folder = Folder::new();
    let plain = folder.0.join("plain");
    write_file(&plain, &own.pem());
    let with = |setting: &[&str]| {
        let output = Command::new("openssl")
            .args(["x509", "-trustout", "-in"])
            .arg(&plain)
            .args(setting)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let server = granting(own.serving(&[]));
    for (setting, wanted) in [
        (["-addtrust", "serverAuth"], ""),
        (["-addreject", "serverAuth"], "certificate"),
    ] {
        let text = with(&setting);
        assert!(text.starts_with("-----BEGIN TRUSTED CERTIFICATE"), "{text}");
        let machine = machine(&server, "localhost", &[]);
        write_file(&machine.folder.0.join("ca.crt"), &text);
        let result = machine.exchange();
        assert_eq!(result.err().as_ref().map_or("", key), wanted, "{setting:?}");
    }
}

#[test]
fn wildcards_count_as_for_openssl() {
    let root = Recipe::authority("Root").self_signed();
    for (pattern, name, wanted) in [
        ("*.example.org", "mail.example.org", ""),
        ("m*.example.org", "mail.example.org", ""),
        ("m*.example.org", "relay.example.org", "certificate-name"),
        ("*.example.org", "a.mail.example.org", "certificate-name"),
        ("*.org", "example.org", "certificate-name"),
    ] {
        let server = Recipe::server(pattern).signed_by(&root);
        let found = verdict(server.serving(&[]), name, &[&root]);
        assert_eq!(found, wanted, "{pattern} for {name}");
    }
}

#[test]
fn an_address_has_to_be_in_the_certificate_as_one() {
    let root = Recipe::authority("Root").self_signed();
    let address = Recipe::server("127.0.0.1").signed_by(&root);
    assert_eq!(verdict(address.serving(&[]), "127.0.0.1", &[&root]), "");
    let name = Recipe::new("127.0.0.1").signed_by(&root);
    assert_eq!(
        verdict(name.serving(&[]), "127.0.0.1", &[&root]),
        "certificate-name"
    );
}

/// A server with an RSA key that offers these suites of TLS 1.2 and nothing else.
fn suites(names: &str) -> (SslContext, Minted) {
    let own = Recipe::server("localhost").key(rsa(2048)).self_signed();
    let mut builder = SslContextBuilder::new(SslMethod::tls_server()).unwrap();
    builder.set_certificate(&own.certificate).unwrap();
    builder.set_private_key(&own.key).unwrap();
    builder.set_cipher_list(names).unwrap();
    builder
        .set_max_proto_version(Some(SslVersion::TLS1_2))
        .unwrap();
    (builder.build(), own)
}

#[test]
fn old_suites_of_tls_1_2_count_as_for_openssl() {
    for names in [
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA384",
        "AES128-GCM-SHA256",
        "AES256-SHA",
    ] {
        let (context, own) = suites(names);
        assert_eq!(verdict(context, "localhost", &[&own]), "", "{names}");
    }
}

#[test]
fn what_has_expired_does_not_count_even_in_the_store() {
    let root = Recipe::authority("Root").expired().self_signed();
    let server = Recipe::server("localhost").signed_by(&root);
    for chain in [vec![], vec![&root]] {
        let error = refusal(server.serving(&chain), &[&root]);
        assert_eq!(key(&error), "certificate-authority-time");
        assert!(
            error.to_string().contains("a certificate of an authority"),
            "{error}"
        );
    }
    let root = Recipe::authority("Root").self_signed();
    for server in [
        Recipe::server("localhost").expired(),
        Recipe::server("localhost").future(),
    ] {
        let error = refusal(server.signed_by(&root).serving(&[]), &[&root]);
        assert_eq!(key(&error), "certificate-time", "{error}");
    }
    let own = Recipe::server("localhost").expired().self_signed();
    let error = refusal(own.serving(&[]), &[&own]);
    assert_eq!(key(&error), "certificate-time", "{error}");
}

#[test]
fn a_chain_without_its_intermediate_says_so() {
    let root = Recipe::authority("Root").self_signed();
    let between = Recipe::authority("Between").signed_by(&root);
    let server = Recipe::server("localhost").signed_by(&between);
    let full = server.serving(&[&between]);
    assert_eq!(verdict(full.clone(), "localhost", &[&root]), "");
    let error = refusal(server.serving(&[]), &[&root]);
    let text = error.to_string();
    assert_eq!(key(&error), "certificate-chain");
    assert!(
        text.contains("an intermediate may be missing")
            && text.contains("install the full chain on the server"),
        "{text}"
    );
    // a root that comes with the chain is no missing link
    let other = Recipe::authority("Other").self_signed();
    let error = refusal(server.serving(&[&between, &root]), &[&other]);
    assert_eq!(key(&error), "certificate-issuer", "{error}");
    // nor is an intermediate in the store whose root is not there
    let error = refusal(full, &[&between]);
    assert_eq!(key(&error), "certificate-issuer", "{error}");
}

#[test]
fn a_key_that_is_too_short_is_refused_by_name() {
    let own = Recipe::server("localhost").key(rsa(1024)).self_signed();
    let mut builder = SslContextBuilder::new(SslMethod::tls_server()).unwrap();
    builder.set_security_level(0);
    builder.set_certificate(&own.certificate).unwrap();
    builder.set_private_key(&own.key).unwrap();
    let error = refusal(builder.build(), &[&own]);
    assert_eq!(key(&error), "certificate", "{error}");
    assert!(error.to_string().contains("key too weak"), "{error}");
}

/// Texts of the library itself, which tell people nothing.
fn assert_for_people(error: &Error) {
    let text = error.to_string();
    for unwanted in [
        "error:", "routines", ".c:", "0A0", "SSL_", "Error", "Stack", "{", "lib(",
    ] {
        assert!(!text.contains(unwanted), "{unwanted} in {text}");
    }
}

#[test]
fn every_refusal_is_a_sentence_for_people() {
    let root = Recipe::authority("Root").self_signed();
    let other = Recipe::authority("Other").self_signed();
    let server = Recipe::server("localhost").signed_by(&root);
    assert_for_people(&refusal(server.serving(&[]), &[&other]));
    assert_for_people(&refusal(server.serving(&[&root]), &[&other]));
    let server = Recipe::server("other.example.org").signed_by(&root);
    assert_for_people(&refusal(server.serving(&[]), &[&root]));
    let server = Recipe::server("localhost").expired().signed_by(&root);
    assert_for_people(&refusal(server.serving(&[]), &[&root]));
}

/// The error of an exchange with a server that answers the first of TLS with these bytes.
fn answering(bytes: &'static [u8]) -> Error {
    let server = Server::tcp(move |mut tcp, _| {
        let _ = tcp.read(&mut [0; 4096]);
        let _ = tcp.write_all(bytes);
        let _ = tcp.shutdown(std::net::Shutdown::Write);
        hold(&mut tcp);
    });
    let error = Machine::new(&server).refusal();
    assert_for_people(&error);
    error
}

#[test]
fn an_alert_is_told_as_one() {
    for (number, name) in [
        (40, "handshake failure"),
        (80, "internal error"),
        (112, "unrecognized name"),
        (71, "insufficient security"),
    ] {
        let bytes: &'static [u8] = vec![0x15, 3, 3, 0, 2, 2, number].leak();
        let error = answering(bytes);
        assert_eq!(key(&error), "tls-alert", "{error}");
        let said = format!("the server sent the alert '{name}' ({number})");
        assert!(error.to_string().contains(&said), "{error}");
    }
    // no version in common
    let error = answering(&[0x15, 3, 1, 0, 2, 2, 70]);
    assert_eq!(key(&error), "tls", "{error}");
    assert!(error.to_string().contains("protocol version"), "{error}");
}

#[test]
fn a_server_without_tls_is_told_by_its_protocol() {
    for (bytes, word) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "it answers in plain HTTP",
        ),
        (b"220 mail.example.org ESMTP\r\n", "as a mail server"),
        (b"220-mail.example.org ESMTP\r\n", "as a mail server"),
        (b"SSH-2.0-x\r\n", "as an SSH server"),
        (b"\0\0\0\0\0\0\0\0\0\0", "is not TLS"),
        (b"x", "is not TLS"),
    ] {
        let error = answering(bytes);
        let text = error.to_string();
        assert_eq!(key(&error), "not-tls", "{text}");
        assert!(text.contains(word), "{text}");
    }
    let error = answering(b"");
    assert_eq!(key(&error), "lost-handshake", "{error}");
}

#[test]
fn a_client_certificate_that_is_demanded_is_told() {
    let context = Pki::shared().server(|_| {});
    let server = Server::tcp(move |tcp, _| {
        let mut ssl = Ssl::new(&context).unwrap();
        ssl.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        let mut stream = SslStream::new(ssl, tcp).unwrap();
        let _ = stream.accept();
        hold(stream.get_mut());
    });
    let error = Machine::new(&server).refusal();
    assert_for_people(&error);
    assert!(
        error.to_string().contains("'certificate required' (116)"),
        "{error}"
    );
}

/// Perl's own TLS modules use the same library in the same process. What they leave behind is not our
/// peer's, and they find nothing of ours.
#[test]
fn errors_of_other_users_of_the_library_are_not_our_peers() {
    let leave_behind = || {
        let stack = X509::from_pem(b"no certificate").unwrap_err();
        stack.put();
    };
    // closes without a word
    let silent = Server::tcp(|mut tcp, _| {
        let _ = tcp.read(&mut [0; 1024]);
    });
    leave_behind();
    let error = Machine::new(&silent).refusal();
    assert_eq!(key(&error), "lost-handshake", "{error}");
    assert!(ErrorStack::get().errors().is_empty());
    // ends within the answer
    let cut = Server::tls(|tls, _| {
        read_request(tls);
        let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{");
        let _ = tls.get_ref().shutdown(std::net::Shutdown::Both);
    });
    leave_behind();
    let error = Machine::new(&cut).refusal();
    assert_eq!(key(&error), "unsealed", "{error}");
    assert!(ErrorStack::get().errors().is_empty());
    // all goes well, and a certificate is refused
    leave_behind();
    Machine::new(&Server::answering(json("200 OK", GRANT)))
        .exchange()
        .unwrap();
    let own = Recipe::server("localhost").ca().self_signed();
    let other = Recipe::server("localhost").ca().self_signed();
    leave_behind();
    let error = refusal(own.serving(&[]), &[&other]);
    assert_eq!(key(&error), "certificate-issuer", "{error}");
    assert!(ErrorStack::get().errors().is_empty());
}
