//! `sandbox consent`: plays the person in the browser, from the authorize URL to the way back.
//!
//! It follows the pages as a browser does: redirects, one cookie, and the fields of the one form a
//! page has. It only talks to the sandbox whose folder it was given.

use std::time::Duration;

use crate::agent;
use crate::cli::Visit;
use crate::published::Published;

/// The redirect URL with code and state, or with the error if the person declines.
pub fn play(visit: &Visit) -> Result<String, String> {
    let origin = Published::read(&visit.dir)?.url;
    let mut browser = Browser::new(visit, origin)?;
    let mut page = browser.get(&visit.url)?;
    // authorize, login, consent and what redirects between them
    for _ in 0..8 {
        page = match page {
            Page::Elsewhere(url) => return Ok(url),
            Page::Redirect(url) => browser.get(&url)?,
            Page::Form(form) => {
                let (fields, address) = fill(&form, visit, &browser.origin)?;
                browser.post(&address, &fields)?
            }
        };
    }
    Err("the sandbox's pages go round in circles".into())
}

enum Page {
    /// The browser leaves the sandbox.
    Elsewhere(String),
    Redirect(String),
    Form(String),
}

struct Browser {
    agent: ureq::Agent,
    origin: String,
    cookie: String,
}

impl Browser {
    fn new(visit: &Visit, origin: String) -> Result<Self, String> {
        let path = visit.dir.join("ca.crt");
        let config = ureq::Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(15)))
            .build();
        let agent = agent::trusting(&path, config)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self {
            agent,
            origin,
            cookie: String::new(),
        })
    }

    fn get(&mut self, url: &str) -> Result<Page, String> {
        self.check(url)?;
        let answer = self.agent.get(url).header("Cookie", &self.cookie).call();
        self.page(answer)
    }

    fn post(&mut self, url: &str, fields: &[(String, String)]) -> Result<Page, String> {
        self.check(url)?;
        let fields = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let answer = self
            .agent
            .post(url)
            .header("Cookie", &self.cookie)
            .send_form(fields);
        self.page(answer)
    }

    /// The password goes nowhere but to the sandbox.
    fn check(&self, url: &str) -> Result<(), String> {
        match url.strip_prefix(&self.origin) {
            Some(rest) if rest.starts_with('/') => Ok(()),
            _ => Err(format!(
                "the URL is not one of the sandbox at {}",
                self.origin
            )),
        }
    }

    fn page(
        &mut self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Page, String> {
        let mut answer = answer.map_err(|error| format!("the sandbox does not answer: {error}"))?;
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(String::from)
        };
        if let Some(cookie) = header("set-cookie") {
            self.cookie = cookie.split(';').next().unwrap_or_default().into();
        }
        if let Some(location) = header("location") {
            return Ok(match location.starts_with('/') {
                true => Page::Redirect(format!("{}{location}", self.origin)),
                false => Page::Elsewhere(location),
            });
        }
        let html = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| error.to_string())?;
        match text_of(&html, "<p class=error", "</p>") {
            Some(error) => Err(format!("the sandbox says: {error}")),
            None => Ok(Page::Form(html)),
        }
    }
}

/// The fields a person would send with the form, and where they go.
type Filled = (Vec<(String, String)>, String);

fn fill(html: &str, visit: &Visit, origin: &str) -> Result<Filled, String> {
    let action = html
        .split("<form")
        .nth(1)
        .and_then(|form| attribute(form, "action"));
    let action = action.ok_or("the sandbox's page has no form")?;
    let mut fields = Vec::new();
    for tag in html.split('<').filter(|tag| tag.starts_with("input")) {
        let name = attribute(tag, "name").unwrap_or_default();
        let value = match name.as_str() {
            "login" => visit.login.clone(),
            "password" => visit.password.clone(),
            _ => attribute(tag, "value").unwrap_or_default(),
        };
        if name != "scope" || !visit.without.contains(&value) {
            fields.push((name, value));
        }
    }
    if html.contains("name=\"decision\"") {
        let decision = if visit.decline { "deny" } else { "allow" };
        fields.push(("decision".into(), decision.into()));
    }
    Ok((fields, format!("{origin}{action}")))
}

/// The value of a tag's attribute, as the sandbox's own pages write it.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let value = tag
        .split(&format!(" {name}=\""))
        .nth(1)?
        .split('"')
        .next()?;
    Some(unescape(value))
}

/// The text of the first element that begins with `start`.
fn text_of(html: &str, start: &str, end: &str) -> Option<String> {
    let element = html.split(start).nth(1)?.split(end).next()?;
    Some(unescape(element.split_once('>')?.1))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
