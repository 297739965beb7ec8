//! AUTH: PLAIN and LOGIN against the sandbox's user, XOAUTH2 and OAUTHBEARER against access tokens
//! that its own token endpoints gave out.

use std::io::Result;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::link::Link;
use super::session::Session;
use crate::entropy;
use crate::provider::Store;

/// How an exchange ended.
pub enum Verdict {
    Welcome(String, &'static str),
    /// The reply that tells the client no.
    Refused(&'static str),
    /// The connection is over.
    Gone,
}

/// Carries the exchange out; `rest` is what stands behind AUTH.
pub fn run(session: &Session, link: &mut Link, rest: &str) -> Result<Verdict> {
    let (mechanism, initial) = match rest.split_once(' ') {
        Some((mechanism, initial)) => (mechanism, Some(initial.to_owned())),
        None => (rest, None),
    };
    let mechanism = mechanism.to_ascii_uppercase();
    let Some(mechanism) = ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"]
        .into_iter()
        .find(|known| *known == mechanism && session.offers_mechanism(known, link.is_tls))
    else {
        return Ok(Verdict::Refused(
            "504 5.5.4 unrecognized authentication type",
        ));
    };
    if mechanism == "LOGIN" {
        return login(session, link);
    }
    let response = match initial {
        Some(initial) => initial,
        None => match ask(link, "")? {
            Some(response) => response,
            None => return Ok(Verdict::Gone),
        },
    };
    let Some(response) = decoded(&response) else {
        return Ok(Verdict::Refused("501 5.5.2 this is not base64"));
    };
    let store = || crate::app::lock(&session.app.store);
    if mechanism == "PLAIN" {
        let mut parts = response.splitn(3, '\0').skip(1);
        let (user, password) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        return Ok(judge_password(session, &store(), user, password, "PLAIN"));
    }
    let fields: Vec<&str> = response.split('\x01').collect();
    let user = match mechanism {
        "XOAUTH2" => fields.first().and_then(|field| field.strip_prefix("user=")),
        _ => fields
            .first()
            .and_then(|field| field.strip_prefix("n,a=")?.strip_suffix(',')),
    };
    let token = fields
        .iter()
        .find_map(|field| field.strip_prefix("auth=Bearer "));
    let (Some(user), Some(token), true) = (user, token, response.ends_with("\x01\x01")) else {
        return Ok(Verdict::Refused("501 5.5.2 malformed response"));
    };
    let user = user.replace("=2C", ",").replace("=3D", "=");
    let is_good = {
        let store = store();
        entropy::equal(&user, &store.login) && store.opens_mail(token)
    };
    if is_good {
        return Ok(Verdict::Welcome(user, mechanism));
    }
    let wording = session.settings.wording;
    if let Some(json) = wording.challenge(mechanism == "OAUTHBEARER") {
        let wanted = if mechanism == "XOAUTH2" { "" } else { "AQ==" };
        match ask(link, &STANDARD.encode(json))? {
            Some(answer) if answer == wanted => {}
            Some(_) => return Ok(Verdict::Refused("501 5.5.2 not the answer to a refusal")),
            None => return Ok(Verdict::Gone),
        }
    }
    Ok(Verdict::Refused(wording.refused_token()))
}

fn login(session: &Session, link: &mut Link) -> Result<Verdict> {
    let mut answers = Vec::new();
    for question in ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"] {
        let Some(answer) = ask(link, question)? else {
            return Ok(Verdict::Gone);
        };
        let Some(answer) = decoded(&answer) else {
            return Ok(Verdict::Refused("501 5.5.2 this is not base64"));
        };
        answers.push(answer);
    }
    let [user, password] = answers.as_slice() else {
        return Ok(Verdict::Gone);
    };
    let store = crate::app::lock(&session.app.store);
    Ok(judge_password(session, &store, user, password, "LOGIN"))
}

fn judge_password(
    session: &Session,
    store: &Store,
    user: &str,
    password: &str,
    mechanism: &'static str,
) -> Verdict {
    if entropy::equal(user, &store.login) && entropy::equal(password, &store.password) {
        Verdict::Welcome(user.to_owned(), mechanism)
    } else {
        Verdict::Refused(session.settings.wording.refused_password())
    }
}

/// Sends a challenge; the client's line, without its end.
fn ask(link: &mut Link, challenge: &str) -> Result<Option<String>> {
    link.say(format!("334 {challenge}\r\n").as_bytes());
    let line = link.line()?;
    Ok(line.and_then(|line| {
        let text = String::from_utf8(line).ok()?;
        text.strip_suffix("\r\n").map(str::to_owned)
    }))
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}
