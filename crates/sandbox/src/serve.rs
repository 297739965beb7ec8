//! `sandbox serve`: listeners on free loopback ports.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslOptions, SslSessionCacheMode, SslVersion};

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
    let tls = tls(&pki::make(&options.dir)?).map_err(|e| format!("TLS cannot be set up: {e}"))?;
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
    let store = Store::new(&url, clients(&options.redirect_uris));
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
    Crew::serve(https, move |tcp| converse(&app, &tls, tcp));
    Ok(())
}

fn no_port(error: std::io::Error) -> String {
    format!("no port to listen on: {error}")
}

fn converse(app: &App, tls: &SslContext, tcp: TcpStream) {
    // small answers must not wait for the acknowledgement of the last ones
    let _ = tcp.set_nodelay(true);
    let stream = Ssl::new(tls).and_then(|mut ssl| {
        // the first read brings the handshake with it
        ssl.set_accept_state();
        Stream::new(ssl, Socket::new(tcp))
    });
    if let Ok(stream) = stream {
        app.converse(stream);
    }
}

/// Ends the process when nobody holds the other end of standard input any more.
fn end_with_stdin() {
    let mut stdin = std::io::stdin();
    while matches!(stdin.read(&mut [0; 512]), Ok(count) if count > 0) {}
    std::process::exit(0);
}

fn tls(pki: &Pki) -> Result<SslContext, ErrorStack> {
    let mut tls = SslContext::builder(SslMethod::tls_server())?;
    tls.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    tls.set_certificate(&pki.certificate)?;
    tls.set_private_key(&pki.key)?;
    // every connection shows a whole handshake, also to a client that would resume its last session
    tls.set_session_cache_mode(SslSessionCacheMode::OFF);
    tls.set_options(SslOptions::NO_TICKET);
    tls.set_num_tickets(0)?;
    // one system call a record instead of two
    tls.set_read_ahead(true);
    Ok(tls.build())
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
        // what only one of them has
        let of = |only: Brand, place: &str| {
            (brand == only).then(|| format!("{url}{}/{place}", brand.path()))
        };
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
            issuer: of(Brand::Google, "").map(|url| url.trim_end_matches('/').to_owned()),
            tokeninfo_url: of(Brand::Google, "tokeninfo"),
            revoke_url: of(Brand::Google, "revoke"),
            device_url: of(Brand::Microsoft, "devicecode"),
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
