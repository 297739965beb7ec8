//! The command line: three commands, each with the few options it needs.

use std::path::PathBuf;

use lexopt::prelude::*;

pub const HELP: &str = "\
A local OAuth2 provider and mail server for trying out and testing; it can be told to misbehave.

usage:
  sandbox serve --dir DIR [--redirect-uri URI]... [--stop-with-stdin]
      Listens with TLS on a free loopback port. Makes a new CA, client secrets and a password, writes
      DIR/ca.crt, DIR/server.crt, DIR/server.key and DIR/sandbox.json, then prints 'ready URL'.
        --redirect-uri URI   a redirect URI the clients have registered, may be repeated
                             (default: https://localhost:8006/)
        --stop-with-stdin    ends when standard input is closed, thus with the process that holds it
  sandbox consent --dir DIR --login LOGIN (--password PASSWORD | --password-file FILE)
                  [--decline] [--without SCOPE]... URL
      Plays the person in the browser at the authorize URL of the sandbox in DIR and prints the
      address the browser is sent to, with code and state.
        --password-file FILE reads the password from FILE, `-` is standard input
        --decline            says no on the consent page
        --without SCOPE      takes the tick off SCOPE before allowing the rest
  sandbox pki --dir DIR
      Only makes DIR/ca.crt, DIR/server.crt and DIR/server.key (localhost, 127.0.0.1, ::1).
  sandbox --help

To make the next token requests fail, POST JSON to the control-url of sandbox.json, with its
control-token as 'Authorization: Bearer TOKEN':
  {\"faults\": [{\"kind\": \"answer\", \"status\": 503, \"headers\": [[\"Retry-After\", \"5\"]], \"body\": \"\"}],
   \"times\": 3, \"clear\": true, \"advance-seconds\": 600, \"access-token-seconds\": 5,
   \"revoke\": true, \"client-auth\": \"basic\"}
Each part may be left out; revoke takes back all grants; client-auth is how applications may log in: any,
basic, post, post-then-basic (post for a code, basic for all else), none (public clients, with PKCE).
Kinds: answer, raw {bytes}, redirect {status, location}, html, non-utf8, close, silence, delay {ms},
truncate {at}, content-length {length}, drip {interval-ms, from: head|body}, huge {bytes}, endless,
headers {count, size}. The answer, and that of a GET, has the number of requests to each endpoint.

The mail server (ports under 'smtp' in sandbox.json) knows the user with the password and with access
tokens of the providers here. It keeps what it takes: GET control-url + '/mails' has envelopes and the
mails in base64. Its misbehaviour is ordered at the same control-url:
  {\"smtp\": {\"faults\": [{\"at\": \"RCPT TO:<full@\", \"kind\": \"reply\", \"text\": \"452 4.2.2 full\", \"times\": 2}],
   \"wording\": \"google\", \"delay-ms\": 50, \"without\": [\"STARTTLS\"], \"login-required\": true, \"clear\": true}}
'at' is the beginning of a command, or GREETING, BODY (within the message), DOT (after it). Kinds:
reply {text}, throttle, delay {ms}, silence, drip {ms}, endless-line, continuation, challenge,
inject {text}, close, reset. With \"takes\": false the mail of a lost or silent DOT is not kept. The
keywords of 'without-over-tls' are offered in the clear only. Wordings: google, microsoft, dovecot.
";

/// What the command line asks for.
pub enum Command {
    Help,
    Serve(Serve),
    Pki { dir: PathBuf },
    Consent(Visit),
}

pub struct Serve {
    pub dir: PathBuf,
    pub redirect_uris: Vec<String>,
    pub stop_with_stdin: bool,
}

/// One visit of the person at the authorize page.
pub struct Visit {
    pub dir: PathBuf,
    pub login: String,
    pub password: String,
    pub decline: bool,
    pub without: Vec<String>,
    pub url: String,
}

pub fn parse(mut parser: lexopt::Parser) -> Result<Command, String> {
    let command = match parser.next().map_err(text)? {
        Some(Value(name)) => name.string().map_err(text)?,
        Some(Short('h') | Long("help")) => return Ok(Command::Help),
        Some(other) => return Err(other.unexpected().to_string()),
        None => return Err("command is missing".into()),
    };
    match command.as_str() {
        "serve" => serve(&mut parser),
        "consent" => consent(&mut parser),
        "pki" => pki(&mut parser),
        _ => Err(format!("command '{command}' is unknown")),
    }
}

fn serve(parser: &mut lexopt::Parser) -> Result<Command, String> {
    let (mut dir, mut redirect_uris, mut stop_with_stdin) = (None, Vec::new(), false);
    while let Some(arg) = parser.next().map_err(text)? {
        match arg {
            Long("dir") => dir = Some(value(parser)?.into()),
            Long("redirect-uri") => redirect_uris.push(value(parser)?),
            Long("stop-with-stdin") => stop_with_stdin = true,
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected().to_string()),
        }
    }
    if redirect_uris.is_empty() {
        redirect_uris.push("https://localhost:8006/".into());
    }
    Ok(Command::Serve(Serve {
        dir: need(dir, "--dir")?,
        redirect_uris,
        stop_with_stdin,
    }))
}

fn pki(parser: &mut lexopt::Parser) -> Result<Command, String> {
    let mut dir = None;
    while let Some(arg) = parser.next().map_err(text)? {
        match arg {
            Long("dir") => dir = Some(value(parser)?.into()),
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(Command::Pki {
        dir: need(dir, "--dir")?,
    })
}

fn consent(parser: &mut lexopt::Parser) -> Result<Command, String> {
    let (mut dir, mut login, mut password, mut url) = (None, None, None, None);
    let (mut decline, mut without) = (false, Vec::new());
    while let Some(arg) = parser.next().map_err(text)? {
        match arg {
            Long("dir") => dir = Some(value(parser)?.into()),
            Long("login") => login = Some(value(parser)?),
            Long("password") => password = Some(value(parser)?),
            Long("password-file") => password = Some(password_file(&value(parser)?)?),
            Long("decline") => decline = true,
            Long("without") => without.push(value(parser)?),
            Short('h') | Long("help") => return Ok(Command::Help),
            Value(address) if url.is_none() => url = Some(address.string().map_err(text)?),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(Command::Consent(Visit {
        dir: need(dir, "--dir")?,
        login: need(login, "--login")?,
        password: need(password, "--password")?,
        decline,
        without,
        url: need(url, "URL")?,
    }))
}

fn password_file(path: &str) -> Result<String, String> {
    let read = if path == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let password = read.map_err(|error| format!("password file '{path}': {error}"))?;
    Ok(password.strip_suffix('\n').unwrap_or(&password).to_owned())
}

fn value(parser: &mut lexopt::Parser) -> Result<String, String> {
    parser
        .value()
        .and_then(|value| value.string())
        .map_err(text)
}

fn need<T>(value: Option<T>, name: &str) -> Result<T, String> {
    value.ok_or_else(|| format!("{name} is missing"))
}

fn text(error: lexopt::Error) -> String {
    error.to_string()
}
