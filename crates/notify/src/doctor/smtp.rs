//! A mail server: settings, token, name, connection, TLS, greeting, login, sender and recipients. The conversation
//! ends before DATA.

use super::Doctor;
use super::steps::{Seen, Steps};
use super::way;
use crate::account;
use crate::cause::{Cause, Loss, Phase, Snag};
use crate::config::{Config, Smtp, SmtpMode};
use crate::deadline::Ends;
use crate::endpoint::smtp;
use crate::mail::{Mailbox, NOBODY, Recipients};
use crate::message::Message;
use crate::net::Peer;
use crate::oauth2::{self, Account};
use crate::smtp::{Error, Login, Probe, Server, Step};
use crate::upkeep;
use crate::{Deadline, advice};

/// What is known once the settings are.
struct Settings {
    server: Server,
    account: Option<Account>,
    /// Of a target without OAuth2.
    password: Login,
    from: Mailbox,
    to: Vec<Mailbox>,
}

pub(super) fn examine(
    doctor: &Doctor<'_>,
    config: &Config,
    item: &Smtp,
    steps: &mut Steps<'_>,
    deadline: Deadline,
) {
    let is_oauth2 = item.oauth2_method().is_some();
    let mode = item.mode.unwrap_or_default();
    steps.plan(&["settings"]);
    if is_oauth2 {
        steps.plan(&["token"]);
    }
    steps.plan(&["names", "connection"]);
    if mode != SmtpMode::Insecure {
        steps.plan(&["tls"]);
    }
    steps.plan(&["greeting"]);
    if item.username.is_some() {
        steps.plan(&["login"]);
    }
    steps.plan(&["sender", "recipients"]);
    let Some(settings) = steps.take("settings", || settings(doctor, config, item)) else {
        return;
    };
    let login = match &settings.account {
        None => settings.password.clone(),
        Some(account) => match steps.take("token", || token(doctor, config, account, deadline)) {
            Some(login) => login,
            None => return,
        },
    };
    let server = &settings.server;
    let peer = Peer {
        host: server.name.clone(),
        port: server.port,
        is_proxy: false,
    };
    if way::go(&doctor.trip, &peer, steps, deadline) {
        converse(doctor, &settings, &login, steps, deadline);
    }
}

fn settings(
    doctor: &Doctor<'_>,
    config: &Config,
    item: &Smtp,
) -> Result<(Settings, Seen), Message> {
    // torn settings, and secrets of other ones
    config
        .endpoint(&item.name)
        .map_err(|error| Message::new(error.to_string()))?;
    let host = doctor.trip.host();
    let account = account::of(host, item).map_err(|error| error.message())?;
    let password = match &account {
        None => smtp::password(item)?,
        Some(_) => Login::None,
    };
    let from = smtp::sender(item)?;
    let Recipients {
        good,
        bad,
        warnings,
    } = Recipients::collect(host, &item.mailto, &item.mailto_user, false);
    if good.is_empty() && bad.is_empty() {
        return Err(Message::new(NOBODY).fix("set mailto, or the address of a user"));
    }
    let server = smtp::server(item);
    let how = match (&account, &item.username) {
        (Some(account), _) => format!("login by {}", account.provider.name),
        (None, Some(_)) => "login by password".to_owned(),
        (None, None) => "no login".to_owned(),
    };
    let count = match good.len() + bad.len() {
        1 => "1 recipient".to_owned(),
        count => format!("{count} recipients"),
    };
    let text = format!(
        "{}:{} ({}), {how}, {count}",
        server.name, server.port, server.mode
    );
    let first_bad = bad.into_iter().next();
    let warning = first_bad
        .map(|(to, why)| why.about(to))
        .or_else(|| warnings.first().map(Message::new))
        .or_else(|| item.warning().map(Message::new))
        .or_else(|| item.password_warning().map(Message::new));
    let settings = Settings {
        server,
        account,
        password,
        from,
        to: good,
    };
    Ok((settings, Seen::new(text).warn(warning)))
}

fn token(
    doctor: &Doctor<'_>,
    config: &Config,
    account: &Account,
    deadline: Deadline,
) -> Result<(Login, Seen), Message> {
    let keeper = doctor.keeper.clone().by_will(true).on_trip(&doctor.trip);
    let end = deadline.at_most(oauth2::BUDGET);
    let name = &account.target;
    let named = |message: Message| match message.fix.clone() {
        Some(fix) => message.fix(advice::named(&fix, name)),
        None => message,
    };
    let token = keeper
        .access_token(account, end)
        .map_err(|error| named(error.message()))?;
    let host = doctor.trip.host();
    let targets = upkeep::targets(host, config);
    let target = targets.iter().find(|target| target.name == *name);
    let health = target.map(|target| keeper.health(target));
    let refreshed = health.as_ref().and_then(|health| health.last_refresh);
    let age = refreshed.map(|at| doctor.clock.now().saturating_sub(at));
    let mut text = match age {
        Some(age) if age < 60 => "refreshed now".to_owned(),
        Some(age) => format!("refreshed {} minutes ago", age / 60),
        None => "from the provider".to_owned(),
    };
    let claims = oauth2::shown_claims(&token.token);
    if !claims.is_empty() {
        text = format!("{text}; {claims}");
    }
    let warning = health.and_then(|health| health.warning).map(Message::new);
    let login = Login::Token {
        user: account.identity.login.clone(),
        token: token.token,
    };
    Ok((login, Seen::new(text).warn(warning)))
}

fn converse(
    doctor: &Doctor<'_>,
    settings: &Settings,
    login: &Login,
    steps: &mut Steps<'_>,
    deadline: Deadline,
) {
    let server = &settings.server;
    let has_tls = server.mode != SmtpMode::Insecure;
    let mut probe = match Probe::open(&doctor.trip, server, login, Ends::from(deadline)) {
        Ok(probe) => probe,
        Err(error) => {
            let step = place(&error);
            if step == "greeting" && server.mode == SmtpMode::Tls {
                steps.saw("tls", Seen::new("TLS from the start"));
            }
            steps.fail(step, &error.message());
            return;
        }
    };
    if has_tls {
        let agreed = probe.agreed().unwrap_or_default();
        let certificate = probe.certificate();
        let seen = way::certificate(&agreed, certificate.as_ref(), doctor.clock.now());
        steps.saw("tls", seen);
    }
    steps.saw("greeting", Seen::new(probe.offers()));
    if !matches!(login, Login::None) {
        let done = steps.take("login", || {
            let mechanism = probe
                .login(server, login)
                .map_err(|error| error.message())?;
            let by = mechanism.unwrap_or_default();
            Ok(((), Seen::new(format!("logged in by {by}"))))
        });
        if done.is_none() {
            probe.close();
            return;
        }
    }
    let from = settings.from.to_string();
    let done = steps.take("sender", || {
        probe.sender(&from).map_err(|error| error.message())?;
        Ok(((), Seen::new(format!("{from} may send"))))
    });
    if done.is_none() {
        probe.close();
        return;
    }
    steps.take("recipients", || {
        let mut refused = None;
        let mut count = 0;
        for to in &settings.to {
            match probe.recipient(&to.to_string()) {
                Ok(()) => count += 1,
                Err(error) => {
                    let is_open = error.is_a_refusal();
                    refused.get_or_insert_with(|| error.message().about(to.to_string()));
                    if !is_open {
                        break;
                    }
                }
            }
        }
        match refused {
            Some(why) if count == 0 => Err(why),
            why => Ok((
                (),
                Seen::new(format!("{count} of {} accepted", settings.to.len())).warn(why),
            )),
        }
    });
    probe.close();
}

/// The step that a conversation has failed at before the login.
fn place(error: &Error) -> &'static str {
    if let Some(step) = error.step() {
        return match step {
            Step::StartTls => "tls",
            _ if error.cause() == Cause::Snag(Snag::NotTls) => "tls",
            _ => "greeting",
        };
    }
    match error.cause() {
        Cause::Late(Phase::Lookup) | Cause::Lost(Loss::Lookup) => "names",
        Cause::Late(Phase::Connect)
        | Cause::Lost(Loss::Refused | Loss::Unreachable | Loss::Connect) => "connection",
        _ => "tls",
    }
}
