//! `sandbox serve`: listeners on free loopback ports.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{ServerConfig, ServerConnection};

use crate::app::App;
use crate::cli::Serve;
use crate::control::Control;
use crate::crew::Crew;
use crate::entropy;
use crate::near::Port;
use crate::pki::{self, Pki};
use crate::provider::{Brand, Client, Store};
use crate::published::{self, ProviderEntry, Published};
use crate::smtp::{self, Link, Sink};
use crate::wire::{Socket, Stream};

/// Serves until the process is ended.
pub fn run(options: &Serve) -> Result<(), String> {
    let tls = Arc::new(tls(&pki::make(&options.dir)?)?);
    let https = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
    let mail_port = || Port::free().map_err(no_port);
    let [starttls, smtps, clear] = [mail_port()?, mail_port()?, mail_port()?];
    let url = format!(
        "https://localhost:{}",
        https.local_addr().map_err(no_port)?.port()
    );
    let mail = published::Smtp {
        host: "localhost".into(),
        port_starttls: starttls.number,
        port_tls: smtps.number,
        port_clear: clear.number,
    };
    let store = Store::new(clients(&options.redirect_uris));
    let control = Control::new();
    published(&url, &store, mail, &control.token).write(&options.dir)?;
    let app = Arc::new(App {
        control: Mutex::new(control),
        store: Mutex::new(store),
        sink: Mutex::new(Sink::new()),
    });
    if options.stop_with_stdin {
        std::thread::spawn(end_with_stdin);
    }
    for (port, tls_at_once, may_start_tls) in [
        (starttls, false, true),
        (smtps, true, false),
        (clear, false, false),
    ] {
        let (app, tls) = (app.clone(), tls.clone());
        let talk =
            move |tcp| {
                let link = Link::new(tcp, tls.clone());
                // a peer that left before the end is its own affair
                drop(link.and_then(|mut link| {
                    smtp::converse(&app, &mut link, tls_at_once, may_start_tls)
                }));
            };
        port.serve(move |listener| Crew::serve(listener, talk.clone()));
    }
    crate::say(&format!("ready {url}"))?;
    Crew::serve(https, move |tcp| converse(&app, tls.clone(), tcp));
    Ok(())
}

fn no_port(error: std::io::Error) -> String {
    format!("no port to listen on: {error}")
}

fn converse(app: &App, tls: Arc<ServerConfig>, tcp: TcpStream) {
    // small answers must not wait for the acknowledgement of the last ones
    let _ = tcp.set_nodelay(true);
    if let Ok(connection) = ServerConnection::new(tls) {
        app.converse(Stream::new(connection, Socket::new(tcp)));
    }
}

/// Ends the process when nobody holds the other end of standard input any more.
fn end_with_stdin() {
    let mut stdin = std::io::stdin();
    while matches!(stdin.read(&mut [0; 512]), Ok(count) if count > 0) {}
    std::process::exit(0);
}

fn tls(pki: &Pki) -> Result<ServerConfig, String> {
    let fail = |error: &dyn std::fmt::Display| format!("TLS cannot be set up: {error}");
    let certificate =
        CertificateDer::from_pem_slice(pki.certificate.as_bytes()).map_err(|e| fail(&e))?;
    let key = PrivateKeyDer::from_pem_slice(pki.key.as_bytes()).map_err(|e| fail(&e))?;
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| fail(&e))?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .map_err(|e| fail(&e))?;
    // every connection shows a whole handshake, also to a client that would resume its last session
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// One client a provider. The secrets have characters that only correct encoding carries over.
fn clients(redirect_uris: &[String]) -> Vec<Client> {
    let client = |brand: Brand| {
        let microsoft = brand == Brand::Microsoft;
        Client {
            brand,
            id: if microsoft {
                entropy::uuid()
            } else {
                format!("{}-client", brand.key())
            },
            secret: format!("{}~&+%/=", entropy::token::<24>()),
            tenant: if microsoft {
                entropy::uuid()
            } else {
                String::new()
            },
            redirect_uris: redirect_uris.to_vec(),
        }
    };
    Brand::ALL.map(client).into()
}

fn published(url: &str, store: &Store, smtp: published::Smtp, control_token: &str) -> Published {
    let entry = |brand: Brand| {
        let entry = ProviderEntry {
            authorize_url: format!("{url}{}/authorize", brand.path()),
            token_url: format!("{url}{}/token", brand.path()),
            scopes: brand.scopes().iter().map(ToString::to_string).collect(),
            client_auth: "post".into(),
            tenant: if brand == Brand::Microsoft {
                "required"
            } else {
                "none"
            }
            .into(),
        };
        (brand.key().to_owned(), entry)
    };
    let client = |client: &Client| published::Client {
        provider: client.brand.key().into(),
        client_id: client.id.clone(),
        client_secret: client.secret.clone(),
        tenant_id: (!client.tenant.is_empty()).then(|| client.tenant.clone()),
        redirect_uris: client.redirect_uris.clone(),
    };
    Published {
        url: url.into(),
        pid: std::process::id(),
        authorize_url: format!("{url}/google/authorize"),
        token_url: format!("{url}/google/token"),
        providers: Brand::ALL.map(entry).into(),
        clients: store.clients.iter().map(client).collect(),
        users: vec![published::User {
            login: store.login.clone(),
            password: store.password.clone(),
        }],
        smtp,
        control_url: format!("{url}/control"),
        control_token: control_token.into(),
    }
}
